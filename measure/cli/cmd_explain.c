// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/judge.h>
#include <snp/memory.h>
#include <snp/reference.h>
#include <snp/report.h>
#include <snp/search.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "progress.h"
#include "reference/model.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_report *, snp_report_free);

#define MAX_FILES 64 /* that --candidates tries as kernels, and as initrds */

static struct {
	const char *digest, *report, *candidates;
	struct cli_values references;
	struct cli_number max_vcpus;
} arg = {.max_vcpus.value = 512};

/* clang-format off */
static const struct cli_option options[] = {
	{"digest", .argument = "HEX", .text = &arg.digest,
	 .help = "the launch digest to explain"},
	{"report", .argument = "FILE", .text = &arg.report,
	 .help = "an attestation report with the digest"},
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
	r = cli_report_read(arg.report, &received, err);
	if (r == 0)
		r = in_file(err, snp_report_decode(received.container.report, false, &report, err),
			    arg.report);
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

	for (size_t i = 0; r == 0 && i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];

		for (size_t k = 0; k < image->n_variants; k++) {
			const struct snp_vcpus *v = &image->variants[k].vcpus;

			answer->tried++;
			if (memcmp(image->variants[k].launch_digest, digest,
				   SNP_LAUNCH_DIGEST_SIZE) != 0)
				continue;
			answer->found = true;
			snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE,
				 "image %s in %s: %s, %" PRIu32 " vCPUs, CPU signature 0x%08" PRIx32
				 ", guest features 0x%" PRIx64,
				 image->name, path, v->profile, v->count, v->signature,
				 v->features);
			return 0;
		}
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

static int hash(const struct snp_boot_request *request, struct snp_boot *ret, struct snp_error *err)
{
	struct snp_boot_job *job;
	int r = snp_boot_start(request, &job, err);

	return r < 0 ? r : snp_boot_finish(job, ret, err);
}

/* A file of the folder, as what it looks like: firmware, kernel, or else initrd. */
static int add_file(struct search *search, const char *path, struct snp_error *err)
{
	struct search_part part = {.changes = 1};
	enum search_kind kind = SEARCH_KERNEL;
	struct snp_boot boot;
	int r = 0;

	if (snp_firmware_read(path, &part.firmware, NULL) == 0 &&
	    snp_firmware_info(part.firmware)->has_table) {
		snprintf(part.text, sizeof(part.text), "firmware %s", path);
		r = search_add(search, SEARCH_FIRMWARE, &part, err);
		return r < 0 ? r : add_code_part(search, path, 2, err);
	}
	snp_firmware_free(TAKE_PTR(part.firmware));
	if (!search->stated->kernel_hashes)
		return 0;
	if (hash(&(struct snp_boot_request){.kernel = path}, &boot, NULL) < 0 ||
	    (boot.kernel.protocol == 0 && !boot.kernel.is_efi_loadable)) {
		kind = SEARCH_INITRD;
		r = hash(&(struct snp_boot_request){.initrd = path}, &boot, err);
	}
	if (r == 0 && search->parts[kind].n >= MAX_FILES)
		r = fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			      "more than %d kernels or initrds in --candidates", MAX_FILES);
	if (r < 0)
		return r;
	memcpy(part.sha256, kind == SEARCH_KERNEL ? boot.kernel_sha256 : boot.initrd_sha256,
	       SNP_SHA256_SIZE);
	snprintf(part.text, sizeof(part.text), "%s %s", kind == SEARCH_KERNEL ? "kernel" : "initrd",
		 path);
	return search_add(search, kind, &part, err);
}

static int add_folder(struct search *search, const char *folder, struct snp_error *err)
{
	struct dirent **entries = NULL;
	int r = 0, n = scandir(folder, &entries, NULL, alphasort);

	if (n < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), folder);
	for (int i = 0; i < n; i++) {
		_cleanup_(freep) char *path = format_text("%s/%s", folder, entries[i]->d_name);
		struct stat st;

		if (r == 0 && !path)
			r = out_of_memory(err);
		if (r == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			r = add_file(search, path, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int search_near(struct search *search, const struct cli_launch *stated,
		       const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		       struct search_answer *answer, struct snp_error *err)
{
	const uint64_t looked_up = answer->tried;
	int r = 0;

	if (launch_args.ovmf)
		r = add_code_part(search, launch_args.ovmf, 1, err);
	if (r == 0 && arg.candidates)
		r = add_folder(search, arg.candidates, err);
	if (r == 0)
		r = search_add_mistakes(search, stated->cmdline_text, err);
	if (r < 0)
		return r;
	cli_progress_begin(search->progress_arg, "trying");
	r = search_run(search, digest, answer, err);
	cli_progress_end(search->progress_arg);
	answer->tried += looked_up;
	return r;
}

/* What a "no" does not rule out; the last only if not all combinations were tried. */
static const char *const not_tried[] = {
	"other CPU signatures and guest features",
	("more than one change of firmware, kernel, initrd or command line together with another CPU, profile or guest features"),
	"some combinations of firmware, kernels, initrds and command lines",
};

static size_t count_not_tried(const struct search_answer *answer)
{
	return answer->found ? 0 : ARRAY_SIZE(not_tried) - !answer->is_cut;
}

static void print(const struct search_answer *answer, bool published, FILE *out)
{
	char escaped[4 * SEARCH_TEXT_SIZE];

	if (answer->found)
		fputs(published	       ? "published as "
		      : answer->n == 0 ? "matches the given launch"
				       : "matches with ",
		      out);
	for (size_t i = 0; i < answer->n; i++) {
		escape_text(answer->texts[i], escaped, sizeof(escaped));
		fprintf(out, "%s%s", i == 0 ? "" : i + 1 == answer->n ? " and " : ", ", escaped);
	}
	fprintf(out,
		answer->found ? " (%" PRIu64 " launches tried"
			      : "no match among %" PRIu64 " similar launches (not tried: ",
		answer->tried);
	for (size_t i = 0; i < count_not_tried(answer); i++)
		fprintf(out, "%s%s", i > 0 ? "; " : "", not_tried[i]);
	fputs(")\n", out);
}

static int print_json(const struct search_answer *answer, bool published, FILE *out,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *list;

	cli_json_begin(&json, "snp-explain/1");
	json_out_bool(&json, json.root, "found", answer->found);
	json_out_bool(&json, json.root, "published", published);
	list = json_out_array(&json, json.root, "differences");
	for (size_t i = 0; i < answer->n; i++)
		json_out_text(&json, list, NULL, answer->texts[i]);
	json_out_integer(&json, json.root, "launches_tried", answer->tried);
	list = json_out_array(&json, json.root, "not_tried");
	for (size_t i = 0; i < count_not_tried(answer); i++)
		json_out_string(&json, list, NULL, not_tried[i]);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch stated = {0};
	struct cli_progress bar;
	_cleanup_(search_done) struct search search = {
		.stated = &stated.launch,
		.max_vcpus = (uint32_t)arg.max_vcpus.value,
		.progress = cli_progress_move,
		.progress_arg = &bar,
	};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	struct search_answer answer = {0};
	bool published;
	int r;

	(void)operands;
	if (arg.max_vcpus.value < 1 || arg.max_vcpus.value > SNP_MAX_VCPUS)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--max-vcpus: give 1 to %u",
				 SNP_MAX_VCPUS);
	r = cli_launch_open(false, &stated, err);
	if (r == 0)
		r = snp_launch_check(&stated.launch, err);
	if (r == 0)
		r = read_digest(digest, &search.report_signature, err);
	for (unsigned int i = 0; r == 0 && !answer.found && i < arg.references.count; i++)
		r = look_up(arg.references.value[i], digest, &answer, err);
	published = answer.found;
	if (r == 0 && !published)
		r = search_near(&search, &stated, digest, &answer, err);
	if (r == 0 && cli_json)
		r = print_json(&answer, published, out, err);
	else if (r == 0)
		print(&answer, published, out);
	return r < 0 ? r : answer.found ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, cli_launch_options, NULL};

const struct cli_verb verb_explain = {
	.name = "explain",
	.operands = "",
	.summary = "find which launch parameters produce a given digest",
	.example = "--report report.bin --ovmf OVMF.fd \\\n    --vcpus 4 --vcpu-type EPYC-v4",
	.options = tables,
	.run = run,
};
