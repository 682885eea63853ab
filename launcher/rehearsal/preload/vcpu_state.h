/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a vCPU as KVM holds them before the guest first runs: after its reset, and after
 * what QEMU set. Sources: Linux 6.12 arch/x86/kvm/x86.c (kvm_vcpu_reset and the KVM_SET_… ioctls),
 * svm/svm.c, arch/x86/kernel/fpu.
 */
#ifndef REHEARSAL_PRELOAD_VCPU_STATE_H
#define REHEARSAL_PRELOAD_VCPU_STATE_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#include "msr.h"

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

/* KVM_GET_XSAVE: components in their initial state come with their initial values. */
void vcpu_state_get_xsave(const struct vcpu_state *state, uint8_t ret[static XSAVE_IMAGE_SIZE]);

#endif
