/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_PUBLISHED_H
#define REFERENCE_PUBLISHED_H

#include <snp/reference.h>

#include "reference/compute.h"

/*
 * What a published folder holds beside its master and the master does not say: a summary of each firmware, from which
 * launch digests can be computed without the image, and the key of a release without a name.
 */

/* Take what the folder `path` has of it into `reference`, its master. A summary that does not lead to a digest of its
 * image is left out, and so is anything that cannot be read. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int published_recall(struct snp_reference *reference, const char *path,
				  struct snp_error *err);

/* What an image is launched from, by its firmware's summary and the hashes in the master. The inputs borrow `image`.
 * Errors: SNP_E_NOT_FOUND without a summary; those of snp_firmware_read_summary() and hashing. */
SNP_MUST_USE int published_inputs(const struct snp_reference_image *image, struct image_inputs *ret,
				  struct snp_error *err);

#endif
