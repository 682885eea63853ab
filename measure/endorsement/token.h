/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_TOKEN_H
#define ENDORSEMENT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/json.h>
#include <snp/report.h>
#include <snp/tcb.h>

/*
 * Tokens of Microsoft Azure Attestation about an SEV-SNP guest: a JWS in its compact form (RFC 7515), whose claims are the
 * fields of the report that the service has verified.
 *
 * Of JOSE only the one form is read that the service writes: RS256, a key by its kid out of a JWKS that the caller
 * trusts, and a header that has nothing else than alg, kid, jku and typ. A key or certificate in the header, a critical
 * header, or anything that another reader may read otherwise, such as a claim twice or base64 with padding, is refused.
 *
 * That is why no JOSE library is used. libjwt and libcjose of Debian 12 and 13 each accept some 20 of 37 hostile tokens that
 * are refused here, among them a claim or `alg` twice, `crit`, a key in the header, RS384, padding and spare bits, and libjwt
 * HS256 with the public key. Neither reads an x5c. What they would save is one call of OpenSSL.
 */
struct token;

/* Larger than any that was seen, which have 3 KiB. */
#define TOKEN_MAX_SIZE (64u << 10)

/* Read a token: the JWS, or the JSON {"token": …} that the sidecar answers with, either with a line end.
 * Errors: SNP_E_TOKEN, SNP_E_BAD_BASE64, SNP_E_NO_MEMORY, those of JSON documents. */
SNP_MUST_USE int token_read(struct snp_span bytes, struct token **ret, struct snp_error *err);
void token_free(struct token *token);
DEFINE_CLEANUP(struct token *, token_free);

/* True if these bytes may be a token: what else is wrong with them is for token_read() to say. */
bool token_is_text(struct snp_span bytes);

/* Header and claims, which belong to the token. */
const struct json_value *token_header(const struct token *token);
const struct json_value *token_payload(const struct token *token);

/* The key that it asks for, what was signed, and the signature; they belong to the token. */
const char *token_kid(const struct token *token);
struct snp_span token_signed(const struct token *token);
struct snp_span token_signature(const struct token *token);

#define TOKEN_TEXT_SIZE 256

/* What it says of a guest; nothing of it is verified. */
struct token_claims {
	char issuer[TOKEN_TEXT_SIZE], jku[TOKEN_TEXT_SIZE], kid[TOKEN_TEXT_SIZE];
	char compliance[64]; /* "" if it has none */
	uint64_t not_before, issued_at, expires;
	struct snp_report report; /* the fields that tokens have; policy without ABI */
	uint64_t policy_known;	  /* the bits of the policy that it names */
	struct snp_tcb tcb;	  /* reported; without fmc */
	enum snp_product product; /* SNP_PRODUCT_UNKNOWN if it does not name it */
	bool has_chip_id;
};

/* Errors: SNP_E_TOKEN (another attestation type than sevsnpvm), those of JSON documents. */
SNP_MUST_USE int token_claims_read(const struct token *token, struct token_claims *ret,
				   struct snp_error *err);

/* True if the service says by the compliance status that the guest is an endorsed utility VM, which runs anybody's
 * containers. */
bool token_of_utility_vm(const struct token_claims *claims);

/* The first claim that is not what a report says, or NULL. */
const char *token_differs(const struct token_claims *claims, const struct snp_report *report,
			  enum snp_product product);

#endif
