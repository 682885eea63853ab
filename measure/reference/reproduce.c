// SPDX-License-Identifier: Apache-2.0
#include "reference/reproduce.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>

#include "reference/format.h"
#include "reference/golden.h"
#include "reference/image_inputs.h"
#include "reference/publish.h"
#include "reference/variants_compute.h"

/* Where differences go. */
struct report {
	const char *image;
	snp_reproduce_difference difference;
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
	snp_hex_encode(published, size, a);
	snp_hex_encode(found, size, b);
	tell(report, what, a, b);
	return true;
}

static int join(const char *folder, const char *name, char **ret, struct snp_error *err)
{
	if (!name)
		return 0;
	/* A published name is one component; a path in it would lead out of the folder. */
	if (strchr(name, '/') || name[0] == '\0' || strcmp(name, "..") == 0)
		return snp_fail(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET,
				"'%s' is no file's name without a folder", name);
	if (asprintf(ret, "%s/%s", folder, name) < 0) {
		*ret = NULL;
		return snp_no_memory(err);
	}
	return 0;
}

static void scratch_free(struct snp_reference_image *image)
{
	free(image->firmware.name);
	free(image->kernel.name);
	free(image->initrd.name);
	free(image->variants);
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

/* Where a file differs, all digests do, and `because` of that they are counted and not listed. */
static void compare_variants(const struct report *report, bool because,
			     const struct snp_reference_image *published,
			     const struct snp_reference_variant *found)
{
	char what[256], variant[192], total[32], others[64];
	size_t n = 0;

	for (size_t i = 0; i < published->n_variants; i++) {
		const struct snp_reference_variant *v = &published->variants[i];
		const uint8_t *ld = found[i].launch_digest;

		snprintf(variant, sizeof(variant),
			 "%.32s, %.64s, 0x%08" PRIx32 ", features 0x%" PRIx64 ", %" PRIu32 " vCPUs",
			 v->vmm_profile, v->cpu_model ? v->cpu_model : "signature",
			 v->cpu_signature, v->guest_features, v->vcpu_count);
		snprintf(what, sizeof(what), "launch digest (%s)", variant);
		if (because)
			n += memcmp(v->launch_digest, ld, SNP_LAUNCH_DIGEST_SIZE) != 0;
		else
			tell_bytes(report, what, v->launch_digest, ld, SNP_LAUNCH_DIGEST_SIZE);
		compare_id_block(report, variant, v);
	}
	if (n == 0)
		return;
	snprintf(total, sizeof(total), "%zu", published->n_variants);
	snprintf(others, sizeof(others), "%zu others, as they must be then", n);
	tell(report, "launch digests", total, others);
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

	/* A document may have one digest right and another wrong. */
	if (!differs)
		differs = tell_bytes(report, "firmware's SHA-384", published->firmware_sha384,
				     found->firmware_sha384, SNP_SHA384_SIZE);
	differs |= compare_file_input(report, "kernel", &published->kernel, &found->kernel);
	differs |= compare_file_input(report, "initrd", &published->initrd, &found->initrd);
	return differs;
}

static int reproduce_image(const struct report *report, const struct snp_reference_image *published,
			   const char *images, struct snp_error *err)
{
	_cleanup_(snp_image_paths_done) struct snp_image_paths paths = {0};
	_cleanup_(snp_image_inputs_done) struct snp_image_inputs inputs = {0};
	_cleanup_(scratch_free) struct snp_reference_image found = {0};
	int r = join(images, published->firmware.name, &paths.firmware, err);

	if (r == 0)
		r = join(images, published->kernel.name, &paths.kernel, err);
	if (r == 0)
		r = join(images, published->initrd.name, &paths.initrd, err);
	if (r == 0)
		r = snp_image_inputs_read(&paths, published->cmdline, &found, &inputs, err);
	if (r < 0)
		return r;
	found.variants = calloc(published->n_variants, sizeof(*found.variants));
	if (!found.variants)
		return snp_no_memory(err);
	memcpy(found.variants, published->variants,
	       published->n_variants * sizeof(*found.variants));
	r = snp_variants_compute(inputs.firmware, inputs.has_kernel ? &inputs.kernel_hashes : NULL,
				 found.variants, published->n_variants, NULL, NULL, err);
	if (r < 0)
		return r;
	compare_variants(report, compare_inputs(report, published, &found), published,
			 found.variants);
	return 0;
}

int snp_reproduce_images(const struct snp_reference *published, const char *images,
			 snp_reproduce_difference difference, void *arg, struct snp_error *err)
{
	for (size_t i = 0; i < published->n_images; i++) {
		struct report report = {published->images[i].name, difference, arg};
		int r = reproduce_image(&report, &published->images[i], images, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_file(const struct report *report, const char *folder,
			const struct snp_folder_file *expected, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	const char *found = "other bytes";
	struct snp_error why = {0};
	size_t size = 0;
	int r;

	if (snp_folder_lacks(folder, expected->name))
		return 0;
	r = snp_folder_read(folder, expected->name, &bytes, &size, &why);
	if (r == -SNP_E_NO_MEMORY) {
		if (err)
			*err = why;
		return r;
	}
	if (r < 0)
		found = why.message;
	if (r < 0 || size != expected->size || memcmp(bytes, expected->data, size) != 0)
		tell(report, expected->name, "as " SNP_MASTER_FILE " says", found);
	return 0;
}

/* What a folder may hold: what the formats write, and signed forms of it, whose bytes are not known. */
struct allowed {
	const struct report *report;
	struct snp_folder written, of_signing;
};

static void allowed_done(struct allowed *allowed)
{
	snp_folder_done(&allowed->written);
	snp_folder_done(&allowed->of_signing);
}

static int allow_endorsement(void *arg, const struct snp_reference *published,
			     const struct snp_golden *golden, struct snp_error *err)
{
	(void)published;
	return snp_folder_add(arg, golden->endorsement, (struct snp_span){0}, err);
}

static int allow_signed(const struct snp_reference *published, struct snp_folder *ret,
			struct snp_error *err)
{
	static const char *const files[] = {SNP_SIGNATURE_FILE, SNP_DSSE_FILE, SNP_COSE_FILE};
	int r = snp_golden_each(published, allow_endorsement, ret, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = snp_folder_add(ret, files[i], (struct snp_span){0}, err);
	return r;
}

static int compare_name(void *arg, const char *name, struct snp_error *err)
{
	const struct allowed *allowed = arg;
	const char *slash = strchr(name, '/');
	_cleanup_(freep) char *folder = slash ? strndup(name, (size_t)(slash - name) + 1) : NULL;

	if (slash && !folder)
		return snp_no_memory(err);
	if (!snp_format_writes(folder ? folder : name) || (slash && slash[1] == '\0') ||
	    snp_folder_has(&allowed->written, name) || snp_folder_has(&allowed->of_signing, name))
		return 0;
	tell(allowed->report, name, "nothing", "a file");
	return 0;
}

int snp_reproduce_files(const struct snp_reference *published, const char *folder,
			snp_reproduce_difference difference, void *arg, struct snp_error *err)
{
	struct report report = {NULL, difference, arg};
	_cleanup_(allowed_done) struct allowed allowed = {.report = &report};
	int r;

	for (size_t i = 0; snp_format_at(i); i++) {
		struct snp_error why;

		r = snp_format_at(i)->emit(published, &allowed.written, &why);
		if (r == 0 || r == -SNP_E_FORMAT)
			continue;
		if (err)
			*err = why;
		return r;
	}
	for (size_t i = 0; i < allowed.written.n_files; i++) {
		r = compare_file(&report, folder, &allowed.written.files[i], err);
		if (r < 0)
			return r;
	}
	r = allow_signed(published, &allowed.of_signing, err);
	return r < 0 ? r : snp_folder_each(folder, compare_name, &allowed, err);
}
