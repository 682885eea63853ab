// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>

#include "cli/verb.h"

/* Scripts for shells, made of the same tables that parse the command line. Guests' names are asked of
 * the tool itself. */
static const struct cli_option *const tables[] = {NULL};

static bool takes_guest(const struct cli_verb *verb)
{
	return strstr(verb->operands, "NAME") != NULL;
}

/* The first words of all verbs, each once: "policy encode" and "policy decode" give "policy". */
static void print_words(FILE *out)
{
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const char *name = cli_tool->verbs[i]->name;
		size_t n = strcspn(name, " ");

		if (i > 0 && strncmp(cli_tool->verbs[i - 1]->name, name, n) == 0 &&
		    cli_tool->verbs[i - 1]->name[n] == ' ')
			continue;
		fprintf(out, "%s%.*s", i > 0 ? " " : "", (int)n, name);
	}
}

static void print_options(FILE *out, const struct cli_verb *verb)
{
	fputs("--help", out);
	for (size_t t = 0; verb->options[t]; t++)
		for (const struct cli_option *o = verb->options[t]; o->name; o++)
			fprintf(out, " --%s", o->name);
}

static void bash(FILE *out)
{
	fprintf(out, "_snp_launch() {\n"
		     "\tlocal word=${COMP_WORDS[COMP_CWORD]} options= names=\n"
		     "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W '");
	print_words(out);
	fprintf(out, "' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];

		if (strchr(verb->name, ' '))
			continue;
		fprintf(out, "\t%s%s%s) options='", verb->name, verb->alias ? " | " : "",
			verb->alias ? verb->alias : "");
		print_options(out, verb);
		fprintf(out, "'%s ;;\n", takes_guest(verb) ? " names=1" : "");
	}
	fprintf(out,
		"\tesac\n"
		"\tcase $word in\n"
		"\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
		"\t*)\n"
		"\t\t[ -z \"$names\" ] || names=$(%s list -a 2>/dev/null | awk 'NR > 1 { print $1 }')\n"
		"\t\tCOMPREPLY=($(compgen -W \"$names\" -f -- \"$word\"))\n"
		"\t\t;;\n"
		"\tesac\n"
		"}\n"
		"complete -F _snp_launch %s\n",
		cli_tool->name, cli_tool->name);
}

static void zsh(FILE *out)
{
	fprintf(out, "#compdef %s\nautoload -U +X bashcompinit && bashcompinit\n", cli_tool->name);
	bash(out);
}

static void fish(FILE *out)
{
	fprintf(out, "complete -c %s -f\n", cli_tool->name);
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];
		int n = (int)strcspn(verb->name, " ");

		fprintf(out, "complete -c %s -n __fish_use_subcommand -a %.*s -d '%s'\n",
			cli_tool->name, n, verb->name, verb->summary);
		for (size_t t = 0; verb->options[t]; t++)
			for (const struct cli_option *o = verb->options[t]; o->name; o++)
				fprintf(out,
					"complete -c %s -n '__fish_seen_subcommand_from %.*s' -l %s%s\n",
					cli_tool->name, n, verb->name, o->name,
					o->argument ? " -r -F" : "");
		fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %.*s' -F%s\n",
			cli_tool->name, n, verb->name,
			takes_guest(verb) ? " -a '(snp-launch list -a 2>/dev/null | awk \"NR > 1 { "
					    "print \\$1 }\")'"
					  : "");
	}
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	static const struct {
		const char *name;
		void (*print)(FILE *out);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(operands[0], shells[i].name) != 0)
			continue;
		shells[i].print(out);
		return 0;
	}
	return snp_fail(err, SNP_E_USAGE, SNP_NO_OFFSET,
			"'%s' is no shell that is known; there are bash, zsh and fish",
			operands[0]);
}

const struct cli_verb verb_completion = {
	.name = "completion",
	.operands = "SHELL",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a script that completes this tool's command line: bash, zsh or fish",
	.options = tables,
	.run = run,
};
