// SPDX-License-Identifier: Apache-2.0
/*
 * snp-measure: precomputes what the secure processor of an AMD SEV-SNP machine will report of a guest.
 *
 *	snp-measure [VERB] [OPTION]… [OPERAND]…
 */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>

#include <snp/cleanup.h>

#include "option.h"
#include "output.h"
#include "verb.h"

#define X(name) &verb_##name,
static const struct cli_verb *const verbs[] = {CLI_VERBS(X)};
#undef X

/* How many elements of argv, from the second, are the verb's name; 0 if they are another. */
static int match(const struct cli_verb *verb, int argc, char **argv)
{
	const char *rest = verb->name;

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

static int find_verb(int argc, char **argv, const struct cli_verb **ret, int *ret_words,
		     struct snp_error *err)
{
	char names[512] = "";

	if (argc < 2 || argv[1][0] == '-') {
		*ret = verbs[0];
		*ret_words = 0;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		size_t n = strlen(names);

		*ret_words = match(verbs[i], argc, argv);
		if (*ret_words > 0) {
			*ret = verbs[i];
			return 0;
		}
		snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", verbs[i]->name);
	}
	return snp_fail(err, SNP_E_USAGE, SNP_NO_OFFSET, "'%s' is no verb; there are %s", argv[1],
			names);
}

static void print_help(FILE *out, const struct cli_verb *verb, bool named)
{
	if (named) {
		fprintf(out, "usage: %s %s [OPTION]…%s%s\n\n%s\n\n", CLI_NAME, verb->name,
			verb->operands[0] ? " " : "", verb->operands, verb->summary);
	} else {
		fprintf(out, "usage: %s [VERB] [OPTION]… [OPERAND]…\n\n", CLI_NAME);
		for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
			fprintf(out, "  %-20s  %s\n", verbs[i]->name, verbs[i]->summary);
		fprintf(out,
			"\nWithout a verb: %s. '%s VERB --help' has the options of the others.\n\n",
			verb->name, CLI_NAME);
	}
	cli_print_options(verb, out);
}

static int answer(int argc, char **argv, FILE *out, struct snp_error *err)
{
	const struct cli_verb *verb;
	enum cli_request request;
	char *const *operands;
	int r, words;

	r = find_verb(argc, argv, &verb, &words, err);
	if (r < 0)
		return r;
	r = cli_parse(verb, argc - words, argv + words, &request, &operands, err);
	if (r < 0)
		return r;
	if (request == CLI_HELP)
		print_help(out, verb, words > 0);
	else if (request == CLI_VERSION)
		fprintf(out, "%s %s\n", CLI_NAME, SNP_VERSION);
	if (request != CLI_RUN)
		return 0;
	if (!verb->uses_keys && !getenv("OPENSSL_CONF"))
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

int main(int argc, char **argv)
{
	_cleanup_(freep)
	char *text = NULL;
	size_t size = 0;
	struct snp_error err = {0};
	FILE *out;
	int r;

	hold_standard_descriptors();
	out = open_memstream(&text, &size);
	r = out ? answer(argc, argv, out, &err) : 0;
	if (!out || fclose(out) != 0)
		r = snp_fail(&err, SNP_E_NO_MEMORY, SNP_NO_OFFSET, "out of memory");
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
