// SPDX-License-Identifier: Apache-2.0
#include <snp/cleanup.h>
#include <snp/fail.h>

#include "cli/session.h"
#include "cli/verb.h"
#include "host/console.h"

static bool force, raw;

/* clang-format off */
static const struct cli_option options[] = {
	{"force", 'f', .flag = &force,
	 .help = "take the console over from another client"},
	{"raw", .flag = &raw,
	 .help = "print the guest's output as it is, with its terminal control codes"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, options, NULL};

/* The one verb that writes to stdout while it runs. */
static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_close) struct guest guest = {0};
	int r;

	(void)out;
	r = console_prepare(err);
	if (r < 0)
		return r;
	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = guest_open_domain_anyway(&session, operands[0], &guest, err);
	if (r < 0)
		return r;
	if (!domain_state_is_active(guest.state))
		return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
				 "'%s' is not running; its last output: snp-launch logs %s",
				 operands[0], operands[0]);
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "%s: console of '%s'; press Ctrl-] to leave\n", cli_tool->name,
			operands[0]);
	return console_run(session.host.connection, guest.domain, force, raw, err);
}

const struct cli_verb verb_console = {
	.name = "console",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "connect the terminal to a guest's console",
	.example = "web1",
	.options = tables,
	.run = run,
};
