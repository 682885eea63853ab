// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/id_block.h>

#include "id_key.h"
#include "key.h"

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
		return fail_with(
			err, SNP_E_BAD_ID_BLOCK, ID_KEY_ALGO,
			"ID_KEY_ALGO %" PRIu32 ", where 1 (ECDSA P-384 with SHA-384) is right", id);
	if (!snp_span_le32(span, AUTH_KEY_ALGO, &author) ||
	    (author != ALGO_ECDSA_P384_SHA384 && author != ALGO_NONE))
		return fail_with(err, SNP_E_BAD_ID_BLOCK, AUTH_KEY_ALGO,
				 "AUTH_KEY_ALGO %" PRIu32 ", where 0 (no author) or 1 is right",
				 author);
	stray = first_set(auth, ID_KEY_SIG, RESERVED_3);
	if (author == ALGO_NONE && stray != RESERVED_3)
		return fail_with(err, SNP_E_BAD_ID_BLOCK, stray,
				 "AUTH_KEY_ALGO says no author, and yet there is something of one");
	*ret_has_author = author != ALGO_NONE;
	return 0;
}

/* id_key_decode() tells where in the key; here it stands at `at` of the ID auth. */
static int key_at(const uint8_t *auth, size_t at, struct snp_key **ret, struct snp_error *err)
{
	int r = id_key_decode(auth + at, ret, err);

	if (r < 0 && err && err->offset != SNP_NO_OFFSET)
		err->offset += at;
	return r;
}

/* Both keys; `*ret_author` stays as it was without one. */
static int decode(const uint8_t *auth, struct snp_key **ret_id, struct snp_key **ret_author,
		  struct snp_id_auth_info *ret, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id = NULL, *author = NULL;
	struct snp_id_auth_info info = {0};
	int r;

	r = check_algorithms(auth, &info.has_author, err);
	if (r == 0)
		r = check_reserved(auth, err);
	if (r == 0)
		r = key_at(auth, ID_KEY, &id, err);
	if (r == 0)
		r = snp_id_key_digest(auth + ID_KEY, info.id_key_digest, err);
	if (r == 0 && info.has_author)
		r = key_at(auth, AUTHOR_KEY, &author, err);
	if (r == 0 && info.has_author)
		r = snp_id_key_digest(auth + AUTHOR_KEY, info.author_key_digest, err);
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

	return decode(auth, &id, &author, ret, err);
}

static int verify_signature(const struct snp_key *key, struct snp_span bytes,
			    const uint8_t *signature)
{
	uint8_t raw[2 * P384_NUMBER_SIZE];

	if (!id_signature_decode(signature, raw))
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
	if (r == 0)
		r = decode(auth, &id, &author, &info, err);
	if (r == 0)
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
				 "a signature is DER, or 96 bytes of r and s; this is neither");
	id_signature_encode(raw, signature);
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
	if (r == 0)
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
