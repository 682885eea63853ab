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

const struct cli_tool *cli_tool;

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

#define MAX_VERBS 64

/* If the verb `name` has `word` as the first of two words, add the second to the list in `ret`. */
static void add_second_word(const char *name, const char *word, char *ret, size_t size)
{
	size_t n = strlen(word), used = strlen(ret);

	if (strncmp(name, word, n) == 0 && name[n] == ' ')
		snprintf(ret + used, size - used, "%s%s", used > 0 ? ", " : "", name + n + 1);
}

static int find_verb(int argc, char **argv, const struct cli_verb **ret, int *ret_words,
		     struct snp_error *err)
{
	const char *names[MAX_VERBS + 1] = {0}, *near;
	char given[128], seconds[256] = "";

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
		if (i < MAX_VERBS)
			names[i] = verb->name;
		add_second_word(verb->name, argv[1], seconds, sizeof(seconds));
	}
	if (seconds[0] && (argc < 3 || argv[2][0] == '-'))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "'%s' needs a second word: %s",
				 argv[1], seconds);
	snprintf(given, sizeof(given), "%s%s%s", argv[1], seconds[0] ? " " : "",
		 seconds[0] ? argv[2] : "");
	near = nearest_word(given, names);
	if (near)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "unknown command '%s'; did you mean '%s'?", given, near);
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "unknown command '%s'; see '%s --help'",
			 given, cli_tool->name);
}

static void print_help(FILE *out, const struct cli_verb *verb, bool named)
{
	if (named) {
		fprintf(out, "usage: %s %s [OPTION]…%s%s\n\n", cli_tool->name, verb->name,
			verb->operands[0] ? " " : "", verb->operands);
		cli_print_wrapped(out, 0, verb->summary);
		fputc('\n', out);
	} else {
		fprintf(out, "usage: %s [VERB] [OPTION]… [OPERAND]…\n\n", cli_tool->name);
		for (size_t i = 0; cli_tool->verbs[i]; i++) {
			fprintf(out, "  %-20s  ", cli_tool->verbs[i]->name);
			cli_print_wrapped(out, 24, cli_tool->verbs[i]->summary);
		}
		fprintf(out, "\nWithout a verb: %s.\nSee '%s VERB --help' for its options.\n\n",
			verb->summary, cli_tool->name);
	}
	cli_print_options(verb, out);
	if (verb->example)
		fprintf(out, "\nExample:\n  %s %s%s%s\n", cli_tool->name, verb->name,
			verb->example[0] ? " " : "", verb->example);
	if (verb->more_help)
		verb->more_help(out);
}

static int answer(int argc, char **argv, FILE *out, struct snp_error *err)
{
	const struct cli_verb *verb = cli_tool->default_verb;
	enum cli_request request;
	char *const *operands;
	int r, words = 0;

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
		OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return verb->run(out, operands, err);
}

/* Files opened later must not become standard output or error because the caller closed those.
 * Opened the wrong way round, so that writing to a closed stdout stays the error that it is. */
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
	/* A file over the limit of the process is a failure to write, and not its end. */
	signal(SIGXFSZ, over_the_limit);
	out = open_memstream(&text, &size);
	r = out ? answer(argc, argv, out, &err) : 0;
	/* A stream into memory that could not grow says so here alone. */
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
