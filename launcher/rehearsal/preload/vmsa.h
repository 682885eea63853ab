/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_VMSA_H
#define REHEARSAL_PRELOAD_VMSA_H

#include <stdbool.h>
#include <stdint.h>

#include "vcpu_state.h"

#define VMSA_SIZE 4096

/* Where KVM has every VMSA measured, whatever the processor's address width (Linux 6.12 sev.c,
 * INITIAL_VMSA_GPA). */
#define VMSA_GPA 0xfffffffff000ULL

/* SEV_FEATURES (APM vol. 2, table B-4). */
#define SEV_FEATURE_SNP_ACTIVE (1ULL << 0)

/* Build the save area as sev_es_sync_vmsa() of Linux 6.12 does. `fpu` is false for SEV-ES guests of
 * KVM's default VM type, whose FPU state KVM leaves out "to avoid breaking older measurements".
 * Returns 0, or -EINVAL where a breakpoint is set. */
int vmsa_build(const struct vcpu_state *state, uint64_t sev_features, bool fpu,
	       uint8_t ret[static VMSA_SIZE]);

#endif
