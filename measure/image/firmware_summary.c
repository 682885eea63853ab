// SPDX-License-Identifier: Apache-2.0
#include "image/firmware.h"

#include <string.h>

#include "image/ovmf_table.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/kernel.h>
#include <snp/sha.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

/* Firmware lies below 4 GiB: addresses have 32 bits. */
static const struct field section_fields[] = {
	FIELD("type", field_u32, snp_section, type, .required = true),
	FIELD("gpa", field_hex_u32, snp_section, gpa, .required = true),
	FIELD("size", field_hex_u32, snp_section, size, .required = true),
	{0},
};

static const struct field summary_fields[] = {
	SECTION("schema", field_skip),
	FIELD("firmware_digest", field_hex, snp_firmware, digest, .required = true),
	FIELD_ARRAY("sections", section_fields, snp_firmware, sections, info.n_sections,
		    .required = true, .max = SEV_METADATA_MAX),
	FIELD("reset_address", field_hex_u32, snp_firmware, info.reset_address),
	FIELD("hash_table_gpa", field_hex_u32, snp_firmware, info.hash_table_gpa,
	      .has = HAS(snp_firmware, info.has_hash_table)),
	FIELD("kernel_hash_verifier", field_choice, snp_firmware, hash_verifier,
	      .rule = hash_verifier_names),
	{0},
};

/* What the document cannot say it means: metadata are there, and the hash table's area is as large as
 * QEMU demands, or publishers would have left its address out. */
static int read_summary(const struct json_value *root, struct snp_firmware *firmware,
			struct snp_error *err)
{
	struct snp_firmware_info *info = &firmware->info;
	int r = fields_read(root, summary_fields, firmware, err);

	info->sections = firmware->sections;
	if (json_get(root, "reset_address"))
		info->reset_source = SNP_RESET_SUMMARY;
	if (info->has_hash_table)
		info->hash_table_size = SNP_HASH_TABLE_SIZE;
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
	if (r < 0)
		return r;
	r = json_parse(path, text, &document, err);
	if (r < 0)
		return r;
	r = json_schema(document, "snp-firmware/1", err);
	if (r < 0)
		return r;
	r = firmware_from_summary(json_root(document), path, &firmware, err);
	if (r < 0)
		return r;
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
