// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

#include "endorsement/security_policy.h"

static const struct row {
	const char *name, *text;
	int status;
	size_t containers; /* NONE: no such rule */
} rows[] = {
#define NONE 99
	{"text", "package policy\n\ncontainers := []\n", 0, 0},
	{"comment before", "# one\n \n#two\npackage policy\ncontainers := []", 0, 0},
	{"base64", "cGFja2FnZSBwb2xpY3kKY29udGFpbmVycyA6PSBbe31dCg==", 0, 1},
	{"base64 with a line end", "cGFja2FnZSBwb2xpY3kKY29udGFpbmVycyA6PSBbe31dCg==\n", 0, 1},
	{"base64, no padding", "cGFja2FnZSBwb2xpY3kKY29udGFpbmVycyA6PSBbe31dCg", -SNP_E_BAD_BASE64,
	 0},
	{"base64 of nothing known", "AAAA", -SNP_E_SECURITY_POLICY, 0},
	{"nothing", "", -SNP_E_SECURITY_POLICY, 0},
	{"comment alone", "# package policy", -SNP_E_SECURITY_POLICY, 0},
	{"another word", "packages policy\n", -SNP_E_SECURITY_POLICY, 0},
	{"JSON", "{\"containers\": []}", -SNP_E_SECURITY_POLICY, 0},
	{"no UTF-8", "package policy\n\xff", -SNP_E_SECURITY_POLICY, 0},
	{"two",
	 "package p\ncontainers := [{\"id\":\"]\\\"]\"},\n {\"layers\": [\"a\", \"b\"]}]\nx := 1",
	 0, 2},
	{"blanks", "package p\ncontainers  :=\n\t[ 1, 2, 3 ]", 0, 3},
	{"inside a line", "package p\nx containers := []", 0, NONE},
	{"another name", "package p\ncontainers_x := []", 0, NONE},
	{"another rule", "package p\ncontainers = []", 0, NONE},
	{"no array", "package p\ncontainers := {\"a\": 1}", 0, NONE},
	{"no JSON", "package p\ncontainers := [x]", 0, NONE},
	{"never closed", "package p\ncontainers := [[1]", 0, NONE},
	{"quote never closed", "package p\ncontainers := [\"]", 0, NONE},
	{"closed by the other", "package p\ncontainers := [1}", 0, NONE},
	{"at the end", "package p\ncontainers :=", 0, NONE},
	{"twice", "package p\ncontainers := [1]\ncontainers := [2]", 0, NONE},
	{"a key twice", "package p\ncontainers := [{\"id\":1,\"id\":2}]", 0, NONE},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(security_policy_done) struct security_policy policy = {0};
	_cleanup_(json_freep) struct json *rule = NULL;
	_cleanup_(freep) uint8_t *bytes = malloc(strlen(row->text) ? strlen(row->text) : 1);
	struct snp_error err = {0};
	size_t n = 0;

	assert_non_null(bytes);
	memcpy(bytes, row->text, strlen(row->text));
	assert_int_equal(
		security_policy_take((struct snp_span){bytes, strlen(row->text)}, &policy, &err),
		row->status);
	if (row->status < 0) {
		assert_true(err.message[0] != '\0' && !policy.text);
		return;
	}
	assert_int_equal(security_policy_rule(&policy, "containers", &rule, &err), 0);
	assert_int_equal(rule != NULL, row->containers != NONE);
	if (rule)
		assert_int_equal(json_array(json_root(rule), 0, SIZE_MAX, &n, &err), 0);
	assert_int_equal(n, rule ? row->containers : 0);
}

/* The base64 and the text are the same policy. */
static void check_hash(void **state)
{
	_cleanup_(security_policy_done) struct security_policy a = {0}, b = {0};
	static const char text[] = "package policy\ncontainers := [{}]\n";
	const char *base64 = rows[2].text;

	(void)state;
	assert_int_equal(security_policy_take(text_span(text), &a, NULL), 0);
	assert_int_equal(security_policy_take(text_span(base64), &b, NULL), 0);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.sha256, b.sha256, sizeof(a.sha256));
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_hash);
	return RUN_TESTS("security policy", tests, n);
}
