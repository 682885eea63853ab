// SPDX-License-Identifier: Apache-2.0
#include "igvm_map.h"

#include <stdlib.h>
#include <string.h>

#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/fail.h>

#define REQUIRED "required"

void igvm_map_done(struct igvm_map *map)
{
	free(map->ranges);
	*map = (struct igvm_map){0};
}

/* NULL: the header is not about memory. */
static const char *kind_of(const struct snp_igvm_header *h)
{
	static const char *const pages[] = {"measured", "secrets", "CPUID", "CPUID"};

	switch (h->type) {
	case SNP_IGVM_PAGE_DATA:
		if (h->flags & SNP_IGVM_PAGE_SHARED)
			return "shared";
		if (h->subtype == SNP_IGVM_PAGE_NORMAL && (h->flags & SNP_IGVM_PAGE_UNMEASURED))
			return "unmeasured";
		return pages[h->subtype];
	case SNP_IGVM_PARAMETER_INSERT:
		return "parameters";
	case SNP_IGVM_REQUIRED_MEMORY:
		return REQUIRED;
	}
	return NULL;
}

static int compare_gpa(const void *a, const void *b)
{
	const struct igvm_range *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static uint64_t end_of(const struct igvm_range *range)
{
	return range->gpa + range->size;
}

/* Sort, and join neighbours of one kind. How many are left. */
static size_t join(struct igvm_range *ranges, size_t n)
{
	size_t kept = 0;

	if (n > 0)
		qsort(ranges, n, sizeof(*ranges), compare_gpa);
	for (size_t i = 0; i < n; i++) {
		struct igvm_range *last = kept > 0 ? &ranges[kept - 1] : NULL;

		if (!last || strcmp(last->kind, ranges[i].kind) != 0 ||
		    ranges[i].gpa > end_of(last))
			ranges[kept++] = ranges[i];
		else if (end_of(&ranges[i]) > end_of(last))
			last->size = end_of(&ranges[i]) - last->gpa;
	}
	return kept;
}

struct area {
	uint32_t index;
	uint64_t size;
};

static int compare_area(const void *a, const void *b)
{
	const struct area *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* Parameter areas by their index, for free(). */
static int list_areas(const struct snp_igvm_info *info, struct area **ret, size_t *ret_n,
		      struct snp_error *err)
{
	struct area *areas = calloc(info->n_headers + 1, sizeof(*areas));
	size_t n = 0;

	if (!areas)
		return out_of_memory(err);
	for (size_t i = 0; i < info->n_headers; i++)
		if (info->headers[i].type == SNP_IGVM_PARAMETER_AREA)
			areas[n++] = (struct area){info->headers[i].index, info->headers[i].size};
	qsort(areas, n, sizeof(*areas), compare_area);
	*ret = areas;
	*ret_n = n;
	return 0;
}

/* The ranges of all headers of the platform: those that are launched from the front, required memory from the back. */
static int collect(const struct snp_igvm_info *info, uint32_t mask, struct igvm_range *ranges,
		   size_t *ret_launched, size_t *ret_required, struct snp_error *err)
{
	_cleanup_(freep) struct area *areas = NULL;
	size_t n_areas, launched = 0, required = 0;
	int r = list_areas(info, &areas, &n_areas, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];
		struct igvm_range range = {kind_of(h), h->gpa, h->size};

		if (!range.kind || !(h->mask & mask))
			continue;
		if (h->type == SNP_IGVM_PARAMETER_INSERT) {
			const struct area key = {.index = h->index};
			const struct area *area =
				bsearch(&key, areas, n_areas, sizeof(key), compare_area);

			range.size = area ? area->size : 0;
		}
		if (range.size == 0 ||
		    __builtin_add_overflow(range.gpa, range.size, &(uint64_t){0}))
			continue;
		if (h->type == SNP_IGVM_REQUIRED_MEMORY)
			ranges[2 * info->n_headers - ++required] = range;
		else
			ranges[launched++] = range;
	}
	*ret_launched = launched;
	*ret_required = required;
	return 0;
}

/* Append what of `required` is not covered. Both ascend without overlap. */
static size_t add_uncovered(struct igvm_range *ret, size_t n, const struct igvm_range *covered,
			    size_t n_covered, const struct igvm_range *required, size_t n_required)
{
	size_t first = 0;

	for (size_t i = 0; i < n_required; i++) {
		uint64_t at = required[i].gpa;

		while (first < n_covered && end_of(&covered[first]) <= at)
			first++;
		for (size_t k = first; k < n_covered && covered[k].gpa < end_of(&required[i]);
		     k++) {
			if (covered[k].gpa > at)
				ret[n++] = (struct igvm_range){REQUIRED, at, covered[k].gpa - at};
			if (end_of(&covered[k]) > at)
				at = end_of(&covered[k]);
		}
		if (at < end_of(&required[i]))
			ret[n++] = (struct igvm_range){REQUIRED, at, end_of(&required[i]) - at};
	}
	return n;
}

int igvm_map_make(const struct snp_igvm_info *info, struct igvm_map *ret, struct snp_error *err)
{
	static const struct igvm_rules any = {.any_sev = true};
	const size_t room = 2 * info->n_headers;
	_cleanup_(freep) struct igvm_range *ranges = calloc(room + 1, sizeof(*ranges));
	struct igvm_range *first_required;
	size_t launched, required;
	int r;

	*ret = (struct igvm_map){0};
	if (!ranges)
		return out_of_memory(err);
	if (igvm_choose_platform(info, &any, &ret->platform, &ret->mask, NULL) < 0)
		return 0;
	r = collect(info, ret->mask, ranges, &launched, &required, err);
	if (r < 0)
		return r;
	launched = join(ranges, launched);
	first_required = ranges + room - required;
	required = join(first_required, required);
	/* Each of both begins and ends at most one gap. */
	ret->ranges = calloc(2 * launched + required + 1, sizeof(*ret->ranges));
	if (!ret->ranges)
		return out_of_memory(err);
	if (launched > 0)
		memcpy(ret->ranges, ranges, launched * sizeof(*ranges));
	ret->n = launched;
	/* Ranges of different kinds may overlap; what all cover together is what counts now. */
	for (size_t i = 0; i < launched; i++)
		ranges[i].kind = REQUIRED;
	launched = join(ranges, launched);
	ret->n = add_uncovered(ret->ranges, ret->n, ranges, launched, first_required, required);
	ret->n = join(ret->ranges, ret->n);
	return 0;
}
