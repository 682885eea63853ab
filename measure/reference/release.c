// SPDX-License-Identifier: Apache-2.0
#include <snp/publish.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/profile.h>

#include "launch/igvm.h"
#include "reference/compute.h"
#include "reference/image_read.h"
#include "reference/model.h"

#define MAX_MODELS   64
#define MAX_FEATURES 64
#define MAX_PROFILES 16

struct lists {
	enum snp_mode mode;
	bool counts[SNP_MAX_VCPUS + 1];
	size_t n_counts;
	struct {
		const char *name; /* "": signature alone */
		uint32_t signature;
	} models[MAX_MODELS];
	size_t n_models;
	uint64_t features[MAX_FEATURES];
	size_t n_features;
	const char *profiles[MAX_PROFILES];
	size_t n_profiles;
};

static int read_list(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	size_t n;
	int r = json_array(value, 1, field->max, &n, err);

	for (value = json_first(value); r == 0 && value; value = json_next(value))
		r = field->check(value, at, err);
	return r;
}

static int twice(const struct json_value *value, struct snp_error *err)
{
	return json_fail(value, err, SNP_E_JSON_VALUE, "listed twice");
}

/* A decimal number at `*text`, which is moved past it; 0 where there is none of 1 to SNP_MAX_VCPUS. */
static uint32_t take_count(const char **text)
{
	uint32_t count = 0;

	while (**text >= '0' && **text <= '9' && count <= SNP_MAX_VCPUS)
		count = 10 * count + (uint32_t)(*(*text)++ - '0');
	return count <= SNP_MAX_VCPUS ? count : 0;
}

static int read_counts(const struct json_value *value, void *at, struct snp_error *err)
{
	struct lists *lists = at;
	uint64_t first = 0, last = 0;
	const char *text;
	int r;

	if (json_is_string(value)) {
		r = json_string(value, &text, err);
		if (r < 0)
			return r;
		first = take_count(&text);
		last = *text++ == '-' ? take_count(&text) : 0;
		if (first == 0 || last < first || *text != '\0')
			return json_fail(value, err, SNP_E_JSON_VALUE,
					 "invalid range of vCPU counts; write it as \"4-64\", at "
					 "most %u",
					 SNP_MAX_VCPUS);
	} else {
		r = json_integer(value, 1, SNP_MAX_VCPUS, &first, err);
		if (r < 0)
			return r;
		last = first;
	}
	for (; first <= last; first++) {
		if (lists->counts[first])
			return twice(value, err);
		lists->counts[first] = true;
		lists->n_counts++;
	}
	return 0;
}

static int read_model(const struct json_value *value, void *at, struct snp_error *err)
{
	struct lists *lists = at;
	uint32_t signature;
	uint64_t word;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	if (text[0] == '0') {
		r = hex_u64(text, "cpu_model", &word, err);
		if (r == 0 && word > UINT32_MAX)
			r = fail_with(err, SNP_E_BAD_CPU_MODEL, SNP_NO_OFFSET,
				      "a CPU signature has at most 32 bits");
		signature = (uint32_t)word;
	} else {
		r = snp_cpu_model_find(text, &signature, err);
	}
	if (r < 0)
		return json_in(err, r, value);
	for (size_t i = 0; i < lists->n_models; i++)
		if (lists->models[i].signature == signature &&
		    (lists->models[i].name[0] == '\0' || text[0] == '0' ||
		     strcmp(lists->models[i].name, text) == 0))
			return twice(value, err);
	lists->models[lists->n_models].name = text[0] == '0' ? "" : text;
	lists->models[lists->n_models++].signature = signature;
	return 0;
}

static int read_feature(const struct json_value *value, void *at, struct snp_error *err)
{
	struct lists *lists = at;
	uint64_t word;
	int r = json_hex_u64(value, &word, err);

	if (r < 0)
		return r;
	r = mode_check_features(SNP_MODE_SNP, word, err);
	if (r < 0)
		return json_in(err, r, value);
	for (size_t i = 0; i < lists->n_features; i++)
		if (lists->features[i] == word)
			return twice(value, err);
	lists->features[lists->n_features++] = word;
	return 0;
}

static int read_profile(const struct json_value *value, void *at, struct snp_error *err)
{
	struct lists *lists = at;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	r = snp_profile_check(text, lists->mode, err);
	if (r < 0)
		return json_in(err, r, value);
	for (size_t i = 0; i < lists->n_profiles; i++)
		if (strcmp(lists->profiles[i], text) == 0)
			return twice(value, err);
	lists->profiles[lists->n_profiles++] = text;
	return 0;
}

static int add_defaults(struct lists *lists, const struct json_value *image, struct snp_error *err)
{
	if (lists->n_features == 0)
		lists->features[lists->n_features++] = snp_mode_default_features(SNP_MODE_SNP);
	if (lists->n_profiles == 0)
		lists->profiles[lists->n_profiles++] =
			lists->mode == SNP_MODE_SNP_IGVM ? "igvm-qemu-10" : "qemu";
	/* Whether an IGVM file needs a model is seen when it is read. */
	for (size_t i = 0; lists->mode == SNP_MODE_SNP && i < lists->n_profiles; i++)
		if (lists->n_models == 0 && snp_profile_uses_signature(lists->profiles[i]))
			return json_fail(image, err, SNP_E_JSON_MISSING_KEY,
					 "cpu_model is missing: under profile '%s' the digest "
					 "depends on it",
					 lists->profiles[i]);
	return 0;
}

/* Append one variant for each vCPU count. */
static void add_counts(const struct lists *lists, const struct snp_vcpus *like,
		       struct snp_reference_variant *variants, size_t *n)
{
	for (uint32_t count = 1; count <= SNP_MAX_VCPUS; count++) {
		if (!lists->counts[count])
			continue;
		variants[*n].vcpus = *like;
		variants[(*n)++].vcpus.count = count;
	}
}

static void add_profile(const struct lists *lists, const char *profile,
			struct snp_reference_variant *variants, size_t *n)
{
	bool by_model = snp_profile_uses_signature(profile) && lists->n_models > 0;
	size_t n_models = by_model ? lists->n_models : 1;
	struct snp_vcpus like = {0};

	snprintf(like.profile, sizeof(like.profile), "%s", profile);
	for (size_t m = 0; m < n_models; m++) {
		if (by_model) {
			like.signature = lists->models[m].signature;
			snprintf(like.model, sizeof(like.model), "%s", lists->models[m].name);
		}
		for (size_t f = 0; f < lists->n_features; f++) {
			like.features = lists->features[f];
			add_counts(lists, &like, variants, n);
		}
	}
}

int release_variants_read(const struct json_value *image, enum snp_mode mode,
			  struct snp_reference_variant **ret, size_t *ret_n, struct snp_error *err)
{
	static const struct field fields[] = {
		SECTION("vcpu_count", read_list, .required = true, .max = SNP_MAX_VCPUS,
			.check = read_counts),
		SECTION("cpu_model", read_list, .max = MAX_MODELS, .check = read_model),
		SECTION("guest_features", read_list, .max = MAX_FEATURES, .check = read_feature),
		SECTION("vmm_profile", read_list, .max = MAX_PROFILES, .check = read_profile),
		OTHER_KEYS,
	};
	_cleanup_(freep) struct lists *lists = calloc(1, sizeof(*lists));
	struct snp_reference_variant *variants;
	size_t most, n = 0;
	int r;

	if (!lists)
		return out_of_memory(err);
	lists->mode = mode;
	r = fields_read(image, fields, lists, err);
	if (r < 0)
		return r;
	r = add_defaults(lists, image, err);
	if (r < 0)
		return r;
	most = lists->n_counts * lists->n_features * lists->n_profiles *
	       (lists->n_models ? lists->n_models : 1);
	if (most > SNP_MAX_VARIANTS)
		return json_fail(image, err, SNP_E_TOO_LARGE, "%zu variants; must be at most %u",
				 most, SNP_MAX_VARIANTS);
	variants = calloc(most, sizeof(*variants));
	if (!variants)
		return out_of_memory(err);
	for (size_t i = 0; i < lists->n_profiles; i++)
		add_profile(lists, lists->profiles[i], variants, &n);
	variants_sort(variants, n);
	*ret = variants;
	*ret_n = n;
	return 0;
}

/* Of a file that the document names, the name that it is published by. */
static int read_file(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	char **ret = at;
	const char *text;
	int r = json_string(value, &text, err);

	(void)field;
	if (r < 0)
		return r;
	if (!is_plain_name(text) || text[strlen(text) - 1] == '/')
		return json_fail(value, err, SNP_E_JSON_VALUE, "not the name of a file");
	*ret = file_name(text);
	return *ret ? 0 : out_of_memory(err);
}

/* The utility VM is Microsoft's: nothing of it is launched here. */
static int check_container_group(const struct json_value *value, struct snp_reference_image *image,
				 struct snp_error *err)
{
	static const char *const others[] = {
		"firmware", "kernel",	  "initrd",    "igvm",		 "memory_size", "cmdline",
		"policy",   "vcpu_count", "cpu_model", "guest_features", "vmm_profile"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (json_get(value, others[i]))
			return json_fail(json_get(value, others[i]), err, SNP_E_JSON_VALUE,
					 "a container group has no %s: its security policy says "
					 "what runs",
					 others[i]);
	image->is_container_group = true;
	return 0;
}

/* An IGVM file brings its firmware, kernel and guest features. */
static int check_igvm(const struct json_value *value, const struct snp_reference_image *image,
		      struct snp_error *err)
{
	static const char *const others[] = {"firmware", "kernel", "initrd", "cmdline",
					     "guest_features"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (image->is_igvm && json_get(value, others[i]))
			return json_fail(json_get(value, others[i]), err, SNP_E_JSON_VALUE,
					 "an image with an IGVM file has no %s: it is in the file",
					 others[i]);
	if (!image->is_igvm && image->memory_size != 0)
		return json_fail(json_get(value, "memory_size"), err, SNP_E_JSON_VALUE,
				 "requires an IGVM file");
	return 0;
}

static int check_image(const struct json_value *value, void *at, struct snp_error *err)
{
	struct snp_reference_image *image = at;
	const struct json_value *firmware;
	const struct snp_tcb *turin;
	const struct json_value *boot = json_get(value, image->initrd.name ? "initrd" : "cmdline");
	int r;

	if (image->security_policy.name)
		return check_container_group(value, image, err);
	if (json_get(value, "maa_issuer"))
		return json_fail(json_get(value, "maa_issuer"), err, SNP_E_JSON_VALUE,
				 "requires a security_policy");
	r = check_igvm(value, image, err);
	if (r < 0)
		return r;
	if (!image->is_igvm && json_need(value, "firmware", &firmware, err) < 0)
		return -SNP_E_JSON_MISSING_KEY;
	if (boot && !image->kernel.name)
		return json_fail(boot, err, SNP_E_JSON_VALUE, "requires a kernel");
	if (image->kernel.name && !image->cmdline && !(image->cmdline = strdup("")))
		return out_of_memory(err);
	/* A verifier refuses every report of Turin by such a minimum. */
	turin = snp_reference_minimum_tcb(image, SNP_PRODUCT_TURIN);
	if (turin && !turin->has_fmc)
		return json_fail(json_get(json_get(value, "minimum_tcb"), "Turin"), err,
				 SNP_E_BAD_TCB,
				 "does not name the fmc level, which Turin has; fmc=0 accepts all");
	image->cmdline_is_template = image->cmdline && strstr(image->cmdline, VCPU_COUNT);
	if (image->policy == 0 && !image->is_igvm) /* none was given: this one is never valid */
		image->policy = SNP_POLICY_DEFAULT;
	r = template_check(image, err);
	if (r < 0)
		return json_in(err, r, json_get(value, "cmdline"));
	return release_variants_read(value, image->is_igvm ? SNP_MODE_SNP_IGVM : SNP_MODE_SNP,
				     &image->variants, &image->n_variants, err);
}

/* What a release pipeline wants to publish: images, and lists whose product is the variants. */
static const struct field image_fields[] = {
	IMAGE_FIELDS,
	FIELD("policy", field_policy, snp_reference_image, policy),
	FIELD("firmware", read_file, snp_reference_image, firmware.name),
	FIELD("igvm", read_file, snp_reference_image, firmware.name,
	      .has = HAS(snp_reference_image, is_igvm)),
	FIELD("memory_size", field_hex_u64, snp_reference_image, memory_size),
	FIELD("kernel", read_file, snp_reference_image, kernel.name),
	FIELD("initrd", read_file, snp_reference_image, initrd.name),
	FIELD("cmdline", field_copy, snp_reference_image, cmdline),
	FIELD("security_policy", read_file, snp_reference_image, security_policy.name),
	FIELD("maa_issuer", field_issuer, snp_reference_image, maa_issuer),
	SECTION("vcpu_count", field_skip), /* release_variants_read() reads these */
	SECTION("cpu_model", field_skip),
	SECTION("guest_features", field_skip),
	SECTION("vmm_profile", field_skip),
	{0},
};

static const struct field release_fields[] = {
	SCHEMA("snp-release/1"),
	FIELD_RELEASE,
	SECTION("defaults", field_skip), /* take_defaults() */
	FIELD_IMAGES(image_fields, check_image),
	{0},
};

/* What all images of a kind have in common, said once. Container groups and IGVM files say all of their own. */
static int take_defaults(struct json *document, struct snp_error *err)
{
	static const char *const not_default[] = {"name", "igvm", "memory_size", "security_policy",
						  "maa_issuer"};
	const struct json_value *defaults = json_get(json_root(document), "defaults");
	const struct json_value *images = json_get(json_root(document), "images");
	const char *keys[ARRAY_SIZE(image_fields)];
	size_t n = 0;
	int r;

	if (!defaults)
		return 0;
	for (const struct field *field = image_fields; field->key; field++) {
		bool fits = true;

		for (size_t i = 0; i < ARRAY_SIZE(not_default); i++)
			fits = fits && strcmp(field->key, not_default[i]) != 0;
		if (fits)
			keys[n++] = field->key;
	}
	keys[n] = NULL;
	r = json_object(defaults, keys, err);
	if (r < 0 || !images || !json_is_array(images))
		return r;
	for (const struct json_value *image = json_first(images); image; image = json_next(image))
		if (!json_get(image, "igvm") && !json_get(image, "security_policy"))
			json_inherit(document, image, defaults);
	return 0;
}

/* The path of a file that the document names, relative ones from the document's own folder. */
static int find_file(const struct json_value *image, const char *key, const char *document,
		     char **ret, struct snp_error *err)
{
	const struct json_value *value = json_get(image, key);
	const char *slash = strrchr(document, '/'), *text;
	int r = value ? json_string(value, &text, err) : 0;

	if (r < 0 || !value)
		return r;
	*ret = format_text("%.*s%s", text[0] == '/' || !slash ? 0 : (int)(slash - document) + 1,
			   document, text);
	return *ret ? 0 : out_of_memory(err);
}

/* True if the command line limits the vCPUs to one number, and there are variants of several counts. */
static bool fixes_vcpus(const struct snp_reference_image *image)
{
	static const char *const words[] = {"nr_cpus=", "maxcpus="};
	bool fixes = false, several = false;

	for (size_t i = 0; image->cmdline && i < ARRAY_SIZE(words); i++)
		for (const char *at = image->cmdline; (at = strstr(at, words[i])); at++)
			fixes = fixes || ((at == image->cmdline || at[-1] == ' ') &&
					  strncmp(at + strlen(words[i]), VCPU_COUNT,
						  strlen(VCPU_COUNT)) != 0);
	for (size_t i = 1; i < image->n_variants; i++)
		several =
			several || image->variants[i].vcpus.count != image->variants[0].vcpus.count;
	return fixes && several;
}

static int read_container_group(const struct json_value *value, const char *document,
				struct snp_reference_image *image, struct snp_error *err)
{
	_cleanup_(freep) char *path = NULL;
	int r = find_file(value, "security_policy", document, &path, err);

	return r < 0 ? r
		     : container_group_read(path, &image->security_policy, image->host_data, err);
}

/* The policy of the file: QEMU must be given the same, or an ID block in it would be refused. */
static int set_igvm_policy(const struct json_value *value, const struct snp_igvm *igvm,
			   struct snp_reference_image *image, struct snp_error *err)
{
	const struct snp_igvm_info *info = snp_igvm_info(igvm);
	uint64_t policy = image->policy ? image->policy : SNP_POLICY_DEFAULT;

	for (size_t i = 0; i < info->n_headers; i++)
		if (info->headers[i].type == SNP_IGVM_SUPPORTED_PLATFORM &&
		    info->headers[i].subtype == SNP_IGVM_SEV_SNP)
			(void)igvm_policy_of(info, info->headers[i].mask, &policy);
	if (image->policy != 0 && image->policy != policy)
		return json_fail(json_get(value, "policy"), err, SNP_E_JSON_VALUE,
				 "the IGVM file has guest policy 0x%" PRIx64, policy);
	image->policy = policy;
	return snp_policy_check(policy, err);
}

static int compute_image(const struct json_value *value, const char *document,
			 struct snp_reference_image *image, uint64_t *updates, snp_launch_warn warn,
			 void *arg, struct snp_error *err)
{
	_cleanup_(image_paths_done) struct image_paths paths = {0};
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	const struct {
		const char *key;
		char **path;
	} files[] = {
		{image->is_igvm ? "igvm" : "firmware", &paths.firmware},
		{"kernel", &paths.kernel},
		{"initrd", &paths.initrd},
	};
	int r = 0;

	if (image->is_container_group)
		return read_container_group(value, document, image, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = find_file(value, files[i].key, document, files[i].path, err);
	if (r < 0)
		return r;
	r = image_inputs_read(&paths, image->cmdline, image, &inputs, err);
	if (r == 0 && image->is_igvm)
		r = set_igvm_policy(value, inputs.igvm, image, err);
	if (r < 0)
		return r;
	inputs.memory_size = image->memory_size;
	inputs.policy = image->policy;
	if (warn && inputs.has_kernel)
		snp_kernel_warnings(image->kernel_hash_check.in_image, image->firmware.name,
				    &inputs.kernel, warn, arg);
	if (warn && fixes_vcpus(image))
		warn(arg, "fixed-vcpu-count",
		     "a command line with nr_cpus= or maxcpus= is published for several vCPU counts; "
		     "write {vcpu_count} for the number if it follows the count");
	inputs.image = image->cmdline_is_template ? image : NULL;
	return variants_compute(&inputs, image->variants, image->n_variants, updates, warn, arg,
				err);
}

int snp_release_read(const char *path, size_t most, snp_launch_warn warn, void *arg,
		     struct snp_reference **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	const struct json_value *value;
	size_t n_variants = 0;
	uint64_t updates = 0;
	int r = json_read(path, SNP_MAX_CONFIG, &document, err);

	if (r < 0)
		return r;
	reference = calloc(1, sizeof(*reference));
	if (!reference || !(reference->tool_name = strdup("snp-measure")) ||
	    !(reference->tool_version = strdup(SNP_VERSION)))
		return out_of_memory(err);
	reference->has_assumptions = true;
	r = take_defaults(document, err);
	if (r < 0)
		return r;
	r = fields_read(json_root(document), release_fields, reference, err);
	if (r < 0)
		return r;
	value = json_get(json_root(document), "images");
	for (size_t i = 0; i < reference->n_images; i++)
		n_variants += reference->images[i].n_variants;
	if (n_variants > most)
		return json_fail(value, err, SNP_E_TOO_LARGE, "%zu variants%s; must be at most %zu",
				 n_variants,
				 most <= SNP_MAX_BOUND_VARIANTS ? " with ID blocks" : "", most);
	value = json_first(value);
	for (size_t i = 0; r == 0 && i < reference->n_images; i++, value = json_next(value))
		r = compute_image(value, path, &reference->images[i], &updates, warn, arg, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(reference);
	return 0;
}
