// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include <cbor.h>
#include <snp/cleanup.h>

#include "reference/cbor.h"
#include "reference/envelope.h"

enum {
	TAG_COSE_SIGN1 = 18,
	HEADER_ALGORITHM = 1,
	HEADER_CONTENT_TYPE = 3,
	HEADER_KEY_ID = 4,
	HEADER_CORIM_META = 8, /* draft-ietf-rats-corim */
};

/* IANA COSE Algorithms. */
static int64_t algorithm(const struct snp_key *key)
{
	switch (snp_key_kind(key)) {
	case SNP_KEY_P256:
		return -7; /* ES256 */
	case SNP_KEY_P384:
		return -35; /* ES384 */
	case SNP_KEY_ED25519:
		break;
	}
	return -8; /* EdDSA */
}

static int encode_protected(const struct snp_key *key, const char *content_type, const char *signer,
			    uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	uint8_t id[SNP_SHA256_SIZE];
	cbor_item_t *meta, *map;
	int r = snp_key_id(key, id, err);

	if (r < 0)
		return r;
	/* corim-meta-map {signer: {signer-name}} */
	meta = snp_cbor_put(snp_cbor_map(1), 0,
			    snp_cbor_put(snp_cbor_map(1), 0, snp_cbor_text(signer)));
	map = snp_cbor_put(snp_cbor_map(4), HEADER_ALGORITHM, snp_cbor_int(algorithm(key)));
	map = snp_cbor_put(map, HEADER_CONTENT_TYPE, snp_cbor_text(content_type));
	map = snp_cbor_put(map, HEADER_KEY_ID, snp_cbor_bytes(id, sizeof(id)));
	map = snp_cbor_put(map, HEADER_CORIM_META, snp_cbor_wrapped(meta));
	return snp_cbor_encode(map, ret, ret_size, err);
}

/* Sig_structure (RFC 9052 section 4.4). */
static int encode_to_sign(struct snp_span protected, struct snp_span payload, uint8_t **ret,
			  size_t *ret_size, struct snp_error *err)
{
	cbor_item_t *list = snp_cbor_push(snp_cbor_array(4), snp_cbor_text("Signature1"));

	list = snp_cbor_push(list, snp_cbor_bytes(protected.data, protected.size));
	list = snp_cbor_push(list, snp_cbor_bytes(protected.data, 0));
	list = snp_cbor_push(list, snp_cbor_bytes(payload.data, payload.size));
	return snp_cbor_encode(list, ret, ret_size, err);
}

static int encode_message(struct snp_span protected, struct snp_span payload,
			  struct snp_span signature, uint8_t **ret, size_t *ret_size,
			  struct snp_error *err)
{
	cbor_item_t *list = snp_cbor_array(4);

	list = snp_cbor_push(list, snp_cbor_bytes(protected.data, protected.size));
	list = snp_cbor_push(list, snp_cbor_map(0));
	list = snp_cbor_push(list, snp_cbor_bytes(payload.data, payload.size));
	list = snp_cbor_push(list, snp_cbor_bytes(signature.data, signature.size));
	return snp_cbor_encode(snp_cbor_tag(TAG_COSE_SIGN1, list), ret, ret_size, err);
}

/* Everything up to the signature. */
struct parts {
	uint8_t *protected, *to_sign;
	struct snp_span protected_span, to_sign_span;
};

static void parts_done(struct parts *parts)
{
	free(parts->protected);
	free(parts->to_sign);
}

static int make_parts(const struct snp_key *key, const char *content_type, const char *signer,
		      struct snp_span payload, struct parts *parts, struct snp_error *err)
{
	int r = encode_protected(key, content_type, signer, &parts->protected,
				 &parts->protected_span.size, err);

	parts->protected_span.data = parts->protected;
	if (r == 0)
		r = encode_to_sign(parts->protected_span, payload, &parts->to_sign,
				   &parts->to_sign_span.size, err);
	parts->to_sign_span.data = parts->to_sign;
	return r;
}

int snp_cose_sign(const struct snp_key *key, const char *content_type, const char *signer,
		  struct snp_span payload, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	_cleanup_(parts_done) struct parts parts = {0};
	uint8_t signature[SNP_SIGNATURE_MAX];
	size_t size;
	int r = make_parts(key, content_type, signer, payload, &parts, err);

	if (r == 0)
		r = snp_key_sign(key, parts.to_sign_span, SNP_SIGNATURE_RAW, signature, &size, err);
	if (r < 0)
		return r;
	return encode_message(parts.protected_span, payload, (struct snp_span){signature, size},
			      ret, ret_size, err);
}

/* A message is right if it is, byte for byte, what signing would have made of its signature. Raw
 * signatures stand at its end, so no CBOR from outside is ever decoded. */
int snp_cose_verify(const struct snp_key *key, const char *content_type, const char *signer,
		    struct snp_span payload, struct snp_span message, struct snp_error *err)
{
	size_t signature_size = snp_key_kind(key) == SNP_KEY_P384 ? 96 : 64, size;
	_cleanup_(parts_done) struct parts parts = {0};
	_cleanup_(freep) uint8_t *expected = NULL;
	struct snp_span signature;
	int r;

	if (message.size < signature_size ||
	    !snp_span_sub(message, message.size - signature_size, signature_size, &signature))
		return snp_fail(err, SNP_E_SIGNATURE, SNP_NO_OFFSET, "too short for a COSE_Sign1");
	r = make_parts(key, content_type, signer, payload, &parts, err);
	if (r == 0)
		r = encode_message(parts.protected_span, payload, signature, &expected, &size, err);
	if (r < 0)
		return r;
	if (size != message.size || memcmp(expected, message.data, size) != 0)
		return snp_fail(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
				"the COSE_Sign1 message has another payload, key or header");
	return snp_key_verify(key, parts.to_sign_span, SNP_SIGNATURE_RAW, signature, err);
}
