// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm_registers.h"

#include <inttypes.h>
#include <string.h>

#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/fail.h>

/*
 * Cloud Hypervisor and OpenVMM hand the registers of a context to KVM by KVM_SET_REGS and KVM_SET_SREGS, and KVM
 * measures the VMSA that it builds from them (arch/x86/kvm/svm/sev.c, sev_es_sync_vmsa()). Both were read, not
 * run; a file for which it matters what could not be read is refused.
 */

#define refuse(err, offset, ...) fail_with(err, SNP_E_IGVM_LAUNCH, offset, __VA_ARGS__)

#define SEGMENT_ATTRIB 0x0fffu /* what KVM's struct kvm_segment holds */

/* What KVM's vCPU has after its reset (kvm_vcpu_reset(), init_vmcb(), fpu_init_fpstate_user()). */
#define PAT_RESET  0x0007040600070406ull
#define DR6_RESET  0xffff0ff0ull
#define DR7_RESET  0x400ull
#define XCR0_RESET 1ull
#define MXCSR_INIT 0x1f80u
#define FCW_INIT   0x37fu

uint16_t registers_get16(const uint8_t bytes[static 2])
{
	uint16_t v = 0;

	(void)snp_span_le16((struct snp_span){bytes, 2}, 0, &v);
	return v;
}

uint64_t registers_get64(const uint8_t bytes[static 8])
{
	uint64_t v = 0;

	(void)snp_span_le64((struct snp_span){bytes, 8}, 0, &v);
	return v;
}

static void copy_segment(struct segment *ret, const struct segment *segment)
{
	*ret = *segment;
	snp_put_le16(ret->attrib, registers_get16(segment->attrib) & SEGMENT_ATTRIB);
}

/* GDTR and IDTR: base, and 16 bits of limit. */
static void copy_table(struct segment *ret, const struct segment *table)
{
	memcpy(ret->base, table->base, sizeof(ret->base));
	memcpy(ret->limit, table->limit, 2);
}

void registers_copy(struct vmsa *ret, const struct vmsa *context)
{
	copy_segment(&ret->es, &context->es);
	copy_segment(&ret->cs, &context->cs);
	copy_segment(&ret->ss, &context->ss);
	copy_segment(&ret->ds, &context->ds);
	copy_segment(&ret->fs, &context->fs);
	copy_segment(&ret->gs, &context->gs);
	copy_segment(&ret->ldtr, &context->ldtr);
	copy_segment(&ret->tr, &context->tr);
	copy_table(&ret->gdtr, &context->gdtr);
	copy_table(&ret->idtr, &context->idtr);
	/* svm_set_segment() */
	ret->cpl = registers_get16(context->ss.attrib) >> 5 & 3;
	memcpy(ret->cr3, context->cr3, sizeof(ret->cr3));
	snp_put_le64(ret->rflags, registers_get64(context->rflags) | 2);
	memcpy(ret->rip, context->rip, sizeof(ret->rip));
	memcpy(ret->rsp, context->rsp, sizeof(ret->rsp));
	memcpy(ret->rax, context->rax, sizeof(ret->rax));
	memcpy(ret->rcx, context->rcx, offsetof(struct vmsa, gap7) - offsetof(struct vmsa, rcx));
	memcpy(ret->rbp, context->rbp, offsetof(struct vmsa, gap8) - offsetof(struct vmsa, rbp));
}

bool registers_is_pat(const uint8_t pat[static 8])
{
	for (size_t i = 0; i < 8; i++)
		if (pat[i] > 7 || pat[i] == 2 || pat[i] == 3)
			return false;
	return true;
}

bool registers_has_other(const struct vmsa *context, size_t size)
{
	struct vmsa rest = *context;

	memset(&rest, 0, offsetof(struct vmsa, gap0));
	memset(rest.efer, 0, sizeof(rest.efer));
	memset(rest.cr4, 0, offsetof(struct vmsa, gap3) - offsetof(struct vmsa, cr4));
	memset(rest.rsp, 0, sizeof(rest.rsp));
	memset(rest.rax, 0, sizeof(rest.rax));
	memset(rest.g_pat, 0, sizeof(rest.g_pat));
	memset(rest.rcx, 0, offsetof(struct vmsa, gap7) - offsetof(struct vmsa, rcx));
	memset(rest.rbp, 0, offsetof(struct vmsa, gap8) - offsetof(struct vmsa, rbp));
	memset(rest.sev_features, 0, sizeof(rest.sev_features));
	memset(rest.xcr0, 0, sizeof(rest.xcr0));
	memset(rest.mxcsr, 0, sizeof(rest.mxcsr));
	memset(rest.x87_fcw, 0, sizeof(rest.x87_fcw));
	for (size_t i = 0; i < size; i++)
		if (((const uint8_t *)&rest)[i] != 0)
			return true;
	return false;
}

/* kvm_is_valid_sregs(), svm_set_efer(), svm_set_cr0(), svm_set_cr4(). CR4's bits of features that a processor may
 * lack are launched as they are, or KVM refuses them. */
static int take_mode(const struct vmsa *context, uint64_t offset, struct vmsa *ret,
		     struct snp_error *err)
{
	const uint64_t efer = registers_get64(context->efer), cr0 = registers_get64(context->cr0),
		       cr4 = registers_get64(context->cr4);
	const bool is_long = (efer & EFER_LME) && (cr0 & CR0_PG);

	if ((efer & ~EFER_KNOWN) || (cr0 & ~CR0_KNOWN) ||
	    (cr4 & ~(CR4_ALWAYS | CR4_UMIP | CR4_LA57 | CR4_PCIDE | CR4_PKE)))
		return refuse(err, offset,
			      "EFER 0x%" PRIx64 ", CR0 0x%" PRIx64 " or CR4 0x%" PRIx64
			      " has bits that no vCPU starts with",
			      efer, cr0, cr4);
	if (((cr0 & CR0_NW) && !(cr0 & CR0_CD)) || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)))
		return refuse(err, offset, "CR0 0x%" PRIx64 " is a combination that KVM refuses",
			      cr0);
	if (is_long ? !(cr4 & CR4_PAE) || !(efer & EFER_LMA)
		    : (efer & EFER_LMA) || (registers_get16(context->cs.attrib) & SEGMENT_L))
		return refuse(err, offset,
			      "EFER 0x%" PRIx64 ", CR0 0x%" PRIx64 ", CR4 0x%" PRIx64
			      " and CS are a combination that KVM refuses",
			      efer, cr0, cr4);
	snp_put_le64(ret->efer, efer | EFER_SVME);
	snp_put_le64(ret->cr0, cr0 & ~(CR0_CD | CR0_NW));
	snp_put_le64(ret->cr4, cr4 | CR4_MCE);
	return 0;
}

/* Cloud Hypervisor hands over GDT, IDT, segments, control registers and general registers, and leaves the rest
 * as KVM has it (arch/src/x86_64/regs.rs). Whether LDTR is among the segments is not known. */
static int take_cloud_hypervisor(const struct vmsa *context, uint64_t offset, struct vmsa *ret,
				 struct snp_error *err)
{
	const struct segment ldtr = {.attrib = {0x82}, .limit = {0xff, 0xff}};

	if (memcmp(&context->ldtr, &ldtr, sizeof(ldtr)) != 0)
		return refuse(
			err, offset,
			"LDTR of the VP context is not as after reset; it is not known whether "
			"Cloud Hypervisor hands it to KVM");
	snp_put_le64(ret->g_pat, PAT_RESET);
	snp_put_le64(ret->dr6, DR6_RESET);
	snp_put_le64(ret->dr7, DR7_RESET);
	snp_put_le64(ret->xcr0, XCR0_RESET);
	return 0;
}

/* validate_snp_bsp_register_state() */
static bool is_started_in_long_mode(const struct vmsa *context)
{
	const uint64_t efer = EFER_LME | EFER_LMA | EFER_NXE, cr0 = CR0_PE | CR0_PG;
	const uint16_t cs = registers_get16(context->cs.attrib);

	return (registers_get64(context->efer) & efer) == efer &&
	       (registers_get64(context->cr0) & cr0) == cr0 && registers_get64(context->cr3) != 0 &&
	       (cs & SEGMENT_L) && (cs & 0x80) && registers_get64(context->rip) != 0;
}

/* OpenVMM refuses what it does not hand over, and starts in long mode only (virt_kvm, arch/x86_64/snp.rs). How the
 * FPU's registers get there differs between its versions. */
static int take_openvmm(const struct vmsa *context, uint64_t offset, struct vmsa *ret,
			struct snp_error *err)
{
	const uint64_t xcr0 = registers_get64(context->xcr0);
	uint32_t mxcsr = 0;

	(void)snp_span_le32((struct snp_span){context->mxcsr, 4}, 0, &mxcsr);
	if (registers_has_other(context, sizeof(*context)))
		return refuse(err, offset,
			      "the VP context sets fields that OpenVMM refuses, or of which it is "
			      "not known how it hands them to KVM");
	if (mxcsr != MXCSR_INIT || registers_get16(context->x87_fcw) != FCW_INIT)
		return refuse(
			err, offset,
			"MXCSR or FCW of the VP context is not 0x1f80 or 0x37f; it is not known "
			"how OpenVMM hands them to KVM");
	if ((context->gdtr.limit[2] | context->gdtr.limit[3] | context->idtr.limit[2] |
	     context->idtr.limit[3]) != 0)
		return refuse(err, offset, "a limit of GDTR or IDTR is not 16 bits");
	if (!is_started_in_long_mode(context))
		return refuse(err, offset,
			      "the VP context does not start in long mode with NXE, which OpenVMM "
			      "demands");
	if ((registers_get64(context->dr7) & ~DR7_RESET) || registers_get64(context->dr6) >> 32 ||
	    !registers_is_pat(context->g_pat) || !(xcr0 & 1) || (xcr0 & 6) == 4 ||
	    (xcr0 & ~0x2e7ull) || ((xcr0 & 0xe0) != 0 && (xcr0 & 0xe4) != 0xe4))
		return refuse(err, offset, "DR6, DR7, G_PAT or XCR0 is a value that KVM refuses");
	memcpy(ret->g_pat, context->g_pat, sizeof(ret->g_pat));
	memcpy(ret->dr6, context->dr6, sizeof(ret->dr6));
	memcpy(ret->dr7, context->dr7, sizeof(ret->dr7));
	memcpy(ret->xcr0, context->xcr0, sizeof(ret->xcr0));
	return 0;
}

int igvm_vmsa_of_registers(enum igvm_vmsa loader, const uint8_t context[static SNP_PAGE_SIZE],
			   uint64_t features, uint64_t offset, uint8_t ret[static SNP_PAGE_SIZE],
			   struct snp_error *err)
{
	struct vmsa given, vmsa = {0};
	int r;

	memcpy(&given, context, sizeof(given));
	registers_copy(&vmsa, &given);
	r = loader == IGVM_VMSA_OPENVMM ? take_openvmm(&given, offset, &vmsa, err)
					: take_cloud_hypervisor(&given, offset, &vmsa, err);
	if (r < 0)
		return r;
	r = take_mode(&given, offset, &vmsa, err);
	if (r < 0)
		return r;
	snp_put_le32(vmsa.mxcsr, MXCSR_INIT);
	snp_put_le16(vmsa.x87_fcw, FCW_INIT);
	snp_put_le64(vmsa.sev_features, features);
	memcpy(ret, &vmsa, sizeof(vmsa));
	return 0;
}
