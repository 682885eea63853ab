// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/evidence_folder.h>
#include <snp/memory.h>

#include "domain_text.h"

#define B16 "00112233445566778899aabbccddeeff"
#define B48 B16 B16 B16
#define B64 B48 B16

/* Everything that can be expected, although no report could meet it. */
static const char text[] =
	"{\"schema\": \"snp-evidence/1\", \"tool\": {\"name\": \"x\"}, \"at_time\": 1780272000,\n"
	" \"references\": 2, \"expected\": {\"any_measurement\": true,\n"
	" \"measurements\": [\"" B48 "\", \"ff" B16 B16 "00112233445566778899aabbccddee\"],\n"
	" \"endorsed\": true, \"uvm_issuer\": \"did:x\", \"uvm_feed\": \"feed\", \"uvm_svn_min\": 101,\n"
	" \"endorsement_vcpu_count\": 4, \"endorsement_svn_min\": 5,\n"
	" \"maa_issuer\": \"https://m\", \"maa_compliance\": \"ok\", \"maa_host_data\": \"" B16 B16
	"\",\n"
	" \"policy\": \"0x30000\", \"policy_at_most\": \"0x3001f\", \"allow_debug\": true,\n"
	" \"guest_svn\": 2, \"guest_svn_min\": 1, \"family_id\": \"" B16 "\", \"image_id\": \"" B16
	"\",\n"
	" \"host_data\": \"" B16 B16 "\", \"any_host_data\": true, \"report_data\": \"" B64
	"\", \"vmpl\": 0,\n"
	" \"id_key_digests\": [\"" B48 "\"], \"author_key_digests\": [\"" B48 "\"],\n"
	" \"chip_ids\": [\"" B64 "\"], \"allow_masked_chip_id\": true, \"report_id\": \"" B16 B16
	"\",\n"
	" \"minimum_tcb\": \"bl=1,tee=2,snp=3,ucode=4\", \"minimum_tcbs\": [{\"product\": \"Turin\",\n"
	" \"tcb\": \"fmc=1,bl=1,tee=1,snp=4,ucode=81\"}], \"minimum_launch_tcb\": \"bl=0,tee=0,snp=0,ucode=0\",\n"
	" \"firmware_min\": \"1.55.29\", \"no_provisional_firmware\": true, \"platform_require\": \"0x0\",\n"
	" \"platform_forbid\": \"0x1\", \"launch_mitigations\": \"0x2\", \"current_mitigations\": \"0x4\",\n"
	" \"denied_products\": [\"Milan\", \"Genoa\"]}}";

static int parse(const char *json, struct evidence_document *ret, struct snp_error *err)
{
	return evidence_document_parse("evidence", text_span(json), ret, err);
}

static const struct mangle {
	const char *name, *old, *new;
	enum snp_code code;
	const char *pointer;
} mangles[] = {
	{"as it is", "\"vmpl\"", "\"vmpl\"", SNP_OK, NULL},
	{"another schema", "snp-evidence/1", "snp-evidence/2", SNP_E_JSON_SCHEMA, "/schema"},
	{"no time", "\"at_time\": 1780272000,", "", SNP_E_JSON_MISSING_KEY, ""},
	{"the last second", "1780272000", "253402300799", SNP_OK, NULL},
	{"a time beyond", "1780272000", "253402300800", SNP_E_JSON_VALUE, "/at_time"},
	{"too many documents", "\"references\": 2", "\"references\": 65", SNP_E_JSON_VALUE,
	 "/references"},
	{"an expectation that this release does not know", "\"vmpl\"", "\"vmpls\"",
	 SNP_E_JSON_UNKNOWN_KEY, "/expected/vmpls"},
	{"a digest cut short", "\"measurements\": [\"0011", "\"measurements\": [\"11",
	 SNP_E_JSON_VALUE, "/expected/measurements/0"},
	{"no digest", "\"id_key_digests\": [\"" B48 "\"]", "\"id_key_digests\": []",
	 SNP_E_JSON_VALUE, "/expected/id_key_digests"},
	{"digests that are no list", "\"id_key_digests\": [\"" B48 "\"]", "\"id_key_digests\": 1",
	 SNP_E_JSON_TYPE, "/expected/id_key_digests"},
	{"an unknown component", "ucode=4", "mcode=4", SNP_E_BAD_TCB, "/expected/minimum_tcb"},
	{"an unknown product", "\"Turin\"", "\"Ryzen\"", SNP_E_USAGE,
	 "/expected/minimum_tcbs/0/product"},
	{"an unknown denied product", "\"Genoa\"", "\"Ryzen\"", SNP_E_USAGE,
	 "/expected/denied_products/1"},
	{"a minimum without product", "\"product\": \"Turin\",", "", SNP_E_JSON_MISSING_KEY,
	 "/expected/minimum_tcbs/0"},
	{"a version of two numbers", "1.55.29", "1.55", SNP_E_USAGE, "/expected/firmware_min"},
	{"a version beyond a byte", "1.55.29", "1.256.29", SNP_E_USAGE, "/expected/firmware_min"},
	{"cut off", "]}}", "]}", SNP_E_JSON_SYNTAX, NULL},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	_cleanup_(freep) char *json = replace_once(text, row->old, row->new);
	struct evidence_document document = {0};
	struct snp_error err = {0};

	assert_int_equal(parse(json, &document, &err), -(int)row->code);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	if (row->pointer)
		assert_string_equal(err.pointer, row->pointer);
	if (row->code == SNP_OK)
		evidence_document_done(&document);
	else
		assert_null(document.json);
}

static void what_was_read(void **state)
{
	struct evidence_document d;
	const struct snp_expectations *x = &d.expected;

	(void)state;
	assert_int_equal(parse(text, &d, NULL), 0);
	assert_true(d.at_time == 1780272000 && d.n_references == 2 && x->size == sizeof(*x));
	assert_true(x->n_measurements == 2 && x->measurements[0][1] == 0x11 &&
		    x->measurements[1][0] == 0xff);
	assert_true(x->any_measurement && x->endorsed && x->allow_debug && x->any_host_data);
	assert_true(x->allow_masked_chip_id && x->no_provisional_firmware);
	assert_true(x->has_policy && x->policy == 0x30000 && x->has_policy_at_most &&
		    x->policy_at_most == 0x3001f);
	assert_true(x->has_vmpl && x->vmpl == 0 && x->has_guest_svn && x->guest_svn == 2 &&
		    x->has_guest_svn_min && x->guest_svn_min == 1);
	assert_true(x->has_report_data && x->report_data[63] == 0xff && x->has_host_data &&
		    x->has_family_id && x->has_image_id && x->has_report_id);
	assert_true(x->n_id_key_digests == 1 && x->n_author_key_digests == 1 && x->n_chip_ids == 1);
	assert_true(x->has_minimum_tcb && x->minimum_tcb.microcode == 4 &&
		    x->has_minimum_launch_tcb && x->n_minimum_tcbs == 1 &&
		    x->minimum_tcbs[0].product == SNP_PRODUCT_TURIN &&
		    x->minimum_tcbs[0].tcb.fmc == 1);
	assert_true(x->has_firmware_min && x->firmware_min.minor == 55 &&
		    x->denied_products == (1u << SNP_PRODUCT_MILAN | 1u << SNP_PRODUCT_GENOA));
	/* Zero is more than nothing: it replaces the default. */
	assert_true(x->has_platform_require && x->platform_require == 0 && x->has_platform_forbid &&
		    x->platform_forbid == 1 && x->launch_mitigations == 2 &&
		    x->current_mitigations == 4);
	assert_string_equal(x->uvm_issuer, "did:x");
	assert_string_equal(x->uvm_feed, "feed");
	assert_string_equal(x->maa_issuer, "https://m");
	assert_string_equal(x->maa_compliance, "ok");
	assert_true(x->has_uvm_svn_min && x->uvm_svn_min == 101 && x->maa_evidence &&
		    x->maa_host_data[1] == 0x11 && x->endorsement_vcpu_count == 4 &&
		    x->endorsement_svn_min == 5);
	evidence_document_done(&d);
}

/* Nothing that was read gets lost when it is written, and nothing comes from nowhere. */
static void written_again(void **state)
{
	struct evidence_document d, again;
	struct snp_expectations nothing = {.size = sizeof(nothing)};
	char *whole, *second, *empty;
	struct json_out json;

	(void)state;
	assert_int_equal(parse(text, &d, NULL), 0);
	json_out_init(&json, "snp-evidence/1");
	json_out_integer(&json, json.root, "at_time", 1);
	expected_print(&d.expected, &json, json_out_object(&json, json.root, "expected"));
	assert_int_equal(json_out_print(&json, &whole, NULL), 0);
	json_out_done(&json);
	for (const char *key = strstr(text, "\"expected\""); (key = strstr(key, "_")); key++) {
		char name[64];
		const char *from = key, *to = key;

		while (from[-1] != '"')
			from--;
		to = strchr(key, '"');
		snprintf(name, sizeof(name), "\"%.*s\"", (int)(to - from), from);
		if (!strstr(whole, name))
			fail_msg("%s got lost", name);
	}
	assert_int_equal(parse(whole, &again, NULL), 0);
	json_out_init(&json, "snp-evidence/1");
	json_out_integer(&json, json.root, "at_time", 1);
	expected_print(&again.expected, &json, json_out_object(&json, json.root, "expected"));
	assert_int_equal(json_out_print(&json, &second, NULL), 0);
	json_out_done(&json);
	assert_string_equal(whole, second);
	json_out_init(&json, NULL);
	expected_print(&nothing, &json, json.root);
	assert_int_equal(json_out_print_compact(&json, &empty, NULL), 0);
	json_out_done(&json);
	assert_string_equal(empty, "{}");
	free(whole);
	free(second);
	free(empty);
	evidence_document_done(&d);
	evidence_document_done(&again);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(what_was_read),
		cmocka_unit_test(written_again),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	return RUN_TESTS("evidence_document", tests, n);
}
