/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a vCPU as KVM holds them before the guest first runs: after its reset, after what
 * QEMU set, and as the save area that is measured. Sources: Linux 6.12 arch/x86/kvm/x86.c
 * (kvm_vcpu_reset and the KVM_SET_… ioctls), svm/svm.c, arch/x86/kernel/fpu.
 */
#ifndef REHEARSAL_PRELOAD_REGISTERS_H
#define REHEARSAL_PRELOAD_REGISTERS_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor.h"

/* An XSAVE image in the standard format; KVM_CAP_XSAVE2 says this size. */
#define XSAVE_IMAGE_SIZE 4096

struct vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs2 sregs;
	struct kvm_debugregs debugregs;
	uint64_t xcr0;
	uint8_t xsave[XSAVE_IMAGE_SIZE];
	uint64_t msrs[MSR_COUNT];
};

/* As after KVM_CREATE_VCPU. */
void vcpu_state_reset(struct vcpu_state *state, uint32_t vcpu_id);

/* KVM_SET_XSAVE: takes over only the components that the image's XSTATE_BV names, as
 * copy_uabi_to_xstate() does; the others keep what they had. Returns 0 or -EINVAL. */
int vcpu_state_set_xsave(struct vcpu_state *state, const uint8_t image[static XSAVE_IMAGE_SIZE]);

/* KVM_GET_XSAVE: components in their initial state come with their initial values. Returns 0. */
int vcpu_state_get_xsave(const struct vcpu_state *state, uint8_t ret[static XSAVE_IMAGE_SIZE]);

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
