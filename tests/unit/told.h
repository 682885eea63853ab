/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOLD_H
#define TOLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <snp/error.h>

/*
 * What rows lead to, in words: each error, place and value is a line of told/NAME.txt, so that nothing of a message
 * changes unnoticed. With SNP_TEST_REGENERATE=1 the test writes the file anew: read the difference before you commit
 * it. Texts of the system and of libraries do not belong there, as they change with these.
 *
 *	tell("%s: %d", row->name, n);           in the rows' check
 *	tell_result(row->name, r, &err);
 *	static void as_told(void **state) { (void)state; told("NAME"); }	the last test
 */
static char told_text[1 << 20];
static size_t told_size;

/* The names of temporary folders end in random letters. */
static inline void hide_temporary(char *text)
{
	for (char *at = strstr(text, "/tmp/"); at; at = strstr(at + 1, "/tmp/")) {
		const size_t n = strcspn(at + 5, "/ :;,'\")\n");

		memmove(at + 6, at + 5 + n, strlen(at + 5 + n) + 1);
		at[5] = '*';
	}
}

__attribute__((format(printf, 1, 2))) static inline void tell(const char *format, ...)
{
	static char line[8192];
	va_list list;
	size_t n;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	hide_temporary(line);
	n = strlen(line);
	assert_true(told_size + n + 1 < sizeof(told_text));
	memcpy(told_text + told_size, line, n);
	told_text[told_size + n] = '\n';
	told_size += n + 1;
}

static inline void tell_result(const char *name, int r, const struct snp_error *err)
{
	char line[2048];

	if (r >= 0) {
		tell("%s: %d", name, r);
		return;
	}
	snp_error_line(err, line, sizeof(line));
	tell("%s: %s", name, line);
}

/* The line that begins before the first difference. */
static inline size_t line_of_difference(const char *one, const char *other)
{
	size_t line = 0;

	for (size_t i = 0; one[i] == other[i] && one[i] != '\0'; i++)
		line = one[i] == '\n' ? i + 1 : line;
	return line;
}

static inline void told(const char *name)
{
	static char expected[sizeof(told_text)];
	const bool writes = getenv("SNP_TEST_REGENERATE") != NULL;
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), SNP_SOURCE "/tests/unit/told/%s.txt", name);
	f = fopen(path, writes ? "w" : "r");
	assert_non_null(f);
	if (writes)
		assert_int_equal(fwrite(told_text, 1, told_size, f), told_size);
	else
		expected[fread(expected, 1, sizeof(expected) - 1, f)] = '\0';
	assert_int_equal(fclose(f), 0);
	told_text[told_size] = '\0';
	if (writes || strcmp(told_text, expected) == 0)
		return;
	n = line_of_difference(told_text, expected);
	fail_msg("%s:\nexpected %.*s\nfound    %.*s", path, (int)strcspn(expected + n, "\n"),
		 expected + n, (int)strcspn(told_text + n, "\n"), told_text + n);
}

#endif
