// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fields.h>

struct part {
	uint32_t number;
	uint8_t digest[2];
};

struct disk {
	char *path;
	char name[8];
	const char *label;
	bool read_only, has_digest;
	uint32_t copies, flags;
	uint64_t size, address;
	uint8_t digest[4];
	unsigned int bus;
	struct part *parts;
	size_t n_parts;
};

static int odd_parts_only(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct part *part = at;

	return part->number % 2 ? 0 : json_fail(value, err, SNP_E_JSON_VALUE, "even");
}

static const char *const buses[] = {"virtio", "sata", NULL};

static const struct field part_fields[] = {
	FIELD("number", field_u32, part, number, .required = true),
	FIELD("digest", field_hex, part, digest),
	{0},
};

static const struct field place_fields[] = {
	FIELD("address", field_hex_u64, disk, address),
	FIELD("flags", field_hex_u32, disk, flags),
	OTHER_KEYS,
};

static const struct field disk_fields[] = {
	SCHEMA("snp-disk/1"),
	FIELD("path", field_copy, disk, path, .required = true),
	FIELD("name", field_chars, disk, name),
	FIELD("label", field_string, disk, label),
	FIELD("read_only", field_bool, disk, read_only),
	FIELD("copies", field_u32, disk, copies, .min = 1, .max = 9),
	FIELD("size", field_u64, disk, size),
	FIELD("digest", field_hex, disk, digest, .has = HAS(disk, has_digest)),
	FIELD("bus", field_choice, disk, bus, .rule = buses, .min = 10),
	FIELD_OBJECT("place", place_fields),
	FIELD_ARRAY("parts", part_fields, disk, parts, n_parts, .min = 1, .max = 2,
		    .check = odd_parts_only),
	SECTION("comment", field_skip),
	{0},
};

/* Reads `text`; what it fills is for disk_done(). Strings that the document keeps are forgotten. */
static int read_disk(const char *text, size_t size, struct disk *ret, struct snp_error *err)
{
	struct json *document;
	int r = json_parse("disk.json", (struct snp_span){(const uint8_t *)text, size}, &document,
			   err);

	*ret = (struct disk){.path = strdup("default"), .label = "none", .copies = 3};
	if (r < 0)
		return r;
	r = fields_read(json_root(document), disk_fields, ret, err);
	if (strcmp(ret->label, "none") != 0)
		assert_string_equal(ret->label, "data");
	ret->label = NULL;
	json_free(document);
	return r;
}

static void disk_done(struct disk *disk)
{
	free(disk->path);
	free(disk->parts);
}

#define DISK(members) "{\"schema\":\"snp-disk/1\",\"path\":\"/d\"" members "}"
#define FULL                                                                                  \
	DISK(",\"name\":\"seven_7\",\"label\":\"data\",\"read_only\":true,\"copies\":9,"      \
	     "\"size\":9007199254740992,\"digest\":\"01fe02fd\",\"bus\":\"sata\",\"place\":{" \
	     "\"address\":\"0xffffffffffffffff\",\"flags\":\"0xffffffff\",\"other\":[]},"     \
	     "\"parts\":[{\"number\":1,\"digest\":\"a1b2\"},{\"number\":4294967295}],"        \
	     "\"comment\":{\"any\":null}")

static void every_reader_fills_its_place(void **state)
{
	struct snp_error err;
	struct disk disk;

	(void)state;
	assert_int_equal(read_disk(FULL, strlen(FULL), &disk, &err), 0);
	assert_string_equal(disk.path, "/d");
	assert_string_equal(disk.name, "seven_7");
	assert_true(disk.read_only && disk.has_digest);
	assert_int_equal(disk.copies, 9);
	assert_true(disk.size == 1ull << 53 && disk.address == UINT64_MAX);
	assert_int_equal(disk.flags, UINT32_MAX);
	assert_memory_equal(disk.digest, "\x01\xfe\x02\xfd", 4);
	assert_int_equal(disk.bus, 11);
	assert_int_equal(disk.n_parts, 2);
	assert_int_equal(disk.parts[0].number, 1);
	assert_memory_equal(disk.parts[0].digest, "\xa1\xb2", 2);
	assert_int_equal(disk.parts[1].number, UINT32_MAX);
	assert_memory_equal(disk.parts[1].digest, "\0\0", 2);
	disk_done(&disk);
}

static void absent_keys_leave_defaults(void **state)
{
	static const char text[] = DISK("");
	struct snp_error err;
	struct disk disk;

	(void)state;
	assert_int_equal(read_disk(text, strlen(text), &disk, &err), 0);
	assert_int_equal(disk.copies, 3);
	assert_false(disk.has_digest);
	assert_int_equal(disk.n_parts, 0);
	assert_null(disk.parts);
	disk_done(&disk);
}

static const struct refusal {
	const char *name, *text;
	enum snp_code code;
	const char *pointer;
} refusals[] = {
	{"no object", "[]", SNP_E_JSON_TYPE, ""},
	{"no schema", "{\"path\":\"/d\"}", SNP_E_JSON_MISSING_KEY, ""},
	{"later schema before its new keys", "{\"new\":1,\"schema\":\"snp-disk/2\"}",
	 SNP_E_JSON_SCHEMA, "/schema"},
	{"required key missing", "{\"schema\":\"snp-disk/1\"}", SNP_E_JSON_MISSING_KEY, ""},
	{"unknown key", DISK(",\"nmae\":\"n\""), SNP_E_JSON_UNKNOWN_KEY, "/nmae"},
	{"text too long for its array", DISK(",\"name\":\"eight__8\""), SNP_E_JSON_VALUE, "/name"},
	{"text of another type", DISK(",\"label\":1"), SNP_E_JSON_TYPE, "/label"},
	{"copied text of another type", "{\"schema\":\"snp-disk/1\",\"path\":null}",
	 SNP_E_JSON_TYPE, "/path"},
	{"number for a truth value", DISK(",\"read_only\":1"), SNP_E_JSON_TYPE, "/read_only"},
	{"under the minimum", DISK(",\"copies\":0"), SNP_E_JSON_VALUE, "/copies"},
	{"over the maximum", DISK(",\"copies\":10"), SNP_E_JSON_VALUE, "/copies"},
	{"negative", DISK(",\"size\":-1"), SNP_E_JSON_VALUE, "/size"},
	{"too few digits", DISK(",\"digest\":\"01fe02\""), SNP_E_JSON_VALUE, "/digest"},
	{"no digit", DISK(",\"digest\":\"01fe02fx\""), SNP_E_JSON_VALUE, "/digest"},
	{"none of the words", DISK(",\"bus\":\"ide\""), SNP_E_JSON_VALUE, "/bus"},
	{"word over 64 bits", DISK(",\"place\":{\"address\":\"0x10000000000000000\"}"),
	 SNP_E_JSON_VALUE, "/place/address"},
	{"word over 32 bits", DISK(",\"place\":{\"flags\":\"0x100000000\"}"), SNP_E_JSON_VALUE,
	 "/place/flags"},
	{"array for an object that takes any key", DISK(",\"place\":[]"), SNP_E_JSON_TYPE,
	 "/place"},
	{"array too short", DISK(",\"parts\":[]"), SNP_E_JSON_VALUE, "/parts"},
	{"array too long", DISK(",\"parts\":[{\"number\":1},{\"number\":1},{\"number\":1}]"),
	 SNP_E_JSON_VALUE, "/parts"},
	{"second member without its key", DISK(",\"parts\":[{\"number\":1},{}]"),
	 SNP_E_JSON_MISSING_KEY, "/parts/1"},
	{"second member over 32 bits", DISK(",\"parts\":[{\"number\":1},{\"number\":4294967296}]"),
	 SNP_E_JSON_VALUE, "/parts/1/number"},
	{"member refused by its check", DISK(",\"parts\":[{\"number\":1},{\"number\":2}]"),
	 SNP_E_JSON_VALUE, "/parts/1"},
};

static void check_refusal(void **state)
{
	const struct refusal *row = *state;
	struct snp_error err = {0};
	struct disk disk;

	assert_int_equal(read_disk(row->text, strlen(row->text), &disk, &err), -(int)row->code);
	assert_int_equal(err.code, row->code);
	assert_string_equal(err.pointer, row->pointer);
	assert_string_equal(err.file, "disk.json");
	disk_done(&disk);
}

/* Whatever one byte becomes: read or refused, and explained if and only if refused. */
static void no_byte_goes_unexplained(void **state)
{
	static const char full[] = FULL, bytes[] = "\"{}[]:,0\x80 x";
	const char *label = strstr(full, "data");
	char text[sizeof(full)];
	unsigned int refused = 0;

	(void)state;
	for (size_t at = 0; at < strlen(full); at++)
		for (size_t i = 0; i < sizeof(bytes); i++) {
			struct snp_error err = {0};
			struct disk disk;
			int r;

			memcpy(text, full, sizeof(full));
			text[at] = bytes[i];
			/* The label is compared where it is read. */
			if (full + at >= label && full + at < label + 4)
				continue;
			r = read_disk(text, strlen(full), &disk, &err);
			assert_true(r <= 0);
			assert_int_equal(err.message[0] != '\0', r < 0);
			assert_int_equal(err.code, -r);
			refused += r < 0;
			disk_done(&disk);
		}
	assert_true(refused > 3 * strlen(full));
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(every_reader_fills_its_place),
		cmocka_unit_test(absent_keys_leave_defaults),
		cmocka_unit_test(no_byte_goes_unexplained),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_refusal, refusals);
	return RUN_TESTS("fields", tests, n);
}
