// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include <cbor.h>
#include <snp/cleanup.h>
#include <snp/fail.h>

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
	meta = cbor_out_put(cbor_out_map(1), 0,
			    cbor_out_put(cbor_out_map(1), 0, cbor_out_text(signer)));
	map = cbor_out_put(cbor_out_map(4), HEADER_ALGORITHM, cbor_out_int(algorithm(key)));
	map = cbor_out_put(map, HEADER_CONTENT_TYPE, cbor_out_text(content_type));
	map = cbor_out_put(map, HEADER_KEY_ID, cbor_out_bytes(id, sizeof(id)));
	map = cbor_out_put(map, HEADER_CORIM_META, cbor_out_wrapped(meta));
	return cbor_out_encode(map, ret, ret_size, err);
}

/* Sig_structure (RFC 9052 section 4.4). */
static int encode_to_sign(struct snp_span protected, struct snp_span payload, uint8_t **ret,
			  size_t *ret_size, struct snp_error *err)
{
	cbor_item_t *list = cbor_out_push(cbor_out_array(4), cbor_out_text("Signature1"));

	list = cbor_out_push(list, cbor_out_bytes(protected.data, protected.size));
	list = cbor_out_push(list, cbor_out_bytes(protected.data, 0));
	list = cbor_out_push(list, cbor_out_bytes(payload.data, payload.size));
	return cbor_out_encode(list, ret, ret_size, err);
}

static int encode_message(struct snp_span protected, struct snp_span payload,
			  struct snp_span signature, uint8_t **ret, size_t *ret_size,
			  struct snp_error *err)
{
	cbor_item_t *list = cbor_out_array(4);

	list = cbor_out_push(list, cbor_out_bytes(protected.data, protected.size));
	list = cbor_out_push(list, cbor_out_map(0));
	list = cbor_out_push(list, cbor_out_bytes(payload.data, payload.size));
	list = cbor_out_push(list, cbor_out_bytes(signature.data, signature.size));
	return cbor_out_encode(cbor_out_tag(TAG_COSE_SIGN1, list), ret, ret_size, err);
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

int cose_sign(const struct snp_key *key, const char *content_type, const char *signer,
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
int cose_verify(const struct snp_key *key, const char *content_type, const char *signer,
		struct snp_span payload, struct snp_span message, struct snp_error *err)
{
	size_t signature_size = snp_key_kind(key) == SNP_KEY_P384 ? 96 : 64, size;
	_cleanup_(parts_done) struct parts parts = {0};
	_cleanup_(freep) uint8_t *expected = NULL;
	struct snp_span signature;
	int r;

	if (message.size < signature_size ||
	    !snp_span_sub(message, message.size - signature_size, signature_size, &signature))
		return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET, "too short for a COSE_Sign1");
	r = make_parts(key, content_type, signer, payload, &parts, err);
	if (r == 0)
		r = encode_message(parts.protected_span, payload, signature, &expected, &size, err);
	if (r < 0)
		return r;
	if (size != message.size || memcmp(expected, message.data, size) != 0)
		return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
				 "the COSE_Sign1 message has another payload, key or header");
	return snp_key_verify(key, parts.to_sign_span, SNP_SIGNATURE_RAW, signature, err);
}
