/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_PARTS_H
#define CLI_PLAN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/plan_document.h>

/* A plan by address, as pictures of it show it: few parts, whatever the plan has. */

/* A picture has at most this many parts; of more, the smaller ones are folded. */
#define PLAN_MAX_PARTS 41

struct plan_part {
	const struct plan_run *first,
		*last;	   /* of its runs in launch order; of a folded part, its first part's */
	uint64_t gpa, end; /* the addresses of its first page and after its last */
	uint64_t pages;
	uint64_t order;	   /* of the launch, from 1; of a folded part, the lowest */
	size_t runs;	   /* 1; of a folded part, how many parts it stands for */
	uint32_t types;	   /* 1 << enum snp_page_type, each that is in it */
	bool has_contents; /* all pages have those of the first */
	enum plan_mark mark;
};

struct plan_parts {
	struct plan_part *parts; /* ascending by address */
	size_t n;
	size_t all;    /* parts that there would be without a limit */
	size_t folded; /* how many of them are in folded parts */
};

/* Make the parts of a plan. `marks` are plan_mark()'s, or NULL. `ret` is for plan_parts_done().
 * Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int plan_parts_make(const struct plan_document *plan, const uint8_t *marks,
				 struct plan_parts *ret, struct snp_error *err);
void plan_parts_done(struct plan_parts *parts);

/* "firmware 0-1023"; "12 smaller parts" */
void plan_part_name(const struct plan_part *part, char ret[static 128]);

/* The part is the VMSA of one or more vCPUs, outside of guest memory. */
bool plan_part_is_vcpu(const struct plan_part *part);

/* "4 MiB", "1.25 MiB" */
void plan_describe_size(uint64_t bytes, char ret[static 16]);

#endif
