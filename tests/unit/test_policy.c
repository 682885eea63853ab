// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "told.h"

#include <stdbool.h>
#include <string.h>

#include <snp/policy.h>

static const struct policy {
	const char *name;
	uint64_t policy;
	const char *refused; /* part of the message; NULL: accepted */
	const char *text;
} policies[] = {
	{"QEMU's default", 0x30000, NULL, "0x30000 (smt, ABI >= 0.0)"},
	{"seen on Milan", 0x3001f, NULL, "0x3001f (smt, ABI >= 0.31)"},
	{"debug", 0xb0000, NULL, "0xb0000 (smt, debug, ABI >= 0.0)"},
	{"seen on AWS", 0x2030000, NULL, "0x2030000 (smt, page_swap_disable, ABI >= 0.0)"},
	{"all bits", 0x3ffffff, NULL,
	 "0x3ffffff (smt, migrate_ma, debug, single_socket, cxl_allow, mem_aes_256_xts, rapl_dis, "
	 "ciphertext_hiding_dram, page_swap_disable, ABI >= 255.255)"},
	{"zero", 0, "as in 0x20000", "0x0 (bit 17 clear, ABI >= 0.0)"},
	{"bit 17 clear", 0x10000, "bit 17", "0x10000 (smt, bit 17 clear, ABI >= 0.0)"},
	{"bit 26", 0x4030000, "clear: 0x4000000",
	 "0x4030000 (smt, unknown bits 0x4000000, ABI >= 0.0)"},
	{"bit 63", 0x8000000000020000, "clear: 0x8000000000000000",
	 "0x8000000000020000 (unknown bits 0x8000000000000000, ABI >= 0.0)"},
};

static void check_policy(void **state)
{
	const struct policy *row = *state;
	struct snp_error err = {0};
	char text[256];

	assert_int_equal(snp_policy_check(row->policy, &err), row->refused ? -SNP_E_BAD_POLICY : 0);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->refused != NULL);
	if (row->refused)
		assert_non_null(strstr(err.message, row->refused));
	snp_policy_describe(row->policy, text, sizeof(text));
	assert_string_equal(text, row->text);
}

static void description_is_cut(void **state)
{
	char text[9];

	(void)state;
	for (size_t size = 1; size <= sizeof(text); size++) {
		snp_policy_describe(0x30000, text, size);
		assert_int_equal(strlen(text), size - 1);
	}
}

static const struct comparison {
	const char *name;
	uint64_t policy, limit;
	bool at_most;
} comparisons[] = {
	{"equal", 0x30000, 0x30000, true},
	{"SMT given up", 0x20000, 0x30000, true},
	{"SMT taken", 0x30000, 0x20000, false},
	{"debug taken", 0xb0000, 0x30000, false},
	{"migration taken", 0x70000, 0x30000, false},
	{"CXL taken", 0x230000, 0x30000, false},
	{"single socket asked for and given", 0x130000, 0x130000, true},
	{"single socket asked for and lacking", 0x30000, 0x130000, false},
	{"single socket over and above", 0x130000, 0x30000, true},
	{"XTS lacking", 0x30000, 0x430000, false},
	{"RAPL lacking", 0x30000, 0x830000, false},
	{"ciphertext hiding lacking", 0x30000, 0x1030000, false},
	{"page swap lacking", 0x30000, 0x2030000, false},
	{"later ABI", 0x30137, 0x30036, true},
	{"minor alone does not make up for major", 0x300ff, 0x30100, false},
};

static void check_comparison(void **state)
{
	const struct comparison *row = *state;

	assert_int_equal(snp_policy_at_most(row->policy, row->limit), row->at_most);
}

static void every_bit_is_named_once(void **state)
{
	uint64_t seen = SNP_POLICY_ABI_MINOR | SNP_POLICY_ABI_MAJOR | SNP_POLICY_RESERVED_MBO |
			SNP_POLICY_RESERVED_MBZ;

	(void)state;
	for (size_t i = 0; snp_policy_bit(i); i++) {
		assert_true((seen & snp_policy_bit(i)->mask) == 0);
		seen |= snp_policy_bit(i)->mask;
	}
	assert_true(seen == UINT64_MAX);
}

static void as_told(void **state)
{
	(void)state;
	told("policy");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(description_is_cut),
		cmocka_unit_test(every_bit_is_named_once),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_policy, policies);
	ADD_ROWS(tests, n, check_comparison, comparisons);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("policy", tests, n);
}
