// SPDX-License-Identifier: Apache-2.0
/*
 * bench_verify: what one verdict on a report costs beside the signatures that it cannot do without, one of
 * ECDSA P-384 and two of RSA-4096 with PSS, verified by libcrypto alone. Both are measured in turn, round by
 * round, so that a slow moment slows both; the figures are medians. The hierarchy is made on the spot, of
 * AMD's key sizes.
 */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/verdict.h>

#include "../fixtures/attestation.h"
#include "clock.h"

#define ROUNDS	  101
#define PER_ROUND 10

/* Everything that a verdict is made of. */
struct scene {
	uint8_t report[SNP_REPORT_SIZE];
	struct snp_span leaf, ask, ark;
	X509 *x_leaf, *x_ask, *x_ark;
	uint8_t *signature; /* the report's, DER */
	size_t signature_size;
	struct snp_root roots[3];
	size_t n_roots;
	struct snp_certificates *set;
};

static X509 *parse(struct snp_span der)
{
	const unsigned char *p = der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.size);

	if (!x)
		die("no certificate");
	return x;
}

static void encode_signature(struct scene *s)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	int n;

	if (!signature || ECDSA_SIG_set0(signature, BN_lebin2bn(s->report + 0x2a0, 72, NULL),
					 BN_lebin2bn(s->report + 0x2e8, 72, NULL)) != 1)
		die("out of memory");
	n = i2d_ECDSA_SIG(signature, &s->signature);
	if (n <= 0)
		die("no signature");
	s->signature_size = (size_t)n;
	ECDSA_SIG_free(signature);
}

static struct snp_certificates *fill_set(const struct scene *s)
{
	struct snp_certificates *set;

	if (snp_certificates_new(&set, NULL) < 0 || snp_certificates_add(set, s->ark, NULL) < 0 ||
	    snp_certificates_add(set, s->ask, NULL) < 0 ||
	    snp_certificates_add(set, s->leaf, NULL) < 0)
		die("certificates");
	return set;
}

static void set_up(struct scene *s)
{
	struct fixture_leaf plan;
	EVP_PKEY *key;
	size_t size;

	fixture_rsa_bits = 4096;
	fixture_leaf(SNP_PRODUCT_MILAN, SNP_VCEK, &plan);
	s->leaf.data = fixture_leaf_sign(&plan, &size, &key);
	s->leaf.size = size;
	s->ask = fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK);
	s->ark = fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK);
	fixture_report(SNP_PRODUCT_MILAN, 3, SNP_VCEK, s->report);
	fixture_report_sign(s->report, key);
	EVP_PKEY_free(key);
	s->x_leaf = parse(s->leaf);
	s->x_ask = parse(s->ask);
	s->x_ark = parse(s->ark);
	encode_signature(s);
	s->n_roots = fixture_roots_of(SNP_PRODUCT_MILAN, s->roots);
	s->set = fill_set(s);
}

static void bare_with(const struct scene *s, X509 *leaf, X509 *ask, X509 *ark)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (X509_verify(leaf, X509_get0_pubkey(ask)) != 1 ||
	    X509_verify(ask, X509_get0_pubkey(ark)) != 1 || !context ||
	    EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, X509_get0_pubkey(leaf)) != 1 ||
	    EVP_DigestVerify(context, s->signature, s->signature_size, s->report,
			     SNP_REPORT_SIGNED_SIZE) != 1)
		die("libcrypto does not verify");
	EVP_MD_CTX_free(context);
}

static void bare(const struct scene *s)
{
	bare_with(s, s->x_leaf, s->x_ask, s->x_ark);
}

static void bare_and_certificates(const struct scene *s)
{
	X509 *leaf = parse(s->leaf), *ask = parse(s->ask), *ark = parse(s->ark);

	bare_with(s, leaf, ask, ark);
	X509_free(leaf);
	X509_free(ask);
	X509_free(ark);
}

static void verdict_with(const struct scene *s, const struct snp_certificates *set)
{
	struct snp_expectations expected = {.size = sizeof(expected), .n_measurements = 1};
	struct snp_evidence evidence = {.size = sizeof(evidence),
					.report = {s->report, SNP_REPORT_SIZE},
					.certificates = set,
					.at_time = FIXTURE_TIME,
					.roots = s->roots,
					.n_roots = s->n_roots};
	struct snp_verdict *found;
	uint8_t measurement[1][SNP_MEASUREMENT_SIZE];

	memcpy(measurement[0], s->report + 0x90, SNP_MEASUREMENT_SIZE);
	expected.measurements = (const uint8_t(*)[SNP_MEASUREMENT_SIZE])measurement;
	if (snp_verify(&evidence, &expected, &found, NULL) < 0 || !snp_verdict_accepted(found))
		die("not accepted");
	snp_verdict_free(found);
}

static void verdict(const struct scene *s)
{
	verdict_with(s, s->set);
}

static void verdict_and_certificates(const struct scene *s)
{
	struct snp_certificates *set = fill_set(s);

	verdict_with(s, set);
	snp_certificates_free(set);
}

static double measure(void (*work)(const struct scene *s), const struct scene *s)
{
	double start = now();

	for (unsigned int i = 0; i < PER_ROUND; i++)
		work(s);
	return (now() - start) / PER_ROUND;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*work)(const struct scene *s);
		unsigned int beside; /* the row that it is held against */
	} rows[] = {
		{"libcrypto: ECDSA P-384, 2 x RSA-4096 PSS", bare, 0},
		{"`snp_verify()`", verdict, 0},
		{"libcrypto: the same, and three certificates read from DER", bare_and_certificates,
		 2},
		{"`snp_certificates_add()` three times, and `snp_verify()`",
		 verdict_and_certificates, 2},
	};
	static double values[ARRAY_SIZE(rows)][ROUNDS];
	double medians[ARRAY_SIZE(rows)];
	static struct scene s;

	set_up(&s);
	for (unsigned int i = 0; i < ROUNDS; i++)
		for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
			values[r][i] = measure(rows[r].work, &s);
	printf("| one verdict on a report | µs | ratio |\n|---|---|---|\n");
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		medians[r] = median(values[r], ROUNDS);
		printf("| %s | %.0f | %.2f |\n", rows[r].name, medians[r] * 1e6,
		       medians[r] / medians[rows[r].beside]);
	}
	return 0;
}
