// SPDX-License-Identifier: Apache-2.0
#include "id_block.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "bytes.h"

/* ID_BLOCK (ABI, Identity Block). */
enum {
	ID_BLOCK_LD = 0x00,
	ID_BLOCK_FAMILY_ID = 0x30,
	ID_BLOCK_IMAGE_ID = 0x40,
	ID_BLOCK_VERSION = 0x50,
	ID_BLOCK_GUEST_SVN = 0x54,
	ID_BLOCK_POLICY = 0x58,
};

/* ID_AUTH (ABI, ID Authentication Information Structure). */
enum {
	ID_AUTH_ID_KEY_ALGO = 0x000,
	ID_AUTH_AUTHOR_KEY_ALGO = 0x004,
	ID_AUTH_ID_BLOCK_SIG = 0x040,
	ID_AUTH_ID_KEY = 0x240,
	ID_AUTH_ID_KEY_SIG = 0x680,
	ID_AUTH_AUTHOR_KEY = 0x880,
};

/* Keys and signatures (ABI, ECDSA P-384 with SHA-384): little-endian numbers of 72 bytes. */
enum {
	ALGO_ECDSA_P384_SHA384 = 1,
	CURVE_P384 = 2,
	KEY_SIZE = 0x404,
	KEY_QX = 0x04,
	KEY_QY = 0x4c,
	NUMBER_SIZE = 72,
	P384_SIZE = 48,
};

/* A coordinate is a number of the field: the bytes beyond its size are zero. */
static bool is_coordinate(const uint8_t number[static NUMBER_SIZE])
{
	for (size_t i = P384_SIZE; i < NUMBER_SIZE; i++)
		if (number[i])
			return false;
	return true;
}

/* NULL where there is no such point. */
static EVP_PKEY *public_key(const uint8_t key[static KEY_SIZE])
{
	/* SEC 1, 2.3.3: 04, X, Y, big-endian. */
	uint8_t point[1 + 2 * P384_SIZE] = {0x04};
	char group[] = "P-384";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *ret = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group) - 1),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_END,
	};

	for (size_t i = 0; i < P384_SIZE; i++) {
		point[P384_SIZE - i] = key[KEY_QX + i];
		point[2 * P384_SIZE - i] = key[KEY_QY + i];
	}
	if (!is_coordinate(key + KEY_QX) || !is_coordinate(key + KEY_QY) || !ctx ||
	    EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &ret, EVP_PKEY_PUBLIC_KEY, params) != 1)
		ret = NULL;
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

/* The signature in DER, as OpenSSL wants it; NULL where R or S is no number of the curve's size. */
static uint8_t *signature_der(const uint8_t *signature, int *ret_size)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_lebin2bn(signature, NUMBER_SIZE, NULL);
	BIGNUM *s = BN_lebin2bn(signature + NUMBER_SIZE, NUMBER_SIZE, NULL);
	uint8_t *der = NULL;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		*ret_size = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return der;
}

static bool is_signed(const uint8_t *bytes, size_t size, const uint8_t *signature,
		      const uint8_t key[static KEY_SIZE])
{
	EVP_PKEY *pkey = public_key(key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int der_size = 0;
	uint8_t *der = signature_der(signature, &der_size);
	bool valid = pkey && ctx && der && der_size > 0 &&
		     EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, pkey) == 1 &&
		     EVP_DigestVerify(ctx, der, (size_t)der_size, bytes, size) == 1;

	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return valid;
}

/* Whether the keys are of the one algorithm there is. */
static bool is_known_algorithm(const struct launch_finish *finish)
{
	const uint8_t *auth = finish->id_auth;

	if (get_le32(auth + ID_AUTH_ID_KEY_ALGO) != ALGO_ECDSA_P384_SHA384 ||
	    get_le32(auth + ID_AUTH_ID_KEY) != CURVE_P384)
		return false;
	return !finish->author_key_en ||
	       (get_le32(auth + ID_AUTH_AUTHOR_KEY_ALGO) == ALGO_ECDSA_P384_SHA384 &&
		get_le32(auth + ID_AUTH_AUTHOR_KEY) == CURVE_P384);
}

enum firmware_status id_block_check(struct gctx *gctx, const struct launch_finish *finish)
{
	const uint8_t *block = finish->id_block;
	const uint8_t *auth = finish->id_auth;

	if (memcmp(block + ID_BLOCK_LD, gctx->ld, LD_SIZE) != 0)
		return FIRMWARE_BAD_MEASUREMENT;
	if (get_le64(block + ID_BLOCK_POLICY) != gctx->policy)
		return FIRMWARE_POLICY_FAILURE;
	if (!is_known_algorithm(finish))
		return FIRMWARE_INVALID_PARAM;
	if (!is_signed(block, ID_BLOCK_SIZE, auth + ID_AUTH_ID_BLOCK_SIG, auth + ID_AUTH_ID_KEY))
		return FIRMWARE_BAD_SIGNATURE;
	if (finish->author_key_en &&
	    !is_signed(auth + ID_AUTH_ID_KEY, KEY_SIZE, auth + ID_AUTH_ID_KEY_SIG,
		       auth + ID_AUTH_AUTHOR_KEY))
		return FIRMWARE_BAD_SIGNATURE;
	if (get_le32(block + ID_BLOCK_VERSION) != 1)
		return FIRMWARE_INVALID_PARAM;

	gctx->id_block_en = true;
	gctx->author_key_en = finish->author_key_en;
	memcpy(gctx->family_id, block + ID_BLOCK_FAMILY_ID, sizeof(gctx->family_id));
	memcpy(gctx->image_id, block + ID_BLOCK_IMAGE_ID, sizeof(gctx->image_id));
	gctx->guest_svn = get_le32(block + ID_BLOCK_GUEST_SVN);
	sha384(auth + ID_AUTH_ID_KEY, KEY_SIZE, gctx->id_key_digest);
	if (gctx->author_key_en)
		sha384(auth + ID_AUTH_AUTHOR_KEY, KEY_SIZE, gctx->author_key_digest);
	return FIRMWARE_SUCCESS;
}
