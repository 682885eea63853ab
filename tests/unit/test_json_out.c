// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>

#include <cjson/cJSON.h>
#include <snp/json_out.h>

static void everything_is_written_as_the_documents_want_it(void **state)
{
	struct json_out out;
	struct cJSON *list;
	char *text;

	(void)state;
	json_out_init(&out, "snp-test/1");
	json_out_integer(&out, out.root, "count", 1ull << 53);
	json_out_u64(&out, out.root, "policy", 0x30000);
	json_out_hex(&out, out.root, "digest", (const uint8_t *)"\x00\xff", 2);
	json_out_base64(&out, out.root, "block", (const uint8_t *)"fo", 2);
	list = json_out_array(&out, out.root, "list");
	json_out_bool(&out, list, NULL, true);
	json_out_string(&out, json_out_object(&out, list, NULL), "a\tb", "\t: \n");
	assert_int_equal(json_out_print(&out, &text, NULL), 0);
	assert_string_equal(text, "{\n"
				  "  \"schema\": \"snp-test/1\",\n"
				  "  \"count\": 9007199254740992,\n"
				  "  \"policy\": \"0x30000\",\n"
				  "  \"digest\": \"00ff\",\n"
				  "  \"block\": \"Zm8=\",\n"
				  "  \"list\": [true, {\n"
				  "      \"a\\tb\": \"\\t: \\n\"\n"
				  "    }]\n"
				  "}\n");
	free(text);
	json_out_done(&out);
}

static void one_failed_addition_fails_the_document(void **state)
{
	struct json_out out;
	struct snp_error err = {0};
	char *text = (char *)&out;

	(void)state;
	json_out_init(&out, NULL);
	json_out_integer(&out, out.root, "count", (1ull << 53) + 1);
	assert_int_equal(json_out_print(&out, &text, &err), -SNP_E_NO_MEMORY);
	assert_int_equal(json_out_print_compact(&out, &text, &err), -SNP_E_NO_MEMORY);
	assert_ptr_equal(text, &out);
	json_out_done(&out);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_written_as_the_documents_want_it),
		cmocka_unit_test(one_failed_addition_fails_the_document),
	};

	return RUN_TESTS("json_out", tests, 2);
}
