/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_DIFFERENCE_H
#define SNP_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/reference.h>

/*
 * What differs between two releases, by their reference values: image by image, what went in and what came
 * out. Nothing here says which of the two is right.
 */

/* One thing that differs. The texts are not escaped. */
struct change {
	const char *what; /* "kernel", "guest SVN" */
	char *before, *after;
	char *detail;  /* what changes in a long text or a set: "removes 'quiet'"; "" if nothing */
	bool measured; /* it is in the launch digest, or is HOST_DATA */
};

/* An image of either release; both, where it is in both. */
struct image_difference {
	const struct snp_reference_image *before, *after;
	struct change *changes;
	size_t n_changes;
	/* Of the variants: in both with the same digest and with another, and in one only. */
	size_t same, other, added, removed;
	char *verdict; /* why digests changed, in a sentence without full stop; NULL unless in both */
};

/* In the order of the later release, and then what it lacks. */
struct release_difference {
	struct image_difference *images;
	size_t n_images;
};

/* Compare them. Both must outlive the result, which release_difference_done() frees.
 * Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO, those of snp_id_auth_decode(). */
SNP_MUST_USE int releases_compare(const struct snp_reference *before,
				  const struct snp_reference *after, struct release_difference *ret,
				  struct snp_error *err);
void release_difference_done(struct release_difference *difference);

/* True if the image is in one release only, or anything of it differs. */
bool image_differs(const struct image_difference *image);

#endif
