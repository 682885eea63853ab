// SPDX-License-Identifier: Apache-2.0
#include "csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/file.h>

static void give_up(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	exit(1);
}

/* Cut the cell at `at` off, unquoted in place; returns the separator that stood after it. */
static char cut(char **at, char **ret_cell)
{
	char *in = *at, *out = *at, separator;

	*ret_cell = out;
	if (*in == '"') {
		for (in++; *in && (*in != '"' || in[1] == '"'); in++) {
			in += *in == '"';
			*out++ = *in;
		}
		in += *in == '"';
	} else {
		while (*in && *in != ',' && *in != '\n' && *in != '\r')
			*out++ = *in++;
	}
	if (*in == '\r')
		in++;
	separator = *in;
	*out = '\0';
	*at = in + (separator != '\0');
	return separator;
}

void csv_read(const char *path, struct csv *ret)
{
	struct snp_error err;
	uint8_t *bytes;
	size_t size;
	char *at;

	if (file_read(path, SNP_MAX_CONFIG, &bytes, &size, &err) < 0)
		give_up(path, err.message);
	*ret = (struct csv){.text = (char *)bytes};
	for (at = ret->text; *at; ret->n_rows++) {
		size_t column = 0;
		char separator = ',';

		if (ret->n_rows == CSV_ROWS)
			give_up(path, "too many rows");
		while (separator == ',') {
			if (column == CSV_COLUMNS - 1)
				give_up(path, "too many columns");
			separator = cut(&at, &ret->cells[ret->n_rows][column++]);
		}
		if (separator != '\n' && separator != '\0')
			give_up(path, "not comma-separated values");
	}
}

const char *csv_cell(const struct csv *csv, size_t row, const char *name)
{
	for (size_t i = 0; csv->cells[0][i]; i++)
		if (strcmp(csv->cells[0][i], name) == 0)
			return csv->cells[row][i] ? csv->cells[row][i] : "";
	give_up(name, "no such column");
	return NULL;
}
