// SPDX-License-Identifier: Apache-2.0
#include "explain_hashes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>

#include "explain_cmdline.h"

#define MAX_CHANGES 3
#define MAX_TABLES  (1u << 17)

void explain_hashes_done(struct explain_hashes *hashes)
{
	for (size_t i = 0; i < EXPLAIN_KINDS; i++)
		free(hashes->parts[i].list);
	free(hashes->tables);
	*hashes = (struct explain_hashes){0};
}

/* Where a part of this hash is known, or would be. */
static uint16_t *place(struct explain_parts *parts, const uint8_t sha256[static SNP_SHA256_SIZE])
{
	size_t at = ((size_t)sha256[0] << 8 | sha256[1]) % ARRAY_SIZE(parts->known);

	while (parts->known[at] != 0 &&
	       memcmp(parts->list[parts->known[at] - 1].sha256, sha256, SNP_SHA256_SIZE) != 0)
		at = (at + 1) % ARRAY_SIZE(parts->known);
	return &parts->known[at];
}

static int make_room(struct explain_parts *parts, struct snp_error *err)
{
	size_t capacity = parts->capacity > 0 ? 2 * parts->capacity : 64;
	struct explain_part *grown;

	if (parts->n < parts->capacity)
		return 0;
	grown = reallocarray(parts->list, capacity, sizeof(*grown));
	if (!grown)
		return out_of_memory(err);
	parts->list = grown;
	parts->capacity = capacity;
	return 0;
}

int explain_part_add(struct explain_parts *parts, size_t max, const char *text,
		     const uint8_t sha256[static SNP_SHA256_SIZE], unsigned int changes,
		     struct snp_error *err)
{
	uint16_t *known = place(parts, sha256);
	struct explain_part *part;
	int r;

	if (*known != 0)
		return 0;
	if (parts->n > max || parts->n == EXPLAIN_MAX_PARTS)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "more than %zu kernels or initrds to try; give fewer candidates",
				 max);
	r = make_room(parts, err);
	if (r < 0)
		return r;
	part = &parts->list[parts->n++];
	*part = (struct explain_part){.changes = changes};
	snprintf(part->text, sizeof(part->text), "%s", text);
	memcpy(part->sha256, sha256, SNP_SHA256_SIZE);
	*known = (uint16_t)parts->n;
	return 0;
}

/* Returns 1 where there is no room, which ends the walk. */
static int add_reading(void *arg, const char *text, unsigned int changes, struct snp_span hashed,
		       struct snp_error *err)
{
	struct explain_hashes *hashes = arg;
	struct explain_parts *parts = &hashes->parts[EXPLAIN_CMDLINE];
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = sha256_of(hashed, sha256, err);

	if (r < 0)
		return r;
	hashes->is_cut = parts->n == EXPLAIN_MAX_PARTS && *place(parts, sha256) == 0;
	if (hashes->is_cut)
		return 1;
	return explain_part_add(parts, EXPLAIN_MAX_PARTS, text, sha256, changes, err);
}

int explain_cmdline_add(struct explain_hashes *hashes, struct snp_span cmdline,
			struct snp_error *err)
{
	int r = explain_cmdline_readings(cmdline, add_reading, hashes, err);

	return r < 0 ? r : 0;
}

static int add_table(struct explain_hashes *hashes, const struct explain_table *table,
		     struct snp_error *err)
{
	size_t capacity = hashes->capacity > 0 ? 2 * hashes->capacity : 64;
	struct explain_table *grown;

	if (hashes->n == MAX_TABLES) {
		hashes->is_cut = true;
		return 0;
	}
	if (hashes->n == hashes->capacity) {
		grown = reallocarray(hashes->tables, capacity, sizeof(*grown));
		if (!grown)
			return out_of_memory(err);
		hashes->tables = grown;
		hashes->capacity = capacity;
	}
	hashes->tables[hashes->n++] = *table;
	return 0;
}

/* All tables of a kernel and an initrd with so many changes. */
static int add_lines(struct explain_hashes *hashes, size_t kernel, size_t initrd,
		     unsigned int changes, struct snp_error *err)
{
	const struct explain_part *k = &hashes->parts[EXPLAIN_KERNEL].list[kernel];
	const struct explain_part *i = &hashes->parts[EXPLAIN_INITRD].list[initrd];
	const struct explain_parts *lines = &hashes->parts[EXPLAIN_CMDLINE];
	int r = 0;

	for (size_t l = 0; r == 0 && l < lines->n; l++) {
		struct explain_table table = {
			.parts = {(uint16_t)kernel, (uint16_t)initrd, (uint16_t)l},
			.changes = changes};

		if (k->changes + i->changes + lines->list[l].changes != changes)
			continue;
		memcpy(table.hashes.kernel, k->sha256, SNP_SHA256_SIZE);
		memcpy(table.hashes.initrd, i->sha256, SNP_SHA256_SIZE);
		memcpy(table.hashes.cmdline, lines->list[l].sha256, SNP_SHA256_SIZE);
		r = add_table(hashes, &table, err);
	}
	return r;
}

int explain_hashes_combine(struct explain_hashes *hashes, struct snp_error *err)
{
	static const struct explain_table off = {.off = true, .changes = 1};
	int r = add_table(hashes, &off, err);

	for (unsigned int changes = 1; changes <= MAX_CHANGES; changes++)
		for (size_t k = 0; k < hashes->parts[EXPLAIN_KERNEL].n; k++)
			for (size_t i = 0; r == 0 && i < hashes->parts[EXPLAIN_INITRD].n; i++)
				r = add_lines(hashes, k, i, changes, err);
	return r;
}

void explain_table_text(const struct explain_hashes *hashes, size_t table,
			char ret[static EXPLAIN_TEXT_SIZE])
{
	const struct explain_table *t = &hashes->tables[table];
	size_t n = 0;

	snprintf(ret, EXPLAIN_TEXT_SIZE, "%s", t->off ? "kernel hashes off" : "");
	for (size_t i = 0; i < EXPLAIN_KINDS; i++) {
		if (t->parts[i] == 0)
			continue;
		snprintf(ret + n, EXPLAIN_TEXT_SIZE - n, "%s%s", n > 0 ? " and " : "",
			 hashes->parts[i].list[t->parts[i]].text);
		n = strlen(ret);
	}
}
