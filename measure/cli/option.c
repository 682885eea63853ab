// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/nearest.h>
#include <snp/tool.h>

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

static bool wants_help, wants_version;

static const struct cli_option common_options[] = {
	{"help", 'h', .help = "print this help", .flag = &wants_help},
	{"version", .help = "print the version", .flag = &wants_version},
	{0},
};

/* Options of all tables of a verb stand in one array; getopt's `val` is the index plus this, clear of
 * every letter. */
#define FIRST_VAL   256
#define MAX_OPTIONS 128

/* --help: what an option means stands from this column on. */
#define HELP_COLUMN 32
#define HELP_WIDTH  80

struct parser {
	const struct cli_option *option[MAX_OPTIONS];
	struct option getopt[MAX_OPTIONS + 1];
	char letters[2 * MAX_OPTIONS + 2];
	bool given[MAX_OPTIONS];
	int count;
};

static void add_table(struct parser *p, const struct cli_option *table)
{
	size_t n = strlen(p->letters);

	for (; table->name && p->count < MAX_OPTIONS; table++, p->count++) {
		p->option[p->count] = table;
		p->getopt[p->count] = (struct option){
			.name = table->name,
			.has_arg = !table->argument ? no_argument
				   : table->flag    ? optional_argument
						    : required_argument,
			.val = FIRST_VAL + p->count,
		};
		if (table->letter) {
			p->letters[n++] = table->letter;
			if (table->argument)
				p->letters[n++] = ':';
			p->letters[n] = '\0';
		}
	}
}

/* The leading ':' tells a missing value from an unknown option, and keeps getopt from printing. */
static void parser_init(struct parser *p, const struct cli_verb *verb)
{
	memset(p, 0, sizeof(*p));
	p->letters[0] = ':';
	for (size_t i = 0; verb->options[i]; i++)
		add_table(p, verb->options[i]);
	add_table(p, common_options);
}

static const struct cli_option *find(const struct parser *p, int val)
{
	if (val >= FIRST_VAL && val < FIRST_VAL + p->count)
		return p->option[val - FIRST_VAL];
	for (int i = 0; i < p->count; i++)
		if (val != 0 && p->option[i]->letter == val)
			return p->option[i];
	return NULL;
}

int cli_parse_number(const char *text, const char *what, uint64_t *ret, struct snp_error *err)
{
	static const struct {
		char letter;
		uint8_t base;
	} prefixes[] = {{'x', 16}, {'o', 8}, {'b', 2}};
	uint64_t value = 0, base = 10;
	const char *s = text;
	bool overflow = false;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes) && base == 10; i++)
		if (s[0] == '0' && (s[1] | 0x20) == prefixes[i].letter) {
			base = prefixes[i].base;
			s += 2;
		}
	for (const char *first = s; *s || s == first; s++) {
		static const char digits[] = "0123456789abcdef";
		char lower = (char)(*s >= 'A' && *s <= 'Z' ? *s | 0x20 : *s);
		const char *digit = lower ? memchr(digits, lower, base) : NULL;

		if (!digit)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "%s: '%s' is not a number; write it as 4 or 0x4", what,
					 text);
		overflow |= __builtin_mul_overflow(value, base, &value) ||
			    __builtin_add_overflow(value, (uint64_t)(digit - digits), &value);
	}
	if (overflow)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "%s: '%s' does not fit in 64 bits", what, text);
	*ret = value;
	return 0;
}

/* The option that was given before and has its value in the same place, under this name or another. */
static const struct cli_option *given_before(const struct parser *p, const struct cli_option *o)
{
	for (int i = 0; i < p->count; i++)
		if (p->given[i] && ((o->text && p->option[i]->text == o->text) ||
				    (o->number && p->option[i]->number == o->number)))
			return p->option[i];
	return NULL;
}

static int take(struct parser *p, const struct cli_option *o, const char *value,
		struct snp_error *err)
{
	const struct cli_option *before = given_before(p, o);
	char what[64];

	snprintf(what, sizeof(what), "--%s", o->name);
	if (before == o)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s: given twice", what);
	if (before)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "%s: --%s means the same; give one", what, before->name);
	for (int i = 0; i < p->count; i++)
		p->given[i] |= p->option[i] == o;
	if (o->flag)
		*o->flag = true;
	if (o->text)
		*o->text = value;
	if (o->values) {
		if (o->values->count == CLI_MAX_VALUES)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "%s: given more than %u times", what, CLI_MAX_VALUES);
		o->values->value[o->values->count++] = value;
	}
	if (o->number) {
		o->number->given = true;
		return cli_parse_number(value, what, &o->number->value, err);
	}
	return 0;
}

/* The given name is not an option: it is short for several, or mistyped. */
static int refuse_unknown(const struct cli_verb *verb, const struct parser *p, const char *given,
			  struct snp_error *err)
{
	const char *name = given + strspn(given, "-"), *names[MAX_OPTIONS + 1] = {0}, *near;
	const int n = (int)strcspn(name, "=");
	char word[64], list[512] = "";
	int n_short = 0;

	snprintf(word, sizeof(word), "%.*s", n, name);
	for (int i = 0; i < p->count; i++) {
		const size_t at = strlen(list);

		names[i] = p->option[i]->name;
		if (n > 1 && strncmp(names[i], word, (size_t)n) == 0)
			snprintf(list + at, sizeof(list) - at, "%s--%s", n_short++ ? ", " : "",
				 names[i]);
	}
	if (n_short > 1)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "ambiguous option --%s: %s", word,
				 list);
	near = nearest_word(word, names);
	if (near)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "unknown option '%.*s'; did you mean '--%s'?",
				 (int)(name - given) + n, given, near);
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "unknown option '%.*s'; see '%s %s --help'", (int)(name - given) + n,
			 given, cli_tool->name, verb->name);
}

/* getopt has just stopped at an element of argv: a long option is the one before `optind`, a letter may
 * stand in the middle of one, where `optopt` names it. */
static int refuse(const struct cli_verb *verb, const struct parser *p, int why, char **argv,
		  struct snp_error *err)
{
	const struct cli_option *o = find(p, optopt);
	const char *given = argv[optind - 1];
	char letter[] = {'-', (char)optopt, '\0'};

	if (why == ':' && o)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--%s needs a value: --%s=%s",
				 o->name, o->name, o->argument);
	if (o)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--%s takes no value", o->name);
	return refuse_unknown(verb, p, optopt ? letter : given, err);
}

/* `operands` are of argv: getopt puts a "--" before them all. */
static int check_operands(const struct cli_verb *verb, unsigned int n, char *const operands[],
			  struct snp_error *err)
{
	if (n < verb->min_operands)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "'%s' needs an operand: %s %s %s",
				 verb->name, cli_tool->name, verb->name, verb->operands);
	if (verb->takes_command && n > 1 && strcmp(operands[-1], "--") != 0)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "unexpected operand '%s'; put a command to run after '--': "
				 "%s %s %s",
				 operands[1], cli_tool->name, verb->name, verb->operands);
	if (n > verb->max_operands)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "unexpected operand '%s' for '%s'", operands[verb->max_operands],
				 verb->name);
	return 0;
}

/* A message may begin as an option does ("-accel kvm: ..."). */
static void strip_dashes(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (argv[i][0] == '-' && strchr(argv[i], ' '))
			argv[i] += strspn(argv[i], "-");
}

int cli_parse(const struct cli_verb *verb, int argc, char **argv, enum cli_request *ret_request,
	      char *const **ret_operands, struct snp_error *err)
{
	struct parser p;
	int val, r;

	parser_init(&p, verb);
	/* Options may stand behind operands here, whatever the environment says. */
	unsetenv("POSIXLY_CORRECT");
	if (verb->takes_text)
		strip_dashes(argc, argv);
	/* Known before the first complaint, which is to be an object then. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		for (int k = 0; k < p.count; k++)
			if (p.option[k]->flag == &cli_json && strcmp(argv[i], "--json") == 0)
				cli_json = true;
	while ((val = getopt_long(argc, argv, p.letters, p.getopt, NULL)) != -1) {
		const struct cli_option *o = find(&p, val);

		if (!o)
			return refuse(verb, &p, val, argv, err);
		r = take(&p, o, optarg, err);
		if (r < 0)
			return r;
	}
	*ret_request = wants_help ? CLI_HELP : wants_version ? CLI_VERSION : CLI_RUN;
	if (*ret_request == CLI_RUN) {
		r = check_operands(verb, (unsigned int)(argc - optind), argv + optind, err);
		if (r < 0)
			return r;
	}
	*ret_operands = argv + optind;
	return 0;
}

void cli_print_wrapped(FILE *out, int column, const char *text)
{
	int at = column;

	while (*text) {
		const int n = (int)strcspn(text, " "), blank = at > column;
		int width = 0;

		for (int i = 0; i < n; i++)
			width += (text[i] & 0xc0) != 0x80;
		if (blank && at + 1 + width > HELP_WIDTH) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		} else if (blank) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", n, text);
		at += width;
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

void cli_print_options(const struct cli_verb *verb, FILE *out)
{
	struct parser p;

	parser_init(&p, verb);
	for (int i = 0; i < p.count; i++) {
		const struct cli_option *o = p.option[i];
		bool optional = o->flag && o->argument;
		char name[64];
		int n;

		if (!o->help)
			continue;
		n = snprintf(name, sizeof(name), "%s%c%s--%s%s%s%s%s", o->letter ? "-" : " ",
			     o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			     optional ? "[" : "", o->argument ? "=" : "",
			     o->argument ? o->argument : "", optional ? "]" : "");
		if (n > 28)
			fprintf(out, "  %s\n%*s", name, HELP_COLUMN, "");
		else
			fprintf(out, "  %-28s  ", name);
		cli_print_wrapped(out, HELP_COLUMN, o->help);
	}
}
