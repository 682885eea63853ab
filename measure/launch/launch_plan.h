/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_LAUNCH_PLAN_H
#define LAUNCH_LAUNCH_PLAN_H

#include "launch/layout.h"

/* Check an SEV-SNP launch and walk through its updates, with or without those of the vCPUs; `visit`
 * may be NULL. `ret` is LD after the last one. Errors as snp_launch_plan(). */
SNP_MUST_USE int launch_walk(const struct snp_launch *launch, bool with_vcpus,
			     snp_launch_visit visit, void *arg, uint8_t ret[static SNP_SHA384_SIZE],
			     struct snp_error *err);

/* The VMSA of a vCPU of a launch that was checked and is not of mode SEV. */
void launch_vmsa(const struct snp_launch *launch, uint32_t index,
		 uint8_t ret[static SNP_PAGE_SIZE]);

#endif
