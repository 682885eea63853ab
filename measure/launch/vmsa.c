// SPDX-License-Identifier: Apache-2.0
#include "launch/launch.h"

#include <stddef.h>
#include <string.h>

#include <snp/span.h>

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
	uint8_t gap0[0x0d0 - 0x0a0];
	uint8_t efer[8];
	uint8_t gap1[0x148 - 0x0d8];
	uint8_t cr4[8];
	uint8_t cr3[8];
	uint8_t cr0[8];
	uint8_t dr7[8];
	uint8_t dr6[8];
	uint8_t rflags[8];
	uint8_t rip[8];
	uint8_t gap2[0x268 - 0x180];
	uint8_t g_pat[8];
	uint8_t gap3[0x310 - 0x270];
	uint8_t rdx[8];
	uint8_t gap4[0x3b0 - 0x318];
	uint8_t sev_features[8];
	uint8_t gap5[0x3e8 - 0x3b8];
	uint8_t xcr0[8];
	uint8_t gap6[0x408 - 0x3f0];
	uint8_t mxcsr[4];
	uint8_t x87_ftw[2];
	uint8_t x87_fsw[2];
	uint8_t x87_fcw[2];
	uint8_t gap7[SNP_PAGE_SIZE - 0x412];
};
_Static_assert(sizeof(struct segment) == 16, "a segment register");
_Static_assert(sizeof(struct vmsa) == SNP_PAGE_SIZE, "a VMSA is a page");
_Static_assert(offsetof(struct vmsa, cs) == 0x010, "CS");
_Static_assert(offsetof(struct vmsa, tr) == 0x090, "TR");
_Static_assert(offsetof(struct vmsa, efer) == 0x0d0, "EFER");
_Static_assert(offsetof(struct vmsa, cr4) == 0x148, "CR4");
_Static_assert(offsetof(struct vmsa, cr0) == 0x158, "CR0");
_Static_assert(offsetof(struct vmsa, dr7) == 0x160, "DR7");
_Static_assert(offsetof(struct vmsa, dr6) == 0x168, "DR6");
_Static_assert(offsetof(struct vmsa, rflags) == 0x170, "RFLAGS");
_Static_assert(offsetof(struct vmsa, rip) == 0x178, "RIP");
_Static_assert(offsetof(struct vmsa, g_pat) == 0x268, "G_PAT");
_Static_assert(offsetof(struct vmsa, rdx) == 0x310, "RDX");
_Static_assert(offsetof(struct vmsa, sev_features) == 0x3b0, "SEV_FEATURES");
_Static_assert(offsetof(struct vmsa, xcr0) == 0x3e8, "XCR0");
_Static_assert(offsetof(struct vmsa, mxcsr) == 0x408, "MXCSR");
_Static_assert(offsetof(struct vmsa, x87_fcw) == 0x410, "X87_FCW");

static void put_segment(struct segment *ret, uint16_t selector, uint16_t attrib, uint32_t limit,
			uint32_t base)
{
	snp_put_le16(ret->selector, selector);
	snp_put_le16(ret->attrib, attrib);
	snp_put_le32(ret->limit, limit);
	snp_put_le64(ret->base, base);
}

static void put_segments(struct vmsa *vmsa, const struct snp_profile *profile,
			 const struct vmsa_start *start)
{
	uint16_t cs_attrib = start->is_ap ? profile->cs_attrib_ap : profile->cs_attrib_bsp;

	if (profile->segments == SEGMENTS_FLAT) {
		/* COCONUT-SVSM's selectors; GS is left as at reset. */
		put_segment(&vmsa->cs, 0x08, cs_attrib, 0xffffffff, 0);
		put_segment(&vmsa->ss, 0x10, profile->ss_attrib, 0xffffffff, 0);
		put_segment(&vmsa->es, 0x10, 0xc93, 0xffffffff, 0);
		put_segment(&vmsa->ds, 0x10, 0xc93, 0xffffffff, 0);
		put_segment(&vmsa->fs, 0x10, 0xc93, 0xffffffff, 0);
		snp_put_le64(vmsa->rip, start->eip);
	} else {
		/* APM vol. 2, table 14-1; an AP's start address split as QEMU's
		 * sev_es_save_reset_vector() does. */
		put_segment(&vmsa->cs, 0xf000, cs_attrib, 0xffff, start->eip & 0xffff0000);
		put_segment(&vmsa->ss, 0, profile->ss_attrib, 0xffff, 0);
		put_segment(&vmsa->es, 0, 0x93, 0xffff, 0);
		put_segment(&vmsa->ds, 0, 0x93, 0xffff, 0);
		put_segment(&vmsa->fs, 0, 0x93, 0xffff, 0);
		snp_put_le64(vmsa->rip, start->eip & 0xffff);
	}
	put_segment(&vmsa->gs, 0, 0x93, 0xffff, 0);
	put_segment(&vmsa->gdtr, 0, 0, 0xffff, 0);
	put_segment(&vmsa->idtr, 0, 0, 0xffff, 0);
	put_segment(&vmsa->ldtr, 0, 0x82, 0xffff, 0);
	put_segment(&vmsa->tr, 0, profile->tr_attrib, 0xffff, 0);
}

void vmsa_build(const struct snp_profile *profile, const struct vmsa_start *start,
		uint8_t ret[static SNP_PAGE_SIZE])
{
	struct vmsa vmsa = {0};

	put_segments(&vmsa, profile, start);
	snp_put_le64(vmsa.efer, 1u << 12); /* SVME, set by KVM (svm_set_efer) */
	snp_put_le64(vmsa.cr4, 1u << 6);   /* MCE, set by KVM where the host has it */
	snp_put_le64(vmsa.cr0, profile->cr0);
	snp_put_le64(vmsa.dr7, 0x400); /* APM vol. 2, table 14-1, as RFLAGS, XCR0 */
	snp_put_le64(vmsa.dr6, 0xffff0ff0);
	snp_put_le64(vmsa.rflags, 2);
	snp_put_le64(vmsa.g_pat, profile->g_pat);
	snp_put_le64(vmsa.rdx, profile->rdx_is_signature ? start->cpu_signature : profile->rdx);
	snp_put_le64(vmsa.sev_features, start->sev_features);
	snp_put_le64(vmsa.xcr0, 1);
	snp_put_le32(vmsa.mxcsr, profile->mxcsr);
	snp_put_le16(vmsa.x87_fcw, profile->x87_fcw);
	memcpy(ret, &vmsa, sizeof(vmsa));
}
