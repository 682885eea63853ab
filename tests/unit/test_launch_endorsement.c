// SPDX-License-Identifier: Apache-2.0
/* Launch endorsements that cannot be read; those that can be and are wrong are rows of test_verdict.c. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

#include "../fixtures/attestation.h"
#include "../fixtures/launch_endorsement.h"
#include "endorsement/launch_endorsement.h"
#include "told.h"

static const uint8_t measurement[48] = {0x3e};

static const struct row {
	const char *name;
	struct fixture_launch_endorsement plan; /* beside what a right one has */
	int status;
} rows[] = {
	{"right", {0}, 0},
	{"policy", {.policy = 0x30000}, 0},
	{"field that is not known, signed", {.unknown_inner = true}, 0},
	{"many vCPUs", {.vcpus = 0x7fffffff}, 0},
	{"another field outside", {.unknown_outer = true}, -SNP_E_ENDORSEMENT},
	{"golden measurement twice", {.golden_twice = true}, -SNP_E_ENDORSEMENT},
	{"no signature", {.no_signature = true}, -SNP_E_ENDORSEMENT},
	{"golden measurement cut", {.cut = true}, -SNP_E_ENDORSEMENT},
	{"no certificate", {.no_certificate = true}, -SNP_E_ENDORSEMENT},
	{"a byte behind the certificate", {.certificate_behind = true}, -SNP_E_ENDORSEMENT},
	{"no digest of the firmware", {.no_firmware = true}, -SNP_E_ENDORSEMENT},
	{"nothing of SEV-SNP", {.no_sev_snp = true}, -SNP_E_ENDORSEMENT},
	{"no launch digest", {.no_launches = true}, -SNP_E_ENDORSEMENT},
	{"digest of 47 bytes", {.digest_size = 47}, -SNP_E_ENDORSEMENT},
	{"digest of 49 bytes", {.digest_size = 49}, -SNP_E_ENDORSEMENT},
	{"4 vCPUs twice", {.twice = true}, -SNP_E_ENDORSEMENT},
	{"1 vCPU twice", {.vcpus = 1}, -SNP_E_ENDORSEMENT},
	{"0 vCPUs", {.vcpus = UINT32_MAX}, -SNP_E_ENDORSEMENT},
};

static uint8_t *make(const struct row *row, size_t *ret_size)
{
	struct fixture_launch_endorsement right, plan = row->plan;

	fixture_launch_endorsement(measurement, &right);
	plan.measurement = right.measurement;
	plan.svn = right.svn;
	plan.from = right.from;
	plan.to = right.to;
	return fixture_launch_endorsement_sign(&plan, ret_size);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	char why[ENDORSEMENT_WHY_SIZE] = "";
	struct snp_error err = {0};
	size_t size;
	int r;

	bytes = make(row, &size);
	r = launch_endorsement_read((struct snp_span){bytes, size}, &e, &err);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(r, row->status);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	if (r < 0)
		return;
	assert_true(launch_endorsement_is((struct snp_span){bytes, size}));
	assert_int_equal(launch_check_signature(e, why, &err), 0);
	assert_string_equal(why, "");
	assert_int_equal(launch_claims(e)->svn, 3);
	assert_int_equal(launch_claims(e)->policy, row->plan.policy);
	assert_int_equal(launch_claims(e)->time, FIXTURE_TIME);
	assert_int_equal(launch_claims(e)->n_launches, 2);
}

static void check_vcpu_count(void **state)
{
	static const uint8_t other[48] = {0x3f}, zeros[48];
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;

	(void)state;
	bytes = make(&rows[0], &size);
	assert_int_equal(launch_endorsement_read((struct snp_span){bytes, size}, &e, NULL), 0);
	assert_int_equal(launch_vcpu_count(e, measurement, 0), 4);
	assert_int_equal(launch_vcpu_count(e, measurement, 4), 4);
	assert_int_equal(launch_vcpu_count(e, measurement, 1), 0);
	assert_int_equal(launch_vcpu_count(e, zeros, 0), 1);
	assert_int_equal(launch_vcpu_count(e, other, 0), 0);
}

static void check_base64(void **state)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t size;

	(void)state;
	bytes = make(&rows[0], &size);
	text = base64_encode(bytes, size);
	assert_int_equal(
		launch_endorsement_read((struct snp_span){(uint8_t *)text, strlen(text)}, &e, NULL),
		0);
	assert_int_equal(launch_claims(e)->svn, 3);
	assert_int_equal(
		launch_endorsement_read((struct snp_span){(uint8_t *)text, strlen(text) - 1},
					&(struct launch_endorsement *){NULL}, NULL),
		-SNP_E_BAD_BASE64);
}

/* True if it can be read, its signature holds, and it leads to the root. */
static bool holds(const uint8_t *bytes, size_t size)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = NULL;
	char why[ENDORSEMENT_WHY_SIZE] = "";
	struct snp_error err = {0};
	int r = launch_endorsement_read((struct snp_span){bytes, size}, &e, &err);

	assert_int_equal(err.message[0] != '\0', r < 0);
	if (r == 0)
		r = launch_check_signature(e, why, &err);
	if (r == 0 && !why[0])
		r = launch_check_signer(e, fixture_launch_root(), FIXTURE_TIME, why, &err);
	return r == 0 && !why[0];
}

/* Every byte counts, and every length. */
static void check_mangled(void **state)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;

	(void)state;
	bytes = make(&rows[0], &size);
	assert_true(holds(bytes, size));
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 1;
		if (holds(bytes, size))
			fail_msg("byte %zu makes no difference", i);
		bytes[i] ^= 1;
	}
	for (size_t n = 0; n < size; n++) {
		/* In its size, so that AddressSanitizer sees one too far. */
		_cleanup_(freep) uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, bytes, n);
		assert_false(holds(cut, n));
	}
}

/* Only what certifies is a root, and the signer itself, if it is what is trusted. */
static void check_roots(void **state)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	char why[ENDORSEMENT_WHY_SIZE] = "";
	struct snp_error err = {0};
	size_t size;

	(void)state;
	bytes = make(&rows[0], &size);
	assert_int_equal(launch_endorsement_read((struct snp_span){bytes, size}, &e, &err), 0);
	assert_int_equal(launch_check_signer(e, (struct snp_span){(const uint8_t *)"x", 1},
					     FIXTURE_TIME, why, &err),
			 -SNP_E_BAD_CERTIFICATE);
	assert_int_equal(launch_check_signer(e, (struct snp_span){0}, FIXTURE_TIME, why, &err),
			 -SNP_E_BAD_CERTIFICATE);
	assert_int_equal(
		launch_check_signer(e, fixture_launch_other_root(), FIXTURE_TIME, why, &err), 0);
	assert_string_not_equal(why, "");
}

static void as_told(void **state)
{
	(void)state;
	told("launch_endorsement");
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_vcpu_count);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_base64);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_mangled);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(check_roots);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("launch_endorsement", tests, n);
}
