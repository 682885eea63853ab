// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>

#define MAX_WORDS   24 /* words of a command line that are looked at one by one */
#define MAX_NUMBERS 2  /* of them, those that are the vCPU count */

/* What a reading adds to the command line, at most. */
#define READING_GROWTH 64

/* Readings of one command line. After a failure the others are skipped. */
struct readings {
	struct search *search;
	struct snp_span line;
	uint8_t *buffer; /* for one reading */
	unsigned int n_numbers;
	int r;
	struct snp_error *err;
};

/* What is put around a command line. The first ones are often at its end, or just were, and are tried
 * after another change too. */
#define N_TAILS 10
static const struct {
	const char *before, *after, *text;
} added[] = {
	{"", "\n", "with a line end"},
	{"", " ", "with a blank at its end"},
	{"", " quiet", "with quiet at its end"},
	{"", " splash", "with splash at its end"},
	{"", " ro", "with ro at its end"},
	{"", " rw", "with rw at its end"},
	{"", " console=ttyS0", "with console=ttyS0 at its end"},
	{"", " console=tty0", "with console=tty0 at its end"},
	{"", " nokaslr", "with nokaslr at its end"},
	{"", " debug", "with debug at its end"},
	{"", "\r\n", "with a DOS line end"},
	{"", " \n", "with a blank and a line end"},
	{"", "  ", "with 2 blanks at its end"},
	{"", "   ", "with 3 blanks at its end"},
	{"", "    ", "with 4 blanks at its end"},
	{" ", "", "with a blank at its beginning"},
	{"\"", "\"", "with quotes around it"},
	{"'", "'", "with quotes around it"},
};

static struct snp_span text(const char *s)
{
	return (struct snp_span){(const uint8_t *)s, strlen(s)};
}

static struct snp_span slice(const struct readings *l, size_t from, size_t to)
{
	return (struct snp_span){l->line.data + from, to - from};
}

/* Add the first `n` bytes of the buffer. */
static void add_bytes(struct readings *l, size_t n, unsigned int changes, const char *words)
{
	struct search_part part = {.changes = changes};

	snprintf(part.text, sizeof(part.text), "%.*s", SEARCH_TEXT_SIZE - 1, words);
	if (l->r == 0)
		l->r = sha256_of((struct snp_span){l->buffer, n}, part.sha256, l->err);
	if (l->r == 0)
		l->r = search_add(l->search, SEARCH_CMDLINE, &part, l->err);
}

/* Add a line of `n` bytes, and with one change less than two, the same with each of the tails. */
static void add_line(struct readings *l, size_t n, unsigned int changes, const char *words)
{
	char more[SEARCH_TEXT_SIZE + 64];

	l->buffer[n] = '\0';
	add_bytes(l, n + 1, changes, words);
	for (size_t i = 0; changes < 2 && i < N_TAILS; i++) {
		struct snp_span tail = text(added[i].after + (n == 0 && added[i].after[0] == ' '));

		memcpy(l->buffer + n, tail.data, tail.size);
		snprintf(more, sizeof(more), "%.*s%s%s", SEARCH_TEXT_SIZE - 1, words,
			 changes == 0 ? " " : " and ", added[i].text);
		add_line(l, n + tail.size, changes + 1, more);
	}
}

/* Three pieces after each other. */
__attribute__((format(printf, 6, 7))) static void reading(struct readings *l, struct snp_span a,
							  struct snp_span b, struct snp_span c,
							  unsigned int changes, const char *fmt,
							  ...)
{
	const struct snp_span pieces[] = {a, b, c};
	char words[SEARCH_TEXT_SIZE];
	size_t n = 0;
	va_list args;

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		if (pieces[i].size > 0)
			memcpy(l->buffer + n, pieces[i].data, pieces[i].size);
		n += pieces[i].size;
	}
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	add_line(l, n, changes, words);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* At either end, and at both. */
static void ends(struct readings *l)
{
	const struct snp_span none = {0};
	const uint8_t *s = l->line.data;
	size_t n = l->line.size, first = 0, end = n;

	for (size_t i = N_TAILS; i < ARRAY_SIZE(added); i++)
		reading(l, text(added[i].before), l->line, text(added[i].after), 1,
			"a command line %s", added[i].text);
	reading(l, none, none, none, 1, "an empty command line");
	while (first < n && is_blank(s[first]))
		first++;
	while (end > first && is_blank(s[end - 1]))
		end--;
	reading(l, slice(l, 0, end), none, none, 1, "a command line without blanks at its end");
	reading(l, slice(l, first, n), none, none, 1,
		"a command line without blanks at its beginning");
	reading(l, slice(l, first, end), none, none, 1, "a command line without blanks around it");
	if (n >= 2 && s[0] == s[n - 1] && (s[0] == '"' || s[0] == '\''))
		reading(l, slice(l, 1, n - 1), none, none, 1,
			"a command line without the quotes around it");
	reading(l, l->line, none, none, 0, "a command line");
	memset(l->buffer, 0, n + 2);
	if (n > 0)
		memcpy(l->buffer, s, n);
	add_bytes(l, n, 1, "a command line hashed without its closing NUL");
	add_bytes(l, n + 2, 1, "a command line hashed with two NULs at its end");
}

/* "nr_cpus=4" of a guest with 4 vCPUs: it changes together with the vCPU count. */
static void numbers(struct readings *l, size_t word, size_t end)
{
	const uint8_t *equals = memchr(l->line.data + word, '=', end - word);
	size_t at = equals ? (size_t)(equals - l->line.data) + 1 : end;
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, l->search->stated->vcpus.count);
	if (strlen(number) != end - at || memcmp(number, l->line.data + at, end - at) != 0 ||
	    l->n_numbers++ == MAX_NUMBERS)
		return;
	for (uint32_t n = 1; n <= l->search->max_vcpus && n <= 512; n++) {
		snprintf(number, sizeof(number), "%" PRIu32, n);
		reading(l, slice(l, 0, at), text(number), slice(l, end, l->line.size), 3,
			"a command line with %.*s%s", (int)(at - word < 100 ? at - word : 100),
			(const char *)l->line.data + word, number);
	}
}

static void words(struct readings *l)
{
	const struct snp_span none = {0};
	size_t n = l->line.size, end;
	unsigned int count = 0;

	for (size_t at = 0; at < n && count < MAX_WORDS; at = end) {
		const char *word = (const char *)l->line.data + at;
		size_t next, from = at;
		int shown;

		for (end = at; end < n && !is_blank(l->line.data[end]);)
			end++;
		if (end == at) {
			end++;
			continue;
		}
		count++;
		shown = (int)(end - at < 100 ? end - at : 100);
		for (next = end; next < n && is_blank(l->line.data[next]);)
			next++;
		if (next == n) { /* of the last word, the blank before it */
			next = end;
			from = at > 0 ? at - 1 : 0;
		}
		reading(l, slice(l, 0, from), slice(l, next, n), none, 1,
			"a command line without %.*s", shown, word);
		reading(l, slice(l, 0, at), text(" "), slice(l, at, n), 1,
			"a command line with another blank before %.*s", shown, word);
		numbers(l, at, end);
	}
}

static void single_blanks(struct readings *l)
{
	const uint8_t *s = l->line.data;
	size_t n = 0;

	for (size_t i = 0; i < l->line.size; i++)
		if (i == 0 || !is_blank(s[i]) || !is_blank(s[i - 1]))
			l->buffer[n++] = s[i];
	add_line(l, n, 1, "a command line with single blanks");
}

static int add_readings(struct search *search, struct snp_span cmdline, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *buffer = malloc(cmdline.size + READING_GROWTH);
	struct readings l = {.search = search, .line = cmdline, .buffer = buffer, .err = err};

	if (!buffer)
		return out_of_memory(err);
	ends(&l);
	single_blanks(&l);
	words(&l);
	return l.r;
}

int search_add_mistakes(struct search *search, const struct snp_span *cmdline,
			struct snp_error *err)
{
	const struct search_part off = {.text = "kernel hashes off", .changes = 1};
	struct search_part no_initrd = {.text = "no initrd", .changes = 1};
	int r;

	if (!search->stated->kernel_hashes)
		return 0;
	memcpy(no_initrd.sha256, sha256_of_nothing, SNP_SHA256_SIZE);
	r = search_add(search, SEARCH_KERNEL, &off, err);
	if (r == 0)
		r = search_add(search, SEARCH_INITRD, &no_initrd, err);
	return r < 0 || !cmdline ? r : add_readings(search, *cmdline, err);
}
