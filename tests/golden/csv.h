/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CSV_H
#define CSV_H

#include <stddef.h>

/* A table of comma-separated values (RFC 4180) with a line of names. */
#define CSV_COLUMNS 32
#define CSV_ROWS    1024

struct csv {
	char *text; /* cut into cells */
	char *cells[CSV_ROWS][CSV_COLUMNS];
	size_t n_rows; /* with the names, which are row 0 */
};

/* Exits, saying why, if `path` is no such table. */
void csv_read(const char *path, struct csv *ret);

/* The cell of a row (from 1) under a name; exits if there is no such column. */
const char *csv_cell(const struct csv *csv, size_t row, const char *name);

#endif
