// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <snp/tool.h>

#define UNTOUCHED 77

static const struct row {
	const char *name, *text;
	uint64_t value; /* UNTOUCHED: refused */
} rows[] = {
	{"zero", "0", 0},
	{"decimal", "23", 23},
	{"leading zeros are decimal", "010", 10},
	{"hex", "0x800f12", 0x800f12},
	{"hex in capitals", "0XABCDEF", 0xabcdef},
	{"octal", "0o17", 15},
	{"binary", "0b101", 5},
	{"64 bits", "18446744073709551615", UINT64_MAX},
	{"64 bits, hex", "0xffffffffffffffff", UINT64_MAX},
	{"one more", "18446744073709551616", UNTOUCHED},
	{"one more, hex", "0x10000000000000000", UNTOUCHED},
	{"far more", "99999999999999999999999999999999999999999", UNTOUCHED},
	{"nothing", "", UNTOUCHED},
	{"prefix alone", "0x", UNTOUCHED},
	{"octal prefix alone", "0o", UNTOUCHED},
	{"minus", "-1", UNTOUCHED},
	{"plus", "+1", UNTOUCHED},
	{"blank before", " 1", UNTOUCHED},
	{"blank after", "1 ", UNTOUCHED},
	{"hex without prefix", "ff", UNTOUCHED},
	{"digit of another base", "0b2", UNTOUCHED},
	{"octal digit", "0o8", UNTOUCHED},
	{"point", "1.5", UNTOUCHED},
	{"underscore", "1_000", UNTOUCHED},
	{"two prefixes", "0x0x1", UNTOUCHED},
};

static void check_number(void **state)
{
	const struct row *row = *state;
	const bool good = row->value != UNTOUCHED;
	uint64_t value = UNTOUCHED;
	struct snp_error err = {0};

	assert_int_equal(cli_parse_number(row->text, "--n", &value, &err), good ? 0 : -SNP_E_USAGE);
	assert_true(value == row->value);
	assert_int_equal(err.message[0] != '\0', !good);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_number, rows);
	return RUN_TESTS("number", tests, n);
}
