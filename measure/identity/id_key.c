// SPDX-License-Identifier: Apache-2.0
#include "id_key.h"

#include <inttypes.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/sha.h>

#include "key.h"

DEFINE_CLEANUP(BIGNUM *, BN_free);

enum {
	CURVE = 0x00,
	QX = 0x04,
	QY = QX + ABI_NUMBER_SIZE,
	KEY_RESERVED = QY + ABI_NUMBER_SIZE,
};
_Static_assert(KEY_RESERVED + 880 == SNP_KEY_SIZE, "public key layout");

enum {
	R = 0x00,
	S = R + ABI_NUMBER_SIZE,
	SIGNATURE_RESERVED = S + ABI_NUMBER_SIZE,
};
_Static_assert(SIGNATURE_RESERVED + 368 == ABI_SIGNATURE_SIZE, "signature layout");

#define CURVE_P384 2

size_t first_set(const uint8_t *bytes, size_t from, size_t to)
{
	while (from < to && bytes[from] == 0)
		from++;
	return from;
}

static void reverse(const uint8_t *bytes, uint8_t *ret)
{
	for (size_t i = 0; i < P384_NUMBER_SIZE; i++)
		ret[i] = bytes[P384_NUMBER_SIZE - 1 - i];
}

static bool fits(const uint8_t *number)
{
	return first_set(number, P384_NUMBER_SIZE, ABI_NUMBER_SIZE) == ABI_NUMBER_SIZE;
}

static bool get_number(const EVP_PKEY *pkey, const char *name, uint8_t ret[static ABI_NUMBER_SIZE])
{
	_cleanup_(BN_freep) BIGNUM *number = NULL;

	return EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
	       BN_bn2lebinpad(number, ret, ABI_NUMBER_SIZE) == ABI_NUMBER_SIZE;
}

int snp_id_key_public(const struct snp_key *key, uint8_t ret[static SNP_KEY_SIZE],
		      struct snp_error *err)
{
	uint8_t bytes[SNP_KEY_SIZE] = {0};

	if (key->kind != SNP_KEY_P384)
		return fail_with(err, SNP_E_BAD_KEY, SNP_NO_OFFSET,
				 "a %s key, where the secure processor takes P-384 alone",
				 snp_key_kind_name(key->kind));
	snp_put_le32(bytes + CURVE, CURVE_P384);
	if (!get_number(key->public, OSSL_PKEY_PARAM_EC_PUB_X, bytes + QX) ||
	    !get_number(key->public, OSSL_PKEY_PARAM_EC_PUB_Y, bytes + QY))
		return crypto_failed(err, "get the point of a key");
	memcpy(ret, bytes, SNP_KEY_SIZE);
	return 0;
}

int snp_id_key_digest(const uint8_t key[static SNP_KEY_SIZE],
		      uint8_t ret[static SNP_KEY_DIGEST_SIZE], struct snp_error *err)
{
	return sha384_of((struct snp_span){key, SNP_KEY_SIZE}, ret, err);
}

/* A point that is not on the curve is refused by libcrypto. */
static EVP_PKEY *make_key(const uint8_t *x, const uint8_t *y)
{
	uint8_t point[1 + 2 * P384_NUMBER_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
	char group[] = "P-384";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	_cleanup_(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *context =
		EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	reverse(x, point + 1);
	reverse(y, point + 1 + P384_NUMBER_SIZE);
	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	ERR_clear_error();
	return pkey;
}

int id_key_decode(const uint8_t key[static SNP_KEY_SIZE], struct snp_key **ret,
		  struct snp_error *err)
{
	size_t stray = first_set(key, KEY_RESERVED, SNP_KEY_SIZE);
	uint32_t curve = 0;
	EVP_PKEY *pkey;

	if (!snp_span_le32((struct snp_span){key, SNP_KEY_SIZE}, CURVE, &curve) ||
	    curve != CURVE_P384)
		return fail_with(err, SNP_E_BAD_KEY, CURVE,
				 "a key on curve %" PRIu32 ", where 2 (P-384) is right", curve);
	if (stray != SNP_KEY_SIZE)
		return fail_with(err, SNP_E_BAD_KEY, stray, "a reserved byte of a key is not zero");
	pkey = fits(key + QX) && fits(key + QY) ? make_key(key + QX, key + QY) : NULL;
	if (!pkey)
		return fail_with(err, SNP_E_BAD_KEY, QX, "a key whose point is not on P-384");
	return key_adopt(pkey, false, ret, err);
}

void id_signature_encode(const uint8_t raw[static 2 * P384_NUMBER_SIZE],
			 uint8_t ret[static ABI_SIGNATURE_SIZE])
{
	memset(ret, 0, ABI_SIGNATURE_SIZE);
	reverse(raw, ret + R);
	reverse(raw + P384_NUMBER_SIZE, ret + S);
}

bool id_signature_decode(const uint8_t signature[static ABI_SIGNATURE_SIZE],
			 uint8_t ret[static 2 * P384_NUMBER_SIZE])
{
	if (!fits(signature + R) || !fits(signature + S))
		return false;
	reverse(signature + R, ret);
	reverse(signature + S, ret + P384_NUMBER_SIZE);
	return true;
}
