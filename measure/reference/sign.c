// SPDX-License-Identifier: Apache-2.0
/*
 * Verifying starts from the expected payload, never from the one in the message, so that what was checked
 * is what is used.
 */
#include "reference/sign.h"

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
#include <snp/memory.h>

#include "identity/key.h"
#include "reference/format.h"

DEFINE_CLEANUP(struct json *, json_free);

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

/* How one file is signed. */
static const struct signing {
	const char *payload, *file;
	bool is_new;  /* 0.1.0 did not write it: a folder may lack it */
	emitter emit; /* of the payload */
	const char
		*to_sign; /* what a key elsewhere signs, as a file; two may share one signature */
	enum snp_signature_form form; /* of the signature in it */
	/* What is signed, and the file that its signature makes. */
	int (*encode)(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
		      size_t *ret_size, struct snp_error *err);
	int (*finish)(const struct snp_key *key, struct snp_span payload, struct snp_span signature,
		      uint8_t **ret, size_t *ret_size, struct snp_error *err);
	/* Without a key: that it is of this payload, and has the form of what signing makes. */
	int (*verify)(const struct snp_key *key, struct snp_span payload, struct snp_span signature,
		      struct snp_error *err);
} signings[] = {
	{SNP_REFERENCE_FILE, SNP_REFERENCE_FILE ".sig", false, emit_master, SNP_REFERENCE_FILE,
	 SNP_SIGNATURE_DER, plain_encode, plain_finish, verify_plain},
	{INTOTO_FILE, "intoto.dsse.json", false, emit_intoto, "intoto.pae", SNP_SIGNATURE_DER,
	 dsse_encode, dsse_finish, verify_dsse},
	{INTOTO_FILE, "intoto.sigstore.json", true, emit_intoto, "intoto.pae", SNP_SIGNATURE_DER,
	 dsse_encode, bundle_finish, verify_bundle},
	{CORIM_FILE, "corim.cose", false, emit_corim, "corim.sig-structure", SNP_SIGNATURE_RAW,
	 cose_to_sign, cose_finish, verify_cose},
};

int signed_names(struct folder *folder, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(signings); i++)
		r = folder_add(folder, signings[i].file, NULL, 0, err);
	return r;
}

bool is_signed(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(signings); i++)
		if (!folder_lacks(path, signings[i].file))
			return true;
	return false;
}

/* What `s` signs, of the payload in `folder`; NULL if that is not there. */
static int encode(const struct signing *s, const struct folder *folder, const struct snp_key *key,
		  struct snp_span *ret_payload, uint8_t **ret, size_t *ret_size,
		  struct snp_error *err)
{
	const struct folder_file *file = folder_find(folder, s->payload);

	*ret = NULL;
	if (!file)
		return 0;
	*ret_payload = (struct snp_span){file->data, file->size};
	return s->encode(key, *ret_payload, ret, ret_size, err);
}

int folder_to_sign(const struct folder *folder, const struct snp_key *key, struct folder *ret,
		   struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(signings); i++) {
		const struct signing *s = &signings[i];
		_cleanup_(freep) uint8_t *bytes = NULL;
		struct snp_span payload;
		size_t size;
		int r = folder_has(ret, s->to_sign)
				? 0
				: encode(s, folder, key, &payload, &bytes, &size, err);

		if (r == 0 && bytes)
			r = folder_add(ret, s->to_sign, TAKE_PTR(bytes), size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int signature_read(const char *path, const char *name, const struct snp_key *key,
		   struct snp_span bytes, enum snp_signature_form form,
		   uint8_t ret[static SNP_SIGNATURE_MAX], size_t *ret_size, struct snp_error *err)
{
	_cleanup_(freep) char *file = format_text("%s/%s" SIGNATURE_SUFFIX, path, name);
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;
	int r = file ? file_read(file, SNP_MAX_SMALL, &data, &size, err) : out_of_memory(err);

	return r < 0 ? r
		     : in_file(err,
			       signature_take(key, bytes, (struct snp_span){data, size}, form, ret,
					      ret_size, err),
			       file);
}

static int make(const struct signing *s, const struct snp_key *key, const char *signatures,
		struct snp_span payload, struct snp_span to_sign, uint8_t **ret, size_t *ret_size,
		struct snp_error *err)
{
	uint8_t bytes[SNP_SIGNATURE_MAX];
	struct snp_span signature = {bytes, 0};
	int r = signatures ? signature_read(signatures, s->to_sign, key, to_sign, s->form, bytes,
					    &signature.size, err)
			   : snp_key_sign(key, to_sign, s->form, bytes, &signature.size, err);

	return r < 0 ? r : s->finish(key, payload, signature, ret, ret_size, err);
}

int folder_sign(struct folder *folder, const struct snp_key *key, const char *signatures,
		const char *before, struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(signings); i++) {
		const struct signing *s = &signings[i];
		_cleanup_(freep) uint8_t *bytes = NULL, *to_sign = NULL;
		struct snp_span payload;
		size_t size, to_sign_size;
		int r = encode(s, folder, key, &payload, &to_sign, &to_sign_size, err);

		if (r == 0 && !to_sign)
			continue;
		if (r == 0 && (folder_read(before, s->file, &bytes, &size, NULL) < 0 ||
			       s->verify(key, payload, (struct snp_span){bytes, size}, NULL) < 0)) {
			free(TAKE_PTR(bytes));
			r = make(s, key, signatures, payload,
				 (struct snp_span){to_sign, to_sign_size}, &bytes, &size, err);
		}
		if (r == 0)
			r = folder_add(folder, s->file, TAKE_PTR(bytes), size, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* `document` is the master's text; the other payloads are made again. */
static int verify_one(const struct signing *s, const struct snp_reference *published,
		      struct snp_span document, const char *path, const struct snp_key *key,
		      struct snp_error *err)
{
	_cleanup_(folder_done) struct folder emitted = {0};
	_cleanup_(freep) uint8_t *signature = NULL;
	size_t size;
	int r = 0;

	if (s->emit != emit_master) {
		r = s->emit(published, &emitted, err);
		if (r == 0)
			document = (struct snp_span){emitted.files[0].data, emitted.files[0].size};
	}
	if (r == 0)
		r = folder_read(path, s->file, &signature, &size, err);
	return r < 0 ? r : s->verify(key, document, (struct snp_span){signature, size}, err);
}

int folder_verify(const struct snp_reference *published, struct snp_span document, const char *path,
		  const struct snp_key *key, signature_verified verified, void *arg,
		  struct snp_error *err)
{
	for (size_t i = 0; (key || is_signed(path)) && i < ARRAY_SIZE(signings); i++) {
		const struct signing *s = &signings[i];
		struct snp_error why = {0};
		int r;

		if (i > 0 && folder_lacks(path, s->file) &&
		    (s->is_new || folder_lacks(path, s->payload)))
			continue;
		r = verify_one(s, published, document, path, key, &why);
		if (r == -SNP_E_NO_MEMORY)
			return out_of_memory(err);
		verified(arg, s->file, r < 0 ? &why : NULL);
	}
	return 0;
}
