// SPDX-License-Identifier: Apache-2.0
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/report.h>

#include <inttypes.h>
#include <string.h>

/* MSG_REPORT_RSP (ABI 56860) in the 4000 bytes of the sev-guest driver's struct snp_report_resp. */
enum {
	RESPONSE_SIZE = 4000,
	RESPONSE_STATUS = 0x00,
	RESPONSE_REPORT_SIZE = 0x04,
	RESPONSE_RESERVED = 0x08,
	RESPONSE_REPORT = 0x20,
	RESPONSE_END = RESPONSE_REPORT + SNP_REPORT_SIZE,
};

/* Azure's "attestation header" and the runtime claims behind the report, as its guest attestation
 * samples document them. Two more sizes in it count what no document says, and are not used. */
enum {
	HCL_VERSION = 0x04,
	HCL_REQUEST_TYPE = 0x0c,
	HCL_RESERVED = 0x10,
	HCL_REPORT = 0x20,
	HCL_CLAIMS = HCL_REPORT + SNP_REPORT_SIZE,
	HCL_CLAIMS_VERSION = HCL_CLAIMS + 0x04,
	HCL_REPORT_TYPE = HCL_CLAIMS + 0x08,
	HCL_HASH_TYPE = HCL_CLAIMS + 0x0c,
	HCL_JSON_SIZE = HCL_CLAIMS + 0x10,
	HCL_JSON = HCL_CLAIMS + 0x14,
};

#define HCL_REQUEST_REPORT 2
#define HCL_REPORT_SNP	   2
#define HCL_HASH_SHA256	   1

static const uint8_t hcl_magic[4] = {'H', 'C', 'L', 'A'};

static bool is_zero(struct snp_span bytes, uint64_t offset, uint64_t size, uint64_t *ret_offset)
{
	struct snp_span field;

	if (!snp_span_sub(bytes, offset, size, &field))
		return false;
	for (size_t i = 0; i < field.size; i++) {
		if (field.data[i] == 0)
			continue;
		*ret_offset = offset + i;
		return false;
	}
	return true;
}

static int bad(struct snp_error *err, uint64_t offset, const char *what)
{
	return fail_with(err, SNP_E_BAD_CONTAINER, offset, "%s", what);
}

static int parse_response(struct snp_span bytes, struct snp_container *ret, struct snp_error *err)
{
	struct snp_container c = {.kind = SNP_CONTAINER_RESPONSE};
	uint32_t status, size;
	uint64_t at = 0;

	if (!snp_span_le32(bytes, RESPONSE_STATUS, &status) ||
	    !snp_span_le32(bytes, RESPONSE_REPORT_SIZE, &size) ||
	    !snp_span_sub(bytes, RESPONSE_REPORT, SNP_REPORT_SIZE, &c.report))
		return bad(err, SNP_NO_OFFSET, "MSG_REPORT_RSP is cut off");
	if (status != 0)
		return fail_with(err, SNP_E_BAD_CONTAINER, RESPONSE_STATUS,
				 "MSG_REPORT_RSP has status %" PRIu32
				 ": the firmware gave no report",
				 status);
	if (size != SNP_REPORT_SIZE)
		return fail_with(err, SNP_E_BAD_CONTAINER, RESPONSE_REPORT_SIZE,
				 "MSG_REPORT_RSP announces %" PRIu32 " bytes; must be %u", size,
				 SNP_REPORT_SIZE);
	if (!is_zero(bytes, RESPONSE_END, bytes.size - RESPONSE_END, &at))
		return bad(err, at, "MSG_REPORT_RSP has bytes after its report");
	*ret = c;
	return 0;
}

static int parse_hcl(struct snp_span bytes, struct snp_container *ret, struct snp_error *err)
{
	static const struct {
		unsigned int offset;
		uint32_t first, last;
		const char *name;
	} known[] = {
		{HCL_VERSION, 1, 2, "version"}, /* 2 on Genoa; what is read here is the same */
		{HCL_REQUEST_TYPE, HCL_REQUEST_REPORT, HCL_REQUEST_REPORT, "request type"},
		{HCL_CLAIMS_VERSION, 1, 1, "version of the runtime claims"},
		{HCL_REPORT_TYPE, HCL_REPORT_SNP, HCL_REPORT_SNP, "report type"},
		{HCL_HASH_TYPE, HCL_HASH_SHA256, HCL_HASH_SHA256, "hash type"},
	};
	struct snp_container c = {.kind = SNP_CONTAINER_HCL};
	uint32_t json_size;
	uint64_t at = 0, end;

	if (!snp_span_sub(bytes, HCL_REPORT, SNP_REPORT_SIZE, &c.report) ||
	    !snp_span_le32(bytes, HCL_JSON_SIZE, &json_size))
		return bad(err, SNP_NO_OFFSET, "HCL blob is cut off");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		uint32_t value = 0;

		if (!snp_span_le32(bytes, known[i].offset, &value) || value < known[i].first ||
		    value > known[i].last)
			return fail_with(err, SNP_E_BAD_CONTAINER, known[i].offset,
					 "HCL blob: unknown %s %" PRIu32, known[i].name, value);
	}
	if (!is_zero(bytes, HCL_RESERVED, HCL_REPORT - HCL_RESERVED, &at))
		return bad(err, at, "HCL blob has a reserved byte set");
	if (!snp_span_sub(bytes, HCL_JSON, json_size, &c.runtime_data) || json_size == 0)
		return fail_with(err, SNP_E_BAD_CONTAINER, HCL_JSON_SIZE,
				 "HCL blob announces %" PRIu32 " bytes of runtime data", json_size);
	end = (uint64_t)HCL_JSON + json_size;
	if (!is_zero(bytes, end, bytes.size - end, &at))
		return bad(err, at, "HCL blob has bytes after its runtime data");
	*ret = c;
	return 0;
}

int snp_container_parse(struct snp_span bytes, struct snp_container *ret, struct snp_error *err)
{
	struct snp_container c = {.kind = SNP_CONTAINER_RAW};
	uint64_t at = 0;

	if (bytes.size >= sizeof(hcl_magic) &&
	    memcmp(bytes.data, hcl_magic, sizeof(hcl_magic)) == 0)
		return parse_hcl(bytes, ret, err);
	/* Not zero in a report: its policy is there, with a bit that is always one. */
	if (bytes.size == RESPONSE_SIZE &&
	    is_zero(bytes, RESPONSE_RESERVED, RESPONSE_REPORT - RESPONSE_RESERVED, &at))
		return parse_response(bytes, ret, err);
	if (!snp_span_sub(bytes, 0, SNP_REPORT_SIZE, &c.report))
		return fail_with(err, SNP_E_NOT_A_REPORT, SNP_NO_OFFSET,
				 "size is %zu bytes; an attestation report has %u", bytes.size,
				 SNP_REPORT_SIZE);
	if (bytes.size > SNP_REPORT_SIZE) {
		/* Too short for one entry of a table. */
		if (bytes.size < SNP_REPORT_SIZE + 24 || bytes.size > SNP_MAX_CONTAINER)
			return fail_with(err, SNP_E_NOT_A_REPORT, SNP_REPORT_SIZE,
					 "size is %zu bytes; an attestation report has %u",
					 bytes.size, SNP_REPORT_SIZE);
		c.kind = SNP_CONTAINER_EXTENDED;
		(void)snp_span_sub(bytes, SNP_REPORT_SIZE, bytes.size - SNP_REPORT_SIZE,
				   &c.certificates);
	}
	*ret = c;
	return 0;
}

const char *snp_container_name(enum snp_container_kind kind)
{
	static const char *const names[] = {
		[SNP_CONTAINER_RAW] = "raw report",
		[SNP_CONTAINER_EXTENDED] = "extended report",
		[SNP_CONTAINER_RESPONSE] = "MSG_REPORT_RSP",
		[SNP_CONTAINER_HCL] = "HCL blob",
		[SNP_CONTAINER_ATTEST_RAW] = "/attest/raw",
		[SNP_CONTAINER_ATTEST_COMBINED] = "/attest/combined",
		[SNP_CONTAINER_TOKEN] = "attestation token",
	};

	return names[kind];
}
