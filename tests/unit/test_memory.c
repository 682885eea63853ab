// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

/* The sizes that grow() asks for; one of them can fail. */
static size_t asked[8], n_asked, fails_at;

void *__real_reallocarray(void *old, size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	assert_true(n_asked < 8);
	asked[n_asked++] = n;
	return n_asked == fails_at ? NULL : __real_reallocarray(old, n, size);
}

static void an_array_grows_by_powers_of_two(void **state)
{
	uint64_t *list = NULL;

	(void)state;
	n_asked = fails_at = 0;
	for (size_t n = 0; n < 100; n++) {
		assert_true(grow(&list, n, sizeof(*list)));
		list[n] = 3 * n;
	}
	for (size_t n = 0; n < 100; n++)
		assert_true(list[n] == 3 * n);
	assert_int_equal(n_asked, 4);
	assert_memory_equal(asked, ((size_t[]){16, 32, 64, 128}), 4 * sizeof(asked[0]));
	free(list);
}

static void an_array_that_cannot_grow_stays(void **state)
{
	uint64_t *list = NULL, *before;

	(void)state;
	n_asked = 0;
	fails_at = 1;
	assert_false(grow(&list, 0, sizeof(*list)));
	assert_null(list);
	fails_at = 3;
	assert_true(grow(&list, 0, sizeof(*list)));
	memset(list, 0x5a, 16 * sizeof(*list));
	before = list;
	assert_false(grow(&list, 16, sizeof(*list)));
	assert_ptr_equal(list, before);
	assert_true(list[15] == 0x5a5a5a5a5a5a5a5a);
	free(list);
}

static void text_is_as_long_as_it_must_be(void **state)
{
	char *text = format_text("%s/%0*d", "folder", 3000, 7);

	(void)state;
	assert_non_null(text);
	assert_int_equal(strlen(text), strlen("folder/") + 3000);
	assert_memory_equal(text, "folder/00", 9);
	assert_string_equal(text + strlen(text) - 2, "07");
	free(text);
	text = format_text("%s", "");
	assert_string_equal(text, "");
	free(text);
}

static void a_command_line_gets_its_vcpu_count(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"ro", "ro"},
		{"nr_cpus={vcpu_count}", "nr_cpus=4294967295"},
		{"{vcpu_count}{vcpu_count} x", "42949672954294967295 x"},
		{"{vcpu_count {vcpu_count}} {VCPU_COUNT}", "{vcpu_count 4294967295} {VCPU_COUNT}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_(freep) char *text = expand_vcpu_count(rows[i][0], UINT32_MAX);

		assert_string_equal(text, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_grows_by_powers_of_two),
		cmocka_unit_test(an_array_that_cannot_grow_stays),
		cmocka_unit_test(a_command_line_gets_its_vcpu_count),
		cmocka_unit_test(text_is_as_long_as_it_must_be),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
