/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_KEY_H
#define SNP_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

SNP_API_BEGIN

/*
 * Keys that sign and verify: ECDSA on P-256 with SHA-256, on P-384 with SHA-384 (FIPS 186-4), and
 * Ed25519 (RFC 8032). All arithmetic is libcrypto's.
 */
enum snp_key_kind {
	SNP_KEY_P256,
	SNP_KEY_P384,
	SNP_KEY_ED25519,
};

/* How a signature is written. An Ed25519 signature has one form, 64 bytes, under both names. */
enum snp_signature_form {
	SNP_SIGNATURE_DER, /* Ecdsa-Sig-Value (RFC 3279): what `openssl dgst -verify` reads */
	SNP_SIGNATURE_RAW, /* r and s, big-endian, each of the curve's length: COSE (RFC 9053) */
};

#define SNP_SIGNATURE_MAX 104 /* DER, P-384, r and s with leading zero byte */

struct snp_key; /* a key, private or public alone */

/* Put the passphrase for what `what` names into `ret`, which holds `size` bytes; no NUL needed. Returns
 * its length, or a negative code with `err` filled. The caller of this clears `ret`. */
typedef int (*snp_passphrase)(void *arg, const char *what, char *ret, size_t size,
			      struct snp_error *err);

/* Load the private key that `source` names:
 *	PATH	a file of this process's user or root, PEM or DER, SEC1 or PKCS#8, encrypted or not.
 *		Refused: a symbolic link; a file that group or others may touch; another owner; a
 *		directory that anybody may write to and that is not sticky.
 *	fd:N, -	the same formats from an open descriptor, from standard input: until its end, and with
 *		nothing checked about who else can read it, for which the caller vouches
 *	URI	"SCHEME:…" for OSSL_STORE, such as pkcs11:, where OpenSSL's configuration has a
 *		provider for it; "file:" is refused. (A path with a colon before its first slash is
 *		written ./PATH.)
 * `ask` gives the passphrase of an encrypted key or the PIN of a token; NULL: such keys are refused.
 *
 * Exactly one key: several are refused, as are other algorithms and curves, explicit curve parameters,
 * a scalar out of range or not that of the public point, a public key alone.
 * What was read is cleared before return, and never part of a message.
 *
 * Errors: SNP_E_OPEN, SNP_E_READ, SNP_E_NOT_REGULAR, SNP_E_TOO_LARGE, SNP_E_UNSAFE_KEY, SNP_E_BAD_KEY,
 * SNP_E_PASSPHRASE, SNP_E_NOT_FOUND (a URI that leads to no key), SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int snp_key_read(const char *source, snp_passphrase ask, void *arg,
			      struct snp_key **ret, struct snp_error *err);

/* Load the public key in `path`: SubjectPublicKeyInfo, PEM or DER, one key of the kinds above.
 * Errors: those of file_read(), SNP_E_BAD_KEY. */
SNP_MUST_USE int snp_key_read_public(const char *path, struct snp_key **ret, struct snp_error *err);

/* Frees the key; NULL is fine. */
void snp_key_free(struct snp_key *key);

/* Which kind it is, and what that is called. */
enum snp_key_kind snp_key_kind(const struct snp_key *key);
const char *snp_key_kind_name(enum snp_key_kind kind); /* "P-256", "P-384", "Ed25519" */

/* True if signing the same bytes twice gives the same signature: Ed25519 always; ECDSA where libcrypto
 * has the nonces of RFC 6979 (OpenSSL 3.2 and later) and holds the key itself. */
bool snp_key_is_deterministic(const struct snp_key *key);

/* True if both have the same public half. */
bool snp_key_equal(const struct snp_key *a, const struct snp_key *b);

/* The public half as SubjectPublicKeyInfo: PEM text, for free(); and SHA-256 of its DER form, which
 * names the key in envelopes (DSSE keyid, COSE kid). Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_key_public_pem(const struct snp_key *key, char **ret, struct snp_error *err);
SNP_MUST_USE int snp_key_id(const struct snp_key *key, uint8_t ret[SNP_STATIC SNP_SHA256_SIZE],
			    struct snp_error *err);

/* Sign `bytes`. The signature is verified, with the public half alone, before it is returned.
 * Errors: SNP_E_BAD_KEY (a public key), SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_key_sign(const struct snp_key *key, struct snp_span bytes,
			      enum snp_signature_form form,
			      uint8_t ret[SNP_STATIC SNP_SIGNATURE_MAX], size_t *ret_size,
			      struct snp_error *err);

/* Errors: SNP_E_SIGNATURE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_key_verify(const struct snp_key *key, struct snp_span bytes,
				enum snp_signature_form form, struct snp_span signature,
				struct snp_error *err);

SNP_API_END

#endif
