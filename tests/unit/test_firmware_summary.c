// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "image/firmware.h"

#include <snp/json.h>
#include <snp/launch.h>
#include <snp/memory.h>

#define DIGEST                                                             \
	"ffb57e393469a497c0e3b07bd1c97d8611e555f464d14491837665893ac642b2" \
	"63a71f9507ff100a847897fe0c3f8c6f"
#define BEGIN "{\"schema\": \"snp-firmware/1\", \"firmware_digest\": \"" DIGEST "\", "
#define SECTIONS                                                                      \
	"\"sections\": [{\"type\": 2, \"gpa\": \"0x80d000\", \"size\": \"0x1000\"}, " \
	"{\"type\": 3, \"gpa\": \"0x80e000\", \"size\": \"0x1000\"}, "                \
	"{\"type\": 16, \"gpa\": \"0x810000\", \"size\": \"0x1000\"}]"
#define ONE(section) "\"sections\": [" section "]}"

static const struct row {
	const char *name, *text;
	enum snp_code code;
	const char *pointer;
} rows[] = {
	{"all",
	 BEGIN "\"reset_address\": \"0x80b004\", \"hash_table_gpa\": \"0x810c00\", " SECTIONS "}",
	 SNP_OK, ""},
	{"the least", BEGIN SECTIONS "}", SNP_OK, ""},
	{"no sections", BEGIN "\"sections\": []}", SNP_OK, ""},
	{"no digest", "{\"schema\": \"snp-firmware/1\", " SECTIONS "}", SNP_E_JSON_MISSING_KEY, ""},
	{"sections missing", BEGIN "\"reset_address\": \"0x1\"}", SNP_E_JSON_MISSING_KEY, ""},
	{"short digest", "{\"firmware_digest\": \"00\", " SECTIONS "}", SNP_E_JSON_VALUE,
	 "/firmware_digest"},
	{"unknown key", BEGIN "\"hash_table\": \"0x1\", " SECTIONS "}", SNP_E_JSON_UNKNOWN_KEY,
	 "/hash_table"},
	{"reset address of 33 bits", BEGIN "\"reset_address\": \"0x100000000\", " SECTIONS "}",
	 SNP_E_JSON_VALUE, "/reset_address"},
	{"address as a number", BEGIN "\"reset_address\": 8433668, " SECTIONS "}", SNP_E_JSON_TYPE,
	 "/reset_address"},
	{"section without size", BEGIN ONE("{\"type\": 1, \"gpa\": \"0x1000\"}"),
	 SNP_E_JSON_MISSING_KEY, "/sections/0"},
	{"section of 2^32 bytes",
	 BEGIN ONE("{\"type\": 1, \"gpa\": \"0x1000\", \"size\": \"0x100000000\"}"),
	 SNP_E_JSON_VALUE, "/sections/0/size"},
	{"type of 33 bits",
	 BEGIN ONE("{\"type\": 4294967296, \"gpa\": \"0x1000\", \"size\": \"0x1000\"}"),
	 SNP_E_JSON_VALUE, "/sections/0/type"},
	{"array", "[]", SNP_E_JSON_TYPE, ""},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_firmware *firmware = NULL;
	struct json *document = NULL;
	struct snp_error err = {0};

	assert_int_equal(json_parse("summary", text_span(row->text), &document, NULL), 0);
	assert_int_equal(firmware_from_summary(json_root(document), "summary", &firmware, &err),
			 -(int)row->code);
	json_free(document);
	assert_int_equal(firmware == NULL, row->code != SNP_OK);
	assert_string_equal(err.pointer, row->pointer);
	snp_firmware_free(firmware);
}

/* What a summary cannot do: stand for the image. What it lacks is refused as an image's would be. */
static void launches(void **state)
{
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP,
				    .vcpus.count = 1,
				    .vcpus.features = 1};
	const struct snp_kernel_hashes hashes = {{0}, {0}, {0}};
	uint8_t sha256[SNP_SHA256_SIZE];
	struct snp_firmware *firmware = NULL;
	struct json *document = NULL;
	struct snp_error err = {0};
	const char *text = rows[1].text;

	(void)state;
	assert_int_equal(json_parse("summary", text_span(text), &document, NULL), 0);
	assert_int_equal(firmware_from_summary(json_root(document), "summary", &firmware, NULL), 0);
	json_free(document);
	launch.firmware = firmware;
	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", "qemu");
	assert_int_equal(snp_launch_check(&launch, &err), -SNP_E_NO_RESET_ADDRESS);
	assert_true(err.offset == SNP_NO_OFFSET);
	assert_string_equal(err.file, "summary");
	launch.kernel_hashes = &hashes;
	firmware->info.reset_address = 1;
	firmware->info.reset_source = SNP_RESET_SUMMARY;
	assert_int_equal(snp_launch_check(&launch, NULL), -SNP_E_NO_HASH_TABLE);
	launch.mode = SNP_MODE_SEV;
	launch.vcpus.features = 0;
	assert_int_equal(snp_launch_check(&launch, NULL), -SNP_E_NO_DIGEST);
	assert_int_equal(snp_firmware_sha256(firmware, sha256, NULL), -SNP_E_NO_DIGEST);
	snp_firmware_free(firmware);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(launches);
	return RUN_TESTS("firmware-summary", tests, n);
}
