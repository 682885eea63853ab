// SPDX-License-Identifier: Apache-2.0
/*
 * snp-launch: launches AMD SEV-SNP guests by libvirt, each bound to its measurement, and runs them.
 *
 *	snp-launch VERB [OPTION]… [OPERAND]…
 */
#include <snp/fail.h>

#include "cli/session.h"
#include "cli/verb.h"

#define X(name) &verb_##name,
static const struct cli_verb *const verbs[] = {LAUNCHER_VERBS(X) NULL};
#undef X

static int no_verb(FILE *out, char *const operands[], struct snp_error *err)
{
	(void)out;
	(void)operands;
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "no command given; see 'snp-launch --help'");
}

static const struct cli_verb default_verb = {
	.name = "VERB",
	.operands = "",
	.options = session_json_tables,
	.run = no_verb,
};

int main(int argc, char **argv)
{
	const struct cli_tool tool = {"snp-launch", verbs, &default_verb, session_json_tables};

	return cli_main(&tool, argc, argv);
}
