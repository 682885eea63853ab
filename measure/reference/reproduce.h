/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_REPRODUCE_H
#define REFERENCE_REPRODUCE_H

#include <snp/reference.h>

/* Called for each thing that is not as published: in which image (NULL: the folder itself), what
 * ("kernel", "launch digest of …"), what was published and what was found. */
typedef void (*reproduce_difference)(void *arg, const char *image, const char *what,
				     const char *published, const char *found);

/* Compute a published document again. The images' files are looked for in the folder `images` by the
 * names that the document gives them. Where one is not there, or another, digests are not computed.
 * Errors: those of reading the images as they were published; differences are told to `difference` and are no
 * error. */
SNP_MUST_USE int reproduce_images(const struct snp_reference *published, const char *images,
				  reproduce_difference difference, void *arg,
				  struct snp_error *err);

/* Compare every file that the formats would write of this document with the one of that name in
 * `folder`; those that are not there are passed over. What has a name or lies in a folder of theirs and
 * would not have been written, nor by signing, is a difference; so is what cannot be read.
 * Errors: SNP_E_NO_MEMORY; SNP_E_OPEN for the folder. */
SNP_MUST_USE int reproduce_files(const struct snp_reference *published, const char *folder,
				 reproduce_difference difference, void *arg, struct snp_error *err);

#endif
