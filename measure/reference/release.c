// SPDX-License-Identifier: Apache-2.0
#include "reference/release.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/policy.h>

#include "reference/fields.h"
#include "reference/file_name.h"
#include "reference/image_inputs.h"
#include "reference/image_read.h"
#include "reference/master.h"
#include "reference/model.h"
#include "reference/release_lists.h"
#include "reference/variants_compute.h"

DEFINE_CLEANUP(struct json *, json_free);

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
	return variants_compute(inputs.firmware, inputs.has_kernel ? &inputs.kernel_hashes : NULL,
				image->variants, image->n_variants, reading->warn, reading->arg,
				err);
}

int release_read(const char *path, snp_launch_warn warn, void *arg, struct snp_reference **ret,
		 struct snp_error *err)
{
	static const char *const keys[] = {"schema", "images", NULL};
	struct reading reading = {path, warn, arg};
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	int r = json_read(path, SNP_MAX_CONFIG, &document, err);

	if (r == 0)
		r = json_schema(document, SNP_RELEASE_SCHEMA, err);
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
