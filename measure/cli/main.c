// SPDX-License-Identifier: Apache-2.0
/*
 * snp-measure: precomputes what the secure processor of an AMD SEV-SNP machine will report of a guest.
 *
 *	snp-measure [VERB] [OPTION]… [OPERAND]…
 */
#include <snp/profile.h>

#include "verb.h"

#define X(name) &verb_##name,
static const struct cli_verb *const verbs[] = {CLI_VERBS(X) NULL};
#undef X

static void models(FILE *out)
{
	uint32_t signature;

	for (size_t i = 0; snp_cpu_model_at(i, &signature); i++)
		fprintf(out, "%s\n", snp_cpu_model_at(i, &signature));
}

static void profiles(FILE *out)
{
	for (size_t i = 0; snp_profile_at(i); i++)
		fprintf(out, "%s\n", snp_profile_at(i));
}

static const struct cli_value_list values[] = {{"MODEL", models}, {"PROFILE", profiles}, {0}};

int main(int argc, char **argv)
{
	const struct cli_tool tool = {"snp-measure", verbs, verbs[0], NULL, values};

	return cli_main(&tool, argc, argv);
}
