// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

void igvm_layout_done(struct igvm_layout *layout)
{
	free(layout->pieces);
	free(layout->contexts);
	*layout = (struct igvm_layout){0};
}

/* virt_kvm, prepare_snp_config() */
static int check_platform(const struct igvm_layout *layout, struct snp_error *err)
{
	for (size_t i = 0; i < layout->info->n_headers; i++) {
		const struct snp_igvm_header *h = &layout->info->headers[i];

		if (h->type == SNP_IGVM_SUPPORTED_PLATFORM && h->subtype == layout->platform &&
		    (h->flags != 0 || h->value != 0))
			return fail_with(err, SNP_E_IGVM_LAUNCH, h->offset,
					 "highest VTL %" PRIu32
					 " and shared GPA boundary 0x%" PRIx64
					 "; OpenVMM takes 0 and 0 only",
					 h->flags, h->value);
	}
	return 0;
}

struct range {
	uint64_t gpa, pages;
	uint32_t header;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->gpa < y->gpa	       ? -1
	       : x->gpa > y->gpa       ? 1
	       : x->header < y->header ? -1
				       : x->header > y->header;
}

/* KVM: a page that was launched once cannot be again (sev_gmem_post_populate(), "assigned"). And a CPUID
 * page whose address is cut is written where the file has it, and launched elsewhere. */
static int check_overlap(const struct igvm_layout *layout, bool by_file, struct snp_error *err)
{
	_cleanup_(freep) struct range *ranges = calloc(layout->n_pieces + 1, sizeof(*ranges));

	if (!ranges)
		return out_of_memory(err);
	for (size_t i = 0; i < layout->n_pieces; i++) {
		const struct igvm_piece *p = &layout->pieces[i];

		ranges[i] = (struct range){by_file ? p->file_gpa : p->gpa, p->claims, p->header};
	}
	qsort(ranges, layout->n_pieces, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < layout->n_pieces; i++)
		if (ranges[i].gpa < ranges[i - 1].gpa + ranges[i - 1].pages * SNP_PAGE_SIZE)
			return fail_with(err, SNP_E_IGVM_LAUNCH,
					 layout->info->headers[ranges[i].header].offset,
					 "page 0x%" PRIx64
					 " is launched twice; KVM refuses the second time",
					 ranges[i].gpa);
	return 0;
}

static int check_moved(const struct igvm_layout *layout, const struct igvm_memory *memory,
		       struct snp_error *err)
{
	for (size_t i = 0; i < layout->n_pieces; i++) {
		const struct igvm_piece *p = &layout->pieces[i];

		if (p->gpa != p->file_gpa &&
		    !igvm_memory_has(memory, p->gpa, p->pages * (uint64_t)SNP_PAGE_SIZE))
			return fail_with(err, SNP_E_IGVM_LAUNCH,
					 layout->info->headers[p->header].offset,
					 "QEMU cuts the address of the CPUID page, 0x%" PRIx64
					 ", to 32 bits, and there is no memory at 0x%" PRIx64,
					 p->file_gpa, p->gpa);
	}
	return check_overlap(layout, true, err);
}

/* Make the layout of a guest with `size` bytes of memory. */
static int make(const struct snp_launch *launch, uint64_t size, struct igvm_layout *layout,
		struct snp_error *err)
{
	const struct igvm_rules *rules = launch_profile(launch)->igvm;
	const bool is_kvm = rules->is_kvm;
	struct igvm_memory *memory = NULL;
	int r = rules->ram == IGVM_RAM_ANY ? 0 : igvm_memory_new(rules->ram, size, &memory, err);

	if (r == 0)
		r = igvm_directives_take(launch, memory, layout, err);
	if (r == 0 && is_kvm)
		r = check_overlap(layout, false, err);
	if (r == 0 && is_kvm)
		r = check_moved(layout, memory, err);
	igvm_memory_free(memory);
	return r;
}

static bool same_pieces(const struct igvm_layout *a, const struct igvm_layout *b)
{
	if (a->n_pieces != b->n_pieces)
		return false;
	for (size_t i = 0; i < a->n_pieces; i++)
		if (a->pieces[i].type != b->pieces[i].type ||
		    a->pieces[i].gpa != b->pieces[i].gpa ||
		    a->pieces[i].pages != b->pieces[i].pages ||
		    a->pieces[i].data != b->pieces[i].data)
			return false;
	return true;
}

/* Try the sizes of memory that can make a difference: all must lead to the same. */
static int make_for_any_memory(const struct snp_launch *launch, struct igvm_layout *layout,
			       struct snp_error *err)
{
	int r = make(launch, igvm_memory_sizes[0], layout, err);

	for (size_t i = 1; i < IGVM_N_MEMORY_SIZES && r != -(int)SNP_E_NO_MEMORY; i++) {
		struct igvm_layout other = {
			.info = layout->info, .platform = layout->platform, .mask = layout->mask};
		struct snp_error other_err;
		bool same;
		int other_r;

		other_r = make(launch, igvm_memory_sizes[i], &other, &other_err);
		same = (r < 0) == (other_r < 0) && (r < 0 || same_pieces(layout, &other));
		igvm_layout_done(&other);
		if (other_r == -(int)SNP_E_NO_MEMORY)
			return out_of_memory(err);
		if (!same)
			return fail_with(err, SNP_E_NEEDS_MEMORY, SNP_NO_OFFSET,
					 "the launch depends on the size of the guest's memory; "
					 "give it");
	}
	return r;
}

static int make_layout(const struct snp_launch *launch, struct igvm_layout *layout,
		       struct snp_error *err)
{
	const struct igvm_rules *rules = launch_profile(launch)->igvm;
	int r = igvm_choose_platform(layout->info, rules, &layout->platform, &layout->mask, err);

	if (r == 0 && rules->vmsa == IGVM_VMSA_OPENVMM)
		r = check_platform(layout, err);
	if (r < 0)
		return r;
	r = rules->ram != IGVM_RAM_ANY && launch->memory_size == 0
		    ? make_for_any_memory(launch, layout, err)
		    : make(launch, launch->memory_size, layout, err);
	if (r == 0 && rules->vmsa != IGVM_VMSA_IN_FILE)
		r = igvm_contexts_read(launch, layout, err);
	return r;
}

int igvm_layout_make(const struct snp_launch *launch, struct igvm_layout *ret,
		     struct snp_error *err)
{
	const uint64_t memory = launch->memory_size;
	int r;

	/* Of more, QEMU moves a part (igvm_memory.c); what it is given is rounded up to 8 KiB (system/vl.c). */
	if (memory != 0 &&
	    (memory < IGVM_MEMORY_MIN || memory > IGVM_MEMORY_MAX || memory % 8192 != 0))
		return fail_with(err, SNP_E_IGVM_LAUNCH, SNP_NO_OFFSET,
				 "memory of 0x%" PRIx64
				 " bytes; must be 2 MiB to 896 GiB, and a multiple of 8 KiB",
				 memory);
	*ret = (struct igvm_layout){.info = snp_igvm_info(launch->igvm), .features = 1};
	r = make_layout(launch, ret, err);
	if (r < 0)
		igvm_layout_done(ret);
	return in_file(err, r, snp_igvm_info(launch->igvm)->path);
}
