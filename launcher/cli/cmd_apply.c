// SPDX-License-Identifier: Apache-2.0
#include <snp/cleanup.h>

#include "cli/apply_view.h"
#include "cli/check_options.h"
#include "cli/launch_options.h"
#include "cli/verb.h"

static struct apply_how arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"dry-run", .flag = &arg.dry_run,
	 .help = "change nothing; print what would change (status 3), or that nothing would (0)"},
	{"no-start", .flag = &arg.no_start,
	 .help = "do not start a guest that is created"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {
	session_options, check_cli_options, launch_options, source_options,
	set_options,	 apply_options,	    options,	    NULL};

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	int r = launch_options_config(operands[0], &config, err);

	if (r == 0)
		r = apply_config(out, config, operands[0], &arg, err);
	return cli_answer(out, r, err);
}

const struct cli_verb verb_apply = {
	.name = "apply",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "create the guest of a vm.json, or change it to match the vm.json",
	.example = "web1.json --dry-run",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
