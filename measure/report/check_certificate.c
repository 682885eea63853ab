// SPDX-License-Identifier: Apache-2.0
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <string.h>
#include <time.h>

#include <snp/fail.h>

#include "report/checks.h"

static enum snp_outcome certificate(struct inquiry *q)
{
	const struct snp_report *report = &q->verdict->report;
	enum snp_product product = q->verdict->product;
	char path[SNP_FETCH_PATH_SIZE];

	if (q->leaf)
		return SNP_PASSED;
	if (product == SNP_PRODUCT_UNKNOWN)
		product = snp_report_product(report);
	if (snp_fetch_path(report, product, q->leaf_kind, path))
		return FAIL("no VCEK is at hand; it is at AMD's key server, %s", path);
	return FAIL("no %s is at hand; %s", snp_certificate_kind_name(q->leaf_kind),
		    q->leaf_kind == SNP_VLEK
			    ? "the cloud provider hands it out"
			    : "`snp-measure show --fetch-path` says where it may be");
}

static enum snp_outcome certificate_version(struct inquiry *q)
{
	long version = X509_get_version(q->leaf->x509);

	return version == X509_VERSION_3 ? SNP_PASSED
					 : FAIL("X.509 version %ld, not 3", version + 1);
}

/* libcrypto's no, unless it had no memory to say yes. */
static enum snp_outcome libcrypto_failed(struct inquiry *q, const char *what)
{
	if (crypto_out_of_memory())
		q->status = out_of_memory(q->err);
	return FAIL("%s", what);
}

static enum snp_outcome certificate_algorithm(struct inquiry *q)
{
	int digest, key;
	uint32_t flags;

	/* Meanings, not bytes: AMD writes the same parameters in two ways. libcrypto sets the flag for
	 * PSS only where MGF1 uses the same digest and the salt is as long as it (RFC 8446 4.2.3). */
	if (X509_get_signature_info(q->leaf->x509, &digest, &key, NULL, &flags) == 1 &&
	    key == NID_rsassaPss && digest == NID_sha384 && (flags & X509_SIG_INFO_TLS))
		return SNP_PASSED;
	return libcrypto_failed(q, "signed with another algorithm or other parameters");
}

/* Parameters written out may describe a curve that only looks like P-384 (CVE-2020-0601). */
static bool names_p384(const X509 *x509)
{
	const void *parameters = NULL;
	X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *oid = NULL;
	int type = V_ASN1_UNDEF;

	if (X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(x509)) == 1)
		X509_ALGOR_get0(&oid, &type, &parameters, algorithm);
	return OBJ_obj2nid(oid) == NID_X9_62_id_ecPublicKey && type == V_ASN1_OBJECT &&
	       OBJ_obj2nid(parameters) == NID_secp384r1;
}

static enum snp_outcome certificate_key(struct inquiry *q)
{
	if (!names_p384(q->leaf->x509))
		return FAIL("its key is not on P-384 by the curve's name");
	if (!X509_get0_pubkey(q->leaf->x509))
		return libcrypto_failed(q, "its key is no point of P-384");
	return SNP_PASSED;
}

static enum snp_outcome certificate_names(struct inquiry *q)
{
	const struct snp_certificate *leaf = &q->leaf->info;
	bool vlek = q->leaf_kind == SNP_VLEK;
	char issuer[64];

	if (strcmp(leaf->subject, vlek ? "SEV-VLEK" : "SEV-VCEK") != 0)
		return FAIL("it is of '%s', where a %s is asked for", leaf->subject,
			    vlek ? "VLEK" : "VCEK");
	snprintf(issuer, sizeof(issuer), "%s%s", vlek ? "SEV-VLEK-" : "SEV-",
		 snp_product_name(q->verdict->product));
	if (strcmp(q->leaf->issuer, issuer) != 0)
		return FAIL("issued by '%s', where '%s' is asked for", q->leaf->issuer, issuer);
	return SNP_PASSED;
}

static enum snp_outcome certificate_extensions(struct inquiry *q)
{
	const struct leaf *leaf = &q->leaf->leaf;
	bool missing = false;
	const char *name;

	if (leaf->problem[0] != '\0')
		return FAIL("%s", leaf->problem);
	name = leaf_incomplete(leaf, q->leaf_kind, &missing);
	if (name)
		return FAIL("%s is %s", name,
			    missing ? "missing" : "not of a certificate of this kind");
	return SNP_PASSED;
}

static enum snp_outcome certificate_product(struct inquiry *q)
{
	const struct leaf *leaf = &q->leaf->leaf;
	const char *name = snp_product_name(q->verdict->product);
	size_t n = strlen(name);
	unsigned int version = q->verdict->product == SNP_PRODUCT_TURIN ? 1 : 0;

	/* "Milan-B0" of VCEKs has a stepping, "Genoa" has none. */
	if (strncmp(leaf->product_name, name, n) != 0 ||
	    (leaf->product_name[n] != '\0' && leaf->product_name[n] != '-'))
		return FAIL("productName is '%s', where %s is asked for", leaf->product_name, name);
	if (leaf->spl[LEAF_STRUCT_VERSION] != version)
		return FAIL("structVersion is %u, where %s has %u", leaf->spl[LEAF_STRUCT_VERSION],
			    name, version);
	return SNP_PASSED;
}

static enum snp_outcome ca_certificates(struct inquiry *q)
{
	enum snp_product product = q->verdict->product;
	char path[SNP_FETCH_PATH_SIZE] = "";

	chain_find(q->certificates, q->roots, q->n_roots, product, q->ca_kind, &q->chain);
	if (q->chain.root && q->chain.intermediate)
		return SNP_PASSED;
	(void)snp_fetch_path(&q->verdict->report, product, q->ca_kind, path);
	return FAIL("%s%s%s of %s not at hand%s%s", q->chain.root ? "" : "ARK",
		    q->chain.root || q->chain.intermediate ? "" : " and ",
		    q->chain.intermediate ? "" : snp_certificate_kind_name(q->ca_kind),
		    snp_product_name(product), path[0] ? "; at AMD's key server, " : "", path);
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
			return FAIL("the CRL: %s", problem);
	}
	if (!found)
		return FAIL("no CRL among those given is of ARK-%s",
			    snp_product_name(q->verdict->product));
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
		return FAIL("the certificate has a level that is reserved");
	snp_tcb_describe(&certified, certified_text);
	snp_tcb_describe(&reported, reported_text);
	return FAIL("%s, and the certificate is for %s", reported_text, certified_text);
}

bool chip_id_masked(const struct snp_report *report)
{
	static const uint8_t masked[SNP_CHIP_ID_SIZE];

	return memcmp(report->chip_id, masked, sizeof(masked)) == 0;
}

static enum snp_outcome chip_id_mask(struct inquiry *q)
{
	if (!chip_id_masked(&q->verdict->report))
		return SNP_PASSED;
	if (q->leaf_kind == SNP_VLEK)
		return NOT_ASKED("masked; a VLEK is of no chip");
	if (q->expected->allow_masked_chip_id)
		return NOT_ASKED("masked, which was allowed");
	return FAIL("CHIP_ID is masked: nothing says which chip signed");
}

enum snp_outcome check_hwid_size(struct inquiry *q)
{
	size_t size = q->verdict->product == SNP_PRODUCT_TURIN ? 8 : SNP_CHIP_ID_SIZE;

	if (q->leaf_kind == SNP_VCEK && q->leaf->info.hwid_size != size)
		return FAIL("hwID has %zu bytes, where %s has %zu", q->leaf->info.hwid_size,
			    snp_product_name(q->verdict->product), size);
	return SNP_PASSED;
}

static enum snp_outcome chip_id(struct inquiry *q)
{
	const uint8_t *id = q->verdict->report.chip_id;
	const struct snp_certificate *leaf = &q->leaf->info;
	uint8_t want[SNP_CHIP_ID_SIZE] = {0};

	if (q->leaf_kind == SNP_VLEK || chip_id_masked(&q->verdict->report))
		return NOT_ASKED("%s",
				 q->leaf_kind == SNP_VLEK ? "a VLEK is of no chip" : "masked");
	if (check_hwid_size(q) == SNP_FAILED)
		return SNP_FAILED;
	memcpy(want, leaf->hwid, leaf->hwid_size);
	if (memcmp(id, want, sizeof(want)) != 0)
		return FAIL("the certificate is of another chip");
	return SNP_PASSED;
}

static enum snp_outcome report_signature(struct inquiry *q)
{
	bool good = false;

	q->status = report_verify_signature(q->evidence->report, &q->verdict->report,
					    X509_get0_pubkey(q->leaf->x509), &good, q->err);
	return good ? SNP_PASSED : FAIL("not made by the certificate's key over these bytes");
}

#define NEED_LEAF  (NEED(CERTIFICATE))
#define NEED_CHAIN (NEED(CERTIFICATE) | NEED(CA_CERTIFICATES))

static const struct check checks[] = {
	{SNP_CHECK_CERTIFICATE, NEED(SIGNING_KEY), certificate},
	{SNP_CHECK_CERTIFICATE_VERSION, NEED_LEAF, certificate_version},
	{SNP_CHECK_CERTIFICATE_ALGORITHM, NEED_LEAF, certificate_algorithm},
	{SNP_CHECK_CERTIFICATE_KEY, NEED_LEAF, certificate_key},
	{SNP_CHECK_CERTIFICATE_NAMES, NEED_LEAF | NEED(PRODUCT), certificate_names},
	{SNP_CHECK_CERTIFICATE_EXTENSIONS, NEED_LEAF, certificate_extensions},
	{SNP_CHECK_CERTIFICATE_PRODUCT, NEED(CERTIFICATE_EXTENSIONS) | NEED(PRODUCT),
	 certificate_product},
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

const struct check_group checks_of_certificates = {checks, ARRAY_SIZE(checks)};
