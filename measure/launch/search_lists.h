/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_SEARCH_LISTS_H
#define LAUNCH_SEARCH_LISTS_H

#include <snp/search.h>

/* Families 0x17 to 0x1a, AMD's and Hygon's processors with SEV-ES: 256 models of 16 steppings each. */
#define SEARCH_FIRST_FAMILY   0x17
#define SEARCH_LAST_FAMILY    0x1a
#define SEARCH_ALL_SIGNATURES ((SEARCH_LAST_FAMILY - SEARCH_FIRST_FAMILY + 1) * 256 * 16)
#define SEARCH_FEW_SIGNATURES 48

/* The 13 bits of SEV_FEATURES that have a name, SNP_ACTIVE left out: it is always set. */
#define SEARCH_FEATURE_BITS 13
#define SEARCH_ALL_FEATURES (1u << SEARCH_FEATURE_BITS)
#define SEARCH_FEW_FEATURES (2 + 2 * SEARCH_FEATURE_BITS)

/*
 * The CPU signatures and guest features that are tried: few, which are likely and tried with everything,
 * the stated one first; and the rare, which are all others, in no list twice.
 */
struct search_lists {
	uint32_t signatures[SEARCH_FEW_SIGNATURES];
	size_t n_signatures;
	uint64_t features[SEARCH_FEW_FEATURES];
	size_t n_features;
	uint32_t rare_signatures[SEARCH_ALL_SIGNATURES];
	size_t n_rare_signatures;
	uint64_t rare_features[SEARCH_ALL_FEATURES];
	size_t n_rare_features;
};

void search_lists_fill(const struct search *search, struct search_lists *ret);

#endif
