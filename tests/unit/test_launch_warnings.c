// SPDX-License-Identifier: Apache-2.0
/* What is said about a launch that is possible, and about an image for which some are not. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/launch.h>

#include "ovmf_image.h"
#include "told.h"

static const struct snp_kernel_hashes some_hashes = {{1}, {2}, {3}};

/* One change of a good launch, and the names of all that is then said, each once. */
static const struct row {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	enum snp_mode mode;
	const char *profile;
	uint64_t features;
	bool kernel;
	const char *says; /* names, each followed by a blank */
} rows[] = {
	{"nothing", 0, "", 0, SNP_MODE_SNP, "qemu", 1, true, ""},
	{"SEV", 0, "", 0, SNP_MODE_SEV, "qemu", 0, true, ""},
	{"version 2", IMAGE_METADATA + 8, "\2", 1, SNP_MODE_SNP, "qemu", 1, false,
	 "metadata-version "},
	{"version 2 is of no account", IMAGE_METADATA + 8, "\2", 1, SNP_MODE_SEV, "qemu", 0, false,
	 ""},
	{"unknown type", IMAGE_SECTION + 12 * 4 + 8, "\x99", 1, SNP_MODE_SNP, "qemu", 1, false,
	 "unknown-section-type "},
	{"two secrets", IMAGE_SECTION + 12 * 4 + 8, "\2", 1, SNP_MODE_SNP, "qemu", 1, false,
	 "repeated-section "},
	{"two CPUID", IMAGE_SECTION + 12 * 4 + 8, "\3", 1, SNP_MODE_SNP, "qemu", 1, false,
	 "repeated-section "},
	{"duplicate entry", IMAGE_HASHES + 10,
	 "\xde\x71\xf7\x00\x7e\x1a\xcb\x4f\x89\x0e\x68\xc7\x7e\x2f\xb4\x4e", 16, SNP_MODE_SNP,
	 "qemu", 1, false, "duplicate-table-entry "},
	{"DebugSwap", 0, "", 0, SNP_MODE_SNP, "qemu", 0x21, false, "guest-features-not-of-qemu "},
	{"reserved feature", 0, "", 0, SNP_MODE_SNP, "qemu", 0x801, false,
	 "reserved-guest-features guest-features-not-of-qemu "},
	{"DebugSwap on GCE", 0, "", 0, SNP_MODE_SNP, "gce", 0x21, false, ""},
	{"SEV-ES", 0, "", 0, SNP_MODE_SEV_ES, "qemu-es-init2", 0, false, "two-es-digests "},
	{"SEV-ES on GCE", 0, "", 0, SNP_MODE_SEV_ES, "gce", 0, false, "mode-not-of-vmm "},
	{"kernel on EC2", 0, "", 0, SNP_MODE_SNP, "ec2-rdx0", 1, true, "kernel-not-of-vmm "},
	{"EC2 of today", 0, "", 0, SNP_MODE_SNP, "ec2", 1, false, "unconfirmed-profile "},
};

static void add(void *arg, const char *name, const char *text)
{
	char *said = arg;

	tell("%s: %s", name, text);
	assert_string_not_equal(text, "");
	strncat(said, name, 255 - strlen(said));
	strncat(said, " ", 255 - strlen(said));
}

static void check_row(void **state)
{
	const struct row *row = *state;
	uint8_t image[IMAGE_SIZE];
	char said[256] = "";
	struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = row->mode,
		.kernel_hashes = row->kernel ? &some_hashes : NULL,
		.vcpus.count = 1,
		.vcpus.features = row->features,
	};

	image_build(image);
	memcpy(image + row->at, row->bytes, row->n);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, NULL),
		0);
	launch.firmware = firmware;
	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", row->profile);
	assert_int_equal(snp_launch_check(&launch, NULL), 0);
	snp_launch_warnings(&launch, add, said);
	assert_string_equal(said, row->says);
	snp_firmware_free(firmware);
}

/* Each bit of SEV_FEATURES, beside SNP_ACTIVE: APM vol. 2, table B-4, names all but 11 and 13 below 16. */
static void every_feature(void **state)
{
	uint8_t image[IMAGE_SIZE];
	struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch), .mode = SNP_MODE_SNP, .vcpus.count = 1};

	(void)state;
	image_build(image);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, NULL),
		0);
	launch.firmware = firmware;
	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "gce");
	for (unsigned int bit = 0; bit < 64; bit++) {
		bool is_known = bit < 16 && bit != 11 && bit != 13;
		char said[256] = "";

		launch.vcpus.features = 1 | 1ull << bit;
		snp_launch_warnings(&launch, add, said);
		assert_string_equal(said, is_known ? "" : "reserved-guest-features ");
	}
	snp_firmware_free(firmware);
}

/* Sizes that QEMU does not take every way. */
static const struct size {
	const char *name;
	size_t size;
	const char *says;
} sizes[] = {
	{"4 MiB", 4u << 20, ""},
	{"a page", SNP_PAGE_SIZE, "firmware-not-for-bios "},
	{"8 MiB", 8u << 20, ""},
	{"8 MiB and 64 KiB", (8u << 20) + (64u << 10), "firmware-over-8-mib "},
};

static void check_size(void **state)
{
	const struct size *row = *state;
	uint8_t *image = calloc(1, row->size);
	char said[256] = "";
	struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {.size = sizeof(struct snp_launch), .mode = SNP_MODE_SEV};

	assert_non_null(image);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, row->size}, &firmware, NULL),
		0);
	launch.firmware = firmware;
	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", "qemu");
	snp_launch_warnings(&launch, add, said);
	assert_string_equal(said, row->says);
	snp_firmware_free(firmware);
	free(image);
}

/* An image, and the errors of each way to launch it: "-" is none. */
static const struct verdict {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	const char *says;
} verdicts[] = {
	{"AmdSev", 0, "", 0, "- - - - - - no-svsm-info "},
	{"no hash section", IMAGE_SECTION + 12 * 6 + 8, "\1", 1,
	 "- no-kernel-hashes-section - - - - no-svsm-info "},
	{"no hash table", IMAGE_HASHES + 10, "x", 1,
	 "- no-hash-table - no-hash-table - no-hash-table no-svsm-info "},
	{"no metadata", IMAGE_DISTANCE + 6, "x", 1,
	 "no-sev-metadata no-sev-metadata - - - - no-svsm-info "},
	{"no table", IMAGE_FOOTER + 2, "x", 1,
	 "no-sev-metadata no-sev-metadata no-reset-address no-reset-address - no-hash-table "
	 "no-svsm-info "},
	{"SVSM", IMAGE_HASHES,
	 "\x10\0\0\0\0\4\0\0\x1a\0"
	 "\x12\xa6\x89\xa7\x97\x05\x4b\x4c\xa4\x9f\xcb\xb1\xfe\x9d\x1d\xdd",
	 26, "- no-hash-table - no-hash-table - no-hash-table - "},
};

static void add_verdict(void *arg, const char *way, const struct snp_error *problem)
{
	assert_string_not_equal(way, "");
	add(arg, problem ? snp_code_name(problem->code) : "-", way);
}

static void check_verdict(void **state)
{
	const struct verdict *row = *state;
	uint8_t image[IMAGE_SIZE];
	char said[256] = "";
	struct snp_firmware *firmware = NULL;

	image_build(image);
	memcpy(image + row->at, row->bytes, row->n);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, NULL),
		0);
	snp_launch_verdicts(firmware, add_verdict, said);
	assert_string_equal(said, row->says);
	snp_firmware_free(firmware);
}

static void as_told(void **state)
{
	(void)state;
	told("launch_warnings");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_size, sizes);
	ADD_ROWS(tests, n, check_verdict, verdicts);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_feature);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("launch-warnings", tests, n);
}
