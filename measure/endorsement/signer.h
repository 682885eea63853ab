/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_SIGNER_H
#define ENDORSEMENT_SIGNER_H

#include <openssl/x509.h>
#include <stdint.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/span.h>

/* The certificates of those who sign endorsements. */

#define ENDORSEMENT_TEXT_SIZE 256 /* names, issuers, feeds */
#define ENDORSEMENT_WHY_SIZE  256 /* why an endorsement is not accepted */

#define SIGNER_MAX_CERTIFICATES 8

/* Free the stack without its certificates; and with them. */
static inline void signer_stack_freep(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack);
}

static inline void signer_certificates_freep(STACK_OF(X509) * *stack)
{
	sk_X509_pop_free(*stack, X509_free);
}

/* The common name, escaped; "" if there is none. */
void signer_name(const X509 *certificate, char ret[static ENDORSEMENT_TEXT_SIZE]);

/* Read certificates that are trusted: one in DER, or any number in PEM.
 * Errors: SNP_E_BAD_CERTIFICATE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int signer_read_roots(struct snp_span bytes, STACK_OF(X509) * *ret,
				   struct snp_error *err);

/* Does `leaf` lead over some of `untrusted` (NULL: none) to one of `trusted`, which need not sign itself, at the time
 * `at`? The answer is no if it leaves text in `why`. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int signer_check_chain(X509 *leaf, STACK_OF(X509) * untrusted,
				    STACK_OF(X509) * trusted, int64_t at,
				    char why[static ENDORSEMENT_WHY_SIZE], struct snp_error *err);

#endif
