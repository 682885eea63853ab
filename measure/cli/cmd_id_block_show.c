// SPDX-License-Identifier: Apache-2.0
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/tool.h>

#include "id_block.h"
#include "verb.h"

static struct {
	const char *block, *auth;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"id-block", .argument = "BASE64|@FILE", .text = &arg.block,
	 .help = "ID block, 96 bytes"},
	{"id-auth", .argument = "BASE64|@FILE", .text = &arg.auth,
	 .help = "ID auth, 4096 bytes"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static int print_json(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-id-block/1");
	cli_id_block_json(id, &json);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* Shown is also what does not verify; but not without a word. */
static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	struct snp_error found = {0};
	struct cli_id_block id;
	int r;

	(void)operands;
	if (!arg.block)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "show what? give --id-block, and --id-auth if there is one");
	r = cli_id_block_read(arg.block, arg.auth, &id, err);
	if (r < 0)
		return r;
	if (id.has_auth && snp_id_auth_verify(id.block, id.auth, NULL, &found) < 0)
		cli_warn(snp_code_name(found.code), "%s", found.message);
	if (cli_json)
		return print_json(&id, out, err);
	cli_id_block_print(&id, out);
	return 0;
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_id_block_show = {
	.name = "id-block show",
	.operands = "",
	.summary = "say what an ID block and an ID auth hold",
	.options = tables,
	.run = run,
};
