/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_JWKS_H
#define ENDORSEMENT_JWKS_H

#include "endorsement/token.h"

#define JWKS_MAX_SIZE (1u << 20) /* certificates that carry evidence have 30 KiB each */

/* Keys of the service: a JWKS (RFC 7517), each key with its certificate (x5c). */
struct jwks;

/* Errors: those of JSON documents, SNP_E_TOKEN. */
SNP_MUST_USE int jwks_read(struct snp_span text, struct jwks **ret, struct snp_error *err);
void jwks_free(struct jwks *jwks);
DEFINE_CLEANUP(struct jwks *, jwks_free);

/* Each of these is one question. The answer is no if it leaves text in `why`. Errors: SNP_E_NO_MEMORY. */
#define TOKEN_WHY_SIZE 256

/* Has the JWKS exactly one key of the token's kid, and is it an RSA key of 2048 bits or more for RS256, in a certificate
 * that is valid at the time `at` and of the JWK's own n and e, if it has them? Then `ret_key` is its index. */
SNP_MUST_USE int token_check_key(const struct token *token, const struct jwks *jwks, int64_t at,
				 size_t *ret_key, char why[static TOKEN_WHY_SIZE],
				 struct snp_error *err);

/* Did this key sign it? */
SNP_MUST_USE int token_check_signature(const struct token *token, const struct jwks *jwks,
				       size_t key, char why[static TOKEN_WHY_SIZE],
				       struct snp_error *err);

/* What the certificate of a key says of the service itself (extension 1.3.6.1.4.1.311.105.1000.1): the evidence of the
 * SEV-SNP guest that made the key. Nothing of it is verified. */
struct service_evidence {
	uint8_t *report, *certificates, *endorsement; /* for free(); the second is PEM */
	size_t report_size, certificates_size, endorsement_size;
	uint8_t key_hash
		[32]; /* what its REPORT_DATA must begin with: SHA-256 of the key as PEM, and of a NUL */
};

/* Answers no if it carries none, or what it carries cannot be read. */
SNP_MUST_USE int token_service_evidence(const struct jwks *jwks, size_t key,
					struct service_evidence *ret,
					char why[static TOKEN_WHY_SIZE], struct snp_error *err);
void service_evidence_done(struct service_evidence *evidence);

#endif
