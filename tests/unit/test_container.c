// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/file.h>
#include <snp/hex.h>
#include <snp/report.h>

#include "../fixtures/attestation.h"
#include "told.h"

/* What the rows start from: each container of a right report, made as its users make it. */
#define MAX_SIZE (SNP_MAX_CONTAINER + 64)

static size_t make_raw(uint8_t *ret)
{
	fixture_report(SNP_PRODUCT_MILAN, 3, SNP_VCEK, ret);
	return SNP_REPORT_SIZE;
}

static size_t make_extended(uint8_t *ret)
{
	memset(ret + SNP_REPORT_SIZE, 0xee, 4096);
	return make_raw(ret) + 4096;
}

static size_t make_largest(uint8_t *ret)
{
	return make_raw(ret) + SNP_MAX_SMALL;
}

/* struct snp_report_resp of Linux 6.12, include/uapi/linux/sev-guest.h. */
static size_t make_response(uint8_t *ret)
{
	memset(ret, 0, 4000);
	snp_put_le32(ret + 4, SNP_REPORT_SIZE);
	make_raw(ret + 0x20);
	return 4000;
}

static const char claims[] = "{\"keys\":[]}";

static size_t make_hcl(uint8_t *ret)
{
	memset(ret, 0, 2600);
	memcpy(ret, "HCLA", 4);
	snp_put_le32(ret + 0x04, 1);
	snp_put_le32(ret + 0x08, 0x500);
	snp_put_le32(ret + 0x0c, 2);
	make_raw(ret + 0x20);
	snp_put_le32(ret + 0x4c0, 20 + sizeof(claims) - 1);
	snp_put_le32(ret + 0x4c4, 1);
	snp_put_le32(ret + 0x4c8, 2);
	snp_put_le32(ret + 0x4cc, 1);
	snp_put_le32(ret + 0x4d0, sizeof(claims) - 1);
	memcpy(ret + 0x4d4, claims, sizeof(claims) - 1);
	return 2600;
}

static const struct mangle {
	const char *name;
	size_t (*make)(uint8_t *ret);
	int change; /* of the size */
	unsigned int at, n;
	const char *bytes;
	int status;
	enum snp_container_kind kind;
	uint64_t offset; /* of the complaint */
} mangles[] = {
	{"raw", make_raw, 0, 0, 0, "", 0, SNP_CONTAINER_RAW, 0},
	{"raw, one short", make_raw, -1, 0, 0, "", -SNP_E_NOT_A_REPORT, 0, SNP_NO_OFFSET},
	{"raw, one long", make_raw, 1, 0, 0, "", -SNP_E_NOT_A_REPORT, 0, SNP_REPORT_SIZE},
	{"raw, 23 long", make_raw, 23, 0, 0, "", -SNP_E_NOT_A_REPORT, 0, SNP_REPORT_SIZE},
	{"nothing", make_raw, -SNP_REPORT_SIZE, 0, 0, "", -SNP_E_NOT_A_REPORT, 0, SNP_NO_OFFSET},
	{"793 bytes", make_raw, 793 - SNP_REPORT_SIZE, 0, 0, "", -SNP_E_NOT_A_REPORT, 0,
	 SNP_NO_OFFSET},
	{"extended", make_extended, 0, 0, 0, "", 0, SNP_CONTAINER_EXTENDED, 0},
	{"extended, the largest", make_largest, 0, 0, 0, "", 0, SNP_CONTAINER_EXTENDED, 0},
	{"extended, one more", make_largest, 1, 0, 0, "", -SNP_E_NOT_A_REPORT, 0, SNP_REPORT_SIZE},
	{"extended of 4000 bytes", make_extended, 4000 - SNP_REPORT_SIZE - 4096, 0, 0, "", 0,
	 SNP_CONTAINER_EXTENDED, 0},
	{"response", make_response, 0, 0, 0, "", 0, SNP_CONTAINER_RESPONSE, 0},
	{"response, status", make_response, 0, 0, 1, "\x16", -SNP_E_BAD_CONTAINER, 0, 0},
	{"response, size", make_response, 0, 4, 1, "\xa1", -SNP_E_BAD_CONTAINER, 0, 4},
	{"response, byte behind", make_response, 0, 0x4c0, 1, "\x01", -SNP_E_BAD_CONTAINER, 0,
	 0x4c0},
	{"response, last byte", make_response, 0, 3999, 1, "\x01", -SNP_E_BAD_CONTAINER, 0, 3999},
	{"HCL", make_hcl, 0, 0, 0, "", 0, SNP_CONTAINER_HCL, 0},
	{"HCL, to its last byte", make_hcl, 0x4d4 + 11 - 2600, 0, 0, "", 0, SNP_CONTAINER_HCL, 0},
	{"HCL, JSON cut", make_hcl, 0x4d4 + 10 - 2600, 0, 0, "", -SNP_E_BAD_CONTAINER, 0, 0x4d0},
	{"HCL, no claims", make_hcl, 0x4d3 - 2600, 0, 0, "", -SNP_E_BAD_CONTAINER, 0,
	 SNP_NO_OFFSET},
	{"HCL, magic alone", make_hcl, 4 - 2600, 0, 0, "", -SNP_E_BAD_CONTAINER, 0, SNP_NO_OFFSET},
	{"HCL, version 2", make_hcl, 0, 0x04, 1, "\x02", 0, SNP_CONTAINER_HCL, 0},
	{"HCL, version 0", make_hcl, 0, 0x04, 1, "\x00", -SNP_E_BAD_CONTAINER, 0, 0x04},
	{"HCL, version 3", make_hcl, 0, 0x04, 1, "\x03", -SNP_E_BAD_CONTAINER, 0, 0x04},
	{"HCL, request 1", make_hcl, 0, 0x0c, 1, "\x01", -SNP_E_BAD_CONTAINER, 0, 0x0c},
	{"HCL, reserved", make_hcl, 0, 0x1f, 1, "\x01", -SNP_E_BAD_CONTAINER, 0, 0x1f},
	{"HCL, claims of version 2", make_hcl, 0, 0x4c4, 1, "\x02", -SNP_E_BAD_CONTAINER, 0, 0x4c4},
	{"HCL, of TDX", make_hcl, 0, 0x4c8, 1, "\x04", -SNP_E_BAD_CONTAINER, 0, 0x4c8},
	{"HCL, of SHA-384", make_hcl, 0, 0x4cc, 1, "\x02", -SNP_E_BAD_CONTAINER, 0, 0x4cc},
	{"HCL, JSON of none", make_hcl, 0, 0x4d0, 1, "\x00", -SNP_E_BAD_CONTAINER, 0, 0x4d0},
	{"HCL, JSON of 2^32-1", make_hcl, 0, 0x4d0, 4, "\xff\xff\xff\xff", -SNP_E_BAD_CONTAINER, 0,
	 0x4d0},
	{"HCL, byte behind", make_hcl, 0, 2599, 1, "\x01", -SNP_E_BAD_CONTAINER, 0, 2599},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	struct snp_container container = {.kind = 77};
	struct snp_error err = {0};
	uint8_t *whole = calloc(1, MAX_SIZE), *bytes;
	size_t size;

	assert_non_null(whole);
	size = (size_t)((long)row->make(whole) + row->change);
	memcpy(whole + row->at, row->bytes, row->n);
	bytes = malloc(size + 1); /* in its size, so that AddressSanitizer sees one too far */
	memcpy(bytes, whole, size);
	bytes = realloc(bytes, size ? size : 1);
	assert_int_equal(snp_container_parse((struct snp_span){bytes, size}, &container, &err),
			 row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	if (row->status < 0) {
		assert_int_equal(container.kind, 77);
		assert_true(err.message[0] != '\0');
		assert_true(err.offset == row->offset);
	} else {
		uint8_t report[SNP_REPORT_SIZE];

		make_raw(report);
		assert_int_equal(container.kind, row->kind);
		assert_int_equal(container.report.size, SNP_REPORT_SIZE);
		assert_memory_equal(container.report.data, report, SNP_REPORT_SIZE);
		assert_int_equal(container.certificates.size,
				 row->kind == SNP_CONTAINER_EXTENDED ? size - SNP_REPORT_SIZE : 0);
		assert_int_equal(container.runtime_data.size,
				 row->kind == SNP_CONTAINER_HCL ? sizeof(claims) - 1 : 0);
		assert_true(strlen(snp_container_name(container.kind)) > 0);
	}
	free(bytes);
	free(whole);
}

/* Text containers: a template in which R is the report in hex, B in base64, L and N its REPORTED_TCB as bytes and as a
 * number, P PEM in base64 and E an endorsement in base64; then it is changed into base64 `times` times. */
#define REPORT_HEX_SIZE (2 * SNP_REPORT_SIZE)

static const struct text {
	const char *name, *form;
	unsigned int times;
	const char *end; /* after the base64 */
	int status;
	enum snp_container_kind kind;
	bool endorsed;
} texts[] = {
	{"/attest/raw", "{\"report\":\"R\"}", 0, "", 0, SNP_CONTAINER_ATTEST_RAW, false},
	{"/attest/raw, blanks and more keys", " \n{\"report\": \"R\", \"later\": [1]}\n", 0, "", 0,
	 SNP_CONTAINER_ATTEST_RAW, false},
	{"base64 of /attest/raw", "{\"report\":\"R\"}", 1, "\r\n", 0, SNP_CONTAINER_ATTEST_RAW,
	 false},
	{"base64 twice", "{\"report\":\"R\"}", 2, "", -SNP_E_NOT_A_REPORT, 0, false},
	{"base64 of a raw report", "X", 1, "\n", 0, SNP_CONTAINER_RAW, false},
	{"base64, two line ends", "X", 1, "\n\n", 0, SNP_CONTAINER_RAW, false},
	{"hex", "R", 0, "", 0, SNP_CONTAINER_RAW, false},
	{"hex in lines", "\nR\r\n", 0, "\n", 0, SNP_CONTAINER_RAW, false},
	{"hex, a digit more", "R", 0, "0", -SNP_E_BAD_BASE64, 0, false},
	{"hex, a digit less", "R", 0, "-1", -SNP_E_BAD_BASE64, 0, false},
	{"hex, a byte more", "R", 0, "00", -SNP_E_NOT_A_REPORT, 0, false},
	{"hex in base64", "R", 1, "", -SNP_E_NOT_A_REPORT, 0, false},
	{"base64, padding missing", "{\"report\":\"R\"}  ", 1, "-1", -SNP_E_BAD_BASE64, 0, false},
	{"base64, bits dropped", "X", 1, "*", -SNP_E_BAD_BASE64, 0, false},
	{"hex of another length", "{\"report\":\"R00\"}", 0, "", -SNP_E_JSON_VALUE, 0, false},
	{"hex with 0x", "{\"report\":\"0xR\"}", 0, "", -SNP_E_JSON_VALUE, 0, false},
	{"report twice", "{\"report\":\"R\",\"report\":\"R\"}", 0, "", -SNP_E_JSON_DUPLICATE_KEY, 0,
	 false},
	{"report in two cases", "{\"report\":\"R\",\"reporT\":\"R\"}", 0, "",
	 -SNP_E_JSON_DUPLICATE_KEY, 0, false},
	{"report is a number", "{\"report\":1}", 0, "", -SNP_E_JSON_TYPE, 0, false},
	{"text behind", "{\"report\":\"R\"}x", 0, "", -SNP_E_JSON_SYNTAX, 0, false},
	{"no report", "{\"vcekCert\":\"\"}", 0, "", -SNP_E_NOT_A_REPORT, 0, false},
	{"the sidecar's error", "{\"error\":\"no\\u0007\"}", 0, "", -SNP_E_BAD_CONTAINER, 0, false},
	{"a token beside it", "{\"report\":\"R\",\"token\":\"a.b.c\"}", 0, "", 0,
	 SNP_CONTAINER_ATTEST_RAW, false},
	{"runtime data beside it", "{\"report\":\"R\",\"runtime_data\":\"AAAA\"}", 0, "", 0,
	 SNP_CONTAINER_ATTEST_RAW, false},
	{"runtime data no base64", "{\"report\":\"R\",\"runtime_data\":\"AAA\"}", 0, "",
	 -SNP_E_BAD_BASE64, 0, false},
	{"no report, and an empty token", "{\"token\":\"\"}", 0, "", -SNP_E_NOT_A_REPORT, 0, false},
	{"both answers", "{\"report\":\"R\",\"evidence\":\"B\"}", 0, "", -SNP_E_BAD_CONTAINER, 0,
	 false},
	{"/attest/combined",
	 "{\"evidence\":\"B\",\"endorsements\":\"P\",\"uvm_endorsements\":\"E\",\"endorsed_tcb\":\"L\"}",
	 0, "", 0, SNP_CONTAINER_ATTEST_COMBINED, true},
	{"/attest/combined, the number",
	 "{\"evidence\":\"B\",\"endorsements\":\"P\",\"uvm_endorsements\":\"E\",\"endorsed_tcb\":\"N\"}",
	 1, "\n", 0, SNP_CONTAINER_ATTEST_COMBINED, true},
	{"/attest/combined, empty members",
	 "{\"evidence\":\"B\",\"endorsements\":\"\",\"uvm_endorsements\":\"\",\"endorsed_tcb\":\"\"}",
	 0, "", 0, SNP_CONTAINER_ATTEST_COMBINED, false},
	{"another TCB", "{\"evidence\":\"B\",\"endorsed_tcb\":\"0000000000000001\"}", 0, "",
	 -SNP_E_BAD_CONTAINER, 0, false},
	{"TCB of 7 bytes", "{\"evidence\":\"B\",\"endorsed_tcb\":\"00000000000001\"}", 0, "",
	 -SNP_E_BAD_HEX, 0, false},
	{"evidence of another length", "{\"evidence\":\"P\"}", 0, "", -SNP_E_BAD_CONTAINER, 0,
	 false},
	{"evidence in hex", "{\"evidence\":\"R\"}", 0, "", -SNP_E_BAD_CONTAINER, 0, false},
	{"evidence empty", "{\"evidence\":\"\"}", 0, "", -SNP_E_BAD_CONTAINER, 0, false},
	{"endorsements no base64", "{\"evidence\":\"B\",\"endorsements\":\"-\"}", 0, "",
	 -SNP_E_BAD_BASE64, 0, false},
	{"uvm_endorsements no base64", "{\"evidence\":\"B\",\"uvm_endorsements\":\"E*==\"}", 0, "",
	 -SNP_E_BAD_BASE64, 0, false},
};

static const char pem[] = "-----BEGIN", endorsement[] = "\xd2\x84";

static void append(char **at, const char *text)
{
	*at = stpcpy(*at, text);
}

static size_t fill(const char *form, const uint8_t report[static SNP_REPORT_SIZE], char *ret)
{
	char hex[REPORT_HEX_SIZE + 1], *all = base64_encode(report, SNP_REPORT_SIZE);
	char *p = base64_encode((const uint8_t *)pem, sizeof(pem) - 1);
	char *e = base64_encode((const uint8_t *)endorsement, sizeof(endorsement) - 1), *at = ret;

	assert_true(all && p && e);
	hex_encode(report, SNP_REPORT_SIZE, hex);
	*at = '\0';
	for (; *form; form++) {
		char number[17] = "", one[2] = {*form, '\0'};

		for (unsigned int i = 0; i < 8; i++)
			snprintf(number + 2 * i, 3, "%02x",
				 report[0x180 + (*form == 'N' ? 7 - i : i)]);
		if (*form == 'X') {
			memcpy(at, report, SNP_REPORT_SIZE);
			at += SNP_REPORT_SIZE;
			continue;
		}
		append(&at, *form == 'R'		   ? hex
			    : *form == 'B'		   ? all
			    : *form == 'P'		   ? p
			    : *form == 'E'		   ? e
			    : *form == 'L' || *form == 'N' ? number
							   : one);
	}
	free(all);
	free(p);
	free(e);
	return (size_t)(at - ret);
}

static void check_text(void **state)
{
	const struct text *row = *state;
	struct snp_container container = {.kind = 77};
	struct snp_error err = {0};
	uint8_t report[SNP_REPORT_SIZE];
	char *text = calloc(1, 16384);
	void *memory = NULL;
	size_t size;

	assert_non_null(text);
	make_raw(report);
	size = fill(row->form, report, text);
	for (unsigned int i = 0; i < row->times; i++) {
		char *again = base64_encode((uint8_t *)text, size);

		assert_non_null(again);
		size = strlen(again);
		memcpy(text, again, size + 1);
		free(again);
	}
	if (strcmp(row->end, "-1") == 0)
		size--;
	else if (row->end[0] ==
		 '*') /* 1184 = 3 * 394 + 2: two bits of the last character are dropped */
		text[size - 2]++;
	else
		size = (size_t)(stpcpy(text + size, row->end) - text);
	text = realloc(text, size); /* in its size, so that AddressSanitizer sees one too far */
	assert_int_equal(snp_container_decode((struct snp_span){(uint8_t *)text, size}, &container,
					      &memory, &err),
			 row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	if (row->status < 0) {
		assert_int_equal(container.kind, 77);
		assert_true(err.message[0] != '\0');
	} else {
		assert_int_equal(container.kind, row->kind);
		assert_int_equal(container.is_base64, row->times > 0);
		assert_int_equal(container.is_hex, strstr(row->name, "hex") == row->name);
		assert_int_equal(container.report.size, SNP_REPORT_SIZE);
		assert_memory_equal(container.report.data, report, SNP_REPORT_SIZE);
		assert_int_equal(container.certificates.size, row->endorsed ? sizeof(pem) - 1 : 0);
		assert_int_equal(container.endorsement.size,
				 row->endorsed ? sizeof(endorsement) - 1 : 0);
		if (row->endorsed) {
			assert_memory_equal(container.certificates.data, pem, sizeof(pem) - 1);
			assert_memory_equal(container.endorsement.data, endorsement,
					    sizeof(endorsement) - 1);
		}
	}
	free(memory);
	free(text);
}

static void as_told(void **state)
{
	(void)state;
	told("container");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_text, texts);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("container", tests, n);
}
