// SPDX-License-Identifier: Apache-2.0
#include "key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include <snp/fail.h>

DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);

static const struct {
	const char *digest; /* NULL: the algorithm has its own */
	int number_size;    /* of r and of s */
	size_t raw_size;
} kinds[] = {
	[SNP_KEY_P256] = {"SHA256", 32, 64},
	[SNP_KEY_P384] = {"SHA384", 48, 96},
	[SNP_KEY_ED25519] = {NULL, 0, 64},
};

/* OSSL_SIGNATURE_PARAM_NONCE_TYPE and its value for RFC 6979, new in OpenSSL 3.2. */
#define PARAM_NONCE_TYPE    "nonce-type"
#define NONCE_DETERMINISTIC 1u

/* OpenSSL 3.0 accepts the parameter and ignores it, but does not list it. */
static bool lists_nonce_type(EVP_PKEY_CTX *context)
{
	const OSSL_PARAM *params = EVP_PKEY_CTX_settable_params(context);

	return params && OSSL_PARAM_locate_const(params, PARAM_NONCE_TYPE);
}

static EVP_MD_CTX *begin(const struct snp_key *key, EVP_PKEY_CTX **ret_context)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (!md || EVP_DigestSignInit_ex(md, ret_context, kinds[key->kind].digest, NULL, NULL,
					 key->private, NULL) != 1)
		return NULL;
	return TAKE_PTR(md);
}

bool snp_key_is_deterministic(const struct snp_key *key)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = NULL;
	EVP_PKEY_CTX *context = NULL;

	if (key->kind == SNP_KEY_ED25519)
		return true;
	md = key->private ? begin(key, &context) : NULL;
	ERR_clear_error();
	return md && context && lists_nonce_type(context);
}

bool signature_to_raw(enum snp_key_kind kind, struct snp_span der, uint8_t *ret)
{
	const unsigned char *at = der.data;
	int size = kinds[kind].number_size;
	_cleanup_(ECDSA_SIG_freep) ECDSA_SIG *sig =
		der.size > SNP_SIGNATURE_MAX ? NULL : d2i_ECDSA_SIG(NULL, &at, (long)der.size);
	bool good = sig && at == der.data + der.size &&
		    BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, size) == size &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + size, size) == size;

	ERR_clear_error();
	return good;
}

static int raw_to_der(const uint8_t *raw, int number_size, uint8_t ret[static SNP_SIGNATURE_MAX])
{
	_cleanup_(ECDSA_SIG_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, number_size, NULL);
	BIGNUM *s = BN_bin2bn(raw + number_size, number_size, NULL);
	unsigned char *at = ret;

	if (!sig || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return -1;
	}
	return i2d_ECDSA_SIG(sig, &at);
}

static int verify(const struct snp_key *key, struct snp_span bytes, struct snp_span signature,
		  struct snp_error *err)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good;

	if (!md)
		return out_of_memory(err);
	good = EVP_DigestVerifyInit_ex(md, NULL, kinds[key->kind].digest, NULL, NULL, key->public,
				       NULL) == 1 &&
	       EVP_DigestVerify(md, signature.data, signature.size, bytes.data, bytes.size) == 1;
	ERR_clear_error();
	if (!good)
		return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
				 "the signature does not verify with this key");
	return 0;
}

int snp_key_verify(const struct snp_key *key, struct snp_span bytes, enum snp_signature_form form,
		   struct snp_span signature, struct snp_error *err)
{
	int number_size = kinds[key->kind].number_size, n;
	uint8_t der[SNP_SIGNATURE_MAX];

	if (key->kind == SNP_KEY_ED25519 || form == SNP_SIGNATURE_DER)
		return verify(key, bytes, signature, err);
	if (signature.size != kinds[key->kind].raw_size)
		return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
				 "signature is %zu bytes; must be %zu for %s", signature.size,
				 kinds[key->kind].raw_size, snp_key_kind_name(key->kind));
	n = raw_to_der(signature.data, number_size, der);
	if (n < 0)
		return crypto_failed(err, "encode a signature");
	return verify(key, bytes, (struct snp_span){der, (size_t)n}, err);
}

static int sign(const struct snp_key *key, struct snp_span bytes,
		uint8_t ret[static SNP_SIGNATURE_MAX], size_t *ret_size, struct snp_error *err)
{
	unsigned int nonce_type = NONCE_DETERMINISTIC;
	OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(PARAM_NONCE_TYPE, &nonce_type),
			       OSSL_PARAM_construct_end()};
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = NULL;
	EVP_PKEY_CTX *context = NULL;
	size_t size = SNP_SIGNATURE_MAX;

	md = begin(key, &context);
	if (!md || (lists_nonce_type(context) && EVP_PKEY_CTX_set_params(context, params) != 1) ||
	    EVP_DigestSign(md, ret, &size, bytes.data, bytes.size) != 1)
		return crypto_failed(err, "sign with this key");
	*ret_size = size;
	return 0;
}

int snp_key_sign(const struct snp_key *key, struct snp_span bytes, enum snp_signature_form form,
		 uint8_t ret[static SNP_SIGNATURE_MAX], size_t *ret_size, struct snp_error *err)
{
	uint8_t signature[SNP_SIGNATURE_MAX], raw[SNP_SIGNATURE_MAX];
	size_t size = 0;
	int r;

	if (!key->private)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "a public key cannot sign; give the private one");
	r = sign(key, bytes, signature, &size, err);
	if (r < 0)
		return r;
	/* A signature from a faulty computation can reveal the key. */
	r = verify(key, bytes, (struct snp_span){signature, size}, err);
	if (r < 0)
		return crypto_failed(err, "verify what it just signed");
	if (key->kind != SNP_KEY_ED25519 && form == SNP_SIGNATURE_RAW) {
		if (!signature_to_raw(key->kind, (struct snp_span){signature, size}, raw))
			return crypto_failed(err, "decode its own signature");
		size = kinds[key->kind].raw_size;
		memcpy(signature, raw, size);
	}
	memcpy(ret, signature, size);
	*ret_size = size;
	return 0;
}

int signature_take(const struct snp_key *key, struct snp_span bytes, struct snp_span signature,
		   enum snp_signature_form form, uint8_t ret[static SNP_SIGNATURE_MAX],
		   size_t *ret_size, struct snp_error *err)
{
	uint8_t raw[SNP_SIGNATURE_MAX];
	size_t raw_size = kinds[key->kind].raw_size;
	bool der = key->kind != SNP_KEY_ED25519 && signature_to_raw(key->kind, signature, raw);
	int r;

	if (!der && signature.size != raw_size)
		return fail_with(
			err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
			"not a signature by %s; must be %s%zu bytes", snp_key_kind_name(key->kind),
			key->kind == SNP_KEY_ED25519 ? "" : "DER, or r and s in ", raw_size);
	if (!der)
		memcpy(raw, signature.data, raw_size);
	r = snp_key_verify(key, bytes, SNP_SIGNATURE_RAW, (struct snp_span){raw, raw_size}, err);
	if (r < 0)
		return r;
	if (key->kind != SNP_KEY_ED25519 && form == SNP_SIGNATURE_DER) {
		r = raw_to_der(raw, kinds[key->kind].number_size, ret);
		if (r < 0)
			return crypto_failed(err, "encode a signature");
		*ret_size = (size_t)r;
		return 0;
	}
	memcpy(ret, raw, raw_size);
	*ret_size = raw_size;
	return 0;
}
