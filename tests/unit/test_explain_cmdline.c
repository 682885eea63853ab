// SPDX-License-Identifier: Apache-2.0
/* Command lines as they were stated and seen, and what `snp-measure explain` says is between them. */
#include "rows.h"

#include <string.h>

#include <snp/span.h>

#include "cli/explain_cmdline.h"

#define STATED "console=tty0 console=ttyS0 ro"

static const struct row {
	const char *name, *stated;
	const char *hashed; /* with its closing NUL, and one more that is the literal's */
	size_t size;
	unsigned int changes;
	const char *text;
} rows[] = {
#define SEEN(bytes) bytes, sizeof(bytes)
	{"line end", STATED, SEEN(STATED "\n"), 1, "a command line with a line end"},
	{"two blanks", STATED, SEEN(STATED "  "), 1, "a command line with 2 blanks at its end"},
	{"another blank", STATED, SEEN("console=tty0 console=ttyS0  ro"), 1,
	 "a command line with another blank before ro"},
	{"order", STATED, SEEN("console=ttyS0 console=tty0 ro"), 1,
	 "a command line with its console arguments in the order console=ttyS0 console=tty0"},
	{"nothing", STATED, SEEN(""), 1, "an empty command line"},
	{"no NUL", STATED, STATED, sizeof(STATED) - 1, 1,
	 "a command line hashed without its closing NUL"},
	{"order and line end", STATED, SEEN("console=ttyS0 console=tty0 ro\n"), 2,
	 "a command line with a line end, then with its console arguments in the order console=ttyS0 "
	 "console=tty0"},
	{"blank, then line end", STATED, SEEN(STATED " \n"), 2,
	 "a command line with a blank at its end, then with a line end"},
	{"line end, then blank", STATED, SEEN(STATED "\n "), 2,
	 "a command line with a line end, then with a blank at its end"},
	{"six blanks", STATED, SEEN(STATED "      "), 2,
	 "a command line with 2 blanks at its end, then with 4 blanks at its end"},
	{"two places", STATED, SEEN("console=tty0  console=ttyS0  ro"), 2,
	 "a command line with another blank before console=ttyS0, then with another blank before ro"},
	{"line end without NUL", STATED, STATED "\n", sizeof(STATED "\n") - 1, 2,
	 "a command line with a line end, then hashed without its closing NUL"},
	{"order, blank and line end", STATED, SEEN("console=ttyS0 console=tty0 ro \n"), 3,
	 "a command line with a blank at its end, then with a line end, then with its console arguments "
	 "in the order console=ttyS0 console=tty0"},
	{"three places", "a b c d", SEEN("a  b  c  d"), 3,
	 "a command line with another blank before b, then with another blank before c, then with "
	 "another blank before d"},
	{"the other way round", "a  b  c \n", SEEN("a b c"), 2,
	 "a command line without blanks at its end, then with single blanks"},
	{"four blanks more at three places", "a b c", SEEN("  a   b c "), 0, NULL},
	{"another word", STATED, SEEN("console=tty0 console=ttyS0 rw"), 0, NULL},
};

struct seen {
	const struct row *row;
	unsigned int last;
};

/* The first that is as seen ends the walk; none is told after one of more changes. */
static int visit(void *arg, const char *text, unsigned int changes, struct snp_span hashed,
		 struct snp_error *err)
{
	struct seen *seen = arg;
	const struct row *row = seen->row;

	(void)err;
	assert_true(changes >= seen->last && changes >= 1 && changes <= EXPLAIN_CMDLINE_CHANGES);
	seen->last = changes;
	if (hashed.size != row->size || memcmp(hashed.data, row->hashed, row->size) != 0)
		return 0;
	assert_non_null(row->text);
	assert_int_equal(changes, row->changes);
	assert_string_equal(text, row->text);
	return 1;
}

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_span stated = {(const uint8_t *)row->stated, strlen(row->stated)};
	struct seen seen = {.row = row};

	assert_int_equal(explain_cmdline_readings(stated, visit, &seen, NULL), row->text != NULL);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("explain-cmdline", tests, n);
}
