// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/verdict.h>

static void describe(const struct snp_certificate *c)
{
	if (c->kind > SNP_CERTIFICATE_OTHER || !snp_product_name(c->product) || c->der.size == 0 ||
	    !memchr(c->subject, '\0', sizeof(c->subject)) ||
	    !memchr(c->csp, '\0', sizeof(c->csp)) ||
	    (c->hwid_size != 0 && c->hwid_size != 8 && c->hwid_size != 64))
		abort();
}

/* A certificate, PEM with several, or a table; then a report by whose key it claims to be signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[SNP_REPORT_SIZE] = {3, [0x0a] = 3, [0x34] = 1, [0x188] = 0x19, 1};
	const struct snp_expectations expected = {.size = sizeof(expected),
						  .any_measurement = true};
	struct snp_evidence evidence = {
		.size = sizeof(evidence), .report = {bytes, sizeof(bytes)}, .at_time = 1767225600};
	struct snp_verdict *verdict = NULL;
	struct snp_certificates *set;
	const struct snp_certificate *c;
	struct snp_error err = {0};

	if (snp_certificates_new(&set, NULL) < 0)
		abort();
	fuzz_check(snp_certificates_add(set, (struct snp_span){data, size}, &err), &err, size);
	for (size_t i = 0; (c = snp_certificates_at(set, i)); i++) {
		describe(c);
		err = (struct snp_error){0};
		if (snp_certificates_trusted(set, i, NULL, 0, &err) == 0)
			abort(); /* nothing of AMD's is in the corpus */
		fuzz_check(-(int)err.code, &err, size);
	}
	evidence.certificates = set;
	err = (struct snp_error){0};
	fuzz_check(snp_verify(&evidence, &expected, &verdict, &err), &err, size);
	if (snp_verdict_accepted(verdict) || snp_verdict_authentic(verdict))
		abort();
	snp_verdict_free(verdict);
	snp_certificates_free(set);
	return 0;
}
