// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/reference.h>
#include <snp/report.h>
#include <snp/search.h>
#include <snp/tool.h>

#include "explain_answer.h"
#include "explain_candidates.h"
#include "launch_input.h"
#include "launch_options.h"
#include "progress.h"
#include "reference/model.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_report *, snp_report_free);

/* Launch updates: a minute's work on two cores. */
#define MAX_RARE (1ull << 27)

static struct {
	const char *digest, *report, *candidates;
	struct cli_values references;
	struct cli_number max_vcpus;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"digest", .argument = "HEX", .text = &arg.digest,
	 .help = "the launch digest that was seen"},
	{"report", .argument = "FILE", .text = &arg.report,
	 .help = "the attestation report in which it was seen"},
	{"reference", .argument = "FILE", .values = &arg.references,
	 .help = "published reference values to look it up in; may be repeated"},
	{"candidates", .argument = "DIR", .text = &arg.candidates,
	 .help = "a folder of firmware images, kernels and initrds to try"},
	{"max-vcpus", .argument = "N", .number = &arg.max_vcpus,
	 .help = "try vCPU counts up to this (default 512), and the stated one"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* What the answer rests on. */
struct seen {
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	uint32_t signature; /* of a report's CPUID; 0: none */
};

static int read_report(struct seen *seen, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	_cleanup_(snp_report_freep) struct snp_report *report = NULL;
	struct snp_container container;
	size_t size;
	int r = file_read(arg.report, SNP_MAX_CONTAINER, &bytes, &size, err);

	if (r < 0)
		return r;
	r = snp_container_parse((struct snp_span){bytes, size}, &container, err);
	if (r == 0)
		r = snp_report_decode(container.report, false, &report, err);
	if (r < 0)
		return in_file(err, r, arg.report);
	memcpy(seen->digest, report->measurement, sizeof(seen->digest));
	if (!report->has_cpuid)
		return 0;
	return snp_cpu_signature(report->cpuid_family, report->cpuid_model, report->cpuid_stepping,
				 &seen->signature, err);
}

static int read_seen(struct seen *seen, struct snp_error *err)
{
	if (!arg.digest == !arg.report)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give what was seen: one of --digest HEX and --report FILE");
	if (arg.report)
		return read_report(seen, err);
	return hex_decode(arg.digest, "--digest", seen->digest, sizeof(seen->digest), err);
}

static int look_up(const char *path, const struct seen *seen, struct explain_answer *answer,
		   struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	int r = snp_reference_read(path, &reference, err);

	for (size_t i = 0; r == 0 && !answer->found && i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];

		for (size_t k = 0; !answer->found && k < image->n_variants; k++) {
			const struct snp_reference_variant *v = &image->variants[k];

			answer->tried++;
			if (memcmp(v->launch_digest, seen->digest, sizeof(seen->digest)) != 0)
				continue;
			answer->found = answer->published = true;
			explain_add(answer,
				    "image %s in %s: %s, %" PRIu32
				    " vCPUs, CPU signature 0x%08" PRIx32
				    ", guest features 0x%" PRIx64,
				    image->name, path, v->vcpus.profile, v->vcpus.count,
				    v->vcpus.signature, v->vcpus.features);
		}
	}
	return r;
}

/* The lists of a search that point into the candidates. */
struct lists {
	struct search_firmware *firmwares;
	struct search_hashes *hashes;
};

static void lists_done(struct lists *lists)
{
	free(lists->firmwares);
	free(lists->hashes);
}

static int list(const struct explain_candidates *c, struct lists *ret, struct snp_error *err)
{
	ret->firmwares = calloc(c->n_firmwares + 1, sizeof(*ret->firmwares));
	ret->hashes = calloc(c->hashes.n + 1, sizeof(*ret->hashes));
	if (!ret->firmwares || !ret->hashes)
		return out_of_memory(err);
	for (size_t i = 0; i < c->n_firmwares; i++)
		ret->firmwares[i] =
			(struct search_firmware){c->firmwares[i], c->firmware_changes[i]};
	for (size_t i = 0; i < c->hashes.n; i++) {
		const struct explain_table *table = &c->hashes.tables[i];

		ret->hashes[i] =
			(struct search_hashes){table->off ? NULL : &table->hashes, table->changes};
	}
	return 0;
}

static int search_near(const struct cli_launch *stated, const struct seen *seen,
		       struct explain_answer *answer, struct snp_error *err)
{
	_cleanup_(explain_candidates_done) struct explain_candidates candidates = {0};
	_cleanup_(lists_done) struct lists lists = {0};
	struct search_extent extent = {0};
	struct search_match match;
	struct cli_progress bar;
	struct search search;
	int r = explain_candidates_gather(stated, arg.candidates, &candidates, err);

	if (r == 0)
		r = list(&candidates, &lists, err);
	if (r < 0)
		return r;
	search = (struct search){.stated = &stated->launch,
				 .firmwares = lists.firmwares,
				 .n_firmwares = candidates.n_firmwares,
				 .hashes = lists.hashes,
				 .n_hashes = candidates.hashes.n,
				 .report_signature = seen->signature,
				 .max_vcpus = 512,
				 .max_rare = MAX_RARE,
				 .progress = cli_progress_move,
				 .progress_arg = &bar};
	if (arg.max_vcpus.given)
		search.max_vcpus = (uint32_t)arg.max_vcpus.value;
	cli_progress_begin(&bar, "trying");
	r = search_run(&search, seen->digest, &match, &extent, err);
	cli_progress_end(&bar);
	answer->tried += extent.tried;
	if (r == 0)
		explain_describe(&stated->launch, &candidates, &match, answer);
	else if (r == -SNP_E_NOT_FOUND)
		explain_describe_left_out(&extent, candidates.hashes.is_cut, answer);
	return r == -SNP_E_NOT_FOUND ? 0 : r;
}

static int explain(const struct cli_launch *stated, struct explain_answer *answer,
		   struct snp_error *err)
{
	struct seen seen = {0};
	int r = read_seen(&seen, err);

	for (unsigned int i = 0; r == 0 && !answer->found && i < arg.references.count; i++)
		r = look_up(arg.references.value[i], &seen, answer, err);
	return r < 0 || answer->found ? r : search_near(stated, &seen, answer, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch stated = {0};
	struct explain_answer answer = {0};
	int r;

	(void)operands;
	if (arg.max_vcpus.given && (arg.max_vcpus.value < 1 || arg.max_vcpus.value > SNP_MAX_VCPUS))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--max-vcpus: give 1 to %u",
				 SNP_MAX_VCPUS);
	r = cli_launch_open(false, &stated, err);
	if (r == 0)
		r = snp_launch_check(&stated.launch, err);
	if (r == 0)
		r = explain(&stated, &answer, err);
	if (r < 0)
		return r;
	if (!cli_json)
		explain_print_sentence(&answer, out);
	else
		r = explain_print_json(&answer, out, err);
	return r < 0 ? r : answer.found ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, cli_launch_options, NULL};

const struct cli_verb verb_explain = {
	.name = "explain",
	.operands = "",
	.summary = "find the assumption under which a digest that was seen comes out",
	.options = tables,
	.run = run,
};
