// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <string.h>

#include "host/guest_text.h"

static const struct row {
	const char *name, *text, *shown;
} rows[] = {
	{"plain", "login: \t1\r\n", "login: \t1\r\n"},
	{"letters", "gr\u00fc\u00df \u65e5\u672c \U0001f427",
	 "gr\u00fc\u00df \u65e5\u672c \U0001f427"},
	{"escape sequence", "\x1b[2J", "\\x1b[2J"},
	{"delete", "a\x7f", "a\\x7f"},
	{"C1: control sequence",
	 "\xc2\x9b"
	 "2J",
	 "\\xc2\\x9b2J"},
	{"C1: operating system command",
	 "\xc2\x9d"
	 "0;title\xc2\x9c",
	 "\\xc2\\x9d0;title\\xc2\\x9c"},
	{"C1 as one byte",
	 "\x9b"
	 "2J",
	 "\\x9b2J"},
	{"right-to-left override", "a\u202eb", "a\\xe2\\x80\\xaeb"},
	{"isolate", "a\u2066b\u2069", "a\\xe2\\x81\\xa6b\\xe2\\x81\\xa9"},
	{"overlong", "\xc0\x9b", "\\xc0\\x9b"},
	{"cut character", "\xe2\x82x", "\\xe2\\x82x"},
	{"cut at the end", "x\xf0\x9f", "x\\xf0\\x9f"},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	size_t size = strlen(row->text);

	/* However the text is cut into pieces, it is shown the same. */
	for (size_t piece = 1; piece <= size; piece++) {
		struct guest_text t = {.allowed = "\n\t\r"};
		char shown[256];
		size_t n = 0;

		for (size_t i = 0; i < size; i += piece)
			n += guest_text_add(&t, row->text + i, size - i < piece ? size - i : piece,
					    shown + n);
		n += guest_text_end(&t, shown + n);
		shown[n] = '\0';
		assert_string_equal(shown, row->shown);
	}
}

/* A zero byte, and the most that a piece may grow. */
static void zeros(void **state)
{
	struct guest_text t = {.allowed = ""};
	char bytes[8] = {0}, shown[GUEST_TEXT_MAX(sizeof(bytes))];

	(void)state;
	assert_int_equal(guest_text_add(&t, bytes, sizeof(bytes), shown), 32);
	assert_memory_equal(shown + 28, "\\x00", 4);
	assert_int_equal(guest_text_end(&t, shown), 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {cmocka_unit_test(zeros)};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("guest_text", tests, n);
}
