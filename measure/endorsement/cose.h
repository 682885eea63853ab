/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_COSE_H
#define ENDORSEMENT_COSE_H

#include <openssl/evp.h>
#include <stdbool.h>

#include <snp/error.h>
#include <snp/span.h>

#include "endorsement/signer.h"

/*
 * COSE_Sign1 (RFC 9052), tagged, as Microsoft signs the utility VM of container groups: the certificates are in the
 * protected header (x5chain, RFC 9360), and so are issuer and feed.
 */
#define COSE_MAX_CERTIFICATES SIGNER_MAX_CERTIFICATES

enum cose_algorithm {
	COSE_PS384 = -38,
	COSE_ES384 = -35,
};

/* Spans point into the message. */
struct cose_sign1 {
	struct snp_span protected, payload, signature;
	enum cose_algorithm algorithm;
	struct snp_span certificates[COSE_MAX_CERTIFICATES]; /* DER, the signer's first */
	size_t n_certificates;
	struct snp_span x5t;	      /* SHA-256 of the signer's; size 0: none */
	struct snp_span content_type; /* text */
	struct snp_span issuer, feed; /* text; size 0: none */
	struct snp_span timestamp; /* RFC 3161, over the signature; not protected; size 0: none */
	bool has_signing_time;
	uint64_t signing_time; /* as the signer says, seconds since 1970 */
};

/* Read a message. Refused: bytes behind it, a key twice, a critical header, another algorithm than these, a header that
 * is read here and has another type, a payload that is elsewhere. Errors: SNP_E_ENDORSEMENT. */
SNP_MUST_USE int cose_parse(struct snp_span bytes, struct cose_sign1 *ret, struct snp_error *err);

/* Verify the signature by `key`, which must be of the algorithm's kind: RSA of 2048 bits or more, or P-384.
 * Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int cose_verify(const struct cose_sign1 *message, EVP_PKEY *key, bool *ret_good,
			     struct snp_error *err);

#endif
