/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_IMAGE_READ_H
#define REFERENCE_IMAGE_READ_H

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

#endif
