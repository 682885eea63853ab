// SPDX-License-Identifier: Apache-2.0
#include <snp/publish.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/sized.h>
#include <snp/threads.h>

#include "identity/key.h"
#include "reference/format.h"
#include "reference/golden.h"
#include "reference/model.h"
#include "reference/publish.h"
#include "reference/published.h"
#include "reference/sign.h"

static int unknown_format(const char *name, size_t n, struct snp_error *err)
{
	char names[256] = "", *at = names;

	for (size_t i = 0; format_at(i); i++) {
		at = stpcpy(at, i > 0 ? ", " : "");
		at = stpcpy(at, format_at(i)->name);
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "unknown format '%.*s'; use %s", (int)n,
			 name, names);
}

/* `wanted[i]` is set for each format of the comma-separated list. The master is always wanted: it marks the
 * folder as one of ours. */
static int read_formats(const char *list, bool wanted[static N_FORMATS], struct snp_error *err)
{
	wanted[0] = true;
	for (const char *at = list;; at++) {
		size_t n = strcspn(at, ","), i = 0;

		while (format_at(i) &&
		       (strlen(format_at(i)->name) != n || strncmp(at, format_at(i)->name, n) != 0))
			i++;
		if (!format_at(i))
			return unknown_format(at, n, err);
		wanted[i] = true;
		at += n;
		if (*at == '\0')
			return 0;
	}
}

static int check_options(const struct snp_publish_options *o, bool wanted[static N_FORMATS],
			 struct snp_error *err)
{
	int r = o->formats ? read_formats(o->formats, wanted, err) : 0;

	for (size_t i = 0; !o->formats && i < N_FORMATS; i++)
		wanted[i] = true;
	if (r < 0)
		return r;
	if (o->author_key && !o->id_key)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "an author key requires an ID key");
	r = o->author_key ? key_check_author(o->id_key, o->author_key, err) : 0;
	if (r < 0)
		return r;
	if (!o->endorsement_key != !o->endorsement_certificate)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "an endorsement key and its certificate require each other");
	for (size_t i = 0; o->endorsement_key && i < N_FORMATS; i++)
		if (format_at(i)->emit == emit_golden && !wanted[i])
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "an endorsement key requires the format golden");
	return 0;
}

/* Its variant as an earlier run bound it, or NULL. */
static const struct snp_reference_variant *find_before(const struct snp_reference *before,
						       const char *image,
						       const struct snp_reference_variant *variant)
{
	for (size_t i = 0; before && i < before->n_images; i++) {
		const struct snp_reference_image *candidate = &before->images[i];

		if (strcmp(candidate->name, image) == 0)
			return bsearch(variant, candidate->variants, candidate->n_variants,
				       sizeof(*variant), variant_compare);
	}
	return NULL;
}

static int key_digest(const struct snp_key *key, uint8_t ret[static SNP_KEY_DIGEST_SIZE],
		      struct snp_error *err)
{
	uint8_t public[SNP_KEY_SIZE];
	int r = snp_id_key_public(key, public, err);

	return r < 0 ? r : snp_id_key_digest(public, ret, err);
}

/* True if the earlier pair is for the same block, by the same keys, and verifies. */
static bool still_good(const struct snp_reference_variant *before, const uint8_t *block,
		       const struct snp_id_auth_info *keys)
{
	struct snp_id_auth_info info;

	return before && before->id_block &&
	       memcmp(before->id_block, block, SNP_ID_BLOCK_SIZE) == 0 &&
	       snp_id_auth_verify(block, before->id_auth, &info, NULL) == 0 &&
	       info.has_author == keys->has_author &&
	       memcmp(info.id_key_digest, keys->id_key_digest, SNP_KEY_DIGEST_SIZE) == 0 &&
	       memcmp(info.author_key_digest, keys->author_key_digest, SNP_KEY_DIGEST_SIZE) == 0;
}

void variant_id_block(const struct snp_reference_image *image,
		      const struct snp_reference_variant *variant,
		      uint8_t ret[static SNP_ID_BLOCK_SIZE])
{
	struct snp_id_block block = {.guest_svn = image->guest_svn, .policy = image->policy};

	memcpy(block.launch_digest, variant->launch_digest, sizeof(block.launch_digest));
	memcpy(block.family_id, image->family_id, sizeof(block.family_id));
	memcpy(block.image_id, image->image_id, sizeof(block.image_id));
	snp_id_block_encode(&block, ret);
}

void id_block_file(size_t n, char ret[static ID_BLOCK_FILE_SIZE])
{
	snprintf(ret, ID_BLOCK_FILE_SIZE, "id-block-%05zu.bin", n + 1);
}

/* Make the ID auth of the `n`-th block of all. */
static int bind_block(const struct binding *b, size_t n, const uint8_t *block, uint8_t *auth,
		      struct snp_error *err)
{
	struct snp_id_signature id = {.key = b->id_key},
				author = {b->author_key,
					  {b->author_signature, b->author_signature_size}};
	_cleanup_(freep) uint8_t *data = NULL;
	_cleanup_(freep) char *path = NULL;
	char file[ID_BLOCK_FILE_SIZE];
	int r;

	if (!b->signatures)
		return snp_id_auth_sign(block, b->id_key, b->author_key, auth, err);
	id_block_file(n, file);
	r = to_sign_check(b->signatures, file, (struct snp_span){block, SNP_ID_BLOCK_SIZE}, err);
	if (r < 0)
		return r;
	path = format_text("%s/%s" SIGNATURE_SUFFIX, b->signatures, file);
	if (!path)
		return out_of_memory(err);
	r = file_read(path, SNP_MAX_SMALL, &data, &id.signature.size, err);
	id.signature.data = data;
	return r < 0 ? r
		     : in_file(err,
			       snp_id_auth_attach(block, &id, b->author_key ? &author : NULL, auth,
						  err),
			       path);
}

static int bind_variant(const struct snp_reference_image *image, struct snp_reference_variant *v,
			const struct binding *b, size_t n, const struct snp_id_auth_info *keys,
			const struct snp_reference_variant *before, struct snp_error *err)
{
	if ((!v->id_block && !(v->id_block = malloc(SNP_ID_BLOCK_SIZE))) ||
	    (!v->id_auth && !(v->id_auth = malloc(SNP_ID_AUTH_SIZE))))
		return out_of_memory(err);
	variant_id_block(image, v, v->id_block);
	if (!still_good(before, v->id_block, keys))
		return bind_block(b, n, v->id_block, v->id_auth, err);
	memcpy(v->id_auth, before->id_auth, SNP_ID_AUTH_SIZE);
	return 0;
}

/* Read the author's signature of the ID key, which serves every block. */
static int read_author(struct binding *b, struct snp_error *err)
{
	uint8_t public[SNP_KEY_SIZE];
	struct snp_span bytes = {public, sizeof(public)};
	int r;

	if (!b->signatures || !b->author_key)
		return 0;
	r = snp_id_key_public(b->id_key, public, err);
	if (r < 0)
		return r;
	r = to_sign_check(b->signatures, ID_KEY_FILE, bytes, err);
	return r < 0 ? r
		     : signature_read(b->signatures, ID_KEY_FILE, b->author_key, bytes,
				      SNP_SIGNATURE_RAW, b->author_signature,
				      &b->author_signature_size, err);
}

static size_t count_variants(const struct snp_reference *reference)
{
	size_t n = 0;

	for (size_t i = 0; i < reference->n_images; i++)
		n += reference->images[i].n_variants;
	return n;
}

int publish_bind(struct snp_reference *reference, struct binding *b, struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *before = NULL;
	_cleanup_(freep) uint8_t *text = NULL;
	struct snp_id_auth_info keys = {.has_author = b->author_key != NULL};
	size_t n = 0, total = count_variants(reference);
	struct snp_span master;
	int r = key_digest(b->id_key, keys.id_key_digest, err);

	if (r == 0 && b->author_key)
		r = key_digest(b->author_key, keys.author_key_digest, err);
	if (r < 0)
		return r;
	r = read_author(b, err);
	if (r == 0 && folder_read(b->before, SNP_REFERENCE_FILE, &text, &master.size, NULL) == 0) {
		master.data = text;
		if (snp_reference_parse(SNP_REFERENCE_FILE, master, &before, NULL) < 0)
			before = NULL;
	}
	reference->has_id_keys = true;
	reference->id_keys = keys;
	for (size_t i = 0; r == 0 && i < reference->n_images; i++) {
		struct snp_reference_image *image = &reference->images[i];

		for (size_t k = 0; r == 0 && k < image->n_variants; k++, n++) {
			struct snp_reference_variant *v = &image->variants[k];

			r = bind_variant(image, v, b, n, &keys, find_before(before, image->name, v),
					 err);
			if (b->progress)
				b->progress(b->progress_arg, n + 1, total);
		}
	}
	return r;
}

/* Formats hardly depend on each other, so two threads work on them. */
struct emission {
	const struct snp_reference *reference;
	const bool *wanted;
	atomic_size_t next;
	struct {
		struct folder folder;
		struct snp_error why, left_out;
		int status;
	} results[N_FORMATS];
};

static void emit_one(struct emission *e, size_t i)
{
	if (e->wanted[i])
		e->results[i].status =
			format_emit(format_at(i), e->reference, &e->results[i].folder,
				    &e->results[i].left_out, &e->results[i].why);
}

/* It names itself after the text of the master, with all images. */
static bool needs_master(size_t i)
{
	return format_at(i)->emit == emit_corim;
}

/* After the master, at once, what needs it. */
static int emit_formats(void *arg)
{
	struct emission *e = arg;

	for (size_t i; (i = atomic_fetch_add(&e->next, 1)) < N_FORMATS;) {
		if (!needs_master(i))
			emit_one(e, i);
		for (size_t k = 0; i == 0 && k < N_FORMATS; k++)
			if (needs_master(k)) {
				e->results[k].folder.beside = &e->results[0].folder;
				emit_one(e, k);
			}
	}
	return 0;
}

/* So few are made before another thread is. */
#define FEW_VARIANTS 256
/* So many are made at once: each has a whole document in memory. */
#define MOST_FORMATS 2

static int take_formats(struct emission *e, const struct snp_publish_options *o,
			struct folder *folder, struct snp_error *err)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		const struct snp_error *why = &e->results[i].why,
				       *left_out = &e->results[i].left_out;
		int r = e->results[i].status;

		if (r == 0 && left_out->code != 0 && !(o->flags & SNP_PUBLISH_PARTIAL))
			return fail_with(
				err, SNP_E_FORMAT, SNP_NO_OFFSET,
				"%s; or leave such images out of the format with --partial",
				left_out->message);
		if (r < 0 && (r != -SNP_E_FORMAT || o->formats || i == 0)) {
			if (err)
				*err = *why;
			return r;
		}
		if (o->warn && r < 0 && format_applies(format_at(i), e->reference))
			o->warn(o->arg, "format-left-out", why->message);
		else if (o->warn && r == 0 && left_out->code != 0)
			o->warn(o->arg, "image-left-out", left_out->message);
		r = folder_take(folder, &e->results[i].folder, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int publish_emit(const struct snp_reference *reference, const struct snp_publish_options *o,
		 const bool wanted[static N_FORMATS], struct folder *folder, struct snp_error *err)
{
	struct emission *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return out_of_memory(err);
	e->reference = reference;
	e->wanted = wanted;
	threads_run(count_variants(reference) > FEW_VARIANTS ? MOST_FORMATS : 1, emit_formats, e);
	r = take_formats(e, o, folder, err);
	for (size_t i = 0; i < N_FORMATS; i++)
		folder_done(&e->results[i].folder);
	free(e);
	return r;
}

void old_done(struct old *old)
{
	snp_reference_free(old->reference);
	folder_done(&old->names);
}

static int read_old(const char *path, struct old *old, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *text = NULL;
	struct snp_error why;
	size_t size;
	int r = folder_read(path, SNP_REFERENCE_FILE, &text, &size, &why);

	if (r == 0)
		r = snp_reference_parse(SNP_REFERENCE_FILE, (struct snp_span){text, size},
					&old->reference, &why);
	if (r == 0)
		r = published_recall(old->reference, path, &why);
	/* A format that does not say it has written nothing. */
	for (size_t i = 0; r >= 0 && format_at(i); i++) {
		r = format_emit(format_at(i), old->reference, &old->names, NULL, &why);
		if (r < 0 && r != -SNP_E_NO_MEMORY)
			r = 0;
	}
	if (r == 0)
		r = golden_names(old->reference, &old->names, &why);
	if (r == 0)
		r = signed_names(&old->names, &why);
	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	return r < 0 ? fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
				 "already exists and has no valid " SNP_REFERENCE_FILE
				 " (%s); use a new folder or one that an earlier run wrote",
				 why.message)
		     : 0;
}

static int check_name(void *arg, const char *name, struct snp_error *err)
{
	const struct old *old = arg;
	bool is_folder = name[strlen(name) - 1] == '/';

	if (is_folder ? format_writes(name) : folder_has(&old->names, name))
		return 0;
	return fail_with(
		err, SNP_E_EXISTS, SNP_NO_OFFSET,
		"already exists and has '%s', which would be removed and is not one of the "
		"files that its " SNP_REFERENCE_FILE " stands for; use a new folder",
		name);
}

bool has_id_block(const struct snp_reference *reference, bool with_author)
{
	for (size_t i = 0; i < reference->n_images; i++)
		for (size_t k = 0; k < reference->images[i].n_variants; k++) {
			const struct snp_reference_variant *v = &reference->images[i].variants[k];
			struct snp_id_auth_info info;

			if (v->id_block &&
			    (!with_author ||
			     (snp_id_auth_decode(v->id_auth, &info, NULL) == 0 && info.has_author)))
				return true;
		}
	return false;
}

/* Readers rely on signatures: a folder must not lose them because a key was forgotten. */
static int check_signed(const char *path, const struct old *old, struct snp_error *err)
{
	const struct snp_publish_options *o = old->options;
	const char *lost = NULL;

	if (!o->key && is_signed(path))
		lost = "signatures";
	else if (!o->id_key && has_id_block(old->reference, false))
		lost = "ID blocks";
	else if (!o->author_key && has_id_block(old->reference, true))
		lost = "ID blocks with an author";
	else if (!o->endorsement_key && is_endorsed(old->reference, path))
		lost = "endorsements";
	if (!lost || (o->flags & SNP_PUBLISH_UNSIGNED))
		return 0;
	return fail_with(
		err, SNP_E_EXISTS, SNP_NO_OFFSET,
		"already exists and has %s, which would be lost; give the key for them, or use "
		"--unsigned",
		lost);
}

int publish_replaceable(void *arg, const char *path, struct snp_error *err)
{
	struct old *old = arg;
	int r = read_old(path, old, err);

	if (r < 0)
		return r;
	r = folder_each(path, check_name, old, err);
	return r < 0 ? r : check_signed(path, old, err);
}

int publish_check_count(const struct snp_reference *reference, struct snp_error *err)
{
	size_t n = count_variants(reference);

	if (n > SNP_MAX_BOUND_VARIANTS)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "%zu variants; with ID blocks, at most %u are allowed", n,
				 SNP_MAX_BOUND_VARIANTS);
	return 0;
}

int snp_publish(struct snp_reference *reference, const char *path,
		const struct snp_publish_options *options, struct snp_error *err)
{
	_cleanup_(endorser_freep) struct endorser *endorser = NULL;
	_cleanup_(folder_done) struct folder folder = {0};
	struct snp_publish_options o;
	_cleanup_(old_done) struct old old = {.options = &o};
	bool wanted[N_FORMATS] = {0};
	struct binding binding;
	int r = SIZED_TAKE(options, snp_publish_options, arg, &o, err);

	if (r < 0)
		return r;
	r = check_options(&o, wanted, err);
	if (r == 0)
		binding = (struct binding){o.id_key, o.author_key, .before = path,
					   .progress = o.progress, .progress_arg = o.progress_arg};
	if (r == 0 && o.id_key)
		r = publish_check_count(reference, err);
	if (r == 0 && o.endorsement_key)
		r = endorser_read(o.endorsement_key, o.endorsement_certificate, o.ask, o.ask_arg,
				  &endorser, err);
	if (r == 0 && o.id_key)
		r = publish_bind(reference, &binding, err);
	if (r == 0 && o.key && !reference->public_key)
		r = key_public_pem(o.key, &reference->public_key, err);
	if (r < 0)
		return r;
	r = publish_emit(reference, &o, wanted, &folder, err);
	if (r == 0 && o.key)
		r = folder_sign(&folder, o.key, NULL, path, err);
	if (r == 0 && endorser)
		r = golden_endorse(reference, endorser, path, &folder, err);
	if (r < 0)
		return r;
	r = folder_write(&folder, path, publish_replaceable, &old, err);
	for (size_t i = 0; r == 0 && o.written && i < folder.n_files; i++)
		o.written(o.arg, folder.files[i].name, folder.files[i].size);
	return r;
}
