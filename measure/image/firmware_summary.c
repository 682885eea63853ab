// SPDX-License-Identifier: Apache-2.0
#include "image/firmware.h"

#include <string.h>

#include "image/ovmf_table.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/json_out.h>
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

int firmware_summary_parse(const char *name, struct snp_span text, struct snp_firmware **ret,
			   struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_parse(name, text, &document, err);

	if (r < 0)
		return r;
	r = json_schema(document, "snp-firmware/1", err);
	if (r < 0)
		return r;
	r = firmware_from_summary(json_root(document), name, &firmware, err);
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
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(path, SNP_MAX_SMALL, &bytes, &size, err);

	if (r == 0)
		r = firmware_summary_parse(path, (struct snp_span){bytes, size}, ret, err);
	return in_file(err, r, path);
}

static void print_section(struct json_out *json, struct cJSON *array, const struct snp_section *s)
{
	struct cJSON *section = json_out_object(json, array, NULL);

	json_out_integer(json, section, "type", s->type);
	json_out_u64(json, section, "gpa", s->gpa);
	json_out_u64(json, section, "size", s->size);
}

int firmware_summary_print(const struct snp_firmware_info *info,
			   const uint8_t digest[SNP_STATIC SNP_SHA384_SIZE],
			   enum snp_hash_verifier verifier, char **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *array;

	if (info->problem) {
		if (err)
			*err = *info->problem;
		return -(int)info->problem->code;
	}
	if (!info->has_metadata)
		return fail_with(err, SNP_E_NO_METADATA, SNP_NO_OFFSET,
				 "no SEV metadata, so no SEV-SNP launch to summarise");
	json_out_init(&json, "snp-firmware/1");
	json_out_hex(&json, json.root, "firmware_digest", digest, SNP_SHA384_SIZE);
	if (info->reset_source != SNP_RESET_ABSENT)
		json_out_u64(&json, json.root, "reset_address", info->reset_address);
	/* A summary cannot say the size, and its reader assumes the right one: a table that QEMU would refuse is left
	 * out. */
	if (info->has_hash_table && info->hash_table_gpa != 0 &&
	    info->hash_table_size >= SNP_HASH_TABLE_SIZE)
		json_out_u64(&json, json.root, "hash_table_gpa", info->hash_table_gpa);
	json_out_string(&json, json.root, "kernel_hash_verifier", snp_hash_verifier_name(verifier));
	array = json_out_array(&json, json.root, "sections");
	for (size_t i = 0; i < info->n_sections; i++)
		print_section(&json, array, &info->sections[i]);
	return json_out_print(&json, ret, err);
}
