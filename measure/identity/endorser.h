/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDENTITY_ENDORSER_H
#define IDENTITY_ENDORSER_H

#include <snp/cleanup.h>
#include <snp/key.h>

/*
 * Who endorses golden measurements in Google's way: an RSA key, and the X.509 certificate of its public
 * half. The signature is what gce-tcb-verifier makes and checks (crypto/x509's SHA256WithRSAPSS):
 * RSASSA-PSS (RFC 8017) with SHA-256, MGF1 with SHA-256, and a salt of 32 bytes. The salt is random, and
 * so are the signature's bytes.
 */
struct endorser;

#define SNP_ENDORSER_MIN_BITS 2048u /* NIST SP 800-131A; below it a key is refused */
#define SNP_ENDORSER_MAX_BITS 8192u

/* Load the private key as snp_key_read() does, of RSA instead of its kinds, and the file `certificate`:
 * one certificate, DER or PEM, of the same key. Its dates and its issuer are for the verifier to judge.
 * Errors: those of snp_key_read() and snp_certificates_add_path(), SNP_E_BAD_CERTIFICATE. */
SNP_MUST_USE int endorser_read(const char *key, const char *certificate, snp_passphrase ask,
			       void *arg, struct endorser **ret, struct snp_error *err);
void endorser_free(struct endorser *endorser);
DEFINE_CLEANUP(struct endorser *, endorser_free);

/* The certificate in DER, borrowed. */
struct snp_span endorser_certificate(const struct endorser *endorser);

/* Sign `bytes`; the signature, for free(), is verified before it is returned.
 * Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int endorser_sign(const struct endorser *endorser, struct snp_span bytes,
			       uint8_t **ret, size_t *ret_size, struct snp_error *err);

/* Verify a signature with the key of a certificate in DER. Errors: SNP_E_BAD_CERTIFICATE,
 * SNP_E_SIGNATURE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int endorsement_verify(struct snp_span certificate, struct snp_span bytes,
				    struct snp_span signature, struct snp_error *err);

#endif
