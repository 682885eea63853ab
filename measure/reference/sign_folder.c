// SPDX-License-Identifier: Apache-2.0
#include <snp/sign_folder.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/fail.h>
#include <snp/json_out.h>
#include <snp/memory.h>

#include "identity/key.h"
#include "reference/golden.h"
#include "reference/model.h"
#include "reference/publish.h"
#include "reference/published.h"
#include "reference/sign.h"

#define MANIFEST_FILE	"manifest.json"
#define KEY_FILE	"public-key.pem"
#define ID_PUBLIC_FILE	"id-public-key.pem"
#define AUTHOR_KEY_FILE "author-public-key.pem"

void signing_keys_done(struct signing_keys *keys)
{
	snp_key_free(keys->key);
	snp_key_free(keys->id_key);
	snp_key_free(keys->author_key);
}

/* A published folder that has no signatures yet. */
struct unsigned_folder {
	struct snp_reference *reference;
	bool wanted[N_FORMATS]; /* the formats that are there */
};

static void unsigned_done(struct unsigned_folder *u)
{
	snp_reference_free(u->reference);
}

/* Refuse files that the master does not stand for: they would be replaced. */
static int compare(const struct folder *folder, const char *path, struct snp_error *err)
{
	for (size_t i = 0; i < folder->n_files; i++) {
		const struct folder_file *file = &folder->files[i];
		_cleanup_(freep) uint8_t *bytes = NULL;
		size_t size;
		int r = folder_read(path, file->name, &bytes, &size, err);

		if (r < 0)
			return r;
		if (size != file->size || memcmp(bytes, file->data, size) != 0)
			return fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
					 "%s is not as " SNP_REFERENCE_FILE
					 " says; publish the release again",
					 file->name);
	}
	return 0;
}

static int read_formats(struct unsigned_folder *u, const char *path, struct snp_error *err)
{
	for (size_t i = 0; format_at(i); i++) {
		_cleanup_(folder_done) struct folder folder = {0};
		int r;

		u->wanted[i] = i == 0 || format_is_there(format_at(i), path);
		if (!u->wanted[i])
			continue;
		r = format_emit(format_at(i), u->reference, &folder, NULL, err);
		if (r < 0)
			return r;
		r = compare(&folder, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_unsigned(const char *path, struct unsigned_folder *u, struct snp_error *err)
{
	_cleanup_(freep) char *name = format_text("%s/" SNP_REFERENCE_FILE, path);
	_cleanup_(freep) uint8_t *text = NULL;
	const char *has = NULL;
	size_t size;
	int r = name ? folder_read(path, SNP_REFERENCE_FILE, &text, &size, err)
		     : out_of_memory(err);

	if (r < 0)
		return r;
	r = snp_reference_parse(name, (struct snp_span){text, size}, &u->reference, err);
	if (r == 0)
		r = published_recall(u->reference, path, err);
	if (r < 0)
		return r;
	if (is_signed(path))
		has = "signatures";
	else if (is_endorsed(u->reference, path))
		has = "endorsements";
	r = has ? fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
			    "already has %s; only a folder without any can be signed", has)
		: read_formats(u, path, err);
	return in_file(err, r, path);
}

int to_sign_check(const char *path, const char *name, struct snp_span bytes, struct snp_error *err)
{
	_cleanup_(freep) char *file = format_text("%s/%s", path, name);
	_cleanup_(freep) uint8_t *found = NULL;
	size_t size;
	int r = file ? file_read(file, SNP_MAX_DOCUMENT + SNP_MAX_SMALL, &found, &size, err)
		     : out_of_memory(err);

	if (r < 0)
		return r;
	if (size != bytes.size || memcmp(found, bytes.data, size) != 0)
		return in_file(err,
			       fail_with(err, SNP_E_SIGNATURE, SNP_NO_OFFSET,
					 "is not what must be signed for this folder; it is for "
					 "another release, or was changed"),
			       file);
	return 0;
}

/* The manifest is for people and their programs. Nothing here reads it. */
static cJSON *manifest_add(struct json_out *out, cJSON *files, const char *file, const char *what,
			   const char *key_file, const struct snp_key *key)
{
	static const char *const algorithms[] = {
		[SNP_KEY_P256] = "ECDSA P-256 with SHA-256",
		[SNP_KEY_P384] = "ECDSA P-384 with SHA-384",
		[SNP_KEY_ED25519] = "Ed25519",
	};
	cJSON *object = json_out_object(out, files, NULL);
	_cleanup_(freep) char *signature = format_text("%s" SIGNATURE_SUFFIX, file);

	json_out_string(out, object, "file", file);
	json_out_string(out, object, "signature", signature ? signature : "");
	json_out_string(out, object, "what", what);
	json_out_string(out, object, "algorithm", algorithms[snp_key_kind(key)]);
	json_out_string(out, object, "public_key", key_file);
	return object;
}

static void manifest_add_block(struct json_out *out, cJSON *files, size_t n,
			       const struct snp_reference_image *image,
			       const struct snp_reference_variant *variant,
			       const struct snp_key *id_key)
{
	char file[ID_BLOCK_FILE_SIZE];
	cJSON *object;

	id_block_file(n, file);
	object = manifest_add(out, files, file, "ID block", ID_PUBLIC_FILE, id_key);
	json_out_string(out, object, "image", image->name);
	json_out_string(out, object, "vmm_profile", variant->vcpus.profile);
	json_out_integer(out, object, "vcpu_count", variant->vcpus.count);
	if (variant->vcpus.model[0] != '\0')
		json_out_string(out, object, "cpu_model", variant->vcpus.model);
	json_out_hex(out, object, "launch_digest", variant->launch_digest,
		     sizeof(variant->launch_digest));
}

/* All that is to be signed: the ID blocks, and `documents` (NULL: these are not known yet). */
static int add_manifest(const struct snp_reference *reference, const struct signing_keys *keys,
			const struct folder *documents, struct folder *ret, struct snp_error *err)
{
	struct json_out out;
	cJSON *files;
	size_t n = 0;

	json_out_init(&out, "snp-to-sign/1");
	files = json_out_array(&out, out.root, "files");
	if (keys->author_key)
		manifest_add(&out, files, ID_KEY_FILE, "ID key", AUTHOR_KEY_FILE, keys->author_key);
	for (size_t i = 0; keys->id_key && i < reference->n_images; i++)
		for (size_t k = 0; k < reference->images[i].n_variants; k++)
			manifest_add_block(&out, files, n++, &reference->images[i],
					   &reference->images[i].variants[k], keys->id_key);
	for (size_t i = 0; documents && i < documents->n_files; i++)
		manifest_add(&out, files, documents->files[i].name, "document", KEY_FILE,
			     keys->key);
	return folder_add_json(ret, MANIFEST_FILE, &out, err);
}

static int add_copy(struct folder *folder, const char *name, const uint8_t *bytes, size_t size,
		    struct snp_error *err)
{
	uint8_t *copy = malloc(size);

	if (!copy)
		return out_of_memory(err);
	memcpy(copy, bytes, size);
	return folder_add(folder, name, copy, size, err);
}

static int add_blocks(const struct snp_reference *reference, struct folder *folder,
		      struct snp_error *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < reference->n_images; i++)
		for (size_t k = 0; r == 0 && k < reference->images[i].n_variants; k++) {
			const struct snp_reference_image *image = &reference->images[i];
			uint8_t block[SNP_ID_BLOCK_SIZE];
			char file[ID_BLOCK_FILE_SIZE];

			variant_id_block(image, &image->variants[k], block);
			id_block_file(n++, file);
			r = add_copy(folder, file, block, sizeof(block), err);
		}
	return r;
}

/* The files of the public keys. */
static const struct {
	const char *name;
	size_t offset;
} key_files[] = {
	{KEY_FILE, offsetof(struct signing_keys, key)},
	{ID_PUBLIC_FILE, offsetof(struct signing_keys, id_key)},
	{AUTHOR_KEY_FILE, offsetof(struct signing_keys, author_key)},
};

static int add_keys(const struct signing_keys *keys, struct folder *folder, struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_files); i++) {
		const struct snp_key *key;
		char *pem;
		int r;

		memcpy(&key, (const char *)keys + key_files[i].offset, sizeof(key));
		if (!key)
			continue;
		r = key_public_pem(key, &pem, err);
		if (r < 0)
			return r;
		r = folder_add(folder, key_files[i].name, pem, strlen(pem), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_id_parts(const struct snp_reference *reference, const struct signing_keys *keys,
			struct folder *folder, struct snp_error *err)
{
	uint8_t public[SNP_KEY_SIZE];
	int r = add_blocks(reference, folder, err);

	if (r < 0 || !keys->author_key)
		return r;
	r = snp_id_key_public(keys->id_key, public, err);
	return r < 0 ? r : add_copy(folder, ID_KEY_FILE, public, sizeof(public), err);
}

static int read_keys(const char *path, struct signing_keys *keys, struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_files); i++) {
		_cleanup_(freep) char *file = format_text("%s/%s", path, key_files[i].name);
		struct snp_key *key = NULL;
		int r = 0;

		if (!file)
			return out_of_memory(err);
		if (!folder_lacks(path, key_files[i].name))
			r = snp_key_read_public(file, &key, err);
		if (r < 0)
			return r;
		memcpy((char *)keys + key_files[i].offset, &key, sizeof(key));
	}
	if (!keys->key && !keys->id_key)
		return in_file(err,
			       fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
					 "has neither " KEY_FILE " nor " ID_PUBLIC_FILE
					 "; give the folder that 'publish --to-sign' wrote"),
			       path);
	return 0;
}

/* All keys are of the right kind, and the folder has no ID blocks that theirs would replace. */
static int check_keys(const struct snp_reference *reference, const struct signing_keys *keys,
		      const char *published, struct snp_error *err)
{
	uint8_t public[SNP_KEY_SIZE];
	int r = 0;

	if (!keys->id_key)
		return 0;
	if (has_id_block(reference, false))
		return in_file(err,
			       fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
					 "already has ID blocks; only a folder without any can get "
					 "them"),
			       published);
	r = snp_id_key_public(keys->id_key, public, err);
	if (r == 0 && keys->author_key)
		r = snp_id_key_public(keys->author_key, public, err);
	if (r == 0 && keys->author_key)
		r = key_check_author(keys->id_key, keys->author_key, err);
	return r < 0 ? r : publish_check_count(reference, err);
}

/* Make the files of the folder, with the name of the document's key in them. */
static int emit(struct unsigned_folder *u, const struct snp_key *key,
		const struct sign_folder_options *options, struct folder *folder,
		struct snp_error *err)
{
	const struct snp_publish_options o = {
		.warn = options->warn, .arg = options->arg, .flags = SNP_PUBLISH_PARTIAL};
	struct snp_reference *reference = u->reference;

	if (key) {
		char *pem;
		int r = key_public_pem(key, &pem, err);

		if (r < 0)
			return r;
		free(reference->public_key);
		reference->public_key = pem;
	}
	return publish_emit(reference, &o, u->wanted, folder, err);
}

static int must_not_exist(void *arg, const char *path, struct snp_error *err)
{
	(void)arg;
	(void)path;
	return fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET, "already exists; use a new name");
}

/* The documents as they are to be signed, also in `folder`. */
static int add_documents(struct unsigned_folder *u, const struct snp_key *key,
			 struct folder *documents, struct folder *folder, struct snp_error *err)
{
	_cleanup_(folder_done) struct folder published = {0};
	const struct sign_folder_options quiet = {0};
	int r = emit(u, key, &quiet, &published, err);

	if (r < 0)
		return r;
	r = folder_to_sign(&published, key, documents, err);
	for (size_t i = 0; r == 0 && i < documents->n_files; i++)
		r = add_copy(folder, documents->files[i].name, documents->files[i].data,
			     documents->files[i].size, err);
	return r;
}

int to_sign_write(const char *path, const char *published, const struct signing_keys *keys,
		  struct snp_error *err)
{
	_cleanup_(unsigned_done) struct unsigned_folder u = {0};
	_cleanup_(folder_done) struct folder folder = {0}, documents = {0};
	int r = read_unsigned(published, &u, err);

	if (r < 0)
		return r;
	r = check_keys(u.reference, keys, published, err);
	if (r < 0)
		return r;
	r = keys->id_key ? add_id_parts(u.reference, keys, &folder, err)
			 : add_documents(&u, keys->key, &documents, &folder, err);
	if (r < 0)
		return r;
	r = add_keys(keys, &folder, err);
	if (r < 0)
		return r;
	r = add_manifest(u.reference, keys, &documents, &folder, err);
	return r < 0 ? r : folder_write(&folder, path, must_not_exist, NULL, err);
}

/* Put the documents, and a manifest that has them, into the folder of signatures: all or none. */
static int write_documents(const char *path, const struct snp_reference *reference,
			   const struct signing_keys *keys, struct folder *documents,
			   struct snp_error *err)
{
	enum {
		MOST = 8
	};
	struct output outputs[MOST];
	char *paths[MOST] = {0};
	size_t n = 0;
	int r = add_manifest(reference, keys, documents, documents, err);

	for (; r == 0 && n < documents->n_files && n < MOST; n++) {
		const struct folder_file *file = &documents->files[n];

		paths[n] = format_text("%s/%s", path, file->name);
		if (!paths[n])
			r = out_of_memory(err);
		outputs[n] = (struct output){paths[n], {file->data, file->size}};
	}
	if (r == 0)
		r = files_write(outputs, n, 0644, true, err);
	for (size_t i = 0; i < MOST; i++)
		free(paths[i]);
	return r;
}

/* See whether the documents were given out to be signed, as they are now; if not, do so. */
static int give_out(struct unsigned_folder *u, const struct folder *folder, const char *signatures,
		    const struct signing_keys *keys, bool *ret_given, struct snp_error *err)
{
	_cleanup_(folder_done) struct folder documents = {0};
	bool lacks = false;
	int r = folder_to_sign(folder, keys->key, &documents, err);

	for (size_t i = 0; r == 0 && i < documents.n_files; i++) {
		const struct folder_file *file = &documents.files[i];

		if (folder_lacks(signatures, file->name))
			lacks = true;
		else
			r = to_sign_check(signatures, file->name,
					  (struct snp_span){file->data, file->size}, err);
	}
	if (r == 0 && lacks)
		r = write_documents(signatures, u->reference, keys, &documents, err);
	*ret_given = !lacks;
	return r;
}

static int write_signed(const struct folder *folder, const char *path,
			const struct sign_folder_options *options, struct snp_error *err)
{
	/* What it has is kept, and signatures it has none: nothing of it is lost. */
	const struct snp_publish_options o = {.flags = SNP_PUBLISH_UNSIGNED};
	_cleanup_(old_done) struct old old = {.options = &o};
	int r = folder_write(folder, path, publish_replaceable, &old, err);

	for (size_t i = 0; r == 0 && options->written && i < folder->n_files; i++)
		options->written(options->arg, folder->files[i].name, folder->files[i].size);
	return r;
}

static int bind(struct unsigned_folder *u, const struct signing_keys *keys, const char *path,
		const struct sign_folder_options *options, struct snp_error *err)
{
	struct binding binding = {keys->id_key,
				  keys->author_key,
				  .signatures = options->signatures,
				  .before = path,
				  .progress = options->progress,
				  .progress_arg = options->progress_arg};

	return publish_bind(u->reference, &binding, err);
}

int sign_folder(const char *path, const struct sign_folder_options *options, bool *ret_signed,
		struct snp_error *err)
{
	_cleanup_(unsigned_done) struct unsigned_folder u = {0};
	_cleanup_(folder_done) struct folder folder = {0};
	_cleanup_(signing_keys_done) struct signing_keys keys = {0};
	const struct snp_key *key;
	bool given = true;
	int r = options->signatures ? read_keys(options->signatures, &keys, err) : 0;

	if (r < 0)
		return r;
	r = read_unsigned(path, &u, err);
	if (r < 0)
		return r;
	r = check_keys(u.reference, &keys, path, err);
	if (r == 0 && keys.id_key)
		r = bind(&u, &keys, path, options, err);
	if (r < 0)
		return r;
	key = options->signatures ? keys.key : options->key;
	r = emit(&u, key, options, &folder, err);
	if (r == 0 && keys.key)
		r = give_out(&u, &folder, options->signatures, &keys, &given, err);
	if (r == 0 && key && given)
		r = folder_sign(&folder, key, options->signatures, path, err);
	if (r == 0 && given)
		r = write_signed(&folder, path, options, err);
	if (r < 0)
		return r;
	*ret_signed = given;
	return 0;
}
