// SPDX-License-Identifier: Apache-2.0
/* The leaf certificate, VCEK or VLEK, by itself. */
#include <openssl/objects.h>
#include <string.h>

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
		return FAIL("no VCEK was given; get it from " SNP_KEY_SERVER "%s", path);
	return FAIL("no %s was given; %s", snp_certificate_kind_name(q->leaf_kind),
		    q->leaf_kind == SNP_VLEK
			    ? "get it from the cloud provider"
			    : "`snp-measure show --fetch-path` says where it may be");
}

static enum snp_outcome certificate_version(struct inquiry *q)
{
	long version = X509_get_version(q->leaf->x509);

	return version == X509_VERSION_3 ? SNP_PASSED
					 : FAIL("X.509 version is %ld; must be 3", version + 1);
}

/* Fail the check, or the verdict itself if libcrypto ran out of memory. */
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
	return libcrypto_failed(q, "not signed with RSASSA-PSS, SHA-384 and salt 48");
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
		return FAIL("the key does not name the curve P-384");
	if (!X509_get0_pubkey(q->leaf->x509))
		return libcrypto_failed(q, "the key is not a point on P-384");
	return SNP_PASSED;
}

static enum snp_outcome certificate_names(struct inquiry *q)
{
	const struct snp_certificate *leaf = &q->leaf->info;
	bool vlek = q->leaf_kind == SNP_VLEK;
	const char *subject = vlek ? "SEV-VLEK" : "SEV-VCEK";
	char issuer[64];

	if (strcmp(leaf->subject, subject) != 0)
		return FAIL("subject is '%s'; must be '%s'", leaf->subject, subject);
	snprintf(issuer, sizeof(issuer), "%s%s", vlek ? "SEV-VLEK-" : "SEV-",
		 snp_product_name(q->verdict->product));
	if (strcmp(q->leaf->issuer, issuer) != 0)
		return FAIL("issuer is '%s'; must be '%s'", q->leaf->issuer, issuer);
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
			    missing ? "missing" : "not allowed in this kind of certificate");
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
		return FAIL("productName is '%s'; must be %s", leaf->product_name, name);
	if (leaf->spl[LEAF_STRUCT_VERSION] != version)
		return FAIL("structVersion is %u; %s has %u", leaf->spl[LEAF_STRUCT_VERSION], name,
			    version);
	return SNP_PASSED;
}

enum snp_outcome check_hwid_size(struct inquiry *q)
{
	size_t size = q->verdict->product == SNP_PRODUCT_TURIN ? 8 : SNP_CHIP_ID_SIZE;

	if (q->leaf_kind == SNP_VCEK && q->leaf->info.hwid_size != size)
		return FAIL("hwID has %zu bytes; %s has %zu", q->leaf->info.hwid_size,
			    snp_product_name(q->verdict->product), size);
	return SNP_PASSED;
}

#define NEED_LEAF (NEED(CERTIFICATE))

static const struct report_check checks[] = {
	{SNP_CHECK_CERTIFICATE, NEED(SIGNING_KEY), certificate},
	{SNP_CHECK_CERTIFICATE_VERSION, NEED_LEAF, certificate_version},
	{SNP_CHECK_CERTIFICATE_ALGORITHM, NEED_LEAF, certificate_algorithm},
	{SNP_CHECK_CERTIFICATE_KEY, NEED_LEAF, certificate_key},
	{SNP_CHECK_CERTIFICATE_NAMES, NEED_LEAF | NEED(PRODUCT), certificate_names},
	{SNP_CHECK_CERTIFICATE_EXTENSIONS, NEED_LEAF, certificate_extensions},
	{SNP_CHECK_CERTIFICATE_PRODUCT, NEED(CERTIFICATE_EXTENSIONS) | NEED(PRODUCT),
	 certificate_product},
};

const struct report_checks checks_of_leaf = {checks, ARRAY_SIZE(checks)};

static int refuse(const struct inquiry *q)
{
	return fail_with(q->err, SNP_E_UNTRUSTED_CERTIFICATE, SNP_NO_OFFSET, "%s of %s: %s",
			 snp_certificate_kind_name(q->leaf_kind),
			 snp_product_name(q->verdict->product),
			 q->verdict->checks[q->running].message);
}

/* Run the checks above on a VCEK or VLEK by itself, whatever report it is for. */
static int check_form(const struct certificate *leaf, struct snp_error *err)
{
	struct snp_verdict verdict = {.product = leaf->info.product};
	struct inquiry q = {
		.verdict = &verdict, .leaf = leaf, .leaf_kind = leaf->info.kind, .err = err};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		enum snp_outcome outcome;

		q.running = checks[i].id;
		outcome = checks[i].run(&q);
		if (q.status < 0)
			return q.status;
		if (outcome != SNP_PASSED)
			return refuse(&q);
	}
	q.running = SNP_CHECK_CHIP_ID;
	return check_hwid_size(&q) == SNP_PASSED ? 0 : refuse(&q);
}

int snp_certificates_trusted(const struct snp_certificates *set, size_t i,
			     const struct snp_root *roots, size_t n_roots, struct snp_error *err)
{
	const struct certificate *c = i < set->n_items ? set->items[i] : NULL;
	enum snp_certificate_kind ca;
	struct chain chain;
	const char *problem;
	int r;

	if (!roots)
		roots = snp_amd_roots(&n_roots);
	if (!c)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET, "no certificate %zu", i);
	for (size_t n = 0; n < n_roots; n++)
		if (memcmp(c->info.sha256, roots[n].sha256, sizeof(roots[n].sha256)) == 0)
			return 0;
	if (c->info.kind != SNP_VCEK && c->info.kind != SNP_VLEK)
		return fail_with(err, SNP_E_UNTRUSTED_CERTIFICATE, SNP_NO_OFFSET,
				 "'%s' is not one of AMD's CA certificates, VCEKs or VLEKs",
				 c->info.subject);
	ca = c->info.kind == SNP_VLEK ? SNP_ASVK : SNP_ASK;
	chain_find(set, roots, n_roots, c->info.product, ca, &chain);
	if (!chain.root || !chain.intermediate)
		return fail_with(
			err, SNP_E_UNTRUSTED_CERTIFICATE, SNP_NO_OFFSET,
			"cannot check the %s of %s without AMD's %s and ARK; give them too",
			snp_certificate_kind_name(c->info.kind), snp_product_name(c->info.product),
			snp_certificate_kind_name(ca));
	r = chain_verify(c, &chain, &problem, err);
	if (r == 0 && problem)
		r = fail_with(err, SNP_E_UNTRUSTED_CERTIFICATE, SNP_NO_OFFSET,
			      "%s does not lead to AMD's root: %s",
			      snp_certificate_kind_name(c->info.kind), problem);
	return r < 0 ? r : check_form(c, err);
}
