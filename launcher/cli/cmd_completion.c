// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "cli/verb.h"

/* Completion scripts, made from the tables that parse the command line. They ask the tool itself for the
 * names of guests. */
static const struct cli_option *const tables[] = {NULL};

static void bash(FILE *out);
static void zsh(FILE *out);
static void fish(FILE *out);

static const struct {
	const char *name;
	void (*print)(FILE *out);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

static bool takes(const struct cli_verb *verb, const char *operand)
{
	return strstr(verb->operands, operand) != NULL;
}

/* The words that may follow `verb` as its operand: "encode decode" after "policy". */
static void print_second_words(FILE *out, const struct cli_verb *verb)
{
	size_t n = strcspn(verb->name, " ");

	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const char *name = cli_tool->verbs[i]->name;

		if (strncmp(name, verb->name, n) == 0 && name[n] == ' ')
			fprintf(out, "%s ", name + n + 1);
	}
	for (size_t i = 0; takes(verb, "SHELL") && i < ARRAY_SIZE(shells); i++)
		fprintf(out, "%s ", shells[i].name);
}

/* Another verb with the same first word came before. */
static bool is_repeated(size_t i)
{
	const char *name = cli_tool->verbs[i]->name;
	size_t n = strcspn(name, " ");

	return i > 0 && strncmp(cli_tool->verbs[i - 1]->name, name, n) == 0 &&
	       cli_tool->verbs[i - 1]->name[n] == ' ';
}

static void print_first_words(FILE *out)
{
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];

		if (!is_repeated(i))
			fprintf(out, "%.*s ", (int)strcspn(verb->name, " "), verb->name);
		if (verb->alias)
			fprintf(out, "%s ", verb->alias);
	}
}

static void print_options(FILE *out, const struct cli_verb *verb)
{
	fputs("--help", out);
	for (size_t t = 0; verb->options[t]; t++)
		for (const struct cli_option *o = verb->options[t]; o->name; o++)
			fprintf(out, " --%s", o->name);
}

/* File names are one per line, and may contain blanks. */
static void bash(FILE *out)
{
	fprintf(out, "_snp_launch() {\n"
		     "\tlocal word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tlocal options= words= names= files= verb=1 IFS=$' \\t\\n'\n"
		     "\twhile [ \"$verb\" -lt \"$COMP_CWORD\" ]; do\n" /* options before it */
		     "\t\tcase ${COMP_WORDS[verb]} in\n"
		     "\t\t-c | --connect | --state-dir) verb=$((verb + 2)) ;;\n"
		     "\t\t-*) verb=$((verb + 1)) ;;\n"
		     "\t\t*) break ;;\n"
		     "\t\tesac\n"
		     "\tdone\n"
		     "\tif [ \"$COMP_CWORD\" -le \"$verb\" ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W '");
	print_first_words(out);
	fprintf(out, "' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[verb]} in\n");
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];

		if (is_repeated(i))
			continue;
		fprintf(out, "\t%.*s%s%s) options='", (int)strcspn(verb->name, " "), verb->name,
			verb->alias ? " | " : "", verb->alias ? verb->alias : "");
		print_options(out, verb);
		fputs("' words='", out);
		print_second_words(out, verb);
		fprintf(out, "'%s%s ;;\n", takes(verb, "NAME") ? " names=1" : "",
			takes(verb, "FILE") ? " files=1" : "");
	}
	fprintf(out,
		"\tesac\n"
		"\tcase $word in\n"
		"\t-*)\n"
		"\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
		"\t\treturn\n"
		"\t\t;;\n"
		"\tesac\n"
		"\tcase $last in\n"
		"\t-*) words= files=1 ;;\n"
		"\tesac\n"
		"\t[ \"$COMP_CWORD\" = $((verb + 1)) ] || words=\n"
		"\t[ -z \"$names\" ] || words=\"$words $(%s list -aq 2>/dev/null)\"\n"
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
		"\tif [ -n \"$files\" ]; then\n"
		"\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\tIFS=$'\\n'\n"
		"\t\tCOMPREPLY+=($(compgen -f -- \"$word\"))\n"
		"\tfi\n"
		"}\n"
		"complete -F _snp_launch %s\n",
		cli_tool->name, cli_tool->name);
}

static void zsh(FILE *out)
{
	fprintf(out, "#compdef %s\nautoload -U +X bashcompinit && bashcompinit\n", cli_tool->name);
	bash(out);
}

/* Inside single quotes, where fish interprets a backslash. */
static void print_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++)
		fprintf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
	fputc('\'', out);
}

static void fish_verb(FILE *out, const struct cli_verb *verb, const char *name, int n)
{
	fprintf(out, "complete -c %s -n __fish_use_subcommand -a %.*s -d ", cli_tool->name, n,
		name);
	print_quoted(out, verb->summary);
	fputc('\n', out);
	for (size_t t = 0; verb->options[t]; t++)
		for (const struct cli_option *o = verb->options[t]; o->name; o++)
			fprintf(out,
				"complete -c %s -n '__fish_seen_subcommand_from %.*s' -l %s%s\n",
				cli_tool->name, n, name, o->name,
				o->argument && !o->flag ? " -r -F" : "");
	fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %.*s' -a '", cli_tool->name, n,
		name);
	print_second_words(out, verb);
	fprintf(out, "'%s\n", takes(verb, "FILE") ? " -F" : "");
	if (takes(verb, "NAME"))
		fprintf(out,
			"complete -c %s -n '__fish_seen_subcommand_from %.*s' -a \"(%s list -aq "
			"2>/dev/null)\"\n",
			cli_tool->name, n, name, cli_tool->name);
}

static void fish(FILE *out)
{
	fprintf(out, "complete -c %s -f\n", cli_tool->name);
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];

		if (is_repeated(i))
			continue;
		fish_verb(out, verb, verb->name, (int)strcspn(verb->name, " "));
		if (verb->alias)
			fish_verb(out, verb, verb->alias, (int)strlen(verb->alias));
	}
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(operands[0], shells[i].name) != 0)
			continue;
		shells[i].print(out);
		return 0;
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "unknown shell '%s'; expected bash, zsh or fish", operands[0]);
}

const struct cli_verb verb_completion = {
	.name = "completion",
	.operands = "SHELL",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a completion script: bash, zsh or fish",
	.example = "bash",
	.options = tables,
	.run = run,
};
