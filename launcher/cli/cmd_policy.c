// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include <snp/cleanup.h>
#include <snp/hex.h>

#include "cli/verb.h"
#include "config/policy_words.h"

/* clang-format off */
static const struct cli_option options[] = {
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {options, NULL};

static int print(FILE *out, uint64_t policy, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	_cleanup_(freep) char *text = NULL;
	int r;

	if (cli_json) {
		cli_json_begin(&json, "snp-policy/1");
		policy_to_json(policy, &json, json.root);
		return cli_json_end(&json, out, err);
	}
	r = policy_to_text(policy, &text, err);
	if (r < 0)
		return r;
	fputs(text, out);
	return 0;
}

static int encode(FILE *out, char *const operands[], struct snp_error *err)
{
	const char *words[32];
	uint64_t policy;
	size_t n = 0;
	int r;

	for (; operands[n] && n < ARRAY_SIZE(words); n++)
		words[n] = operands[n];
	r = policy_from_words(n, words, &policy, err);
	if (r < 0)
		return r;
	if (cli_json)
		return print(out, policy, err);
	fprintf(out, "0x%" PRIx64 "\n", policy);
	return 0;
}

static int decode(FILE *out, char *const operands[], struct snp_error *err)
{
	uint64_t policy;
	int r;

	r = hex_u64(operands[0], "POLICY", &policy, err);
	return r < 0 ? r : print(out, policy, err);
}

const struct cli_verb verb_policy_encode = {
	.name = "policy encode",
	.operands = "[WORD]…",
	.max_operands = 32,
	.summary = "make a guest policy from words such as smt=false",
	.example = "smt=false",
	.options = tables,
	.run = encode,
};

const struct cli_verb verb_policy_decode = {
	.name = "policy decode",
	.operands = "POLICY",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "show what a guest policy (0x...) allows and requires",
	.example = "0x30000",
	.options = tables,
	.run = decode,
};
