// SPDX-License-Identifier: Apache-2.0
#include "reference/sign.h"

#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#include "identity/key.h"
#include "reference/format.h"
#include "reference/signed_form.h"

/* How one file is signed. */
static const struct signing {
	const char *payload, *file;
	bool is_new;  /* 0.1.0 did not write it: a folder may lack it */
	emitter emit; /* of the payload */
	const char
		*to_sign; /* what a key elsewhere signs, as a file; two may share one signature */
	const struct signed_form *form;
} signings[] = {
	{SNP_REFERENCE_FILE, SNP_REFERENCE_FILE ".sig", false, emit_master, SNP_REFERENCE_FILE,
	 &signed_plain},
	{INTOTO_FILE, "intoto.dsse.json", false, emit_intoto, "intoto.pae", &signed_dsse},
	{INTOTO_FILE, "intoto.sigstore.json", true, emit_intoto, "intoto.pae", &signed_bundle},
	{CORIM_FILE, "corim.cose", false, emit_corim, "corim.sig-structure", &signed_cose},
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
	return s->form->encode(key, *ret_payload, ret, ret_size, err);
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
	int r = signatures ? signature_read(signatures, s->to_sign, key, to_sign,
					    s->form->signature, bytes, &signature.size, err)
			   : snp_key_sign(key, to_sign, s->form->signature, bytes, &signature.size,
					  err);

	return r < 0 ? r : s->form->finish(key, payload, signature, ret, ret_size, err);
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
		if (r == 0 &&
		    (folder_read(before, s->file, &bytes, &size, NULL) < 0 ||
		     s->form->verify(key, payload, (struct snp_span){bytes, size}, NULL) < 0)) {
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
	return r < 0 ? r : s->form->verify(key, document, (struct snp_span){signature, size}, err);
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
