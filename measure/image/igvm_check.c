// SPDX-License-Identifier: Apache-2.0
#include "image/igvm.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

/* microsoft/igvm, IgvmFile::validate_*(): what must hold between the headers of a file. */

static int check_platforms(const struct snp_igvm *igvm, struct snp_error *err)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < igvm->info.n_headers; i++) {
		const struct snp_igvm_header *h = &igvm->headers[i];

		if (h->type != SNP_IGVM_SUPPORTED_PLATFORM)
			break;
		if (seen >> h->subtype & 1)
			return fail_with(err, SNP_E_BAD_IGVM, h->offset,
					 "platform %s is given twice",
					 snp_igvm_platform_name(h->subtype));
		seen |= 1u << h->subtype;
	}
	if (seen == 0)
		return fail_with(err, SNP_E_BAD_IGVM, SNP_NO_OFFSET, "no platform");
	return 0;
}

/* A parameter area, between its declaration and its one insertion. */
struct area {
	uint32_t index;
	size_t declared; /* number of the header */
	uint64_t size;
	bool inserted;
};

static int compare_areas(const void *a, const void *b)
{
	const struct area *x = a, *y = b;

	return x->index < y->index	   ? -1
	       : x->index > y->index	   ? 1
	       : x->declared < y->declared ? -1
					   : 1;
}

static struct area *find_area(struct area *areas, size_t n, uint32_t index)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (areas[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && areas[low].index == index ? &areas[low] : NULL;
}

static bool is_parameter(uint32_t type)
{
	return igvm_kind_find(type)->shape == IGVM_SHAPE_PARAMETER;
}

/* libigvm leaves the offset unchecked, and QEMU 10 writes there. The least that a loader writes is a word. */
static int check_parameter(const struct snp_igvm_header *h, const struct area *area,
			   struct snp_error *err)
{
	const uint64_t least = 4;

	if (area->size < least || h->subtype > area->size - least)
		return fail_with(err, SNP_E_BAD_IGVM, h->offset,
				 "%s at byte 0x%" PRIx32 " of parameter area %" PRIu32
				 ", outside its 0x%" PRIx64 " bytes",
				 snp_igvm_type_name(h->type), h->subtype, h->index, area->size);
	return 0;
}

static int use_areas(const struct snp_igvm *igvm, struct area *areas, size_t n,
		     struct snp_error *err)
{
	for (size_t i = 0; i < igvm->info.n_headers; i++) {
		const struct snp_igvm_header *h = &igvm->headers[i];
		struct area *area;
		int r = 0;

		if (h->type != SNP_IGVM_PARAMETER_INSERT && !is_parameter(h->type))
			continue;
		area = find_area(areas, n, h->index);
		if (!area || area->declared > i || area->inserted)
			return fail_with(err, SNP_E_BAD_IGVM, h->offset,
					 "%s names parameter area %" PRIu32 ", which %s",
					 snp_igvm_type_name(h->type), h->index,
					 area && area->inserted ? "was inserted before"
								: "is not declared before");
		if (h->type == SNP_IGVM_PARAMETER_INSERT)
			area->inserted = true;
		else
			r = check_parameter(h, area, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_areas(const struct snp_igvm *igvm, struct snp_error *err)
{
	_cleanup_(freep) struct area *areas = NULL;
	size_t n = 0;

	for (size_t i = 0; i < igvm->info.n_headers; i++)
		n += igvm->headers[i].type == SNP_IGVM_PARAMETER_AREA;
	areas = calloc(n + 1, sizeof(*areas));
	if (!areas)
		return out_of_memory(err);
	n = 0;
	for (size_t i = 0; i < igvm->info.n_headers; i++)
		if (igvm->headers[i].type == SNP_IGVM_PARAMETER_AREA)
			areas[n++] = (struct area){.index = igvm->headers[i].index,
						   .declared = i,
						   .size = igvm->headers[i].size};
	qsort(areas, n, sizeof(*areas), compare_areas);
	for (size_t i = 1; i < n; i++)
		if (areas[i].index == areas[i - 1].index)
			return fail_with(
				err, SNP_E_BAD_IGVM, igvm->headers[areas[i].declared].offset,
				"parameter area %" PRIu32 " is declared twice", areas[i].index);
	return use_areas(igvm, areas, n, err);
}

static bool is_relocation(const struct snp_igvm_header *h)
{
	return h->type == SNP_IGVM_RELOCATABLE_REGION || h->type == SNP_IGVM_PAGE_TABLE_RELOCATION;
}

static bool overlap(const struct snp_igvm_header *a, const struct snp_igvm_header *b)
{
	return (a->mask & b->mask) != 0 && a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size;
}

/* Each relocation needs the VSM context of its vCPU and VTL; SNP's never count. */
static bool has_context(const struct snp_igvm *igvm, const struct snp_igvm_header *relocation)
{
	for (size_t i = 0; i < igvm->info.n_headers; i++) {
		const struct snp_igvm_header *h = &igvm->headers[i];

		if (h->type == SNP_IGVM_VP_CONTEXT && h->platform == SNP_IGVM_VSM &&
		    (h->mask & relocation->mask) != 0 && relocation->index == 0 &&
		    h->subtype == relocation->subtype)
			return true;
	}
	return false;
}

static int check_relocation(const struct snp_igvm *igvm, size_t i, struct snp_error *err)
{
	const struct snp_igvm_header *h = &igvm->headers[i];

	for (size_t j = 0; j < i; j++) {
		const struct snp_igvm_header *before = &igvm->headers[j];

		if (!is_relocation(before))
			continue;
		if (overlap(h, before))
			return fail_with(err, SNP_E_BAD_IGVM, h->offset,
					 "two relocations of 0x%" PRIx64 " overlap", h->gpa);
		if (h->type == SNP_IGVM_PAGE_TABLE_RELOCATION && before->type == h->type &&
		    (h->mask & before->mask) != 0)
			return fail_with(err, SNP_E_BAD_IGVM, h->offset,
					 "two page table relocations of one platform");
	}
	for (size_t j = i + 1;
	     h->type == SNP_IGVM_PAGE_TABLE_RELOCATION && j < igvm->info.n_headers; j++) {
		const struct snp_igvm_header *insert = &igvm->headers[j];

		if (insert->type == SNP_IGVM_PARAMETER_INSERT && (insert->mask & h->mask) != 0 &&
		    insert->gpa >= h->gpa && insert->gpa < h->gpa + h->size)
			return fail_with(err, SNP_E_BAD_IGVM, insert->offset,
					 "parameters are inserted into a page table region");
	}
	if (!has_context(igvm, h))
		return fail_with(err, SNP_E_BAD_IGVM, h->offset,
				 "a relocation without the VSM context of its vCPU and VTL");
	return 0;
}

static int check_relocations(const struct snp_igvm *igvm, struct snp_error *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < igvm->info.n_headers && r == 0; i++) {
		if (!is_relocation(&igvm->headers[i]))
			continue;
		if (++n > IGVM_MAX_RELOCATIONS)
			return fail_with(err, SNP_E_TOO_LARGE, igvm->headers[i].offset,
					 "more than %u relocations", IGVM_MAX_RELOCATIONS);
		r = check_relocation(igvm, i, err);
	}
	return r;
}

int igvm_check(const struct snp_igvm *igvm, struct snp_error *err)
{
	int r = check_platforms(igvm, err);

	if (r < 0)
		return r;
	r = check_areas(igvm, err);
	return r < 0 ? r : check_relocations(igvm, err);
}
