// SPDX-License-Identifier: Apache-2.0
#include "rows.h"
#include "told.h"

#include <string.h>

#include <snp/tcb.h>

/* Words and levels of the Milan and Turin rows are those of real reports whose VCEK certificates name
 * the levels. */
static const struct word {
	const char *name;
	uint64_t word;
	enum snp_product product;
	int status;
	struct snp_tcb tcb;
} words[] = {
	{"Milan", 0xdb18000000000004, SNP_PRODUCT_MILAN, 0, {0, 4, 0, 24, 219, false, false, {0}}},
	{"Turin", 0x5100000004010101, SNP_PRODUCT_TURIN, 0, {1, 1, 1, 4, 81, true, false, {0}}},
	{"Turin, fmc 0",
	 0x5100000004010100,
	 SNP_PRODUCT_TURIN,
	 0,
	 {0, 1, 1, 4, 81, true, false, {0}}},
	{"Venice", 0x0000000000040201, SNP_PRODUCT_VENICE, 0, {1, 0, 2, 4, 0, true, true, {0}}},
	{"Turin's word on Venice", 0x5100000004010101, SNP_PRODUCT_VENICE, -SNP_E_BAD_TCB, {0}},
	{"Turin's word on Milan", 0x5100000004010101, SNP_PRODUCT_MILAN, -SNP_E_BAD_TCB, {0}},
	{"Milan's word on Turin", 0xdb18000000000004, SNP_PRODUCT_TURIN, -SNP_E_BAD_TCB, {0}},
	{"no product", 0xdb18000000000004, SNP_PRODUCT_UNKNOWN, -SNP_E_BAD_TCB, {0}},
};

static void check_word(void **state)
{
	const struct word *row = *state;
	struct snp_tcb tcb = {77, 77, 77, 77, 77, false, false, {0}};
	struct snp_error err = {0};
	uint64_t word = 0;

	assert_int_equal(snp_tcb_decode(row->word, row->product, &tcb, &err), row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (row->status < 0) {
		assert_int_equal(tcb.snp, 77);
		return;
	}
	assert_memory_equal(&tcb, &row->tcb, sizeof(tcb));
	assert_int_equal(snp_tcb_encode(&tcb, row->product, &word, NULL), 0);
	assert_true(word == row->word);
}

static const struct text {
	const char *name, *text;
	int status;
	struct snp_tcb tcb;
} texts[] = {
	{"Milan", "bl=4,tee=0,snp=24,ucode=219", 0, {0, 4, 0, 24, 219, false, false, {0}}},
	{"Turin", "bl=1,tee=1,snp=4,ucode=81,fmc=1", 0, {1, 1, 1, 4, 81, true, false, {0}}},
	{"fmc 0", "bl=1,tee=1,snp=4,ucode=81,fmc=0", 0, {0, 1, 1, 4, 81, true, false, {0}}},
	{"other order", "ucode=219,snp=24,bl=4,tee=0", 0, {0, 4, 0, 24, 219, false, false, {0}}},
	{"empty", "", -SNP_E_BAD_TCB, {0}},
	{"one missing", "bl=4,tee=0,snp=24", -SNP_E_BAD_TCB, {0}},
	{"one twice", "bl=4,bl=4,tee=0,snp=24,ucode=219", -SNP_E_BAD_TCB, {0}},
	{"unknown", "bl=4,tee=0,snp=24,microcode=219", -SNP_E_BAD_TCB, {0}},
	{"over a byte", "bl=4,tee=0,snp=24,ucode=256", -SNP_E_BAD_TCB, {0}},
	{"many digits", "bl=4,tee=0,snp=24,ucode=00000000219", -SNP_E_BAD_TCB, {0}},
	{"negative", "bl=-4,tee=0,snp=24,ucode=219", -SNP_E_BAD_TCB, {0}},
	{"no number", "bl=,tee=0,snp=24,ucode=219", -SNP_E_BAD_TCB, {0}},
	{"no equals sign", "bl", -SNP_E_BAD_TCB, {0}},
	{"comma at the end", "bl=4,tee=0,snp=24,ucode=219,", -SNP_E_BAD_TCB, {0}},
	{"blank", "bl=4, tee=0,snp=24,ucode=219", -SNP_E_BAD_TCB, {0}},
};

static void check_text(void **state)
{
	const struct text *row = *state;
	struct snp_tcb tcb = {77, 77, 77, 77, 77, false, false, {0}}, again;
	char text[SNP_TCB_TEXT_SIZE];
	struct snp_error err = {0};

	assert_int_equal(snp_tcb_parse(row->text, "--minimum-tcb", &tcb, &err), row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (row->status < 0) {
		assert_int_equal(tcb.snp, 77);
		return;
	}
	assert_memory_equal(&tcb, &row->tcb, sizeof(tcb));
	snp_tcb_describe(&tcb, text);
	assert_int_equal(snp_tcb_parse(text, "x", &again, NULL), 0);
	assert_memory_equal(&tcb, &again, sizeof(tcb));
}

static void fmc_on_milan_is_refused(void **state)
{
	struct snp_tcb tcb = {1, 1, 1, 4, 81, true, false, {0}};
	uint64_t word = 77;

	(void)state;
	assert_int_equal(snp_tcb_encode(&tcb, SNP_PRODUCT_MILAN, &word, NULL), -SNP_E_BAD_TCB);
	assert_int_equal(word, 77);
}

static void fmc_is_printed_where_there_is_one(void **state)
{
	struct snp_tcb tcb = {0};
	char text[SNP_TCB_TEXT_SIZE];

	(void)state;
	assert_int_equal(snp_tcb_decode(0x5100000004010100, SNP_PRODUCT_TURIN, &tcb, NULL), 0);
	snp_tcb_describe(&tcb, text);
	assert_string_equal(text, "bl=1,tee=1,snp=4,ucode=81,fmc=0");
	assert_int_equal(snp_tcb_decode(0xdb18000000000004, SNP_PRODUCT_MILAN, &tcb, NULL), 0);
	snp_tcb_describe(&tcb, text);
	assert_string_equal(text, "bl=4,tee=0,snp=24,ucode=219");
	assert_int_equal(snp_tcb_decode(0x0000000000040201, SNP_PRODUCT_VENICE, &tcb, NULL), 0);
	snp_tcb_describe(&tcb, text);
	assert_string_equal(text, "tee=2,snp=4,fmc=1");
}

static void order_is_by_component(void **state)
{
	struct snp_tcb low = {0, 3, 0, 24, 219, false, false, {0}},
		       high = {0, 4, 0, 20, 255, false, false, {0}};

	(void)state;
	assert_false(snp_tcb_at_least(&high, &low));
	assert_false(snp_tcb_at_least(&low, &high));
	assert_true(snp_tcb_at_least(&low, &low));
}

static void product_names_are_found_again(void **state)
{
	enum snp_product product;

	(void)state;
	for (unsigned int i = SNP_PRODUCT_MILAN; i <= SNP_PRODUCT_TURIN; i++) {
		assert_int_equal(snp_product_find(snp_product_name(i), &product, NULL), 0);
		assert_int_equal(product, i);
	}
	assert_int_equal(snp_product_find("Simulated", &product, NULL), -SNP_E_USAGE);
	assert_int_equal(snp_product_find("Venice", &product, NULL), -SNP_E_USAGE);
}

static void as_told(void **state)
{
	(void)state;
	told("tcb");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(fmc_on_milan_is_refused),
		cmocka_unit_test(fmc_is_printed_where_there_is_one),
		cmocka_unit_test(order_is_by_component),
		cmocka_unit_test(product_names_are_found_again),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_word, words);
	ADD_ROWS(tests, n, check_text, texts);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("tcb", tests, n);
}
