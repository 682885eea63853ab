// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>

#include "report/checks.h"

/* The checks of a verdict that look at the leaf alone, whatever report it is for. */
#define OF_THE_LEAF                                                                        \
	(NEED(CERTIFICATE_VERSION) | NEED(CERTIFICATE_ALGORITHM) | NEED(CERTIFICATE_KEY) | \
	 NEED(CERTIFICATE_NAMES) | NEED(CERTIFICATE_EXTENSIONS) | NEED(CERTIFICATE_PRODUCT))

static int refuse(const struct inquiry *q)
{
	return fail_with(q->err, SNP_E_UNTRUSTED_CERTIFICATE, SNP_NO_OFFSET, "%s of %s: %s",
			 snp_certificate_kind_name(q->leaf_kind),
			 snp_product_name(q->verdict->product),
			 q->verdict->checks[q->running].message);
}

int leaf_check(const struct certificate *leaf, struct snp_error *err)
{
	struct snp_verdict verdict = {.product = leaf->info.product};
	struct inquiry q = {
		.verdict = &verdict, .leaf = leaf, .leaf_kind = leaf->info.kind, .err = err};

	for (size_t i = 0; i < checks_of_certificates.n; i++) {
		const struct check *check = &checks_of_certificates.checks[i];
		enum snp_outcome outcome;

		if (!(OF_THE_LEAF & 1ull << check->id))
			continue;
		q.running = check->id;
		outcome = check->run(&q);
		if (q.status < 0)
			return q.status;
		if (outcome != SNP_PASSED)
			return refuse(&q);
	}
	q.running = SNP_CHECK_CHIP_ID;
	return check_hwid_size(&q) == SNP_PASSED ? 0 : refuse(&q);
}
