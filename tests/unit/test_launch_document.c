// SPDX-License-Identifier: Apache-2.0
/* What a digest does not cover, by mode: no thing too many, none too few. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <snp/launch_document.h>

#define DEVICES "UEFI memory devices, what "

static const struct row {
	const char *name;
	enum snp_mode mode;
	bool kernel_hashes;
	const char *first_words; /* of each thing */
} rows[] = {
	{"SNP", SNP_MODE_SNP, false, "kernel, contents contents guest " DEVICES},
	{"SNP, kernel", SNP_MODE_SNP, true, "contents contents guest whether " DEVICES},
	{"SVSM", SNP_MODE_SNP_SVSM, false, "kernel, contents contents guest " DEVICES},
	{"SEV-ES", SNP_MODE_SEV_ES, false, "kernel, guest " DEVICES},
	{"SEV-ES, kernel", SNP_MODE_SEV_ES, true, "guest whether " DEVICES},
	{"SEV", SNP_MODE_SEV, false, "kernel, the guest " DEVICES},
	{"SEV, kernel", SNP_MODE_SEV, true, "the guest whether " DEVICES},
};

static void check_row(void **state)
{
	static const struct snp_kernel_hashes hashes;
	const struct row *row = *state;
	const struct snp_launch launch = {.size = sizeof(struct snp_launch),
					  .mode = row->mode,
					  .kernel_hashes = row->kernel_hashes ? &hashes : NULL};
	struct json_out json;
	const struct cJSON *thing;
	char words[256] = "";

	json_out_init(&json, "test/1");
	launch_document_not_covered(&json, &launch);
	cJSON_ArrayForEach(thing, cJSON_GetObjectItemCaseSensitive(json.root, "not_covered")) {
		const char *text = cJSON_GetStringValue(thing);

		assert_non_null(text);
		strncat(words, text, strcspn(text, " "));
		strncat(words, " ", sizeof(words) - strlen(words) - 1);
	}
	assert_string_equal(words, row->first_words);
	json_out_done(&json);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("launch_document", tests, n);
}
