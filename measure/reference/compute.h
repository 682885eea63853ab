/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_COMPUTE_H
#define REFERENCE_COMPUTE_H

#include <snp/kernel.h>
#include <snp/launch.h>
#include <snp/reference.h>

/* The files of an image, where they are, and what was found in them. */
struct image_paths {
	char *firmware, *kernel, *initrd; /* the last two may be NULL; an IGVM file as firmware */
};

struct image_inputs {
	struct snp_firmware *firmware;
	struct snp_igvm *igvm;	      /* in place of firmware */
	uint64_t memory_size, policy; /* with an IGVM file: of the image */
	bool has_kernel;
	struct snp_kernel_hashes kernel_hashes; /* where there is a kernel */
	struct snp_bzimage kernel;		/* likewise */
	/* Of a template, for the hash of each variant's command line; or NULL. */
	const struct snp_reference_image *image;
};

void image_paths_done(struct image_paths *paths);
void image_inputs_done(struct image_inputs *inputs);

/* Read and hash the files, side by side, and fill in sizes and digests of `image`'s firmware, kernel and initrd,
 * firmware_sha384 among them; the names are the caller's, and whether it is an IGVM file. `cmdline` is NULL without a kernel.
 * Errors: those of snp_firmware_read(), snp_boot_finish() and snp_kernel_hashes_fill(). */
SNP_MUST_USE int image_inputs_read(const struct image_paths *paths, const char *cmdline,
				   struct snp_reference_image *image, struct image_inputs *ret,
				   struct snp_error *err);

/* Read the security policy of a container group: size and digest of the file as it lies there, and the HOST_DATA that
 * it gives. Errors: those of security_policy_read(). */
SNP_MUST_USE int container_group_read(const char *path, struct snp_reference_file *file,
				      uint8_t ret_host_data[static SNP_SHA256_SIZE],
				      struct snp_error *err);

/* What one document may take: some 30 s of one core. */
#define UPDATES_MAX (1u << 26)

/* Fill in the launch digests of `variants`, of an IGVM file their guest features too, which are sorted (variants_sort()), in one pass: the
 * firmware's chain is computed once for each profile, and every vCPU count is a prefix of the next.
 * `warn` may be NULL; it is called with the warnings about each profile, model and features, the same one
 * again and again. On failure some digests may have been written. `updates` is the number of launch updates
 * that the document has taken so far, and counts on.
 * Errors: those of snp_launch_check(); SNP_E_TOO_LARGE, before any digest, over UPDATES_MAX. */
SNP_MUST_USE int variants_compute(const struct image_inputs *inputs,
				  struct snp_reference_variant *variants, size_t n,
				  uint64_t *updates, snp_launch_warn warn, void *arg,
				  struct snp_error *err);

#endif
