// SPDX-License-Identifier: Apache-2.0
#include "explain_cmdline.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

#define MAX_CONSOLES 4 /* 24 orders */

/* A reading under construction; room for the stated line and a little more. */
struct draft {
	uint8_t *bytes;
	size_t size;
	struct snp_span stated;
	explain_reading visit;
	void *arg;
};

static void start(struct draft *d)
{
	d->size = 0;
}

static void add(struct draft *d, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(d->bytes + d->size, bytes, size);
	d->size += size;
}

/* Hand over the draft with its closing NUL, unless it is the stated line. */
static int tell(struct draft *d, const char *text, struct snp_error *err)
{
	if (d->size == d->stated.size && memcmp(d->bytes, d->stated.data, d->size) == 0)
		return 0;
	d->bytes[d->size] = '\0';
	return d->visit(d->arg, text, (struct snp_span){d->bytes, d->size + 1}, err);
}

static int around(struct draft *d, const char *before, const char *after, const char *text,
		  struct snp_error *err)
{
	start(d);
	add(d, before, strlen(before));
	add(d, d->stated.data, d->stated.size);
	add(d, after, strlen(after));
	return tell(d, text, err);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int trimmed(struct draft *d, bool front, bool back, const char *text, struct snp_error *err)
{
	size_t first = 0, end = d->stated.size;

	while (front && first < end && is_blank(d->stated.data[first]))
		first++;
	while (back && end > first && is_blank(d->stated.data[end - 1]))
		end--;
	start(d);
	add(d, d->stated.data + first, end - first);
	return tell(d, text, err);
}

static int single_blanks(struct draft *d, struct snp_error *err)
{
	start(d);
	for (size_t i = 0; i < d->stated.size; i++)
		if (i == 0 || !is_blank(d->stated.data[i]) || !is_blank(d->stated.data[i - 1]))
			add(d, &d->stated.data[i], 1);
	return tell(d, "a command line with single blanks", err);
}

static int unquoted(struct draft *d, struct snp_error *err)
{
	const uint8_t *s = d->stated.data;
	size_t n = d->stated.size;

	if (n < 2 || s[0] != s[n - 1] || (s[0] != '"' && s[0] != '\''))
		return 0;
	start(d);
	add(d, s + 1, n - 2);
	return tell(d, "a command line without the quotes around it", err);
}

/* The NUL is not one of the draft's bytes; these two differ in nothing else. */
static int other_nuls(struct draft *d, struct snp_error *err)
{
	int r;

	start(d);
	add(d, d->stated.data, d->stated.size);
	add(d, "\0", 2);
	r = d->visit(d->arg, "a command line hashed with two NULs at its end",
		     (struct snp_span){d->bytes, d->size}, err);
	if (r < 0)
		return r;
	return d->visit(d->arg, "a command line hashed without its closing NUL",
			(struct snp_span){d->bytes, d->stated.size}, err);
}

struct consoles {
	struct snp_span at[MAX_CONSOLES];
	size_t n;
	size_t order[MAX_CONSOLES];
};

static void find_consoles(struct snp_span s, struct consoles *ret)
{
	ret->n = 0;
	for (size_t i = 0, end; i < s.size && ret->n < MAX_CONSOLES; i = end + 1) {
		for (end = i; end < s.size && s.data[end] != ' '; end++)
			;
		if (end - i > 8 && memcmp(s.data + i, "console=", 8) == 0)
			ret->at[ret->n++] = (struct snp_span){s.data + i, end - i};
	}
}

static int reordered(struct draft *d, const struct consoles *c, struct snp_error *err)
{
	const uint8_t *from = d->stated.data;

	start(d);
	for (size_t i = 0; i < c->n && i < MAX_CONSOLES; i++) {
		add(d, from, (size_t)(c->at[i].data - from));
		add(d, c->at[c->order[i]].data, c->at[c->order[i]].size);
		from = c->at[i].data + c->at[i].size;
	}
	add(d, from, d->stated.size - (size_t)(from - d->stated.data));
	return tell(d, "a command line with its console arguments in another order", err);
}

/* All orders of the consoles from place `k` on. */
static int permute(struct draft *d, struct consoles *c, size_t k, struct snp_error *err)
{
	int r = 0;

	if (k == MAX_CONSOLES || k == c->n)
		return reordered(d, c, err);
	for (size_t i = k; r == 0 && i < c->n && i < MAX_CONSOLES; i++) {
		size_t kept = c->order[k];

		c->order[k] = c->order[i];
		c->order[i] = kept;
		r = permute(d, c, k + 1, err);
		c->order[i] = c->order[k];
		c->order[k] = kept;
	}
	return r;
}

static int consoles_reordered(struct draft *d, struct snp_error *err)
{
	struct consoles c = {.order = {0, 1, 2, 3}};

	find_consoles(d->stated, &c);
	return c.n < 2 ? 0 : permute(d, &c, 0, err);
}

static int readings(struct draft *d, struct snp_error *err)
{
	static const struct {
		const char *before, *after, *text;
	} additions[] = {
		{"", "\n", "a command line with a line end"},
		{"", "\r\n", "a command line with a DOS line end"},
		{"", " ", "a command line with a blank at its end"},
		{" ", "", "a command line with a blank at its beginning"},
		{"\"", "\"", "a command line with quotes around it"},
		{"'", "'", "a command line with quotes around it"},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(additions); i++)
		r = around(d, additions[i].before, additions[i].after, additions[i].text, err);
	if (r == 0)
		r = trimmed(d, false, true, "a command line without blanks at its end", err);
	if (r == 0)
		r = trimmed(d, true, false, "a command line without blanks at its beginning", err);
	if (r == 0)
		r = trimmed(d, true, true, "a command line without blanks around it", err);
	if (r == 0)
		r = single_blanks(d, err);
	if (r == 0)
		r = unquoted(d, err);
	if (r == 0)
		r = other_nuls(d, err);
	if (r == 0)
		r = consoles_reordered(d, err);
	start(d);
	return r < 0 ? r : tell(d, "an empty command line", err);
}

int explain_cmdline_readings(struct snp_span cmdline, explain_reading visit, void *arg,
			     struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = malloc(cmdline.size + 8);
	struct draft draft = {.bytes = bytes, .stated = cmdline, .visit = visit, .arg = arg};

	if (!bytes)
		return snp_no_memory(err);
	return readings(&draft, err);
}
