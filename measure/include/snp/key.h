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

/* How a signature is encoded. Both mean the same for Ed25519: 64 bytes. */
enum snp_signature_form {
	SNP_SIGNATURE_DER, /* Ecdsa-Sig-Value (RFC 3279): what `openssl dgst -verify` reads */
	SNP_SIGNATURE_RAW, /* r and s, big-endian, each of the curve's length: COSE (RFC 9053) */
};

#define SNP_SIGNATURE_MAX 104 /* DER, P-384, r and s with leading zero byte */

struct snp_key; /* a private key, or only a public key */

/* Put the passphrase for `what` into `ret`, which has room for `size` bytes; no NUL needed. Return its length,
 * or a negative code with `err` filled. The library clears `ret`. */
typedef int (*snp_passphrase)(void *arg, const char *what, char *ret, size_t size,
			      struct snp_error *err);

/* Load the private key that `source` names:
 *	PATH	a file in PEM or DER, SEC1 or PKCS#8, encrypted or not. Refused: a symbolic link; a file that
 *		group or others can access; an owner other than this user or root; a directory that anyone
 *		can write to and that is not sticky.
 *	fd:N, -	the same formats from an open descriptor or standard input, read to the end. Who else can
 *		read it is not checked.
 *	URI	"pkcs11:…", "handle:…" or "tpm2:…", if OpenSSL's configuration has the provider for it (pkcs11,
 *		tpm2), which alone is asked; other schemes are refused. (Write ./PATH for a path with a colon
 *		before its first slash.)
 * `ask` gives the passphrase of an encrypted key or the PIN of a token; if NULL, such keys are refused.
 *
 * There must be exactly one private key. Other algorithms and curves, explicit curve parameters, and a scalar
 * that is out of range or does not match the public point are refused. What was read is cleared before
 * return, and is never part of a message.
 *
 * Errors: SNP_E_OPEN, SNP_E_READ, SNP_E_NOT_REGULAR, SNP_E_TOO_LARGE, SNP_E_UNSAFE_KEY, SNP_E_BAD_KEY,
 * SNP_E_PASSPHRASE, SNP_E_NOT_FOUND (a URI that names no key), SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int snp_key_read(const char *source, snp_passphrase ask, void *arg,
			      struct snp_key **ret, struct snp_error *err);

/* Load the public key in `path`: SubjectPublicKeyInfo, PEM or DER, one key of the kinds above.
 * Errors: SNP_E_OPEN, SNP_E_READ, SNP_E_NOT_REGULAR, SNP_E_TOO_LARGE, SNP_E_BAD_KEY, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_key_read_public(const char *path, struct snp_key **ret, struct snp_error *err);

/* Frees the key; NULL is fine. */
void snp_key_free(struct snp_key *key);

/* Which kind it is, and what that is called. */
enum snp_key_kind snp_key_kind(const struct snp_key *key);
const char *snp_key_kind_name(enum snp_key_kind kind); /* "P-256", "P-384", "Ed25519" */

/* True if signing the same bytes twice gives the same signature: always for Ed25519; for ECDSA if libcrypto
 * has RFC 6979 nonces (OpenSSL 3.2 and later) and holds the key itself. */
bool snp_key_is_deterministic(const struct snp_key *key);

/* True if both have the same public half. */
bool snp_key_equal(const struct snp_key *a, const struct snp_key *b);

/* Sign `bytes`. The signature is verified before it is returned.
 * Errors: SNP_E_BAD_KEY (a public key), SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_key_sign(const struct snp_key *key, struct snp_span bytes,
			      enum snp_signature_form form,
			      uint8_t ret[SNP_STATIC SNP_SIGNATURE_MAX], size_t *ret_size,
			      struct snp_error *err);

/* Verify a signature over `bytes`. Errors: SNP_E_SIGNATURE, SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int snp_key_verify(const struct snp_key *key, struct snp_span bytes,
				enum snp_signature_form form, struct snp_span signature,
				struct snp_error *err);

SNP_API_END

#endif
