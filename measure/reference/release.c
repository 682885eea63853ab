// SPDX-License-Identifier: Apache-2.0
#include <snp/publish.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/policy.h>
#include <snp/profile.h>

#include "reference/compute.h"
#include "reference/image_read.h"
#include "reference/model.h"

DEFINE_CLEANUP(struct json *, json_free);

#define MAX_MODELS   64
#define MAX_FEATURES 64
#define MAX_PROFILES 16

struct lists {
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

typedef int (*read_member)(const struct json_value *value, struct lists *lists,
			   struct snp_error *err);

static int read_list(const struct json_value *image, const char *key, bool required, size_t max,
		     read_member read, struct lists *lists, struct snp_error *err)
{
	const struct json_value *array, *value;
	size_t n;
	int r;

	if (!required && !json_get(image, key))
		return 0;
	r = json_need_array(image, key, 1, max, &array, &n, err);
	if (r < 0)
		return r;
	for (value = json_first(array); r == 0 && value; value = json_next(value))
		r = read(value, lists, err);
	return r;
}

static int twice(const struct json_value *value, struct snp_error *err)
{
	return json_fail(value, err, SNP_E_JSON_VALUE, "stands in this list twice");
}

/* A decimal number at `*text`, which is moved past it; 0 where there is none of 1 to SNP_MAX_VCPUS. */
static uint32_t take_count(const char **text)
{
	uint32_t count = 0;

	while (**text >= '0' && **text <= '9' && count <= SNP_MAX_VCPUS)
		count = 10 * count + (uint32_t)(*(*text)++ - '0');
	return count <= SNP_MAX_VCPUS ? count : 0;
}

static int read_counts(const struct json_value *value, struct lists *lists, struct snp_error *err)
{
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
			return json_fail(
				value, err, SNP_E_JSON_VALUE,
				"no range of vCPU counts; write it as \"4-64\", at most %u",
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

static int read_model(const struct json_value *value, struct lists *lists, struct snp_error *err)
{
	struct snp_error inner;
	uint32_t signature;
	uint64_t word;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	if (text[0] == '0') {
		r = hex_u64(text, "cpu_model", &word, &inner);
		if (r == 0 && word > UINT32_MAX)
			r = fail_with(&inner, SNP_E_BAD_CPU_MODEL, SNP_NO_OFFSET,
				      "a CPU signature has 32 bits");
		signature = (uint32_t)word;
	} else {
		r = snp_cpu_model_find(text, &signature, &inner);
	}
	if (r < 0)
		return json_fail(value, err, inner.code, "%s", inner.message);
	for (size_t i = 0; i < lists->n_models; i++)
		if (lists->models[i].signature == signature &&
		    (lists->models[i].name[0] == '\0' || text[0] == '0' ||
		     strcmp(lists->models[i].name, text) == 0))
			return twice(value, err);
	lists->models[lists->n_models].name = text[0] == '0' ? "" : text;
	lists->models[lists->n_models++].signature = signature;
	return 0;
}

static int read_feature(const struct json_value *value, struct lists *lists, struct snp_error *err)
{
	uint64_t word;
	struct snp_error inner;
	int r = json_hex_u64(value, &word, err);

	if (r < 0)
		return r;
	r = snp_mode_check_features(SNP_MODE_SNP, word, &inner);
	if (r < 0)
		return json_fail(value, err, inner.code, "%s", inner.message);
	for (size_t i = 0; i < lists->n_features; i++)
		if (lists->features[i] == word)
			return twice(value, err);
	lists->features[lists->n_features++] = word;
	return 0;
}

static int read_profile(const struct json_value *value, struct lists *lists, struct snp_error *err)
{
	struct snp_error inner;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	r = snp_profile_check(text, SNP_MODE_SNP, &inner);
	if (r < 0)
		return json_fail(value, err, inner.code, "%s", inner.message);
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
		lists->profiles[lists->n_profiles++] = "qemu";
	for (size_t i = 0; i < lists->n_profiles; i++)
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
	bool by_model = snp_profile_uses_signature(profile);
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

int release_variants_read(const struct json_value *image, struct snp_reference_variant **ret,
			  size_t *ret_n, struct snp_error *err)
{
	_cleanup_(freep) struct lists *lists = calloc(1, sizeof(*lists));
	size_t most;
	int r;

	if (!lists)
		return out_of_memory(err);
	r = read_list(image, "vcpu_count", true, SNP_MAX_VCPUS, read_counts, lists, err);
	if (r == 0)
		r = read_list(image, "cpu_model", false, MAX_MODELS, read_model, lists, err);
	if (r == 0)
		r = read_list(image, "guest_features", false, MAX_FEATURES, read_feature, lists,
			      err);
	if (r == 0)
		r = read_list(image, "vmm_profile", false, MAX_PROFILES, read_profile, lists, err);
	if (r == 0)
		r = add_defaults(lists, image, err);
	if (r < 0)
		return r;
	most = lists->n_counts * lists->n_features * lists->n_profiles *
	       (lists->n_models ? lists->n_models : 1);
	if (most > SNP_MAX_VARIANTS)
		return json_fail(image, err, SNP_E_TOO_LARGE,
				 "%zu variants, where at most %u are right", most,
				 SNP_MAX_VARIANTS);
	*ret = calloc(most, sizeof(**ret));
	if (!*ret)
		return out_of_memory(err);
	for (size_t i = 0; i < lists->n_profiles; i++)
		add_profile(lists, lists->profiles[i], *ret, ret_n);
	variants_sort(*ret, *ret_n);
	return 0;
}

/*
 * release.json: what a release pipeline wants to be published. Its images name files, relative to the folder
 * of the document, and lists of vCPU counts, CPU models, guest features and VMM profiles. The variants are
 * the product of the lists.
 */

/* What a release is read with. */
struct reading {
	const char *document; /* its path */
	snp_launch_warn warn;
	void *arg;
};

/* The path of a file that the document names, relative ones from the document's own folder, and the name that
 * it is published by. */
static int read_path(const struct json_value *object, const char *key, bool required,
		     const char *document, char **ret, char **ret_name, struct snp_error *err)
{
	const struct json_value *value = json_get(object, key);
	const char *slash = strrchr(document, '/'), *text;
	int r;

	if (!value && !required)
		return 0;
	r = json_need(object, key, &value, err);
	if (r == 0)
		r = json_string(value, &text, err);
	if (r < 0)
		return r;
	if (!is_plain_name(text) || text[strlen(text) - 1] == '/')
		return json_fail(value, err, SNP_E_JSON_VALUE, "no file's name");
	if (text[0] == '/' || !slash)
		*ret = strdup(text);
	else if (asprintf(ret, "%.*s%s", (int)(slash - document) + 1, document, text) < 0)
		*ret = NULL;
	*ret_name = file_name(text);
	return *ret && *ret_name ? 0 : out_of_memory(err);
}

static int read_paths(const struct json_value *object, const char *document,
		      struct image_paths *paths, struct snp_reference_image *image,
		      struct snp_error *err)
{
	const struct json_value *value;
	int r = read_path(object, "firmware", true, document, &paths->firmware,
			  &image->firmware.name, err);

	if (r == 0)
		r = read_path(object, "kernel", false, document, &paths->kernel,
			      &image->kernel.name, err);
	if (r == 0)
		r = read_path(object, "initrd", false, document, &paths->initrd,
			      &image->initrd.name, err);
	if (r == 0)
		r = field_string(object, "cmdline", false, &image->cmdline, err);
	if (r < 0)
		return r;
	value = json_get(object, paths->initrd ? "initrd" : "cmdline");
	if (value && !paths->kernel)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "stands only beside a kernel: nothing else would read it");
	if (paths->kernel && !image->cmdline && !(image->cmdline = strdup("")))
		return out_of_memory(err);
	return 0;
}

static int read_image(const struct json_value *object, void *arg, struct snp_reference_image *image,
		      struct snp_error *err)
{
	static const char *const keys[] = {
		"name",	      "firmware",  "kernel",	     "initrd",	    "cmdline",
		"vcpu_count", "cpu_model", "guest_features", "vmm_profile", "policy",
		"family_id",  "image_id",  "guest_svn",	     "minimum_tcb", NULL};
	const struct reading *reading = arg;
	_cleanup_(image_paths_done) struct image_paths paths = {0};
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	int r = json_object(object, keys, err);

	image->policy = SNP_POLICY_DEFAULT;
	if (r == 0)
		r = field_name(object, "name", true, &image->name, err);
	if (r == 0)
		r = read_paths(object, reading->document, &paths, image, err);
	if (r == 0)
		r = image_identity_read(object, image, err);
	if (r == 0)
		r = release_variants_read(object, &image->variants, &image->n_variants, err);
	if (r == 0)
		r = image_inputs_read(&paths, image->cmdline, image, &inputs, err);
	if (r < 0)
		return r;
	return variants_compute(&inputs, image->variants, image->n_variants, reading->warn,
				reading->arg, err);
}

int snp_release_read(const char *path, snp_launch_warn warn, void *arg, struct snp_reference **ret,
		     struct snp_error *err)
{
	static const char *const keys[] = {"schema", "images", NULL};
	struct reading reading = {path, warn, arg};
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	int r = json_read(path, SNP_MAX_CONFIG, &document, err);

	if (r == 0)
		r = json_schema(document, "snp-release/1", err);
	if (r == 0)
		r = json_object(json_root(document), keys, err);
	if (r < 0)
		return r;
	reference = calloc(1, sizeof(*reference));
	if (!reference || !(reference->tool_name = strdup("snp-measure")) ||
	    !(reference->tool_version = strdup(SNP_VERSION)))
		return out_of_memory(err);
	reference->has_assumptions = true;
	r = images_read(json_root(document), read_image, &reading, reference, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(reference);
	return 0;
}
