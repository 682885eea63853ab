// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/memory.h>

#include "endorsement/jwks.h"

/* Keys of an attestation service, and a token that asks for one of them. Its signature is no key's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] =
		"eyJhbGciOiJSUzI1NiIsImprdSI6ImgiLCJraWQiOiJrZXktMCJ9.e30.AAAA"; /* kid key-0 */
	char why[TOKEN_WHY_SIZE] = "";
	static struct token *token;
	struct snp_error err = {0};
	struct jwks *jwks = NULL;
	size_t key = 0;
	int r;

	if (!token && token_read(text_span(text), &token, NULL) < 0)
		abort();
	r = jwks_read((struct snp_span){data, size}, &jwks, &err);
	fuzz_check(r, &err, size);
	if (r < 0)
		return 0;
	fuzz_check(token_check_key(token, jwks, 1767225600, &key, why, &err), &err, size);
	if (!why[0]) {
		struct service_evidence evidence = {0};

		fuzz_check(token_service_evidence(jwks, key, &evidence, why, &err), &err, size);
		if (!why[0] &&
		    (!evidence.report || !evidence.certificates || !evidence.endorsement))
			abort();
		service_evidence_done(&evidence);
		why[0] = '\0';
		fuzz_check(token_check_signature(token, jwks, key, why, &err), &err, size);
		if (!why[0])
			abort();
	}
	jwks_free(jwks);
	return 0;
}
