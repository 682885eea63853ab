// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/profile.h>
#include <snp/sha.h>

#include "reference/image_read.h"
#include "reference/model.h"

DEFINE_CLEANUP(struct json *, json_free);

static int read_file(const struct json_value *inputs, const char *key, bool required,
		     struct snp_reference_file *ret, struct snp_error *err)
{
	static const char *const keys[] = {"name", "size", "sha256", NULL};
	static const char *const firmware_keys[] = {"name", "size", "sha256", "sha384", NULL};
	const struct json_value *object = json_get(inputs, key);
	int r;

	if (!object && !required)
		return 0;
	r = json_need(inputs, key, &object, err);
	if (r == 0)
		r = json_object(object, strcmp(key, "firmware") == 0 ? firmware_keys : keys, err);
	if (r == 0)
		r = field_name(object, "name", true, &ret->name, err);
	if (r == 0 && !is_file_name(ret->name))
		r = json_fail(json_get(object, "name"), err, SNP_E_JSON_VALUE,
			      "a path that leads nowhere else is right, such as "
			      "\"OVMF.fd\" or \"a/OVMF.fd\"");
	if (r == 0)
		r = json_need_integer(object, "size", 0, 1ull << 53, &ret->size, err);
	if (r == 0)
		r = json_need_hex(object, "sha256", ret->sha256, sizeof(ret->sha256), err);
	return r;
}

/* The text is the truth; its size and hash stand beside it for those who cannot hash. */
static int read_cmdline(const struct json_value *inputs, struct snp_reference_image *image,
			struct snp_error *err)
{
	static const char *const keys[] = {"text", "size", "sha256", NULL};
	const struct json_value *object = json_get(inputs, "cmdline");
	uint8_t stated[SNP_SHA256_SIZE], sha256[SNP_SHA256_SIZE];
	uint64_t size;
	int r;

	if (!object)
		return 0;
	r = json_object(object, keys, err);
	if (r == 0)
		r = field_string(object, "text", true, &image->cmdline, err);
	if (r == 0)
		r = json_need_integer(object, "size", 0, SNP_MAX_CMDLINE, &size, err);
	if (r == 0)
		r = json_need_hex(object, "sha256", stated, sizeof(stated), err);
	if (r == 0)
		r = sha256_of((struct snp_span){(const uint8_t *)image->cmdline,
						strlen(image->cmdline) + 1},
			      sha256, err);
	if (r < 0)
		return r;
	if (size != strlen(image->cmdline) || memcmp(stated, sha256, sizeof(sha256)) != 0)
		return json_fail(object, err, SNP_E_JSON_VALUE,
				 "size or sha256 is not that of the text and one NUL");
	return 0;
}

static int read_inputs(const struct json_value *object, struct snp_reference_image *image,
		       struct snp_error *err)
{
	static const char *const keys[] = {"firmware", "kernel", "initrd", "cmdline", NULL};
	const struct json_value *inputs;
	int r = json_need(object, "inputs", &inputs, err);

	if (r == 0)
		r = json_object(inputs, keys, err);
	if (r == 0)
		r = read_file(inputs, "firmware", true, &image->firmware, err);
	if (r == 0)
		r = json_need_hex(json_get(inputs, "firmware"), "sha384", image->firmware_sha384,
				  sizeof(image->firmware_sha384), err);
	if (r == 0)
		r = read_file(inputs, "kernel", false, &image->kernel, err);
	if (r == 0)
		r = read_file(inputs, "initrd", false, &image->initrd, err);
	if (r == 0)
		r = read_cmdline(inputs, image, err);
	if (r < 0)
		return r;
	if (!image->kernel.name != !image->cmdline || (image->initrd.name && !image->kernel.name))
		return json_fail(inputs, err, SNP_E_JSON_VALUE,
				 "kernel and cmdline stand together, an initrd with them only");
	return 0;
}

static int read_id_block(const struct json_value *object, const struct snp_reference_image *image,
			 struct snp_reference_variant *v, struct snp_error *err)
{
	const struct json_value *value = json_get(object, "id_block");
	struct snp_id_block block;
	struct snp_error inner;
	int r;

	if (!value && !json_get(object, "id_auth"))
		return 0;
	r = field_base64(object, "id_block", SNP_ID_BLOCK_SIZE, &v->id_block, err);
	if (r == 0)
		r = field_base64(object, "id_auth", SNP_ID_AUTH_SIZE, &v->id_auth, err);
	if (r < 0)
		return r;
	if (snp_id_block_decode(v->id_block, &block, &inner) < 0)
		return json_fail(value, err, inner.code, "%s", inner.message);
	if (memcmp(block.launch_digest, v->launch_digest, sizeof(block.launch_digest)) != 0 ||
	    block.policy != image->policy || block.guest_svn != image->guest_svn ||
	    memcmp(block.family_id, image->family_id, SNP_ID_SIZE) != 0 ||
	    memcmp(block.image_id, image->image_id, SNP_ID_SIZE) != 0)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "not the ID block of this variant: its digest, policy, ids or "
				 "svn are others");
	return 0;
}

/* Whoever looks a variant up by its model and whoever does by its signature must find the same. */
static int check_model(const struct json_value *signature, const struct snp_reference_variant *v,
		       struct snp_error *err)
{
	uint32_t known;

	if (!signature || v->vcpus.model[0] == '\0' ||
	    snp_cpu_model_find(v->vcpus.model, &known, NULL) < 0 || known == v->vcpus.signature)
		return 0;
	return json_fail(signature, err, SNP_E_JSON_VALUE,
			 "the signature of %s is 0x%" PRIx32 ", not 0x%" PRIx32, v->vcpus.model,
			 known, v->vcpus.signature);
}

static int read_variant(const struct json_value *object, const struct snp_reference_image *image,
			struct snp_reference_variant *v, struct snp_error *err)
{
	static const char *const keys[] = {"vmm_profile",   "vcpu_count",     "cpu_model",
					   "cpu_signature", "guest_features", "launch_digest",
					   "id_block",	    "id_auth",	      NULL};
	uint64_t count = 0, signature = 0;
	int r = json_object(object, keys, err);

	if (r == 0)
		r = field_name_into(object, "vmm_profile", true, v->vcpus.profile,
				    sizeof(v->vcpus.profile), err);
	if (r == 0)
		r = json_need_integer(object, "vcpu_count", 1, UINT32_MAX, &count, err);
	if (r == 0)
		r = field_name_into(object, "cpu_model", false, v->vcpus.model,
				    sizeof(v->vcpus.model), err);
	if (r == 0 && json_get(object, "cpu_signature"))
		r = json_need_hex_u64(object, "cpu_signature", UINT32_MAX, &signature, err);
	if (r == 0)
		r = json_need_hex_u64(object, "guest_features", UINT64_MAX, &v->vcpus.features,
				      err);
	if (r == 0)
		r = json_need_hex(object, "launch_digest", v->launch_digest,
				  sizeof(v->launch_digest), err);
	if (r < 0)
		return r;
	v->vcpus.count = (uint32_t)count;
	v->vcpus.signature = (uint32_t)signature;
	r = check_model(json_get(object, "cpu_signature"), v, err);
	return r < 0 ? r : read_id_block(object, image, v, err);
}

static int read_variants(const struct json_value *object, struct snp_reference_image *image,
			 struct snp_error *err)
{
	const struct json_value *array, *value;
	size_t n;
	int r = json_need_array(object, "variants", 1, SNP_MAX_VARIANTS, &array, &n, err);

	if (r < 0)
		return r;
	image->variants = calloc(n, sizeof(*image->variants));
	if (!image->variants)
		return out_of_memory(err);
	for (value = json_first(array); value; value = json_next(value)) {
		r = read_variant(value, image, &image->variants[image->n_variants++], err);
		if (r < 0)
			return r;
	}
	variants_sort(image->variants, image->n_variants);
	for (size_t i = 1; i < image->n_variants; i++)
		if (variant_compare(&image->variants[i - 1], &image->variants[i]) == 0)
			return json_fail(array, err, SNP_E_JSON_VALUE,
					 "two variants of one configuration");
	return 0;
}

static int read_image(const struct json_value *object, void *arg, struct snp_reference_image *image,
		      struct snp_error *err)
{
	static const char *const keys[] = {"name",	  "inputs",   "policy",
					   "family_id",	  "image_id", "guest_svn",
					   "minimum_tcb", "variants", NULL};
	const struct json_value *policy;
	int r = json_object(object, keys, err);

	(void)arg;
	if (r == 0)
		r = field_name(object, "name", true, &image->name, err);
	if (r == 0)
		r = read_inputs(object, image, err);
	if (r == 0)
		r = json_need(object, "policy", &policy, err);
	if (r == 0)
		r = image_identity_read(object, image, err);
	if (r == 0)
		r = read_variants(object, image, err);
	return r;
}

/* For people; their words are this program's and not kept. */
static int read_sentences(const struct json_value *root, const char *key, struct snp_error *err)
{
	const struct json_value *array, *value;
	const char *sentence;
	size_t n;
	int r = json_need_array(root, key, 0, 64, &array, &n, err);

	if (r < 0)
		return r;
	for (value = json_first(array); r == 0 && value; value = json_next(value))
		r = json_string(value, &sentence, err);
	return r;
}

static int read_head(const struct json_value *root, struct snp_reference *reference,
		     struct snp_error *err)
{
	static const char *const keys[] = {"schema",	  "tool",	 "timestamp", "images",
					   "assumptions", "not_covered", NULL};
	static const char *const tool_keys[] = {"name", "version", NULL};
	const struct json_value *tool, *timestamp = json_get(root, "timestamp");
	int r = json_object(root, keys, err);

	if (r == 0)
		r = json_need(root, "tool", &tool, err);
	if (r == 0)
		r = json_object(tool, tool_keys, err);
	if (r == 0)
		r = field_name(tool, "name", true, &reference->tool_name, err);
	if (r == 0)
		r = field_name(tool, "version", true, &reference->tool_version, err);
	if (r == 0 && timestamp)
		r = json_integer(timestamp, 0, 1ull << 53, &reference->timestamp, err);
	reference->has_timestamp = timestamp != NULL;
	reference->has_assumptions = json_get(root, "assumptions") != NULL;
	if (r == 0 && reference->has_assumptions)
		r = read_sentences(root, "assumptions", err);
	if (r == 0)
		r = read_sentences(root, "not_covered", err);
	return r;
}

static int read_document(const struct json *document, struct snp_reference **ret,
			 struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	int r = json_schema(document, MASTER_SCHEMA, err);

	if (r < 0)
		return r;
	reference = calloc(1, sizeof(*reference));
	if (!reference)
		return out_of_memory(err);
	r = read_head(json_root(document), reference, err);
	if (r == 0)
		r = images_read(json_root(document), read_image, NULL, reference, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(reference);
	return 0;
}

int snp_reference_parse(const char *name, struct snp_span text, struct snp_reference **ret,
			struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_parse(name, text, &document, err);

	return r < 0 ? r : read_document(document, ret, err);
}

int snp_reference_read(const char *path, struct snp_reference **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_read(path, SNP_MAX_DOCUMENT, &document, err);

	return r < 0 ? r : read_document(document, ret, err);
}
