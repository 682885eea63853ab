// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/json.h>
#include <snp/memory.h>

#include "reference/image_read.h"
#include "told.h"

static const struct lists {
	const char *name, *text;
	enum snp_code code;
	size_t n;
	const char *pointer;
} lists[] = {
	{"numbers and a range", "{\"vcpu_count\": [1, 2, \"4-64\"], \"cpu_model\": [\"EPYC-v4\"]}",
	 0, 63, NULL},
	{"product",
	 "{\"vcpu_count\": [1, 2], \"cpu_model\": [\"EPYC-v4\", \"EPYC-Milan\", \"0x00b00f21\"],"
	 " \"guest_features\": [\"0x1\", \"0x21\"], \"vmm_profile\": [\"qemu\"]}",
	 0, 12, NULL},
	{"a profile without signature has one variant",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC-v4\", \"EPYC-Milan\"],"
	 " \"vmm_profile\": [\"qemu\", \"gce\"]}",
	 0, 3, NULL},
	{"it needs no model", "{\"vcpu_count\": [1], \"vmm_profile\": [\"gce\"]}", 0, 1, NULL},
	{"no vCPU counts", "{\"cpu_model\": [\"EPYC-v4\"]}", SNP_E_JSON_MISSING_KEY, 0, ""},
	{"empty list", "{\"vcpu_count\": []}", SNP_E_JSON_VALUE, 0, "/vcpu_count"},
	{"no model", "{\"vcpu_count\": [1]}", SNP_E_JSON_MISSING_KEY, 0, ""},
	{"no vCPU", "{\"vcpu_count\": [0]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"too many vCPUs", "{\"vcpu_count\": [\"1-4097\"]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"range down", "{\"vcpu_count\": [\"4-2\"]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"half a range", "{\"vcpu_count\": [\"4-\"]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"no range", "{\"vcpu_count\": [\"4\"]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"blank in a range", "{\"vcpu_count\": [\"4 -6\"]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"huge number", "{\"vcpu_count\": [\"1-99999999999999999999\"]}", SNP_E_JSON_VALUE, 0,
	 "/vcpu_count/0"},
	{"count twice", "{\"vcpu_count\": [4, \"1-8\"]}", SNP_E_JSON_VALUE, 0, "/vcpu_count/1"},
	{"unknown model", "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC-v99\"]}",
	 SNP_E_BAD_CPU_MODEL, 0, "/cpu_model/0"},
	{"long signature", "{\"vcpu_count\": [1], \"cpu_model\": [\"0x100000000\"]}",
	 SNP_E_BAD_CPU_MODEL, 0, "/cpu_model/0"},
	{"model twice", "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC-v4\", \"EPYC-v4\"]}",
	 SNP_E_JSON_VALUE, 0, "/cpu_model/1"},
	{"features twice",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC\"], \"guest_features\": [\"0x1\", \"0x01\"]}",
	 SNP_E_JSON_VALUE, 0, "/guest_features/1"},
	{"features that no SEV-SNP guest has",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC\"], \"guest_features\": [\"0x1\", \"0x0\"]}",
	 SNP_E_BAD_FEATURES, 0, "/guest_features/1"},
	{"profile twice",
	 "{\"vcpu_count\": [1], \"vmm_profile\": [\"gce\", \"ec2-rdx0\", \"gce\"]}",
	 SNP_E_JSON_VALUE, 0, "/vmm_profile/2"},
	{"a model and its signature",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC-v4\", \"0x800f12\"]}", SNP_E_JSON_VALUE, 0,
	 "/cpu_model/1"},
	{"a signature and its model",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"0x800f12\", \"EPYC-v4\"]}", SNP_E_JSON_VALUE, 0,
	 "/cpu_model/1"},
	{"two models of one signature",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC-v4\", \"EPYC-v3\"]}", 0, 2, NULL},
	{"the highest count", "{\"vcpu_count\": [4096], \"cpu_model\": [\"EPYC\"]}", 0, 1, NULL},
	{"a count above it", "{\"vcpu_count\": [4097], \"cpu_model\": [\"EPYC\"]}",
	 SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"a range up to it", "{\"vcpu_count\": [\"4095-4096\"], \"cpu_model\": [\"EPYC\"]}", 0, 2,
	 NULL},
	{"a range of one", "{\"vcpu_count\": [\"7-7\"], \"cpu_model\": [\"EPYC\"]}", 0, 1, NULL},
	{"a word behind a range", "{\"vcpu_count\": [\"1-2x\"], \"cpu_model\": [\"EPYC\"]}",
	 SNP_E_JSON_VALUE, 0, "/vcpu_count/0"},
	{"a count of another type", "{\"vcpu_count\": [true]}", SNP_E_JSON_TYPE, 0,
	 "/vcpu_count/0"},
	{"a model of another type", "{\"vcpu_count\": [1], \"cpu_model\": [1]}", SNP_E_JSON_TYPE, 0,
	 "/cpu_model/0"},
	{"features of another type",
	 "{\"vcpu_count\": [1], \"cpu_model\": [\"EPYC\"], \"guest_features\": [1]}",
	 SNP_E_JSON_TYPE, 0, "/guest_features/0"},
	{"a profile of another type", "{\"vcpu_count\": [1], \"vmm_profile\": [1]}",
	 SNP_E_JSON_TYPE, 0, "/vmm_profile/0"},
	{"unknown profile", "{\"vcpu_count\": [1], \"vmm_profile\": [\"xen\"]}", SNP_E_BAD_PROFILE,
	 0, "/vmm_profile/0"},
	{"profile of another mode", "{\"vcpu_count\": [1], \"vmm_profile\": [\"qemu-es-legacy\"]}",
	 SNP_E_BAD_PROFILE, 0, "/vmm_profile/0"},
};

static void check_lists(void **state)
{
	const struct lists *row = *state;
	struct snp_reference_variant *variants = NULL;
	struct snp_error err = {0};
	struct json *document;
	size_t n = 0;

	assert_int_equal(json_parse("release", text_span(row->text), &document, NULL), 0);
	assert_int_equal(
		release_variants_read(json_root(document), SNP_MODE_SNP, &variants, &n, &err),
		-(int)row->code);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	if (row->code == SNP_OK)
		assert_int_equal(n, row->n);
	else
		assert_string_equal(err.pointer, row->pointer);
	free(variants);
	json_free(document);
}

static void as_told(void **state)
{
	(void)state;
	told("release_lists");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_lists, lists);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("release_lists", tests, n);
}
