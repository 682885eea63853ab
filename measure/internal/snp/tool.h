/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_TOOL_H
#define SNP_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <snp/error.h>
#include <snp/json_out.h>

/*
 * What the command line tools of this project share: verbs and options as tables, stdout spooled and
 * written at the end or not at all, errors on one line or as an snp-error/1 object. Not part of
 * libsnpmeasure: the tools link it statically.
 */

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
 * One option. The table that a verb points to is all there is: parsing, --help and completion read it. An
 * option with a value that is given twice is wrong usage, unless it collects `values`: a value that was
 * typed is never silently dropped.
 */
struct cli_option {
	const char *name;     /* long, without dashes; NULL ends a table */
	char letter;	      /* short form, or 0 */
	const char *argument; /* what stands for its value in --help; NULL: takes none */
	const char *
		help; /* a phrase without full stop; NULL: an older name, which --help leaves out */

	/* Where it goes, exactly one of: `flag`, `text`, `number`, `values`; or `flag` and `text`,
	 * which makes the value optional (--NAME or --NAME=VALUE). */
	bool *flag;
	const char **text;
	struct cli_number *number;
	struct cli_values *values;
};

/* What every verb takes. */
extern bool cli_json; /* --json, for the verbs that list CLI_OPTION_JSON */
/* clang-format off */
#define CLI_OPTION_JSON                                                                        \
	{                                                                                      \
		.name = "json", .help = "print one JSON object, errors too", .flag = &cli_json \
	}
/* clang-format on */

/* A verb's answer other than yes: the exit status is 3 and stdout is written all the same. Another exit status
 * that is returned as a positive number does the same: that of a verb that worked on several things, of which
 * one failed. */
#define CLI_NO 3

/* A verb: what `TOOL NAME …` does. */
struct cli_verb {
	const char *name;     /* as typed: "digest"; may be two words: "id-block create" */
	const char *alias;    /* another name for it, or NULL */
	const char *operands; /* as --help shows them: "FILE"; "" where there are none */
	unsigned int min_operands, max_operands;
	bool takes_command;  /* operands after the first are one to run, and stand behind a "--" */
	const char *summary; /* one line for --help, without full stop */
	const char *example; /* what follows the verb in the example of --help, or NULL */
	const struct cli_option *const *options; /* its tables of options, ended by NULL */

	/* Prints what --help says below the options; NULL: nothing. */
	void (*more_help)(FILE *out);

	/* Operands are texts such as messages: one with a blank is not an option although it begins with a
	 * dash, and the dash is removed. */
	bool takes_text;

	/* Reads OpenSSL's configuration file, where providers of keys are named. Verbs that only hash do
	 * not read it: that would cost a third of their time, and a digest must not depend on it. */
	bool uses_keys;

	/* Do it, printing into `out`, which reaches stdout whole and only if this returns 0 or an exit
	 * status. Otherwise returns a negative code and fills `err`. */
	int (*run)(FILE *out, char *const operands[], struct snp_error *err);
};

/* The values that an option or operand takes, for completion: `kind` is what stands for one in --help. */
struct cli_value_list {
	const char *kind;	  /* "MODEL"; NULL ends a table */
	void (*print)(FILE *out); /* one a line */
};

/* A tool: its verbs in the order of --help, ended by NULL. */
struct cli_tool {
	const char *name; /* "snp-measure" */
	const struct cli_verb *const *verbs;
	const struct cli_verb *default_verb;	 /* used if the command line names none */
	const struct cli_option *const *leading; /* tables of options that may also stand before the
						  * verb; NULL: none */
	const struct cli_value_list *values;	 /* NULL: none */
};

/* Of both tools: prints completion scripts. */
extern const struct cli_verb verb_completion;

/* What main() returns. */
int cli_main(const struct cli_tool *tool, int argc, char **argv);

/* The tool that runs. */
extern const struct cli_tool *cli_tool;

enum cli_request {
	CLI_RUN,
	CLI_HELP,
	CLI_VERSION,
};

/* Parse `argv` (argv[0] is skipped) by the tables of `verb`. Options and operands may be mixed; names
 * may be shortened as far as they stay unique. `*ret_operands` points into `argv`, ended by NULL.
 * Errors: SNP_E_USAGE; SNP_E_NO_MEMORY. */
SNP_MUST_USE int cli_parse(const struct cli_verb *verb, int argc, char **argv,
			   enum cli_request *ret_request, char *const **ret_operands,
			   struct snp_error *err);

/* Print the options of `verb`, one a line. */
void cli_print_options(const struct cli_verb *verb, FILE *out);

/* Print `text`, whose first word stands at `column`, in lines of at most 80 columns. */
void cli_print_wrapped(FILE *out, int column, const char *text);

/* Print `path` as one word of a shell's command line that is never an option: as it is where it can stand so,
 * else quoted; with $'…', which POSIX has since 2024, where a terminal must not see it raw. */
void cli_print_shell_word(FILE *out, const char *path);

/* Read `text` as a number. `what` names it in the message ("--vcpus"). Errors: SNP_E_USAGE. */
SNP_MUST_USE int cli_parse_number(const char *text, const char *what, uint64_t *ret,
				  struct snp_error *err);

/* Write all of `bytes` to stdout and close it. Errors: SNP_E_WRITE. */
SNP_MUST_USE int cli_write_stdout(const char *bytes, size_t size, struct snp_error *err);

/* Print what failed to stderr, in one line: text, or an snp-error/1 object with --json. */
void cli_print_error(const struct snp_error *err);

/* Add the members of that object. */
void cli_json_error(struct json_out *json, struct cJSON *object, const struct snp_error *err);

/* For a verb that may answer "no": a failure of that class becomes its result, a line or an snp-error/1
 * object in `out`, and CLI_NO is returned. Any other `status` is returned as it is. */
int cli_answer(FILE *out, int status, struct snp_error *err);

/* Note something that the user should know although it is not an error. `name` is stable and documented in
 * the manual. Warnings reach stderr when the verb has succeeded, and stand in its JSON object; the same
 * words count once. Any thread may warn. */
void cli_warn(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_print_warnings(void);

/* What the i-th warning says, or NULL past the last. */
const char *cli_warning(unsigned int i);

/* Whether what stdout gets may have colours: on a terminal, unless NO_COLOR is set (no-color.org). */
bool cli_is_coloured(void);

/* Begin a JSON document with "schema" and "tool". */
void cli_json_begin(struct json_out *json, const char *schema);

/* Add "warnings", an array of {name, message}. */
void cli_json_warnings(struct json_out *json);

/* Print the document into `out`. Errors: SNP_E_NO_MEMORY, also of earlier additions. */
SNP_MUST_USE int cli_json_end(const struct json_out *json, FILE *out, struct snp_error *err);

#endif
