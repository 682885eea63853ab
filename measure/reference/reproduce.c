// SPDX-License-Identifier: Apache-2.0
#include <snp/publish.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sized.h>

#include "identity/key.h"
#include "reference/compute.h"
#include "reference/format.h"
#include "reference/golden.h"
#include "reference/model.h"
#include "reference/published.h"
#include "reference/sign.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

#define NO_FILE "no such file"

/* Where differences go. */
struct report {
	const char *image; /* NULL: they are in the folder itself */
	const struct snp_reproduce_options *options;
	size_t n_differences;
	uint64_t updates; /* launch updates so far */
};

static void tell(struct report *report, const char *what, const char *published, const char *found)
{
	report->n_differences++;
	if (report->options->difference)
		report->options->difference(report->options->arg, report->image, what, published,
					    found);
}

/* True if they differ. */
static bool tell_bytes(struct report *report, const char *what, const uint8_t *published,
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

static void compare_id_block(struct report *report, const char *variant,
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
static void compare_variants(struct report *report, const struct snp_reference_image *published,
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
static bool compare_file_input(struct report *report, const char *what,
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

static bool compare_inputs(struct report *report, const struct snp_reference_image *published,
			   const struct snp_reference_image *found)
{
	bool differs = compare_file_input(report, firmware_kind(published), &published->firmware,
					  &found->firmware);

	differs |= compare_file_input(report, "kernel", &published->kernel, &found->kernel);
	differs |= compare_file_input(report, "initrd", &published->initrd, &found->initrd);
	return differs;
}

/* As above, for a file of any content as it is; a missing file differs, `instead` says what there is. */
static int compare_raw_file(struct report *report, const char *what,
			    const struct snp_reference_file *published, const char *path,
			    const char *instead, bool *differs, struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	struct snp_reference_file found = {0};
	char hex[2 * SNP_SHA256_SIZE + 1];
	struct snp_error why;
	int r = file_open(path, UINT64_MAX, &file, &why);

	if (r == -SNP_E_OPEN && (why.sys_errno == ENOENT || why.sys_errno == ENOTDIR)) {
		hex_encode(published->sha256, SNP_SHA256_SIZE, hex);
		tell(report, what, hex, instead);
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

static int compare_raw(struct report *report, const struct snp_reference_image *published,
		       const struct image_paths *paths, bool *differs, struct snp_error *err)
{
	const struct {
		const char *what, *path;
		const struct snp_reference_file *published;
		const char *instead;
	} files[] = {
		{firmware_kind(published), paths->firmware, &published->firmware,
		 published->firmware_summary
			 ? "no such file; launch digests are computed from its summary"
			 : NO_FILE},
		{"kernel", paths->kernel, &published->kernel, NO_FILE},
		{"initrd", paths->initrd, &published->initrd, NO_FILE},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		if (files[i].path)
			r = compare_raw_file(report, files[i].what, files[i].published,
					     files[i].path, files[i].instead, differs, err);
	return r;
}

static int compute_variants(struct report *report, const struct snp_reference_image *published,
			    const struct image_inputs *inputs, struct snp_error *err)
{
	size_t n = published->n_variants;
	_cleanup_(freep) struct snp_reference_variant *found = calloc(n, sizeof(*found));
	int r;

	if (!found)
		return out_of_memory(err);
	memcpy(found, published->variants, n * sizeof(*found));
	r = variants_compute(inputs, found, n, &report->updates, NULL, NULL, err);
	if (r < 0)
		return r;
	compare_variants(report, published, found);
	return 0;
}

/* Where files are missing or differ: do the summary of the firmware and the published hashes of the others lead to the
 * published digests? Without a summary only the ID blocks can be looked at. */
static int compare_summary(struct report *report, const struct snp_reference_image *published,
			   struct snp_error *err)
{
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};

	if (published_inputs(published, &inputs, NULL) == 0)
		return compute_variants(report, published, &inputs, err);
	compare_variants(report, published, NULL);
	return 0;
}

/* What was published could be read as an image. If that fails now, a file was probably changed or removed:
 * that is an answer, not a failure. The summary of firmware that was read is what must be published. */
static int compare_read(struct report *report, struct snp_reference_image *published,
			const struct image_paths *paths, struct snp_error *err)
{
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	struct snp_reference_image found = {.is_igvm = published->is_igvm};
	struct snp_error why;
	bool differs = false;
	int r, unread = image_inputs_read(paths, published->cmdline, &found, &inputs, &why);
	_cleanup_(freep) char *summary = found.firmware_summary;

	if (unread < 0) {
		r = compare_raw(report, published, paths, &differs, err);
		if (r == 0 && !differs) {
			if (err)
				*err = why;
			r = unread;
		}
		if (r < 0)
			return r;
	} else {
		/* A document may have one digest of a file right and another wrong. */
		differs = compare_inputs(report, published, &found);
		if (!differs)
			tell_bytes(
				report,
				published->is_igvm ? "IGVM file's SHA-384" : "firmware's SHA-384",
				published->firmware_sha384, found.firmware_sha384, SNP_SHA384_SIZE);
		if (!differs) {
			free(published->firmware_summary);
			published->firmware_summary = TAKE_PTR(summary);
		}
	}
	inputs.image = published->cmdline_is_template ? published : NULL;
	inputs.memory_size = published->memory_size;
	inputs.policy = published->policy;
	if (!differs)
		return compute_variants(report, published, &inputs, err);
	return compare_summary(report, published, err);
}

/* The policy as it lies there, and what HOST_DATA it gives. One that cannot be read as a policy differs. */
static int compare_container_group(struct report *report,
				   const struct snp_reference_image *published, const char *images,
				   struct snp_error *err)
{
	_cleanup_(freep) char *path = format_text("%s/%s", images, published->security_policy.name);
	struct snp_reference_file found = {0};
	uint8_t host_data[SNP_SHA256_SIZE];
	bool differs = false;
	int r;

	if (!path)
		return out_of_memory(err);
	r = compare_raw_file(report, "security policy", &published->security_policy, path, NO_FILE,
			     &differs, err);
	if (r < 0 || differs)
		return r;
	r = container_group_read(path, &found, host_data, err);
	if (r < 0)
		return r;
	tell_bytes(report, "HOST_DATA", published->host_data, host_data, sizeof(host_data));
	return 0;
}

/* Compare an image, whose files are in the folder `images`. */
static int compare_image(struct report *report, struct snp_reference_image *published,
			 const char *images, struct snp_error *err)
{
	_cleanup_(image_paths_done) struct image_paths paths = {0};
	const struct {
		const char *name;
		char **path;
	} files[] = {
		{published->firmware.name, &paths.firmware},
		{published->kernel.name, &paths.kernel},
		{published->initrd.name, &paths.initrd},
	};

	if (published->is_container_group)
		return compare_container_group(report, published, images, err);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i].name &&
		    !(*files[i].path = format_text("%s/%s", images, files[i].name)))
			return out_of_memory(err);
	return compare_read(report, published, &paths, err);
}

static int compare_file(struct report *report, const char *folder,
			const struct folder_file *expected, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	const char *found = "other bytes";
	struct snp_error why = {0};
	size_t size = 0;
	int r;

	r = folder_read(folder, expected->name, &bytes, &size, &why);
	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	if (r < 0)
		found = why.sys_errno == ENOENT ? NO_FILE : why.message;
	if (r < 0 || size != expected->size || memcmp(bytes, expected->data, size) != 0)
		tell(report, expected->name, "as " SNP_REFERENCE_FILE " says", found);
	return 0;
}

struct allowed {
	struct report *report;
	const char *path;
	struct folder files;
};

static void allowed_done(struct allowed *allowed)
{
	folder_done(&allowed->files);
}

static int compare_name(void *arg, const char *name, struct snp_error *err)
{
	const struct allowed *allowed = arg;
	_cleanup_(freep) char *folder = format_text("%.*s/", (int)strcspn(name, "/"), name);
	bool is_folder = name[strlen(name) - 1] == '/', is_inside;

	if (!folder)
		return out_of_memory(err);
	is_inside = strchr(name, '/') && name[strlen(folder)] != '\0';
	if (!strchr(name, '/') && format_writes(folder))
		tell(allowed->report, name, "a folder",
		     folder_has_link(allowed->path, name) ? "a symbolic link" : "a file");
	else if (is_folder && is_inside && format_writes(folder))
		tell(allowed->report, name, "nothing", "a folder");
	else if (!is_folder && format_writes(is_inside ? folder : name) &&
		 !folder_has(&allowed->files, name))
		tell(allowed->report, name, "nothing", "a file");
	return 0;
}

/* Compare the files of a format: all of them, or it is not there at all. */
static int compare_format(struct allowed *allowed, const struct snp_reference *published,
			  const struct format *format, struct snp_error *err)
{
	struct folder *files = &allowed->files;
	size_t first = files->n_files;
	struct snp_error why;
	int r = format_emit(format, published, files, NULL, &why);

	if (r == -SNP_E_NO_MEMORY)
		return out_of_memory(err);
	/* For example because an ID block does not verify. */
	if (r < 0 && r != -SNP_E_FORMAT)
		tell(allowed->report, format->name, "as " SNP_REFERENCE_FILE " says", why.message);
	if (!format_is_there(format, allowed->path))
		return 0;
	for (r = 0; r == 0 && first < files->n_files; first++)
		r = compare_file(allowed->report, allowed->path, &files->files[first], err);
	return r;
}

/* Compare every file that the formats would write with the one of that name in the folder at `path`. A file
 * that has a name of theirs, or lies in a folder of theirs, and would not have been written, nor by signing, is
 * a difference. */
static int compare_files(struct report *report, const struct snp_reference *published,
			 const char *path, struct snp_error *err)
{
	_cleanup_(allowed_done) struct allowed allowed = {.report = report, .path = path};
	struct folder *files = &allowed.files;
	int r = 0;

	for (size_t i = 0; r == 0 && format_at(i); i++)
		r = compare_format(&allowed, published, format_at(i), err);
	if (r < 0)
		return r;
	/* Signatures are compared by verifying them. */
	r = golden_names(published, files, err);
	if (r < 0)
		return r;
	r = signed_names(files, err);
	return r < 0 ? r : folder_each(path, compare_name, &allowed, err);
}

static void verified(void *arg, const char *file, const struct snp_error *why)
{
	if (why)
		tell(arg, file, "signed", why->message);
}

/* The certificate in DER, borrowed from the set. */
static int read_certificate(const char *path, struct snp_certificates **set, struct snp_span *ret,
			    struct snp_error *err)
{
	const struct snp_certificate *first;
	int r = snp_certificates_new(set, err);

	if (r < 0)
		return r;
	r = snp_certificates_add_path(*set, path, err);
	if (r < 0)
		return r;
	first = snp_certificates_at(*set, 0);
	if (!first || snp_certificates_at(*set, 1))
		return in_file(err,
			       fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
					 "must hold exactly one certificate"),
			       path);
	*ret = first->der;
	return 0;
}

static int verify_endorsements(struct report *report, const struct snp_reference *published,
			       const char *folder, struct snp_error *err)
{
	const char *path = report->options->endorsement_certificate;
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	struct snp_span certificate = {0};
	int r = path ? read_certificate(path, &set, &certificate, err) : 0;

	return r < 0 ? r : golden_verify(published, folder, certificate, verified, report, err);
}

/* True if a file of an image is in the folder. */
static bool has_images(const struct snp_reference *published, const char *folder)
{
	for (size_t i = 0; i < published->n_images; i++) {
		const struct snp_reference_image *image = &published->images[i];
		const char *names[] = {image->firmware.name, image->kernel.name, image->initrd.name,
				       image->security_policy.name};

		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (names[k] && !folder_lacks(folder, names[k]))
				return true;
	}
	return false;
}

/* Where the images are: in the document's folder, or beside it. */
static int find_images(const struct snp_reference *published, const char *folder, char **ret,
		       struct snp_error *err)
{
	_cleanup_(freep) char *beside = format_text("%s/..", folder), *own = strdup(folder);

	if (!beside || !own)
		return out_of_memory(err);
	*ret = !has_images(published, folder) && has_images(published, beside) ? TAKE_PTR(beside)
									       : TAKE_PTR(own);
	return 0;
}

static int compare_all(struct report *report, struct snp_reference *published,
		       struct snp_span document, const char *folder, struct snp_error *err)
{
	const struct snp_reproduce_options *o = report->options;
	_cleanup_(freep) char *images = NULL;
	int r = folder_verify(published, document, folder, o->public_key, verified, report, err);

	if (r < 0)
		return r;
	r = verify_endorsements(report, published, folder, err);
	if (r == 0 && !o->images)
		r = find_images(published, folder, &images, err);
	for (size_t i = 0; r == 0 && i < published->n_images; i++) {
		report->image = published->images[i].name;
		r = compare_image(report, &published->images[i], images ? images : o->images, err);
	}
	report->image = NULL;
	return r < 0 ? r : compare_files(report, published, folder, err);
}

int snp_reproduce(const char *path, const struct snp_reproduce_options *options,
		  size_t *ret_variants, size_t *ret_differences, struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *published = NULL;
	_cleanup_(freep) char *file = document_path(path, SNP_REFERENCE_FILE);
	const char *slash = file ? strrchr(file, '/') : NULL;
	_cleanup_(freep) char *folder =
		slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	_cleanup_(freep) uint8_t *text = NULL;
	struct snp_reproduce_options o;
	struct report report = {.options = &o};
	struct snp_span document;
	size_t n_variants = 0;
	int r = SIZED_TAKE(options, snp_reproduce_options, arg, &o, err);

	if (r < 0)
		return r;
	if (!file || !folder)
		return out_of_memory(err);
	r = file_read(file, SNP_MAX_DOCUMENT, &text, &document.size, err);
	if (r < 0)
		return r;
	document.data = text;
	r = snp_reference_parse(file, document, &published, err);
	if (r == 0 && o.public_key && !published->public_key)
		r = key_public_pem(o.public_key, &published->public_key, err);
	if (r == 0)
		r = published_recall(published, folder, err);
	if (r < 0)
		return r;
	r = compare_all(&report, published, document, folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < published->n_images; i++)
		n_variants += published->images[i].n_variants;
	*ret_variants = n_variants;
	*ret_differences = report.n_differences;
	return 0;
}
