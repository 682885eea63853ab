// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/tool.h>

/*
 * Completion scripts, made from the tables that parse the command line. For values they ask the tool itself: by
 * `completion --values KIND`, where KIND is what stands for the value in --help (CHECK, MODEL), and for the names of
 * guests by `list`.
 */
static const char *kind;

/* clang-format off */
static const struct cli_option options[] = {
	{"values", .argument = "KIND", .text = &kind,
	 .help = "print the values of a kind named in --help, such as CHECK, one per line"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {options, NULL};

static void bash(FILE *out);
static void zsh(FILE *out);
static void fish(FILE *out);

static const struct {
	const char *name;
	void (*print)(FILE *out);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

/* Has the tool a list of what `argument` stands for? */
static bool is_listed(const char *argument)
{
	for (const struct cli_value_list *v = cli_tool->values; v && v->kind; v++)
		if (strcmp(v->kind, argument) == 0)
			return true;
	return strcmp(argument, "GUEST") == 0;
}

static bool is_file(const char *argument)
{
	static const char *const words[] = {"FILE", "DIR",   "PATH",	    "KEY",
					    "OVMF", ".json", "DESCRIPTION", "OLD"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(argument, words[i]) && !strchr(argument, '='))
			return true;
	return false;
}

/* The kind that is listed among the operands of `verb`; "" if there is none. */
static const char *operand_kind(const struct cli_verb *verb)
{
	if (strstr(verb->operands, "NAME"))
		return "GUEST";
	for (const struct cli_value_list *v = cli_tool->values; v && v->kind; v++)
		if (strstr(verb->operands, v->kind))
			return v->kind;
	return "";
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
	for (size_t i = 0; strstr(verb->operands, "SHELL") && i < ARRAY_SIZE(shells); i++)
		fprintf(out, "%s ", shells[i].name);
}

/* Another verb with the same first word came before. */
static bool is_repeated(size_t i)
{
	const char *name = cli_tool->verbs[i]->name;
	size_t n = strcspn(name, " ");

	return i > 0 && strncmp(cli_tool->verbs[i - 1]->name, name, n) == 0 &&
	       (cli_tool->verbs[i - 1]->name[n] == ' ' || cli_tool->verbs[i - 1]->name[n] == '\0');
}

/* Calls `print` with every verb that has the first word of verb `i`, "policy encode" and "policy decode". */
static void each_of_word(FILE *out, size_t i, void (*print)(FILE *out, const struct cli_verb *verb))
{
	do
		print(out, cli_tool->verbs[i++]);
	while (cli_tool->verbs[i] && is_repeated(i));
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
	for (size_t t = 0; verb->options[t]; t++)
		for (const struct cli_option *o = verb->options[t]; o->name; o++)
			if (o->help)
				fprintf(out, " --%s", o->name);
}

/* The options of the leading tables that take a value, as a pattern: "-c | --connect | --state-dir". */
static void print_leading(FILE *out)
{
	const char *between = "";

	for (size_t t = 0; cli_tool->leading && cli_tool->leading[t]; t++)
		for (const struct cli_option *o = cli_tool->leading[t]; o->name; o++) {
			if (!o->argument || o->flag)
				continue;
			if (o->letter)
				fprintf(out, "%s-%c", between, o->letter);
			if (o->letter)
				between = " | ";
			fprintf(out, "%s--%s", between, o->name);
			between = " | ";
		}
	if (!between[0])
		fputs("--none", out);
}

/* The name of the function that completes: "_snp_launch". */
static const char *function(void)
{
	static char name[64];
	size_t n = (size_t)snprintf(name, sizeof(name), "_%.60s", cli_tool->name);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]))
			name[i] = '_';
	return name;
}

/* In bash: what the value of the last option is. */
static void bash_values(FILE *out, const struct cli_verb *verb)
{
	for (size_t t = 0; verb->options[t]; t++)
		for (const struct cli_option *o = verb->options[t]; o->name; o++) {
			/* An optional value stands behind "=" alone. */
			if (!o->argument)
				continue;
			fprintf(out, "\t\t%.*s:--%s=", (int)strcspn(verb->name, " "), verb->name,
				o->name);
			if (!o->flag)
				fprintf(out, " | %.*s:--%s", (int)strcspn(verb->name, " "),
					verb->name, o->name);
			if (o->letter && !o->flag)
				fprintf(out, " | %.*s:-%c", (int)strcspn(verb->name, " "),
					verb->name, o->letter);
			fprintf(out, ") value=%s ;;\n",
				is_listed(o->argument) ? o->argument
				: is_file(o->argument) ? "FILE"
						       : "none");
		}
}

/* File names are one per line, and may contain blanks. */
static void bash(FILE *out)
{
	fprintf(out,
		"%s_values() {\n"
		"\tcase $1 in\n"
		"\tGUEST) command %s list -aq 2>/dev/null ;;\n"
		"\t*) command %s completion --values \"$1\" 2>/dev/null ;;\n"
		"\tesac\n"
		"}\n"
		"%s",
		function(), cli_tool->name, cli_tool->name, function());
	fprintf(out,
		"() {\n"
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal options= words= values= files= name= value= equals= verb=1 IFS=$' \\t\\n'\n"
		"\tif [ \"$word\" = \"=\" ]; then\n" /* bash parts --option=value */
		"\t\tword= equals=\"=\"\n"
		"\telif [ \"$last\" = \"=\" ]; then\n"
		"\t\tlast=${COMP_WORDS[COMP_CWORD-2]} equals=\"=\"\n"
		"\tfi\n"
		"\twhile [ \"$verb\" -lt \"$COMP_CWORD\" ]; do\n" /* options before it */
		"\t\tcase ${COMP_WORDS[verb]} in\n"
		"\t\t");
	print_leading(out);
	fprintf(out, ") verb=$((verb + 2)) ;;\n"
		     "\t\t-*) verb=$((verb + 1)) ;;\n"
		     "\t\t*) break ;;\n"
		     "\t\tesac\n"
		     "\tdone\n"
		     "\tif [ \"$COMP_CWORD\" -le \"$verb\" ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W '");
	print_first_words(out);
	fprintf(out,
		"' -- \"$word\"))\n\t\treturn\n\tfi\n\tname=${COMP_WORDS[verb]}\n\tcase $name in\n");
	for (size_t i = 0; cli_tool->verbs[i]; i++)
		if (cli_tool->verbs[i]->alias)
			fprintf(out, "\t%s) name=%.*s ;;\n", cli_tool->verbs[i]->alias,
				(int)strcspn(cli_tool->verbs[i]->name, " "),
				cli_tool->verbs[i]->name);
	fputs("\tesac\n\tcase $name in\n", out);
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];

		if (is_repeated(i))
			continue;
		fprintf(out, "\t%.*s) options='--help", (int)strcspn(verb->name, " "), verb->name);
		each_of_word(out, i, print_options);
		fputs("' words='", out);
		print_second_words(out, verb);
		fprintf(out, "' values='%s'%s ;;\n", operand_kind(verb),
			is_file(verb->operands) ? " files=1" : "");
	}
	fprintf(out, "\tesac\n"
		     "\tcase $word in\n"
		     "\t-*)\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
		     "\t\treturn\n"
		     "\t\t;;\n"
		     "\tesac\n"
		     "\tcase $last in\n"
		     "\t-*)\n"
		     "\t\tcase $name:$last$equals in\n");
	for (size_t i = 0; cli_tool->verbs[i]; i++)
		bash_values(out, cli_tool->verbs[i]);
	fprintf(out,
		"\t\tesac\n"
		"\t\t;;\n"
		"\tesac\n"
		"\tif [ -n \"$value\" ]; then\n"
		"\t\twords= values= files=\n"
		"\t\tcase $value in\n"
		"\t\tFILE) files=1 ;;\n"
		"\t\tnone) ;;\n"
		"\t\t*) values=$value ;;\n"
		"\t\tesac\n"
		"\telif [ \"$COMP_CWORD\" = $((verb + 1)) ]; then\n"
		"\t\t[ -z \"$words\" ] || values=\n"
		"\telse\n"
		"\t\twords=\n"
		"\tfi\n"
		"\t[ -z \"$values\" ] || words=\"$words $(%s_values \"$values\")\"\n"
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
		"\tif [ -n \"$files\" ]; then\n"
		"\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\tIFS=$'\\n'\n"
		"\t\tCOMPREPLY+=($(compgen -f -- \"$word\"))\n"
		"\tfi\n"
		"}\n"
		"complete -F %s %s\n",
		function(), function(), cli_tool->name);
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

static void fish_condition(FILE *out, const char *name, int n)
{
	fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %.*s'", cli_tool->name, n,
		name);
}

/* The values of a kind, asked for when they are wanted. */
static void fish_values(FILE *out, const char *listed)
{
	fprintf(out, " -a \"(%s_values %s)\"", function(), listed);
}

static void fish_options(FILE *out, const struct cli_verb *verb, const char *name, int n)
{
	for (size_t t = 0; verb->options[t]; t++)
		for (const struct cli_option *o = verb->options[t]; o->name; o++) {
			if (!o->help)
				continue;
			fish_condition(out, name, n);
			fprintf(out, " -l %s", o->name);
			if (o->letter)
				fprintf(out, " -s %c", o->letter);
			if (o->argument && !o->flag)
				fputs(is_file(o->argument) ? " -r -F" : " -x", out);
			if (o->argument && is_listed(o->argument))
				fish_values(out, o->argument);
			fputc('\n', out);
		}
}

static void fish_verb(FILE *out, const struct cli_verb *verb, const char *name, int n)
{
	const char *listed = operand_kind(verb), *second = verb->name + strcspn(verb->name, " ");

	fprintf(out, "complete -c %s -n %s_needs_verb -a %.*s -d ", cli_tool->name, function(), n,
		name);
	print_quoted(out, verb->summary);
	fputc('\n', out);
	fish_condition(out, name, n);
	fputs(" -l help\n", out);
	/* A second word, and then what that takes. */
	fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %.*s", cli_tool->name, n,
		name);
	if (second[0]) {
		fputs("; and not __fish_seen_subcommand_from ", out);
		print_second_words(out, verb);
	}
	fputs("' -a '", out);
	print_second_words(out, verb);
	fprintf(out, "'%s\n", is_file(verb->operands) ? " -F" : "");
	if (!listed[0])
		return;
	if (second[0])
		fish_condition(out, second + 1, (int)strlen(second + 1));
	else
		fish_condition(out, name, n);
	fish_values(out, listed);
	fputc('\n', out);
}

static void fish(FILE *out)
{
	fprintf(out,
		"function %s_values\n"
		"\tswitch $argv[1]\n"
		"\tcase GUEST\n"
		"\t\tcommand %s list -aq 2>/dev/null\n"
		"\tcase '*'\n"
		"\t\tcommand %s completion --values $argv[1] 2>/dev/null\n"
		"\tend\n"
		"end\n"
		"function %s_needs_verb\n"
		"\tset -l words (commandline -opc)\n"
		"\tset -e words[1]\n"
		"\twhile set -q words[1]\n"
		"\t\tswitch $words[1]\n",
		function(), cli_tool->name, cli_tool->name, function());
	for (size_t t = 0; cli_tool->leading && cli_tool->leading[t]; t++)
		for (const struct cli_option *o = cli_tool->leading[t]; o->name; o++) {
			if (!o->argument || o->flag)
				continue;
			fprintf(out, "\t\tcase --%s", o->name);
			if (o->letter)
				fprintf(out, " -%c", o->letter);
			fputs("\n\t\t\tset -e words[1]\n"
			      "\t\t\tset -q words[1]; and set -e words[1]\n",
			      out);
		}
	fprintf(out,
		"\t\tcase '-*'\n"
		"\t\t\tset -e words[1]\n"
		"\t\tcase '*'\n"
		"\t\t\treturn 1\n"
		"\t\tend\n"
		"\tend\n"
		"end\n"
		"complete -c %s -f\n",
		cli_tool->name);
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];
		const int n = (int)strcspn(verb->name, " ");

		if (!is_repeated(i))
			fish_verb(out, verb, verb->name, n);
		fish_options(out, verb, verb->name, n);
		if (!verb->alias)
			continue;
		fish_verb(out, verb, verb->alias, (int)strlen(verb->alias));
		fish_options(out, verb, verb->alias, (int)strlen(verb->alias));
	}
}

static int print_values(FILE *out, struct snp_error *err)
{
	for (const struct cli_value_list *v = cli_tool->values; v && v->kind; v++) {
		if (strcmp(v->kind, kind) != 0)
			continue;
		v->print(out);
		return 0;
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "there is no list of '%s'", kind);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	if (!kind == !operands[0])
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give either a shell (bash, zsh or fish) or --values");
	if (kind)
		return print_values(out, err);
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
	.operands = "[SHELL]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "print a completion script: bash, zsh or fish",
	.example = "bash",
	.options = tables,
	.run = run,
};
