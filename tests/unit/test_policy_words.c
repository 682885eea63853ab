// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

#include "config/policy_words.h"
#include "told.h"

static const struct words {
	const char *name;
	const char *words[4];
	int status;
	uint64_t policy;
} rows[] = {
	{"none", {NULL}, 0, 0x30000},
	{"a bit", {"debug"}, 0, 0xb0000},
	{"a bit said", {"debug=true"}, 0, 0xb0000},
	{"a default off", {"smt=false"}, 0, 0x20000},
	{"two and an ABI", {"single_socket", "abi_min=1.51", "smt=true"}, 0, 0x130133},
	{"the highest", {"page_swap_disable"}, 0, 0x2030000},
	{"unknown", {"debugging"}, -SNP_E_USAGE, 0},
	{"part of a name", {"debu"}, -SNP_E_USAGE, 0},
	{"another case", {"DEBUG"}, -SNP_E_USAGE, 0},
	{"neither true nor false", {"debug=1"}, -SNP_E_USAGE, 0},
	{"twice", {"debug", "debug=false"}, -SNP_E_USAGE, 0},
	{"ABI twice", {"abi_min=1.1", "abi_min=1.1"}, -SNP_E_USAGE, 0},
	{"ABI without value", {"abi_min"}, -SNP_E_USAGE, 0},
	{"ABI over a byte", {"abi_min=1.256"}, -SNP_E_USAGE, 0},
	{"ABI with zero before", {"abi_min=01.1"}, -SNP_E_USAGE, 0},
	{"empty", {""}, -SNP_E_USAGE, 0},
	{"equals alone", {"="}, -SNP_E_USAGE, 0},
};

static void check_words(void **state)
{
	const struct words *row = *state;
	struct snp_error err = {0};
	uint64_t policy = 77;
	size_t n = 0;

	while (n < ARRAY_SIZE(row->words) && row->words[n])
		n++;
	assert_int_equal(policy_from_words(n, row->words, &policy, &err), row->status);
	tell_result(row->name, row->status, &err);
	assert_true(policy == (row->status < 0 ? 77 : row->policy));
	assert_int_equal(err.message[0] != '\0', row->status < 0);
}

/* What decode prints of a word makes the word again. */
static void check_round_trip(void **state)
{
	static const uint64_t policies[] = {0x30000, 0x20000, 0xb0000, 0x3fe0000 | 0x137, 0x30001};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		_cleanup_(freep) char *text = NULL;
		char words[16][64];
		const char *pointers[16];
		uint64_t again = 0;
		size_t n = 0;
		char *line, *rest;

		assert_int_equal(policy_to_text(policies[i], &text, NULL), 0);
		tell("%s", text);
		rest = strchr(text, '\n') + 1; /* past the word itself */
		while ((line = strtok_r(rest, "\n", &rest)) && n < ARRAY_SIZE(words)) {
			char name[32], value[32];

			assert_int_equal(sscanf(line, "%31s %31s", name, value), 2);
			snprintf(words[n], sizeof(words[n]), "%s=%s", name, value);
			pointers[n] = words[n];
			n++;
		}
		assert_null(snp_policy_bit(n - 1));
		assert_non_null(snp_policy_bit(n - 2));
		assert_int_equal(policy_from_words(n, pointers, &again, NULL), 0);
		assert_true(again == policies[i]);
	}
}

/* A word that the secure processor refuses is shown all the same, with the reason. */
static void check_refused(void **state)
{
	_cleanup_(freep) char *text = NULL;

	(void)state;
	assert_int_equal(policy_to_text(0x196608, &text, NULL), 0);
	assert_non_null(strstr(text, "\nrefused "));
	assert_non_null(strstr(text, "bit 17"));
}

static void check_json(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct json_out out;

	(void)state;
	json_out_init(&out, NULL);
	policy_to_json(0x30137, &out, out.root);
	assert_int_equal(json_out_print_compact(&out, &text, NULL), 0);
	json_out_done(&out);
	assert_string_equal(text, "{\"policy\":\"0x30137\",\"valid\":true,\"abi_min\":\"1.55\","
				  "\"smt\":true,\"migrate_ma\":false,\"debug\":false,"
				  "\"single_socket\":false,\"cxl_allow\":false,"
				  "\"mem_aes_256_xts\":false,\"rapl_dis\":false,"
				  "\"ciphertext_hiding_dram\":false,\"page_swap_disable\":false}");
}

static void as_told(void **state)
{
	(void)state;
	told("policy_words");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_round_trip),
		cmocka_unit_test(check_refused),
		cmocka_unit_test(check_json),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_words, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("policy_words", tests, n);
}
