// SPDX-License-Identifier: Apache-2.0
/*
 * snp-launch: launches AMD SEV-SNP guests by libvirt, each bound to its measurement, and runs them.
 *
 *	snp-launch VERB [OPTION]… [OPERAND]…
 */
#include <snp/fail.h>
#include <snp/policy.h>

#include "cli/session.h"
#include "cli/verb.h"
#include "config/checks.h"

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

static void checks(FILE *out)
{
	for (size_t i = 0; check_at(i); i++)
		fprintf(out, "%s\n", check_at(i)->name);
}

static void policy_words(FILE *out)
{
	for (size_t i = 0; snp_policy_bit(i); i++)
		fprintf(out, "%s\n", snp_policy_bit(i)->name);
	fputs("abi_min=\n", out);
}

static void forms(FILE *out)
{
	fputs("xml\nargv\njson\n", out);
}

static const struct cli_value_list values[] = {
	{"CHECK", checks}, {"WORD", policy_words}, {"FORM", forms}, {0}};

int main(int argc, char **argv)
{
	const struct cli_tool tool = {"snp-launch", verbs, &default_verb, session_json_tables,
				      values};

	return cli_main(&tool, argc, argv);
}
