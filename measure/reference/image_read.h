/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_IMAGE_READ_H
#define REFERENCE_IMAGE_READ_H

#include <stdbool.h>

#include <snp/fields.h>
#include <snp/policy.h>
#include <snp/reference.h>

/* What release.json and the master have in common: tables of their members, and readers of values. */

/* A name, which becomes part of tables, of file names and of messages: not empty, and without control
 * characters. Into a char * for free(), or into an array of char. */
field_reader field_name;
field_reader field_name_chars;
bool is_plain_name(const char *text);

/* The member "images" of a document that is read into a struct snp_reference: objects by `table`, each of
 * which passes `function`. No two have the same name. */
field_reader field_images;
/* clang-format off */
#define FIELD_IMAGES(table, function)                                                        \
	{                                                                                    \
		.key = "images", .read = field_images, .required = true, .fields = table,    \
		.offset = offsetof(struct snp_reference, images),                            \
		.n_offset = offsetof(struct snp_reference, n_images),                        \
		.size = sizeof(struct snp_reference_image), .min = 1, .max = SNP_MAX_IMAGES, \
		.check = function                                                            \
	}
/* clang-format on */

/* The member "release" of both. */
extern const struct field release_name_fields[];
#define FIELD_RELEASE \
	FIELD_OBJECT("release", release_name_fields, .has = HAS(snp_reference, has_release))

/* The members of an image that both have; the policy is checked, its absence is left to the table's check. */
field_reader field_policy;
field_reader field_minimum_tcb; /* gets the whole struct */
#define IMAGE_FIELDS                                                            \
	FIELD("name", field_name, snp_reference_image, name, .required = true), \
		FIELD("family_id", field_hex, snp_reference_image, family_id),  \
		FIELD("image_id", field_hex, snp_reference_image, image_id),    \
		FIELD("guest_svn", field_u32, snp_reference_image, guest_svn),  \
		SECTION("minimum_tcb", field_minimum_tcb)

/* "https://INSTANCE" of Azure Attestation, for free(). */
field_reader field_issuer;

/* For an image of mode snp or snp:igvm, read what it lists in release.json (vcpu_count, cpu_model, guest_features, vmm_profile) and
 * make the product of the lists: variants without digests, sorted, for free(). A member of vcpu_count is a
 * number or a range "4-64"; one of cpu_model a QEMU model or a signature "0x00800f12". Without
 * guest_features it is "0x1", without vmm_profile "qemu". A profile whose VMSAs hold no CPU signature has
 * one variant whatever the models.
 * Errors: those of the JSON readers; SNP_E_JSON_VALUE for what is listed twice;
 * SNP_E_BAD_CPU_MODEL, SNP_E_BAD_PROFILE, SNP_E_BAD_VCPU_COUNT, SNP_E_BAD_FEATURES. */
SNP_MUST_USE int release_variants_read(const struct json_value *image, enum snp_mode mode,
				       struct snp_reference_variant **ret, size_t *ret_n,
				       struct snp_error *err);

#endif
