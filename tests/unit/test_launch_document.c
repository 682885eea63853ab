// SPDX-License-Identifier: Apache-2.0
/* What a digest does not cover, by mode: no thing too many, none too few. */
#include "rows.h"
#include "told.h"

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

/* The whole document, of launches with all that it may have. */
static void documents(void **state)
{
	static const struct snp_kernel_hashes hashes;
	static const uint8_t firmware[SNP_SHA384_SIZE] = {1, 2, 3};
	static const struct {
		enum snp_mode mode;
		const char *profile, *model;
		uint64_t memory;
		bool kernel, svsm, digest;
	} launches[] = {
		{SNP_MODE_SNP, "qemu", "EPYC-Milan", 0, true, false, true},
		{SNP_MODE_SNP, "ec2", "", 0, false, false, false},
		{SNP_MODE_SNP_SVSM, "svsm", "EPYC-v4", 0, true, true, false},
		{SNP_MODE_SEV_ES, "qemu-es-init2", "EPYC", 0, true, false, false},
		{SNP_MODE_SEV, "qemu", "", 0, true, false, false},
		{SNP_MODE_SNP_IGVM, "igvm-qemu-10", "EPYC", 1 << 30, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(launches) / sizeof(launches[0]); i++) {
		struct snp_launch launch = {.size = sizeof(struct snp_launch),
					    .mode = launches[i].mode,
					    .policy = 0x30000,
					    .memory_size = launches[i].memory,
					    .vars_size = 4096,
					    .kernel_hashes = launches[i].kernel ? &hashes : NULL,
					    .vcpus.count = 3,
					    .vcpus.signature = i % 5 ? 0x800f12 : 0xa00f11,
					    .vcpus.features = 0x21};
		const struct launch_inputs inputs = {
			.firmware = {.present = true,
				     .name = "OVMF.fd",
				     .has_size = true,
				     .size = 77},
			.svsm = {.present = launches[i].svsm, .sha256 = {7}},
			.igvm = {.present = i == 5, .name = "guest.igvm"},
			.kernel = {.present = launches[i].kernel, .has_size = true, .size = 0},
			.initrd = {.present = i == 0, .is_summary = true, .firmware_digest = {9}},
			.cmdline = {.present = launches[i].kernel, .sha256 = {0xff, 0xee}},
			.firmware_digest = launches[i].digest ? firmware : NULL,
		};
		struct json_out json;
		char *text;

		/* Only whether there is one is asked. */
		if (launches[i].svsm)
			launch.svsm = (const struct snp_firmware *)&hashes;
		snprintf(launch.vcpus.profile, sizeof(launch.vcpus.profile), "%s",
			 launches[i].profile);
		snprintf(launch.vcpus.model, sizeof(launch.vcpus.model), "%s", launches[i].model);
		json_out_init(&json, "test/1");
		launch_document_add(&json, &launch, &inputs);
		text = cJSON_Print(json.root);
		tell("%s", text);
		free(text);
		json_out_done(&json);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("launch_document");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(documents);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("launch_document", tests, n);
}
