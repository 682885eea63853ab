// SPDX-License-Identifier: Apache-2.0
#include "image/firmware.h"

#include <string.h>

#include "image/sev_metadata.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/kernel.h>
#include <snp/sha.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);
DEFINE_CLEANUP(struct json *, json_free);

/* Firmware lies below 4 GiB. */
static int read_u32(const struct json_value *object, const char *key, uint32_t *ret,
		    struct snp_error *err)
{
	uint64_t number;
	int r = json_need_hex_u64(object, key, UINT32_MAX, &number, err);

	if (r == 0)
		*ret = (uint32_t)number;
	return r;
}

static int read_section(const struct json_value *value, struct snp_section *ret,
			struct snp_error *err)
{
	static const char *const keys[] = {"type", "gpa", "size", NULL};
	uint64_t number = 0;
	int r = json_object(value, keys, err);

	if (r == 0)
		r = json_need_integer(value, "type", 0, UINT32_MAX, &number, err);
	if (r == 0)
		r = read_u32(value, "gpa", &ret->gpa, err);
	if (r == 0)
		r = read_u32(value, "size", &ret->size, err);
	ret->type = (uint32_t)number;
	return r;
}

static int read_sections(const struct json_value *root, struct snp_firmware *firmware,
			 struct snp_error *err)
{
	const struct json_value *array = NULL, *value;
	size_t n = 0, i = 0;
	int r;

	r = json_need_array(root, "sections", 0, SEV_METADATA_MAX, &array, &n, err);
	if (r < 0)
		return r;
	firmware->sections = calloc(n ? n : 1, sizeof(*firmware->sections));
	if (!firmware->sections)
		return out_of_memory(err);
	for (value = json_first(array); value && i < n; value = json_next(value), i++) {
		r = read_section(value, &firmware->sections[i], err);
		if (r < 0)
			return r;
	}
	firmware->info.sections = firmware->sections;
	firmware->info.n_sections = n;
	return 0;
}

/* What the document cannot say it means: metadata are there, and the hash table's area is as large as
 * QEMU demands, or publishers would have left its address out. */
static int read_summary(const struct json_value *root, struct snp_firmware *firmware,
			struct snp_error *err)
{
	static const char *const keys[] = {"schema",	     "firmware_digest", "reset_address",
					   "hash_table_gpa", "sections",	NULL};
	struct snp_firmware_info *info = &firmware->info;
	int r = json_object(root, keys, err);

	if (r == 0)
		r = json_need_hex(root, "firmware_digest", firmware->digest,
				  sizeof(firmware->digest), err);
	if (r == 0)
		r = read_sections(root, firmware, err);
	if (r == 0 && json_get(root, "reset_address")) {
		r = read_u32(root, "reset_address", &info->reset_address, err);
		info->reset_source = SNP_RESET_SUMMARY;
	}
	if (r == 0 && json_get(root, "hash_table_gpa")) {
		r = read_u32(root, "hash_table_gpa", &info->hash_table_gpa, err);
		info->has_hash_table = true;
		info->hash_table_size = SNP_HASH_TABLE_SIZE;
	}
	info->has_metadata = true;
	info->metadata_version = 1;
	return r;
}

int firmware_from_summary(const struct json_value *root, const char *name,
			  struct snp_firmware **ret, struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = calloc(1, sizeof(*firmware));
	int r;

	if (!firmware || !(firmware->path = strdup(name)))
		return out_of_memory(err);
	firmware->info.path = firmware->path;
	firmware->info.is_summary = true;
	r = read_summary(root, firmware, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(firmware);
	return 0;
}

static int read_document(const char *path, struct snp_firmware **ret, struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_span text;
	int r = file_read(path, SNP_MAX_SMALL, &bytes, &text.size, err);

	text.data = bytes;
	if (r == 0)
		r = json_parse(path, text, &document, err);
	if (r == 0)
		r = json_schema(document, "snp-firmware/1", err);
	if (r == 0)
		r = firmware_from_summary(json_root(document), path, &firmware, err);
	if (r == 0)
		r = sha256_of(text, firmware->info.summary_sha256, err);
	if (r < 0)
		return r;
	firmware->info.summary_size = text.size;
	*ret = TAKE_PTR(firmware);
	return 0;
}

int snp_firmware_read_summary(const char *path, struct snp_firmware **ret, struct snp_error *err)
{
	return in_file(err, read_document(path, ret, err), path);
}
