// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/id_block.h>
#include <snp/policy.h>
#include <snp/sha.h>

#include "key.h"

DEFINE_CLEANUP(BIGNUM *, BN_free);

/* ABI 56860, "ID Block Structure". */
enum {
	LAUNCH_DIGEST = 0x00,
	FAMILY_ID = 0x30,
	IMAGE_ID = 0x40,
	VERSION = 0x50,
	GUEST_SVN = 0x54,
	POLICY = 0x58,
};
_Static_assert(LAUNCH_DIGEST + SNP_LAUNCH_DIGEST_SIZE == FAMILY_ID, "ID block layout");
_Static_assert(IMAGE_ID + SNP_ID_SIZE == VERSION, "ID block layout");
_Static_assert(POLICY + 8 == SNP_ID_BLOCK_SIZE, "ID block layout");

#define ID_BLOCK_VERSION 1

void snp_id_block_encode(const struct snp_id_block *block, uint8_t ret[static SNP_ID_BLOCK_SIZE])
{
	memcpy(ret + LAUNCH_DIGEST, block->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(ret + FAMILY_ID, block->family_id, SNP_ID_SIZE);
	memcpy(ret + IMAGE_ID, block->image_id, SNP_ID_SIZE);
	snp_put_le32(ret + VERSION, ID_BLOCK_VERSION);
	snp_put_le32(ret + GUEST_SVN, block->guest_svn);
	snp_put_le64(ret + POLICY, block->policy);
}

int snp_id_block_decode(const uint8_t bytes[static SNP_ID_BLOCK_SIZE], struct snp_id_block *ret,
			struct snp_error *err)
{
	struct snp_span span = {bytes, SNP_ID_BLOCK_SIZE};
	struct snp_id_block block;
	uint32_t version = 0;
	int r;

	memcpy(block.launch_digest, bytes + LAUNCH_DIGEST, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(block.family_id, bytes + FAMILY_ID, SNP_ID_SIZE);
	memcpy(block.image_id, bytes + IMAGE_ID, SNP_ID_SIZE);
	if (!snp_span_le32(span, VERSION, &version) || version != ID_BLOCK_VERSION)
		return fail_with(err, SNP_E_BAD_ID_BLOCK, VERSION,
				 "ID block version is %" PRIu32 "; must be 1", version);
	if (!snp_span_le32(span, GUEST_SVN, &block.guest_svn) ||
	    !snp_span_le64(span, POLICY, &block.policy))
		return fail_with(err, SNP_E_BAD_ID_BLOCK, 0, "ID block is cut off");
	r = snp_policy_check(block.policy, err);
	if (r < 0)
		return r;
	*ret = block;
	return 0;
}

/* ABI 56860, "Format of the ECDSA P-384 public key" and "… signature": numbers are little-endian in 72
 * bytes, of which P-384 fills 48. */
#define ABI_NUMBER_SIZE	   72
#define ABI_SIGNATURE_SIZE 512
#define P384_NUMBER_SIZE   48

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

/* Offset of the first byte that is not zero in [from, to), or `to`. */
static size_t first_set(const uint8_t *bytes, size_t from, size_t to)
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
				 "key is %s; the secure processor takes only P-384",
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

/* The key that 1028 bytes describe. Errors: SNP_E_BAD_KEY with the offset in them, SNP_E_NO_MEMORY. */
static int decode_key(const uint8_t key[static SNP_KEY_SIZE], struct snp_key **ret,
		      struct snp_error *err)
{
	size_t stray = first_set(key, KEY_RESERVED, SNP_KEY_SIZE);
	uint32_t curve = 0;
	EVP_PKEY *pkey;

	if (!snp_span_le32((struct snp_span){key, SNP_KEY_SIZE}, CURVE, &curve) ||
	    curve != CURVE_P384)
		return fail_with(err, SNP_E_BAD_KEY, CURVE,
				 "key curve is %" PRIu32 "; must be 2 (P-384)", curve);
	if (stray != SNP_KEY_SIZE)
		return fail_with(err, SNP_E_BAD_KEY, stray, "a reserved byte of a key is not zero");
	pkey = fits(key + QX) && fits(key + QY) ? make_key(key + QX, key + QY) : NULL;
	if (!pkey)
		return fail_with(err, SNP_E_BAD_KEY, QX, "key is not a point on P-384");
	return key_adopt(pkey, false, ret, err);
}

/* Between 96 bytes of r and s, big-endian, and the ABI's 512, which are zeros elsewhere. Decoding fails if a number is
 * over 48 bytes. */
static void encode_signature(const uint8_t raw[static 2 * P384_NUMBER_SIZE],
			     uint8_t ret[static ABI_SIGNATURE_SIZE])
{
	reverse(raw, ret + R);
	reverse(raw + P384_NUMBER_SIZE, ret + S);
}

static bool decode_signature(const uint8_t signature[static ABI_SIGNATURE_SIZE],
			     uint8_t ret[static 2 * P384_NUMBER_SIZE])
{
	if (!fits(signature + R) || !fits(signature + S))
		return false;
	reverse(signature + R, ret);
	reverse(signature + S, ret + P384_NUMBER_SIZE);
	return true;
}

/* ABI 56860, "ID Authentication Information Structure". */
enum {
	ID_KEY_ALGO = 0x000,
	AUTH_KEY_ALGO = 0x004,
	RESERVED_1 = 0x008,
	ID_BLOCK_SIG = 0x040,
	ID_KEY = 0x240,
	RESERVED_2 = 0x644,
	ID_KEY_SIG = 0x680,
	AUTHOR_KEY = 0x880,
	RESERVED_3 = 0xc84,
};
_Static_assert(ID_BLOCK_SIG + ABI_SIGNATURE_SIZE == ID_KEY, "ID auth layout");
_Static_assert(ID_KEY + SNP_KEY_SIZE == RESERVED_2, "ID auth layout");
_Static_assert(ID_KEY_SIG + ABI_SIGNATURE_SIZE == AUTHOR_KEY, "ID auth layout");
_Static_assert(AUTHOR_KEY + SNP_KEY_SIZE == RESERVED_3, "ID auth layout");

#define ALGO_NONE	       0
#define ALGO_ECDSA_P384_SHA384 1

/* What follows R and S in a signature. */
#define SIGNATURE_PADDING (2 * ABI_NUMBER_SIZE)

static int check_reserved(const uint8_t *auth, struct snp_error *err)
{
	static const struct {
		size_t from, to;
	} reserved[] = {
		{RESERVED_1, ID_BLOCK_SIG},	{ID_BLOCK_SIG + SIGNATURE_PADDING, ID_KEY},
		{RESERVED_2, ID_KEY_SIG},	{ID_KEY_SIG + SIGNATURE_PADDING, AUTHOR_KEY},
		{RESERVED_3, SNP_ID_AUTH_SIZE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		size_t stray = first_set(auth, reserved[i].from, reserved[i].to);

		if (stray != reserved[i].to)
			return fail_with(err, SNP_E_BAD_ID_BLOCK, stray,
					 "a reserved byte of the ID auth is not zero");
	}
	return 0;
}

static int check_algorithms(const uint8_t *auth, bool *ret_has_author, struct snp_error *err)
{
	struct snp_span span = {auth, SNP_ID_AUTH_SIZE};
	uint32_t id = 0, author = 0;
	size_t stray;

	if (!snp_span_le32(span, ID_KEY_ALGO, &id) || id != ALGO_ECDSA_P384_SHA384)
		return fail_with(err, SNP_E_BAD_ID_BLOCK, ID_KEY_ALGO,
				 "ID_KEY_ALGO is %" PRIu32 "; must be 1 (ECDSA P-384 with SHA-384)",
				 id);
	if (!snp_span_le32(span, AUTH_KEY_ALGO, &author) ||
	    (author != ALGO_ECDSA_P384_SHA384 && author != ALGO_NONE))
		return fail_with(err, SNP_E_BAD_ID_BLOCK, AUTH_KEY_ALGO,
				 "AUTH_KEY_ALGO is %" PRIu32 "; must be 0 (no author) or 1",
				 author);
	stray = first_set(auth, ID_KEY_SIG, RESERVED_3);
	if (author == ALGO_NONE && stray != RESERVED_3)
		return fail_with(err, SNP_E_BAD_ID_BLOCK, stray,
				 "AUTH_KEY_ALGO is 0 (no author), but author data is not zero");
	*ret_has_author = author != ALGO_NONE;
	return 0;
}

/* The offset in an error of decode_key() counts from the key, which is at `at` of the ID auth. */
static int key_at(const uint8_t *auth, size_t at, struct snp_key **ret,
		  uint8_t ret_digest[static SNP_KEY_DIGEST_SIZE], struct snp_error *err)
{
	int r = decode_key(auth + at, ret, err);

	if (r < 0 && err && err->offset != SNP_NO_OFFSET)
		err->offset += at;
	return r < 0 ? r : snp_id_key_digest(auth + at, ret_digest, err);
}

int id_auth_keys(const uint8_t auth[SNP_STATIC SNP_ID_AUTH_SIZE], struct snp_key **ret_id,
		 struct snp_key **ret_author, struct snp_id_auth_info *ret, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id = NULL, *author = NULL;
	struct snp_id_auth_info info = {0};
	int r;

	r = check_algorithms(auth, &info.has_author, err);
	if (r < 0)
		return r;
	r = check_reserved(auth, err);
	if (r < 0)
		return r;
	r = key_at(auth, ID_KEY, &id, info.id_key_digest, err);
	if (r == 0 && info.has_author)
		r = key_at(auth, AUTHOR_KEY, &author, info.author_key_digest, err);
	if (r < 0)
		return r;
	*ret = info;
	*ret_id = TAKE_PTR(id);
	*ret_author = TAKE_PTR(author);
	return 0;
}

int snp_id_auth_decode(const uint8_t auth[static SNP_ID_AUTH_SIZE], struct snp_id_auth_info *ret,
		       struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id = NULL, *author = NULL;

	return id_auth_keys(auth, &id, &author, ret, err);
}

static int verify_signature(const struct snp_key *key, struct snp_span bytes,
			    const uint8_t *signature)
{
	uint8_t raw[2 * P384_NUMBER_SIZE];

	if (!decode_signature(signature, raw))
		return -SNP_E_SIGNATURE;
	return snp_key_verify(key, bytes, SNP_SIGNATURE_RAW, (struct snp_span){raw, sizeof(raw)},
			      NULL);
}

static int verify_signatures(const uint8_t *block, const uint8_t *auth, const struct snp_key *id,
			     const struct snp_key *author, struct snp_error *err)
{
	int r;

	r = verify_signature(id, (struct snp_span){block, SNP_ID_BLOCK_SIZE}, auth + ID_BLOCK_SIG);
	if (r < 0)
		return fail_with(err, (enum snp_code) - r, SNP_NO_OFFSET,
				 "the ID block is not signed by the ID key of its ID auth");
	if (!author)
		return 0;
	r = verify_signature(author, (struct snp_span){auth + ID_KEY, SNP_KEY_SIZE},
			     auth + ID_KEY_SIG);
	if (r < 0)
		return fail_with(err, (enum snp_code) - r, SNP_NO_OFFSET,
				 "the ID key is not signed by the author key");
	return 0;
}

int snp_id_auth_verify(const uint8_t block[static SNP_ID_BLOCK_SIZE],
		       const uint8_t auth[static SNP_ID_AUTH_SIZE], struct snp_id_auth_info *ret,
		       struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id = NULL, *author = NULL;
	struct snp_id_auth_info info;
	struct snp_id_block fields;
	int r;

	r = snp_id_block_decode(block, &fields, err);
	if (r < 0)
		return r;
	r = id_auth_keys(auth, &id, &author, &info, err);
	if (r < 0)
		return r;
	r = verify_signatures(block, auth, id, author, err);
	if (r == 0 && ret)
		*ret = info;
	return r;
}

static int put_pair(const struct snp_id_signature *pair, uint8_t *key, uint8_t *signature,
		    struct snp_error *err)
{
	uint8_t raw[2 * P384_NUMBER_SIZE];
	int r;

	r = snp_id_key_public(pair->key, key, err);
	if (r < 0)
		return r;
	if (pair->signature.size == sizeof(raw))
		memcpy(raw, pair->signature.data, sizeof(raw));
	else if (!signature_to_raw(SNP_KEY_P384, pair->signature, raw))
		return fail_with(err, SNP_E_BAD_ID_BLOCK, SNP_NO_OFFSET,
				 "the signature is neither DER nor 96 bytes of r and s");
	encode_signature(raw, signature);
	return 0;
}

int snp_id_auth_attach(const uint8_t block[static SNP_ID_BLOCK_SIZE],
		       const struct snp_id_signature *id, const struct snp_id_signature *author,
		       uint8_t ret[static SNP_ID_AUTH_SIZE], struct snp_error *err)
{
	uint8_t auth[SNP_ID_AUTH_SIZE] = {0};
	int r;

	snp_put_le32(auth + ID_KEY_ALGO, ALGO_ECDSA_P384_SHA384);
	r = put_pair(id, auth + ID_KEY, auth + ID_BLOCK_SIG, err);
	if (r == 0 && author) {
		snp_put_le32(auth + AUTH_KEY_ALGO, ALGO_ECDSA_P384_SHA384);
		r = put_pair(author, auth + AUTHOR_KEY, auth + ID_KEY_SIG, err);
	}
	if (r < 0)
		return r;
	r = snp_id_auth_verify(block, auth, NULL, err);
	if (r < 0)
		return r;
	memcpy(ret, auth, sizeof(auth));
	return 0;
}

int snp_id_auth_sign(const uint8_t block[static SNP_ID_BLOCK_SIZE], const struct snp_key *id_key,
		     const struct snp_key *author_key, uint8_t ret[static SNP_ID_AUTH_SIZE],
		     struct snp_error *err)
{
	uint8_t id_signature[SNP_SIGNATURE_MAX], author_signature[SNP_SIGNATURE_MAX];
	struct snp_id_signature id = {id_key, {id_signature, 0}};
	struct snp_id_signature author = {author_key, {author_signature, 0}};
	uint8_t id_public[SNP_KEY_SIZE];
	int r;

	r = snp_id_key_public(id_key, id_public, err);
	if (r == 0)
		r = snp_key_sign(id_key, (struct snp_span){block, SNP_ID_BLOCK_SIZE},
				 SNP_SIGNATURE_RAW, id_signature, &id.signature.size, err);
	if (r == 0 && author_key)
		r = snp_key_sign(author_key, (struct snp_span){id_public, SNP_KEY_SIZE},
				 SNP_SIGNATURE_RAW, author_signature, &author.signature.size, err);
	if (r < 0)
		return r;
	return snp_id_auth_attach(block, &id, author_key ? &author : NULL, ret, err);
}
