// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "launch/igvm_registers.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

/*
 * QEMU cannot give KVM a VMSA: it copies the registers of the file's into the vCPU
 * (target/i386/sev.c, sev_apply_cpu_context()), and KVM builds the VMSA that is measured from the vCPU
 * (arch/x86/kvm/svm/sev.c, sev_es_sync_vmsa()). On the way some change, and some are refused.
 */

#define refuse(err, offset, ...) fail_with(err, SNP_E_IGVM_LAUNCH, offset, __VA_ARGS__)

#define CR0_RESET 0x60000010ull
#define CR4_PKS	  (1ull << 24)
#define CR4_LAM	  (1ull << 28)
#define RFLAGS_VM (1ull << 17)

/* SEV_FEATURES that some KVM offers (sev_supported_vmsa_features): SNP, DebugSwap, Secure TSC. */
#define FEATURES_OFFERED 0x221ull

#define SAVE_AREA 0x670u /* bytes of struct sev_es_save_area; QEMU does not look at more */

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
	uint64_t cr4 = (uint32_t)registers_get64(context->cr4) & ~(CR4_PKS | CR4_LAM);
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

	if (registers_get64(context->cr3) & ~possible)
		return refuse(err, offset,
			      "CR3 0x%" PRIx64 " has bits that KVM refuses with 40 bits of address",
			      registers_get64(context->cr3));
	return 0;
}

/* cpu_load_efer(), cpu_x86_update_cr0(), and what KVM makes of both: kvm_is_valid_sregs(),
 * svm_set_efer(), svm_set_cr0(). */
static int take_mode(const struct snp_launch *launch, const struct vmsa *context, uint64_t offset,
		     struct vmsa *ret, struct snp_error *err)
{
	uint64_t efer = registers_get64(context->efer),
		 cr0 = (uint32_t)registers_get64(context->cr0), cr4 = 0;
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
	else if ((efer & EFER_LMA) || (registers_get16(context->cs.attrib) & SEGMENT_L))
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

static int check_values(const struct snp_launch *launch, const struct vmsa *context,
			uint64_t offset, struct snp_error *err)
{
	/* sev_es_sync_vmsa(); kvm_dr6_valid() */
	if (registers_get64(context->dr7) & ~0x400ull)
		return refuse(err, offset, "DR7 0x%" PRIx64 "; KVM launches none but 0 and 0x400",
			      registers_get64(context->dr7));
	if (registers_get64(context->dr6) >> 32)
		return refuse(err, offset, "DR6 0x%" PRIx64 " has bits that KVM refuses",
			      registers_get64(context->dr6));
	if (!registers_is_pat(context->g_pat))
		return refuse(err, offset, "G_PAT 0x%" PRIx64 ", which KVM refuses",
			      registers_get64(context->g_pat));
	/* QEMU would replace all segments (set_v8086_seg()). */
	if (registers_get64(context->rflags) & RFLAGS_VM)
		return refuse(err, offset,
			      "virtual 8086 mode (RFLAGS.VM), which is not known to "
			      "be launched as it stands");
	return check_xcr0(launch, registers_get64(context->xcr0), offset, err);
}

/* The VMSA that KVM measures of a vCPU that the loader started with this context. */
static int igvm_vmsa_of_context(const struct snp_launch *launch,
				const uint8_t context[static SNP_PAGE_SIZE], uint64_t features,
				uint64_t offset, uint8_t ret[static SNP_PAGE_SIZE],
				struct snp_error *err)
{
	const struct snp_profile *profile = launch_profile(launch);
	struct vmsa given, vmsa = {0};
	int r;

	if (profile->igvm->vmsa != IGVM_VMSA_QEMU)
		return igvm_vmsa_of_registers(profile->igvm->vmsa, context, features, offset, ret,
					      err);
	memcpy(&given, context, sizeof(given));
	/* check_vmsa_supported(): what QEMU does not copy must be zero. */
	if (registers_has_other(&given, SAVE_AREA))
		return refuse(err, offset,
			      "the VP context sets fields that QEMU cannot hand to KVM, which it "
			      "refuses");
	r = check_values(launch, &given, offset, err);
	if (r < 0)
		return r;
	r = take_mode(launch, &given, offset, &vmsa, err);
	if (r < 0)
		return r;
	registers_copy(&vmsa, &given);
	memcpy(vmsa.tr.base, given.ldtr.base, sizeof(vmsa.tr.base)); /* QEMU takes it from LDTR */
	memcpy(vmsa.dr7, given.dr7, sizeof(vmsa.dr7));
	memcpy(vmsa.dr6, given.dr6, sizeof(vmsa.dr6));
	memcpy(vmsa.g_pat, given.g_pat, sizeof(vmsa.g_pat));
	memcpy(vmsa.xcr0, given.xcr0, sizeof(vmsa.xcr0));
	/* QEMU's XSAVE image says "initial state" (XSTATE_BV 0), whatever the file has. */
	snp_put_le32(vmsa.mxcsr, profile->mxcsr);
	snp_put_le16(vmsa.x87_fcw, profile->x87_fcw);
	snp_put_le64(vmsa.sev_features, features);
	memcpy(ret, &vmsa, sizeof(vmsa));
	return 0;
}

/* QEMU demands bit 0 (SNP); the others give KVM the rest, and KVM sets it. */
static int take_features(enum igvm_vmsa loader, uint64_t offset, uint64_t *features,
			 struct snp_error *err)
{
	if (loader != IGVM_VMSA_QEMU)
		*features |= 1;
	if ((*features & 1) && !(*features & ~FEATURES_OFFERED))
		return 0;
	return refuse(err, offset,
		      "SEV_FEATURES 0x%" PRIx64
		      " of the VP context; must have bit 0 (SNP), and no other than KVM offers",
		      *features);
}

static int check_context(const struct snp_launch *launch, struct igvm_layout *layout,
			 const struct snp_igvm_header *h, struct snp_error *err)
{
	const enum igvm_vmsa loader = launch_profile(launch)->igvm->vmsa;
	uint8_t context[SNP_PAGE_SIZE], vmsa[SNP_PAGE_SIZE];
	struct vmsa given;
	uint64_t features;
	int r;

	if (h->platform != SNP_IGVM_SEV_SNP && h->platform != SNP_IGVM_SEV_ES)
		return refuse(err, h->offset,
			      "a VP context for platform %s, which starts no SEV-SNP guest",
			      snp_igvm_platform_name(h->platform));
	if (h->gpa != SNP_VMSA_GPA && loader != IGVM_VMSA_CLOUD_HYPERVISOR)
		return refuse(err, h->offset, "VP context at 0x%" PRIx64 "; %s takes 0x%llx only",
			      h->gpa, launch_profile(launch)->igvm->loader, SNP_VMSA_GPA);
	if (h->index >= launch->vcpus.count)
		return refuse(err, h->offset,
			      "VP context of vCPU %" PRIu32 "; the guest has %" PRIu32, h->index,
			      launch->vcpus.count);
	r = igvm_read_piece(launch->igvm, h->data, context, sizeof(context), err);
	if (r < 0)
		return r;
	memcpy(&given, context, sizeof(given));
	features = registers_get64(given.sev_features);
	r = take_features(loader, h->offset, &features, err);
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

/* Of the other loaders it is not known in which state vCPUs without a context are, and which context counts of
 * two. */
static int check_all_have_one(const struct snp_launch *launch, size_t contexts, size_t vcpus,
			      struct snp_error *err)
{
	const char *loader = launch_profile(launch)->igvm->loader;

	if (vcpus < launch->vcpus.count)
		return refuse(err, SNP_NO_OFFSET,
			      "%" PRIu64 " of %" PRIu32
			      " vCPUs have no VP context; it is not known how %s starts them",
			      launch->vcpus.count - (uint64_t)vcpus, launch->vcpus.count, loader);
	if (contexts > vcpus)
		return refuse(err, SNP_NO_OFFSET,
			      "several VP contexts for one vCPU; it is not known which %s takes",
			      loader);
	return 0;
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
	if (launch_profile(launch)->igvm->vmsa != IGVM_VMSA_QEMU)
		return check_all_have_one(launch, n, kept, err);
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

uint32_t igvm_vcpus_of_file(const struct snp_launch *launch)
{
	const struct snp_igvm_info *info = snp_igvm_info(launch->igvm);
	uint32_t n = 1, platform, mask;

	if (igvm_choose_platform(info, launch_profile(launch)->igvm, &platform, &mask, NULL) < 0)
		return n;
	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->type == SNP_IGVM_VP_CONTEXT && (h->mask & mask) && h->index >= n)
			n = h->index + 1;
	}
	return n;
}
