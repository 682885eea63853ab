// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/sized.h>
#include <snp/verdict.h>

#include <string.h>

#include "report/checks.h"

DEFINE_CLEANUP(struct snp_verdict *, snp_verdict_free);

int snp_verify(const struct snp_evidence *evidence, const struct snp_expectations *expected,
	       struct snp_verdict **ret, struct snp_error *err)
{
	const struct report_checks groups[] = {
		checks_of_form,	       checks_of_leaf,	checks_of_chain, checks_of_token,
		checks_of_endorsement, checks_of_guest, checks_of_host};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	struct snp_evidence e;
	struct snp_expectations x;
	int r;

	r = SIZED_TAKE(evidence, snp_evidence, n_roots, &e, err);
	if (r < 0)
		return r;
	r = SIZED_TAKE(expected, snp_expectations, denied_products, &x, err);
	if (r < 0)
		return r;
	if (x.any_measurement && (x.n_references > 0 || x.n_measurements > 0))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "any_measurement is set, but launch digests are expected");
	if (x.uvm_issuer && (!x.uvm_feed || !x.has_uvm_svn_min))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "an issuer of endorsements requires a feed and a minimum SVN");
	if (x.endorsement_roots.size > 0
		    ? x.uvm_issuer || x.uvm_feed || x.has_uvm_svn_min || x.tsa_roots.size > 0
		    : x.endorsement_vcpu_count > 0 || x.endorsement_svn_min > 0)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"the expectations are for two kinds of endorsements; set those of one");
	if ((e.token.size > 0) != (e.jwks.size > 0))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "a token and the keys of its service require each other");
	verdict = malloc(sizeof(*verdict));
	if (!verdict)
		return out_of_memory(err);
	r = verdict_make(&e, &x, groups, ARRAY_SIZE(groups), verdict, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(verdict);
	return 0;
}

void snp_verdict_free(struct snp_verdict *verdict)
{
	free(verdict);
}

bool snp_verdict_accepted(const struct snp_verdict *verdict)
{
	return verdict->accepted;
}

bool snp_verdict_authentic(const struct snp_verdict *verdict)
{
	return verdict->authentic;
}

enum snp_check snp_verdict_reason(const struct snp_verdict *verdict)
{
	return verdict->reason;
}

enum snp_outcome snp_verdict_outcome(const struct snp_verdict *verdict, enum snp_check check)
{
	return verdict->checks[check].outcome;
}

const char *snp_verdict_message(const struct snp_verdict *verdict, enum snp_check check)
{
	return verdict->checks[check].message;
}

const struct snp_report *snp_verdict_report(const struct snp_verdict *verdict)
{
	return &verdict->report;
}

enum snp_product snp_verdict_product(const struct snp_verdict *verdict)
{
	return verdict->product;
}

const struct snp_reference *snp_verdict_reference(const struct snp_verdict *verdict)
{
	return verdict->reference;
}

const struct snp_reference_image *snp_verdict_image(const struct snp_verdict *verdict)
{
	return verdict->image;
}

const struct snp_reference_variant *snp_verdict_variant(const struct snp_verdict *verdict)
{
	return verdict->variant;
}
