// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/sha.h>

#define MAX_WORDS      24  /* words of a command line that are looked at one by one */
#define MAX_NUMBERS    2   /* of them, those that are the vCPU count */
#define MAX_COUNTS     512 /* vCPU counts for which a command line is written anew */
#define READING_GROWTH 64  /* what a reading adds to the command line, at most */

/* Readings of one command line. After a failure the others are skipped. */
struct readings {
	struct search *search;
	struct snp_span line;
	uint8_t *buffer;     /* for one reading */
	uint32_t vcpu_count; /* that it names; 0: none */
	unsigned int n_numbers;
	int r;
	struct snp_error *err;
};

/* What is often at the end of a command line, or just was; tried after another change too. */
static const struct {
	const char *bytes, *text;
} tails[] = {
	{"\n", "with a line end"},
	{" ", "with a blank at its end"},
	{" quiet", "with quiet at its end"},
	{" splash", "with splash at its end"},
	{" ro", "with ro at its end"},
	{" rw", "with rw at its end"},
	{" console=ttyS0", "with console=ttyS0 at its end"},
	{" console=tty0", "with console=tty0 at its end"},
	{" nokaslr", "with nokaslr at its end"},
	{" debug", "with debug at its end"},
};

static struct snp_span text(const char *s)
{
	return (struct snp_span){(const uint8_t *)s, strlen(s)};
}

static struct snp_span slice(const struct readings *l, size_t from, size_t to)
{
	return (struct snp_span){l->line.data + from, to - from};
}

static void add_bytes(struct readings *l, struct snp_span bytes, unsigned int changes,
		      const char *words)
{
	struct search_part part = {.changes = changes, .vcpu_count = l->vcpu_count};

	snprintf(part.text, sizeof(part.text), "%.*s", SEARCH_TEXT_SIZE - 1, words);
	if (l->r == 0)
		l->r = sha256_of(bytes, part.hash, l->err);
	if (l->r == 0)
		l->r = search_add(l->search, SEARCH_CMDLINE, &part, l->err);
}

/* Add a line of `n` bytes, and with less than two changes the same with each of the tails, but not for each
 * vCPU count. */
static void add_line(struct readings *l, size_t n, unsigned int changes, const char *words)
{
	char more[SEARCH_TEXT_SIZE + 64];

	l->buffer[n] = '\0';
	add_bytes(l, (struct snp_span){l->buffer, n + 1}, changes, words);
	for (size_t i = 0; changes < 2 && l->vcpu_count == 0 && i < ARRAY_SIZE(tails); i++) {
		struct snp_span tail = text(tails[i].bytes + (n == 0 && tails[i].bytes[0] == ' '));

		memcpy(l->buffer + n, tail.data, tail.size);
		snprintf(more, sizeof(more), "%.*s%s%s", SEARCH_TEXT_SIZE - 1, words,
			 changes == 0 ? " " : " and ", tails[i].text);
		add_line(l, n + tail.size, changes + 1, more);
	}
}

/* Three pieces after each other; said in `words`, and the first 120 bytes of `word`. */
static void reading(struct readings *l, struct snp_span a, struct snp_span b, struct snp_span c,
		    const char *words, struct snp_span word)
{
	char said[SEARCH_TEXT_SIZE];
	uint8_t *at = l->buffer;

	at = mempcpy(at, a.data, a.size);
	at = mempcpy(at, b.data, b.size);
	at = mempcpy(at, c.data, c.size);
	snprintf(said, sizeof(said), "%s%.*s", words, (int)(word.size < 120 ? word.size : 120),
		 (const char *)word.data);
	add_line(l, (size_t)(at - l->buffer), 1, said);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the blanks, or the other bytes, at `at` end. */
static size_t skip(const struct readings *l, size_t at, bool blanks)
{
	while (at < l->line.size && is_blank(l->line.data[at]) == blanks)
		at++;
	return at;
}

/* At either end, and at both. */
static void ends(struct readings *l)
{
	const uint8_t *s = l->line.data;
	const size_t n = l->line.size, first = skip(l, 0, true);
	const size_t quote = n >= 2 && s[0] == s[n - 1] && (s[0] == '"' || s[0] == '\'');
	size_t end = n;

	while (end > first && is_blank(s[end - 1]))
		end--;
	/* The bytes from one place to another, and what is put around them. */
	const struct {
		size_t from, to;
		const char *before, *after, *text;
	} changed[] = {
		{0, n, "", "\r\n", "a command line with a DOS line end"},
		{0, n, "", " \n", "a command line with a blank and a line end"},
		{0, n, "", "  ", "a command line with 2 blanks at its end"},
		{0, n, "", "   ", "a command line with 3 blanks at its end"},
		{0, n, "", "    ", "a command line with 4 blanks at its end"},
		{0, n, " ", "", "a command line with a blank at its beginning"},
		{0, n, "\"", "\"", "a command line with quotes around it"},
		{0, n, "'", "'", "a command line with quotes around it"},
		{0, 0, "", "", "an empty command line"},
		{0, end, "", "", "a command line without blanks at its end"},
		{first, n, "", "", "a command line without blanks at its beginning"},
		{first, end, "", "", "a command line without blanks around it"},
		{quote, n - quote, "", "", "a command line without the quotes around it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		reading(l, text(changed[i].before), slice(l, changed[i].from, changed[i].to),
			text(changed[i].after), changed[i].text, text(""));
	memcpy(l->buffer, s, n);
	add_line(l, n, 0, "a command line");
	memset(l->buffer + n, 0, 2);
	add_bytes(l, (struct snp_span){l->buffer, n}, 1,
		  "a command line hashed without its closing NUL");
	add_bytes(l, (struct snp_span){l->buffer, n + 2}, 1,
		  "a command line hashed with two NULs at its end");
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
	for (uint32_t n = 1; n <= l->search->max_vcpus && n <= MAX_COUNTS; n++) {
		snprintf(number, sizeof(number), "%" PRIu32, n);
		l->vcpu_count = n;
		reading(l, slice(l, 0, at), text(number), slice(l, end, l->line.size),
			"a command line with ",
			(struct snp_span){l->buffer + word, at - word + strlen(number)});
	}
	l->vcpu_count = 0;
}

static void words(struct readings *l)
{
	const size_t n = l->line.size;
	size_t next, count = 0;

	for (size_t at = skip(l, 0, true); at < n && count < MAX_WORDS; at = next, count++) {
		const size_t end = skip(l, at, false);

		next = skip(l, end, true);
		/* The last word is removed with the blank before it, any other with the blanks after it. */
		reading(l, slice(l, 0, next == n && at > 0 ? at - 1 : at),
			slice(l, next == n ? end : next, n), text(""), "a command line without ",
			slice(l, at, end));
		reading(l, slice(l, 0, at), text(" "), slice(l, at, n),
			"a command line with another blank before ", slice(l, at, end));
		numbers(l, at, end);
	}
}

static void single_blanks(struct readings *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->line.size; i++)
		if (i == 0 || !is_blank(l->line.data[i]) || !is_blank(l->line.data[i - 1]))
			l->buffer[n++] = l->line.data[i];
	add_line(l, n, 1, "a command line with single blanks");
}

/* The template for each vCPU count. */
static void counts(struct readings *l)
{
	char said[64];

	for (uint32_t n = 1; l->r == 0 && n <= l->search->max_vcpus && n <= MAX_COUNTS; n++) {
		_cleanup_(freep) char *line = expand_vcpu_count(l->search->template, n);

		l->vcpu_count = n;
		snprintf(said, sizeof(said), "the command line for %" PRIu32 " vCPUs", n);
		if (line)
			add_bytes(l, (struct snp_span){text(line).data, strlen(line) + 1}, 1, said);
		else
			l->r = out_of_memory(l->err);
	}
	l->vcpu_count = 0;
}

int search_add_mistakes(struct search *search, struct snp_span cmdline, struct snp_error *err)
{
	struct search_part off = {.text = "kernel hashes off", .changes = 1};
	struct search_part no_initrd = {.text = "no initrd", .changes = 1};
	_cleanup_(freep) uint8_t *buffer = malloc(cmdline.size + READING_GROWTH);
	struct readings l = {.search = search, .line = cmdline, .buffer = buffer, .err = err};

	if (!search->stated->kernel_hashes)
		return 0;
	if (!buffer)
		return out_of_memory(err);
	memcpy(no_initrd.hash, sha256_of_nothing, SNP_SHA256_SIZE);
	l.r = search_add(search, SEARCH_KERNEL, &off, err);
	if (l.r == 0)
		l.r = search_add(search, SEARCH_INITRD, &no_initrd, err);
	if (!cmdline.data)
		return l.r;
	if (search->template)
		counts(&l);
	ends(&l);
	single_blanks(&l);
	words(&l);
	return l.r;
}
