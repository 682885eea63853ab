// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include "config/labels.h"

static const struct selector {
	const char *name, *selector;
	int status;
	bool selects;
} rows[] = {
	{"a value", "app=web", 0, true},
	{"another value", "app=db", 0, false},
	{"the start of a value", "app=we", 0, false},
	{"any value", "app", 0, true},
	{"the start of a key", "ap", 0, false},
	{"a longer key", "appp", 0, false},
	{"a key that is not there", "tier", 0, false},
	{"a value with an equals sign", "opt=a=b", 0, true},
	{"half of it", "opt=a", 0, false},
	{"an empty value, which no label has", "app=", 0, false},
	{"a key with a slash", "example.org/x", 0, true},
	{"no key", "=web", -SNP_E_USAGE, false},
	{"nothing", "", -SNP_E_USAGE, false},
	{"a capital", "App=web", -SNP_E_USAGE, false},
	{"a blank", "app =web", -SNP_E_USAGE, false},
	{"a control character", "a\nb", -SNP_E_USAGE, false},
	{"a key that is too long",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=b", -SNP_E_USAGE, false},
};

static void check_selector(void **state)
{
	char app[] = "app", web[] = "web", opt[] = "opt", ab[] = "a=b", url[] = "example.org/x",
	     y[] = "y";
	const struct vm_label labels[] = {{app, web}, {opt, ab}, {url, y}};
	const struct selector *row = *state;
	struct snp_error err = {0};

	assert_int_equal(label_selector_check(row->selector, &err), row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (row->status == 0)
		assert_int_equal(label_selected(labels, 3, row->selector), row->selects);
}

static void a_copy_is_its_own(void **state)
{
	char key[] = "app", value[] = "web";
	const struct vm_label labels[] = {{key, value}};
	struct vm_label *copy;
	size_t n;

	(void)state;
	assert_int_equal(labels_copy(labels, 1, &copy, &n, NULL), 0);
	value[0] = 'W';
	assert_int_equal(n, 1);
	assert_true(label_selected(copy, n, "app=web"));
	labels_free(copy, n);
	assert_int_equal(labels_copy(NULL, 0, &copy, &n, NULL), 0);
	assert_int_equal(n, 0);
	labels_free(copy, n);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX] = {cmocka_unit_test(a_copy_is_its_own)};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_selector, rows);
	return RUN_TESTS("labels", tests, n);
}
