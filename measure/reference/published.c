// SPDX-License-Identifier: Apache-2.0
#include "reference/published.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "identity/key.h"
#include "image/firmware.h"
#include "reference/folder.h"
#include "reference/format.h"
#include "reference/model.h"

/* "firmware/SHA256.json": images may share one firmware, and files of one name may differ. */
#define SUMMARY_NAME_SIZE (2 * SNP_SHA256_SIZE + 16)

static void summary_name(const struct snp_reference_image *image,
			 char ret[static SUMMARY_NAME_SIZE])
{
	char hex[2 * SNP_SHA256_SIZE + 1];

	hex_encode(image->firmware.sha256, SNP_SHA256_SIZE, hex);
	snprintf(ret, SUMMARY_NAME_SIZE, "firmware/%s.json", hex);
}

int emit_firmware(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];
		char name[SUMMARY_NAME_SIZE], *text;
		int status;

		summary_name(image, name);
		if (!image->firmware_summary || folder_has(f, name))
			continue;
		text = strdup(image->firmware_summary);
		if (!text)
			return out_of_memory(err);
		status = folder_add(f, name, text, strlen(text), err);
		if (status < 0)
			return status;
	}
	return 0;
}

int published_inputs(const struct snp_reference_image *image, struct image_inputs *ret,
		     struct snp_error *err)
{
	struct image_inputs inputs = {.has_kernel = image->kernel.name != NULL,
				      .image = image->cmdline_is_template ? image : NULL};
	int r;

	if (!image->firmware_summary)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "there is no summary of firmware %s", image->firmware.name);
	r = inputs.has_kernel
		    ? snp_kernel_hashes_fill(image->kernel.sha256,
					     image->initrd.name ? image->initrd.sha256 : NULL,
					     text_span(image->cmdline), &inputs.kernel_hashes, err)
		    : 0;
	if (r < 0)
		return r;
	r = firmware_summary_parse(image->firmware.name, text_span(image->firmware_summary),
				   &inputs.firmware, err);
	if (r < 0)
		return r;
	*ret = inputs;
	return 0;
}

/* True if the summary, which no signature covers, leads to a published digest: one of more than one vCPU if there is any,
 * as the first does not start at the reset address. */
static bool leads_to_digest(const struct snp_reference_image *image, uint64_t *updates)
{
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	const struct snp_reference_variant *most = image->variants;
	struct snp_reference_variant found;

	if (image->n_variants == 0 || published_inputs(image, &inputs, NULL) < 0)
		return false;
	for (size_t i = 1; i < image->n_variants; i++)
		if (image->variants[i].vcpus.count > most->vcpus.count)
			most = &image->variants[i];
	found = *most;
	return variants_compute(&inputs, &found, 1, updates, NULL, NULL, NULL) == 0 &&
	       memcmp(found.launch_digest, most->launch_digest, SNP_LAUNCH_DIGEST_SIZE) == 0;
}

/* Read the summary, and write it as it is published. */
static int recall_summary(struct snp_reference_image *image, const char *path, uint64_t *updates,
			  struct snp_error *err)
{
	struct snp_firmware *firmware = NULL;
	_cleanup_(freep) uint8_t *text = NULL;
	char name[SUMMARY_NAME_SIZE];
	size_t size;
	int r;

	if (image->firmware_summary || image->is_igvm || image->is_container_group)
		return 0;
	summary_name(image, name);
	r = folder_read(path, name, &text, &size, err);
	if (r == 0)
		r = firmware_summary_parse(name, (struct snp_span){text, size}, &firmware, err);
	if (r == 0)
		r = firmware_summary_print(snp_firmware_info(firmware), firmware->digest,
					   firmware->hash_verifier, &image->firmware_summary, err);
	snp_firmware_free(firmware);
	if (r == 0 && !leads_to_digest(image, updates)) {
		free(image->firmware_summary);
		image->firmware_summary = NULL;
	}
	return r;
}

/* The first key of KEYS_FILE, if it is that of the signatures. */
static int recall_key(struct snp_reference *reference, const char *path, struct snp_error *err)
{
	static const char end[] = "-----END PUBLIC KEY-----\n";
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	_cleanup_(freep) uint8_t *bytes = NULL;
	_cleanup_(freep) char *text = NULL;
	char *from, *to;
	size_t size;
	int r = folder_read(path, KEYS_FILE, &bytes, &size, err);

	if (r < 0)
		return r;
	text = strndup((const char *)bytes, size);
	if (!text)
		return out_of_memory(err);
	from = strstr(text, KEYS_FIRST);
	to = from ? strstr(from, end) : NULL;
	if (!to)
		return 0;
	from += strlen(KEYS_FIRST);
	r = key_decode_public((struct snp_span){(uint8_t *)from, (size_t)(to - from) + strlen(end)},
			      &key, err);
	return r < 0 ? r : key_public_pem(key, &reference->public_key, err);
}

int published_recall(struct snp_reference *reference, const char *path, struct snp_error *err)
{
	struct snp_error why;
	uint64_t updates = 0;
	int r = reference->public_key ? 0 : recall_key(reference, path, &why);

	for (size_t i = 0; r != -SNP_E_NO_MEMORY && i < reference->n_images; i++)
		r = recall_summary(&reference->images[i], path, &updates, &why);
	return r == -SNP_E_NO_MEMORY ? out_of_memory(err) : 0;
}
