// SPDX-License-Identifier: Apache-2.0
#include "reference/publish.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "reference/envelope.h"
#include "reference/format.h"

/* How one file is signed. */
struct signing {
	const char *payload, *file;
	snp_emit emit; /* of the payload */
	int (*make)(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
		    size_t *ret_size, struct snp_error *err);
	int (*verify)(const struct snp_key *key, struct snp_span payload, struct snp_span signature,
		      struct snp_error *err);
};

static int sign_detached(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
			 size_t *ret_size, struct snp_error *err)
{
	uint8_t *signature = malloc(SNP_SIGNATURE_MAX);
	int r;

	if (!signature)
		return out_of_memory(err);
	r = snp_key_sign(key, payload, SNP_SIGNATURE_DER, signature, ret_size, err);
	if (r < 0)
		free(signature);
	else
		*ret = signature;
	return r;
}

static int verify_detached(const struct snp_key *key, struct snp_span payload,
			   struct snp_span signature, struct snp_error *err)
{
	return snp_key_verify(key, payload, SNP_SIGNATURE_DER, signature, err);
}

static int sign_dsse(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
		     size_t *ret_size, struct snp_error *err)
{
	char *text;
	int r = dsse_sign(key, SNP_DSSE_PAYLOAD_TYPE, payload, &text, err);

	if (r == 0) {
		*ret = (uint8_t *)text;
		*ret_size = strlen(text);
	}
	return r;
}

static int verify_dsse(const struct snp_key *key, struct snp_span payload,
		       struct snp_span signature, struct snp_error *err)
{
	return dsse_verify(key, SNP_DSSE_PAYLOAD_TYPE, payload, signature, err);
}

static int sign_cose(const struct snp_key *key, struct snp_span payload, uint8_t **ret,
		     size_t *ret_size, struct snp_error *err)
{
	return cose_sign(key, SNP_CORIM_CONTENT_TYPE, SNP_CORIM_SIGNER, payload, ret, ret_size,
			 err);
}

static int verify_cose(const struct snp_key *key, struct snp_span payload,
		       struct snp_span signature, struct snp_error *err)
{
	return cose_verify(key, SNP_CORIM_CONTENT_TYPE, SNP_CORIM_SIGNER, payload, signature, err);
}

static const struct signing signings[] = {
	{SNP_MASTER_FILE, SNP_SIGNATURE_FILE, emit_master, sign_detached, verify_detached},
	{SNP_INTOTO_FILE, SNP_DSSE_FILE, emit_intoto, sign_dsse, verify_dsse},
	{SNP_CORIM_FILE, SNP_COSE_FILE, emit_corim, sign_cose, verify_cose},
};

static int sign_one(const struct signing *signing, struct snp_span payload,
		    const struct snp_key *key, const char *before, struct folder *folder,
		    struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	uint8_t *made;
	size_t size;
	int r;

	if (before && folder_read(before, signing->file, &bytes, &size, NULL) == 0 &&
	    signing->verify(key, payload, (struct snp_span){bytes, size}, NULL) == 0)
		return folder_add(folder, signing->file, TAKE_PTR(bytes), size, err);
	r = signing->make(key, payload, &made, &size, err);
	return r < 0 ? r : folder_add(folder, signing->file, made, size, err);
}

int publish_sign(struct folder *folder, const struct snp_key *key, const char *before,
		 struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(signings); i++) {
		const struct folder_file *file = folder_find(folder, signings[i].payload);
		int r;

		if (!file)
			continue;
		r = sign_one(&signings[i], (struct snp_span){file->data, file->size}, key, before,
			     folder, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int verify_one(const struct signing *signing, struct snp_span payload, const char *folder,
		      const struct snp_key *key, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *signature = NULL;
	size_t size;
	int r = folder_read(folder, signing->file, &signature, &size, err);

	return r < 0 ? r : signing->verify(key, payload, (struct snp_span){signature, size}, err);
}

int publish_verify(const struct snp_reference *published, struct snp_span document,
		   const char *folder, const struct snp_key *key, publish_verified verified,
		   void *arg, struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(signings); i++) {
		const struct signing *s = &signings[i];
		_cleanup_(folder_done) struct folder emitted = {0};
		struct snp_span payload = document;
		struct snp_error why = {0};
		int r = 0;

		if (i > 0 && folder_lacks(folder, s->payload) && folder_lacks(folder, s->file))
			continue;
		if (i > 0)
			r = s->emit(published, &emitted, &why);
		if (r == 0 && i > 0)
			payload = (struct snp_span){emitted.files[0].data, emitted.files[0].size};
		if (r == 0)
			r = verify_one(s, payload, folder, key, &why);
		if (r == -SNP_E_NO_MEMORY) {
			if (err)
				*err = why;
			return r;
		}
		verified(arg, s->file, r < 0 ? &why : NULL);
	}
	return 0;
}
