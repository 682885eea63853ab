// SPDX-License-Identifier: Apache-2.0
#include "reference/reproduce.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>

#include "reference/image_inputs.h"
#include "reference/variants_compute.h"

/* Where differences go. */
struct report {
	const char *image;
	reproduce_difference difference;
	void *arg;
};

static void tell(const struct report *report, const char *what, const char *published,
		 const char *found)
{
	report->difference(report->arg, report->image, what, published, found);
}

/* True if they differ. */
static bool tell_bytes(const struct report *report, const char *what, const uint8_t *published,
		       const uint8_t *found, size_t size)
{
	char a[2 * SNP_SHA384_SIZE + 1], b[2 * SNP_SHA384_SIZE + 1];

	if (memcmp(published, found, size) == 0)
		return false;
	hex_encode(published, size, a);
	hex_encode(found, size, b);
	tell(report, what, a, b);
	return true;
}

static int join(const char *folder, const char *name, char **ret, struct snp_error *err)
{
	if (!name)
		return 0;
	if (asprintf(ret, "%s/%s", folder, name) < 0) {
		*ret = NULL;
		return out_of_memory(err);
	}
	return 0;
}

static void compare_id_block(const struct report *report, const char *variant,
			     const struct snp_reference_variant *v)
{
	struct snp_error why;
	char what[256];

	if (!v->id_block || snp_id_auth_verify(v->id_block, v->id_auth, NULL, &why) == 0)
		return;
	snprintf(what, sizeof(what), "ID block (%s)", variant);
	tell(report, what, "signed", why.message);
}

/* `found` is NULL where a file differs, and all digests would for that. */
static void compare_variants(const struct report *report,
			     const struct snp_reference_image *published,
			     const struct snp_reference_variant *found)
{
	char what[256], variant[192];

	for (size_t i = 0; i < published->n_variants; i++) {
		const struct snp_reference_variant *v = &published->variants[i];

		snprintf(variant, sizeof(variant),
			 "%.32s, %.64s, 0x%08" PRIx32 ", features 0x%" PRIx64 ", %" PRIu32 " vCPUs",
			 v->vcpus.profile, v->vcpus.model[0] ? v->vcpus.model : "signature",
			 v->vcpus.signature, v->vcpus.features, v->vcpus.count);
		snprintf(what, sizeof(what), "launch digest (%s)", variant);
		if (found)
			tell_bytes(report, what, v->launch_digest, found[i].launch_digest,
				   SNP_LAUNCH_DIGEST_SIZE);
		compare_id_block(report, variant, v);
	}
}

/* True if they differ. Without a size that is as published there is no need to say what it hashes to. */
static bool compare_file_input(const struct report *report, const char *what,
			       const struct snp_reference_file *published,
			       const struct snp_reference_file *found)
{
	char a[32], b[32];

	if (published->size == found->size)
		return tell_bytes(report, what, published->sha256, found->sha256, SNP_SHA256_SIZE);
	snprintf(a, sizeof(a), "%" PRIu64 " bytes", published->size);
	snprintf(b, sizeof(b), "%" PRIu64 " bytes", found->size);
	tell(report, what, a, b);
	return true;
}

static bool compare_inputs(const struct report *report, const struct snp_reference_image *published,
			   const struct snp_reference_image *found)
{
	bool differs =
		compare_file_input(report, "firmware", &published->firmware, &found->firmware);

	differs |= compare_file_input(report, "kernel", &published->kernel, &found->kernel);
	differs |= compare_file_input(report, "initrd", &published->initrd, &found->initrd);
	return differs;
}

/* As above, of a file as it lies there, whatever it holds; one that is not there differs. */
static int compare_raw_file(const struct report *report, const char *what,
			    const struct snp_reference_file *published, const char *path,
			    bool *differs, struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	struct snp_reference_file found = {0};
	char hex[2 * SNP_SHA256_SIZE + 1];
	struct snp_error why;
	int r;

	if (!path)
		return 0;
	r = file_open(path, UINT64_MAX, &file, &why);
	if (r == -SNP_E_OPEN && (why.sys_errno == ENOENT || why.sys_errno == ENOTDIR)) {
		hex_encode(published->sha256, SNP_SHA256_SIZE, hex);
		tell(report, what, hex, "no such file");
		*differs = true;
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	found.size = file.size;
	if (file.size == published->size)
		r = file_sha256(&file, NULL, NULL, found.sha256, err);
	if (r < 0)
		return in_file(err, r, path);
	*differs |= compare_file_input(report, what, published, &found);
	return 0;
}

static int compare_raw(const struct report *report, const struct snp_reference_image *published,
		       const struct image_paths *paths, bool *differs, struct snp_error *err)
{
	int r = compare_raw_file(report, "firmware", &published->firmware, paths->firmware, differs,
				 err);

	if (r == 0)
		r = compare_raw_file(report, "kernel", &published->kernel, paths->kernel, differs,
				     err);
	if (r == 0)
		r = compare_raw_file(report, "initrd", &published->initrd, paths->initrd, differs,
				     err);
	return r;
}

static int compute_variants(const struct report *report,
			    const struct snp_reference_image *published,
			    const struct image_inputs *inputs, struct snp_error *err)
{
	size_t n = published->n_variants;
	_cleanup_(freep) struct snp_reference_variant *found = calloc(n, sizeof(*found));
	int r;

	if (!found)
		return out_of_memory(err);
	memcpy(found, published->variants, n * sizeof(*found));
	r = variants_compute(inputs->firmware, inputs->has_kernel ? &inputs->kernel_hashes : NULL,
			     found, n, NULL, NULL, err);
	if (r == 0)
		compare_variants(report, published, found);
	return r;
}

/* What was published could be read as an image; where that fails now, a file is most likely another, or gone,
 * which is an answer and no failure. */
static int compare_image(const struct report *report, const struct snp_reference_image *published,
			 const struct image_paths *paths, struct snp_reference_image *found,
			 struct snp_error *err)
{
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	struct snp_error why;
	bool differs = false;
	int r, unread = image_inputs_read(paths, published->cmdline, found, &inputs, &why);

	if (unread < 0) {
		r = compare_raw(report, published, paths, &differs, err);
		if (r < 0)
			return r;
		if (!differs && err)
			*err = why;
		if (!differs)
			return unread;
	} else {
		/* A document may have one digest of a file right and another wrong. */
		differs = compare_inputs(report, published, found);
		if (!differs)
			tell_bytes(report, "firmware's SHA-384", published->firmware_sha384,
				   found->firmware_sha384, SNP_SHA384_SIZE);
	}
	if (!differs)
		return compute_variants(report, published, &inputs, err);
	compare_variants(report, published, NULL);
	return 0;
}

static int reproduce_image(const struct report *report, const struct snp_reference_image *published,
			   const char *images, struct snp_error *err)
{
	_cleanup_(image_paths_done) struct image_paths paths = {0};
	struct snp_reference_image found = {0};
	int r = join(images, published->firmware.name, &paths.firmware, err);

	if (r == 0)
		r = join(images, published->kernel.name, &paths.kernel, err);
	if (r == 0)
		r = join(images, published->initrd.name, &paths.initrd, err);
	if (r == 0)
		r = compare_image(report, published, &paths, &found, err);
	return r;
}

int reproduce_images(const struct snp_reference *published, const char *images,
		     reproduce_difference difference, void *arg, struct snp_error *err)
{
	for (size_t i = 0; i < published->n_images; i++) {
		struct report report = {published->images[i].name, difference, arg};
		int r = reproduce_image(&report, &published->images[i], images, err);

		if (r < 0)
			return r;
	}
	return 0;
}
