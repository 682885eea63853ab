// SPDX-License-Identifier: Apache-2.0
#include "reference/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/sha.h>
#include <snp/sized.h>

static void image_free(struct snp_reference_image *image)
{
	free(image->name);
	free(image->firmware.name);
	free(image->firmware_summary);
	free(image->kernel.name);
	free(image->initrd.name);
	free(image->cmdline);
	free(image->security_policy.name);
	free(image->maa_issuer);
	free(image->minimum_tcb);
	for (size_t i = 0; i < image->n_variants; i++) {
		free(image->variants[i].id_block);
		free(image->variants[i].id_auth);
	}
	free(image->variants);
}

void snp_reference_free(struct snp_reference *reference)
{
	if (!reference)
		return;
	for (size_t i = 0; i < reference->n_images; i++)
		image_free(&reference->images[i]);
	free(reference->release.name);
	free(reference->release.version);
	free(reference->release.date);
	free(reference->release.url);
	free(reference->release.source_revision);
	free(reference->public_key);
	free(reference->images);
	free(reference->tool_name);
	free(reference->tool_version);
	free(reference);
}

static bool has_container_group(const struct snp_reference *reference)
{
	for (size_t i = 0; i < reference->n_images; i++)
		if (reference->images[i].is_container_group)
			return true;
	return false;
}

const char *firmware_kind(const struct snp_reference_image *image)
{
	return image->is_igvm ? "IGVM file" : "firmware";
}

const char *master_schema(const struct snp_reference *reference)
{
	if (has_container_group(reference) || reference->has_release)
		return MASTER_SCHEMA_3;
	for (size_t i = 0; i < reference->n_images; i++)
		if (reference->images[i].is_igvm)
			return MASTER_SCHEMA_3;
	for (size_t i = 0; i < reference->n_images; i++)
		if (reference->images[i].cmdline_is_template ||
		    reference->images[i].kernel_hash_check.is_known)
			return MASTER_SCHEMA_2;
	return MASTER_SCHEMA;
}

int variant_cmdline_sha256(const struct snp_reference_image *image,
			   const struct snp_reference_variant *variant,
			   uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	_cleanup_(freep) char *text = expand_vcpu_count(image->cmdline, variant->vcpus.count);

	if (!text)
		return out_of_memory(err);
	return sha256_of((struct snp_span){(const uint8_t *)text, strlen(text) + 1}, ret, err);
}

int template_check(const struct snp_reference_image *image, struct snp_error *err)
{
	size_t size = image->cmdline_is_template ? strlen(image->cmdline) : 0;

	if (size <= TEMPLATE_MAX)
		return 0;
	return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			 "a command line with " VCPU_COUNT " of %zu bytes; must be at most %u",
			 size, TEMPLATE_MAX);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int variant_compare(const void *x, const void *y)
{
	const struct snp_reference_variant *a = x, *b = y;
	const int by[] = {
		strcmp(a->vcpus.profile, b->vcpus.profile),
		compare_u64(a->vcpus.signature, b->vcpus.signature),
		strcmp(a->vcpus.model, b->vcpus.model),
		compare_u64(a->vcpus.features, b->vcpus.features),
		compare_u64(a->vcpus.count, b->vcpus.count),
	};
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(by) && by[i] == 0)
		i++;
	return by[i];
}

const struct snp_reference_variant *
image_variant(const struct snp_reference_image *image,
	      const uint8_t launch_digest[static SNP_LAUNCH_DIGEST_SIZE])
{
	for (size_t i = 0; i < image->n_variants; i++)
		if (memcmp(image->variants[i].launch_digest, launch_digest,
			   SNP_LAUNCH_DIGEST_SIZE) == 0)
			return &image->variants[i];
	return NULL;
}

void variants_sort(struct snp_reference_variant *variants, size_t n)
{
	qsort(variants, n, sizeof(*variants), variant_compare);
}

void variant_name(const struct snp_reference_image *image,
		  const struct snp_reference_variant *variant, char ret[static VARIANT_NAME_SIZE])
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
	char signature[16];

	snprintf(signature, sizeof(signature), "0x%08" PRIx32, variant->vcpus.signature);
	snprintf(ret, VARIANT_NAME_SIZE, "%.200s-%.32s-%.64s-0x%" PRIx64, image->name,
		 variant->vcpus.profile, variant->vcpus.model[0] ? variant->vcpus.model : signature,
		 variant->vcpus.features);
	for (char *s = ret; *s != '\0'; s++)
		if (!strchr(plain, *s))
			*s = '-';
	if (ret[0] == '.')
		ret[0] = '-';
}

static bool is_dots(const char *component, size_t n, size_t most)
{
	return n <= most && strspn(component, ".") >= n;
}

char *file_name(const char *path)
{
	char *name = malloc(strlen(path) + 1), *at = name;

	if (!name)
		return NULL;
	if (path[0] == '/')
		path = strrchr(path, '/') + 1;
	for (size_t n; *path != '\0'; path += n, path += *path == '/') {
		n = strcspn(path, "/");
		if (is_dots(path, n, 1))
			continue;
		if (is_dots(path, n, 2)) {
			free(name);
			return strdup(strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
		}
		if (at != name)
			*at++ = '/';
		at = mempcpy(at, path, n);
	}
	*at = '\0';
	return name;
}

bool is_file_name(const char *name)
{
	for (size_t n;; name += n + 1) {
		n = strcspn(name, "/");
		if (is_dots(name, n, 2))
			return false;
		if (name[n] == '\0')
			return true;
	}
}

const struct snp_tcb *snp_reference_minimum_tcb(const struct snp_reference_image *image,
						enum snp_product product)
{
	for (size_t i = 0; i < image->n_minimum_tcb; i++)
		if (image->minimum_tcb[i].product == product)
			return &image->minimum_tcb[i].tcb;
	return NULL;
}

static const struct snp_reference_image *find_image(const struct snp_reference *reference,
						    const char *name, struct snp_error *err)
{
	if (!name && reference->n_images == 1)
		return &reference->images[0];
	for (size_t i = 0; name && i < reference->n_images; i++)
		if (strcmp(reference->images[i].name, name) == 0)
			return &reference->images[i];
	if (name)
		fail_with(err, SNP_E_NO_VARIANT, SNP_NO_OFFSET,
			  "the document has no image '%s'; its first image is '%s'", name,
			  reference->images[0].name);
	else
		fail_with(err, SNP_E_NO_VARIANT, SNP_NO_OFFSET,
			  "the document has %zu images; name one, such as '%s'",
			  reference->n_images, reference->images[0].name);
	return NULL;
}

int snp_reference_find(const struct snp_reference *reference,
		       const struct snp_reference_query *given,
		       const struct snp_reference_image **ret_image,
		       const struct snp_reference_variant **ret_variant, struct snp_error *err)
{
	bool profile = false, signature = false, features = false;
	const struct snp_reference_image *image;
	struct snp_reference_query query;
	int r = SIZED_TAKE(given, snp_reference_query, vcpus, &query, err);

	if (r < 0)
		return r;
	image = find_image(reference, query.image, err);
	if (!image)
		return -SNP_E_NO_VARIANT;
	for (size_t i = 0; i < image->n_variants; i++) {
		const struct snp_reference_variant *v = &image->variants[i];

		if (strcasecmp(v->vcpus.profile, query.vcpus.profile) != 0)
			continue;
		profile = true;
		if (v->vcpus.signature != 0 && v->vcpus.signature != query.vcpus.signature)
			continue;
		signature = true;
		if (v->vcpus.features != query.vcpus.features)
			continue;
		features = true;
		if (v->vcpus.count != query.vcpus.count)
			continue;
		*ret_image = image;
		*ret_variant = v;
		return 0;
	}
	if (!profile)
		return fail_with(err, SNP_E_NO_VARIANT, SNP_NO_OFFSET,
				 "image '%s' has no variant for VMM profile '%s'", image->name,
				 query.vcpus.profile);
	if (!signature)
		return fail_with(err, SNP_E_NO_VARIANT, SNP_NO_OFFSET,
				 "image '%s' has no variant for CPU signature 0x%" PRIx32,
				 image->name, query.vcpus.signature);
	if (!features)
		return fail_with(err, SNP_E_NO_VARIANT, SNP_NO_OFFSET,
				 "image '%s' has no variant for guest features 0x%" PRIx64,
				 image->name, query.vcpus.features);
	return fail_with(err, SNP_E_NO_VARIANT, SNP_NO_OFFSET,
			 "image '%s' has no variant for %" PRIu32 " vCPUs", image->name,
			 query.vcpus.count);
}
