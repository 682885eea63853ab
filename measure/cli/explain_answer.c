// SPDX-License-Identifier: Apache-2.0
#include "explain_answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/tool.h>

void explain_add(struct explain_answer *answer, const char *fmt, ...)
{
	va_list args;

	if (answer->n == EXPLAIN_MAX_DIFFERENCES)
		return;
	va_start(args, fmt);
	vsnprintf(answer->texts[answer->n++], sizeof(answer->texts[0]), fmt, args);
	va_end(args);
}

static const char *model_of(uint32_t signature)
{
	const char *name = snp_cpu_model_of(signature);

	return name ? name : "no QEMU model";
}

void explain_describe(const struct snp_launch *stated, const struct explain_candidates *candidates,
		      const struct search_match *match, struct explain_answer *answer)
{
	char table[EXPLAIN_TEXT_SIZE];

	answer->found = true;
	if (match->firmware > 0)
		explain_add(answer, "%s", candidates->firmware_texts[match->firmware - 1]);
	if (match->hashes > 0) {
		explain_table_text(&candidates->hashes, match->hashes - 1, table);
		explain_add(answer, "%s", table);
	}
	if (strcmp(match->vcpus.profile, stated->vcpus.profile) != 0)
		explain_add(answer, "--profile %s instead of %s", match->vcpus.profile,
			    stated->vcpus.profile);
	if (match->vcpus.count != stated->vcpus.count)
		explain_add(answer, "--vcpus %" PRIu32 " instead of %" PRIu32, match->vcpus.count,
			    stated->vcpus.count);
	if (match->vcpus.signature != stated->vcpus.signature)
		explain_add(answer,
			    "CPU signature 0x%08" PRIx32 " (%s) instead of 0x%08" PRIx32 " (%s)",
			    match->vcpus.signature, model_of(match->vcpus.signature),
			    stated->vcpus.signature, model_of(stated->vcpus.signature));
	if (match->vcpus.features != stated->vcpus.features)
		explain_add(answer, "guest features 0x%" PRIx64 " instead of 0x%" PRIx64,
			    match->vcpus.features, stated->vcpus.features);
}

void explain_describe_left_out(const struct search_extent *extent, bool is_cut,
			       struct explain_answer *answer)
{
	/* By how many other differences they were tried with. */
	static const char *const features[] = {
		"rare guest features with another difference than the vCPU count",
		"rare guest features with two other differences",
		"rare guest features with two other differences, one of them of the vCPUs",
	};
	static const char *const signatures[] = {
		"rare CPU signatures with another difference than the vCPU count",
		"rare CPU signatures with two other differences",
		"rare CPU signatures with two other differences, one of them of the vCPUs",
	};

	answer->left_out[answer->n_left_out++] = features[extent->features];
	answer->left_out[answer->n_left_out++] = signatures[extent->signatures];
	if (is_cut)
		answer->left_out[answer->n_left_out++] =
			"command lines, kernels and initrds with more differences";
}

static void print_escaped(const char *text, FILE *out)
{
	char escaped[4 * sizeof(((struct explain_answer *)NULL)->texts[0])];

	escape_text(text, escaped, sizeof(escaped));
	fputs(escaped, out);
}

void explain_print_sentence(const struct explain_answer *answer, FILE *out)
{
	if (!answer->found) {
		fprintf(out,
			"matches none of %" PRIu64 " launches near the stated one (not tried: ",
			answer->tried);
		for (size_t i = 0; i < answer->n_left_out; i++)
			fprintf(out, "%s%s", i > 0 ? "; " : "", answer->left_out[i]);
		fputs(")\n", out);
		return;
	}
	fputs(answer->published ? "published as " : "matches ", out);
	if (answer->n == 0)
		fputs("the stated launch", out);
	else if (!answer->published)
		fputs("with ", out);
	for (size_t i = 0; i < answer->n; i++) {
		if (i > 0)
			fputs(i + 1 == answer->n ? " and " : ", ", out);
		print_escaped(answer->texts[i], out);
	}
	fprintf(out, " (%" PRIu64 " launches tried)\n", answer->tried);
}

int explain_print_json(const struct explain_answer *answer, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *differences, *left_out;

	cli_json_begin(&json, "snp-explain/1");
	json_out_bool(&json, json.root, "found", answer->found);
	json_out_bool(&json, json.root, "published", answer->published);
	differences = json_out_array(&json, json.root, "differences");
	for (size_t i = 0; i < answer->n; i++)
		cli_json_text(&json, differences, NULL, answer->texts[i]);
	json_out_integer(&json, json.root, "launches_tried", answer->tried);
	left_out = json_out_array(&json, json.root, "not_tried");
	for (size_t i = 0; i < answer->n_left_out; i++)
		cli_json_text(&json, left_out, NULL, answer->left_out[i]);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}
