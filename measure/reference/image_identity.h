/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_IMAGE_IDENTITY_H
#define REFERENCE_IMAGE_IDENTITY_H

#include <snp/json.h>
#include <snp/reference.h>

/* Read what release.json and the master say alike of an image: policy, family_id, image_id, guest_svn
 * and minimum_tcb, each of them optional here; what is absent stays as it is in `image`.
 * Errors: those of the JSON readers; SNP_E_BAD_POLICY, SNP_E_BAD_TCB. */
SNP_CHECK int snp_image_identity_read(const struct snp_json_value *object,
				      struct snp_reference_image *image, struct snp_error *err);

#endif
