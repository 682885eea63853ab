/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_IMAGE_READ_H
#define REFERENCE_IMAGE_READ_H

#include <stdbool.h>

#include <snp/json.h>
#include <snp/reference.h>

/* What release.json and the master say alike. */

/* Reads one member of "images". */
typedef int (*snp_image_reader)(const struct json_value *object, void *arg,
				struct snp_reference_image *ret, struct snp_error *err);

/* Read the member "images" of `root` into `reference`, each by `read`, which sets its name; no two have
 * the same. Errors: those of the JSON readers and of `read`. */
SNP_MUST_USE int images_read(const struct json_value *root, snp_image_reader read, void *arg,
			     struct snp_reference *reference, struct snp_error *err);

/* Read what they say alike of an image: policy, family_id, image_id, guest_svn
 * and minimum_tcb, each of them optional here; what is absent stays as it is in `image`.
 * Errors: those of the JSON readers; SNP_E_BAD_POLICY, SNP_E_BAD_TCB. */
SNP_MUST_USE int image_identity_read(const struct json_value *object,
				     struct snp_reference_image *image, struct snp_error *err);

/* Members of JSON objects that are kept, by key: copies. Errors: those of json_need_string(). */

/* A string, copied for free(). An optional one that is absent leaves `*ret` as it was. */
SNP_MUST_USE int field_string(const struct json_value *object, const char *key, bool required,
			      char **ret, struct snp_error *err);

/* The same of a name, which becomes part of tables, of file names and of what is said to people: not
 * empty, and without control characters. SNP_E_JSON_VALUE otherwise. */
SNP_MUST_USE int field_name(const struct json_value *object, const char *key, bool required,
			    char **ret, struct snp_error *err);

/* True if such a name could be this. */
bool is_plain_name(const char *text);

/* The same into an array. */
SNP_MUST_USE int field_name_into(const struct json_value *object, const char *key, bool required,
				 char *ret, size_t size, struct snp_error *err);

/* Base64 of exactly `size` bytes, allocated for free(), also when this fails. */
SNP_MUST_USE int field_base64(const struct json_value *object, const char *key, size_t size,
			      uint8_t **ret, struct snp_error *err);

/* Read what an image of release.json lists (vcpu_count, cpu_model, guest_features, vmm_profile) and
 * make the product of the lists: variants without digests, sorted, for free() with what they point to,
 * also when this fails. A member of vcpu_count is a number or a range "4-64"; one of cpu_model a QEMU
 * model or a signature "0x00800f12". Without guest_features it is "0x1", without vmm_profile "qemu". A
 * profile whose VMSAs hold no CPU signature has one variant whatever the models.
 * Errors: those of the JSON readers; SNP_E_JSON_VALUE for what stands twice;
 * SNP_E_BAD_CPU_MODEL, SNP_E_BAD_PROFILE, SNP_E_BAD_VCPU_COUNT, SNP_E_BAD_FEATURES. */
SNP_MUST_USE int release_variants_read(const struct json_value *image,
				       struct snp_reference_variant **ret, size_t *ret_n,
				       struct snp_error *err);

#endif
