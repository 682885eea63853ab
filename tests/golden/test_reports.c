// SPDX-License-Identifier: Apache-2.0
/* test_reports FOLDER: reports of real machines, each verified by two independent programs when they were
 * collected (the folder's README says where). Every genuine one is accepted, each other one refused by
 * its own name, and nothing that differs from a genuine one by a bit is accepted. */
#include "../unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/verdict.h>

#include "report/checks.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);
DEFINE_CLEANUP(struct snp_verdict *, snp_verdict_free);

#define AT_2025_06 1748736000 /* 2025-06-01: the VLEK was valid until December */
#define AT_2026_07 1782864000 /* 2026-07-01 */

static const char *shared;

static const struct sample {
	const char *folder;
	enum snp_product product; /* SNP_PRODUCT_UNKNOWN: a report without a certificate */
	uint32_t version;
	int64_t at_time;
	bool debug;
} genuine[] = {
	{"attestation/genoa-v3-aci", SNP_PRODUCT_GENOA, 3, AT_2026_07, false},
	{"attestation/genoa-v5-routex", SNP_PRODUCT_GENOA, 5, AT_2026_07, false},
	{"attestation/milan-v2-azure-aci", SNP_PRODUCT_MILAN, 2, AT_2026_07, false},
	{"attestation/milan-v2-gsg", SNP_PRODUCT_MILAN, 2, AT_2026_07, true},
	{"attestation/milan-v2-virtee", SNP_PRODUCT_MILAN, 2, AT_2026_07, false},
	{"attestation/milan-v3-azure-hcl-a", SNP_PRODUCT_MILAN, 3, AT_2026_07, false},
	{"attestation/milan-v3-vlek-aws", SNP_PRODUCT_MILAN, 3, AT_2025_06, false},
	{"attestation/milan-v5-gcp-ext", SNP_PRODUCT_MILAN, 5, AT_2026_07, false},
	{"attestation/milan-v5-gcp-vmpl1-a", SNP_PRODUCT_MILAN, 5, AT_2026_07, false},
	{"attestation/turin-v5-aci", SNP_PRODUCT_TURIN, 5, AT_2026_07, false},
	{"hardware/dstack", SNP_PRODUCT_MILAN, 3, AT_2026_07, false},
};

static const struct negative {
	const char *name;
	struct sample sample;
	enum snp_check reason;
} negatives[] = {
	{"certificate of another chip",
	 {"attestation/NEG-milan-v2-kinvolk-mismatched-vcek", SNP_PRODUCT_MILAN, 2, AT_2026_07,
	  false},
	 SNP_CHECK_CHIP_ID},
	{"no certificate, version 2",
	 {"attestation/genoa-v2-routex-noVEK", SNP_PRODUCT_UNKNOWN, 2, AT_2026_07, false},
	 SNP_CHECK_CERTIFICATE},
	{"no certificate, version 3",
	 {"hardware/secretvm", SNP_PRODUCT_UNKNOWN, 3, AT_2026_07, false},
	 SNP_CHECK_CERTIFICATE},
	{"debugging on",
	 {"attestation/milan-v2-gsg", SNP_PRODUCT_MILAN, 2, AT_2026_07, false},
	 SNP_CHECK_DEBUG},
	{"VLEK expired",
	 {"attestation/milan-v3-vlek-aws", SNP_PRODUCT_MILAN, 3, AT_2026_07, false},
	 SNP_CHECK_CERTIFICATE_DATES},
};

static void read_file(const char *folder, const char *name, uint8_t **ret, size_t *ret_size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/%s", shared, folder, name);
	assert_int_equal(file_read(path, SNP_MAX_SMALL, ret, ret_size, NULL), 0);
}

/* AMD's CA certificates and those in the sample's folder. */
static struct snp_certificates *certificates_of(const struct sample *sample)
{
	struct snp_certificates *set = NULL;
	char path[4096];

	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	snprintf(path, sizeof(path), "%s/attestation/ca", shared);
	assert_int_equal(snp_certificates_add_path(set, path, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", shared, sample->folder);
	assert_int_equal(snp_certificates_add_path(set, path, NULL), 0);
	return set;
}

static void check_genuine(void **state)
{
	const struct sample *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = certificates_of(row);
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_evidence evidence = {
		.size = sizeof(evidence), .certificates = set, .at_time = row->at_time};
	struct snp_expectations expected = {.size = sizeof(expected), .allow_debug = row->debug};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL, *refused = NULL;
	struct snp_error err = {0};
	uint8_t measurement[1][SNP_MEASUREMENT_SIZE];

	read_file(row->folder, "report.bin", &bytes, &evidence.report.size);
	evidence.report.data = bytes;
	memcpy(measurement[0], bytes + 0x90, sizeof(measurement[0]));
	expected.measurements = measurement;
	expected.n_measurements = 1;
	assert_int_equal(snp_verify(&evidence, &expected, &verdict, &err), 0);
	for (unsigned int i = 0; i < N_CHECKS; i++)
		if (verdict->checks[i].outcome == SNP_FAILED)
			fail_msg("%s: %s", snp_check_name((enum snp_check)i),
				 verdict->checks[i].message);
	assert_true(verdict->accepted);
	for (size_t i = 0; snp_certificates_at(set, i); i++)
		assert_int_equal(snp_certificates_trusted(set, i, NULL, 0, NULL), 0);
	assert_int_equal(verdict->product, row->product);
	assert_int_equal(verdict->report.version, row->version);
	measurement[0][0] ^= 1;
	assert_int_equal(snp_verify(&evidence, &expected, &refused, &err), 0);
	assert_false(refused->accepted);
	assert_true(refused->authentic);
	assert_int_equal(refused->reason, SNP_CHECK_MEASUREMENT);
}

static void check_negative(void **state)
{
	const struct negative *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set =
		certificates_of(&row->sample);
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_evidence evidence = {
		.size = sizeof(evidence), .certificates = set, .at_time = row->sample.at_time};
	struct snp_expectations expected = {.size = sizeof(expected), .any_measurement = true};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;

	read_file(row->sample.folder, "report.bin", &bytes, &evidence.report.size);
	evidence.report.data = bytes;
	assert_int_equal(snp_verify(&evidence, &expected, &verdict, NULL), 0);
	assert_false(verdict->accepted);
	assert_string_equal(snp_check_name(verdict->reason), snp_check_name(row->reason));
}

/* Every bit, one at a time; under AddressSanitizer a sample of them. Nothing is expected of the report
 * but that it is authentic. */
#ifdef __SANITIZE_ADDRESS__
#define BIT_STEP 61
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BIT_STEP 61
#endif
#endif
#ifndef BIT_STEP
#define BIT_STEP 1
#endif

/* Whether every check of these groups holds; an accepted report is one of which every check does. */
static bool holds(const struct snp_evidence *evidence, const struct snp_expectations *expected,
		  const struct report_checks *groups, size_t n_groups)
{
	struct snp_verdict verdict = {0};

	if (verdict_make(evidence, expected, groups, n_groups, &verdict, NULL) < 0)
		return false;
	for (size_t g = 0; g < n_groups; g++)
		for (size_t i = 0; i < groups[g].n; i++)
			if (verdict.checks[groups[g].checks[i].id].outcome != SNP_PASSED &&
			    verdict.checks[groups[g].checks[i].id].outcome != SNP_NOT_ASKED)
				return false;
	return true;
}

/* The checks from the root to the signature, which is the last of them, without the costly check of the chain:
 * it is the same for every bit. */
static struct report_checks without_chain(struct report_check ret[static N_CHECKS])
{
	const struct report_checks *all = &checks_of_chain;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (all->checks[i].id != SNP_CHECK_CERTIFICATE_CHAIN)
			ret[n++] = all->checks[i];
	assert_int_equal(n, all->n - 1);
	assert_int_equal(ret[n - 1].id, SNP_CHECK_REPORT_SIGNATURE);
	return (struct report_checks){ret, n};
}

static void check_bits(void **state)
{
	const struct sample *row = *state;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = certificates_of(row);
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_evidence evidence = {
		.size = sizeof(evidence), .certificates = set, .at_time = row->at_time};
	struct snp_expectations expected = {.size = sizeof(expected),
					    .any_measurement = true,
					    .allow_debug = true,
					    .allow_masked_chip_id = true};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	struct report_check checks[N_CHECKS];
	const struct report_checks all = without_chain(checks);
	const struct report_checks groups[] = {checks_of_form,
					       checks_of_leaf,
					       {all.checks, all.n - 1},
					       {all.checks + all.n - 1, 1}};

	read_file(row->folder, "report.bin", &bytes, &evidence.report.size);
	evidence.report.data = bytes;
	assert_int_equal(snp_verify(&evidence, &expected, &verdict, NULL), 0);
	assert_true(verdict->accepted);
	assert_true(holds(&evidence, &expected, groups, 4));
	for (size_t bit = 0; bit < 8 * SNP_REPORT_SIZE; bit += BIT_STEP) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* The signature last, since it takes longest. */
		if (holds(&evidence, &expected, groups, 3) &&
		    holds(&evidence, &expected, groups, 4))
			fail_msg("accepted with bit %zu of byte 0x%zx turned", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* Every other length, as a container and as a report: never taken for the report. */
static void check_lengths(void **state)
{
	const struct sample *row = *state;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_container container;
	struct certificate_table table;
	static uint8_t longer[SNP_REPORT_SIZE + 2 * 4096 + 64];
	size_t size;

	read_file(row->folder, "report.bin", &bytes, &size);
	memcpy(longer, bytes, SNP_REPORT_SIZE);
	for (size_t n = 0; n <= sizeof(longer); n++) {
		struct snp_span cut = {longer, n};
		struct snp_error err = {0};
		struct snp_report *report;

		if (n == SNP_REPORT_SIZE)
			continue;
		assert_int_equal(snp_report_decode(cut, false, &report, &err), -SNP_E_NOT_A_REPORT);
		for (unsigned int fill = 0; fill < 256; fill += 255) {
			memset(longer + SNP_REPORT_SIZE, (int)fill,
			       sizeof(longer) - SNP_REPORT_SIZE);
			if (snp_container_parse(cut, &container, NULL) < 0)
				continue;
			assert_int_equal(container.kind, SNP_CONTAINER_EXTENDED);
			assert_int_equal(
				certificate_table_parse(container.certificates, &table, NULL),
				-SNP_E_BAD_CERTIFICATE_TABLE);
		}
	}
}

/* The same of an extended report. It may end with its last object, for then nothing of it is missing, and
 * what is left of it without a table is the report. */
static void check_extended_lengths(void **state)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	static uint8_t longer[SNP_MAX_CONTAINER + 64];
	struct certificate_table table;
	struct snp_container container;
	size_t size = 0, end = 0;

	(void)state;
	read_file("attestation/milan-v5-gcp-ext", "extended.bin", &bytes, &size);
	memcpy(longer, bytes, size);
	for (size_t i = SNP_REPORT_SIZE; i < size; i++)
		if (bytes[i] != 0)
			end = i + 1;
	for (size_t n = 0; n <= sizeof(longer); n++) {
		bool whole =
			snp_container_parse((struct snp_span){longer, n}, &container, NULL) == 0;

		if (whole && container.kind == SNP_CONTAINER_EXTENDED)
			whole = certificate_table_parse(container.certificates, &table, NULL) == 0;
		if (whole != (n == SNP_REPORT_SIZE || n == end || n == size))
			fail_msg("%zu bytes are %s", n, whole ? "accepted" : "refused");
	}
}

static void check_extended(void **state)
{
	const struct sample google = {.folder = "attestation/milan-v5-gcp-ext"};
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_evidence evidence = {.size = sizeof(evidence), .at_time = AT_2026_07};
	struct snp_expectations expected = {.size = sizeof(expected), .any_measurement = true};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	struct snp_container container;
	struct snp_span file = {0};

	(void)state;
	read_file(google.folder, "extended.bin", &bytes, &file.size);
	file.data = bytes;
	assert_int_equal(snp_container_parse(file, &container, NULL), 0);
	assert_int_equal(container.kind, SNP_CONTAINER_EXTENDED);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	/* VCEK, ASK and ARK: nothing else is needed. */
	assert_int_equal(snp_certificates_add_table(set, container.certificates, NULL), 0);
	evidence.certificates = set;
	evidence.report = container.report;
	assert_int_equal(snp_verify(&evidence, &expected, &verdict, NULL), 0);
	assert_true(verdict->accepted);
}

/* The nine are nine different ones, and each is taken for what it is. */
static void check_roots(void **state)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	const struct snp_certificate *c;
	size_t n_roots;
	const struct snp_root *roots = snp_amd_roots(&n_roots);
	char path[4096];
	size_t n = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/attestation/ca", shared);
	assert_int_equal(snp_certificates_new(&set, NULL), 0);
	assert_int_equal(snp_certificates_add_path(set, path, NULL), 0);
	for (; (c = snp_certificates_at(set, n)); n++) {
		size_t found = 0;

		for (size_t i = 0; i < n_roots; i++)
			found += memcmp(roots[i].sha256, c->sha256, 32) == 0 &&
				 roots[i].kind == c->kind && roots[i].product == c->product;
		assert_int_equal(found, 1);
		assert_int_equal(snp_certificates_trusted(set, n, roots, n_roots, NULL), 0);
	}
	assert_int_equal(n, n_roots);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
	} others[] = {{"extended report"}}, lengths[] = {{"extended report of other lengths"}},
	  cas[] = {{"AMD's CA certificates"}};
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	if (argc != 2)
		return 2;
	shared = argv[1];
	ADD_ROWS(tests, n, check_genuine, genuine);
	ADD_ROWS(tests, n, check_negative, negatives);
	ADD_ROWS(tests, n, check_extended, others);
	ADD_ROWS(tests, n, check_extended_lengths, lengths);
	ADD_ROWS(tests, n, check_roots, cas);
	ADD_ROWS(tests, n, check_lengths, genuine);
	ADD_ROWS(tests, n, check_bits, genuine);
	return RUN_TESTS("reports", tests, n);
}
