// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "endorsement/uvm.h"

/* An endorsement, and every question about it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uvm_endorsement *endorsement = NULL;
	char why[ENDORSEMENT_WHY_SIZE] = "", name[ENDORSEMENT_TEXT_SIZE];
	const struct uvm_claims *claims;
	struct snp_error err = {0};
	int64_t time = 0;
	int r = uvm_read((struct snp_span){data, size}, &endorsement, &err);

	fuzz_check(r, &err, size);
	if (r < 0)
		return 0;
	claims = uvm_claims(endorsement);
	if (claims->n_certificates == 0 || claims->n_certificates > 8 ||
	    claims->issuer[0] == '\0' || claims->feed[0] == '\0' ||
	    !memchr(claims->issuer, '\0', sizeof(claims->issuer)) ||
	    !memchr(claims->feed, '\0', sizeof(claims->feed)))
		abort();
	for (size_t i = 0; i < claims->n_certificates; i++)
		uvm_certificate_name(endorsement, i, name);
	fuzz_check(uvm_check_signature(endorsement, why, &err), &err, size);
	why[0] = '\0';
	fuzz_check(uvm_check_issuer(endorsement, claims->issuer, 1767225600, why, &err), &err,
		   size);
	why[0] = '\0';
	fuzz_check(uvm_check_timestamp(endorsement, (struct snp_span){0}, &time, why, &err), &err,
		   size);
	if (time != 0)
		abort();
	if (uvm_root_of(claims->feed)) {
		/* Nothing of Microsoft's is in the corpus. */
		why[0] = '\0';
		fuzz_check(uvm_check_issuer(endorsement, uvm_root_of(claims->feed)->issuer,
					    1767225600, why, &err),
			   &err, size);
		if (!why[0])
			abort();
	}
	uvm_free(endorsement);
	return 0;
}
