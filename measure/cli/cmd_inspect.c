// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/launch.h>
#include <snp/tool.h>

#include "igvm_view.h"
#include "image/firmware.h"
#include "launch_input.h"
#include "plan_draw.h"
#include "uki_view.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

static struct {
	bool summary;
	const char *svg;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"summary", .flag = &arg.summary,
	 .help = "print an snp-firmware/1 document to use instead of the image"},
	{"svg", .argument = "FILE", .text = &arg.svg,
	 .help = "draw how QEMU launches it as an SVG picture, and write it to FILE"},
	{"vcpus", .argument = "N", .number = &launch_args.vcpus,
	 .help = "IGVM file: the number of vCPUs (default: as many as have a context)"},
	{"vcpu-type", .argument = "MODEL", .text = &launch_args.vcpu_type,
	 .help = "IGVM file: the vCPU model, where the digest depends on it"},
	{"memory", .argument = "SIZE", .text = &launch_args.memory,
	 .help = "IGVM file: the guest's memory, where the digest depends on it"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* A firmware image, and what is computed of it whatever is printed. */
struct inspected {
	const struct snp_firmware *firmware;
	const struct snp_firmware_info *info;
	enum snp_hash_verifier verifier;
	uint8_t sha256[SNP_SHA256_SIZE];
	uint8_t digest[SNP_SHA384_SIZE]; /* after the image's own pages */
};

/* Where the image is loaded: it ends at 4 GiB. */
static uint64_t gpa_of(const struct snp_firmware_info *info)
{
	return (1ull << 32) - info->size;
}

/* How QEMU has a section measured: target/i386/sev.c, snp_populate_metadata_pages(). */
static const char *measured_as(uint32_t type)
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

static const char *section_name(uint32_t type)
{
	const char *name = snp_section_type_name(type);

	return name ? name : "unknown";
}

static void add_sections(struct json_out *json, const struct snp_firmware_info *info)
{
	struct cJSON *array = json_out_array(json, json->root, "sections");

	for (size_t i = 0; i < info->n_sections; i++) {
		const struct snp_section *s = &info->sections[i];
		struct cJSON *section = json_out_object(json, array, NULL);

		json_out_integer(json, section, "type", s->type);
		json_out_u64(json, section, "gpa", s->gpa);
		json_out_u64(json, section, "size", s->size);
		json_out_string(json, section, "name", section_name(s->type));
		json_out_string(json, section, "measured_as", measured_as(s->type));
	}
}

static void add_places(struct json_out *json, const struct snp_firmware_info *info)
{
	if (info->reset_source != SNP_RESET_ABSENT)
		json_out_u64(json, json->root, "reset_address", info->reset_address);
	if (info->has_hash_table)
		json_out_u64(json, json->root, "hash_table_gpa", info->hash_table_gpa);
}

static int print_summary(const struct inspected *image, FILE *out, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	int r = firmware_summary_print(image->info, image->digest, image->verifier, &text, err);

	if (r < 0)
		return r;
	fputs(text, out);
	return 0;
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

static int print_json(const struct inspected *image, FILE *out, struct snp_error *err)
{
	const struct snp_firmware_info *info = image->info;
	_cleanup_(json_out_done) struct json_out json;
	struct verdicts verdicts = {.json = &json};

	cli_json_begin(&json, "snp-inspect/1");
	json_out_text(&json, json.root, "name", info->path);
	json_out_integer(&json, json.root, "size", info->size);
	json_out_u64(&json, json.root, "gpa", gpa_of(info));
	json_out_hex(&json, json.root, "sha256", image->sha256, sizeof(image->sha256));
	json_out_hex(&json, json.root, "firmware_digest", image->digest, sizeof(image->digest));
	if (info->has_table)
		add_table(&json, info);
	if (info->has_metadata) {
		json_out_integer(&json, json.root, "metadata_version", info->metadata_version);
		json_out_u64(&json, json.root, "metadata_offset", info->metadata_offset);
		add_sections(&json, info);
	}
	add_places(&json, info);
	json_out_string(&json, json.root, "kernel_hash_verifier",
			snp_hash_verifier_name(image->verifier));
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

static void print_table(const struct snp_firmware_info *info, FILE *out)
{
	char guid[SNP_GUID_STRING_SIZE];

	if (!info->has_table) {
		fprintf(out, "OVMF table       none\n");
		return;
	}
	fprintf(out, "OVMF table       %zu entries\n", info->n_entries);
	for (size_t i = 0; i < info->n_entries; i++) {
		const struct snp_table_entry *entry = &info->entries[i];
		const char *name = snp_guid_name(entry->guid);

		snp_guid_string(entry->guid, guid);
		fprintf(out, "  %s  %5" PRIu32 " bytes at 0x%" PRIx64 "  %s\n", guid, entry->size,
			entry->offset, name ? name : "unknown");
	}
}

static void print_sections(const struct snp_firmware_info *info, FILE *out)
{
	if (!info->has_metadata) {
		fprintf(out, "SEV metadata     none\n");
		return;
	}
	fprintf(out, "SEV metadata     version %" PRIu32 ", %zu sections, at 0x%" PRIx64 "\n",
		info->metadata_version, info->n_sections, info->metadata_offset);
	for (size_t i = 0; i < info->n_sections; i++) {
		const struct snp_section *s = &info->sections[i];

		fprintf(out, "  0x%08" PRIx32 "-0x%08" PRIx64 "  type 0x%02" PRIx32 " %-18s  %s\n",
			s->gpa, (uint64_t)s->gpa + s->size - (s->size > 0), s->type,
			section_name(s->type), measured_as(s->type));
	}
}

static void print_places(const struct snp_firmware_info *info, FILE *out)
{
	if (info->reset_source == SNP_RESET_ABSENT)
		fprintf(out, "reset address    none\n");
	else
		fprintf(out, "reset address    0x%" PRIx32 "%s\n", info->reset_address,
			info->reset_source == SNP_RESET_LEGACY ? " (of a firmware without table)"
							       : "");
	if (info->has_hash_table)
		fprintf(out, "SEV hash table   0x%" PRIx32 ", %" PRIu32 " bytes\n",
			info->hash_table_gpa, info->hash_table_size);
	else
		fprintf(out, "SEV hash table   none\n");
	if (info->has_svsm)
		fprintf(out, "SVSM             launches at 0x%" PRIx32 "\n",
			info->svsm_launch_offset);
}

struct verdict_lines {
	FILE *out;
	enum snp_hash_verifier verifier;
};

static void print_verdict(void *p, const char *way, const struct snp_error *problem)
{
	static const char *const measured[] = {
		[SNP_HASH_VERIFIER_PRESENT] = "yes",
		[SNP_HASH_VERIFIER_ABSENT] =
			"measured, not checked (this firmware does not compare them)",
		[SNP_HASH_VERIFIER_UNKNOWN] =
			"measured; cannot tell whether this firmware compares them",
	};
	const struct verdict_lines *v = p;

	if (problem)
		fprintf(v->out, "  %-26s no: %s [%s]\n", way, problem->message,
			snp_code_name(problem->code));
	else
		fprintf(v->out, "  %-26s %s\n", way,
			strstr(way, "kernel hashes") ? measured[v->verifier] : "yes");
}

static void print_text(const struct inspected *image, FILE *out)
{
	const struct snp_firmware_info *info = image->info;
	struct verdict_lines verdicts = {out, image->verifier};
	char hex[2 * SNP_SHA384_SIZE + 1];

	hex_encode(image->sha256, sizeof(image->sha256), hex);
	fprintf(out,
		"size             %" PRIu64 " bytes, at 0x%" PRIx64 "-0xffffffff\nSHA-256          "
		"%s\n",
		info->size, gpa_of(info), hex);
	hex_encode(image->digest, sizeof(image->digest), hex);
	fprintf(out, "firmware digest  %s\n", hex);
	print_table(info, out);
	print_sections(info, out);
	print_places(info, out);
	fprintf(out, "kernel hash verifier %s\n", snp_hash_verifier_name(image->verifier));
	if (info->problem)
		fprintf(out, "problem          %s [%s]\n", info->problem->message,
			snp_code_name(info->problem->code));
	fprintf(out, "can be launched as\n");
	snp_launch_verdicts(image->firmware, print_verdict, &verdicts);
}

static void warn(void *unused, const char *name, const char *text)
{
	(void)unused;
	cli_warn(name, "%s", text);
}

/* What is true of it whatever is launched with it: warnings, and the picture, which has no vCPUs. */
static int launch_of(const struct snp_firmware *firmware, const char *path, struct snp_error *err)
{
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP,
				    .firmware = firmware,
				    .vcpus.count = 1,
				    .vcpus.features = snp_mode_default_features(SNP_MODE_SNP)};
	int r = snp_profile_current(SNP_VMM_QEMU, SNP_MODE_SNP, launch.vcpus.profile, err);

	if (r < 0)
		return r;
	snp_launch_warnings(&launch, warn, NULL);
	return arg.svg ? plan_draw_launch(&launch, false, path, arg.svg, err) : 0;
}

static int inspect_firmware(struct inspected *image, FILE *out, struct snp_error *err)
{
	int r = snp_firmware_sha256(image->firmware, image->sha256, err);

	if (r < 0)
		return r;
	r = snp_launch_firmware_digest(image->firmware, image->digest, err);
	if (r < 0)
		return r;
	r = snp_firmware_hash_verifier(image->firmware, &image->verifier, err);
	if (r < 0)
		return r;
	r = launch_of(image->firmware, image->info->path, err);
	if (r < 0)
		return r;
	if (arg.summary)
		return print_summary(image, out, err);
	if (cli_json)
		return print_json(image, out, err);
	print_text(image, out);
	return 0;
}

static int inspect_kernel(const struct uki *uki, const char *path, FILE *out, struct snp_error *err)
{
	if (arg.summary)
		return fail_with(
			err, SNP_E_NO_METADATA, SNP_NO_OFFSET,
			"a kernel, not a firmware image: it has no SEV metadata to summarise");
	if (arg.svg)
		return fail_with(err, SNP_E_NO_METADATA, SNP_NO_OFFSET,
				 "a kernel, not a firmware image: no launch of it to draw");
	return uki_print(uki, path, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(uki_done) struct uki uki = {0};
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct inspected image;
	int r;

	if (igvm_is(operands[0])) {
		if (arg.summary)
			return in_file(err,
				       fail_with(err, SNP_E_NO_METADATA, SNP_NO_OFFSET,
						 "an IGVM file, not a firmware image: it has no "
						 "SEV metadata to summarise"),
				       operands[0]);
		return igvm_print(operands[0], arg.svg, out, err);
	}
	if (launch_args.vcpus.given || launch_args.vcpu_type || launch_args.memory)
		return in_file(err,
			       fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "not an IGVM file, for which --vcpus, --vcpu-type and "
					 "--memory are"),
			       operands[0]);
	r = uki_read(operands[0], &uki, err);
	if (r == 0 && uki.is_pe)
		return in_file(err, inspect_kernel(&uki, operands[0], out, err), operands[0]);
	if (r < 0)
		return r;
	r = snp_firmware_read(operands[0], &firmware, err);
	if (r < 0)
		return r;
	image = (struct inspected){.firmware = firmware, .info = snp_firmware_info(firmware)};
	return in_file(err, inspect_firmware(&image, out, err), operands[0]);
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary =
		"show what a firmware image, an IGVM file or a kernel contains and how it can be launched",
	.example = "OVMF.fd",
	.options = tables,
	.run = run,
};
