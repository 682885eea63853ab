/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <snp/error.h>

struct cli_verb;

/* A number from the command line: decimal, 0x hex, 0o octal or 0b binary. */
struct cli_number {
	bool given;
	uint64_t value;
};

/* The values of an option that may be given more than once, in order. */
#define CLI_MAX_VALUES 64
struct cli_values {
	unsigned int count;
	const char *value[CLI_MAX_VALUES];
};

/*
 * One option. The table that a verb points to is all there is: parsing, --help and completion read it.
 * An option given twice keeps its last value, as the peers' argument parsers do, unless it collects
 * `values`.
 */
struct cli_option {
	const char *name;     /* long, without dashes; NULL ends a table */
	char letter;	      /* short form, or 0 */
	const char *argument; /* what stands for its value in --help; NULL: takes none */
	const char *help;     /* a phrase without full stop */

	/* Where it goes, exactly one of: `flag`, `text`, `number`, `values`; or `flag` and `text`,
	 * which makes the value optional (--NAME or --NAME=VALUE). */
	bool *flag;
	const char **text;
	struct cli_number *number;
	struct cli_values *values;
};

/* What every verb takes. */
extern bool cli_json; /* --json, for the verbs that list CLI_OPTION_JSON */
#define CLI_OPTION_JSON                                                                        \
	{                                                                                      \
		.name = "json", .help = "print one JSON object, errors too", .flag = &cli_json \
	}

enum cli_request {
	CLI_RUN,
	CLI_HELP,
	CLI_VERSION,
};

/* Parse `argv` (argv[0] is skipped) by the tables of `verb`. Options and operands may be mixed; names
 * may be shortened as far as they stay unique. `*ret_operands` points into `argv`, ended by NULL.
 * Errors: SNP_E_USAGE; SNP_E_NO_MEMORY. */
SNP_CHECK int cli_parse(const struct cli_verb *verb, int argc, char **argv,
			enum cli_request *ret_request, char *const **ret_operands,
			struct snp_error *err);

/* Print the options of `verb`, one a line. */
void cli_print_options(const struct cli_verb *verb, FILE *out);

/* Read `text` as a number. `what` names it in the message ("--vcpus"). Errors: SNP_E_USAGE. */
SNP_CHECK int cli_parse_number(const char *text, const char *what, uint64_t *ret,
			       struct snp_error *err);

#endif
