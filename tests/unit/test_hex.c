// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

static const struct decode {
	const char *name, *text;
	int status;
	const char *bytes; /* two are asked for */
} decodes[] = {
	{"two bytes", "00ff", 0, "\x00\xff"},	      {"upper case", "00FF", 0, "\x00\xff"},
	{"prefix", "0x00ff", 0, "\x00\xff"},	      {"too short", "00f", -SNP_E_BAD_HEX, NULL},
	{"too long", "00ff00", -SNP_E_BAD_HEX, NULL}, {"empty", "", -SNP_E_BAD_HEX, NULL},
	{"prefix alone", "0x", -SNP_E_BAD_HEX, NULL}, {"no hex", "00fg", -SNP_E_BAD_HEX, NULL},
	{"blank", " 00f", -SNP_E_BAD_HEX, NULL},
};

static void check_decode(void **state)
{
	const struct decode *row = *state;
	uint8_t bytes[2] = {0x55, 0x55};
	struct snp_error err = {0};

	assert_int_equal(hex_decode(row->text, "--x", bytes, 2, &err), row->status);
	assert_memory_equal(bytes, row->bytes ? row->bytes : "\x55\x55", 2);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
}

static const struct number {
	const char *name, *text;
	int status;
	uint64_t value;
} numbers[] = {
	{"policy", "0x30000", 0, 0x30000},
	{"largest", "0xffffffffffffffff", 0, UINT64_MAX},
	{"decimal", "196608", -SNP_E_BAD_HEX, 0},
	{"17 digits", "0x10000000000000000", -SNP_E_BAD_HEX, 0},
	{"no digits", "0x", -SNP_E_BAD_HEX, 0},
	{"trailing", "0x1 ", -SNP_E_BAD_HEX, 0},
	{"negative", "-0x1", -SNP_E_BAD_HEX, 0},
};

static void check_number(void **state)
{
	const struct number *row = *state;
	uint64_t value = 77;
	struct snp_error err = {0};

	assert_int_equal(hex_u64(row->text, "--x", &value, &err), row->status);
	assert_true(value == (row->status < 0 ? 77 : row->value));
	assert_int_equal(err.message[0] != '\0', row->status < 0);
}

/* RFC 4648 section 10 has the encodings. */
static const struct base64 {
	const char *name, *text;
	int status;
	size_t size;
	const char *bytes;
} base64s[] = {
	{"nothing", "", 0, 0, ""},
	{"one", "Zg==", 0, 1, "f"},
	{"two", "Zm8=", 0, 2, "fo"},
	{"three", "Zm9v", 0, 3, "foo"},
	{"no padding", "Zg", -SNP_E_BAD_BASE64, 1, NULL},
	{"url alphabet", "-_-_", -SNP_E_BAD_BASE64, 3, NULL},
	{"line end", "Zm9v\n", -SNP_E_BAD_BASE64, 3, NULL},
	{"blanks before", "    Zm9v", -SNP_E_BAD_BASE64, 3, NULL},
	{"inner padding", "Zg==Zg==", -SNP_E_BAD_BASE64, 2, NULL},
	{"three paddings", "Z===", -SNP_E_BAD_BASE64, 1, NULL},
	{"stray low bits", "Zh==", -SNP_E_BAD_BASE64, 1, NULL},
	{"junk", "!!AA", -SNP_E_BAD_BASE64, 3, NULL},
	{"another length", "Zm9v", -SNP_E_BAD_BASE64, 2, NULL},
};

static void check_base64(void **state)
{
	const struct base64 *row = *state;
	uint8_t bytes[8] = {0};
	struct snp_error err = {0};
	char *text;

	assert_int_equal(base64_decode(row->text, "--x", bytes, row->size, &err), row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (row->status < 0)
		return;
	assert_memory_equal(bytes, row->bytes, row->size);
	text = base64_encode(bytes, row->size);
	assert_string_equal(text, row->text);
	free(text);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_decode, decodes);
	ADD_ROWS(tests, n, check_number, numbers);
	ADD_ROWS(tests, n, check_base64, base64s);
	return RUN_TESTS("hex", tests, n);
}
