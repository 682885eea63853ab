// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/key.h>
#include <snp/key_guard.h>
#include <snp/nearest.h>
#include <snp/tool.h>

/* How many elements of argv, from the second, are `name`; 0 if they are another. */
static int match(const char *name, int argc, char **argv)
{
	const char *rest = name;

	for (int i = 1; i < argc; i++) {
		size_t n = strcspn(rest, " ");

		if (strncmp(argv[i], rest, n) != 0 || argv[i][n] != '\0')
			return 0;
		if (rest[n] == '\0')
			return i;
		rest += n + 1;
	}
	return 0;
}

#define MAX_WORDS 96

/* What may stand as the first word of a command, or as the second. */
struct words {
	char text[MAX_WORDS][24];
	const char *list[MAX_WORDS + 1];
	size_t n;
};

/* Of the command `name` add the word after `first`, or its own first word if that is NULL. */
static void add_word(struct words *words, const char *name, const char *first)
{
	const size_t skip = first ? strlen(first) : 0;

	if (words->n == MAX_WORDS || !name ||
	    (first && (strncmp(name, first, skip) != 0 || name[skip] != ' ')))
		return;
	name += first ? skip + 1 : 0;
	snprintf(words->text[words->n], sizeof(words->text[0]), "%.*s", (int)strcspn(name, " "),
		 name);
	words->list[words->n] = words->text[words->n];
	words->n++;
}

static void add_words(struct words *words, const char *first)
{
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		add_word(words, cli_tool->verbs[i]->name, first);
		add_word(words, cli_tool->verbs[i]->alias, first);
	}
}

static int refuse_verb(int argc, char **argv, struct snp_error *err)
{
	struct words words = {0};
	char given[128], list[256] = "";
	const char *near;

	/* Which options a verb has is not known here, but an answer in JSON was asked for. */
	for (int i = 1; i < argc; i++)
		cli_json |= strcmp(argv[i], "--json") == 0;
	add_words(&words, argv[1]);
	if (words.n == 0) {
		add_words(&words, NULL);
		near = nearest_word(argv[1], words.list);
		if (!near)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "unknown command '%s'; see '%s --help'", argv[1],
					 cli_tool->name);
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "unknown command '%s'; did you mean '%s'?", argv[1], near);
	}
	for (size_t i = 0, n = 0; i < words.n && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "",
				      words.list[i]);
	if (argc < 3 || argv[2][0] == '-')
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "'%s' needs a second word: %s",
				 argv[1], list);
	near = nearest_word(argv[2], words.list);
	snprintf(given, sizeof(given), "%s %s", argv[1], argv[2]);
	if (!near)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "unknown command '%s'; '%s' takes %s", given, argv[1], list);
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "unknown command '%s'; did you mean '%s %s'?", given, argv[1], near);
}

static int find_verb(int argc, char **argv, const struct cli_verb **ret, int *ret_words,
		     struct snp_error *err)
{
	if (argc < 2 || argv[1][0] == '-') {
		*ret = cli_tool->default_verb;
		*ret_words = 0;
		return 0;
	}
	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const struct cli_verb *verb = cli_tool->verbs[i];

		*ret_words = match(verb->name, argc, argv);
		if (*ret_words == 0 && verb->alias)
			*ret_words = match(verb->alias, argc, argv);
		if (*ret_words > 0) {
			*ret = verb;
			return 0;
		}
	}
	return refuse_verb(argc, argv, err);
}

/* The verbs that begin with `first`, or all if that is NULL. How many there are. */
static size_t print_verbs(FILE *out, const char *first)
{
	const size_t skip = first ? strlen(first) : 0;
	size_t n = 0;

	for (size_t i = 0; cli_tool->verbs[i]; i++) {
		const char *name = cli_tool->verbs[i]->name;

		if (first && (strncmp(name, first, skip) != 0 || name[skip] != ' '))
			continue;
		if (first && n == 0)
			fprintf(out, "usage: %s %s COMMAND [OPTION]…\n\n", cli_tool->name, first);
		fprintf(out, "  %-20s  ", name);
		cli_print_wrapped(out, 24, cli_tool->verbs[i]->summary);
		n++;
	}
	return n;
}

/* "id-block --help": the help of several verbs that share their first word. */
static bool print_group(int argc, char **argv, FILE *out)
{
	return argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0) &&
	       print_verbs(out, argv[1]) > 0;
}

static void print_help(FILE *out, const struct cli_verb *verb, bool named)
{
	if (named) {
		fprintf(out, "usage: %s %s [OPTION]…%s%s\n\n", cli_tool->name, verb->name,
			verb->operands[0] ? " " : "", verb->operands);
		cli_print_wrapped(out, 0, verb->summary);
		fputc('\n', out);
	} else {
		fprintf(out, "usage: %s %s [OPTION]… [OPERAND]…\n\n", cli_tool->name,
			verb->summary ? "[VERB]" : "VERB");
		print_verbs(out, NULL);
		fputc('\n', out);
		if (verb->summary)
			fprintf(out, "Without a verb: %s.\n", verb->summary);
		fprintf(out, "See '%s VERB --help' for the options of a verb.\n\n", cli_tool->name);
	}
	cli_print_options(verb, out);
	if (verb->example)
		fprintf(out, "\nExample:\n  %s %s%s%s\n", cli_tool->name, verb->name,
			verb->example[0] ? " " : "", verb->example);
	if (verb->more_help)
		verb->more_help(out);
}

/* How many elements of argv the leading option at `*argv` takes; 0 if it is none. Names may be shortened, as behind
 * the verb. */
static int leading_option(char **argv)
{
	const char *name = argv[0];
	const bool is_long = strncmp(name, "--", 2) == 0;
	const size_t n = strcspn(is_long ? name + 2 : name, "=");
	const struct cli_option *found = NULL;

	for (size_t t = 0; cli_tool->leading[t]; t++)
		for (const struct cli_option *o = cli_tool->leading[t]; o->name; o++)
			if (is_long ? n > 1 && strncmp(o->name, name + 2, n) == 0
				    : name[0] == '-' && name[1] && name[1] == o->letter) {
				if (found)
					return 0;
				found = o;
			}
	if (!found)
		return 0;
	return found->argument && argv[1] && (is_long ? !name[2 + n] : !name[2]) ? 2 : 1;
}

/* "-c URI list": let the words of the verb change places with the options before it. */
static int put_verb_first(int argc, char **argv, struct snp_error *err)
{
	const struct cli_verb *verb;
	int n = 1, taken, words, r;
	char *word;

	while (n < argc && (taken = leading_option(argv + n)) > 0) {
		cli_json |= strcmp(argv[n], "--json") == 0;
		n += taken;
	}
	if (n == 1 || n >= argc || argv[n][0] == '-')
		return 0;
	r = find_verb(argc - n + 1, argv + n - 1, &verb, &words, err);
	for (int i = 0; r == 0 && i < words; i++) {
		word = argv[n + i];
		memmove(argv + 2 + i, argv + 1 + i, (size_t)(n - 1) * sizeof(*argv));
		argv[1 + i] = word;
	}
	return r;
}

static int answer(int argc, char **argv, FILE *out, struct snp_error *err)
{
	const struct cli_verb *verb = cli_tool->default_verb;
	enum cli_request request;
	char *const *operands;
	int r, words = 0;

	if (cli_tool->leading) {
		r = put_verb_first(argc, argv, err);
		if (r < 0)
			return r;
	}
	if (print_group(argc, argv, out))
		return 0;
	r = find_verb(argc, argv, &verb, &words, err);
	if (r < 0)
		return r;
	r = cli_parse(verb, argc - words, argv + words, &request, &operands, err);
	if (r < 0)
		return r;
	if (request == CLI_HELP)
		print_help(out, verb, words > 0);
	else if (request == CLI_VERSION)
		fprintf(out, "%s %s\n", cli_tool->name, SNP_VERSION);
	if (request != CLI_RUN)
		return 0;
	if (verb->uses_keys)
		key_clear_freed();
	else if (!getenv("OPENSSL_CONF"))
		OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	return verb->run(out, operands, err);
}

/* Files opened later must not become standard output or error because the caller closed those. Opened in
 * the wrong direction, so that writing to a closed stdout is still an error. */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	closep(&fd);
}

/* Not SIG_IGN, which commands that are run would inherit. */
static void over_the_limit(int number)
{
	(void)number;
}

int cli_main(const struct cli_tool *tool, int argc, char **argv)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	struct snp_error err = {0};
	FILE *out;
	bool whole;
	int r;

	cli_tool = tool;
	hold_standard_descriptors();
	/* Writing beyond the file size limit must fail, and not end the process. */
	signal(SIGXFSZ, over_the_limit);
	out = open_memstream(&text, &size);
	r = out ? answer(argc, argv, out, &err) : 0;
	/* Only here a memory stream reports that it could not grow. */
	whole = out && !ferror(out);
	if (out && fclose(out) != 0)
		whole = false;
	if (!whole)
		r = out_of_memory(&err);
	if (r >= 0) {
		int w = cli_write_stdout(text, size, &err);

		r = w < 0 ? w : r;
	}
	if (r < 0) {
		cli_print_error(&err);
		return (int)snp_code_class(err.code);
	}
	cli_print_warnings();
	return r;
}
