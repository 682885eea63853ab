// SPDX-License-Identifier: Apache-2.0
#include "plan_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "plan_runs.h"

void plan_parts_done(struct plan_parts *parts)
{
	free(parts->parts);
	*parts = (struct plan_parts){0};
}

bool plan_part_is_vcpu(const struct plan_part *part)
{
	return part->types == 1u << SNP_PAGE_VMSA && part->gpa == SNP_VMSA_GPA;
}

/* "firmware 0-1023": the name, then the numbers, which are empty where there are none. */
static size_t name_length(const char *origin)
{
	const char *space = strrchr(origin, ' ');

	return space && space[1] >= '0' && space[1] <= '9' ? (size_t)(space - origin)
							   : strlen(origin);
}

/* The last number of "firmware 12" or "firmware 0-12". */
static const char *last_number(const char *origin)
{
	const char *dash = strrchr(origin, '-'), *space = strrchr(origin, ' ');

	return dash && (!space || dash > space) ? dash + 1 : space ? space + 1 : origin;
}

void plan_part_name(const struct plan_part *part, char ret[static 128])
{
	const char *first = part->first->origin;
	const size_t length = name_length(first);

	if (part->runs > 1)
		snprintf(ret, 128, "%zu smaller parts", part->runs);
	else if (part->first == part->last || first[length] == '\0')
		snprintf(ret, 128, "%s", first);
	else
		snprintf(ret, 128, "%.*s-%s", (int)(length + strcspn(first + length, "-")), first,
			 last_number(part->last->origin));
}

/* The run goes on where the part ends: a plan with one line for each update has many such. */
static bool continues(const struct plan_part *part, const struct plan_run *run)
{
	const struct plan_run *last = part->last;
	const size_t length = name_length(last->origin);

	if (run->type != last->type || run->index != last->index + last->count ||
	    length != name_length(run->origin) || strncmp(last->origin, run->origin, length) != 0)
		return false;
	if (run->type == SNP_PAGE_VMSA)
		return run->gpa == last->gpa && run->has_contents && last->has_contents &&
		       memcmp(run->contents, last->contents, sizeof(run->contents)) == 0;
	return run->gpa == part->end;
}

static size_t join_runs(const struct plan_document *plan, const uint8_t *marks,
			struct plan_part *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_runs; i++) {
		const struct plan_run *run = &plan->runs[i];
		struct plan_part *part = n > 0 ? &parts[n - 1] : NULL;

		if (!part || !continues(part, run)) {
			part = &parts[n++];
			*part = (struct plan_part){.first = run,
						   .gpa = run->gpa,
						   .order = n,
						   .runs = 1,
						   .types = 1u << run->type,
						   .has_contents = true};
		}
		part->last = run;
		part->end = plan_run_end(run);
		part->pages += run->count;
		part->has_contents &=
			run->has_contents &&
			memcmp(part->first->contents, run->contents, sizeof(run->contents)) == 0;
		if (marks && marks[i] > part->mark)
			part->mark = marks[i];
	}
	return n;
}

static int compare_address(const void *a, const void *b)
{
	const struct plan_part *x = a, *y = b;

	return x->gpa < y->gpa	     ? -1
	       : x->gpa > y->gpa     ? 1
	       : x->order < y->order ? -1
				     : x->order > y->order;
}

/* What must be seen first: what differs, then what is large, then what is launched first. */
static int compare_weight(const void *a, const void *b)
{
	const struct plan_part *x = *(const struct plan_part *const *)a;
	const struct plan_part *y = *(const struct plan_part *const *)b;

	if (x->mark != y->mark)
		return x->mark > y->mark ? -1 : 1;
	if (x->pages != y->pages)
		return x->pages > y->pages ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Make one of each sequence of parts that are not kept, between those that are. */
static int fold(struct plan_parts *all, struct snp_error *err)
{
	enum {
		KEPT = (PLAN_MAX_PARTS - 1) / 2
	};
	_cleanup_(freep) const struct plan_part **by_weight = calloc(all->n, sizeof(*by_weight));
	_cleanup_(freep) bool *kept = calloc(all->n, sizeof(*kept));
	size_t n = 0;
	bool open = false;

	if (!by_weight || !kept)
		return out_of_memory(err);
	for (size_t i = 0; i < all->n; i++)
		by_weight[i] = &all->parts[i];
	qsort(by_weight, all->n, sizeof(*by_weight), compare_weight);
	for (size_t i = 0; i < KEPT; i++)
		kept[by_weight[i] - all->parts] = true;
	for (size_t i = 0; i < all->n; i++) {
		const struct plan_part *next = &all->parts[i];
		struct plan_part *part = &all->parts[n];

		if (!kept[i] && open) {
			part = &all->parts[n - 1];
			part->end = next->end > part->end ? next->end : part->end;
			part->pages += next->pages;
			part->runs++;
			part->types |= next->types;
			part->mark = next->mark > part->mark ? next->mark : part->mark;
			part->order = next->order < part->order ? next->order : part->order;
			continue;
		}
		*part = *next;
		n++;
		open = !kept[i];
	}
	all->n = n;
	return 0;
}

int plan_parts_make(const struct plan_document *plan, const uint8_t *marks, struct plan_parts *ret,
		    struct snp_error *err)
{
	int r = 0;

	*ret = (struct plan_parts){.parts = calloc(plan->n_runs + 1, sizeof(*ret->parts))};
	if (!ret->parts)
		return out_of_memory(err);
	ret->n = ret->all = join_runs(plan, marks, ret->parts);
	qsort(ret->parts, ret->n, sizeof(*ret->parts), compare_address);
	if (ret->n > PLAN_MAX_PARTS)
		r = fold(ret, err);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->parts[i].runs > 1)
			ret->folded += ret->parts[i].runs;
	if (r < 0)
		plan_parts_done(ret);
	return r;
}

void plan_describe_size(uint64_t bytes, char ret[static 16])
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		value /= 1024;
	snprintf(ret, 16, "%.*f %s",
		 value == (double)(uint64_t)value ? 0
		 : value < 100			  ? 2
						  : 1,
		 value, units[unit]);
}
