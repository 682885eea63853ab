// SPDX-License-Identifier: Apache-2.0
#include "cli/columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/nearest.h>

const char *const column_names[COLUMNS + 1] = {
	[COLUMN_NAME] = "name",
	[COLUMN_STATE] = "state",
	[COLUMN_MEMORY] = "memory",
	[COLUMN_VCPUS] = "vcpus",
	[COLUMN_UPTIME] = "uptime",
	[COLUMN_AUTOSTART] = "autostart",
	[COLUMN_BOUND_BY] = "bound-by",
	[COLUMN_DIGEST] = "digest",
	[COLUMN_POLICY] = "policy",
	[COLUMN_UUID] = "uuid",
	[COLUMN_CREATED] = "created",
	[COLUMN_VSOCK] = "vsock",
	[COLUMN_ADDRESSES] = "addresses",
	[COLUMN_LABELS] = "labels",
	[COLUMNS] = NULL,
};

static const char *const headings[COLUMNS] = {
	"NAME",	  "STATE",  "MEMORY", "VCPUS",	 "UPTIME", "AUTOSTART", "BOUND BY",
	"DIGEST", "POLICY", "UUID",   "CREATED", "VSOCK",  "ADDRESSES", "LABELS",
};

const struct columns default_columns = {7,
					{COLUMN_NAME, COLUMN_STATE, COLUMN_MEMORY, COLUMN_VCPUS,
					 COLUMN_UPTIME, COLUMN_AUTOSTART, COLUMN_BOUND_BY}};

static int add_column(const char *word, struct columns *ret, struct snp_error *err)
{
	const char *near;
	size_t i = 0;

	while (i < COLUMNS && strcmp(column_names[i], word) != 0)
		i++;
	if (i == COLUMNS) {
		near = nearest_word(word, column_names);
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--format: unknown column '%.40s'%s%s%s", word,
				 near ? "; did you mean '" : "; see 'snp-launch list --help'",
				 near ? near : "", near ? "'?" : "");
	}
	for (size_t k = 0; k < ret->n; k++)
		if (ret->column[k] == i)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "--format: column '%s' is given twice", word);
	ret->column[ret->n++] = (enum column)i;
	return 0;
}

int columns_parse(const char *format, struct columns *ret, struct snp_error *err)
{
	struct columns columns = {0};
	char word[64];
	int r = 0;

	for (const char *at = format; r == 0; at++) {
		const size_t n = strcspn(at, ",");

		snprintf(word, sizeof(word), "%.*s", (int)(n < 63 ? n : 63), at);
		r = add_column(word, &columns, err);
		at += n;
		if (!*at)
			break;
	}
	if (r < 0)
		return r;
	*ret = columns;
	return 0;
}

const char *memory_text(uint64_t kib, char ret[static COLUMN_TEXT])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	for (; kib > 0 && kib % 1024 == 0 && i + 1 < ARRAY_SIZE(units); i++)
		kib /= 1024;
	snprintf(ret, COLUMN_TEXT, "%" PRIu64 "%s", kib, units[i]);
	return ret;
}

const char *uptime_text(uint64_t seconds, char ret[static COLUMN_TEXT])
{
	const uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days >= 100)
		snprintf(ret, COLUMN_TEXT, "%" PRIu64 "d", days);
	else if (days > 0)
		snprintf(ret, COLUMN_TEXT, "%" PRIu64 "d%" PRIu64 "h", days, hours % 24);
	else if (hours > 0)
		snprintf(ret, COLUMN_TEXT, "%" PRIu64 "h%" PRIu64 "m", hours, minutes % 60);
	else if (minutes > 0)
		snprintf(ret, COLUMN_TEXT, "%" PRIu64 "m", minutes);
	else
		snprintf(ret, COLUMN_TEXT, "%" PRIu64 "s", seconds);
	return ret;
}

struct table {
	struct columns columns;
	size_t n, width[COLUMNS]; /* in characters */
	char **cells;		  /* a row after the other, each of columns.n */
};

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

struct table *table_new(const struct columns *columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = *columns;
	for (size_t i = 0; i < columns->n; i++)
		table->width[i] = strlen(headings[columns->column[i]]);
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

int table_add(struct table *table, const char *const cells[static COLUMNS], struct snp_error *err)
{
	for (size_t i = 0; i < table->columns.n; i++) {
		const char *text = cells[table->columns.column[i]];
		const size_t width = characters(text);

		if (!grow(&table->cells, table->n, sizeof(*table->cells)) ||
		    !(table->cells[table->n] = strdup(text)))
			return out_of_memory(err);
		table->n++;
		if (width > table->width[i])
			table->width[i] = width;
	}
	return 0;
}

const char *state_colour(const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = {
		{"running", "\033[32m"},  {"crashed", "\033[31m"},   {"incomplete", "\033[31m"},
		{"absent", "\033[31m"},	  {"paused", "\033[33m"},    {"stopping", "\033[33m"},
		{"creating", "\033[33m"}, {"replacing", "\033[33m"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (strcmp(state, colours[i].state) == 0)
			return colours[i].colour;
	return "";
}

#define GAP	 2
#define MIN_NAME 8

/* How wide the names may be. */
static size_t name_width(const struct table *table, size_t width)
{
	size_t others = 0;

	for (size_t i = 0; i < table->columns.n; i++)
		if (table->columns.column[i] != COLUMN_NAME)
			others += table->width[i] + GAP;
	return width > others + MIN_NAME ? width - others : MIN_NAME;
}

static void print_cell(FILE *out, const char *text, size_t width, const char *colour, bool is_last)
{
	const size_t n = characters(text);

	if (n > width) /* a name, which is ASCII */
		fprintf(out, "%.*s…", (int)width - 1, text);
	else
		fprintf(out, "%s%s%s", colour, text, *colour ? COLOUR_END : "");
	if (!is_last)
		fprintf(out, "%*s", (int)(n > width ? GAP : width - n + GAP), "");
}

void table_print(const struct table *table, FILE *out, size_t width, bool colour)
{
	const size_t n = table->columns.n, names = width ? name_width(table, width) : SIZE_MAX;

	for (size_t row = 0; row <= table->n / n; row++) {
		for (size_t i = 0; i < n; i++) {
			const enum column column = table->columns.column[i];
			const char *text =
				row == 0 ? headings[column] : table->cells[(row - 1) * n + i];
			const size_t w = column == COLUMN_NAME && table->width[i] > names
						 ? names
						 : table->width[i];

			print_cell(out, text, w,
				   colour && row > 0 && column == COLUMN_STATE ? state_colour(text)
									       : "",
				   i + 1 == n);
		}
		fputc('\n', out);
	}
}
