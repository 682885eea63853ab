// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/json_out.h>

#include "reference/envelope.h"

DEFINE_CLEANUP(struct json *, json_free);

/* DSSE's pre-authentication encoding: what is signed in the payload's place. */
static int encode(const char *type, struct snp_span payload, uint8_t **ret, size_t *ret_size,
		  struct snp_error *err)
{
	_cleanup_(freep) char *head = NULL;
	int n = asprintf(&head, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.size);
	uint8_t *bytes;

	if (n < 0) {
		head = NULL;
		return out_of_memory(err);
	}
	bytes = malloc((size_t)n + payload.size);
	if (!bytes)
		return out_of_memory(err);
	memcpy(bytes, head, (size_t)n);
	memcpy(bytes + n, payload.data, payload.size);
	*ret = bytes;
	*ret_size = (size_t)n + payload.size;
	return 0;
}

int dsse_sign(const struct snp_key *key, const char *payload_type, struct snp_span payload,
	      char **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out = {0};
	_cleanup_(freep) uint8_t *bytes = NULL;
	uint8_t signature[SNP_SIGNATURE_MAX], id[SNP_SHA256_SIZE];
	size_t size, signature_size;
	cJSON *object;
	int r = encode(payload_type, payload, &bytes, &size, err);

	if (r == 0)
		r = snp_key_sign(key, (struct snp_span){bytes, size}, SNP_SIGNATURE_DER, signature,
				 &signature_size, err);
	if (r == 0)
		r = snp_key_id(key, id, err);
	if (r < 0)
		return r;
	json_out_init(&out, NULL);
	json_out_base64(&out, out.root, "payload", payload.data, payload.size);
	json_out_string(&out, out.root, "payloadType", payload_type);
	object = json_out_object(&out, json_out_array(&out, out.root, "signatures"), NULL);
	json_out_hex(&out, object, "keyid", id, sizeof(id));
	json_out_base64(&out, object, "sig", signature, signature_size);
	return json_out_print(&out, ret, err);
}

static int not_this(const char *what, struct snp_error *err)
{
	return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET, "the envelope has another %s", what);
}

/* The members that say what is signed must be those expected; `*ret` is the first signature's text. */
static int compare(const struct json *document, const char *payload_type, struct snp_span payload,
		   const char **ret, struct snp_error *err)
{
	_cleanup_(freep) char *expected = base64_encode(payload.data, payload.size);
	const struct json_value *root = json_root(document), *value;
	const char *text;
	size_t n;
	int r;

	if (!expected)
		return out_of_memory(err);
	r = json_need_string(root, "payloadType", &text, err);
	if (r == 0 && strcmp(text, payload_type) != 0)
		r = not_this("payload type", err);
	if (r == 0)
		r = json_need_string(root, "payload", &text, err);
	if (r == 0 && strcmp(text, expected) != 0)
		r = not_this("payload", err);
	if (r == 0)
		r = json_need_array(root, "signatures", 1, 1, &value, &n, err);
	return r < 0 ? r : json_need_string(json_first(value), "sig", ret, err);
}

int dsse_verify(const struct snp_key *key, const char *payload_type, struct snp_span payload,
		struct snp_span envelope, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	uint8_t signature[SNP_SIGNATURE_MAX];
	const char *text;
	size_t size, n, padding;
	int r = json_parse("DSSE envelope", envelope, &document, err);

	if (r == 0)
		r = compare(document, payload_type, payload, &text, err);
	if (r == 0)
		r = encode(payload_type, payload, &bytes, &size, err);
	if (r < 0)
		return r;
	n = strlen(text);
	padding = strcspn(text, "=");
	n = n / 4 * 3 - (n - padding);
	if (n > sizeof(signature))
		return fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
				 "no signature of any key known");
	r = base64_decode(text, "sig", signature, n, err);
	if (r < 0)
		return r;
	return snp_key_verify(key, (struct snp_span){bytes, size}, SNP_SIGNATURE_DER,
			      (struct snp_span){signature, n}, err);
}
