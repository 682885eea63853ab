// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

#include "cli/columns.h"

static const struct format {
	const char *name, *format;
	int status;
	const char *columns; /* by their numbers */
} formats[] = {
	{"one", "name", 0, "0 "},
	{"several, in their order", "uuid,name,state", 0, "9 0 1 "},
	{"all",
	 "name,state,memory,vcpus,uptime,autostart,bound-by,digest,policy,uuid,created,vsock,addresses,"
	 "labels",
	 0, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 "},
	{"twice", "name,state,name", -SNP_E_USAGE, ""},
	{"nothing", "", -SNP_E_USAGE, ""},
	{"nothing at the end", "name,", -SNP_E_USAGE, ""},
	{"nothing at the start", ",name", -SNP_E_USAGE, ""},
	{"a blank", "name, state", -SNP_E_USAGE, ""},
	{"the start of a name", "nam", -SNP_E_USAGE, ""},
	{"a heading", "NAME", -SNP_E_USAGE, ""},
	{"a control character", "na\033me", -SNP_E_USAGE, ""},
	{"more than a word can be",
	 "nameeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee,state",
	 -SNP_E_USAGE, ""},
};

static void check_format(void **state)
{
	const struct format *row = *state;
	struct columns columns = {0};
	struct snp_error err = {0};
	char found[64] = "";

	assert_int_equal(columns_parse(row->format, &columns, &err), row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_null(strchr(err.message, '\033'));
	for (size_t i = 0; i < columns.n; i++)
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%d ",
			 (int)columns.column[i]);
	assert_string_equal(found, row->columns);
}

static const struct number {
	const char *name;
	const char *(*print)(uint64_t value, char ret[static COLUMN_TEXT]);
	uint64_t value;
	const char *text;
} numbers[] = {
	{"no memory", memory_text, 0, "0KiB"},
	{"KiB", memory_text, 1000, "1000KiB"},
	{"MiB", memory_text, 262144, "256MiB"},
	{"one and a half GiB", memory_text, 1572864, "1536MiB"},
	{"GiB", memory_text, 4194304, "4GiB"},
	{"the largest", memory_text, UINT64_MAX, "18446744073709551615KiB"},
	{"now", uptime_text, 0, "0s"},
	{"a minute less one", uptime_text, 59, "59s"},
	{"a minute", uptime_text, 60, "1m"},
	{"an hour less one", uptime_text, 3599, "59m"},
	{"an hour", uptime_text, 3600, "1h0m"},
	{"a day less one", uptime_text, 86399, "23h59m"},
	{"a day", uptime_text, 86400, "1d0h"},
	{"a year", uptime_text, 31536000, "365d"},
};

static void check_number(void **state)
{
	const struct number *row = *state;
	char text[COLUMN_TEXT];

	assert_string_equal(row->print(row->value, text), row->text);
}

static const struct shape {
	const char *name;
	struct columns columns;
	size_t width;
	bool colour;
	const char *text;
} shapes[] = {
	{"as wide as it must be",
	 {2, {COLUMN_NAME, COLUMN_STATE}},
	 0,
	 false,
	 "NAME                  STATE\na                     off\na-guest-of-some-name  running\n"},
	{"names are cut",
	 {2, {COLUMN_NAME, COLUMN_STATE}},
	 19,
	 false,
	 "NAME        STATE\na           off\na-guest-o…  running\n"},
	{"a narrow terminal",
	 {2, {COLUMN_NAME, COLUMN_STATE}},
	 1,
	 false,
	 "NAME      STATE\na         off\na-guest…  running\n"},
	{"in colour",
	 {2, {COLUMN_STATE, COLUMN_NAME}},
	 0,
	 true,
	 "STATE    NAME\noff      a\n\033[32mrunning\033[0m  a-guest-of-some-name\n"},
	{"a label that is not ASCII",
	 {2, {COLUMN_LABELS, COLUMN_STATE}},
	 0,
	 false,
	 "LABELS  STATE\nä=ö     off\n-       running\n"},
};

static void check_shape(void **state)
{
	const struct shape *row = *state;
	struct table *table = table_new(&row->columns);
	const char *cells[COLUMNS];
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(table);
	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = "-";
	cells[COLUMN_NAME] = "a";
	cells[COLUMN_STATE] = "off";
	cells[COLUMN_LABELS] = "ä=ö";
	assert_int_equal(table_add(table, cells, NULL), 0);
	cells[COLUMN_NAME] = "a-guest-of-some-name";
	cells[COLUMN_STATE] = "running";
	cells[COLUMN_LABELS] = "-";
	assert_int_equal(table_add(table, cells, NULL), 0);
	table_print(table, out, row->width, row->colour);
	fclose(out);
	table_free(table);
	assert_string_equal(text, row->text);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_format, formats);
	ADD_ROWS(tests, n, check_number, numbers);
	ADD_ROWS(tests, n, check_shape, shapes);
	return RUN_TESTS("columns", tests, n);
}
