/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_MEASUREMENT_H
#define LAUNCHER_GUEST_MEASUREMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/launch.h>
#include <snp/profile.h>

#include "config/launch_spec.h"
#include "guest/record.h"

/* The launch digest of what a configuration or a domain asks libvirt and QEMU to launch. */

/* What QEMU 9.1 to 11.1 sets in SEV_FEATURES of a guest without IGVM: SNPActive and nothing else (it has
 * no property for more). */
#define GUEST_FEATURES 0x1

struct guest_measurement {
	struct snp_vcpus vcpus;
	bool has_kernel_hashes;
	struct snp_kernel_hashes kernel_hashes;
	enum snp_hash_verifier hash_verifier; /* where it has kernel hashes */
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
};

/* Measure `spec` as it would boot from `boot`: the firmware is read from its `path`, so is the first of
 * the kernel; kernel and initrd have been hashed. Parts without `source` are absent.
 * Errors: those of snp_firmware_read() and snp_launch_digest(), SNP_E_BAD_KERNEL, SNP_E_TOO_LARGE (an
 * initrd that the kernel cannot take), SNP_E_BAD_CPU_MODEL, SNP_E_NO_DIGEST (no SEV-SNP guest). */
SNP_MUST_USE int guest_measure(const struct launch_spec *spec,
			       const struct boot_file boot[static BOOT_PARTS],
			       struct guest_measurement *ret, struct snp_error *err);

/* Hash what `spec` boots from, where it lies, and measure it; `root` is put before each path (NULL: nothing).
 * A firmware that is left to the host's descriptors is looked for. `ret_boot`, zeroed before, is for
 * boot_files_done(), also after a failure. Errors: as above, those of boot_file_hash() and
 * firmware_search(), SNP_E_NOT_FOUND (no firmware named). */
SNP_MUST_USE int guest_measure_files(const struct launch_spec *spec, const char *root,
				     struct boot_file ret_boot[static BOOT_PARTS],
				     struct guest_measurement *ret, struct snp_error *err);

#endif
