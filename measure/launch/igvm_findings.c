// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/vmsa.h"

#include <snp/cleanup.h>

/* What an IGVM launch is not what its file says: the digest is that of the launch as it happens. */

struct findings {
	const struct snp_launch *launch;
	const struct igvm_rules *rules;
	struct igvm_layout layout;
	snp_launch_warn warn;
	void *arg;
};

static bool is_ours(const struct findings *f, const struct snp_igvm_header *h)
{
	return (h->mask & f->layout.mask) != 0;
}

static void about_cpuid(const struct findings *f)
{
	for (size_t i = 0; i < f->layout.n_pieces; i++) {
		const struct igvm_piece *p = &f->layout.pieces[i];

		if (p->gpa == p->file_gpa)
			continue;
		say(f, "cpuid-address-cut",
		    "QEMU cuts the address of the CPUID page, 0x%" PRIx64
		    ", to 32 bits: it is launched at 0x%" PRIx64,
		    p->file_gpa, p->gpa);
		return;
	}
}

static void about_discarded(const struct findings *f)
{
	for (size_t i = 0; i < f->layout.n_pieces; i++) {
		const struct igvm_piece *p = &f->layout.pieces[i];

		if (!p->is_wiped)
			continue;
		say(f, "memory-discarded",
		    "REQUIRED_MEMORY makes QEMU discard what %s before it puts at 0x%" PRIx64
		    ": zeros are launched, unless the guest's memory is hugetlbfs",
		    snp_igvm_type_name(f->layout.info->headers[p->header].type), p->file_gpa);
		return;
	}
}

/* Headers that mean something else to this loader than they say. */
static void about_pages(const struct findings *f)
{
	const struct snp_igvm_info *info = f->layout.info;
	bool large = false, shared = false, contents = false, area = false;

	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->type == SNP_IGVM_PARAMETER_AREA && f->rules->insert == IGVM_INSERT_32_BITS) {
			if (!contents && h->data != 0)
				say(f, "area-contents-dropped",
				    "QEMU drops the initial contents of parameter area %" PRIu32,
				    h->index);
			contents |= h->data != 0;
			if (!area && h->size > UINT32_MAX)
				say(f, "area-size-cut",
				    "QEMU takes 0x%" PRIx32 " bytes of parameter area %" PRIu32
				    ", which has 0x%" PRIx64,
				    (uint32_t)h->size, h->index, h->size);
			area |= h->size > UINT32_MAX;
		}
		if (h->type != SNP_IGVM_PAGE_DATA || !is_ours(f, h))
			continue;
		if (!large && (h->flags & SNP_IGVM_PAGE_2M) && f->rules->large == IGVM_LARGE_CUT)
			say(f, "large-page-cut",
			    "page of 2 MiB at 0x%" PRIx64 ": %s launches 4 KiB of it", h->gpa,
			    f->rules->loader);
		else if (!large && (h->flags & SNP_IGVM_PAGE_2M) && h->data != 0)
			say(f, "large-page-filled",
			    "page of 2 MiB at 0x%" PRIx64 ": QEMU loads 4 KiB from the file and "
			    "fills the rest with zeros",
			    h->gpa);
		large |= (h->flags & SNP_IGVM_PAGE_2M) &&
			 (h->data != 0 || f->rules->large == IGVM_LARGE_CUT);
		if (!shared && (h->flags & SNP_IGVM_PAGE_SHARED) && !f->rules->skips_shared)
			say(f, "shared-page-private",
			    "page 0x%" PRIx64 " is marked as shared, and launched as private",
			    h->gpa);
		shared |= h->flags & SNP_IGVM_PAGE_SHARED;
	}
}

static void about_platform(const struct findings *f)
{
	if (f->layout.platform != SNP_IGVM_SEV_SNP)
		say(f, "platform-not-snp",
		    "the file is for platform %s; QEMU starts an SEV-SNP guest of it, without its "
		    "policy and ID block",
		    snp_igvm_platform_name(f->layout.platform));
}

/* The contexts as the file has them, and as they are measured; of each difference, the first vCPU that has it. */
static void about_contexts(const struct findings *f)
{
	bool other_base = f->rules->vmsa != IGVM_VMSA_QEMU, changed = false;

	for (size_t i = 0; i < f->layout.n_contexts && !(other_base && changed); i++) {
		const struct igvm_context *context = &f->layout.contexts[i];
		const struct snp_igvm_header *h = &f->layout.info->headers[context->header];
		uint8_t page[SNP_PAGE_SIZE], measured[SNP_PAGE_SIZE];
		struct vmsa file, launched;

		if (igvm_read_piece(f->launch->igvm, h->data, page, sizeof(page), NULL) < 0 ||
		    igvm_vcpu_vmsa(f->launch, &f->layout, context->vcpu, measured, NULL) < 0)
			return;
		memcpy(&file, page, sizeof(file));
		memcpy(&launched, measured, sizeof(launched));
		if (!other_base &&
		    memcmp(file.tr.base, launched.tr.base, sizeof(file.tr.base)) != 0) {
			say(f, "tr-base-of-ldtr",
			    "vCPU %" PRIu32 ": QEMU starts it with LDTR's base in TR, not TR's own",
			    context->vcpu);
			other_base = true;
		}
		if (!changed && memcmp(page, measured, sizeof(page)) != 0) {
			say(f, "context-changed",
			    "vCPU %" PRIu32
			    ": %s and KVM start it with other registers than its VP context "
			    "has; 'plan' and 'inspect' show them, and igvmmeasure has another "
			    "digest",
			    context->vcpu, f->rules->loader);
			changed = true;
		}
	}
}

static void about_vcpus(const struct findings *f)
{
	const uint64_t features = f->layout.features;
	const uint32_t count = f->launch->vcpus.count;

	if (f->rules->vmsa == IGVM_VMSA_IN_FILE) {
		if (count > 1)
			say(f, "vcpus-not-measured",
			    "profile %s measures the VMSAs that the file has, whatever the number of "
			    "vCPUs",
			    f->launch->vcpus.profile);
		return;
	}
	about_contexts(f);
	if (f->layout.n_contexts < count)
		say(f, "vcpus-without-context",
		    "%" PRIu64 " of %" PRIu32
		    " vCPUs have no VP context: QEMU starts them at the reset vector, 0xfffffff0",
		    count - (uint64_t)f->layout.n_contexts, count);
	if (features != 1)
		say(f, "guest-features-of-host",
		    "guest features 0x%" PRIx64 ": a host launches them only where its KVM offers "
		    "them",
		    features);
}

static void about_policy(const struct findings *f)
{
	if (!f->rules->is_kvm || !f->layout.has_policy || f->layout.policy == f->launch->policy ||
	    f->layout.platform != SNP_IGVM_SEV_SNP)
		return;
	if (f->rules->policy == IGVM_POLICY_GIVEN)
		say(f, "policy-not-launched",
		    "the file's guest policy 0x%" PRIx64
		    " does not reach the launch: QEMU's own, 0x%" PRIx64 ", does",
		    f->layout.policy, f->launch->policy);
	else if (f->layout.policy != 0)
		say(f, "policy-of-file",
		    "%s launches the guest with the file's guest policy, 0x%" PRIx64
		    ", not 0x%" PRIx64,
		    f->rules->loader, f->layout.policy, f->launch->policy);
}

static int compare_gpas(const void *a, const void *b)
{
	const struct igvm_piece *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* For KVM this is refused. */
static void about_overlap(const struct findings *f)
{
	_cleanup_(freep) struct igvm_piece *pieces = NULL;
	size_t n = 0;

	if (f->rules->is_kvm)
		return;
	pieces = calloc(f->layout.n_pieces + 1, sizeof(*pieces));
	for (size_t i = 0; pieces && i < f->layout.n_pieces; i++)
		if (f->layout.pieces[i].type != SNP_PAGE_VMSA)
			pieces[n++] = f->layout.pieces[i];
	if (n > 0)
		qsort(pieces, n, sizeof(*pieces), compare_gpas);
	for (size_t i = 1; i < n; i++) {
		if (pieces[i].gpa >=
		    pieces[i - 1].gpa + pieces[i - 1].pages * (uint64_t)SNP_PAGE_SIZE)
			continue;
		say(f, "page-launched-twice",
		    "page 0x%" PRIx64 " is launched twice, which the secure processor refuses",
		    pieces[i].gpa);
		return;
	}
}

static void about_id_block(const struct findings *f)
{
	const struct snp_igvm_header *h = f->layout.id_block;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	size_t size;

	if (h && f->rules->id_block == IGVM_ID_BLOCK_UNUSED)
		say(f, "id-block-unused",
		    "%s does not give the file's ID block to the secure processor: it binds nothing",
		    f->rules->loader);
	if (!h || f->rules->is_kvm || snp_launch_digest(f->launch, digest, &size, NULL) < 0 ||
	    memcmp(igvm_id_block(f->launch->igvm, h) + IGVM_ID_BLOCK_LD, digest, sizeof(digest)) ==
		    0)
		return;
	say(f, "id-block-not-for-this",
	    "the file's ID block is for another launch digest than that of profile %s",
	    f->launch->vcpus.profile);
}

static void about_profile(const struct findings *f)
{
	if (!f->rules->is_run)
		say(f, "unconfirmed-profile", "no run confirms profile %s; it was read in source",
		    f->launch->vcpus.profile);
}

/* Each once, about the first thing that it is true of. */
void igvm_findings(const struct snp_launch *launch, snp_launch_warn warn, void *arg)
{
	struct findings f = {
		.launch = launch, .rules = launch_profile(launch)->igvm, .warn = warn, .arg = arg};

	if (igvm_launch_check(launch, &f.layout, NULL) < 0)
		return;
	about_platform(&f);
	about_cpuid(&f);
	about_discarded(&f);
	about_pages(&f);
	about_overlap(&f);
	about_vcpus(&f);
	about_policy(&f);
	about_id_block(&f);
	about_profile(&f);
	igvm_layout_done(&f.layout);
}
