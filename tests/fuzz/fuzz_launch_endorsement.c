// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "endorsement/launch_endorsement.h"

/* A launch endorsement, and every question about it. What is trusted is its own certificate. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(launch_endorsement_freep) struct launch_endorsement *e = NULL;
	char why[ENDORSEMENT_WHY_SIZE] = "", name[ENDORSEMENT_TEXT_SIZE];
	unsigned char *der = NULL;
	const struct launch_claims *claims;
	struct snp_error err = {0};
	int r = launch_endorsement_read((struct snp_span){data, size}, &e, &err), n;

	fuzz_check(r, &err, size);
	(void)launch_endorsement_is((struct snp_span){data, size});
	if (r < 0)
		return 0;
	claims = launch_claims(e);
	if (claims->n_launches == 0 || !launch_signer(e))
		abort();
	for (size_t i = 0; i < claims->n_launches; i++)
		if (claims->launches[i].vcpu_count == 0 ||
		    launch_vcpu_count(e, claims->launches[i].launch_digest,
				      claims->launches[i].vcpu_count) !=
			    claims->launches[i].vcpu_count)
			abort();
	signer_name(launch_signer(e), name);
	fuzz_check(launch_check_signature(e, why, &err), &err, size);
	n = i2d_X509(launch_signer(e), &der);
	if (n > 0) {
		why[0] = '\0';
		fuzz_check(launch_check_signer(e, (struct snp_span){der, (size_t)n}, 1767225600,
					       why, &err),
			   &err, size);
	}
	OPENSSL_free(der);
	return 0;
}
