// SPDX-License-Identifier: Apache-2.0
#include "vcpu_state.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "cpuid.h"
#include "xsave.h"

void vcpu_state_reset(struct vcpu_state *state, uint32_t vcpu_id)
{
	/* init_vmcb(): KVM's segments have the accessed bit clear, unlike QEMU's. */
	const struct kvm_segment data = {.limit = 0xffff, .type = 2, .s = 1, .present = 1};
	struct kvm_segment code = {.selector = 0xf000,
				   .base = 0xffff0000,
				   .limit = 0xffff,
				   .type = 0xa,
				   .s = 1,
				   .present = 1};
	const struct kvm_segment ldt = {.limit = 0xffff, .type = 2, .present = 1};
	const struct kvm_segment tss = {.limit = 0xffff, .type = 3, .present = 1};

	memset(state, 0, sizeof(*state));
	/* kvm_vcpu_reset(): 0x600 until CPUID is set. */
	state->regs = (struct kvm_regs){.rdx = 0x600, .rip = 0xfff0, .rflags = 2};
	state->sregs = (struct kvm_sregs2){
		.cs = code,
		.ds = data,
		.es = data,
		.fs = data,
		.gs = data,
		.ss = data,
		.tr = tss,
		.ldt = ldt,
		.gdt = {.limit = 0xffff},
		.idt = {.limit = 0xffff},
		.cr0 = 0x60000010,
		/* kvm_lapic_reset(): enabled, at its default address; the BSP is vCPU 0. */
		.apic_base = 0xfee00800 | (vcpu_id == 0 ? 0x100 : 0),
	};
	state->debugregs = (struct kvm_debugregs){.dr6 = 0xffff0ff0, .dr7 = 0x400};
	state->xcr0 = 1;
	/* fpstate_init_user(): no component in use, x87 and SSE with their initial control words. */
	put_le16(state->xsave + XSAVE_FCW, XSAVE_INITIAL_FCW);
	put_le32(state->xsave + XSAVE_MXCSR, XSAVE_INITIAL_MXCSR);
	put_le32(state->xsave + XSAVE_MXCSR_MASK, XSAVE_MXCSR_VALID);
	msr_reset(state->msrs);
}

/* Where a component lies in the standard format. x87 and SSE share the legacy area. */
static void component(unsigned int number, size_t *ret_offset, size_t *ret_size)
{
	struct cpuid_leaf leaf = cpuid_of_host(0xd, number);

	*ret_offset = leaf.ebx;
	*ret_size = leaf.eax;
}

int vcpu_state_set_xsave(struct vcpu_state *state, const uint8_t image[static XSAVE_IMAGE_SIZE])
{
	uint64_t in_use = get_le64(image + XSAVE_XSTATE_BV);

	if (in_use & ~(uint64_t)cpuid_of_host(0xd, 0).eax)
		return -EINVAL;
	/* XCOMP_BV and the reserved words of the header (validate_user_xstate_header). */
	for (size_t i = XSAVE_XCOMP_BV; i < XSAVE_EXTENDED; i++)
		if (image[i])
			return -EINVAL;
	if (in_use & (XSAVE_X87 | XSAVE_SSE | XSAVE_YMM)) {
		if (get_le32(image + XSAVE_MXCSR) & ~XSAVE_MXCSR_VALID)
			return -EINVAL;
		if (!(in_use & XSAVE_X87))
			memcpy(state->xsave + XSAVE_MXCSR, image + XSAVE_MXCSR, 8);
	}
	if (in_use & XSAVE_X87)
		memcpy(state->xsave, image, XSAVE_XMM);
	if (in_use & XSAVE_SSE)
		memcpy(state->xsave + XSAVE_XMM, image + XSAVE_XMM, XSAVE_XMM_SIZE);
	for (unsigned int i = 2; i < 63; i++) {
		size_t offset, size;

		if (!(in_use >> i & 1))
			continue;
		component(i, &offset, &size);
		memcpy(state->xsave + offset, image + offset, size);
	}
	put_le64(state->xsave + XSAVE_XSTATE_BV, in_use);
	return 0;
}

void vcpu_state_get_xsave(const struct vcpu_state *state, uint8_t ret[static XSAVE_IMAGE_SIZE])
{
	uint64_t in_use = get_le64(state->xsave + XSAVE_XSTATE_BV);

	memset(ret, 0, XSAVE_IMAGE_SIZE);
	put_le16(ret + XSAVE_FCW, XSAVE_INITIAL_FCW);
	put_le32(ret + XSAVE_MXCSR, XSAVE_INITIAL_MXCSR);
	put_le32(ret + XSAVE_MXCSR_MASK, XSAVE_MXCSR_VALID);
	/* __copy_xstate_to_uabi_buf(): MXCSR belongs to SSE and AVX, not to x87. */
	if (in_use & XSAVE_X87) {
		memcpy(ret, state->xsave, XSAVE_MXCSR);
		memcpy(ret + XSAVE_ST, state->xsave + XSAVE_ST, XSAVE_XMM - XSAVE_ST);
	}
	if (in_use & (XSAVE_SSE | XSAVE_YMM))
		memcpy(ret + XSAVE_MXCSR, state->xsave + XSAVE_MXCSR, 8);
	if (in_use & XSAVE_SSE)
		memcpy(ret + XSAVE_XMM, state->xsave + XSAVE_XMM, XSAVE_XMM_SIZE);
	for (unsigned int i = 2; i < 63; i++) {
		size_t offset, size;

		if (!(in_use >> i & 1))
			continue;
		component(i, &offset, &size);
		memcpy(ret + offset, state->xsave + offset, size);
	}
	put_le64(ret + XSAVE_XSTATE_BV, in_use);
}
