// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "cli/verb.h"
#include "host/explain.h"

/* clang-format off */
static const struct cli_option options[] = {
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {options, NULL};

static void print_text(FILE *out, const struct explanation *ex)
{
	if (ex->command[0])
		fprintf(out, "%-12s %s\n", "command", ex->command);
	if (ex->has_ret && ex->ret < 0)
		fprintf(out, "%-12s %s (%" PRId32 ")\n", "kernel", strerrordesc_np(-ex->ret),
			ex->ret);
	if (ex->firmware)
		fprintf(out, "%-12s 0x%02" PRIx32 " %s\n", "firmware", ex->firmware->code,
			ex->firmware->name);
	fprintf(out, "%-12s %s\n%-12s %s\n", "what", ex->happened, "do", ex->cure);
}

static int print_json(FILE *out, const struct explanation *ex, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-failure/1");
	json_out_bool(&json, json.root, "known", ex);
	if (ex) {
		json_out_string(&json, json.root, "name", ex->name);
		json_out_string(&json, json.root, "error", snp_code_name(ex->code));
		if (ex->command[0])
			json_out_string(&json, json.root, "command", ex->command);
		if (ex->has_ret && ex->ret < 0)
			json_out_integer(&json, json.root, "errno", 0 - (uint64_t)ex->ret);
		if (ex->firmware) {
			json_out_u64(&json, json.root, "firmware_error", ex->firmware->code);
			json_out_string(&json, json.root, "firmware_error_name",
					ex->firmware->name);
		}
		json_out_string(&json, json.root, "happened", ex->happened);
		json_out_string(&json, json.root, "cure", ex->cure);
	}
	return cli_json_end(&json, out, err);
}

/* A message pasted without quotes comes in many words. */
static int join(char *const operands[], char *ret, size_t size, struct snp_error *err)
{
	size_t at = 0;

	for (size_t i = 0; operands[i]; i++) {
		int n = snprintf(ret + at, size - at, "%s%s", i ? " " : "", operands[i]);

		if (n < 0 || (size_t)n >= size - at)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "the text is longer than %zu bytes", size - 1);
		at += (size_t)n;
	}
	return 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	struct explanation ex;
	char text[16384];
	bool known;
	int r;

	r = join(operands, text, sizeof(text), err);
	if (r < 0)
		return r;
	known = explain_text(text, &ex);
	if (cli_json) {
		r = print_json(out, known ? &ex : NULL, err);
		return r < 0 ? r : known ? 0 : CLI_NO;
	}
	if (!known) {
		fprintf(out, "message not recognized\n");
		return CLI_NO;
	}
	print_text(out, &ex);
	return 0;
}

const struct cli_verb verb_diagnose = {
	.name = "diagnose",
	.alias = "explain",
	.operands = "TEXT…",
	.min_operands = 1,
	.max_operands = 4096,
	.summary = "explain a launch error and what to do about it",
	.example = "'SNP_LAUNCH_FINISH ret=-5 fw_error=11'",
	.options = tables,
	.takes_text = true,
	.run = run,
};
