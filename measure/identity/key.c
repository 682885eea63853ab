// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/sha.h>

static void openssl_freep(unsigned char **p)
{
	OPENSSL_free(*p);
}

int crypto_failed(struct snp_error *err, const char *what)
{
	ERR_clear_error();
	return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "libcrypto cannot %s", what);
}

void snp_key_free(struct snp_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->private);
	EVP_PKEY_free(key->public);
	free(key);
}

enum snp_key_kind snp_key_kind(const struct snp_key *key)
{
	return key->kind;
}

const char *snp_key_kind_name(enum snp_key_kind kind)
{
	static const char *const names[] = {
		[SNP_KEY_P256] = "P-256",
		[SNP_KEY_P384] = "P-384",
		[SNP_KEY_ED25519] = "Ed25519",
	};

	return names[kind];
}

/* Providers name a curve by OpenSSL's short name or by NIST's. */
static int curve_nid(const EVP_PKEY *pkey)
{
	char name[64];
	size_t size;
	int nid;

	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &size) != 1)
		return NID_undef;
	nid = OBJ_txt2nid(name);
	return nid != NID_undef ? nid : EC_curve_nist2nid(name);
}

static int find_kind(const EVP_PKEY *pkey, enum snp_key_kind *ret, struct snp_error *err)
{
	const char *type = EVP_PKEY_get0_type_name(pkey);
	int explicit = 0;

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*ret = SNP_KEY_ED25519;
		return 0;
	}
	if (!EVP_PKEY_is_a(pkey, "EC"))
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "key type is %s; must be EC or Ed25519", type ? type : "unknown");
	/* Explicit parameters could describe a weak curve that looks like a strong one
	 * (CVE-2020-0601). */
	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &explicit) == 1 &&
	    explicit != 0)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "EC key has explicit curve parameters; use a named curve");
	switch (curve_nid(pkey)) {
	case NID_X9_62_prime256v1:
		*ret = SNP_KEY_P256;
		return 0;
	case NID_secp384r1:
		*ret = SNP_KEY_P384;
		return 0;
	default:
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "EC key is not on P-256 or P-384");
	}
}

int key_check_kind(const EVP_PKEY *pkey, struct snp_error *err)
{
	enum snp_key_kind kind;

	return find_kind(pkey, &kind, err);
}

/* Through its encoding, so that nothing of the private half and no provider comes with it. */
static EVP_PKEY *public_half(const EVP_PKEY *pkey)
{
	_cleanup_(openssl_freep) unsigned char *der = NULL;
	const unsigned char *at;
	int n = i2d_PUBKEY(pkey, &der);

	at = der;
	return n > 0 ? d2i_PUBKEY(NULL, &at, n) : NULL;
}

int key_adopt(EVP_PKEY *pkey, bool is_private, struct snp_key **ret, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = calloc(1, sizeof(*key));
	int r;

	if (!key) {
		EVP_PKEY_free(pkey);
		return out_of_memory(err);
	}
	*(is_private ? &key->private : &key->public) = pkey;
	r = find_kind(pkey, &key->kind, err);
	ERR_clear_error();
	if (r < 0)
		return r;
	if (is_private)
		key->public = public_half(pkey);
	if (!key->public)
		return crypto_failed(err, "get the public half of a key");
	*ret = TAKE_PTR(key);
	return 0;
}

bool snp_key_equal(const struct snp_key *a, const struct snp_key *b)
{
	bool equal = EVP_PKEY_eq(a->public, b->public) == 1;

	ERR_clear_error();
	return equal;
}

int key_check_author(const struct snp_key *id_key, const struct snp_key *author_key,
		     struct snp_error *err)
{
	if (!snp_key_equal(id_key, author_key))
		return 0;
	return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
			 "the author key is the same as the ID key; leave it out or give another");
}

int key_public_pem(const struct snp_key *key, char **ret, struct snp_error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	long n = 0;

	if (bio && PEM_write_bio_PUBKEY(bio, key->public) == 1)
		n = BIO_get_mem_data(bio, &bytes);
	*ret = n > 0 ? strndup(bytes, (size_t)n) : NULL;
	BIO_free(bio);
	if (n <= 0)
		return crypto_failed(err, "encode a public key");
	return *ret ? 0 : out_of_memory(err);
}

int key_id(const struct snp_key *key, uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	_cleanup_(openssl_freep) unsigned char *der = NULL;
	int n = i2d_PUBKEY(key->public, &der);

	if (n <= 0)
		return crypto_failed(err, "encode a public key");
	return sha256_of((struct snp_span){der, (size_t)n}, ret, err);
}
