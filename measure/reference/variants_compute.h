/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_VARIANTS_COMPUTE_H
#define REFERENCE_VARIANTS_COMPUTE_H

#include <snp/launch.h>
#include <snp/reference.h>

/* Fill in the launch digests of `variants`, which are sorted (variants_sort()), in one pass: the
 * firmware's chain is computed once for each profile, and every vCPU count is a prefix of the next.
 * `kernel_hashes` and `warn` may be NULL; the latter is called with the warnings about each profile, model and
 * features, alike ones again and again. On failure some digests may have been written.
 * Errors: those of snp_launch_check(). */
SNP_MUST_USE int variants_compute(const struct snp_firmware *firmware,
				  const struct snp_kernel_hashes *kernel_hashes,
				  struct snp_reference_variant *variants, size_t n,
				  snp_launch_warn warn, void *arg, struct snp_error *err);

#endif
