// SPDX-License-Identifier: Apache-2.0
/*
 * in-toto Statement v1 (in-toto/attestation, spec/v1/statement.md): the subjects are the image files and
 * every launch digest, so that an attestation is found by either; the predicate is the master.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/json_out.h>

#include "reference/format.h"
#include "reference/master.h"

/* No registered predicate type says launch digests; a URI names this one. */
#define PREDICATE_TYPE "urn:snp-measure:snp-reference-values/1"

/* Subjects are told apart by name: an image's are "IMAGE/FILE" and "IMAGE/launch-digest?…", where a "/" of
 * the image's own name is written as %2F, so that no two are alike. For free(). */
static char *image_part(const char *name)
{
	char *part = malloc(3 * strlen(name) + 1), *at = part;

	for (; part && *name != '\0'; name++)
		if (*name == '/' || *name == '%')
			at = mempcpy(at, *name == '/' ? "%2F" : "%25", 3);
		else
			*at++ = *name;
	if (part)
		*at = '\0';
	return part;
}

/* Takes `name`, which may be NULL. */
static void add_subject(struct json_out *out, cJSON *subjects, char *name, const char *algorithm,
			const uint8_t *digest, size_t size)
{
	cJSON *subject = json_out_object(out, subjects, NULL);

	out->failed |= !name;
	json_out_string(out, subject, "name", name ? name : "");
	json_out_hex(out, json_out_object(out, subject, "digest"), algorithm, digest, size);
	free(name);
}

static void add_file(struct json_out *out, cJSON *subjects, const char *image,
		     const struct snp_reference_file *file)
{
	char *name;

	if (!file->name)
		return;
	if (asprintf(&name, "%s/%s", image, file->name) < 0)
		name = NULL;
	add_subject(out, subjects, name, "sha256", file->sha256, sizeof(file->sha256));
}

static void add_variant(struct json_out *out, cJSON *subjects, const char *image,
			const struct snp_reference_variant *v)
{
	char *name;

	if (asprintf(&name,
		     "%s/launch-digest?vmm_profile=%s&cpu_signature=0x%08" PRIx32
		     "&guest_features=0x%" PRIx64 "&vcpu_count=%" PRIu32 "%s%s",
		     image, v->vcpus.profile, v->vcpus.signature, v->vcpus.features, v->vcpus.count,
		     v->vcpus.model[0] ? "&cpu_model=" : "", v->vcpus.model) < 0)
		name = NULL;
	add_subject(out, subjects, name, "sha384", v->launch_digest, sizeof(v->launch_digest));
}

static void add_image(struct json_out *out, cJSON *subjects,
		      const struct snp_reference_image *image)
{
	_cleanup_(freep) char *name = image_part(image->name);

	if (!name) {
		out->failed = true;
		return;
	}
	add_file(out, subjects, name, &image->firmware);
	add_file(out, subjects, name, &image->kernel);
	add_file(out, subjects, name, &image->initrd);
	for (size_t k = 0; k < image->n_variants; k++)
		add_variant(out, subjects, name, &image->variants[k]);
}

int emit_intoto(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out, predicate;
	cJSON *subjects;

	json_out_init(&out, NULL);
	json_out_string(&out, out.root, "_type", "https://in-toto.io/Statement/v1");
	subjects = json_out_array(&out, out.root, "subject");
	for (size_t i = 0; i < r->n_images; i++)
		add_image(&out, subjects, &r->images[i]);
	json_out_string(&out, out.root, "predicateType", PREDICATE_TYPE);
	master_build(r, &predicate);
	if (predicate.failed || !cJSON_AddItemToObject(out.root, "predicate", predicate.root)) {
		json_out_done(&predicate);
		out.failed = true;
	}
	return folder_add_json(f, SNP_INTOTO_FILE, &out, err);
}
