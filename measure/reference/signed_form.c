// SPDX-License-Identifier: Apache-2.0
/*
 * Verifying starts from the expected payload, never from the one in the message, so that what was checked
 * is what is used.
 */
#include "reference/signed_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cbor.h>
#include <cjson/cJSON.h>
#include <snp/cbor.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/json_out.h>

#include "identity/key.h"

#define ED25519_SIZE 64

static int different(const char *what, struct snp_error *err)
{
	return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET, "%s", what);
}

static int copy(struct snp_span bytes, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	uint8_t *copied = malloc(bytes.size > 0 ? bytes.size : 1);

	if (!copied)
		return out_of_memory(err);
	memcpy(copied, bytes.data, bytes.size);
	*ret = copied;
	*ret_size = bytes.size;
	return 0;
}

static int plain_encode(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
			size_t *ret_size, struct snp_error *err)
{
	(void)key;
	return copy(payload, ret, ret_size, err);
}

static int plain_finish(const struct snp_key *key, struct snp_span payload,
			struct snp_span signature, uint8_t **ret, size_t *ret_size,
			struct snp_error *err)
{
	(void)key;
	(void)payload;
	return copy(signature, ret, ret_size, err);
}

/* True of the bytes that a signature by some key can have: Ed25519's 64, or DER. */
static bool is_signature(struct snp_span signature)
{
	uint8_t raw[SNP_SIGNATURE_MAX];

	return signature.size == ED25519_SIZE || signature_to_raw(SNP_KEY_P256, signature, raw) ||
	       signature_to_raw(SNP_KEY_P384, signature, raw);
}

static int verify_plain(const struct snp_key *key, struct snp_span payload,
			struct snp_span signature, struct snp_error *err)
{
	if (!key)
		return is_signature(signature) ? 0 : different("not a signature", err);
	return snp_key_verify(key, payload, SNP_SIGNATURE_DER, signature, err);
}

const struct signed_form signed_plain = {
	.signature = SNP_SIGNATURE_DER,
	.encode = plain_encode,
	.finish = plain_finish,
	.verify = verify_plain,
};

/*
 * DSSE (secure-systems-lab/dsse, protocol.md), with one signature. ECDSA signatures are DER, as sigstore's
 * verifiers read them; keyid is SHA-256 of the SubjectPublicKeyInfo in hex.
 */
#define PAYLOAD_TYPE "application/vnd.in-toto+json"

/* The pre-authentication encoding, which is what is signed. */
static int dsse_encode(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
		       size_t *ret_size, struct snp_error *err)
{
	char head[64];
	size_t n = (size_t)snprintf(head, sizeof(head), "DSSEv1 %zu %s %zu ", strlen(PAYLOAD_TYPE),
				    PAYLOAD_TYPE, payload.size);
	uint8_t *bytes = malloc(n + payload.size);

	(void)key;
	if (!bytes)
		return out_of_memory(err);
	memcpy(mempcpy(bytes, head, n), payload.data, payload.size);
	*ret = bytes;
	*ret_size = n + payload.size;
	return 0;
}

/* What the envelope lies in: nothing, or a bundle of sigstore (protobuf-specs, sigstore_bundle.proto, v0.3), which
 * names the key only by a hint and has no entry of a transparency log. */
enum dsse_form {
	DSSE_ENVELOPE,
	DSSE_BUNDLE,
};

/* The object that the envelope's members go into. */
static cJSON *begin_form(struct json_out *out, enum dsse_form form,
			 const uint8_t id[static SNP_SHA256_SIZE])
{
	cJSON *material;

	json_out_init(out, NULL);
	if (form == DSSE_ENVELOPE)
		return out->root;
	json_out_string(out, out->root, "mediaType",
			"application/vnd.dev.sigstore.bundle.v0.3+json");
	material = json_out_object(out, out->root, "verificationMaterial");
	json_out_base64(out, json_out_object(out, material, "publicKey"), "hint", id,
			SNP_SHA256_SIZE);
	json_out_array(out, material, "tlogEntries");
	json_out_array(out, json_out_object(out, material, "timestampVerificationData"),
		       "rfc3161Timestamps");
	return json_out_object(out, out->root, "dsseEnvelope");
}

/* The envelope with this signature. */
static int dsse_print(enum dsse_form form, struct snp_span payload,
		      const uint8_t id[static SNP_SHA256_SIZE], struct snp_span signature,
		      uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out = {0};
	cJSON *envelope = begin_form(&out, form, id), *object;
	char *text;
	int r;

	json_out_base64(&out, envelope, "payload", payload.data, payload.size);
	json_out_string(&out, envelope, "payloadType", PAYLOAD_TYPE);
	object = json_out_object(&out, json_out_array(&out, envelope, "signatures"), NULL);
	json_out_hex(&out, object, "keyid", id, SNP_SHA256_SIZE);
	json_out_base64(&out, object, "sig", signature.data, signature.size);
	r = json_out_print(&out, &text, err);
	if (r == 0) {
		*ret = (uint8_t *)text;
		*ret_size = strlen(text);
	}
	return r;
}

static int form_finish(enum dsse_form form, const struct snp_key *key, struct snp_span payload,
		       struct snp_span signature, uint8_t **ret, size_t *ret_size,
		       struct snp_error *err)
{
	uint8_t id[SNP_SHA256_SIZE];
	int r = key_id(key, id, err);

	return r < 0 ? r : dsse_print(form, payload, id, signature, ret, ret_size, err);
}

static int dsse_finish(const struct snp_key *key, struct snp_span payload,
		       struct snp_span signature, uint8_t **ret, size_t *ret_size,
		       struct snp_error *err)
{
	return form_finish(DSSE_ENVELOPE, key, payload, signature, ret, ret_size, err);
}

static int bundle_finish(const struct snp_key *key, struct snp_span payload,
			 struct snp_span signature, uint8_t **ret, size_t *ret_size,
			 struct snp_error *err)
{
	return form_finish(DSSE_BUNDLE, key, payload, signature, ret, ret_size, err);
}

/* What an envelope contains besides its payload. */
struct dsse {
	uint8_t id[SNP_SHA256_SIZE];
	const char *base64; /* borrowed from the document */
	uint8_t signature[SNP_SIGNATURE_MAX];
	size_t size; /* of the signature */
};

struct envelope {
	struct dsse *signatures;
	size_t n_signatures;
};

static void envelope_done(struct envelope *envelope)
{
	free(envelope->signatures);
}

static const struct field signature_fields[] = {
	FIELD("keyid", field_hex, dsse, id, .required = true),
	FIELD("sig", field_string, dsse, base64, .required = true),
	OTHER_KEYS,
};

static const struct field envelope_fields[] = {
	FIELD_ARRAY("signatures", signature_fields, envelope, signatures, n_signatures,
		    .required = true, .min = 1, .max = 1),
	OTHER_KEYS,
};

static int dsse_read(enum dsse_form form, struct snp_span bytes, struct dsse *ret,
		     struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(envelope_done) struct envelope envelope = {0};
	const struct json_value *value;
	size_t n;
	int r = json_parse("DSSE envelope", bytes, &document, err);

	if (r < 0)
		return r;
	value = json_root(document);
	if (form == DSSE_BUNDLE)
		r = json_need(value, "dsseEnvelope", &value, err);
	if (r < 0)
		return r;
	r = fields_read(value, envelope_fields, &envelope, err);
	if (r < 0)
		return r;
	*ret = envelope.signatures[0];
	n = strlen(ret->base64);
	ret->size = n / 4 * 3 - (n - strcspn(ret->base64, "="));
	if (ret->size > sizeof(ret->signature))
		return different("the envelope's signature is too long", err);
	return base64_decode(ret->base64, "sig", ret->signature, ret->size, err);
}

/* An envelope is right if signing would have made exactly these bytes from its signature. */
static int verify_form(enum dsse_form form, const struct snp_key *key, struct snp_span payload,
		       struct snp_span envelope, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL, *expected = NULL;
	struct snp_span signature;
	struct dsse found;
	size_t size;
	int r = dsse_read(form, envelope, &found, err);

	if (r == 0 && key)
		r = key_id(key, found.id, err);
	if (r < 0)
		return r;
	signature = (struct snp_span){found.signature, found.size};
	r = dsse_print(form, payload, found.id, signature, &expected, &size, err);
	if (r < 0)
		return r;
	if (size != envelope.size || memcmp(expected, envelope.data, size) != 0)
		return different("the envelope has a different payload, key or form", err);
	if (!key)
		return verify_plain(NULL, payload, signature, err);
	r = dsse_encode(key, payload, &bytes, &size, err);
	return r < 0 ? r
		     : snp_key_verify(key, (struct snp_span){bytes, size}, SNP_SIGNATURE_DER,
				      signature, err);
}

static int verify_dsse(const struct snp_key *key, struct snp_span payload, struct snp_span envelope,
		       struct snp_error *err)
{
	return verify_form(DSSE_ENVELOPE, key, payload, envelope, err);
}

static int verify_bundle(const struct snp_key *key, struct snp_span payload, struct snp_span bundle,
			 struct snp_error *err)
{
	return verify_form(DSSE_BUNDLE, key, payload, bundle, err);
}

const struct signed_form signed_dsse = {
	.signature = SNP_SIGNATURE_DER,
	.encode = dsse_encode,
	.finish = dsse_finish,
	.verify = verify_dsse,
};

const struct signed_form signed_bundle = {
	.signature = SNP_SIGNATURE_DER,
	.encode = dsse_encode,
	.finish = bundle_finish,
	.verify = verify_bundle,
};

/*
 * COSE_Sign1 (RFC 9052), tagged and deterministically encoded. The protected header has the algorithm, the
 * content type and, as the drafts for CoRIM ask, corim-meta.
 */
enum {
	TAG_COSE_SIGN1 = 18,
	HEADER_ALGORITHM = 1,
	HEADER_CONTENT_TYPE = 3,
	HEADER_KEY_ID = 4,
	HEADER_CORIM_META = 8, /* draft-ietf-rats-corim */
};

/* IANA COSE Algorithms. */
static const int64_t algorithms[] = {
	[SNP_KEY_P256] = -7,	/* ES256 */
	[SNP_KEY_P384] = -35,	/* ES384 */
	[SNP_KEY_ED25519] = -8, /* EdDSA */
};

/* What the protected header says of a key. */
struct cose_key {
	enum snp_key_kind kind;
	uint8_t id[SNP_SHA256_SIZE];
};

static int cose_key(const struct snp_key *key, struct cose_key *ret, struct snp_error *err)
{
	ret->kind = snp_key_kind(key);
	return key_id(key, ret->id, err);
}

static cbor_item_t *cose_protected(const struct cose_key *key)
{
	/* corim-meta-map {signer: {signer-name}} */
	cbor_item_t *meta = cbor_out_put(
		cbor_out_map(1), 0, cbor_out_put(cbor_out_map(1), 0, cbor_out_text("snp-measure")));
	cbor_item_t *map = cbor_out_map(4);

	map = cbor_out_put(map, HEADER_ALGORITHM, cbor_out_int(algorithms[key->kind]));
	map = cbor_out_put(map, HEADER_CONTENT_TYPE, cbor_out_text("application/rim+cbor"));
	map = cbor_out_put(map, HEADER_KEY_ID, cbor_out_bytes(key->id, SNP_SHA256_SIZE));
	return cbor_out_put(map, HEADER_CORIM_META, cbor_out_wrapped(meta));
}

/* The message with this signature; with NULL the Sig_structure (RFC 9052 section 4.4), which is what is
 * signed. */
static int cose_encode(const struct cose_key *key, struct snp_span payload,
		       const struct snp_span *signature, uint8_t **ret, size_t *ret_size,
		       struct snp_error *err)
{
	cbor_item_t *protected = cbor_out_wrapped(cose_protected(key));
	cbor_item_t *list = cbor_out_array(4);

	if (!signature)
		list = cbor_out_push(list, cbor_out_text("Signature1"));
	list = cbor_out_push(list, protected);
	list = cbor_out_push(list, signature ? cbor_out_map(0) : cbor_out_bytes(key->id, 0));
	list = cbor_out_push(list, cbor_out_bytes(payload.data, payload.size));
	if (signature) {
		list = cbor_out_push(list, cbor_out_bytes(signature->data, signature->size));
		list = cbor_out_tag(TAG_COSE_SIGN1, list);
	}
	return cbor_out_encode(list, ret, ret_size, err);
}

static int cose_to_sign(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
			size_t *ret_size, struct snp_error *err)
{
	struct cose_key header;
	int r = cose_key(key, &header, err);

	return r < 0 ? r : cose_encode(&header, payload, NULL, ret, ret_size, err);
}

static int cose_finish(const struct snp_key *key, struct snp_span payload,
		       struct snp_span signature, uint8_t **ret, size_t *ret_size,
		       struct snp_error *err)
{
	struct cose_key header;
	int r = cose_key(key, &header, err);

	return r < 0 ? r : cose_encode(&header, payload, &signature, ret, ret_size, err);
}

/* True if the message is, byte for byte, what signing would have made of its signature. Raw signatures stand
 * at its end, so no CBOR from outside is ever decoded. Where `any_id`, its key's id is the message's own. */
static int cose_matches(const struct cose_key *key, bool any_id, struct snp_span payload,
			struct snp_span message, struct snp_span *ret_signature, bool *ret,
			struct snp_error *err)
{
	size_t n = key->kind == SNP_KEY_P384 ? 96 : 64, size;
	_cleanup_(freep) uint8_t *expected = NULL;
	uint8_t *id;
	int r;

	*ret = false;
	if (message.size < n || !snp_span_sub(message, message.size - n, n, ret_signature))
		return 0;
	r = cose_encode(key, payload, ret_signature, &expected, &size, err);
	if (r < 0 || size != message.size)
		return r;
	id = any_id ? memmem(expected, size, key->id, sizeof(key->id)) : NULL;
	if (id)
		memcpy(id, message.data + (id - expected), sizeof(key->id));
	*ret = memcmp(expected, message.data, size) == 0;
	return 0;
}

static int verify_cose(const struct snp_key *key, struct snp_span payload, struct snp_span message,
		       struct snp_error *err)
{
	_cleanup_(freep) uint8_t *to_sign = NULL;
	struct cose_key header = {0};
	struct snp_span signature;
	bool matches = false;
	size_t size;
	int r = key ? cose_key(key, &header, err) : 0;

	if (r == 0 && key)
		r = cose_matches(&header, false, payload, message, &signature, &matches, err);
	for (size_t i = 0; r == 0 && !key && !matches && i < ARRAY_SIZE(algorithms); i++) {
		header.kind = (enum snp_key_kind)i;
		r = cose_matches(&header, true, payload, message, &signature, &matches, err);
	}
	if (r < 0)
		return r;
	if (!matches)
		return different("the COSE_Sign1 message has a different payload, key or header",
				 err);
	if (!key)
		return 0;
	r = cose_encode(&header, payload, NULL, &to_sign, &size, err);
	return r < 0 ? r
		     : snp_key_verify(key, (struct snp_span){to_sign, size}, SNP_SIGNATURE_RAW,
				      signature, err);
}

const struct signed_form signed_cose = {
	.signature = SNP_SIGNATURE_RAW,
	.encode = cose_to_sign,
	.finish = cose_finish,
	.verify = verify_cose,
};
