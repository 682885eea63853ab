// SPDX-License-Identifier: Apache-2.0
#include "launch/vmsa.h"

#include <string.h>

#include <snp/span.h>

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
