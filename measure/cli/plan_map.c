// SPDX-License-Identifier: Apache-2.0
#include "plan_draw.h"

#include <inttypes.h>

/* One character for the first page, and one more for each time the pages double. */
static void fill_bar(const struct plan_part *part, char ret[static 24])
{
	const char *type = snp_page_type_name(part->first->type);
	int n = 0;

	for (uint64_t pages = part->pages; pages > 0 && n < 22; pages /= 2)
		ret[n++] = part->types == 1u << part->first->type ? *type : '*';
	ret[n] = '\0';
}

void plan_draw_text(const struct plan_parts *parts, FILE *out)
{
	uint64_t before = 0;
	char bar[24], size[16], name[128];

	fprintf(out, "\nmemory by address: first letters of the page types, one more for twice the "
		     "pages\n");
	for (size_t i = 0; i < parts->n; i++) {
		const struct plan_part *part = &parts->parts[i];

		if (part->gpa > before && !plan_part_is_vcpu(part)) {
			plan_describe_size(part->gpa - before, size);
			fprintf(out, "  %14s  : %s not launched\n", "", size);
		}
		before = part->end;
		fill_bar(part, bar);
		plan_describe_size(part->pages * SNP_PAGE_SIZE, size);
		fprintf(out, "  0x%012" PRIx64 "  |%-13s %10s  ", part->gpa, bar, size);
		plan_part_name(part, name);
		fprintf(out, "%" PRIu64 ". %s\n", part->order, name);
	}
}
