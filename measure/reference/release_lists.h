/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_RELEASE_LISTS_H
#define REFERENCE_RELEASE_LISTS_H

#include <snp/json.h>
#include <snp/reference.h>

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
