// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/judge.h>
#include <snp/reference.h>
#include <snp/report.h>
#include <snp/search.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "reference/model.h"
#include "verb.h"
#include <snp/progress.h>

static struct {
	const char *digest, *report, *candidates;
	struct cli_values references;
	struct cli_number max_vcpus;
} arg = {.max_vcpus.value = 512};

/* clang-format off */
static const struct cli_option options[] = {
	{"digest", .argument = "HEX", .text = &arg.digest, .help = "the launch digest to explain"},
	{"report", .argument = "FILE", .text = &arg.report, .help = "an attestation report with the digest"},
	{"reference", .argument = "FILE", .values = &arg.references,
	 .help = "look the digest up in these reference values; may be repeated"},
	{"candidates", .argument = "DIR", .text = &arg.candidates,
	 .help = "a folder of firmware images, kernels and initrds to try"},
	{"max-vcpus", .argument = "N", .number = &arg.max_vcpus,
	 .help = "try 1 to N vCPUs (default 512), and the number given by --vcpus"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* The digest to explain, and the CPU signature of the report that it is from; 0: none. */
static int read_digest(uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE], uint32_t *ret_signature,
		       struct snp_error *err)
{
	_cleanup_(cli_report_done) struct cli_report received = {0};
	_cleanup_(snp_report_freep) struct snp_report *report = NULL;
	int r;

	if (!arg.digest == !arg.report)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give either --digest HEX or --report FILE");
	if (arg.digest)
		return hex_decode(arg.digest, "--digest", ret, SNP_LAUNCH_DIGEST_SIZE, err);
	r = cli_report_decode(arg.report, false, &received, &report, err);
	if (r < 0)
		return r;
	memcpy(ret, report->measurement, SNP_LAUNCH_DIGEST_SIZE);
	return report->has_cpuid ? snp_cpu_signature(report->cpuid_family, report->cpuid_model,
						     report->cpuid_stepping, ret_signature, err)
				 : 0;
}

static int look_up(const char *path, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		   struct search_answer *answer, struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	int r = snp_reference_read(path, &reference, err);

	for (size_t i = 0; r == 0 && !answer->found && i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];
		const struct snp_reference_variant *v = image_variant(image, digest);

		answer->tried += v ? (size_t)(v - image->variants) + 1 : image->n_variants;
		answer->found = v != NULL;
		if (v)
			snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE,
				 "image %s in %s: %s, %" PRIu32 " vCPUs, CPU signature 0x%08" PRIx32
				 ", guest features 0x%" PRIx64,
				 image->name, path, v->vcpus.profile, v->vcpus.count,
				 v->vcpus.signature, v->vcpus.features);
	}
	return r;
}

/* edk2's images begin with the variable store: 528 KiB of a 4 MiB image, 128 KiB of a 2 MiB one
 * (OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc). What follows is shipped as OVMF_CODE. */
static int add_code_part(struct search *search, const char *path, unsigned int changes,
			 struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct search_part part = {.changes = changes};
	size_t size, vars;
	int r = file_read(path, SNP_MAX_FIRMWARE, &bytes, &size, err);

	if (r < 0)
		return r;
	vars = size == 4u << 20 ? 0x84000 : size == 2u << 20 ? 0x20000 : 0;
	if (vars == 0)
		return 0;
	snprintf(part.text, sizeof(part.text), "the code part of %s alone", path);
	r = snp_firmware_parse(path, (struct snp_span){bytes + vars, size - vars}, &part.firmware,
			       err);
	return r < 0 ? r : search_add(search, SEARCH_FIRMWARE, &part, err);
}

static int add_kernel_or_initrd(struct search *search, const char *path, struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	struct search_part part = {.changes = 1};
	uint8_t head[SNP_KERNEL_HEADER];
	struct snp_bzimage kernel;
	enum search_kind kind;
	int r = file_open(path, SNP_MAX_INITRD, &file, err);
	size_t n = file.size < sizeof(head) ? (size_t)file.size : sizeof(head);

	if (r < 0)
		return r;
	r = file_read_piece(&file, 0, head, n, err);
	if (r == 0)
		r = file_sha256(&file, NULL, NULL, part.hash, err);
	if (r < 0)
		return in_file(err, r, path);
	r = snp_bzimage_parse((struct snp_span){head, n}, file.size, &kernel, NULL);
	kind = r == 0 && (kernel.protocol != 0 || kernel.is_efi_loadable) ? SEARCH_KERNEL
									  : SEARCH_INITRD;
	snprintf(part.text, sizeof(part.text), "%s %s", kind == SEARCH_KERNEL ? "kernel" : "initrd",
		 path);
	return search_add(search, kind, &part, err);
}

/* A file of the folder, as what it looks like: firmware, kernel, or else initrd. */
static int add_file(void *search, const char *path, const char *name, struct snp_error *err)
{
	const struct search *begun = search;
	struct search_part part = {.changes = 1};
	struct stat st;
	int r;

	(void)name;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (snp_firmware_read(path, &part.firmware, NULL) < 0 ||
	    !snp_firmware_info(part.firmware)->has_table) {
		snp_firmware_free(part.firmware);
		return begun->stated->kernel_hashes ? add_kernel_or_initrd(search, path, err) : 0;
	}
	snprintf(part.text, sizeof(part.text), "firmware %s", path);
	r = search_add(search, SEARCH_FIRMWARE, &part, err);
	return r < 0 ? r : add_code_part(search, path, 2, err);
}

static int search_near(struct search *search, const struct cli_launch *stated,
		       const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		       struct search_answer *answer, struct snp_error *err)
{
	int r = search_begin(search, &stated->launch, (const char *)stated->cmdline_text.data, err);

	if (r == 0 && launch_args.ovmf)
		r = add_code_part(search, launch_args.ovmf, 1, err);
	if (r == 0 && arg.candidates)
		r = each_entry(arg.candidates, add_file, search, err);
	if (r < 0)
		return r;
	cli_progress_begin(search->progress_arg, "trying");
	r = search_run(search, digest, answer, err);
	cli_progress_end(search->progress_arg);
	return r;
}

/* What a "no" does not rule out. */
static const char *const *not_tried(const struct search_answer *answer)
{
	static const char *const of_igvm[] = {"other CPU signatures",
					      "other IGVM files and sizes of memory", NULL};
	static const char *const of_firmware[] = {
		"some combinations of firmware, kernels, initrds and command lines",
		"other CPU signatures and guest features",
		("more than one change of firmware, kernel, initrd or command line together with another CPU, profile or guest features"),
		NULL,
	};
	static const char *const nothing[] = {NULL};

	return answer->found ? nothing : launch_args.igvm ? of_igvm : of_firmware + !answer->is_cut;
}

static void print(const struct search_answer *answer, FILE *out)
{
	char escaped[4 * SEARCH_TEXT_SIZE];

	if (!answer->found) {
		fprintf(out,
			"no match among %" PRIu64 " similar launches (not tried: ", answer->tried);
		for (size_t i = 0; not_tried(answer)[i]; i++)
			fprintf(out, "%s%s", i > 0 ? "; " : "", not_tried(answer)[i]);
		fputs(")\n", out);
		return;
	}
	fputs(answer->published ? "published as "
	      : answer->n == 0	? "matches the given launch"
				: "matches with ",
	      out);
	for (size_t i = 0; i < answer->n; i++) {
		escape_text(answer->texts[i], escaped, sizeof(escaped));
		fprintf(out, "%s%s", i == 0 ? "" : i + 1 == answer->n ? " and " : ", ", escaped);
	}
	fprintf(out, " (%" PRIu64 " launches tried)\n", answer->tried);
}

static int print_json(const struct search_answer *answer, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *list;

	cli_json_begin(&json, "snp-explain/1");
	json_out_bool(&json, json.root, "found", answer->found);
	json_out_bool(&json, json.root, "published", answer->published);
	list = json_out_array(&json, json.root, "differences");
	for (size_t i = 0; i < answer->n; i++)
		json_out_text(&json, list, NULL, answer->texts[i]);
	json_out_integer(&json, json.root, "launches_tried", answer->tried);
	list = json_out_array(&json, json.root, "not_tried");
	for (size_t i = 0; not_tried(answer)[i]; i++)
		json_out_string(&json, list, NULL, not_tried(answer)[i]);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch stated = {0};
	struct cli_progress bar;
	_cleanup_(search_done) struct search search = {.max_vcpus = (uint32_t)arg.max_vcpus.value,
						       .progress = cli_progress_move,
						       .progress_arg = &bar};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_answer answer = {0};
	int r;

	(void)operands;
	if (arg.max_vcpus.value < 1 || arg.max_vcpus.value > SNP_MAX_VCPUS)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--max-vcpus: give 1 to %u",
				 SNP_MAX_VCPUS);
	if (launch_args.igvm && arg.candidates)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--candidates is for firmware, not for --igvm");
	r = cli_launch_open(false, &stated, err);
	if (r == 0)
		r = snp_launch_check(&stated.launch, err);
	if (r == 0)
		r = read_digest(digest, &search.report_signature, err);
	for (unsigned int i = 0; r == 0 && !answer.found && i < arg.references.count; i++)
		r = look_up(arg.references.value[i], digest, &answer, err);
	answer.published = answer.found;
	if (r == 0 && !answer.found)
		r = search_near(&search, &stated, digest, &answer, err);
	if (r == 0 && cli_json)
		r = print_json(&answer, out, err);
	else if (r == 0)
		print(&answer, out);
	return r < 0 ? r : answer.found ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, CLI_LAUNCH_OPTIONS, NULL};

const struct cli_verb verb_explain = {
	.name = "explain",
	.operands = "",
	.summary = "find which launch parameters produce a given digest",
	.example = "--report report.bin --ovmf OVMF.fd \\\n    --vcpus 4 --vcpu-type EPYC-v4",
	.options = tables,
	.run = run,
};
