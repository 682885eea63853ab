// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ovmf_image.h"
#include "told.h"

#define ENTRY_RESET    (IMAGE_FOOTER - 18u) /* length of that entry */
#define ENTRY_METADATA (IMAGE_HASHES - 18u)

/* One change of a good image: what is wrong with it, and at which byte. */
static const struct mangle {
	const char *name;
	uint32_t at;
	const char *bytes;
	size_t n;
	enum snp_code code; /* of the problem; SNP_OK: none */
	uint64_t offset;
} mangles[] = {
	{"good", 0, "", 0, SNP_OK, 0},
	{"table of 0 bytes", IMAGE_FOOTER, "\x00\x00", 2, SNP_E_BAD_TABLE, IMAGE_FOOTER},
	{"table of 17 bytes", IMAGE_FOOTER, "\x11\x00", 2, SNP_E_BAD_TABLE, IMAGE_FOOTER},
	{"table without entries", IMAGE_FOOTER, "\x12\x00", 2, SNP_OK, 0},
	{"table larger than the image", IMAGE_FOOTER, "\xff\xff", 2, SNP_E_BAD_TABLE, IMAGE_FOOTER},
	{"entry of 0 bytes", ENTRY_RESET, "\x00\x00", 2, SNP_E_BAD_TABLE, ENTRY_RESET},
	{"entry of 17 bytes", ENTRY_RESET, "\x11\x00", 2, SNP_E_BAD_TABLE, ENTRY_RESET},
	{"entry larger than the table", ENTRY_RESET, "\xff\xff", 2, SNP_E_BAD_TABLE, ENTRY_RESET},
	{"entry a byte too large", ENTRY_METADATA, "\x17\x00", 2, SNP_E_BAD_TABLE, ENTRY_METADATA},
	{"17 bytes beside the entries", IMAGE_FOOTER, "\x69\x00", 2, SNP_OK, 0},
	/* The hash table's GUID on the last entry, and no longer on its own. */
	{"hash table entry of 4 bytes", IMAGE_DISTANCE + 6,
	 "\x1f\x37\x55\x72\x3b\x3a\x04\x4b\x92\x7b\x1d\xa6\xef\xa8\xd4\x54"
	 "\0\x0c\x81\0\0\4\0\0\x1a\0\x55",
	 27, SNP_E_BAD_TABLE, IMAGE_DISTANCE},
	{"metadata entry of 3 bytes", ENTRY_METADATA, "\x15\x00", 2, SNP_E_BAD_TABLE,
	 IMAGE_DISTANCE + 1},
	{"metadata distance 0", IMAGE_DISTANCE, "\0\0\0\0", 4, SNP_E_BAD_METADATA, IMAGE_DISTANCE},
	{"metadata distance 15", IMAGE_DISTANCE, "\xf\0\0\0", 4, SNP_E_BAD_METADATA,
	 IMAGE_DISTANCE},
	{"metadata before the image", IMAGE_DISTANCE, "\1\0\1\0", 4, SNP_E_BAD_METADATA,
	 IMAGE_DISTANCE},
	{"metadata far away", IMAGE_DISTANCE, "\xff\xff\xff\xff", 4, SNP_E_BAD_METADATA,
	 IMAGE_DISTANCE},
	{"metadata at the beginning", IMAGE_DISTANCE, "\0\0\1\0", 4, SNP_E_BAD_METADATA, 0},
	{"no signature", IMAGE_METADATA, "ASEW", 4, SNP_E_BAD_METADATA, IMAGE_METADATA},
	{"length 15", IMAGE_METADATA + 4, "\xf\0\0\0", 4, SNP_E_BAD_METADATA, IMAGE_METADATA + 4},
	{"length 16", IMAGE_METADATA + 4, "\x10\0\0\0", 4, SNP_E_BAD_METADATA, IMAGE_METADATA + 12},
	{"length past the end", IMAGE_METADATA + 4, "\1\x8\0\0", 4, SNP_E_BAD_METADATA,
	 IMAGE_METADATA + 4},
	{"version 2", IMAGE_METADATA + 8, "\2\0\0\0", 4, SNP_OK, 0},
	{"no sections", IMAGE_METADATA + 12, "\0\0\0\0", 4, SNP_E_BAD_METADATA,
	 IMAGE_METADATA + 12},
	{"a section less", IMAGE_METADATA + 12, "\6\0\0\0", 4, SNP_E_BAD_METADATA,
	 IMAGE_METADATA + 12},
	{"a section more", IMAGE_METADATA + 12, "\x8\0\0\0", 4, SNP_E_BAD_METADATA,
	 IMAGE_METADATA + 12},
	{"2^32 - 1 sections", IMAGE_METADATA + 12, "\xff\xff\xff\xff", 4, SNP_E_BAD_METADATA,
	 IMAGE_METADATA + 12},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	uint8_t *image = malloc(IMAGE_SIZE); /* on the heap, so that ASan sees one byte too far */
	const struct snp_firmware_info *info;
	struct snp_firmware *firmware = NULL;
	struct snp_error err = {0};

	assert_non_null(image);
	image_build(image);
	memcpy(image + row->at, row->bytes, row->n);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, &err),
		0);
	assert_int_equal(err.code, SNP_OK);
	info = snp_firmware_info(firmware);
	assert_int_equal(info->problem ? info->problem->code : SNP_OK, row->code);
	tell_result(row->name, info->problem ? -1 : 0, info->problem);
	if (info->problem) {
		assert_true(info->problem->offset == row->offset);
		assert_string_not_equal(info->problem->message, "");
		assert_string_equal(info->problem->file, "image");
	}
	snp_firmware_free(firmware);
	free(image);
}

/* Sizes that no VMM loads. */
static const struct size {
	const char *name;
	size_t size;
	enum snp_code code;
} sizes[] = {
	{"empty", 0, SNP_E_EMPTY_FILE},
	{"1 byte", 1, SNP_E_FIRMWARE_SIZE},
	{"49 bytes", 49, SNP_E_FIRMWARE_SIZE},
	{"50 bytes", 50, SNP_E_FIRMWARE_SIZE},
	{"4095 bytes", 4095, SNP_E_FIRMWARE_SIZE},
	{"a page", 4096, SNP_OK},
	{"4097 bytes", 4097, SNP_E_FIRMWARE_SIZE},
	{"64 KiB less a byte", 65535, SNP_E_FIRMWARE_SIZE},
	{"17 MiB", 17u << 20, SNP_OK},
	{"17 MiB and a page", (17u << 20) + 4096, SNP_E_TOO_LARGE},
};

static void check_size(void **state)
{
	const struct size *row = *state;
	uint8_t *image = calloc(1, row->size ? row->size : 1);
	struct snp_firmware *firmware = NULL;
	struct snp_error err = {0};

	assert_non_null(image);
	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, row->size}, &firmware, &err),
		-(int)row->code);
	tell_result(row->name, -(int)err.code, &err);
	assert_int_equal(err.code, row->code);
	assert_int_equal(firmware == NULL, row->code != SNP_OK);
	snp_firmware_free(firmware);
	free(image);
}

static struct snp_firmware *parse(const uint8_t *image)
{
	struct snp_firmware *firmware = NULL;

	assert_int_equal(
		snp_firmware_parse("image", (struct snp_span){image, IMAGE_SIZE}, &firmware, NULL),
		0);
	return firmware;
}

static void good_image(void **state)
{
	uint8_t image[IMAGE_SIZE];
	const struct snp_firmware_info *info;
	struct snp_firmware *firmware;
	char guid[SNP_GUID_STRING_SIZE];

	(void)state;
	image_build(image);
	firmware = parse(image);
	info = snp_firmware_info(firmware);
	assert_true(info->has_table && info->has_metadata && info->has_hash_table);
	assert_false(info->has_svsm || info->is_summary);
	assert_int_equal(info->size, IMAGE_SIZE);
	assert_int_equal(info->n_entries, 3);
	assert_int_equal(info->entries[0].offset, IMAGE_RESET);
	assert_int_equal(info->entries[1].size, 8);
	snp_guid_string(info->entries[0].guid, guid);
	assert_string_equal(guid, "00f771de-1a7e-4fcb-890e-68c77e2fb44e");
	assert_string_equal(snp_guid_name(info->entries[2].guid), "SEV metadata");
	assert_int_equal(info->reset_source, SNP_RESET_TABLE);
	assert_int_equal(info->reset_address, 0x80b004);
	assert_int_equal(info->hash_table_gpa, 0x810c00);
	assert_int_equal(info->hash_table_size, 0x400);
	assert_int_equal(info->metadata_offset, IMAGE_METADATA);
	assert_int_equal(info->n_sections, IMAGE_N_SECTIONS);
	assert_memory_equal(info->sections, image_sections, sizeof(image_sections));
	snp_firmware_free(firmware);
}

/* QEMU's lookup walks from the footer down and takes the first. */
static void duplicate_entry(void **state)
{
	uint8_t image[IMAGE_SIZE];
	struct snp_firmware *firmware;

	(void)state;
	image_build(image);
	memcpy(image + IMAGE_DISTANCE + 6, image + IMAGE_RESET + 6, 16);
	snp_put_le32(image + IMAGE_DISTANCE, 0x11112222);
	firmware = parse(image);
	assert_int_equal(snp_firmware_info(firmware)->reset_address, 0x80b004);
	assert_false(snp_firmware_info(firmware)->has_metadata);
	snp_firmware_free(firmware);
}

/* Where edk2 of 2020 had it: the block where the footer now is. */
static void legacy_reset(void **state)
{
	uint8_t image[IMAGE_SIZE];
	const struct snp_firmware_info *info;
	struct snp_firmware *firmware;

	(void)state;
	image_build(image);
	memcpy(image + IMAGE_FOOTER + 2, image + IMAGE_RESET + 6, 16);
	snp_put_le16(image + IMAGE_FOOTER, 22);
	snp_put_le32(image + IMAGE_FOOTER - 4, 0x00ffd00f);
	firmware = parse(image);
	info = snp_firmware_info(firmware);
	assert_null(info->problem);
	assert_false(info->has_table);
	assert_int_equal(info->reset_source, SNP_RESET_LEGACY);
	assert_int_equal(info->reset_address, 0x00ffd00f);
	snp_firmware_free(firmware);

	snp_put_le16(image + IMAGE_FOOTER, 21);
	firmware = parse(image);
	info = snp_firmware_info(firmware);
	assert_int_equal(info->problem->code, SNP_E_BAD_TABLE);
	assert_int_equal(info->problem->offset, IMAGE_FOOTER);
	snp_firmware_free(firmware);
}

static void no_footer(void **state)
{
	uint8_t image[IMAGE_SIZE];
	const struct snp_firmware_info *info;
	struct snp_firmware *firmware;

	(void)state;
	image_build(image);
	image[IMAGE_FOOTER + 2] ^= 1;
	firmware = parse(image);
	info = snp_firmware_info(firmware);
	assert_null(info->problem);
	assert_false(info->has_table || info->has_metadata || info->has_hash_table);
	assert_int_equal(info->reset_source, SNP_RESET_ABSENT);
	snp_firmware_free(firmware);
}

/* Each GUID that has a name: of the good image, and others that vendors put into the table. */
static void names_of_guids(void **state)
{
	static const uint8_t footer[SNP_GUID_SIZE] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f,
						      0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66,
						      0xc5, 0x5a, 0x08, 0x2d};
	const struct snp_firmware_info *info;
	uint8_t image[IMAGE_SIZE];
	struct snp_firmware *firmware;
	const char *name = snp_guid_name(footer);

	(void)state;
	tell("footer: %s", name ? name : "none");
	image_build(image);
	firmware = parse(image);
	info = snp_firmware_info(firmware);
	for (size_t i = 0; i < info->n_entries; i++) {
		char guid[SNP_GUID_STRING_SIZE];

		snp_guid_string(info->entries[i].guid, guid);
		name = snp_guid_name(info->entries[i].guid);
		tell("%s: %s", guid, name ? name : "none");
	}
	snp_firmware_free(firmware);
}

static void as_told(void **state)
{
	(void)state;
	told("firmware");
}

int main(void)
{
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(good_image),
		cmocka_unit_test(duplicate_entry),
		cmocka_unit_test(legacy_reset),
		cmocka_unit_test(no_footer),
	};
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_size, sizes);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(names_of_guids);
	memcpy(tests + n, single, sizeof(single));
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("firmware", tests, n + sizeof(single) / sizeof(single[0]));
}
