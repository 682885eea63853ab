// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "../fixtures/attestation.h"
#include "report/certificates.h"

static struct snp_certificates *cas;
static struct chain chain;

static void make_chain(void)
{
	struct snp_root roots[3];
	size_t n = fixture_roots_of(SNP_PRODUCT_MILAN, roots);

	if (snp_certificates_new(&cas, NULL) < 0 ||
	    snp_certificates_add(cas, fixture_ca(SNP_PRODUCT_MILAN, SNP_ARK), NULL) < 0 ||
	    snp_certificates_add(cas, fixture_ca(SNP_PRODUCT_MILAN, SNP_ASK), NULL) < 0)
		abort();
	chain_find(cas, roots, n, SNP_PRODUCT_MILAN, SNP_ASK, &chain);
	if (!chain.root || !chain.intermediate)
		abort();
}

/* A CRL, held against a chain whose ARK, made anew in each process, has signed none in the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_certificates *set;
	struct snp_error err = {0};

	if (!cas)
		make_chain();
	if (snp_certificates_new(&set, NULL) < 0)
		abort();
	fuzz_check(snp_certificates_add_crl(set, (struct snp_span){data, size}, &err), &err, size);
	for (size_t i = 0; i < set->n_crls; i++) {
		const char *problem = NULL;

		if (crl_check(set->crls[i], &chain, FIXTURE_TIME, &problem, NULL) < 0 || !problem)
			abort();
	}
	snp_certificates_free(set);
	return 0;
}
