// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/hex.h>

#include "../fixtures/attestation.h"
#include "report/certificates.h"
#include "told.h"

/* ---- fields ---- */

static const struct version {
	const char *name;
	uint32_t version;
	int status;
} versions[] = {
	{"version 0", 0, -SNP_E_REPORT_VERSION},
	{"version 1", 1, -SNP_E_REPORT_VERSION},
	{"version 2", 2, 0},
	{"version 5", 5, 0},
	{"version 6", 6, 0},
	{"version 7", 7, -SNP_E_REPORT_VERSION},
	{"version 2^32-1", UINT32_MAX, -SNP_E_REPORT_VERSION},
};

static void check_version(void **state)
{
	const struct version *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE];
	struct snp_report *report = NULL;
	struct snp_error err = {0};

	fixture_report(SNP_PRODUCT_MILAN, row->version, SNP_VCEK, bytes);
	assert_int_equal(
		snp_report_decode((struct snp_span){bytes, sizeof(bytes)}, false, &report, &err),
		row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(report == NULL, row->status < 0);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	snp_report_free(report);
	assert_int_equal(
		snp_report_decode((struct snp_span){bytes, sizeof(bytes)}, true, &report, NULL), 0);
	assert_int_equal(report->version, row->version);
	assert_int_equal(report->guest_svn, 7);
	snp_report_free(report);
}

/* Each byte of the report, set alone, is seen in the field that the ABI has there. */
/* clang-format off */
#define FIELD(name, offset, field)                                        \
	{                                                                 \
		name, offset, sizeof(((struct snp_report *)NULL)->field), \
			offsetof(struct snp_report, field)                \
	}
/* clang-format on */
static const struct field {
	const char *name;
	size_t offset, size, member;
} fields[] = {
	FIELD("GUEST_SVN", 0x004, guest_svn),
	FIELD("POLICY", 0x008, policy),
	FIELD("FAMILY_ID", 0x010, family_id),
	FIELD("IMAGE_ID", 0x020, image_id),
	FIELD("VMPL", 0x030, vmpl),
	FIELD("SIGNATURE_ALGO", 0x034, signature_algo),
	FIELD("CURRENT_TCB", 0x038, current_tcb),
	FIELD("PLATFORM_INFO", 0x040, platform_info),
	FIELD("REPORT_DATA", 0x050, report_data),
	FIELD("MEASUREMENT", 0x090, measurement),
	FIELD("HOST_DATA", 0x0c0, host_data),
	FIELD("ID_KEY_DIGEST", 0x0e0, id_key_digest),
	FIELD("AUTHOR_KEY_DIGEST", 0x110, author_key_digest),
	FIELD("REPORT_ID", 0x140, report_id),
	FIELD("REPORT_ID_MA", 0x160, report_id_ma),
	FIELD("REPORTED_TCB", 0x180, reported_tcb),
	FIELD("CPUID_FAM_ID", 0x188, cpuid_family),
	FIELD("CPUID_MOD_ID", 0x189, cpuid_model),
	FIELD("CPUID_STEP", 0x18a, cpuid_stepping),
	FIELD("CHIP_ID", 0x1a0, chip_id),
	FIELD("COMMITTED_TCB", 0x1e0, committed_tcb),
	FIELD("CURRENT_BUILD", 0x1e8, current.build),
	FIELD("CURRENT_MINOR", 0x1e9, current.minor),
	FIELD("CURRENT_MAJOR", 0x1ea, current.major),
	FIELD("COMMITTED_BUILD", 0x1ec, committed.build),
	FIELD("COMMITTED_MINOR", 0x1ed, committed.minor),
	FIELD("COMMITTED_MAJOR", 0x1ee, committed.major),
	FIELD("LAUNCH_TCB", 0x1f0, launch_tcb),
	FIELD("LAUNCH_MIT_VECTOR", 0x1f8, launch_mit_vector),
	FIELD("CURRENT_MIT_VECTOR", 0x200, current_mit_vector),
	FIELD("CURRENT_ETCB", 0x220, current_etcb),
	FIELD("LAUNCH_ETCB", 0x240, launch_etcb),
	FIELD("COMMITTED_ETCB", 0x260, committed_etcb),
	FIELD("R", 0x2a0, signature_r),
	FIELD("S", 0x2e8, signature_s),
};

static void check_field(void **state)
{
	const struct field *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE] = {6};
	struct snp_report report;

	for (size_t i = 0; i < row->size; i++)
		bytes[row->offset + i] = (uint8_t)(0x81 + i);
	assert_int_equal(
		report_decode((struct snp_span){bytes, sizeof(bytes)}, false, &report, NULL), 0);
	/* The tests run on little-endian machines, as the report is. */
	assert_memory_equal((const uint8_t *)&report + row->member, bytes + row->offset, row->size);
}

static const struct flag {
	const char *name;
	uint8_t value;
	bool author_key_en, mask_chip_key;
	unsigned int signing_key;
} flags[] = {
	{"AUTHOR_KEY_EN", 0x01, true, false, 0},
	{"MASK_CHIP_KEY", 0x02, false, true, 0},
	{"VLEK", 0x04, false, false, 1},
	{"none", 0x1c, false, false, 7},
	{"all", 0x1f, true, true, 7},
	{"none of them", 0xe0, false, false, 0},
};

static void check_flag(void **state)
{
	const struct flag *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE] = {3, [0x48] = row->value};
	struct snp_report report;

	assert_int_equal(
		report_decode((struct snp_span){bytes, sizeof(bytes)}, false, &report, NULL), 0);
	assert_int_equal(report.author_key_en, row->author_key_en);
	assert_int_equal(report.mask_chip_key, row->mask_chip_key);
	assert_int_equal(report.signing_key, row->signing_key);
}

/* ---- every reserved byte, by version ---- */

static const struct reserved {
	const char *name;
	uint32_t version;
	/* Ranges [from, to) that must be zero, ended by {0, 0}. */
	unsigned int ranges[10][2];
} reserveds[] = {
	{"reserved in version 1",
	 1,
	 {{0x49, 0x50},
	  {0x188, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x1f8, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
	{"reserved in version 2",
	 2,
	 {{0x49, 0x50},
	  {0x188, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x1f8, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
	{"reserved in version 3",
	 3,
	 {{0x49, 0x50},
	  {0x18b, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x1f8, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
	{"reserved in version 4",
	 4,
	 {{0x49, 0x50},
	  {0x18b, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x208, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
	{"reserved in version 5",
	 5,
	 {{0x49, 0x50},
	  {0x18b, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x208, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
	{"reserved in version 6",
	 6,
	 {{0x49, 0x50},
	  {0x18b, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x208, 0x220},
	  {0x280, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
	{"reserved in version 2^32-1",
	 UINT32_MAX,
	 {{0x49, 0x50},
	  {0x18b, 0x1a0},
	  {0x1eb, 0x1ec},
	  {0x1ef, 0x1f0},
	  {0x208, 0x220},
	  {0x280, 0x2a0},
	  {0x2d0, 0x2e8},
	  {0x318, 0x4a0}}},
};

static bool is_reserved(const struct reserved *row, unsigned int at, unsigned int bit)
{
	for (size_t i = 0; row->ranges[i][1] != 0; i++)
		if (at >= row->ranges[i][0] && at < row->ranges[i][1])
			return true;
	return at == 0x48 && bit >= 5;
}

static void check_reserved(void **state)
{
	const struct reserved *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE] = {0};
	struct snp_span span = {bytes, sizeof(bytes)};

	for (unsigned int at = 4; at < SNP_REPORT_SIZE; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			uint64_t found = 0;
			bool ok;

			bytes[at] = (uint8_t)(1u << bit);
			ok = snp_report_reserved(span, row->version, &found);
			bytes[at] = 0;
			if (ok == is_reserved(row, at, bit))
				fail_msg("byte 0x%x bit %u", at, bit);
			assert_int_equal(found, ok ? 0 : at);
		}
}

/* ---- products ---- */

static const struct cpuid {
	const char *name;
	uint8_t family, model;
	enum snp_product product;
} cpuids[] = {
	{"Milan, first", 0x19, 0x00, SNP_PRODUCT_MILAN},
	{"Milan, last", 0x19, 0x0f, SNP_PRODUCT_MILAN},
	{"Genoa, first", 0x19, 0x10, SNP_PRODUCT_GENOA},
	{"Genoa, last", 0x19, 0x1f, SNP_PRODUCT_GENOA},
	{"behind Genoa", 0x19, 0x20, SNP_PRODUCT_UNKNOWN},
	{"before Bergamo", 0x19, 0x9f, SNP_PRODUCT_UNKNOWN},
	{"Bergamo, first", 0x19, 0xa0, SNP_PRODUCT_GENOA},
	{"Siena, last", 0x19, 0xaf, SNP_PRODUCT_GENOA},
	{"behind Siena", 0x19, 0xb0, SNP_PRODUCT_UNKNOWN},
	{"Turin, first", 0x1a, 0x00, SNP_PRODUCT_TURIN},
	{"Turin, last", 0x1a, 0x11, SNP_PRODUCT_TURIN},
	{"behind Turin", 0x1a, 0x12, SNP_PRODUCT_UNKNOWN},
	{"before Venice", 0x1a, 0x4f, SNP_PRODUCT_UNKNOWN},
	{"Venice, first", 0x1a, 0x50, SNP_PRODUCT_VENICE},
	{"behind these", 0x1a, 0x60, SNP_PRODUCT_UNKNOWN},
	{"Venice, 0x90", 0x1a, 0x90, SNP_PRODUCT_VENICE},
	{"Venice, 0xaf", 0x1a, 0xaf, SNP_PRODUCT_VENICE},
	{"behind 0xaf", 0x1a, 0xb0, SNP_PRODUCT_UNKNOWN},
	{"Venice, last", 0x1a, 0xcf, SNP_PRODUCT_VENICE},
	{"behind Venice", 0x1a, 0xd0, SNP_PRODUCT_UNKNOWN},
	{"Rome", 0x17, 0x31, SNP_PRODUCT_UNKNOWN},
	{"none", 0, 0, SNP_PRODUCT_UNKNOWN},
};

static void check_cpuid(void **state)
{
	const struct cpuid *row = *state;

	assert_int_equal(product_of_cpuid(row->family, row->model), row->product);
}

static const struct product {
	const char *name;
	enum snp_product product; /* that the report is of */
	uint32_t version;
	bool masked;
	enum snp_product found;
} products[] = {
	{"Genoa v3", SNP_PRODUCT_GENOA, 3, false, SNP_PRODUCT_GENOA},
	{"Turin v2 by its short id", SNP_PRODUCT_TURIN, 2, false, SNP_PRODUCT_TURIN},
	{"Turin v2, masked", SNP_PRODUCT_TURIN, 2, true, SNP_PRODUCT_UNKNOWN},
	{"Milan v2", SNP_PRODUCT_MILAN, 2, false, SNP_PRODUCT_UNKNOWN},
};

static void check_product(void **state)
{
	const struct product *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE];
	struct snp_report report;

	fixture_report(row->product, row->version, SNP_VCEK, bytes);
	if (row->masked)
		memset(bytes + 0x1a0, 0, SNP_CHIP_ID_SIZE);
	assert_int_equal(
		report_decode((struct snp_span){bytes, sizeof(bytes)}, false, &report, NULL), 0);
	assert_int_equal(snp_report_product(&report), row->found);
}

/* ---- paths, as attestation-report.md A.9 and AMD's specification 57230 write them ---- */

#define CHIP                                                               \
	"0240c4a21f9c510e771301908865432100000000000000000000000000000000" \
	"000000000000000000000000000000000000000000000000000000000000005a"

static const struct path {
	const char *name;
	enum snp_product product;
	enum snp_certificate_kind signer, kind;
	bool masked;
	const char *path; /* NULL: none */
} paths[] = {
	{"VCEK of Milan", SNP_PRODUCT_MILAN, SNP_VCEK, SNP_VCEK, false,
	 "/vcek/v1/Milan/" CHIP "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"},
	{"VCEK of Turin", SNP_PRODUCT_TURIN, SNP_VCEK, SNP_VCEK, false,
	 "/vcek/v1/Turin/0240c4a21f9c510e?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81"},
	{"VCEK, masked", SNP_PRODUCT_MILAN, SNP_VCEK, SNP_VCEK, true, NULL},
	{"VLEK", SNP_PRODUCT_MILAN, SNP_VLEK, SNP_VLEK, false, NULL},
	{"ASK", SNP_PRODUCT_GENOA, SNP_VCEK, SNP_ASK, false, "/vcek/v1/Genoa/cert_chain"},
	{"ASVK", SNP_PRODUCT_GENOA, SNP_VLEK, SNP_ASVK, false, "/vlek/v1/Genoa/cert_chain"},
	{"ARK", SNP_PRODUCT_TURIN, SNP_VCEK, SNP_ARK, false, "/vcek/v1/Turin/cert_chain"},
	{"ARK over a VLEK", SNP_PRODUCT_TURIN, SNP_VLEK, SNP_ARK, false,
	 "/vlek/v1/Turin/cert_chain"},
	{"other", SNP_PRODUCT_TURIN, SNP_VCEK, SNP_CERTIFICATE_OTHER, false, NULL},
	{"ASK of the simulated host", SNP_PRODUCT_SIMULATED, SNP_VCEK, SNP_ASK, false, NULL},
	{"ASK of no product", SNP_PRODUCT_UNKNOWN, SNP_VCEK, SNP_ASK, false, NULL},
};

static void check_path(void **state)
{
	const struct path *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE];
	char path[SNP_FETCH_PATH_SIZE] = "untouched";
	struct snp_report report;

	fixture_report(row->product, 3, row->signer, bytes);
	if (row->masked)
		memset(bytes + 0x1a0, 0, SNP_CHIP_ID_SIZE);
	assert_int_equal(
		report_decode((struct snp_span){bytes, sizeof(bytes)}, false, &report, NULL), 0);
	assert_int_equal(snp_fetch_path(&report, row->product, row->kind, path), row->path != NULL);
	assert_string_equal(path, row->path ? row->path : "untouched");
}

static const struct crl {
	const char *name;
	enum snp_product product;
	enum snp_certificate_kind signer;
	const char *path; /* NULL: none */
} crls[] = {
	{"CRL over VCEKs", SNP_PRODUCT_MILAN, SNP_VCEK, "/vcek/v1/Milan/crl"},
	{"CRL over VLEKs", SNP_PRODUCT_TURIN, SNP_VLEK, "/vlek/v1/Turin/crl"},
	{"CRL of the simulated host", SNP_PRODUCT_SIMULATED, SNP_VCEK, NULL},
	{"CRL of no product", SNP_PRODUCT_UNKNOWN, SNP_VCEK, NULL},
};

static void check_crl(void **state)
{
	const struct crl *row = *state;
	uint8_t bytes[SNP_REPORT_SIZE];
	char path[SNP_FETCH_PATH_SIZE] = "untouched";
	struct snp_report report;

	fixture_report(row->product, 3, row->signer, bytes);
	assert_int_equal(
		report_decode((struct snp_span){bytes, sizeof(bytes)}, false, &report, NULL), 0);
	assert_int_equal(snp_fetch_path_crl(&report, row->product, path), row->path != NULL);
	assert_string_equal(path, row->path ? row->path : "untouched");
}

/* By the library too, whatever the container said. */
static void no_other_size_is_a_report(void **state)
{
	static const size_t sizes[] = {0, 1, SNP_REPORT_SIZE - 1, SNP_REPORT_SIZE + 1, 4000};
	uint8_t bytes[4000] = {0};
	struct snp_report *report = NULL;

	(void)state;
	fixture_report(SNP_PRODUCT_MILAN, 3, SNP_VCEK, bytes);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned int any = 0; any < 2; any++)
			assert_int_equal(snp_report_decode((struct snp_span){bytes, sizes[i]}, any,
							   &report, NULL),
					 -SNP_E_NOT_A_REPORT);
	assert_null(report);
}

/* AMD's roots, and where each certificate is fetched. */
static void roots_and_paths(void **state)
{
	static const enum snp_product three[] = {SNP_PRODUCT_MILAN, SNP_PRODUCT_GENOA,
						 SNP_PRODUCT_TURIN};
	const struct snp_root *roots;
	size_t n;

	(void)state;
	roots = snp_amd_roots(&n);
	for (size_t i = 0; i < n; i++) {
		char hex[2 * SNP_SHA256_SIZE + 1];

		hex_encode(roots[i].sha256, SNP_SHA256_SIZE, hex);
		tell("%s %d %s", snp_product_name(roots[i].product), (int)roots[i].kind, hex);
	}
	for (size_t i = 0; i < 6; i++) {
		const enum snp_product product = three[i / 2];
		uint8_t bytes[SNP_REPORT_SIZE];
		struct snp_report *report = NULL;
		char path[SNP_FETCH_PATH_SIZE];

		fixture_report(product, 5, i % 2 ? SNP_VLEK : SNP_VCEK, bytes);
		assert_int_equal(snp_report_decode((struct snp_span){bytes, sizeof(bytes)}, false,
						   &report, NULL),
				 0);
		for (unsigned int kind = 0; kind <= SNP_CERTIFICATE_OTHER; kind++)
			for (unsigned int of = SNP_PRODUCT_UNKNOWN; of <= SNP_PRODUCT_VENICE; of++)
				tell("%zu, %u of %u: %s", i, kind, of,
				     snp_fetch_path(report, of, kind, path) ? path : "none");
		tell("CRL: %s", snp_fetch_path_crl(report, product, path) ? path : "none");
		assert_false(snp_fetch_path_crl(report, SNP_PRODUCT_UNKNOWN, path));
		snp_report_free(report);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("report");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(no_other_size_is_a_report);
	ADD_ROWS(tests, n, check_version, versions);
	ADD_ROWS(tests, n, check_field, fields);
	ADD_ROWS(tests, n, check_flag, flags);
	ADD_ROWS(tests, n, check_reserved, reserveds);
	ADD_ROWS(tests, n, check_cpuid, cpuids);
	ADD_ROWS(tests, n, check_product, products);
	ADD_ROWS(tests, n, check_path, paths);
	ADD_ROWS(tests, n, check_crl, crls);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(roots_and_paths);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("report", tests, n);
}
