// SPDX-License-Identifier: Apache-2.0
#include "registers.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "processor.h"

enum {
	XSAVE_FCW = 0x00,
	XSAVE_FSW = 0x02,
	XSAVE_FTW = 0x04,
	XSAVE_FOP = 0x06,
	XSAVE_RIP = 0x08,
	XSAVE_RDP = 0x10,
	XSAVE_MXCSR = 0x18,
	XSAVE_MXCSR_MASK = 0x1c,
	XSAVE_ST = 0x20, /* eight registers in 16 bytes each */
	XSAVE_XMM = 0xa0,
	XSAVE_XMM_SIZE = 256,
	XSAVE_XSTATE_BV = 0x200,
	XSAVE_XCOMP_BV = 0x208,
	XSAVE_EXTENDED = 0x240,
	XSAVE_YMM_HI = 0x240, /* component 2 */
	XSAVE_YMM_HI_SIZE = 256,
};

/* Components, in XSTATE_BV. */
#define XSAVE_X87 (1ULL << 0)
#define XSAVE_SSE (1ULL << 1)
#define XSAVE_YMM (1ULL << 2)

/* Initial values (Linux 6.12 fpu/core.c, fpstate_init_fxstate) and the bits that MXCSR has. */
#define XSAVE_INITIAL_FCW   0x37fU
#define XSAVE_INITIAL_MXCSR 0x1f80U
#define XSAVE_MXCSR_VALID   0x2ffffU

/* What a component in its initial state reads as (fpstate_init_user). */
static void put_initial(uint8_t *image)
{
	put_le16(image + XSAVE_FCW, XSAVE_INITIAL_FCW);
	put_le32(image + XSAVE_MXCSR, XSAVE_INITIAL_MXCSR);
	put_le32(image + XSAVE_MXCSR_MASK, XSAVE_MXCSR_VALID);
}

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
	/* No component in use, x87 and SSE with their initial control words. */
	put_initial(state->xsave);
	msr_reset(state->msrs);
}

/* Copy the components in use to where CPUID says they lie in the standard format. x87 and SSE share the
 * legacy area. */
static void copy_components(uint8_t *to, const uint8_t *from, uint64_t in_use)
{
	for (unsigned int i = 2; i < 63; i++) {
		struct cpuid_leaf leaf = cpuid_of_host(0xd, i);

		if (in_use >> i & 1)
			memcpy(to + leaf.ebx, from + leaf.ebx, leaf.eax);
	}
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
	copy_components(state->xsave, image, in_use);
	put_le64(state->xsave + XSAVE_XSTATE_BV, in_use);
	return 0;
}

int vcpu_state_get_xsave(const struct vcpu_state *state, uint8_t ret[static XSAVE_IMAGE_SIZE])
{
	uint64_t in_use = get_le64(state->xsave + XSAVE_XSTATE_BV);

	memset(ret, 0, XSAVE_IMAGE_SIZE);
	put_initial(ret);
	/* __copy_xstate_to_uabi_buf(): MXCSR belongs to SSE and AVX, not to x87. */
	if (in_use & XSAVE_X87) {
		memcpy(ret, state->xsave, XSAVE_MXCSR);
		memcpy(ret + XSAVE_ST, state->xsave + XSAVE_ST, XSAVE_XMM - XSAVE_ST);
	}
	if (in_use & (XSAVE_SSE | XSAVE_YMM))
		memcpy(ret + XSAVE_MXCSR, state->xsave + XSAVE_MXCSR, 8);
	if (in_use & XSAVE_SSE)
		memcpy(ret + XSAVE_XMM, state->xsave + XSAVE_XMM, XSAVE_XMM_SIZE);
	copy_components(ret, state->xsave, in_use);
	put_le64(ret + XSAVE_XSTATE_BV, in_use);
	return 0;
}

/* The save area (APM vol. 2, table B-4), as far as KVM fills it. */
enum {
	VMSA_ES = 0x000,
	VMSA_CS = 0x010,
	VMSA_SS = 0x020,
	VMSA_DS = 0x030,
	VMSA_FS = 0x040,
	VMSA_GS = 0x050,
	VMSA_GDTR = 0x060,
	VMSA_LDTR = 0x070,
	VMSA_IDTR = 0x080,
	VMSA_TR = 0x090,
	VMSA_CPL = 0x0cb,
	VMSA_EFER = 0x0d0,
	VMSA_XSS = 0x140,
	VMSA_CR4 = 0x148,
	VMSA_CR3 = 0x150,
	VMSA_CR0 = 0x158,
	VMSA_DR7 = 0x160,
	VMSA_DR6 = 0x168,
	VMSA_RFLAGS = 0x170,
	VMSA_RIP = 0x178,
	VMSA_RSP = 0x1d8,
	VMSA_RAX = 0x1f8,
	VMSA_STAR = 0x200,
	VMSA_LSTAR = 0x208,
	VMSA_CSTAR = 0x210,
	VMSA_SFMASK = 0x218,
	VMSA_KERNEL_GS_BASE = 0x220,
	VMSA_SYSENTER_CS = 0x228,
	VMSA_SYSENTER_ESP = 0x230,
	VMSA_SYSENTER_EIP = 0x238,
	VMSA_G_PAT = 0x268,
	VMSA_DBGCTL = 0x270,
	VMSA_SPEC_CTRL = 0x2e0,
	VMSA_RCX = 0x308,
	VMSA_RDX = 0x310,
	VMSA_RBX = 0x318,
	VMSA_RBP = 0x328,
	VMSA_RSI = 0x330,
	VMSA_RDI = 0x338,
	VMSA_R8 = 0x340,
	VMSA_SEV_FEATURES = 0x3b0,
	VMSA_XCR0 = 0x3e8,
	VMSA_X87_DP = 0x400,
	VMSA_MXCSR = 0x408,
	VMSA_X87_FTW = 0x40c,
	VMSA_X87_FSW = 0x40e,
	VMSA_X87_FCW = 0x410,
	VMSA_X87_FOP = 0x412,
	VMSA_X87_RIP = 0x418,
	VMSA_FPREG_X87 = 0x420,
	VMSA_FPREG_XMM = 0x470,
	VMSA_FPREG_YMM = 0x570,
};

#define EFER_SVME (1ULL << 12)
#define CR0_NW	  (1ULL << 29)
#define CR0_CD	  (1ULL << 30)
#define CR4_MCE	  (1ULL << 6)
#define DR7_FIXED 0x400ULL

/* svm_set_segment(). */
static void put_segment(uint8_t *at, const struct kvm_segment *segment)
{
	unsigned int attrib = (segment->type & 15U) | (segment->s & 1U) << 4 |
			      (segment->dpl & 3U) << 5 |
			      ((segment->present & 1U) && !segment->unusable ? 1U << 7 : 0) |
			      (segment->avl & 1U) << 8 | (segment->l & 1U) << 9 |
			      (segment->db & 1U) << 10 | (segment->g & 1U) << 11;

	put_le16(at, segment->selector);
	put_le16(at + 2, (uint16_t)attrib);
	put_le32(at + 4, segment->limit);
	put_le64(at + 8, segment->base);
}

static void put_table(uint8_t *at, const struct kvm_dtable *table)
{
	put_le32(at + 4, table->limit);
	put_le64(at + 8, table->base);
}

static void put_special(const struct kvm_sregs2 *sregs, uint8_t *vmsa)
{
	put_segment(vmsa + VMSA_ES, &sregs->es);
	put_segment(vmsa + VMSA_CS, &sregs->cs);
	put_segment(vmsa + VMSA_SS, &sregs->ss);
	put_segment(vmsa + VMSA_DS, &sregs->ds);
	put_segment(vmsa + VMSA_FS, &sregs->fs);
	put_segment(vmsa + VMSA_GS, &sregs->gs);
	put_segment(vmsa + VMSA_LDTR, &sregs->ldt);
	put_segment(vmsa + VMSA_TR, &sregs->tr);
	put_table(vmsa + VMSA_GDTR, &sregs->gdt);
	put_table(vmsa + VMSA_IDTR, &sregs->idt);
	vmsa[VMSA_CPL] = sregs->ss.dpl & 3;
	/* svm_set_efer(), svm_set_cr4() on a host with MCE, svm_set_cr0() with the quirk
	 * CD_NW_CLEARED, which QEMU leaves on. CR2 reaches the VMCB only when the guest runs. */
	put_le64(vmsa + VMSA_EFER, sregs->efer | EFER_SVME);
	put_le64(vmsa + VMSA_CR4, sregs->cr4 | CR4_MCE);
	put_le64(vmsa + VMSA_CR3, sregs->cr3);
	put_le64(vmsa + VMSA_CR0, sregs->cr0 & ~(CR0_CD | CR0_NW));
}

static void put_general(const struct kvm_regs *regs, uint8_t *vmsa)
{
	const uint64_t r8_to_r15[] = {regs->r8,	 regs->r9,  regs->r10, regs->r11,
				      regs->r12, regs->r13, regs->r14, regs->r15};

	put_le64(vmsa + VMSA_RAX, regs->rax);
	put_le64(vmsa + VMSA_RBX, regs->rbx);
	put_le64(vmsa + VMSA_RCX, regs->rcx);
	put_le64(vmsa + VMSA_RDX, regs->rdx);
	put_le64(vmsa + VMSA_RSP, regs->rsp);
	put_le64(vmsa + VMSA_RBP, regs->rbp);
	put_le64(vmsa + VMSA_RSI, regs->rsi);
	put_le64(vmsa + VMSA_RDI, regs->rdi);
	for (size_t i = 0; i < 8; i++)
		put_le64(vmsa + VMSA_R8 + 8 * i, r8_to_r15[i]);
	put_le64(vmsa + VMSA_RIP, regs->rip);
	put_le64(vmsa + VMSA_RFLAGS, regs->rflags | 2);
}

static void put_msrs(const uint64_t *msrs, uint8_t *vmsa)
{
	put_le64(vmsa + VMSA_XSS, msrs[MSR_XSS]);
	put_le64(vmsa + VMSA_STAR, msrs[MSR_STAR]);
	put_le64(vmsa + VMSA_LSTAR, msrs[MSR_LSTAR]);
	put_le64(vmsa + VMSA_CSTAR, msrs[MSR_CSTAR]);
	put_le64(vmsa + VMSA_SFMASK, msrs[MSR_SYSCALL_MASK]);
	put_le64(vmsa + VMSA_KERNEL_GS_BASE, msrs[MSR_KERNEL_GS_BASE]);
	put_le64(vmsa + VMSA_SYSENTER_CS, msrs[MSR_SYSENTER_CS]);
	/* svm_set_msr() keeps the upper halves elsewhere. */
	put_le64(vmsa + VMSA_SYSENTER_ESP, (uint32_t)msrs[MSR_SYSENTER_ESP]);
	put_le64(vmsa + VMSA_SYSENTER_EIP, (uint32_t)msrs[MSR_SYSENTER_EIP]);
	put_le64(vmsa + VMSA_G_PAT, msrs[MSR_PAT]);
	put_le64(vmsa + VMSA_DBGCTL, msrs[MSR_DEBUGCTL]);
	put_le64(vmsa + VMSA_SPEC_CTRL, msrs[MSR_SPEC_CTRL]);
}

static void put_fpu(const uint8_t *xsave, uint8_t *vmsa)
{
	memcpy(vmsa + VMSA_X87_DP, xsave + XSAVE_RDP, 8);
	memcpy(vmsa + VMSA_MXCSR, xsave + XSAVE_MXCSR, 4);
	memcpy(vmsa + VMSA_X87_FTW, xsave + XSAVE_FTW, 2);
	memcpy(vmsa + VMSA_X87_FSW, xsave + XSAVE_FSW, 2);
	memcpy(vmsa + VMSA_X87_FCW, xsave + XSAVE_FCW, 2);
	memcpy(vmsa + VMSA_X87_FOP, xsave + XSAVE_FOP, 2);
	memcpy(vmsa + VMSA_X87_RIP, xsave + XSAVE_RIP, 8);
	/* Eight times the lower 8 bytes, then eight times the upper 2. */
	for (size_t i = 0; i < 8; i++) {
		memcpy(vmsa + VMSA_FPREG_X87 + 8 * i, xsave + XSAVE_ST + 16 * i, 8);
		memcpy(vmsa + VMSA_FPREG_X87 + 64 + 2 * i, xsave + XSAVE_ST + 16 * i + 8, 2);
	}
	memcpy(vmsa + VMSA_FPREG_XMM, xsave + XSAVE_XMM, XSAVE_XMM_SIZE);
	if (get_le64(xsave + XSAVE_XSTATE_BV) & XSAVE_YMM)
		memcpy(vmsa + VMSA_FPREG_YMM, xsave + XSAVE_YMM_HI, XSAVE_YMM_HI_SIZE);
}

int vmsa_build(const struct vcpu_state *state, uint64_t sev_features, bool fpu,
	       uint8_t ret[static VMSA_SIZE])
{
	if (state->debugregs.dr7 & ~DR7_FIXED)
		return -EINVAL;
	memset(ret, 0, VMSA_SIZE);
	put_special(&state->sregs, ret);
	put_general(&state->regs, ret);
	put_msrs(state->msrs, ret);
	/* DR0 to DR3 belong to the DebugSwap feature, which KVM does not set here. */
	put_le64(ret + VMSA_DR7, state->debugregs.dr7);
	put_le64(ret + VMSA_DR6, state->debugregs.dr6);
	put_le64(ret + VMSA_XCR0, state->xcr0);
	put_le64(ret + VMSA_SEV_FEATURES, sev_features);
	if (fpu)
		put_fpu(state->xsave, ret);
	return 0;
}
