// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "launch/vmsa.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

/*
 * QEMU cannot give KVM a VMSA: it copies the registers of the file's into the vCPU
 * (target/i386/sev.c, sev_apply_cpu_context()), and KVM builds the VMSA that is measured from the vCPU
 * (arch/x86/kvm/svm/sev.c, sev_es_sync_vmsa()). On the way some change, and some are refused.
 */

#define refuse(err, offset, ...) fail_with(err, SNP_E_IGVM_LAUNCH, offset, __VA_ARGS__)

/* APM vol. 2, 3.1.1 to 3.1.3 and 3.1.7. */
#define CR0_PE	   (1ull << 0)
#define CR0_ET	   (1ull << 4)
#define CR0_NW	   (1ull << 29)
#define CR0_CD	   (1ull << 30)
#define CR0_PG	   (1ull << 31)
#define CR0_KNOWN  0xe005003full
#define CR0_RESET  0x60000010ull
#define CR4_PAE	   (1ull << 5)
#define CR4_MCE	   (1ull << 6)
#define CR4_UMIP   (1ull << 11)
#define CR4_LA57   (1ull << 12)
#define CR4_PCIDE  (1ull << 17)
#define CR4_PKE	   (1ull << 22)
#define CR4_PKS	   (1ull << 24)
#define CR4_LAM	   (1ull << 28)
#define CR4_ALWAYS 0x003507ffull /* VME to OSXMMEXCPT, FSGSBASE, OSXSAVE, SMEP, SMAP: every model */
#define EFER_LME   (1ull << 8)
#define EFER_LMA   (1ull << 10)
#define EFER_SVME  (1ull << 12)
#define EFER_KNOWN 0x20dd01ull /* SCE, LME, LMA, NXE, SVME, FFXSR, TCE, AIBRSE */
#define RFLAGS_VM  (1ull << 17)

#define SEGMENT_ATTRIB 0x0fffu /* what KVM's struct kvm_segment holds */
#define SEGMENT_L      (1u << 9)

/* SEV_FEATURES that some KVM offers (sev_supported_vmsa_features): SNP, DebugSwap, Secure TSC. */
#define FEATURES_OFFERED 0x221ull

#define SAVE_AREA 0x670u /* bytes of struct sev_es_save_area; QEMU does not look at more */

static uint64_t get64(const uint8_t bytes[static 8])
{
	uint64_t v = 0;

	(void)snp_span_le64((struct snp_span){bytes, 8}, 0, &v);
	return v;
}

static uint16_t get16(const uint8_t bytes[static 2])
{
	uint16_t v = 0;

	(void)snp_span_le16((struct snp_span){bytes, 2}, 0, &v);
	return v;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* check_vmsa_supported(): what QEMU does not copy must be zero. */
static int check_unused(const struct vmsa *context, uint64_t offset, struct snp_error *err)
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
	if (!all_zero((const uint8_t *)&rest, SAVE_AREA))
		return refuse(err, offset,
			      "the VP context sets fields that QEMU cannot hand to KVM, which it "
			      "refuses");
	return 0;
}

static void copy_segment(struct segment *ret, const struct segment *segment)
{
	*ret = *segment;
	snp_put_le16(ret->attrib, get16(segment->attrib) & SEGMENT_ATTRIB);
}

/* GDTR and IDTR: base, and 16 bits of limit (struct kvm_dtable). */
static void copy_table(struct segment *ret, const struct segment *table)
{
	memcpy(ret->base, table->base, sizeof(ret->base));
	memcpy(ret->limit, table->limit, 2);
}

static void copy_segments(struct vmsa *ret, const struct vmsa *context)
{
	copy_segment(&ret->es, &context->es);
	copy_segment(&ret->cs, &context->cs);
	copy_segment(&ret->ss, &context->ss);
	copy_segment(&ret->ds, &context->ds);
	copy_segment(&ret->fs, &context->fs);
	copy_segment(&ret->gs, &context->gs);
	copy_segment(&ret->ldtr, &context->ldtr);
	copy_segment(&ret->tr, &context->tr);
	memcpy(ret->tr.base, context->ldtr.base,
	       sizeof(ret->tr.base)); /* QEMU takes it from LDTR */
	copy_table(&ret->gdtr, &context->gdtr);
	copy_table(&ret->idtr, &context->idtr);
	/* svm_set_segment() */
	ret->cpl = get16(context->ss.attrib) >> 5 & 3;
}

static void copy_registers(struct vmsa *ret, const struct vmsa *context)
{
	memcpy(ret->cr3, context->cr3, sizeof(ret->cr3));
	memcpy(ret->dr7, context->dr7, sizeof(ret->dr7));
	memcpy(ret->dr6, context->dr6, sizeof(ret->dr6));
	snp_put_le64(ret->rflags, get64(context->rflags) | 2);
	memcpy(ret->rip, context->rip, sizeof(ret->rip));
	memcpy(ret->rsp, context->rsp, sizeof(ret->rsp));
	memcpy(ret->rax, context->rax, sizeof(ret->rax));
	memcpy(ret->g_pat, context->g_pat, sizeof(ret->g_pat));
	memcpy(ret->rcx, context->rcx, offsetof(struct vmsa, gap7) - offsetof(struct vmsa, rcx));
	memcpy(ret->rbp, context->rbp, offsetof(struct vmsa, gap8) - offsetof(struct vmsa, rbp));
	memcpy(ret->xcr0, context->xcr0, sizeof(ret->xcr0));
}

static int find_features(const struct snp_launch *launch, uint64_t offset, const char *what,
			 uint32_t *ret, struct snp_error *err)
{
	if (cpu_features(launch->vcpus.signature, ret))
		return 0;
	return fail_with(err, SNP_E_NEEDS_CPU_MODEL, offset,
			 "the VP context's %s has bits that depend on the vCPU model; give the "
			 "name of one",
			 what);
}

/* QEMU clears bits of features that the model lacks (cpu_x86_update_cr4()); KVM refuses the others
 * (kvm_is_valid_cr4()). */
static int take_cr4(const struct snp_launch *launch, const struct vmsa *context, uint64_t offset,
		    uint64_t *ret, struct snp_error *err)
{
	const uint64_t by_model = CR4_UMIP | CR4_LA57 | CR4_PCIDE | CR4_PKE;
	const struct {
		uint64_t bit;
		uint32_t feature;
		bool is_cleared;
	} bits[] = {
		{CR4_UMIP, CPU_UMIP, true},
		{CR4_PKE, CPU_PKU, true},
		{CR4_LA57, CPU_LA57, false},
		{CR4_PCIDE, CPU_PCID, false},
	};
	uint64_t cr4 = (uint32_t)get64(context->cr4) & ~(CR4_PKS | CR4_LAM);
	uint32_t features = 0;
	int r;

	if (cr4 & ~(CR4_ALWAYS | by_model))
		return refuse(err, offset, "CR4 0x%" PRIx64 " has bits that KVM refuses", cr4);
	if (cr4 & by_model) {
		r = find_features(launch, offset, "CR4", &features, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (!(cr4 & bits[i].bit) || (features & bits[i].feature))
			continue;
		if (!bits[i].is_cleared)
			return refuse(err, offset,
				      "CR4 0x%" PRIx64
				      " has bits of features that the vCPU model lacks",
				      cr4);
		cr4 &= ~bits[i].bit;
	}
	*ret = cr4;
	return 0;
}

/* kvm_set_cr3() and its like: 40 bits of address, QEMU's default, and the C-bit. */
static int check_cr3(const struct vmsa *context, uint64_t offset, struct snp_error *err)
{
	const uint64_t possible = ((1ull << 40) - 1) | 1ull << 51;

	if (get64(context->cr3) & ~possible)
		return refuse(err, offset,
			      "CR3 0x%" PRIx64 " has bits that KVM refuses with 40 bits of address",
			      get64(context->cr3));
	return 0;
}

/* cpu_load_efer(), cpu_x86_update_cr0(), and what KVM makes of both: kvm_is_valid_sregs(),
 * svm_set_efer(), svm_set_cr0(). */
static int take_mode(const struct snp_launch *launch, const struct vmsa *context, uint64_t offset,
		     struct vmsa *ret, struct snp_error *err)
{
	uint64_t efer = get64(context->efer), cr0 = (uint32_t)get64(context->cr0), cr4 = 0;
	const bool starts_long = (cr0 & CR0_PG) && (efer & EFER_LME);
	int r = take_cr4(launch, context, offset, &cr4, err);

	if (r < 0)
		return r;
	if (starts_long && !(cr4 & CR4_PAE))
		cr0 = CR0_RESET;
	else if (starts_long)
		efer |= EFER_LMA;
	cr0 |= CR0_ET;
	if ((efer & ~EFER_KNOWN) || (cr0 & ~CR0_KNOWN))
		return refuse(err, offset,
			      "EFER 0x%" PRIx64 " or CR0 0x%" PRIx64
			      " has reserved bits, which no vCPU starts with",
			      efer, cr0);
	if (((cr0 & CR0_NW) && !(cr0 & CR0_CD)) || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)))
		return refuse(err, offset, "CR0 0x%" PRIx64 " is a combination that KVM refuses",
			      cr0);
	if ((cr0 & CR0_PG) && (efer & EFER_LME))
		r = check_cr3(context, offset, err);
	else if ((efer & EFER_LMA) || (get16(context->cs.attrib) & SEGMENT_L))
		r = refuse(err, offset, "long mode without EFER.LME and CR0.PG, which KVM refuses");
	snp_put_le64(ret->efer, efer | EFER_SVME);
	snp_put_le64(ret->cr0, cr0 & ~(CR0_CD | CR0_NW));
	snp_put_le64(ret->cr4, cr4 | CR4_MCE);
	return r;
}

/* __kvm_set_xcr() */
static int check_xcr0(const struct snp_launch *launch, uint64_t xcr0, uint64_t offset,
		      struct snp_error *err)
{
	const uint64_t avx = 4, avx512 = 0xe0, pkru = 0x200;
	uint64_t possible = 7;
	uint32_t features;
	int r;

	if (xcr0 & ~possible) {
		r = find_features(launch, offset, "XCR0", &features, err);
		if (r < 0)
			return r;
		possible |= features & CPU_PKU ? pkru : 0;
		possible |= features & CPU_AVX512 ? avx512 : 0;
	}
	if ((xcr0 & ~possible) || !(xcr0 & 1) || ((xcr0 & avx) && !(xcr0 & 2)) ||
	    ((xcr0 & avx512) && ((xcr0 & avx512) != avx512 || !(xcr0 & avx))))
		return refuse(err, offset, "XCR0 0x%" PRIx64 ", which KVM refuses", xcr0);
	return 0;
}

/* kvm_pat_valid(): each byte is a memory type. */
static bool is_pat(const uint8_t pat[static 8])
{
	for (size_t i = 0; i < 8; i++)
		if (pat[i] > 7 || pat[i] == 2 || pat[i] == 3)
			return false;
	return true;
}

static int check_values(const struct snp_launch *launch, const struct vmsa *context,
			uint64_t offset, struct snp_error *err)
{
	/* sev_es_sync_vmsa(); kvm_dr6_valid() */
	if (get64(context->dr7) & ~0x400ull)
		return refuse(err, offset, "DR7 0x%" PRIx64 "; KVM launches none but 0 and 0x400",
			      get64(context->dr7));
	if (get64(context->dr6) >> 32)
		return refuse(err, offset, "DR6 0x%" PRIx64 " has bits that KVM refuses",
			      get64(context->dr6));
	if (!is_pat(context->g_pat))
		return refuse(err, offset, "G_PAT 0x%" PRIx64 ", which KVM refuses",
			      get64(context->g_pat));
	/* QEMU would replace all segments (set_v8086_seg()). */
	if (get64(context->rflags) & RFLAGS_VM)
		return refuse(err, offset,
			      "virtual 8086 mode (RFLAGS.VM), which is not known to "
			      "be launched as it stands");
	return check_xcr0(launch, get64(context->xcr0), offset, err);
}

int igvm_vmsa_of_context(const struct snp_launch *launch,
			 const uint8_t context[static SNP_PAGE_SIZE], uint64_t features,
			 uint64_t offset, uint8_t ret[static SNP_PAGE_SIZE], struct snp_error *err)
{
	const struct snp_profile *profile = launch_profile(launch);
	struct vmsa given, vmsa = {0};
	int r;

	memcpy(&given, context, sizeof(given));
	r = check_unused(&given, offset, err);
	if (r < 0)
		return r;
	r = check_values(launch, &given, offset, err);
	if (r < 0)
		return r;
	r = take_mode(launch, &given, offset, &vmsa, err);
	if (r < 0)
		return r;
	copy_segments(&vmsa, &given);
	copy_registers(&vmsa, &given);
	/* QEMU's XSAVE image says "initial state" (XSTATE_BV 0), whatever the file has. */
	snp_put_le32(vmsa.mxcsr, profile->mxcsr);
	snp_put_le16(vmsa.x87_fcw, profile->x87_fcw);
	snp_put_le64(vmsa.sev_features, features);
	memcpy(ret, &vmsa, sizeof(vmsa));
	return 0;
}

static int check_features(uint64_t features, uint64_t offset, struct snp_error *err)
{
	if ((features & 1) && !(features & ~FEATURES_OFFERED))
		return 0;
	return refuse(err, offset,
		      "SEV_FEATURES 0x%" PRIx64
		      " of the VP context; must have bit 0 (SNP), and no other than KVM offers",
		      features);
}

static int check_context(const struct snp_launch *launch, struct igvm_layout *layout,
			 const struct snp_igvm_header *h, struct snp_error *err)
{
	uint8_t context[SNP_PAGE_SIZE], vmsa[SNP_PAGE_SIZE];
	struct vmsa given;
	uint64_t features;
	int r;

	if (h->platform != SNP_IGVM_SEV_SNP && h->platform != SNP_IGVM_SEV_ES)
		return refuse(err, h->offset,
			      "a VP context for platform %s, which starts no SEV-SNP guest",
			      snp_igvm_platform_name(h->platform));
	if (h->gpa != SNP_VMSA_GPA)
		return refuse(err, h->offset, "VP context at 0x%" PRIx64 "; QEMU takes 0x%llx only",
			      h->gpa, SNP_VMSA_GPA);
	if (h->index >= launch->vcpus.count)
		return refuse(err, h->offset,
			      "VP context of vCPU %" PRIu32 "; the guest has %" PRIu32, h->index,
			      launch->vcpus.count);
	r = igvm_read_piece(launch->igvm, h->data, context, sizeof(context), err);
	if (r < 0)
		return r;
	memcpy(&given, context, sizeof(given));
	features = get64(given.sev_features);
	r = check_features(features, h->offset, err);
	if (r == 0 && h->index == 0)
		layout->features = features;
	return r < 0 ? r : igvm_vmsa_of_context(launch, context, features, h->offset, vmsa, err);
}

static int compare_vcpus(const void *a, const void *b)
{
	const struct igvm_context *x = a, *y = b;

	return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

static int compare_contexts(const void *a, const void *b)
{
	const struct igvm_context *x = a, *y = b;

	if (x->vcpu != y->vcpu)
		return compare_vcpus(a, b);
	return x->header < y->header ? -1 : x->header > y->header;
}

int igvm_contexts_read(const struct snp_launch *launch, struct igvm_layout *layout,
		       struct snp_error *err)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < layout->info->n_headers; i++) {
		const struct snp_igvm_header *h = &layout->info->headers[i];
		int r;

		if (h->type != SNP_IGVM_VP_CONTEXT || !(h->mask & layout->mask))
			continue;
		r = check_context(launch, layout, h, err);
		if (r < 0)
			return r;
		if (!grow(&layout->contexts, n, sizeof(*layout->contexts)))
			return out_of_memory(err);
		layout->contexts[n++] = (struct igvm_context){h->index, (uint32_t)i};
	}
	if (n > 0)
		qsort(layout->contexts, n, sizeof(*layout->contexts), compare_contexts);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || layout->contexts[i].vcpu != layout->contexts[i + 1].vcpu)
			layout->contexts[kept++] = layout->contexts[i];
	layout->n_contexts = kept;
	if (kept < launch->vcpus.count && launch->vcpus.signature == 0)
		return fail_with(err, SNP_E_NEEDS_CPU_MODEL, SNP_NO_OFFSET,
				 "%" PRIu64 " of %" PRIu32
				 " vCPUs have no context in the file and start with the signature "
				 "of their model; give it",
				 launch->vcpus.count - (uint64_t)kept, launch->vcpus.count);
	return 0;
}

int igvm_vcpu_vmsa(const struct snp_launch *launch, const struct igvm_layout *layout, uint32_t vcpu,
		   uint8_t ret[static SNP_PAGE_SIZE], struct snp_error *err)
{
	const struct igvm_context key = {.vcpu = vcpu}, *context = NULL;
	const struct snp_igvm_header *h;
	uint8_t page[SNP_PAGE_SIZE];
	int r;

	if (layout->n_contexts > 0)
		context = bsearch(&key, layout->contexts, layout->n_contexts, sizeof(key),
				  compare_vcpus);
	if (!context) {
		vmsa_build(launch_profile(launch),
			   &(struct vmsa_start){.eip = 0xfffffff0u,
						.cpu_signature = launch->vcpus.signature,
						.sev_features = layout->features},
			   ret);
		return 0;
	}
	h = &layout->info->headers[context->header];
	r = igvm_read_piece(launch->igvm, h->data, page, sizeof(page), err);
	return r < 0 ? r
		     : igvm_vmsa_of_context(launch, page, layout->features, h->offset, ret, err);
}
