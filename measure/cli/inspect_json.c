// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/tool.h>

#include "inspect.h"

uint64_t inspect_gpa(const struct snp_firmware_info *info)
{
	return (1ull << 32) - info->size;
}

/* QEMU target/i386/sev.c, snp_populate_metadata_pages(). */
const char *inspect_measured_as(uint32_t type)
{
	switch (type) {
	case SNP_SECTION_SECRETS:
		return "SECRETS";
	case SNP_SECTION_CPUID:
		return "CPUID";
	case SNP_SECTION_KERNEL_HASHES:
		return "NORMAL with kernel hashes, else ZERO";
	default:
		return "ZERO";
	}
}

const char *inspect_section_name(uint32_t type)
{
	const char *name = snp_section_type_name(type);

	return name ? name : "unknown";
}

static void add_sections(struct json_out *json, const struct snp_firmware_info *info,
			 bool explained)
{
	struct cJSON *array = json_out_array(json, json->root, "sections");

	for (size_t i = 0; i < info->n_sections; i++) {
		const struct snp_section *s = &info->sections[i];
		struct cJSON *section = json_out_object(json, array, NULL);

		json_out_integer(json, section, "type", s->type);
		json_out_u64(json, section, "gpa", s->gpa);
		json_out_u64(json, section, "size", s->size);
		if (explained) {
			json_out_string(json, section, "name", inspect_section_name(s->type));
			json_out_string(json, section, "measured_as", inspect_measured_as(s->type));
		}
	}
}

static void add_places(struct json_out *json, const struct snp_firmware_info *info)
{
	if (info->reset_source != SNP_RESET_ABSENT)
		json_out_u64(json, json->root, "reset_address", info->reset_address);
	if (info->has_hash_table)
		json_out_u64(json, json->root, "hash_table_gpa", info->hash_table_gpa);
}

/* As add_places(), but for an area that QEMU would not take: a summary cannot say its size, and who reads
 * it takes the size for right. */
static void add_usable_places(struct json_out *json, const struct snp_firmware_info *info)
{
	struct snp_firmware_info usable = *info;

	usable.has_hash_table = info->has_hash_table && info->hash_table_gpa != 0 &&
				info->hash_table_size >= SNP_HASH_TABLE_SIZE;
	add_places(json, &usable);
}

int inspect_print_summary(const struct inspected *image, FILE *out, struct snp_error *err)
{
	const struct snp_firmware_info *info = image->info;
	_cleanup_(json_out_done) struct json_out json = {0};

	if (info->problem) {
		*err = *info->problem;
		return -(int)err->code;
	}
	if (!info->has_metadata)
		return fail_with(err, SNP_E_NO_METADATA, SNP_NO_OFFSET,
				 "no SEV metadata, so no SEV-SNP launch to summarise");
	json_out_init(&json, "snp-firmware/1");
	json_out_hex(&json, json.root, "firmware_digest", image->digest, sizeof(image->digest));
	add_usable_places(&json, info);
	add_sections(&json, info, false);
	return cli_json_end(&json, out, err);
}

static void add_table(struct json_out *json, const struct snp_firmware_info *info)
{
	struct cJSON *array = json_out_array(json, json->root, "table");
	char guid[SNP_GUID_STRING_SIZE];

	for (size_t i = 0; i < info->n_entries; i++) {
		const struct snp_table_entry *e = &info->entries[i];
		struct cJSON *entry = json_out_object(json, array, NULL);
		const char *name = snp_guid_name(e->guid);

		snp_guid_string(e->guid, guid);
		json_out_string(json, entry, "guid", guid);
		if (name)
			json_out_string(json, entry, "name", name);
		json_out_u64(json, entry, "offset", e->offset);
		json_out_integer(json, entry, "size", e->size);
	}
}

struct verdicts {
	struct json_out *json;
	struct cJSON *array;
};

static void add_problem(struct json_out *json, struct cJSON *parent,
			const struct snp_error *problem)
{
	struct cJSON *object = json_out_object(json, parent, "problem");

	json_out_string(json, object, "name", snp_code_name(problem->code));
	json_out_string(json, object, "message", problem->message);
	if (problem->offset != SNP_NO_OFFSET)
		json_out_u64(json, object, "offset", problem->offset);
}

static void add_verdict(void *arg_verdicts, const char *way, const struct snp_error *problem)
{
	const struct verdicts *v = arg_verdicts;
	struct cJSON *verdict = json_out_object(v->json, v->array, NULL);

	json_out_string(v->json, verdict, "way", way);
	json_out_bool(v->json, verdict, "possible", !problem);
	if (problem)
		add_problem(v->json, verdict, problem);
}

int inspect_print_json(const struct inspected *image, FILE *out, struct snp_error *err)
{
	const struct snp_firmware_info *info = image->info;
	_cleanup_(json_out_done) struct json_out json;
	struct verdicts verdicts = {.json = &json};

	cli_json_begin(&json, "snp-inspect/1");
	json_out_text(&json, json.root, "name", info->path);
	json_out_integer(&json, json.root, "size", info->size);
	json_out_u64(&json, json.root, "gpa", inspect_gpa(info));
	json_out_hex(&json, json.root, "sha256", image->sha256, sizeof(image->sha256));
	json_out_hex(&json, json.root, "firmware_digest", image->digest, sizeof(image->digest));
	if (info->has_table)
		add_table(&json, info);
	if (info->has_metadata) {
		json_out_integer(&json, json.root, "metadata_version", info->metadata_version);
		json_out_u64(&json, json.root, "metadata_offset", info->metadata_offset);
		add_sections(&json, info, true);
	}
	add_places(&json, info);
	if (info->has_hash_table)
		json_out_integer(&json, json.root, "hash_table_size", info->hash_table_size);
	if (info->has_svsm)
		json_out_u64(&json, json.root, "svsm_launch_offset", info->svsm_launch_offset);
	if (info->problem)
		add_problem(&json, json.root, info->problem);
	verdicts.array = json_out_array(&json, json.root, "verdicts");
	snp_launch_verdicts(image->firmware, add_verdict, &verdicts);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}
