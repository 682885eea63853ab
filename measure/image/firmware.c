// SPDX-License-Identifier: Apache-2.0
#include "image/firmware.h"

#include <inttypes.h>
#include <string.h>

#include "image/ovmf_table.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/sha.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

void snp_firmware_free(struct snp_firmware *firmware)
{
	if (!firmware)
		return;
	page_contents_free(firmware->contents);
	free(firmware->sections);
	free(firmware->entries);
	free(firmware->bytes);
	free(firmware->path);
	free(firmware);
}

struct snp_span firmware_bytes(const struct snp_firmware *firmware)
{
	return (struct snp_span){firmware->bytes, (size_t)firmware->info.size};
}

/* The first entry of this GUID, which must have `size` bytes of data at least: QEMU reads that many
 * without a look at the entry's length. NULL where there is no such entry. */
static int find_entry(const struct snp_firmware *firmware, const uint8_t guid[static SNP_GUID_SIZE],
		      uint32_t size, const struct snp_table_entry **ret, struct snp_error *err)
{
	const struct snp_table_entry *entry =
		ovmf_table_find(firmware->entries, firmware->info.n_entries, guid);

	if (entry && entry->size < size)
		return fail_with(err, SNP_E_BAD_TABLE, entry->offset,
				 "%s entry has %" PRIu32 " bytes of data; must have %" PRIu32,
				 snp_guid_name(guid), entry->size, size);
	*ret = entry;
	return 0;
}

/* Read the little-endian words of an entry's data; its length was checked. */
static uint32_t entry_word(const struct snp_firmware *firmware, const struct snp_table_entry *entry,
			   unsigned int i)
{
	uint32_t word = 0;

	(void)snp_span_le32(firmware_bytes(firmware), entry->offset + 4 * i, &word);
	return word;
}

static int parse_table(struct snp_firmware *firmware, struct snp_error *err)
{
	struct snp_firmware_info *info = &firmware->info;
	const struct snp_table_entry *reset = NULL, *hash_table = NULL, *svsm = NULL;
	int r;

	r = ovmf_table_read(firmware_bytes(firmware), &info->has_table, &firmware->entries,
			    &info->n_entries, err);
	if (r < 0)
		return r;
	info->entries = firmware->entries;
	if (!info->has_table)
		return ovmf_legacy_reset_read(firmware_bytes(firmware), &info->reset_source,
					      &info->reset_address, &firmware->reset_offset, err);
	r = find_entry(firmware, ovmf_sev_es_reset_guid, 4, &reset, err);
	if (r < 0)
		return r;
	r = find_entry(firmware, ovmf_sev_hash_table_guid, 8, &hash_table, err);
	if (r < 0)
		return r;
	r = find_entry(firmware, ovmf_svsm_info_guid, 4, &svsm, err);
	if (r < 0)
		return r;
	if (reset) {
		info->reset_source = SNP_RESET_TABLE;
		info->reset_address = entry_word(firmware, reset, 0);
		firmware->reset_offset = reset->offset;
	}
	if (hash_table) {
		info->has_hash_table = true;
		info->hash_table_gpa = entry_word(firmware, hash_table, 0);
		info->hash_table_size = entry_word(firmware, hash_table, 1);
		firmware->hash_table_offset = hash_table->offset;
	}
	if (svsm) {
		info->has_svsm = true;
		info->svsm_launch_offset = entry_word(firmware, svsm, 0);
	}
	return 0;
}

static int parse_metadata(struct snp_firmware *firmware, struct snp_error *err)
{
	struct snp_firmware_info *info = &firmware->info;
	const struct snp_table_entry *entry = NULL;
	int r;

	r = find_entry(firmware, ovmf_sev_metadata_guid, 4, &entry, err);
	if (r < 0 || !entry)
		return r;
	r = sev_metadata_read(firmware_bytes(firmware), entry_word(firmware, entry, 0),
			      entry->offset, &info->metadata_offset, &info->metadata_version,
			      &firmware->sections, &info->n_sections, err);
	if (r < 0)
		return r;
	info->has_metadata = true;
	info->sections = firmware->sections;
	return 0;
}

/* What a failure says is kept for the launch that needs the part; only running out of memory is the
 * caller's. */
static int keep(struct snp_firmware *firmware, int status, const struct snp_error *problem,
		struct snp_error *err)
{
	if (status == -(int)SNP_E_NO_MEMORY) {
		if (err)
			*err = *problem;
		return status;
	}
	if (status < 0 && !firmware->info.problem)
		firmware->info.problem = problem;
	return 0;
}

static int parse(struct snp_firmware *firmware, struct snp_error *err)
{
	uint64_t size = firmware->info.size;
	int r;

	if (size == 0)
		return fail_with(err, SNP_E_EMPTY_FILE, SNP_NO_OFFSET,
				 "file is empty; must be a firmware image");
	/* The magic of Microsoft's igvm_defs: IGVM_FIXED_HEADER. */
	if (size >= 4 && memcmp(firmware->bytes, "IGVM", 4) == 0)
		return fail_with(
			err, SNP_E_NO_DIGEST, 0,
			"an IGVM file, not a firmware image; only --igvm of snp-measure takes it");
	/* QEMU: hw/i386/pc_sysfw.c (pflash); KVM's SNP_LAUNCH_UPDATE wants whole pages. */
	if (size % SNP_PAGE_SIZE != 0)
		return fail_with(err, SNP_E_FIRMWARE_SIZE, SNP_NO_OFFSET,
				 "size is %" PRIu64 " bytes; must be a multiple of 4 KiB", size);
	r = parse_table(firmware, &firmware->table_problem);
	(void)in_file(&firmware->table_problem, r, firmware->path);
	r = keep(firmware, r, &firmware->table_problem, err);
	if (r < 0)
		return r;
	r = parse_metadata(firmware, &firmware->metadata_problem);
	(void)in_file(&firmware->metadata_problem, r, firmware->path);
	r = keep(firmware, r, &firmware->metadata_problem, err);
	if (r < 0)
		return r;
	return page_contents_new(firmware_bytes(firmware), &firmware->contents, err);
}

/* Takes `bytes`, also where it fails. */
static int adopt(const char *name, uint8_t *bytes, size_t size, struct snp_firmware **ret,
		 struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = calloc(1, sizeof(*firmware));
	int r;

	if (!firmware) {
		free(bytes);
		return out_of_memory(err);
	}
	firmware->bytes = bytes;
	firmware->path = strdup(name);
	if (!firmware->path)
		return out_of_memory(err);
	firmware->info.path = firmware->path;
	firmware->info.size = size;
	r = parse(firmware, err);
	if (r < 0)
		return in_file(err, r, name);
	*ret = TAKE_PTR(firmware);
	return 0;
}

int snp_firmware_read(const char *path, struct snp_firmware **ret, struct snp_error *err)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int r;

	r = file_read(path, SNP_MAX_FIRMWARE, &bytes, &size, err);
	if (r < 0)
		return r;
	return adopt(path, bytes, size, ret, err);
}

int snp_firmware_parse(const char *name, struct snp_span image, struct snp_firmware **ret,
		       struct snp_error *err)
{
	uint8_t *copy;

	if (image.size > SNP_MAX_FIRMWARE)
		return in_file(err,
			       fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
					 "size is %zu bytes; must be at most %u", image.size,
					 SNP_MAX_FIRMWARE),
			       name);
	copy = malloc(image.size ? image.size : 1);
	if (!copy)
		return out_of_memory(err);
	if (image.size > 0)
		memcpy(copy, image.data, image.size);
	return adopt(name, copy, image.size, ret, err);
}

const struct snp_firmware_info *snp_firmware_info(const struct snp_firmware *firmware)
{
	return &firmware->info;
}

static int need_image(const struct snp_firmware *firmware, struct snp_error *err)
{
	if (!firmware->info.is_summary)
		return 0;
	return in_file(
		err,
		fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET, "a summary has no image to hash"),
		firmware->path);
}

int snp_firmware_sha256(const struct snp_firmware *firmware, uint8_t ret[static SNP_SHA256_SIZE],
			struct snp_error *err)
{
	int r = need_image(firmware, err);

	return r < 0 ? r : sha256_of(firmware_bytes(firmware), ret, err);
}

int firmware_sha384(const struct snp_firmware *firmware, uint8_t ret[static SNP_SHA384_SIZE],
		    struct snp_error *err)
{
	int r = need_image(firmware, err);

	return r < 0 ? r : sha384_of(firmware_bytes(firmware), ret, err);
}

int firmware_contents(const struct snp_firmware *firmware, const uint8_t (**ret)[SNP_SHA384_SIZE],
		      struct snp_error *err)
{
	return page_contents_get(firmware->contents, ret, err);
}

uint64_t firmware_section_offset(const struct snp_firmware *firmware, size_t i)
{
	if (firmware->info.is_summary)
		return SNP_NO_OFFSET;
	return firmware->info.metadata_offset + SEV_METADATA_HEADER + i * SEV_METADATA_SECTION;
}

static int fail_again(const struct snp_error *problem, struct snp_error *err)
{
	if (problem->code == SNP_OK)
		return 0;
	if (err)
		*err = *problem;
	return -(int)problem->code;
}

int firmware_need_table(const struct snp_firmware *firmware, struct snp_error *err)
{
	return fail_again(&firmware->table_problem, err);
}

int firmware_need_metadata(const struct snp_firmware *firmware, struct snp_error *err)
{
	int r = firmware_need_table(firmware, err);

	return r < 0 ? r : fail_again(&firmware->metadata_problem, err);
}

const char *snp_section_type_name(uint32_t type)
{
	switch (type) {
	case SNP_SECTION_SEC_MEM:
		return "SNP_SEC_MEM";
	case SNP_SECTION_SECRETS:
		return "SNP_SECRETS";
	case SNP_SECTION_CPUID:
		return "CPUID";
	case SNP_SECTION_SVSM_CAA:
		return "SVSM_CAA";
	case SNP_SECTION_KERNEL_HASHES:
		return "SNP_KERNEL_HASHES";
	default:
		return NULL;
	}
}
