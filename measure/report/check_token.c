// SPDX-License-Identifier: Apache-2.0
/* An attestation token, beside a report or in its place. */
#include <inttypes.h>
#include <string.h>

#include "report/checks.h"

#define ASKED(q)                              \
	do {                                  \
		if (!(q)->token)              \
			return SNP_NOT_ASKED; \
	} while (0)

static enum snp_outcome answer(struct inquiry *q, int status, const char *why)
{
	if (status < 0) {
		q->status = status;
		return SNP_FAILED;
	}
	return why[0] ? FAIL("%s", why) : SNP_PASSED;
}

static enum snp_outcome key(struct inquiry *q)
{
	char why[TOKEN_WHY_SIZE] = "";

	ASKED(q);
	return answer(q,
		      token_check_key(q->token, q->jwks, q->evidence->at_time, &q->token_key, why,
				      q->err),
		      why);
}

static enum snp_outcome signature(struct inquiry *q)
{
	char why[TOKEN_WHY_SIZE] = "";

	ASKED(q);
	return answer(q, token_check_signature(q->token, q->jwks, q->token_key, why, q->err), why);
}

/* The address of the keys is below the issuer's, so that neither is another instance's. */
static enum snp_outcome issuer(struct inquiry *q)
{
	const struct token_claims *c = &q->claims;
	size_t n;

	ASKED(q);
	n = strlen(c->issuer);
	if (q->expected->maa_issuer && strcmp(c->issuer, q->expected->maa_issuer) != 0)
		return FAIL("is '%.150s'", c->issuer);
	if (strncmp(c->issuer, "https://", 8) != 0 || strncmp(c->jku, c->issuer, n) != 0 ||
	    strcmp(c->jku + n, "/certs") != 0)
		return FAIL("'%.80s' does not have its keys at '%.80s'", c->issuer, c->jku);
	return q->expected->maa_issuer ? SNP_PASSED
				       : NOT_ASKED("none was expected; it is '%.150s'", c->issuer);
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

/* What the service says if an endorsed utility VM, confidential VM, or Kata VM runs there. */
static enum snp_outcome compliance(struct inquiry *q)
{
	static const char *const known[] = {"azure-compliant-uvm", "azure-compliant-cvm",
					    "azure-signed-katacc-uvm"};
	const char *found, *wanted = q->expected->maa_compliance;

	ASKED(q);
	found = q->claims.compliance;
	if (wanted)
		return strcmp(found, wanted) == 0 ? SNP_PASSED
						  : FAIL("is '%s'; expected '%s'", found, wanted);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(found, known[i]) == 0)
			return PASS("%s", found);
	return found[0] ? FAIL("is '%s'", found) : FAIL("the token does not say so");
}

static enum snp_outcome same_report(struct inquiry *q)
{
	const char *claim;

	ASKED(q);
	if (q->token_alone)
		return NOT_ASKED("there is no report");
	claim = token_differs(&q->claims, &q->verdict->report, q->verdict->product);
	return claim ? FAIL("the token has other %s", claim) : SNP_PASSED;
}

static const struct report_check checks[] = {
	{SNP_CHECK_TOKEN_KEY, 0, key},
	{SNP_CHECK_TOKEN_SIGNATURE, NEED(TOKEN_KEY), signature},
	{SNP_CHECK_TOKEN_ISSUER, 0, issuer},
	{SNP_CHECK_TOKEN_DATES, 0, dates},
	{SNP_CHECK_TOKEN_COMPLIANCE, 0, compliance},
	{SNP_CHECK_TOKEN_REPORT, NEED_REPORT, same_report},
};

const struct report_checks checks_of_token = {checks, ARRAY_SIZE(checks)};
