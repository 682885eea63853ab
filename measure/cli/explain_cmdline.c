// SPDX-License-Identifier: Apache-2.0
#include "explain_cmdline.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#define MAX_CONSOLES 4	 /* 24 orders */
#define MAX_PLACES   64	 /* where another blank is tried */
#define MAX_GROWTH   8	 /* bytes that one change adds, and the closing NULs */
#define TEXT_SIZE    480 /* of one change */
#define WORD_SIZE    100 /* of an argument that is quoted */

struct line {
	uint8_t *bytes;
	size_t size;
	unsigned int nuls; /* hashed behind the bytes */
	const char *text;  /* what became of the line before it */
};

/* lines[0] is the stated one, and each the one before it with one change. */
struct walk {
	struct line lines[EXPLAIN_CMDLINE_CHANGES + 1];
	unsigned int depth, target;
	explain_reading visit;
	void *arg;
};

static const struct line *from(const struct walk *w)
{
	return &w->lines[w->depth];
}

/* The line under construction, empty. */
static struct line *start(struct walk *w)
{
	struct line *to = &w->lines[w->depth + 1];

	to->size = 0;
	to->nuls = from(w)->nuls;
	return to;
}

static void add(struct line *to, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(to->bytes + to->size, bytes, size);
	to->size += size;
}

static int tell(struct walk *w, const char *text, struct snp_error *err)
{
	const struct line *line = &w->lines[w->depth + 1];

	memset(line->bytes + line->size, 0, line->nuls);
	return w->visit(w->arg, text, w->target,
			(struct snp_span){line->bytes, line->size + line->nuls}, err);
}

static int tell_changes(struct walk *w, struct snp_error *err)
{
	char text[EXPLAIN_CMDLINE_CHANGES * TEXT_SIZE];
	size_t n = 0;

	for (unsigned int i = 1; i <= w->target; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
				      i > 1 ? ", then " : "a command line ", w->lines[i].text);
	return tell(w, text, err);
}

static int change_all(struct walk *w, struct snp_error *err);

/* The line under construction is complete: `text` says what became of the one before it. */
static int changed(struct walk *w, const char *text, struct snp_error *err)
{
	const struct line *before = from(w);
	struct line *to = &w->lines[w->depth + 1];
	int r;

	if (to->nuls == before->nuls && to->size == before->size &&
	    memcmp(to->bytes, before->bytes, to->size) == 0)
		return 0;
	to->text = text;
	if (w->depth + 1 == w->target)
		return tell_changes(w, err);
	w->depth++;
	r = change_all(w, err);
	w->depth--;
	return r;
}

static int around(struct walk *w, const char *before, const char *after, const char *text,
		  struct snp_error *err)
{
	struct line *to = start(w);

	add(to, before, strlen(before));
	add(to, from(w)->bytes, from(w)->size);
	add(to, after, strlen(after));
	return changed(w, text, err);
}

static int additions(struct walk *w, struct snp_error *err)
{
	static const struct {
		const char *before, *after, *text;
	} list[] = {
		{"", "\n", "with a line end"},
		{"", "\r\n", "with a DOS line end"},
		{"", " ", "with a blank at its end"},
		{"", "  ", "with 2 blanks at its end"},
		{"", "   ", "with 3 blanks at its end"},
		{"", "    ", "with 4 blanks at its end"},
		{" ", "", "with a blank at its beginning"},
		{"\"", "\"", "with quotes around it"},
		{"'", "'", "with quotes around it"},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(list); i++)
		r = around(w, list[i].before, list[i].after, list[i].text, err);
	return r;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int trimmed(struct walk *w, bool front, bool back, const char *text, struct snp_error *err)
{
	const struct line *line = from(w);
	size_t first = 0, end = line->size;

	while (front && first < end && is_blank(line->bytes[first]))
		first++;
	while (back && end > first && is_blank(line->bytes[end - 1]))
		end--;
	add(start(w), line->bytes + first, end - first);
	return changed(w, text, err);
}

static int single_blanks(struct walk *w, struct snp_error *err)
{
	const struct line *line = from(w);
	struct line *to = start(w);

	for (size_t i = 0; i < line->size; i++)
		if (i == 0 || !is_blank(line->bytes[i]) || !is_blank(line->bytes[i - 1]))
			add(to, &line->bytes[i], 1);
	return changed(w, "with single blanks", err);
}

static int unquoted(struct walk *w, struct snp_error *err)
{
	const uint8_t *s = from(w)->bytes;
	size_t n = from(w)->size;

	if (n < 2 || s[0] != s[n - 1] || (s[0] != '"' && s[0] != '\''))
		return 0;
	add(start(w), s + 1, n - 2);
	return changed(w, "without the quotes around it", err);
}

static int other_nuls(struct walk *w, struct snp_error *err)
{
	struct line *to = start(w);
	int r;

	if (to->nuls != 1)
		return 0;
	add(to, from(w)->bytes, from(w)->size);
	to->nuls = 2;
	r = changed(w, "hashed with two NULs at its end", err);
	if (r != 0)
		return r;
	to->nuls = 0;
	return changed(w, "hashed without its closing NUL", err);
}

/* The argument that begins at `at`. */
static struct snp_span argument(const struct line *line, size_t at)
{
	size_t end = at;

	while (end < line->size && !is_blank(line->bytes[end]))
		end++;
	return (struct snp_span){line->bytes + at, end - at};
}

static void quote(char *text, size_t size, struct snp_span word)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, " %.*s", (int)(word.size < WORD_SIZE ? word.size : WORD_SIZE),
		 (const char *)word.data);
}

struct consoles {
	struct snp_span at[MAX_CONSOLES];
	size_t n;
	size_t order[MAX_CONSOLES];
};

static void find_consoles(const struct line *line, struct consoles *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < line->size && ret->n < MAX_CONSOLES; i++) {
		struct snp_span word = argument(line, i);

		if (word.size > 8 && memcmp(word.data, "console=", 8) == 0)
			ret->at[ret->n++] = word;
		i += word.size;
	}
}

static int reordered(struct walk *w, const struct consoles *c, struct snp_error *err)
{
	char text[TEXT_SIZE] = "with its console arguments in the order";
	const uint8_t *rest = from(w)->bytes;
	struct line *to = start(w);

	for (size_t i = 0; i < c->n && i < MAX_CONSOLES; i++) {
		struct snp_span word = c->at[c->order[i]];

		add(to, rest, (size_t)(c->at[i].data - rest));
		add(to, word.data, word.size);
		rest = c->at[i].data + c->at[i].size;
		quote(text, sizeof(text), word);
	}
	add(to, rest, from(w)->size - (size_t)(rest - from(w)->bytes));
	return changed(w, text, err);
}

/* All orders of the consoles from place `k` on. */
static int permute(struct walk *w, struct consoles *c, size_t k, struct snp_error *err)
{
	int r = 0;

	if (k == MAX_CONSOLES || k == c->n)
		return reordered(w, c, err);
	for (size_t i = k; r == 0 && i < c->n && i < MAX_CONSOLES; i++) {
		size_t kept = c->order[k];

		c->order[k] = c->order[i];
		c->order[i] = kept;
		r = permute(w, c, k + 1, err);
		c->order[i] = c->order[k];
		c->order[k] = kept;
	}
	return r;
}

static int consoles_reordered(struct walk *w, struct snp_error *err)
{
	struct consoles c = {.order = {0, 1, 2, 3}};

	find_consoles(from(w), &c);
	return c.n < 2 ? 0 : permute(w, &c, 0, err);
}

static int double_blanks(struct walk *w, struct snp_error *err)
{
	const struct line *line = from(w);
	unsigned int places = 0;
	int r = 0;

	for (size_t i = 1; r == 0 && i < line->size && places < MAX_PLACES; i++) {
		char text[TEXT_SIZE] = "with another blank before";
		struct line *to = start(w);

		if (line->bytes[i - 1] != ' ' || is_blank(line->bytes[i]))
			continue;
		places++;
		add(to, line->bytes, i);
		add(to, " ", 1);
		add(to, line->bytes + i, line->size - i);
		quote(text, sizeof(text), argument(line, i));
		r = changed(w, text, err);
	}
	return r;
}

static int change_all(struct walk *w, struct snp_error *err)
{
	static int (*const changes[])(struct walk *, struct snp_error *) = {
		additions, single_blanks, unquoted, other_nuls, consoles_reordered, double_blanks};
	int r = trimmed(w, false, true, "without blanks at its end", err);

	if (r == 0)
		r = trimmed(w, true, false, "without blanks at its beginning", err);
	if (r == 0)
		r = trimmed(w, true, true, "without blanks around it", err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(changes); i++)
		r = changes[i](w, err);
	return r;
}

/* An empty line is one change, whatever was stated, and nothing is made of it. */
static int emptied(struct walk *w, struct snp_error *err)
{
	start(w);
	return from(w)->size > 0 ? tell(w, "an empty command line", err) : 0;
}

static int walk(struct walk *w, struct snp_span cmdline, uint8_t *bytes, size_t room,
		struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(w->lines); i++)
		w->lines[i].bytes = bytes + i * room;
	add(&w->lines[0], cmdline.data, cmdline.size);
	w->lines[0].nuls = 1;
	for (w->target = 1; r == 0 && w->target <= EXPLAIN_CMDLINE_CHANGES; w->target++) {
		if (w->target == 1)
			r = emptied(w, err);
		if (r == 0)
			r = change_all(w, err);
	}
	return r;
}

int explain_cmdline_readings(struct snp_span cmdline, explain_reading visit, void *arg,
			     struct snp_error *err)
{
	const size_t room = cmdline.size + (EXPLAIN_CMDLINE_CHANGES + 1) * MAX_GROWTH;
	_cleanup_(freep) uint8_t *bytes = calloc(EXPLAIN_CMDLINE_CHANGES + 1, room);
	struct walk w = {.visit = visit, .arg = arg};

	if (!bytes)
		return out_of_memory(err);
	return walk(&w, cmdline, bytes, room, err);
}
