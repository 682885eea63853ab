/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_GOLDEN_H
#define REFERENCE_GOLDEN_H

#include "identity/endorser.h"
#include "reference/format.h"
#include "reference/model.h"
#include "reference/sign.h"

/* One golden measurement: the variants of an image that differ in their vCPU count alone. */
struct golden {
	const struct snp_reference *reference;
	const struct snp_reference_image *image;
	const struct snp_reference_variant *variants;
	size_t n_variants;
	char file[VARIANT_NAME_SIZE + 32];	  /* the VMGoldenMeasurement */
	char endorsement[VARIANT_NAME_SIZE + 32]; /* the VMLaunchEndorsement of it */
};

/* Add to `folder` an endorsement of each golden measurement. One in the folder `before` that still verifies
 * is kept, since signatures are random. Errors: those of endorser_sign(). */
SNP_MUST_USE int golden_endorse(const struct snp_reference *reference,
				const struct endorser *endorser, const char *before,
				struct folder *folder, struct snp_error *err);

/* Add the names of all endorsements, without contents. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int golden_names(const struct snp_reference *reference, struct folder *folder,
			      struct snp_error *err);

/* True if an endorsement is in the folder at `path`. */
bool is_endorsed(const struct snp_reference *reference, const char *path);

/* Check the endorsements in `folder`: what is endorsed is what the master says, and its signature is by the
 * certificate in it. With `certificate` (DER), it must be that one, and no endorsement may be missing; with
 * an empty one, if any is there, all must be, and whose they are is not checked. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int golden_verify(const struct snp_reference *reference, const char *folder,
			       struct snp_span certificate, signature_verified verified, void *arg,
			       struct snp_error *err);

#endif
