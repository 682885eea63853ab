// SPDX-License-Identifier: Apache-2.0
/* From the pinned CA certificates to the report's signature. */
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include <snp/fail.h>

#include "report/checks.h"

DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

static inline void opensslp(unsigned char **p)
{
	OPENSSL_free(*p);
}

static enum snp_outcome ca_certificates(struct inquiry *q)
{
	enum snp_product product = q->verdict->product;
	char path[SNP_FETCH_PATH_SIZE] = "";

	chain_find(q->certificates, q->roots, q->n_roots, product, q->ca_kind, &q->chain);
	if (q->chain.root && q->chain.intermediate)
		return SNP_PASSED;
	(void)snp_fetch_path(&q->verdict->report, product, q->ca_kind, path);
	return FAIL("missing %s%s%s of %s%s%s", q->chain.root ? "" : "ARK",
		    q->chain.root || q->chain.intermediate ? "" : " and ",
		    q->chain.intermediate ? "" : snp_certificate_kind_name(q->ca_kind),
		    snp_product_name(product), path[0] ? "; get it from " SNP_KEY_SERVER : "",
		    path);
}

static enum snp_outcome certificate_chain(struct inquiry *q)
{
	const char *problem = NULL;

	q->status = chain_verify(q->leaf, &q->chain, &problem, q->err);
	if (q->status < 0)
		return SNP_FAILED;
	return problem ? FAIL("%s", problem) : SNP_PASSED;
}

static void print_date(const ASN1_TIME *time, char ret[static 16])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1 || strftime(ret, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(ret, 16, "no date");
}

static enum snp_outcome certificate_dates(struct inquiry *q)
{
	const struct certificate *const all[] = {q->leaf, q->chain.intermediate, q->chain.root};
	time_t at = (time_t)q->evidence->at_time;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const ASN1_TIME *from = X509_get0_notBefore(all[i]->x509);
		const ASN1_TIME *to = X509_get0_notAfter(all[i]->x509);
		const char *kind = snp_certificate_kind_name(all[i]->info.kind);
		char date[16];

		/* -1: not later than `at`; 1: later; 0: no date. */
		if (X509_cmp_time(from, &at) != -1) {
			print_date(from, date);
			return FAIL("the %s is not valid before %s", kind, date);
		}
		if (X509_cmp_time(to, &at) != 1) {
			print_date(to, date);
			return FAIL("the %s expired on %s", kind, date);
		}
	}
	return SNP_PASSED;
}

static enum snp_outcome revocation(struct inquiry *q)
{
	const struct snp_certificates *set = q->certificates;
	const X509_NAME *issuer = X509_get_subject_name(q->chain.root->x509);
	bool found = false;

	if (set->n_crls == 0)
		return NOT_ASKED("no CRL was given");
	for (size_t i = 0; i < set->n_crls; i++) {
		const char *problem = NULL;

		if (X509_NAME_cmp(X509_CRL_get_issuer(set->crls[i]), issuer) != 0)
			continue;
		found = true;
		q->status = crl_check(set->crls[i], &q->chain, (time_t)q->evidence->at_time,
				      &problem, q->err);
		if (q->status < 0)
			return SNP_FAILED;
		if (problem)
			return FAIL("CRL: %s", problem);
	}
	if (!found)
		return FAIL("none of the CRLs is of ARK-%s", snp_product_name(q->verdict->product));
	return SNP_PASSED;
}

static enum snp_outcome reported_tcb(struct inquiry *q)
{
	const struct snp_report *report = &q->verdict->report;
	struct snp_tcb certified, reported;
	char certified_text[SNP_TCB_TEXT_SIZE], reported_text[SNP_TCB_TEXT_SIZE];

	/* Levels without a name, spl4 to spl7, are bytes that TCB_VERSION reserves. */
	if (report->reported_tcb == q->leaf->info.tcb)
		return SNP_PASSED;
	if (snp_tcb_decode(q->leaf->info.tcb, q->verdict->product, &certified, NULL) < 0 ||
	    snp_tcb_decode(report->reported_tcb, q->verdict->product, &reported, NULL) < 0)
		return FAIL("the certificate sets a reserved level");
	snp_tcb_describe(&certified, certified_text);
	snp_tcb_describe(&reported, reported_text);
	return FAIL("REPORTED_TCB is %s; the certificate is for %s", reported_text, certified_text);
}

static enum snp_outcome chip_id_mask(struct inquiry *q)
{
	if (!report_chip_id_masked(&q->verdict->report))
		return SNP_PASSED;
	if (q->leaf_kind == SNP_VLEK)
		return NOT_ASKED("masked; a VLEK belongs to no chip");
	if (q->expected->allow_masked_chip_id)
		return NOT_ASKED("masked; this was allowed");
	return FAIL("CHIP_ID is masked: nothing says which chip signed");
}

static enum snp_outcome chip_id(struct inquiry *q)
{
	const uint8_t *id = q->verdict->report.chip_id;
	const struct snp_certificate *leaf = &q->leaf->info;
	uint8_t want[SNP_CHIP_ID_SIZE] = {0};

	if (q->leaf_kind == SNP_VLEK || report_chip_id_masked(&q->verdict->report))
		return NOT_ASKED("%s",
				 q->leaf_kind == SNP_VLEK ? "a VLEK belongs to no chip" : "masked");
	if (check_hwid_size(q) == SNP_FAILED)
		return SNP_FAILED;
	memcpy(want, leaf->hwid, leaf->hwid_size);
	if (memcmp(id, want, sizeof(want)) != 0)
		return FAIL("the certificate belongs to another chip");
	return SNP_PASSED;
}

/* The firmware's two little-endian numbers as DER. libcrypto checks their range, 1 to n - 1. Low and high S
 * are both accepted: genuine firmware makes both. */
static int encode_signature(const struct snp_report *fields, unsigned char **ret)
{
	_cleanup_(ECDSA_SIG_freep) ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_lebin2bn(fields->signature_r, sizeof(fields->signature_r), NULL);
	BIGNUM *s = BN_lebin2bn(fields->signature_s, sizeof(fields->signature_s), NULL);

	if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return -1;
	}
	return i2d_ECDSA_SIG(signature, ret);
}

/* Over the received bytes 0-0x29f. */
static int verify_signature(struct snp_span report, const struct snp_report *fields, EVP_PKEY *key,
			    bool *ret_good, struct snp_error *err)
{
	_cleanup_(opensslp) unsigned char *der = NULL;
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct snp_span signed_bytes;
	int size = encode_signature(fields, &der);
	bool good;

	if (!context || size < 0 ||
	    !snp_span_sub(report, 0, SNP_REPORT_SIGNED_SIZE, &signed_bytes)) {
		ERR_clear_error();
		return out_of_memory(err);
	}
	good = EVP_DigestVerifyInit_ex(context, NULL, "SHA2-384", NULL, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(context, der, (size_t)size, signed_bytes.data, signed_bytes.size) ==
		       1;
	if (crypto_out_of_memory())
		return out_of_memory(err);
	*ret_good = good;
	return 0;
}

static enum snp_outcome report_signature(struct inquiry *q)
{
	bool good = false;

	q->status = verify_signature(q->evidence->report, &q->verdict->report,
				     X509_get0_pubkey(q->leaf->x509), &good, q->err);
	return good ? SNP_PASSED : FAIL("the certificate's key did not sign these bytes");
}

#define NEED_CHAIN (NEED(CERTIFICATE) | NEED(CA_CERTIFICATES))

static const struct report_check checks[] = {
	{SNP_CHECK_CA_CERTIFICATES, NEED(SIGNING_KEY) | NEED(PRODUCT), ca_certificates},
	{SNP_CHECK_CERTIFICATE_CHAIN, NEED_CHAIN, certificate_chain},
	{SNP_CHECK_CERTIFICATE_DATES, NEED_CHAIN, certificate_dates},
	{SNP_CHECK_REVOCATION, NEED_CHAIN, revocation},
	{SNP_CHECK_REPORTED_TCB, NEED(CERTIFICATE_PRODUCT), reported_tcb},
	{SNP_CHECK_CHIP_ID_MASK, NEED(SIGNING_KEY), chip_id_mask},
	{SNP_CHECK_CHIP_ID, NEED(CERTIFICATE_PRODUCT) | NEED(CHIP_ID_MASK), chip_id},
	{SNP_CHECK_REPORT_SIGNATURE, NEED(CERTIFICATE_KEY) | NEED(SIGNATURE_ALGORITHM),
	 report_signature},
};

const struct report_checks checks_of_chain = {checks, ARRAY_SIZE(checks)};
