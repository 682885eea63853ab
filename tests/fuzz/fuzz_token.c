// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "endorsement/token.h"

/* A token: as it came, and with its claims read. */
static void read_token(struct snp_span bytes, size_t size)
{
	struct token_claims claims;
	struct token *token = NULL;
	struct snp_error err = {0};
	int r = token_read(bytes, &token, &err);

	if ((r == 0) != (token != NULL))
		abort();
	fuzz_check(r, &err, size);
	if (r < 0)
		return;
	r = token_claims_read(token, &claims, &err);
	fuzz_check(r, &err, size);
	if (r == 0 &&
	    (!memchr(claims.issuer, '\0', sizeof(claims.issuer)) ||
	     !memchr(claims.compliance, '\0', sizeof(claims.compliance)) ||
	     !json_get(token_payload(token), "exp") || json_get(token_header(token), "crit")))
		abort();
	token_free(token);
}

static const char header[] = "eyJhbGciOiJSUzI1NiIsImprdSI6ImgiLCJraWQiOiJrIn0"; /* alg, jku, kid */

/* The input as a token; and as the claims behind a header that is right, so that no execution is lost on base64. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t *text = malloc(sizeof(header) + 2 * size + 16), *at = text;

	if (!text)
		abort();
	read_token((struct snp_span){data, size}, size);
	memcpy(at, header, sizeof(header) - 1);
	at += sizeof(header) - 1;
	*at++ = '.';
	for (size_t i = 0; i < size; i += 3) {
		size_t n = size - i < 3 ? size - i : 3;
		uint32_t group = (uint32_t)data[i] << 16;

		group |= n > 1 ? (uint32_t)data[i + 1] << 8 : 0;
		group |= n > 2 ? (uint32_t)data[i + 2] : 0;
		for (size_t k = 0; k <= n; k++)
			*at++ = (uint8_t)digits[group >> (18 - 6 * k) & 63];
	}
	memcpy(at, ".AAAA", 5);
	at += 5;
	read_token((struct snp_span){text, (size_t)(at - text)}, (size_t)(at - text));
	free(text);
	return 0;
}
