/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_CLI_COLUMNS_H
#define LAUNCHER_CLI_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <snp/error.h>

/* The table of `list`: which columns, and what stands in them. */

enum column {
	COLUMN_NAME,
	COLUMN_STATE,
	COLUMN_MEMORY,
	COLUMN_VCPUS,
	COLUMN_UPTIME,
	COLUMN_AUTOSTART,
	COLUMN_BOUND_BY,
	COLUMN_DIGEST,
	COLUMN_POLICY,
	COLUMN_UUID,
	COLUMN_CREATED,
	COLUMN_VSOCK,
	COLUMN_ADDRESSES,
	COLUMN_LABELS,
	COLUMNS
};

extern const char *const column_names[COLUMNS + 1]; /* as --format takes them */

struct columns {
	size_t n;
	enum column column[COLUMNS];
};

/* Without --format. */
extern const struct columns default_columns;

/* "name,state,memory": each at most once. Errors: SNP_E_USAGE. */
SNP_MUST_USE int columns_parse(const char *format, struct columns *ret, struct snp_error *err);

/* "4GiB", "1536MiB"; "12s", "5m", "3h12m", "12d4h". */
#define COLUMN_TEXT 24
const char *memory_text(uint64_t kib, char ret[static COLUMN_TEXT]);
const char *uptime_text(uint64_t seconds, char ret[static COLUMN_TEXT]);

/* Rows of cells, printed when all are there, so that each column is as wide as it must be. */
struct table;
struct table *table_new(const struct columns *columns);
void table_free(struct table *table);

/* A new row; `cells` has a text, harmless for a terminal, for each kind of column. Copied. */
SNP_MUST_USE int table_add(struct table *table, const char *const cells[static COLUMNS],
			   struct snp_error *err);

/* With a line of headings. Names are cut so that a row takes `width` columns; 0: they are not. With `colour`, states
 * are coloured. */
void table_print(const struct table *table, FILE *out, size_t width, bool colour);

/* The colour of a state's name, and the end of any colour. */
const char *state_colour(const char *state);
#define COLOUR_END "\033[0m"

#endif
