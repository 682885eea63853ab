/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_VMSA_H
#define LAUNCH_VMSA_H

#include "launch/profile.h"

#include <snp/firmware.h>

/* What a VMSA depends on beside its profile. */
struct vmsa_start {
	bool is_ap;
	uint32_t eip; /* where the vCPU starts, as a flat address */
	uint32_t cpu_signature;
	uint64_t sev_features;
};

/* The address at which the first vCPU starts: the processor's reset vector. */
#define VMSA_BSP_EIP 0xfffffff0u

void vmsa_build(const struct snp_profile *profile, const struct vmsa_start *start,
		uint8_t ret[static SNP_PAGE_SIZE]);

#endif
