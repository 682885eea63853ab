// SPDX-License-Identifier: Apache-2.0
/* Endorsements that cannot be read; those that can be and are wrong are rows of test_verdict.c. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cbor.h>
#include <snp/hex.h>

#include "../fixtures/attestation.h"
#include "../fixtures/endorsement.h"
#include "endorsement/uvm.h"

#define HEX96                                              \
	"0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef"
#define PAYLOAD(svn, more)                                                                 \
	"{\"x-ms-sevsnpvm-guestsvn\":" svn ",\"x-ms-sevsnpvm-launchmeasurement\":\"" HEX96 \
	"\"" more "}"

static const uint8_t measurement[48] = {0x3e};

static const struct row {
	const char *name;
	struct fixture_endorsement plan; /* members that are set replace those of a right one */
	int status;
} rows[] = {
	{"right", {0}, 0},
	{"ES384", {.es384 = true}, 0},
	{"with a timestamp", {.timestamp = true}, 0},
	{"payload", {.payload = PAYLOAD("\"100\"", "")}, 0},
	{"payload with more", {.payload = PAYLOAD("100", ",\"x\":[]")}, 0},
	{"svn of 10 digits", {.payload = PAYLOAD("\"4294967296\"", "")}, 0},
	{"svn of 11 digits", {.payload = PAYLOAD("\"42949672960\"", "")}, -SNP_E_ENDORSEMENT},
	{"svn empty", {.payload = PAYLOAD("\"\"", "")}, -SNP_E_ENDORSEMENT},
	{"svn negative", {.payload = PAYLOAD("\"-1\"", "")}, -SNP_E_ENDORSEMENT},
	{"svn a negative number", {.payload = PAYLOAD("-1", "")}, -SNP_E_ENDORSEMENT},
	{"svn with a blank", {.payload = PAYLOAD("\" 1\"", "")}, -SNP_E_ENDORSEMENT},
	{"svn in hex", {.payload = PAYLOAD("\"0x64\"", "")}, -SNP_E_ENDORSEMENT},
	{"svn true", {.payload = PAYLOAD("true", "")}, -SNP_E_ENDORSEMENT},
	{"svn twice",
	 {.payload = PAYLOAD("1", ",\"x-ms-sevsnpvm-guestsvn\":2")},
	 -SNP_E_ENDORSEMENT},
	{"svn in two cases",
	 {.payload = PAYLOAD("1", ",\"x-ms-sevsnpvm-guestSvn\":2")},
	 -SNP_E_ENDORSEMENT},
	{"svn missing",
	 {.payload = "{\"x-ms-sevsnpvm-launchmeasurement\":\"" HEX96 "\"}"},
	 -SNP_E_ENDORSEMENT},
	{"digest missing", {.payload = "{\"x-ms-sevsnpvm-guestsvn\":\"1\"}"}, -SNP_E_ENDORSEMENT},
	{"digest short",
	 {.payload = "{\"x-ms-sevsnpvm-guestsvn\":1,\"x-ms-sevsnpvm-launchmeasurement\":\"00\"}"},
	 -SNP_E_ENDORSEMENT},
	{"text behind", {.payload = PAYLOAD("1", "") "x"}, -SNP_E_ENDORSEMENT},
	{"payload empty", {.payload = ""}, -SNP_E_ENDORSEMENT},
	{"payload an array", {.payload = "[]"}, -SNP_E_ENDORSEMENT},
	{"content type missing", {.content_type = ""}, -SNP_E_ENDORSEMENT},
	{"content type of another", {.content_type = "application/json2"}, -SNP_E_ENDORSEMENT},
	{"issuer missing", {.issuer = ""}, -SNP_E_ENDORSEMENT},
	{"issuer with a blank", {.issuer = "did: x509"}, -SNP_E_ENDORSEMENT},
	{"feed missing", {.feed = ""}, -SNP_E_ENDORSEMENT},
	{"feed not ASCII", {.feed = "ContainerPl\xd0\xb0t"}, -SNP_E_ENDORSEMENT},
	{"feed twice", {.twice = true}, -SNP_E_ENDORSEMENT},
	{"unknown headers", {.unknown = 12, .unknown_outside = 13}, 0},
	{"unknown header twice", {.unknown = 2, .same_unknown = true}, -SNP_E_ENDORSEMENT},
	{"unknown header twice, outside",
	 {.unknown_outside = 2, .same_unknown = true},
	 -SNP_E_ENDORSEMENT},
	{"unknown header, signed and outside",
	 {.unknown = 1, .unknown_outside = 1, .same_unknown = true},
	 -SNP_E_ENDORSEMENT},
	{"too many headers", {.unknown = 13, .unknown_outside = 13}, -SNP_E_ENDORSEMENT},
	{"critical header", {.critical = true}, -SNP_E_ENDORSEMENT},
	{"a byte behind", {.trailing = true}, -SNP_E_ENDORSEMENT},
	{"x5t of another", {.other_x5t = true}, -SNP_E_ENDORSEMENT},
	{"ES256", {.es384 = true, .algorithm = -7}, -SNP_E_ENDORSEMENT},
	{"PS256", {.algorithm = -37}, -SNP_E_ENDORSEMENT},
	{"RS1", {.algorithm = -65535}, -SNP_E_ENDORSEMENT},
};

static uint8_t *make(const struct row *row, size_t *ret_size)
{
	struct fixture_endorsement right, plan = row->plan;

	fixture_endorsement(measurement, &right);
	plan.feed = plan.feed ? plan.feed : right.feed;
	plan.svn = right.svn;
	plan.measurement = right.measurement;
	plan.content_type = plan.content_type ? plan.content_type : right.content_type;
	plan.eku = right.eku;
	plan.from = right.from;
	plan.to = right.to;
	return fixture_endorsement_sign(&plan, ret_size);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	struct uvm_endorsement *endorsement = NULL;
	struct snp_error err = {0};
	char why[ENDORSEMENT_WHY_SIZE] = "";
	size_t size;
	uint8_t *bytes = make(row, &size);

	assert_int_equal(uvm_read((struct snp_span){bytes, size}, &endorsement, &err), row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (row->status == 0) {
		assert_int_equal(uvm_check_signature(endorsement, why, &err), 0);
		assert_string_equal(why, "");
		assert_string_equal(uvm_claims(endorsement)->feed, "test-feed");
	}
	uvm_free(endorsement);
	free(bytes);
}

static void check_base64(void **state)
{
	struct uvm_endorsement *endorsement = NULL;
	size_t size;
	uint8_t *bytes = make(&rows[0], &size);
	char *text = base64_encode(bytes, size);

	(void)state;
	assert_int_equal(
		uvm_read((struct snp_span){(uint8_t *)text, strlen(text)}, &endorsement, NULL), 0);
	uvm_free(endorsement);
	assert_int_equal(uvm_read((struct snp_span){(uint8_t *)text, strlen(text) - 1},
				  &(struct uvm_endorsement *){NULL}, NULL),
			 -SNP_E_BAD_BASE64);
	free(text);
	free(bytes);
}

/* True if it can be read, its signature holds, and it leads to the issuer. */
static bool holds(const uint8_t *bytes, size_t size)
{
	struct uvm_endorsement *endorsement = NULL;
	char why[ENDORSEMENT_WHY_SIZE] = "";
	struct snp_error err = {0};
	int r = uvm_read((struct snp_span){bytes, size}, &endorsement, &err);

	assert_int_equal(err.message[0] != '\0', r < 0);
	if (r == 0)
		r = uvm_check_signature(endorsement, why, &err);
	if (r == 0 && !why[0])
		r = uvm_check_issuer(endorsement, fixture_issuer(), FIXTURE_TIME, why, &err);
	uvm_free(endorsement);
	return r == 0 && !why[0];
}

/* Every byte counts, and every length. */
static void check_mangled(void **state)
{
	size_t size;
	uint8_t *bytes = make(&rows[1], &size), *cut;

	(void)state;
	assert_true(holds(bytes, size));
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 1;
		if (holds(bytes, size))
			fail_msg("byte %zu makes no difference", i);
		bytes[i] ^= 1;
	}
	for (size_t n = 0; n < size; n++) {
		cut = malloc(n ? n
			       : 1); /* in its size, so that AddressSanitizer sees one too far */
		memcpy(cut, bytes, n);
		assert_false(holds(cut, n));
		free(cut);
	}
	free(bytes);
}

static const struct item {
	const char *name, *bytes;
	size_t size;
	bool good;
} items[] = {
#define ITEM(name, text, good)                     \
	{                                          \
		name, text, sizeof(text) - 1, good \
	}
	ITEM("a number", "\x17", true),
	ITEM("a number of 9 bytes", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", true),
	ITEM("a number, cut", "\x1b\xff\xff\xff\xff\xff\xff\xff", false),
	ITEM("a map of arrays", "\xa2\x01\x82\x02\x03\x04\x80", true),
	ITEM("a map, cut", "\xa2\x01\x82\x02\x03\x04", false),
	ITEM("an array of 2^63", "\x9b\x80\0\0\0\0\0\0\0", false),
	ITEM("a map of 2^63", "\xbb\x80\0\0\0\0\0\0\0", false),
	ITEM("bytes of 2^63", "\x5b\x80\0\0\0\0\0\0\0", false),
	ITEM("bytes without end", "\x5f\x41\x01\xff", false),
	ITEM("array without end", "\x9f\x01\xff", false),
	ITEM("a break", "\xff", false),
	ITEM("a tag alone", "\xc1", false),
	ITEM("tag 18", "\xd2\x01", true),
	ITEM("tag 98", "\xd8\x62\x01", true),
	ITEM("half a float", "\xf9\x3c\x00", false),
	ITEM("null", "\xf6", true),
	ITEM("nothing", "", false),
};

static void check_item(void **state)
{
	const struct item *row = *state;
	uint8_t *bytes = malloc(row->size ? row->size : 1);
	struct snp_span rest = {bytes, row->size};

	memcpy(bytes, row->bytes, row->size);
	assert_int_equal(cbor_in_skip(&rest), row->good);
	assert_int_equal(rest.size, row->good ? 0 : row->size);
	free(bytes);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_item, items);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_base64);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_mangled);
	return RUN_TESTS("endorsement", tests, n);
}
