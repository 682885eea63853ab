// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/tool.h>

#include "inspect.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

static struct {
	bool summary;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"summary", .flag = &arg.summary,
	 .help = "print the snp-firmware/1 document that stands for the image"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

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
			inspect_section_name(s->type), inspect_measured_as(s->type));
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

static void print_verdict(void *out, const char *way, const struct snp_error *problem)
{
	if (problem)
		fprintf(out, "  %-26s no: %s [%s]\n", way, problem->message,
			snp_code_name(problem->code));
	else
		fprintf(out, "  %-26s yes\n", way);
}

static void print_text(const struct inspected *image, FILE *out)
{
	const struct snp_firmware_info *info = image->info;
	char hex[2 * SNP_SHA384_SIZE + 1];

	hex_encode(image->sha256, sizeof(image->sha256), hex);
	fprintf(out,
		"size             %" PRIu64 " bytes, at 0x%" PRIx64 "-0xffffffff\nSHA-256          "
		"%s\n",
		info->size, inspect_gpa(info), hex);
	hex_encode(image->digest, sizeof(image->digest), hex);
	fprintf(out, "firmware digest  %s\n", hex);
	print_table(info, out);
	print_sections(info, out);
	print_places(info, out);
	if (info->problem)
		fprintf(out, "problem          %s [%s]\n", info->problem->message,
			snp_code_name(info->problem->code));
	fprintf(out, "can be launched as\n");
	snp_launch_verdicts(image->firmware, print_verdict, out);
}

static void warn(void *unused, const char *name, const char *text)
{
	(void)unused;
	cli_warn(name, "%s", text);
}

/* What would be warned of whatever is launched with it. */
static int warn_of(const struct snp_firmware *firmware, struct snp_error *err)
{
	struct snp_launch launch = {.mode = SNP_MODE_SNP,
				    .firmware = firmware,
				    .vcpus.count = 1,
				    .vcpus.features = snp_mode_default_features(SNP_MODE_SNP)};
	int r = snp_profile_current(SNP_VMM_QEMU, SNP_MODE_SNP, launch.vcpus.profile, err);

	if (r == 0)
		snp_launch_warnings(&launch, warn, NULL);
	return r;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct inspected image;
	int r;

	r = snp_firmware_read(operands[0], &firmware, err);
	if (r < 0)
		return r;
	image = (struct inspected){.firmware = firmware, .info = snp_firmware_info(firmware)};
	r = snp_firmware_sha256(firmware, image.sha256, err);
	if (r == 0)
		r = snp_launch_firmware_digest(firmware, image.digest, err);
	if (r == 0)
		r = warn_of(firmware, err);
	if (r == 0 && arg.summary)
		r = inspect_print_summary(&image, out, err);
	else if (r == 0 && cli_json)
		r = inspect_print_json(&image, out, err);
	else if (r == 0)
		print_text(&image, out);
	return in_file(err, r, operands[0]);
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "say what a firmware image is and what it can be launched as",
	.options = tables,
	.run = run,
};
