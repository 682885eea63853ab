/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROWS_H
#define ROWS_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * Tests as rows: each row of a table becomes a cmocka test of its own, named by its first member, so
 * that a failure names the row.
 *
 *	static const struct row { const char *name; … } rows[] = { … };
 *	static void check_row(void **state) { const struct row *row = *state; … }
 *	ADD_ROWS(tests, n, check_row, rows) in main()
 */
#define ROWS_MAX 1024

static inline size_t add_rows(struct CMUnitTest *tests, size_t at, CMUnitTestFunction check,
			      const void *rows, size_t n, size_t size)
{
	for (size_t i = 0; i < n && at < ROWS_MAX; i++, at++) {
		/* cmocka hands the state back as it got it; rows are never written to. */
		const char *row = (const char *)rows + i * size;

		tests[at] = (struct CMUnitTest){*(const char *const *)(const void *)row, check,
						NULL, NULL, (void *)(uintptr_t)row};
	}
	return at;
}

#define ADD_ROWS(tests, at, check, rows)                                           \
	((at) = add_rows(tests, at, check, rows, sizeof(rows) / sizeof((rows)[0]), \
			 sizeof((rows)[0])))

/* How many tests an array begins with, so that nobody counts them by hand and lets rows take the place of one. */
static inline size_t tests_listed(const struct CMUnitTest *tests)
{
	size_t n = 0;

	while (n < ROWS_MAX && tests[n].test_func)
		n++;
	return n;
}

#define RUN_TESTS(group, tests, n) _cmocka_run_group_tests(group, tests, n, NULL, NULL)

#endif
