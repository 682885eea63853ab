/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_ENVELOPE_H
#define REFERENCE_ENVELOPE_H

#include <snp/error.h>
#include <snp/key.h>
#include <snp/span.h>

/*
 * Signed forms of what is published: a DSSE envelope around the in-toto statement, COSE_Sign1 around
 * the CoRIM. Verifying asks for the very payload that is expected, so that what was checked and what is
 * used cannot be two things.
 */

/* DSSE (secure-systems-lab/dsse, protocol.md), one signature, as JSON text for free(). ECDSA signatures
 * are DER, as sigstore's verifiers read them; keyid is SHA-256 of the SubjectPublicKeyInfo in hex.
 * Errors: those of snp_key_sign(). */
SNP_MUST_USE int dsse_sign(const struct snp_key *key, const char *payload_type,
			   struct snp_span payload, char **ret, struct snp_error *err);

/* Errors: SNP_E_SIGNATURE also where the payload or its type is another; those of json_parse(). */
SNP_MUST_USE int dsse_verify(const struct snp_key *key, const char *payload_type,
			     struct snp_span payload, struct snp_span envelope,
			     struct snp_error *err);

/* COSE_Sign1 (RFC 9052), tagged, with algorithm, content type and, as the drafts for CoRIM ask,
 * corim-meta in the protected header, deterministically encoded; bytes for free(). `signer` is the name
 * that corim-meta gives. Errors: those of snp_key_sign(). */
SNP_MUST_USE int cose_sign(const struct snp_key *key, const char *content_type, const char *signer,
			   struct snp_span payload, uint8_t **ret, size_t *ret_size,
			   struct snp_error *err);

/* Errors: SNP_E_SIGNATURE also where payload, headers or encoding are others. */
SNP_MUST_USE int cose_verify(const struct snp_key *key, const char *content_type,
			     const char *signer, struct snp_span payload, struct snp_span message,
			     struct snp_error *err);

#endif
