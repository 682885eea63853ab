/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_VMSA_H
#define LAUNCH_VMSA_H

#include <stddef.h>

#include "launch/launch.h"

/*
 * VM save area of SEV-ES and SEV-SNP guests: APM vol. 2, appendix B, table B-4 (Linux
 * arch/x86/include/asm/svm.h, struct sev_es_save_area). Members are little-endian byte arrays, so that
 * the structure is the page whatever the machine; `gapN` is what begins as zero.
 */
struct segment {
	uint8_t selector[2];
	uint8_t attrib[2];
	uint8_t limit[4];
	uint8_t base[8];
};

struct vmsa {
	struct segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t gap0[0x0cb - 0x0a0];
	uint8_t cpl;
	uint8_t gap1[0x0d0 - 0x0cc];
	uint8_t efer[8];
	uint8_t gap2[0x148 - 0x0d8];
	uint8_t cr4[8];
	uint8_t cr3[8];
	uint8_t cr0[8];
	uint8_t dr7[8];
	uint8_t dr6[8];
	uint8_t rflags[8];
	uint8_t rip[8];
	uint8_t gap3[0x1d8 - 0x180];
	uint8_t rsp[8];
	uint8_t gap4[0x1f8 - 0x1e0];
	uint8_t rax[8];
	uint8_t gap5[0x268 - 0x200];
	uint8_t g_pat[8];
	uint8_t gap6[0x308 - 0x270];
	uint8_t rcx[8];
	uint8_t rdx[8];
	uint8_t rbx[8];
	uint8_t gap7[0x328 - 0x320];
	uint8_t rbp[8];
	uint8_t rsi[8];
	uint8_t rdi[8];
	uint8_t r8_to_r15[64];
	uint8_t gap8[0x3b0 - 0x380];
	uint8_t sev_features[8];
	uint8_t gap9[0x3e8 - 0x3b8];
	uint8_t xcr0[8];
	uint8_t gap10[0x408 - 0x3f0];
	uint8_t mxcsr[4];
	uint8_t x87_ftw[2];
	uint8_t x87_fsw[2];
	uint8_t x87_fcw[2];
	uint8_t gap11[SNP_PAGE_SIZE - 0x412];
};
_Static_assert(sizeof(struct segment) == 16, "a segment register");
_Static_assert(sizeof(struct vmsa) == SNP_PAGE_SIZE, "a VMSA is a page");
_Static_assert(offsetof(struct vmsa, cs) == 0x010, "CS");
_Static_assert(offsetof(struct vmsa, tr) == 0x090, "TR");
_Static_assert(offsetof(struct vmsa, cpl) == 0x0cb, "CPL");
_Static_assert(offsetof(struct vmsa, efer) == 0x0d0, "EFER");
_Static_assert(offsetof(struct vmsa, cr4) == 0x148, "CR4");
_Static_assert(offsetof(struct vmsa, cr0) == 0x158, "CR0");
_Static_assert(offsetof(struct vmsa, dr7) == 0x160, "DR7");
_Static_assert(offsetof(struct vmsa, dr6) == 0x168, "DR6");
_Static_assert(offsetof(struct vmsa, rflags) == 0x170, "RFLAGS");
_Static_assert(offsetof(struct vmsa, rip) == 0x178, "RIP");
_Static_assert(offsetof(struct vmsa, rsp) == 0x1d8, "RSP");
_Static_assert(offsetof(struct vmsa, rax) == 0x1f8, "RAX");
_Static_assert(offsetof(struct vmsa, g_pat) == 0x268, "G_PAT");
_Static_assert(offsetof(struct vmsa, rcx) == 0x308, "RCX");
_Static_assert(offsetof(struct vmsa, rdx) == 0x310, "RDX");
_Static_assert(offsetof(struct vmsa, rbp) == 0x328, "RBP");
_Static_assert(offsetof(struct vmsa, r8_to_r15) == 0x340, "R8");
_Static_assert(offsetof(struct vmsa, sev_features) == 0x3b0, "SEV_FEATURES");
_Static_assert(offsetof(struct vmsa, xcr0) == 0x3e8, "XCR0");
_Static_assert(offsetof(struct vmsa, mxcsr) == 0x408, "MXCSR");
_Static_assert(offsetof(struct vmsa, x87_fcw) == 0x410, "X87_FCW");

#endif
