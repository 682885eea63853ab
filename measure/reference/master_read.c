// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/profile.h>
#include <snp/sha.h>

#include "reference/image_read.h"
#include "reference/model.h"

static int read_file_name(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	const char *const *name = at;
	int r = field_name(value, field, at, err);

	if (r < 0 || is_file_name(*name))
		return r;
	return json_fail(value, err, SNP_E_JSON_VALUE,
			 "must be a relative path without \".\" and \"..\", such as \"OVMF.fd\" or "
			 "\"a/OVMF.fd\"");
}

static int read_base64(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = malloc(field->max);
	uint8_t **ret = at;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	if (!bytes)
		return out_of_memory(err);
	r = base64_decode(text, field->key, bytes, field->max, err);
	if (r < 0)
		return json_in(err, r, value);
	*ret = TAKE_PTR(bytes);
	return 0;
}

/* The text is what counts; its size and hash are there for those who cannot hash. A template has them in each
 * variant. */
static int read_cmdline(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	struct cmdline {
		char *text;
		uint64_t size;
		uint8_t sha256[SNP_SHA256_SIZE];
	} found = {0};
	static const struct field fields[] = {
		FIELD("text", field_copy, cmdline, text, .required = true),
		FIELD("size", field_u64, cmdline, size, .required = true, .max = SNP_MAX_CMDLINE),
		FIELD("sha256", field_hex, cmdline, sha256, .required = true),
		{0},
	};
	static const struct field template_fields[] = {
		FIELD("template", field_copy, cmdline, text, .required = true),
		{0},
	};
	struct snp_reference_image *image = at;
	uint8_t sha256[SNP_SHA256_SIZE];
	struct snp_span bytes;
	int r;

	(void)field;
	image->cmdline_is_template = json_get(value, "template") != NULL;
	r = fields_read(value, image->cmdline_is_template ? template_fields : fields, &found, err);
	image->cmdline = found.text;
	if (r < 0 || image->cmdline_is_template)
		return r;
	bytes = (struct snp_span){(const uint8_t *)found.text, strlen(found.text) + 1};
	r = sha256_of(bytes, sha256, err);
	if (r == 0 &&
	    (found.size != bytes.size - 1 || memcmp(found.sha256, sha256, sizeof(sha256)) != 0))
		r = json_fail(value, err, SNP_E_JSON_VALUE,
			      "size or sha256 is not that of the text and one NUL");
	return r;
}

/* Each variant of an image with a template, and no other, says its command line's hash. */
static int check_cmdline(const struct json_value *variant, const struct snp_reference_image *image,
			 const struct snp_reference_variant *v, struct snp_error *err)
{
	uint8_t expected[SNP_SHA256_SIZE];
	char hex[2 * SNP_SHA256_SIZE + 1];
	const struct json_value *value = json_get(variant, "cmdline_sha256");
	const char *text;
	int r;

	if (!value && !image->cmdline_is_template)
		return 0;
	if (!image->cmdline_is_template)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "requires a template as command line");
	r = json_need(variant, "cmdline_sha256", &value, err);
	if (r < 0)
		return r;
	r = json_string(value, &text, err);
	if (r < 0)
		return r;
	r = variant_cmdline_sha256(image, v, expected, err);
	if (r < 0)
		return r;
	hex_encode(expected, sizeof(expected), hex);
	return strcmp(text, hex) == 0
		       ? 0
		       : json_fail(value, err, SNP_E_JSON_VALUE,
				   "not the hash of the template with this vcpu_count and one NUL");
}

static int check_inputs(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct snp_reference_image *image = at;

	if (!image->kernel.name == !image->cmdline && (!image->initrd.name || image->kernel.name))
		return 0;
	return json_fail(value, err, SNP_E_JSON_VALUE,
			 "kernel and cmdline require each other, and an initrd requires both");
}

/* A variant must be found both by its model and by its signature. */
static int check_model(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct json_value *signature = json_get(value, "cpu_signature");
	const struct snp_vcpus *vcpus = &((struct snp_reference_variant *)at)->vcpus;
	uint32_t known;

	if (!signature || vcpus->model[0] == '\0' ||
	    snp_cpu_model_find(vcpus->model, &known, NULL) < 0 || known == vcpus->signature)
		return 0;
	return json_fail(signature, err, SNP_E_JSON_VALUE,
			 "the signature of %s is 0x%" PRIx32 ", not 0x%" PRIx32, vcpus->model,
			 known, vcpus->signature);
}

static int check_id_block(const struct json_value *variant, const struct snp_reference_image *image,
			  const struct snp_reference_variant *v, struct snp_error *err)
{
	const struct json_value *value;
	struct snp_id_block block;
	int r;

	if (!v->id_block && !v->id_auth)
		return 0;
	r = json_need(variant, v->id_block ? "id_auth" : "id_block", &value, err);
	if (r < 0)
		return r;
	value = json_get(variant, "id_block");
	r = snp_id_block_decode(v->id_block, &block, err);
	if (r < 0)
		return json_in(err, r, value);
	if (memcmp(block.launch_digest, v->launch_digest, sizeof(block.launch_digest)) != 0 ||
	    block.policy != image->policy || block.guest_svn != image->guest_svn ||
	    memcmp(block.family_id, image->family_id, SNP_ID_SIZE) != 0 ||
	    memcmp(block.image_id, image->image_id, SNP_ID_SIZE) != 0)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "the digest, policy, ids or svn of this ID block are not those of "
				 "its variant");
	return 0;
}

static int check_image(const struct json_value *value, void *at, struct snp_error *err)
{
	struct snp_reference_image *image = at;
	const struct json_value *variants = json_get(value, "variants");
	size_t i = 0;
	int r = template_check(image, err);

	if (r < 0)
		return json_in(err, r, json_get(json_get(value, "inputs"), "cmdline"));
	for (const struct json_value *v = json_first(variants); v; v = json_next(v)) {
		r = check_id_block(v, image, &image->variants[i], err);
		if (r == 0)
			r = check_cmdline(v, image, &image->variants[i++], err);
		if (r < 0)
			return r;
	}
	variants_sort(image->variants, image->n_variants);
	for (i = 1; i < image->n_variants; i++)
		if (variant_compare(&image->variants[i - 1], &image->variants[i]) == 0)
			return json_fail(variants, err, SNP_E_JSON_VALUE,
					 "two variants have the same configuration");
	return 0;
}

/* For people; this program writes its own words, so those of the document are not kept. */
static int read_sentences(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	const char *sentence;
	size_t n;
	int r = json_array(value, 0, 64, &n, err);

	(void)field;
	(void)at;
	for (value = json_first(value); r == 0 && value; value = json_next(value))
		r = json_string(value, &sentence, err);
	return r;
}

#define FILE_FIELDS(file)                                                                   \
	FIELD("name", read_file_name, snp_reference_image, file.name, .required = true),    \
		FIELD("size", field_u64, snp_reference_image, file.size, .required = true), \
		FIELD("sha256", field_hex, snp_reference_image, file.sha256, .required = true)

static const struct field firmware_fields[] = {
	FILE_FIELDS(firmware),
	FIELD("sha384", field_hex, snp_reference_image, firmware_sha384, .required = true),
	{0},
};
static const struct field kernel_fields[] = {FILE_FIELDS(kernel), {0}};
static const struct field initrd_fields[] = {FILE_FIELDS(initrd), {0}};

static const struct field security_policy_fields[] = {FILE_FIELDS(security_policy), {0}};

static const struct field input_3_fields[] = {
	FIELD_OBJECT("firmware", firmware_fields),
	FIELD_OBJECT("igvm", firmware_fields, .has = HAS(snp_reference_image, is_igvm)),
	FIELD_OBJECT("kernel", kernel_fields),
	FIELD_OBJECT("initrd", initrd_fields),
	FIELD_OBJECT("security_policy", security_policy_fields),
	SECTION("cmdline", read_cmdline),
	{0},
};

static const struct field input_fields[] = {
	FIELD_OBJECT("firmware", firmware_fields, .required = true),
	FIELD_OBJECT("kernel", kernel_fields),
	FIELD_OBJECT("initrd", initrd_fields),
	SECTION("cmdline", read_cmdline),
	{0},
};

#define VCPUS(name, reader, member, ...) \
	FIELD(name, reader, snp_reference_variant, vcpus.member, __VA_ARGS__)
static const struct field variant_fields[] = {
	VCPUS("vmm_profile", field_name_chars, profile, .required = true),
	VCPUS("vcpu_count", field_u32, count, .required = true, .min = 1),
	VCPUS("cpu_model", field_name_chars, model, .required = false),
	VCPUS("cpu_signature", field_hex_u32, signature, .required = false),
	VCPUS("guest_features", field_hex_u64, features, .required = true),
	FIELD("launch_digest", field_hex, snp_reference_variant, launch_digest, .required = true),
	SECTION("cmdline_sha256", field_skip), /* check_cmdline() reads it */
	FIELD("id_block", read_base64, snp_reference_variant, id_block, .max = SNP_ID_BLOCK_SIZE),
	FIELD("id_auth", read_base64, snp_reference_variant, id_auth, .max = SNP_ID_AUTH_SIZE),
	{0},
};

static const struct field image_fields[] = {
	IMAGE_FIELDS,
	FIELD_OBJECT("inputs", input_fields, .required = true, .check = check_inputs),
	FIELD("policy", field_policy, snp_reference_image, policy, .required = true),
	FIELD("kernel_hash_check", field_object, snp_reference_image, kernel_hash_check,
	      .fields = hash_check_fields,
	      .has = HAS(snp_reference_image, kernel_hash_check.is_known)),
	FIELD_ARRAY("variants", variant_fields, snp_reference_image, variants, n_variants,
		    .required = true, .min = 1, .max = SNP_MAX_DOCUMENT / 128, /* more do not fit */
		    .check = check_model),
	{0},
};

/* An IGVM file is in place of firmware, and brings its kernel. */
static int check_igvm(const struct json_value *value, const struct snp_reference_image *image,
		      struct snp_error *err)
{
	const struct json_value *inputs = json_get(value, "inputs");

	if (image->is_igvm && (json_get(inputs, "firmware") || image->kernel.name ||
			       json_get(value, "kernel_hash_check")))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "an image with an IGVM file has no firmware or kernel beside it");
	if (!image->is_igvm && image->memory_size != 0)
		return json_fail(json_get(value, "memory_size"), err, SNP_E_JSON_VALUE,
				 "requires an IGVM file");
	return 0;
}

/* With container groups and IGVM files: an image of each kind has what is its own, and nothing of the others'. */
static int check_image_3(const struct json_value *value, void *at, struct snp_error *err)
{
	struct snp_reference_image *image = at;
	const struct json_value *inputs = json_get(value, "inputs"), *needed;
	int r = check_igvm(value, image, err);

	if (r < 0)
		return r;
	image->is_container_group = image->security_policy.name != NULL;
	if (image->is_container_group &&
	    (image->firmware.name || image->kernel.name || image->n_variants > 0 ||
	     json_get(value, "policy") || json_get(value, "kernel_hash_check")))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "a container group has no firmware, kernel, policy or variants");
	if (image->is_container_group)
		return json_need(value, "host_data", &needed, err);
	r = image->is_igvm ? 0 : json_need(inputs, "firmware", &needed, err);
	if (r < 0)
		return r;
	r = json_need(value, "policy", &needed, err);
	if (r < 0)
		return r;
	if (image->n_variants == 0 || json_get(value, "host_data") || image->maa_issuer)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "an image has variants; host_data and maa_issuer are of container "
				 "groups");
	return check_image(value, at, err);
}

static const struct field image_3_fields[] = {
	IMAGE_FIELDS,
	FIELD_OBJECT("inputs", input_3_fields, .required = true, .check = check_inputs),
	FIELD("policy", field_policy, snp_reference_image, policy),
	FIELD("memory_size", field_hex_u64, snp_reference_image, memory_size),
	FIELD("host_data", field_hex, snp_reference_image, host_data),
	FIELD("maa_issuer", field_issuer, snp_reference_image, maa_issuer),
	FIELD("kernel_hash_check", field_object, snp_reference_image, kernel_hash_check,
	      .fields = hash_check_fields,
	      .has = HAS(snp_reference_image, kernel_hash_check.is_known)),
	FIELD_ARRAY("variants", variant_fields, snp_reference_image, variants, n_variants,
		    .required = true, .max = SNP_MAX_DOCUMENT / 128, .check = check_model),
	{0},
};

static const struct field tool_fields[] = {
	FIELD("name", field_name, snp_reference, tool_name, .required = true),
	FIELD("version", field_name, snp_reference, tool_version, .required = true),
	{0},
};

/* clang-format off */
#define MASTER_FIELDS(number, image, check)                                                  \
	SCHEMA(number), FIELD_OBJECT("tool", tool_fields, .required = true),                 \
		FIELD("timestamp", field_u64, snp_reference, timestamp,                      \
		      .has = HAS(snp_reference, has_timestamp)),                             \
		FIELD_IMAGES(image, check),                                                  \
		SECTION("assumptions", read_sentences, .has = HAS(snp_reference, has_assumptions)), \
		SECTION("not_covered", read_sentences, .required = true)
/* clang-format on */
static const struct field master_fields[] = {
	MASTER_FIELDS(MASTER_SCHEMA, image_fields, check_image), {0}};
static const struct field master_2_fields[] = {
	MASTER_FIELDS(MASTER_SCHEMA_2, image_fields, check_image), {0}};

/* "keys" of a named release. The sentence beside them is this program's own. */
static const struct field key_fields[] = {
	FIELD("public_key", field_copy, snp_reference, public_key),
	FIELD("id_key_digest", field_hex, snp_reference, id_keys.id_key_digest,
	      .has = HAS(snp_reference, has_id_keys)),
	FIELD("author_key_digest", field_hex, snp_reference, id_keys.author_key_digest,
	      .has = HAS(snp_reference, id_keys.has_author)),
	SECTION("note", field_skip),
	{0},
};

static const struct field master_3_fields[] = {
	MASTER_FIELDS(MASTER_SCHEMA_3, image_3_fields, check_image_3),
	FIELD_RELEASE,
	FIELD_OBJECT("keys", key_fields),
	{0}};

/* A document must not name other keys than those that its ID auths hold. */
static int check_id_keys(const struct json *document, const struct snp_reference *reference,
			 struct snp_error *err)
{
	const struct json_value *keys = json_get(json_root(document), "keys");
	struct snp_id_auth_info info;
	int r = 0;

	for (size_t i = 0; reference->has_id_keys && i < reference->n_images; i++)
		for (size_t k = 0; r == 0 && k < reference->images[i].n_variants; k++) {
			const struct snp_reference_variant *v = &reference->images[i].variants[k];

			r = v->id_auth ? snp_id_auth_decode(v->id_auth, &info, err) : 0;
			if (r == 0 &&
			    (!v->id_auth || memcmp(&info, &reference->id_keys, sizeof(info)) != 0))
				r = fail_with(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET,
					      "not the keys of the ID auths");
		}
	if (keys && !reference->has_release)
		r = fail_with(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET, "requires a release");
	return json_in(err, r, keys);
}

static int read_document(const struct json *document, struct snp_reference **ret,
			 struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference =
		calloc(1, sizeof(*reference));
	bool second = json_schema(document, MASTER_SCHEMA_2, NULL) == 0;
	bool third = json_schema(document, MASTER_SCHEMA_3, NULL) == 0;
	const char *needed;
	int r;

	if (!reference)
		return out_of_memory(err);
	r = fields_read(json_root(document),
			third	 ? master_3_fields
			: second ? master_2_fields
				 : master_fields,
			reference, err);
	if (r < 0)
		return r;
	r = check_id_keys(document, reference, err);
	if (r < 0)
		return r;
	needed = master_schema(reference);
	if (!second && !third && strcmp(needed, MASTER_SCHEMA) != 0)
		return json_fail(json_root(document), err, SNP_E_JSON_SCHEMA,
				 "a template as command line, and kernel_hash_check, require %s",
				 needed);
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
	_cleanup_(freep) char *file = document_path(path, SNP_REFERENCE_FILE);
	int r = file ? json_read(file, SNP_MAX_DOCUMENT, &document, err) : out_of_memory(err);

	return r < 0 ? r : read_document(document, ret, err);
}
