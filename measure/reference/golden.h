/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_GOLDEN_H
#define REFERENCE_GOLDEN_H

#include "identity/endorser.h"
#include "reference/format.h"

/* One golden measurement: the variants of an image that differ in their vCPU count alone. */
struct golden {
	const struct snp_reference_image *image;
	const struct snp_reference_variant *variants;
	size_t n_variants;
	char file[SNP_VARIANT_NAME_SIZE + 32];	      /* the VMGoldenMeasurement */
	char endorsement[SNP_VARIANT_NAME_SIZE + 32]; /* the VMLaunchEndorsement of it */
};

typedef int (*snp_golden_visit)(void *arg, const struct snp_reference *reference,
				const struct golden *golden, struct snp_error *err);

/* Visit the golden measurements in their order; the first failure ends it. */
SNP_MUST_USE int golden_each(const struct snp_reference *reference, snp_golden_visit visit,
			     void *arg, struct snp_error *err);

/* Encode one as VMGoldenMeasurement, for free(); with a certificate (DER, or empty) in its field 4.
 * Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int golden_pack(const struct snp_reference *reference, const struct golden *golden,
			     struct snp_span certificate, uint8_t **ret, size_t *ret_size,
			     struct snp_error *err);

/* Add to `folder` an endorsement of each golden measurement. The plain ones stay what the master says and
 * nothing else; an endorsed one has the certificate in it. An endorsement in the folder `before` (NULL:
 * none) that still verifies is kept, since signatures are random. Errors: those of endorser_sign(). */
SNP_MUST_USE int golden_endorse(const struct snp_reference *reference,
				const struct endorser *endorser, const char *before,
				struct folder *folder, struct snp_error *err);

/* Called for each endorsement: `why` is NULL if it verifies. */
typedef void (*snp_golden_verified)(void *arg, const char *file, const struct snp_error *why);

/* Check the endorsements in `folder`: what is endorsed is what the master says, and its signature is by the
 * certificate in it. With `certificate` (DER), it must be that one, and no endorsement may be missing; with
 * an empty one those that are there are checked, and whose they are is not. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int golden_verify(const struct snp_reference *reference, const char *folder,
			       struct snp_span certificate, snp_golden_verified verified, void *arg,
			       struct snp_error *err);

#endif
