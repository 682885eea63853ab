// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <snp/certificate.h>
#include <snp/file.h>
#include <snp/hex.h>

#include "../fixtures/attestation.h"
#include "report/certificates.h"
#include "told.h"

/* A VCEK entry of 5 bytes at 96, an ASK of 6 at 101, an ARK of 7 at 107; 4096 bytes. */
static uint8_t *make(size_t *ret_size)
{
	static const uint8_t objects[] = "VCEK.ASK...ARK....";

	return fixture_table((struct snp_span){objects, 5}, SNP_VCEK,
			     (struct snp_span){objects + 5, 6}, (struct snp_span){objects + 11, 7},
			     ret_size);
}

static const struct mangle {
	const char *name;
	unsigned int at, n;
	const char *bytes;
	size_t size; /* 0: all 4096 */
	int status;
	uint64_t offset;
} mangles[] = {
	{"good table", 0, 0, "", 0, 0, 0},
	{"to the last object", 0, 0, "", 114, 0, 0},
	{"one byte behind the last object", 0, 0, "", 115, -SNP_E_BAD_CERTIFICATE_TABLE, 114},
	{"one byte less than the page", 0, 0, "", 4095, -SNP_E_BAD_CERTIFICATE_TABLE, 114},
	{"one byte more than the page", 0, 0, "", 4097, -SNP_E_BAD_CERTIFICATE_TABLE, 114},
	{"a page too many", 0, 0, "", 8192, -SNP_E_BAD_CERTIFICATE_TABLE, 114},
	{"one byte", 0, 0, "", 1, -SNP_E_BAD_CERTIFICATE_TABLE, 0},
	{"cut in the last object", 0, 0, "", 113, -SNP_E_BAD_CERTIFICATE_TABLE, 64},
	{"no terminator", 0, 0, "", 95, -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"terminator not all zero", 95, 1, "\x01", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 92},
	{"over 64 KiB", 0, 0, "", SNP_MAX_SMALL + 1, -SNP_E_BAD_CERTIFICATE_TABLE, SNP_NO_OFFSET},
	{"64 KiB", 0, 0, "", SNP_MAX_SMALL, -SNP_E_BAD_CERTIFICATE_TABLE, 114},
	{"offset in the header", 16, 1, "\x58", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"offset 0", 16, 1, "\x00", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"offset at the end", 16, 2, "\x00\x10", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"offset 2^32-1", 16, 4, "\xff\xff\xff\xff", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"offset and length wrap", 16, 8, "\xfc\xff\xff\xff\x08\x00\x00\x00", 0,
	 -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"length 0", 20, 1, "\x00", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 20},
	{"length over 16 KiB", 20, 2, "\x01\x40", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 20},
	{"length 2^32-1", 20, 4, "\xff\xff\xff\xff", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 20},
	{"length over the rest", 20, 2, "\xa1\x0f", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 16},
	{"overlap", 20, 1, "\x06", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 40},
	{"a GUID twice", 24, 16, "\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd",
	 0, -SNP_E_BAD_CERTIFICATE_TABLE, 24},
	{"a byte of nobody", 4095, 1, "\x01", 0, -SNP_E_BAD_CERTIFICATE_TABLE, 4095},
	{"a byte of nobody behind the last object", 114, 1, "\x01", 0, -SNP_E_BAD_CERTIFICATE_TABLE,
	 114},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	static struct certificate_table table;
	struct snp_error err = {0};
	size_t made, size;
	uint8_t *whole = make(&made), *bytes;

	size = row->size ? row->size : made;
	bytes = calloc(1, size);
	assert_non_null(bytes);
	memcpy(bytes, whole, size < made ? size : made);
	if (row->n)
		memcpy(bytes + row->at, row->bytes, row->n);
	table.n_entries = 77;
	assert_int_equal(certificate_table_parse((struct snp_span){bytes, size}, &table, &err),
			 row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	if (row->status < 0) {
		assert_int_equal(table.n_entries, 77);
		assert_true(err.message[0] != '\0');
		assert_true(err.offset == row->offset);
	} else {
		static const enum snp_certificate_kind kinds[3] = {SNP_VCEK, SNP_ASK, SNP_ARK};

		assert_int_equal(table.n_entries, 3);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(certificate_guid_kind(table.entries[i].guid), kinds[i]);
			assert_int_equal(table.entries[i].object.size, 5 + i);
		}
		assert_memory_equal(table.entries[2].object.data, "ARK....", 7);
	}
	free(bytes);
	free(whole);
}

/* n entries of one byte each, with GUIDs of nobody. */
static const struct count {
	const char *name;
	size_t n;
	int status;
} counts[] = {
	{"no entry", 0, -SNP_E_BAD_CERTIFICATE_TABLE},
	{"64 entries", 64, 0},
	{"65 entries", 65, -SNP_E_BAD_CERTIFICATE_TABLE},
	{"2730 entries, all that 64 KiB hold", 2730, -SNP_E_BAD_CERTIFICATE_TABLE},
};

static void check_count(void **state)
{
	const struct count *row = *state;
	static struct certificate_table table;
	static uint8_t bytes[SNP_MAX_SMALL];
	size_t size = 24 * (row->n + 1) + row->n;

	memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < row->n; i++) {
		snp_put_le16(bytes + 24 * i, (uint16_t)(i + 1));
		snp_put_le32(bytes + 24 * i + 16, (uint32_t)(24 * (row->n + 1) + i));
		snp_put_le32(bytes + 24 * i + 20, 1);
	}
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	assert_int_equal(certificate_table_parse((struct snp_span){bytes, size}, &table, NULL),
			 row->status);
	if (row->status == 0)
		assert_int_equal(table.n_entries, row->n);
}

/* GHCB specification 56421, and the CRL of virtee/sev and the extra of go-sev-guest, in text order. */
static const struct guid {
	const char *text; /* also the row's name */
	enum snp_certificate_kind kind;
} guids[] = {
	{"63da758d-e664-4564-adc5-f4b93be8accd", SNP_VCEK},
	{"a8074bc2-a25a-483e-aae6-39c045a0b8a1", SNP_VLEK},
	{"4ab7b379-bbac-4fe4-a02f-05aef327c782", SNP_ASK},
	{"c0b406a4-a803-4952-9743-3fb6014cd0ae", SNP_ARK},
	{"92f81bc3-5811-4d3d-97ff-d19f88dc67ea", SNP_CERTIFICATE_OTHER},
	{"ecae0c0f-9502-43b1-afa2-0ae2e0d565b6", SNP_CERTIFICATE_OTHER},
	{"8d75da63-64e6-6445-adc5-f4b93be8accd", SNP_CERTIFICATE_OTHER}, /* EFI's order */
	{"00000000-0000-0000-0000-000000000000", SNP_CERTIFICATE_OTHER},
};

static void check_guid(void **state)
{
	const struct guid *row = *state;
	uint8_t guid[CERTIFICATE_GUID_SIZE];
	char hex[33] = "";
	size_t n = 0;

	for (const char *s = row->text; *s; s++)
		if (*s != '-')
			hex[n++] = *s;
	assert_int_equal(hex_decode(hex, row->text, guid, sizeof(guid), NULL), 0);
	assert_int_equal(certificate_guid_kind(guid), row->kind);
}

static void as_told(void **state)
{
	(void)state;
	told("certificate_table");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_count, counts);
	ADD_ROWS(tests, n, check_guid, guids);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("certificate table", tests, n);
}
