// SPDX-License-Identifier: Apache-2.0
#include "endorsement/cose.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include <snp/cbor.h>
#include <snp/cleanup.h>
#include <snp/fail.h>

DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free);
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);

enum {
	TAG_COSE_SIGN1 = 18,
	TAG_EPOCH = 1,
	HEADER_ALGORITHM = 1,
	HEADER_CRITICAL = 2,
	HEADER_CONTENT_TYPE = 3,
	HEADER_X5CHAIN = 33,
	HEADER_X5T = 34,
	ALGORITHM_SHA256 = -16, /* of x5t */
};

static int bad(struct snp_error *err, const char *what)
{
	return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET, "%s", what);
}

static bool take_text(struct snp_span *rest, struct snp_span *ret)
{
	struct cbor_in item;

	if (!cbor_in_take(rest, CBOR_IN_TEXT, &item) || item.bytes.size == 0)
		return false;
	*ret = item.bytes;
	return true;
}

static bool take_bytes(struct snp_span *rest, struct snp_span *ret)
{
	struct cbor_in item;

	if (!cbor_in_take(rest, CBOR_IN_BYTES, &item))
		return false;
	*ret = item.bytes;
	return true;
}

static bool read_algorithm(struct snp_span *rest, struct cose_sign1 *message)
{
	struct cbor_in item;

	if (!cbor_in_take(rest, CBOR_IN_NEGATIVE, &item) ||
	    (item.value != -1 - COSE_PS384 && item.value != -1 - COSE_ES384))
		return false;
	message->algorithm = (enum cose_algorithm)(-1 - (int)item.value);
	return true;
}

static bool read_content_type(struct snp_span *rest, struct cose_sign1 *message)
{
	return take_text(rest, &message->content_type);
}

/* An array of certificates, or the one. */
static bool read_x5chain(struct snp_span *rest, struct cose_sign1 *message)
{
	struct cbor_in array;

	if (!cbor_in_take(rest, CBOR_IN_ARRAY, &array)) {
		message->n_certificates = 1;
		return take_bytes(rest, &message->certificates[0]);
	}
	if (array.value < 1 || array.value > COSE_MAX_CERTIFICATES)
		return false;
	for (; message->n_certificates < array.value; message->n_certificates++)
		if (!take_bytes(rest, &message->certificates[message->n_certificates]))
			return false;
	return true;
}

static bool read_x5t(struct snp_span *rest, struct cose_sign1 *message)
{
	struct cbor_in item;

	return cbor_in_take(rest, CBOR_IN_ARRAY, &item) && item.value == 2 &&
	       cbor_in_take(rest, CBOR_IN_NEGATIVE, &item) && item.value == -1 - ALGORITHM_SHA256 &&
	       take_bytes(rest, &message->x5t) && message->x5t.size == 32;
}

static bool read_issuer(struct snp_span *rest, struct cose_sign1 *message)
{
	return take_text(rest, &message->issuer);
}

static bool read_feed(struct snp_span *rest, struct cose_sign1 *message)
{
	return take_text(rest, &message->feed);
}

static bool read_signing_time(struct snp_span *rest, struct cose_sign1 *message)
{
	struct cbor_in item;

	if (!cbor_in_take(rest, CBOR_IN_TAG, &item) || item.value != TAG_EPOCH ||
	    !cbor_in_take(rest, CBOR_IN_UINT, &item) || item.value > INT64_MAX)
		return false;
	message->has_signing_time = true;
	message->signing_time = item.value;
	return true;
}

static bool read_timestamp(struct snp_span *rest, struct cose_sign1 *message)
{
	return take_bytes(rest, &message->timestamp);
}

static bool refuse(struct snp_span *rest, struct cose_sign1 *message)
{
	(void)rest;
	(void)message;
	return false;
}

/* A header is known by a number, or by a name. Others have no influence here; those that must have some are listed as
 * critical, which is refused. */
static const struct header {
	uint64_t number; /* 0: by name */
	const char *name;
	bool protected;
	bool (*read)(struct snp_span *rest, struct cose_sign1 *message);
} headers[] = {
	{HEADER_ALGORITHM, "algorithm", true, read_algorithm},
	{HEADER_CRITICAL, "critical header", true, refuse},
	{HEADER_CONTENT_TYPE, "content type", true, read_content_type},
	{HEADER_X5CHAIN, "x5chain", true, read_x5chain},
	{HEADER_X5T, "x5t", true, read_x5t},
	{0, "iss", true, read_issuer},
	{0, "feed", true, read_feed},
	{0, "signingtime", true, read_signing_time},
	{0, "timestamp", false, read_timestamp},
};

static const struct header *find_header(const struct cbor_in *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		const struct header *h = &headers[i];

		if (h->number ? key->kind == CBOR_IN_UINT && key->value == h->number
			      : key->kind == CBOR_IN_TEXT && key->bytes.size == strlen(h->name) &&
					memcmp(key->bytes.data, h->name, key->bytes.size) == 0)
			return h;
	}
	return NULL;
}

/* The labels of both maps. Real endorsements have seven. */
struct labels {
	struct cbor_in seen[32];
	size_t n;
};

/* RFC 9052 section 3: a label twice makes a message malformed, whether it is known or not. Here also one in both maps. */
static bool add_label(struct labels *labels, const struct cbor_in *key)
{
	for (size_t i = 0; i < labels->n; i++) {
		const struct cbor_in *other = &labels->seen[i];

		if (key->kind == other->kind && key->value == other->value &&
		    key->bytes.size == other->bytes.size &&
		    (key->bytes.size == 0 ||
		     memcmp(key->bytes.data, other->bytes.data, key->bytes.size) == 0))
			return false;
	}
	if (labels->n == ARRAY_SIZE(labels->seen))
		return false;
	labels->seen[labels->n++] = *key;
	return true;
}

/* Read a map of headers off `rest`. A header that belongs into the other map is refused. */
static int read_headers(struct snp_span *rest, bool protected, struct labels *labels,
			struct cose_sign1 *message, struct snp_error *err)
{
	struct cbor_in map, key;

	if (!cbor_in_take(rest, CBOR_IN_MAP, &map))
		return bad(err, "its headers are not a map");
	for (uint64_t i = 0; i < map.value; i++) {
		const struct header *h;

		if (!cbor_in_next(rest, &key))
			return bad(err, "its headers are cut off");
		if (key.kind != CBOR_IN_UINT && key.kind != CBOR_IN_NEGATIVE &&
		    key.kind != CBOR_IN_TEXT)
			return bad(err, "the label of a header is not a number or text");
		if (!add_label(labels, &key))
			return bad(err, "a header appears twice, or it has more than 32");
		h = find_header(&key);
		if (!h && !cbor_in_skip(rest))
			return bad(err, "a header has no value");
		if (h && (h->protected != protected || !h->read(rest, message)))
			return fail_with(err, SNP_E_ENDORSEMENT, SNP_NO_OFFSET,
					 "its header '%s' is not allowed, or has an unusable value",
					 h->name);
	}
	return 0;
}

int cose_parse(struct snp_span bytes, struct cose_sign1 *ret, struct snp_error *err)
{
	struct cose_sign1 message = {0};
	struct labels labels = {.n = 0};
	struct snp_span headers_in;
	struct cbor_in item;
	int r;

	if (!cbor_in_take(&bytes, CBOR_IN_TAG, &item) || item.value != TAG_COSE_SIGN1 ||
	    !cbor_in_take(&bytes, CBOR_IN_ARRAY, &item) || item.value != 4 ||
	    !take_bytes(&bytes, &message.protected))
		return bad(err, "not a COSE_Sign1 message with its tag");
	headers_in = message.protected;
	r = read_headers(&headers_in, true, &labels, &message, err);
	if (r == 0 && headers_in.size > 0)
		r = bad(err, "bytes follow its protected headers");
	if (r < 0)
		return r;
	r = read_headers(&bytes, false, &labels, &message, err);
	if (r < 0)
		return r;
	if (!take_bytes(&bytes, &message.payload) || message.payload.size == 0 ||
	    !take_bytes(&bytes, &message.signature))
		return bad(err, "its payload or signature is missing");
	if (bytes.size > 0)
		return bad(err, "bytes follow the message");
	if (message.algorithm == 0 || message.n_certificates == 0)
		return bad(err, "its algorithm or its certificates are missing");
	*ret = message;
	return 0;
}

/* RFC 9052 section 4.4: what is signed. */
static int encode_signed(const struct cose_sign1 *message, uint8_t **ret, size_t *ret_size,
			 struct snp_error *err)
{
	struct cbor_item_t *list = cbor_out_array(4);

	list = cbor_out_push(list, cbor_out_text("Signature1"));
	list = cbor_out_push(list,
			     cbor_out_bytes(message->protected.data, message->protected.size));
	list = cbor_out_push(list, cbor_out_bytes((const uint8_t *)"", 0));
	list = cbor_out_push(list, cbor_out_bytes(message->payload.data, message->payload.size));
	return cbor_out_encode(list, ret, ret_size, err);
}

static void opensslp(unsigned char **p)
{
	OPENSSL_free(*p);
}

/* Of r and s, big-endian and 48 bytes each (RFC 9053 section 2.1), DER. Its size, or -1. */
static int encode_ecdsa(struct snp_span signature, unsigned char **ret)
{
	_cleanup_(ECDSA_SIG_freep) ECDSA_SIG *both = ECDSA_SIG_new();
	BIGNUM *r, *s;

	if (!both || signature.size != 96)
		return -1;
	r = BN_bin2bn(signature.data, 48, NULL);
	s = BN_bin2bn(signature.data + 48, 48, NULL);
	if (!r || !s || ECDSA_SIG_set0(both, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return -1;
	}
	return i2d_ECDSA_SIG(both, ret);
}

static bool fits(enum cose_algorithm algorithm, const EVP_PKEY *key)
{
	char group[32];

	if (algorithm == COSE_PS384)
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 2048;
	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       (strcmp(group, "secp384r1") == 0 || strcmp(group, "P-384") == 0);
}

static bool verifies(const struct cose_sign1 *message, EVP_PKEY *key, struct snp_span signed_bytes)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	_cleanup_(opensslp) unsigned char *der = NULL;
	struct snp_span signature = message->signature;
	EVP_PKEY_CTX *context = NULL;
	int size;

	if (!md || EVP_DigestVerifyInit_ex(md, &context, "SHA2-384", NULL, NULL, key, NULL) != 1)
		return false;
	if (message->algorithm == COSE_ES384) {
		size = encode_ecdsa(signature, &der);
		if (size < 0)
			return false;
		signature = (struct snp_span){der, (size_t)size};
	} else if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
		   EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1) {
		return false;
	}
	return EVP_DigestVerify(md, signature.data, signature.size, signed_bytes.data,
				signed_bytes.size) == 1;
}

int cose_verify(const struct cose_sign1 *message, EVP_PKEY *key, bool *ret_good,
		struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_span signed_bytes;
	int r;

	*ret_good = false;
	if (!fits(message->algorithm, key))
		return 0;
	r = encode_signed(message, &bytes, &signed_bytes.size, err);
	if (r < 0)
		return r;
	signed_bytes.data = bytes;
	*ret_good = verifies(message, key, signed_bytes);
	ERR_clear_error();
	return 0;
}
