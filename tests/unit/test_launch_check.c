// SPDX-License-Identifier: Apache-2.0
/* One change of a good image or a good launch: whether it can be launched, and if not, with which error
 * at which byte. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/launch.h>

#include "ovmf_image.h"
#include "told.h"

#define SECTION(i, word) (IMAGE_SECTION + 12u * (i) + 4u * (word))
enum {
	GPA,
	SIZE,
	TYPE
};

#define ES  (1u << SNP_MODE_SEV_ES)
#define SEV (1u << SNP_MODE_SEV)
#define SNP (1u << SNP_MODE_SNP)

static const struct snp_kernel_hashes some_hashes = {{1}, {2}, {3}};

static const struct row {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	bool kernel;
	unsigned int modes; /* those that are refused */
	enum snp_code code;
	uint64_t offset;
} rows[] = {
	{"good", 0, "", 0, false, 0, SNP_OK, 0},
	{"good, kernel", 0, "", 0, true, 0, SNP_OK, 0},
	{"no footer", IMAGE_FOOTER + 2, "x", 1, false, SNP, SNP_E_NO_METADATA, SNP_NO_OFFSET},
	{"no footer, SEV-ES", IMAGE_FOOTER + 2, "x", 1, false, ES, SNP_E_NO_RESET_ADDRESS,
	 SNP_NO_OFFSET},
	{"no footer, kernel", IMAGE_FOOTER + 2, "x", 1, true, SEV, SNP_E_NO_HASH_TABLE,
	 SNP_NO_OFFSET},
	{"bad table", IMAGE_FOOTER, "\x11", 1, false, SNP | ES, SNP_E_BAD_TABLE, IMAGE_FOOTER},
	{"bad table, kernel", IMAGE_FOOTER, "\x11", 1, true, SNP | ES | SEV, SNP_E_BAD_TABLE,
	 IMAGE_FOOTER},
	{"bad metadata", IMAGE_METADATA, "X", 1, false, SNP, SNP_E_BAD_METADATA, IMAGE_METADATA},
	{"no metadata entry", IMAGE_DISTANCE + 6, "X", 1, false, SNP, SNP_E_NO_METADATA,
	 SNP_NO_OFFSET},
	{"no reset entry", IMAGE_RESET + 6, "X", 1, false, SNP | ES, SNP_E_NO_RESET_ADDRESS,
	 SNP_NO_OFFSET},
	{"reset address 0", IMAGE_RESET, "\0\0\0\0", 4, false, SNP | ES, SNP_E_NO_RESET_ADDRESS,
	 IMAGE_RESET},
	{"no hash table entry", IMAGE_HASHES + 10, "X", 1, true, SNP | ES | SEV,
	 SNP_E_NO_HASH_TABLE, SNP_NO_OFFSET},
	{"hash table unasked for", IMAGE_HASHES + 10, "X", 1, false, 0, SNP_OK, 0},
	{"hash table at 0", IMAGE_HASHES, "\0\0\0\0", 4, true, SNP | ES | SEV, SNP_E_NO_HASH_TABLE,
	 IMAGE_HASHES},
	{"hash table of 175 bytes", IMAGE_HASHES + 4, "\xaf\0\0\0", 4, true, SNP | ES | SEV,
	 SNP_E_NO_HASH_TABLE, IMAGE_HASHES},
	{"hash table of 176 bytes", IMAGE_HASHES + 4, "\xb0\0\0\0", 4, true, 0, SNP_OK, 0},
	{"hash table up to the page's end", IMAGE_HASHES, "\x50\x0f\x81\0", 4, true, 0, SNP_OK, 0},
	{"hash table over the page's end", IMAGE_HASHES, "\x60\x0f\x81\0", 4, true, SNP,
	 SNP_E_BAD_HASH_TABLE, SECTION(6, SIZE)},
	{"hash table in another page", IMAGE_HASHES, "\0\x0c\x82\0", 4, true, SNP,
	 SNP_E_BAD_HASH_TABLE, SECTION(6, GPA)},
	{"hash table not of 16", IMAGE_HASHES, "\x08\x0c\x81\0", 4, true, ES | SEV,
	 SNP_E_BAD_HASH_TABLE, IMAGE_HASHES},
	{"hash table beyond memory", IMAGE_HASHES, "\0\0\0\xff", 4, true, ES | SEV,
	 SNP_E_BAD_HASH_TABLE, IMAGE_HASHES},
	{"no hash section", SECTION(6, TYPE), "\1", 1, true, SNP, SNP_E_NO_HASH_SECTION,
	 SNP_NO_OFFSET},
	{"no hash section, no kernel", SECTION(6, TYPE), "\1", 1, false, 0, SNP_OK, 0},
	{"two hash sections", SECTION(4, TYPE), "\x10", 1, true, SNP, SNP_E_BAD_HASH_TABLE,
	 SECTION(4, GPA)},
	{"no secrets", SECTION(2, TYPE), "\1", 1, false, SNP, SNP_E_NO_SECTION, SNP_NO_OFFSET},
	{"no CPUID", SECTION(3, TYPE), "\1", 1, false, SNP, SNP_E_NO_SECTION, SNP_NO_OFFSET},
	{"two secrets, no CPUID", SECTION(3, TYPE), "\2", 1, false, SNP, SNP_E_NO_SECTION,
	 SNP_NO_OFFSET},
	{"unknown type", SECTION(4, TYPE), "\x99\1", 2, false, 0, SNP_OK, 0},
	{"section of 0 bytes", SECTION(1, SIZE), "\0\0\0\0", 4, false, SNP, SNP_E_BAD_SECTION,
	 SECTION(1, SIZE)},
	{"section inside a page", SECTION(1, GPA), "\1", 1, false, SNP, SNP_E_BAD_SECTION,
	 SECTION(1, GPA)},
	{"section of part of a page", SECTION(0, SIZE), "\1", 1, false, SNP, SNP_E_BAD_SECTION,
	 SECTION(0, SIZE)},
	{"section of 4 GiB less a page", SECTION(5, SIZE), "\0\xf0\xff\xff", 4, false, SNP,
	 SNP_E_SECTION_OVERLAP, SECTION(5, GPA)},
	{"section over the firmware", SECTION(4, GPA), "\0\0\xff\xff", 4, false, SNP,
	 SNP_E_SECTION_OVERLAP, SECTION(4, GPA)},
	{"section beyond memory", SECTION(4, GPA), "\0\0\0\xfe", 4, false, SNP, SNP_E_BAD_SECTION,
	 SECTION(4, GPA)},
	{"sections overlap", SECTION(1, GPA), "\0\x80\x80", 3, false, SNP, SNP_E_SECTION_OVERLAP,
	 SECTION(1, GPA)},
	{"a section twice", SECTION(4, GPA), "\0\xe0\x80", 3, false, SNP, SNP_E_SECTION_OVERLAP,
	 SECTION(4, GPA)},
	{"secrets of two pages", SECTION(2, SIZE), "\0\x20", 2, false, SNP, SNP_E_SECTION_OVERLAP,
	 SECTION(3, GPA)},
	{"128 MiB of sections", SECTION(5, SIZE), "\0\0\0\x08", 4, false, SNP, SNP_E_TOO_LARGE,
	 SECTION(0, GPA)},
	{"nearly", SECTION(5, SIZE), "\0\0\xf0\7", 4, false, 0, SNP_OK, 0},
	{"version 2", IMAGE_METADATA + 8, "\2", 1, false, 0, SNP_OK, 0},
};

static struct snp_firmware *build(const struct row *row)
{
	uint8_t image[IMAGE_SIZE];
	struct snp_firmware *firmware = NULL;

	image_build(image);
	memcpy(image + row->at, row->bytes, row->n);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, NULL),
		0);
	return firmware;
}

static void check_row(void **state)
{
	static const enum snp_mode modes[] = {SNP_MODE_SNP, SNP_MODE_SEV_ES, SNP_MODE_SEV};
	const struct row *row = *state;
	struct snp_firmware *firmware = build(row);

	for (unsigned int i = 0; i < 3; i++) {
		bool refused = row->modes & 1u << modes[i];
		struct snp_launch launch = {
			.size = sizeof(struct snp_launch),
			.mode = modes[i],
			.firmware = firmware,
			.kernel_hashes = row->kernel ? &some_hashes : NULL,
			.vcpus.count = 1,
			.vcpus.features = snp_mode_default_features(modes[i]),
		};
		uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {0x55};
		struct snp_error err = {0};
		size_t size = 77;
		int r;

		assert_int_equal(
			snp_profile_current(SNP_VMM_QEMU, modes[i], launch.vcpus.profile, NULL), 0);
		r = snp_launch_digest(&launch, digest, &size, &err);
		/* A row is about the modes that it names; others may have a complaint of their own. */
		if (!refused) {
			assert_true(r == 0 || (row->modes != 0 && (err.code != row->code ||
								   err.offset != row->offset)));
			continue;
		}
		tell_result(row->name, r, &err);
		assert_int_equal(r, -(int)row->code);
		assert_true(err.offset == row->offset);
		assert_string_equal(err.file, "image");
		assert_int_equal(digest[0], 0x55);
		assert_int_equal(size, 77);
	}
	snp_firmware_free(firmware);
}

/* What is wrong with a launch beside its firmware. */
static const struct parameter {
	const char *name;
	enum snp_mode mode;
	const char *profile;
	uint32_t vcpus;
	uint64_t features;
	enum snp_code code;
} parameters[] = {
	{"good", SNP_MODE_SNP, "qemu", 1, 1, SNP_OK},
	{"4096 vCPUs", SNP_MODE_SNP, "qemu", 4096, 1, SNP_OK},
	{"no vCPU", SNP_MODE_SNP, "qemu", 0, 1, SNP_E_BAD_VCPU_COUNT},
	{"4097 vCPUs", SNP_MODE_SNP, "qemu", 4097, 1, SNP_E_BAD_VCPU_COUNT},
	{"no vCPU, SEV-ES", SNP_MODE_SEV_ES, "qemu-es-legacy", 0, 0, SNP_E_BAD_VCPU_COUNT},
	{"no vCPU, SEV", SNP_MODE_SEV, "qemu", 0, 0, SNP_OK},
	{"features without SNP", SNP_MODE_SNP, "qemu", 1, 0x20, SNP_E_BAD_FEATURES},
	{"features 0", SNP_MODE_SNP, "qemu", 1, 0, SNP_E_BAD_FEATURES},
	{"DebugSwap", SNP_MODE_SNP, "qemu", 1, 0x21, SNP_OK},
	{"SNP in SEV-ES", SNP_MODE_SEV_ES, "qemu-es-init2", 1, 1, SNP_E_BAD_FEATURES},
	{"DebugSwap in SEV-ES", SNP_MODE_SEV_ES, "qemu-es-legacy", 1, 0x20, SNP_OK},
	{"features in SEV", SNP_MODE_SEV, "qemu", 1, 0x20, SNP_E_BAD_FEATURES},
	{"profile of SEV-ES", SNP_MODE_SNP, "qemu-es-init2", 1, 1, SNP_E_BAD_PROFILE},
	{"profile of SEV-SNP", SNP_MODE_SEV_ES, "qemu", 1, 0, SNP_E_BAD_PROFILE},
	{"profile of svsm", SNP_MODE_SNP, "svsm", 1, 1, SNP_E_BAD_PROFILE},
	{"ec2 in svsm", SNP_MODE_SNP_SVSM, "ec2", 1, 1, SNP_E_BAD_PROFILE},
	{"features in svsm", SNP_MODE_SNP_SVSM, "svsm", 1, 0x21, SNP_E_BAD_FEATURES},
	{"no SVSM", SNP_MODE_SNP_SVSM, "svsm", 1, 1, SNP_E_NO_SVSM},
};

static void check_parameter(void **state)
{
	const struct parameter *row = *state;
	struct snp_firmware *firmware = build(&rows[0]);
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = row->mode,
		.firmware = firmware,
		.svsm = row->mode == SNP_MODE_SNP_SVSM ? firmware : NULL,
		.vcpus.count = row->vcpus,
		.vcpus.features = row->features,
	};
	struct snp_error err = {0};

	snprintf(launch.vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", row->profile);
	assert_int_equal(snp_launch_check(&launch, &err), -(int)row->code);
	tell_result(row->name, -(int)err.code, &err);
	assert_int_equal(err.code, row->code);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	snp_firmware_free(firmware);
}

/* The struct of another release of the library: of its first members, or with later ones. */
static const struct release {
	const char *name;
	size_t size;
	uint8_t later; /* the byte after the struct */
	enum snp_code code;
} releases[] = {
	{"no size", 0, 0, SNP_E_USAGE},
	{"a size that is too small", offsetof(struct snp_launch, igvm) - 1, 0, SNP_E_USAGE},
	{"an earlier release", offsetof(struct snp_launch, igvm), 0, SNP_OK},
	{"no size but garbage", SIZE_MAX, 0, SNP_E_USAGE},
	{"a later release", sizeof(struct snp_launch) + 8, 0, SNP_OK},
	{"a later release, more asked", sizeof(struct snp_launch) + 8, 1, SNP_E_USAGE},
};

static void ignore_warning(void *arg, const char *name, const char *text)
{
	(void)name;
	(void)text;
	++*(int *)arg;
}

static int ignore_update(void *arg, const struct snp_launch_update *update, struct snp_error *err)
{
	(void)update;
	(void)err;
	++*(int *)arg;
	return 0;
}

static void check_release(void **state)
{
	const struct release *row = *state;
	struct snp_firmware *firmware = build(&rows[0]);
	struct {
		struct snp_launch launch;
		uint8_t later[8];
	} given = {.launch = {.size = row->size,
			      .mode = SNP_MODE_SNP,
			      .firmware = firmware,
			      .kernel_hashes = &some_hashes,
			      .vcpus = {"qemu", 1, 0, 0x21, ""}},
		   .later = {row->later}};
	uint8_t bytes[2 * SNP_PAGE_SIZE];
	int status = -(int)row->code, warnings = 0, updates = 0;
	struct snp_error err = {0};
	uint64_t gpa;
	size_t size;

	assert_int_equal(snp_launch_check(&given.launch, &err), status);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	assert_int_equal(snp_launch_digest(&given.launch, bytes, &size, NULL), status);
	assert_int_equal(snp_launch_vmsa(&given.launch, 0, bytes, NULL), status);
	assert_int_equal(snp_launch_hash_pages(&given.launch, bytes, &gpa, &size, NULL), status);
	assert_int_equal(snp_launch_plan(&given.launch, ignore_update, &updates, NULL), status);
	assert_int_equal(updates > 0, row->code == SNP_OK);
	snp_launch_warnings(&given.launch, ignore_warning, &warnings);
	assert_int_equal(warnings > 0, row->code == SNP_OK);
	snp_firmware_free(firmware);
}

/* SVSM: an image with the info entry in place of the hash table's, and sections in low memory. */
static const struct svsm {
	const char *name;
	uint32_t start;
	uint64_t vars;
	bool kernel;
	enum snp_code code;
} svsms[] = {
	{"good", 0x1234, 0x84000, false, SNP_OK},
	{"no variables", 0x1234, 0, false, SNP_OK},
	{"start past the end", IMAGE_SIZE, 0, false, SNP_E_NO_SVSM},
	{"variables of 100 bytes", 0x1234, 100, false, SNP_E_FIRMWARE_SIZE},
	{"variables without end", 0x1234, ~0xfffull, false, SNP_E_FIRMWARE_SIZE},
	{"variables down to the memory", 0x1234, 0x20000000, false, SNP_E_FIRMWARE_SIZE},
	{"kernel", 0x1234, 0, true, SNP_E_NO_DIGEST},
};

static void check_svsm(void **state)
{
	static const uint8_t svsm_guid[] = {0x12, 0xa6, 0x89, 0xa7, 0x97, 0x05, 0x4b, 0x4c,
					    0xa4, 0x9f, 0xcb, 0xb1, 0xfe, 0x9d, 0x1d, 0xdd};
	const struct svsm *row = *state;
	struct snp_firmware *firmware = build(&rows[0]), *svsm = NULL;
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = SNP_MODE_SNP_SVSM,
		.vcpus.profile = "svsm",
		.firmware = firmware,
		.vars_size = row->vars,
		.kernel_hashes = row->kernel ? &some_hashes : NULL,
		.vcpus.count = 2,
		.vcpus.features = 1,
	};
	uint8_t image[IMAGE_SIZE], digest[SNP_LAUNCH_DIGEST_SIZE];
	struct snp_error err = {0};
	size_t size;

	image_build(image);
	memcpy(image + IMAGE_HASHES + 10, svsm_guid, sizeof(svsm_guid));
	snp_put_le32(image + IMAGE_HASHES, row->start);
	assert_int_equal(
		snp_firmware_parse("svsm", (struct snp_span){image, IMAGE_SIZE}, &svsm, NULL), 0);
	launch.svsm = svsm;
	assert_int_equal(snp_launch_digest(&launch, digest, &size, &err), -(int)row->code);
	assert_int_equal(err.code, row->code);
	snp_firmware_free(firmware);
	snp_firmware_free(svsm);
}

static void as_told(void **state)
{
	(void)state;
	told("launch_check");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_parameter, parameters);
	ADD_ROWS(tests, n, check_release, releases);
	ADD_ROWS(tests, n, check_svsm, svsms);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("launch-check", tests, n);
}
