// SPDX-License-Identifier: Apache-2.0
/*
 * snp-measure: precomputes what the secure processor of an AMD SEV-SNP machine will report of a guest.
 *
 *	snp-measure [VERB] [OPTION]… [OPERAND]…
 */
#include "verb.h"

#define X(name) &verb_##name,
static const struct cli_verb *const verbs[] = {CLI_VERBS(X) NULL};
#undef X

int main(int argc, char **argv)
{
	const struct cli_tool tool = {"snp-measure", verbs, verbs[0], NULL};

	return cli_main(&tool, argc, argv);
}
