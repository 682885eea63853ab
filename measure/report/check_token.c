// SPDX-License-Identifier: Apache-2.0
/* An attestation token, beside a report or in its place. */
#include <inttypes.h>
#include <string.h>

#include <snp/fail.h>

#include "report/checks.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

#define ASKED(q)                              \
	do {                                  \
		if (!(q)->token)              \
			return SNP_NOT_ASKED; \
	} while (0)

static enum snp_outcome key(struct inquiry *q)
{
	char why[TOKEN_WHY_SIZE] = "";

	ASKED(q);
	return check_answer(q,
			    token_check_key(q->token, q->jwks, q->evidence->at_time, &q->token_key,
					    why, q->err),
			    why);
}

static enum snp_outcome signature(struct inquiry *q)
{
	char why[TOKEN_WHY_SIZE] = "";

	ASKED(q);
	return check_answer(q, token_check_signature(q->token, q->jwks, q->token_key, why, q->err),
			    why);
}

/* Another instance may have a policy of anybody's own, so the published issuer counts beside the caller's. The address of
 * the keys is below the issuer's, so that neither is another instance's. */
static enum snp_outcome issuer(struct inquiry *q)
{
	const struct token_claims *c = &q->claims;
	const struct snp_reference_image *group;
	const struct snp_reference *document;
	const char *wanted, *published;
	size_t n;

	ASKED(q);
	group = published_group(q, &document, &n);
	published = group ? group->maa_issuer : NULL;
	wanted = q->expected->maa_issuer ? q->expected->maa_issuer : published;
	if (wanted && strcmp(c->issuer, wanted) != 0)
		return FAIL("is '%.150s'", c->issuer);
	if (published && strcmp(c->issuer, published) != 0)
		return FAIL("is '%.80s'; '%.80s' is published", c->issuer, published);
	n = strlen(c->issuer);
	if (strncmp(c->issuer, "https://", 8) != 0 || strncmp(c->jku, c->issuer, n) != 0 ||
	    strcmp(c->jku + n, "/certs") != 0)
		return FAIL("'%.80s' does not have its keys at '%.80s'", c->issuer, c->jku);
	return wanted ? SNP_PASSED : NOT_ASKED("no issuer is expected; it is '%.150s'", c->issuer);
}

static enum snp_outcome dates(struct inquiry *q)
{
	const struct token_claims *c = &q->claims;
	uint64_t at;

	ASKED(q);
	at = q->evidence->at_time < 0 ? 0 : (uint64_t)q->evidence->at_time;
	if (c->expires <= c->not_before || c->issued_at > c->expires)
		return FAIL("it expires before it is valid");
	if (at < c->not_before || at < c->issued_at)
		return FAIL("not valid yet");
	return at < c->expires ? SNP_PASSED
			       : FAIL("expired %" PRIu64 " seconds before", at - c->expires);
}

/* What the service says if an endorsed utility VM or confidential VM runs there. The host chooses the HOST_DATA of a
 * confidential VM, and nothing in it holds the VM to that: only a utility VM makes containers of it. */
static enum snp_outcome compliance(struct inquiry *q)
{
	const char *found, *wanted = q->expected->maa_compliance;
	const struct snp_reference *document;
	size_t n;

	ASKED(q);
	found = q->claims.compliance;
	if (wanted)
		return strcmp(found, wanted) == 0 ? SNP_PASSED
						  : FAIL("is '%s'; expected '%s'", found, wanted);
	if (token_of_utility_vm(&q->claims))
		return PASS("%s", found);
	if (strcmp(found, "azure-compliant-cvm") != 0)
		return found[0] ? FAIL("is '%s'", found)
				: FAIL("the token has no compliance status");
	if (q->expected->has_host_data || published_group(q, &document, &n))
		return FAIL("is '%s'; a HOST_DATA is expected, which only a utility VM enforces",
			    found);
	return PASS("%s", found);
}

static enum snp_outcome same_report(struct inquiry *q)
{
	const char *claim;

	ASKED(q);
	if (q->token_alone)
		return NOT_ASKED("there is no report");
	claim = token_differs(&q->claims, &q->verdict->report, q->verdict->product);
	return claim ? FAIL("the token and the report differ: %s", claim) : SNP_PASSED;
}

/* The service's machine may be of another product than the guest's, so a CRL of either may be among them. */
static int copy_crls(struct snp_certificates *set, const struct inquiry *q)
{
	const struct snp_certificates *from = q->certificates;

	for (; set->n_crls < from->n_crls; set->n_crls++) {
		if (X509_CRL_up_ref(from->crls[set->n_crls]) != 1)
			return out_of_memory(q->err);
		set->crls[set->n_crls] = from->crls[set->n_crls];
	}
	return 0;
}

/* A verdict on the service's own guest, whose key is in its REPORT_DATA. Its utility VM is Microsoft's, whatever feed and
 * minimum the caller's guest has, unless the caller names an issuer in Microsoft's place. */
static int verify_service(struct inquiry *q, const struct service_evidence *service,
			  struct snp_verdict *ret)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	const struct snp_expectations *x = q->expected;
	struct snp_evidence evidence = {
		.size = sizeof(evidence),
		.report = {service->report, service->report_size},
		.at_time = q->evidence->at_time,
		.roots = q->evidence->roots,
		.n_roots = q->evidence->n_roots,
		.endorsement = {service->endorsement, service->endorsement_size},
	};
	struct snp_expectations expected = {
		.size = sizeof(expected),
		.has_host_data = true,
		.has_report_data = true,
		.has_vmpl = true,
		.denied_products = x->denied_products,
		.endorsed = true,
		.tsa_roots = x->tsa_roots,
	};
	int r = snp_certificates_new(&set, q->err);

	if (x->uvm_issuer) {
		expected.uvm_issuer = x->uvm_issuer;
		expected.uvm_feed = x->uvm_feed;
		expected.has_uvm_svn_min = x->has_uvm_svn_min;
		expected.uvm_svn_min = x->uvm_svn_min;
	}
	memcpy(expected.host_data, x->maa_host_data, sizeof(expected.host_data));
	memcpy(expected.report_data, service->key_hash, sizeof(service->key_hash));
	if (r == 0)
		r = snp_certificates_add(
			set, (struct snp_span){service->certificates, service->certificates_size},
			q->err);
	if (r == 0)
		r = copy_crls(set, q);
	evidence.certificates = set;
	return r < 0 ? r : verdict_make(&evidence, &expected, q->groups, q->n_groups, ret, q->err);
}

static enum snp_outcome service(struct inquiry *q)
{
	_cleanup_(service_evidence_done) struct service_evidence evidence = {0};
	struct snp_verdict verdict;
	char why[TOKEN_WHY_SIZE] = "";
	struct snp_error *err = q->err, cause = {0};
	int r;

	ASKED(q);
	if (!q->expected->maa_evidence)
		return NOT_ASKED("the service's keys are trusted as they were given");
	r = token_service_evidence(q->jwks, q->token_key, &evidence, why, q->err);
	if (r < 0 || why[0])
		return check_answer(q, r, why);
	/* Evidence that cannot be read is no failure of ours. */
	q->err = &cause;
	r = verify_service(q, &evidence, &verdict);
	q->err = err;
	if (r == -SNP_E_NO_MEMORY) {
		q->status = out_of_memory(q->err);
		return SNP_FAILED;
	}
	if (r < 0)
		return FAIL("the service's evidence: %.200s", cause.message);
	if (verdict.accepted)
		return PASS("%s", snp_product_name(verdict.product));
	return FAIL("the service's evidence: %s: %.150s", snp_check_name(verdict.reason),
		    verdict.checks[verdict.reason].message);
}

static const struct report_check checks[] = {
	{SNP_CHECK_TOKEN_KEY, 0, key},
	{SNP_CHECK_TOKEN_SIGNATURE, NEED(TOKEN_KEY), signature},
	{SNP_CHECK_TOKEN_ISSUER, 0, issuer},
	{SNP_CHECK_TOKEN_DATES, 0, dates},
	{SNP_CHECK_TOKEN_COMPLIANCE, 0, compliance},
	{SNP_CHECK_TOKEN_REPORT, NEED_REPORT, same_report},
	{SNP_CHECK_TOKEN_SERVICE, NEED(TOKEN_KEY), service},
};

const struct report_checks checks_of_token = {checks, ARRAY_SIZE(checks)};
