/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <stdbool.h>
#include <stdio.h>

#include <snp/error.h>

#include "option.h"

/* A verb's answer other than yes: the exit status is 3 and stdout is written all the same. */
#define CLI_NO 3

/* A verb: what `snp-measure NAME …` does. */
struct cli_verb {
	const char *name;     /* as typed: "digest"; may be two words: "id-block create" */
	const char *operands; /* as --help shows them: "FILE"; "" where there are none */
	unsigned int min_operands, max_operands;
	const char *summary;			 /* one line for --help, without full stop */
	const struct cli_option *const *options; /* its tables of options, ended by NULL */

	/* Reads OpenSSL's configuration file, where providers of keys are named. Verbs that only hash
	 * do without: it costs them a third of their time, and a digest must not depend on it. */
	bool uses_keys;

	/* Do it, printing into `out`, which reaches stdout whole and only if this returns 0 or
	 * CLI_NO. Otherwise returns a negative code and fills `err`. */
	int (*run)(FILE *out, char *const operands[], struct snp_error *err);
};

/* All verbs, in the order of --help; the first is what is meant without a verb. To add one: its file
 * cmd_NAME.c, which defines verb_NAME, and its line here. */
#define CLI_VERBS(X) X(digest)

#define X(name) extern const struct cli_verb verb_##name;
CLI_VERBS(X)
#undef X

#endif
