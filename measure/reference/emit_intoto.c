// SPDX-License-Identifier: Apache-2.0
/*
 * in-toto Statement v1 (in-toto/attestation, spec/v1/statement.md): the subjects are the image files and
 * every launch digest, so that an attestation is found by either; the predicate is the master.
 */
#include <inttypes.h>
#include <stdio.h>

#include <cjson/cJSON.h>
#include <snp/json_out.h>

#include "reference/format.h"
#include "reference/master.h"

/* No registered predicate type says launch digests; a URI names this one. */
#define PREDICATE_TYPE "urn:snp-measure:snp-reference-values/1"

static void add_file(struct snp_json_out *out, cJSON *subjects,
		     const struct snp_reference_image *image, const struct snp_reference_file *file)
{
	char name[1024];
	cJSON *subject;

	if (!file->name)
		return;
	/* Two images may have different files of one name, and subjects are told apart by name. */
	snprintf(name, sizeof(name), "%s/%s", image->name, file->name);
	subject = snp_json_out_object(out, subjects, NULL);
	snp_json_out_string(out, subject, "name", name);
	snp_json_out_hex(out, snp_json_out_object(out, subject, "digest"), "sha256", file->sha256,
			 sizeof(file->sha256));
}

static void add_variant(struct snp_json_out *out, cJSON *subjects,
			const struct snp_reference_image *image,
			const struct snp_reference_variant *v)
{
	cJSON *subject = snp_json_out_object(out, subjects, NULL);
	char name[1024];

	snprintf(name, sizeof(name),
		 "%s/launch-digest?vmm_profile=%s&cpu_signature=0x%08" PRIx32
		 "&guest_features=0x%" PRIx64 "&vcpu_count=%" PRIu32 "%s%s",
		 image->name, v->vmm_profile, v->cpu_signature, v->guest_features, v->vcpu_count,
		 v->cpu_model ? "&cpu_model=" : "", v->cpu_model ? v->cpu_model : "");
	snp_json_out_string(out, subject, "name", name);
	snp_json_out_hex(out, snp_json_out_object(out, subject, "digest"), "sha384",
			 v->launch_digest, sizeof(v->launch_digest));
}

int snp_emit_intoto(const struct snp_reference *r, struct snp_folder *f, struct snp_error *err)
{
	struct snp_json_out out, predicate;
	cJSON *subjects;

	snp_json_out_init(&out, NULL);
	snp_json_out_string(&out, out.root, "_type", "https://in-toto.io/Statement/v1");
	subjects = snp_json_out_array(&out, out.root, "subject");
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		add_file(&out, subjects, image, &image->firmware);
		add_file(&out, subjects, image, &image->kernel);
		add_file(&out, subjects, image, &image->initrd);
		for (size_t k = 0; k < image->n_variants; k++)
			add_variant(&out, subjects, image, &image->variants[k]);
	}
	snp_json_out_string(&out, out.root, "predicateType", PREDICATE_TYPE);
	snp_master_build(r, &predicate);
	if (predicate.failed || !cJSON_AddItemToObject(out.root, "predicate", predicate.root)) {
		snp_json_out_done(&predicate);
		out.failed = true;
	}
	return snp_folder_add_json(f, SNP_INTOTO_FILE, &out, err);
}
