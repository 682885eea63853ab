/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDENTITY_KEY_H
#define IDENTITY_KEY_H

#include <openssl/evp.h>

#include <snp/cleanup.h>
#include <snp/id_block.h>
#include <snp/key.h>

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
DEFINE_CLEANUP(struct snp_key *, snp_key_free);

struct snp_key {
	EVP_PKEY *private; /* NULL: a public key */
	EVP_PKEY *public;  /* of libcrypto's own, also where the private half is a token's */
	enum snp_key_kind kind;
};

/* The public half as PEM (SubjectPublicKeyInfo), for free(). Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int key_public_pem(const struct snp_key *key, char **ret, struct snp_error *err);

/* The keys in an ID auth, for snp_key_free(); no author: NULL. Errors: those of snp_id_auth_decode(). */
SNP_MUST_USE int id_auth_keys(const uint8_t auth[SNP_STATIC SNP_ID_AUTH_SIZE],
			      struct snp_key **ret_id, struct snp_key **ret_author,
			      struct snp_id_auth_info *ret, struct snp_error *err);

/* SNP_E_BAD_KEY if the ID key and the key that vouches for it are the same. */
SNP_MUST_USE int key_check_author(const struct snp_key *id_key, const struct snp_key *author_key,
				  struct snp_error *err);

/* Bytes that are cleared when they are freed, from libcrypto's locked heap where it has one. */
struct secret {
	uint8_t *data;
	size_t size;
	size_t capacity;
};
void secret_free(struct secret *secret);

/* Read what `source` (PATH, fd:N or -) holds, at most SECRET_MAX bytes; a file under the rules that
 * snp/key.h lists for a private key. */
#define SECRET_MAX (16u << 10)
int secret_read(const char *source, struct secret *ret, struct snp_error *err);

/* A passphrase on its way from the caller to libcrypto, which may ask for it more than once. */
struct asker {
	snp_passphrase ask; /* NULL: there is none */
	void *arg;
	const char *what; /* what the passphrase is for */
	bool asked;
	int length; /* or a negative code, which `error` explains */
	char text[1024];
	struct snp_error error;
};

/* The pem_password_cb of libcrypto; `arg` is a struct asker. */
int asker_answer(char *ret, int size, int encrypting, void *arg);

/* If a passphrase was asked for, the failure that this makes; else 0. */
int asker_failure(const struct asker *asker, struct snp_error *err);

/* Which keys a reader has a use for. */
struct key_form {
	int selection;
	const char *labels[4]; /* of PEM (RFC 7468; SEC1 and PKCS#1 as OpenSSL writes them) */
	const char *name;
	int (*check)(const EVP_PKEY *pkey, struct snp_error *err); /* its algorithm and size */
};

/* Load the one private key that `source` names, under the rules of snp_key_read(). */
int key_load(const char *source, const struct key_form *form, snp_passphrase ask, void *arg,
	     EVP_PKEY **ret, struct snp_error *err);

/* Decode one key of this form out of a file's bytes, and check its numbers too. */
int key_decode_form(struct snp_span bytes, const struct key_form *form, struct asker *asker,
		    EVP_PKEY **ret, struct snp_error *err);

/* The private keys of snp/key.h. */
extern const struct key_form key_form_private;

/* Decode one private key out of a file's bytes, and check it. */
int key_decode(struct snp_span bytes, struct asker *asker, struct snp_key **ret,
	       struct snp_error *err);
int key_decode_public(struct snp_span bytes, struct snp_key **ret, struct snp_error *err);

/* Succeed if a key is of one of the kinds of snp/key.h. */
int key_check_kind(const EVP_PKEY *pkey, struct snp_error *err);

/* Make a key of what libcrypto loaded, which is taken over also on failure: its kind is one of ours,
 * its curve a named one. */
int key_adopt(EVP_PKEY *pkey, bool is_private, struct snp_key **ret, struct snp_error *err);

/* r and s of a DER signature of an EC kind, big-endian, one after the other; false, and `ret` of no use,
 * if it is none or a number is too long. */
bool signature_to_raw(enum snp_key_kind kind, struct snp_span der, uint8_t *ret);

/* Verify a signature made elsewhere, in either form, and give it in `form`.
 * Errors: SNP_E_SIGNATURE, SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int signature_take(const struct snp_key *key, struct snp_span bytes,
				struct snp_span signature, enum snp_signature_form form,
				uint8_t ret[SNP_STATIC SNP_SIGNATURE_MAX], size_t *ret_size,
				struct snp_error *err);

/* Explain a failure of libcrypto and empty its error queue. */
int crypto_failed(struct snp_error *err, const char *what);

/* SHA-256 of the public half as SubjectPublicKeyInfo in DER, which names the key in envelopes (DSSE keyid, COSE
 * kid). Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int key_id(const struct snp_key *key, uint8_t ret[SNP_STATIC SNP_SHA256_SIZE],
			struct snp_error *err);

#endif
