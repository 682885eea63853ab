/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_SECTION_CHECK_H
#define LAUNCH_SECTION_CHECK_H

#include "launch/layout.h"

/* Refuse SEV metadata that QEMU, KVM or the secure processor would refuse in an SEV-SNP launch, or
 * that leave a guest without what it needs to start. Firmware is loaded from `lowest` upwards; of
 * QEMU's memory the regions are known, of other VMMs' the end alone.
 * Errors as snp_launch_check(). */
SNP_MUST_USE int section_check(const struct snp_firmware *firmware, uint64_t lowest,
			       enum snp_vmm vmm, struct snp_error *err);

/* Refuse an image that cannot have its kernel hashes measured, in SEV-SNP or in SEV and SEV-ES. */
SNP_MUST_USE int hash_table_check(const struct snp_firmware *firmware, enum snp_mode mode,
				  struct snp_error *err);

#endif
