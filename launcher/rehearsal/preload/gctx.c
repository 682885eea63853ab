// SPDX-License-Identifier: Apache-2.0
#include "gctx.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

/* A secure processor without its hash is broken, and so is a rehearsal. */
static void sha384(const uint8_t *bytes, size_t size, uint8_t ret[static 48])
{
	if (EVP_Digest(bytes, size, ret, NULL, EVP_sha384(), NULL) != 1)
		abort();
}

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

/* NULL if the point is not on the curve. */
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

/* The signature in DER, as OpenSSL wants it; NULL where R or S has another size than the curve. */
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

/* Check the ID block of `finish` against the guest as launched and, if it is right, take its identity
 * over: digest, policy, ID key's signature of the block, author key's signature of the ID key. It is not
 * known when the firmware checks algorithms and version: here that is done where they are needed, the
 * version last. `gctx` is untouched on failure. */
static enum firmware_status id_block_check(struct gctx *gctx, const struct launch_finish *finish)
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

/* PAGE_INFO (ABI, SNP_LAUNCH_UPDATE). Permissions of VMPL 1 to 3 and IMI_PAGE stay zero: KVM asks for
 * neither (Linux 6.12 sev.c, sev_gmem_post_populate). */
enum {
	PAGE_INFO_DIGEST_CUR = 0x00,
	PAGE_INFO_CONTENTS = 0x30,
	PAGE_INFO_LENGTH = 0x60,
	PAGE_INFO_PAGE_TYPE = 0x62,
	PAGE_INFO_GPA = 0x68,
	PAGE_INFO_SIZE = 0x70,
};

/* POLICY (ABI, Guest Policy). */
#define POLICY_SMT		      (1ULL << 16)
#define POLICY_MUST_BE_ONE	      (1ULL << 17)
#define POLICY_MEM_AES_256_XTS	      (1ULL << 22)
#define POLICY_RAPL_DIS		      (1ULL << 23)
#define POLICY_CIPHERTEXT_HIDING_DRAM (1ULL << 24)

/* The platform: SMT on, AES-128, RAPL on, no ciphertext hiding; one socket, so that SINGLE_SOCKET is
 * always kept. Permissions (DEBUG, MIGRATE_MA, CXL_ALLOW) ask nothing of it. */
static bool platform_keeps(const struct platform *platform, uint64_t policy)
{
	unsigned int minor = policy & 0xff;
	unsigned int major = policy >> 8 & 0xff;

	if (major > platform->api_major ||
	    (major == platform->api_major && minor > platform->api_minor))
		return false;
	return (policy & POLICY_SMT) && !(policy & POLICY_MEM_AES_256_XTS) &&
	       !(policy & POLICY_RAPL_DIS) && !(policy & POLICY_CIPHERTEXT_HIDING_DRAM);
}

enum firmware_status gctx_launch_start(struct gctx *gctx, const struct platform *platform,
				       uint64_t policy)
{
	if (gctx->state != GCTX_INIT)
		return FIRMWARE_INVALID_GUEST_STATE;
	if (!(policy & POLICY_MUST_BE_ONE))
		return FIRMWARE_INVALID_PARAM;
	if (!platform_keeps(platform, policy))
		return FIRMWARE_POLICY_FAILURE;
	gctx->state = GCTX_LAUNCH;
	gctx->policy = policy;
	if (RAND_bytes(gctx->report_id, sizeof(gctx->report_id)) != 1)
		abort();
	return FIRMWARE_SUCCESS;
}

static bool is_measured(enum snp_page_type type)
{
	return type == PAGE_TYPE_NORMAL || type == PAGE_TYPE_VMSA;
}

enum firmware_status gctx_launch_update(struct gctx *gctx, enum snp_page_type type, uint64_t gpa,
					const uint8_t *page, uint8_t ret_contents[static LD_SIZE])
{
	uint8_t info[PAGE_INFO_SIZE] = {0};

	if (gctx->state != GCTX_LAUNCH)
		return FIRMWARE_INVALID_GUEST_STATE;
	if (type < PAGE_TYPE_NORMAL || type > PAGE_TYPE_CPUID)
		return FIRMWARE_INVALID_PARAM;
	memset(ret_contents, 0, LD_SIZE);
	if (is_measured(type))
		sha384(page, GUEST_PAGE_SIZE, ret_contents);
	memcpy(info + PAGE_INFO_DIGEST_CUR, gctx->ld, LD_SIZE);
	memcpy(info + PAGE_INFO_CONTENTS, ret_contents, LD_SIZE);
	put_le16(info + PAGE_INFO_LENGTH, PAGE_INFO_SIZE);
	info[PAGE_INFO_PAGE_TYPE] = (uint8_t)type;
	put_le64(info + PAGE_INFO_GPA, gpa);
	sha384(info, sizeof(info), gctx->ld);
	return FIRMWARE_SUCCESS;
}

enum firmware_status gctx_launch_finish(struct gctx *gctx, const struct launch_finish *finish)
{
	if (gctx->state != GCTX_LAUNCH)
		return FIRMWARE_INVALID_GUEST_STATE;
	if (finish->id_block) {
		enum firmware_status status = id_block_check(gctx, finish);

		if (status != FIRMWARE_SUCCESS)
			return status;
	}
	gctx->vcek_disabled = finish->vcek_disabled;
	memcpy(gctx->host_data, finish->host_data, HOST_DATA_SIZE);
	gctx->state = GCTX_RUNNING;
	return FIRMWARE_SUCCESS;
}
