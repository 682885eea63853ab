/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_SEARCH_SPACE_H
#define LAUNCH_SEARCH_SPACE_H

#include <snp/cleanup.h>
#include <snp/search.h>

#include "launch/search_prefixes.h"

/*
 * What search_run() goes through: for each round a list of work items, which are some prefixes of one firmware and
 * profile, and so of the same VMSAs, with some signatures and some guest features. The product is tried
 * as far as its changes are those of the round.
 */
struct search_item {
	struct search_prefix *prefixes;
	size_t n_prefixes;
	bool is_first; /* of these prefixes, which have no digest yet */
	const uint32_t *signatures;
	size_t n_signatures;
	const uint64_t *features;
	size_t n_features;
};

struct search_space;

/* Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO, SNP_E_TOO_LARGE. */
int search_space_new(const struct search *search, struct search_space **ret, struct snp_error *err);
void search_space_free(struct search_space *space);
DEFINE_CLEANUP(struct search_space *, search_space_free);

enum search_list {
	SEARCH_LIKELY,		/* signatures and features of the short lists */
	SEARCH_RARE_FEATURES,	/* with signatures of the short list */
	SEARCH_RARE_SIGNATURES, /* with features of the short list */
};

struct search_round {
	unsigned int changes; /* beside the vCPU count */
	enum search_list list;
};

/* The items of a round, and the i-th; false for one that has nothing in this round. Each round of likely
 * ones must be over before the next begins. */
size_t search_space_items(const struct search_space *space, const struct search_round *round);
bool search_space_item(const struct search_space *space, const struct search_round *round, size_t i,
		       struct search_item *ret);

/* About how many launches, vCPU counts left out, a round of a rare list has. */
uint64_t search_space_cost(const struct search_space *space, const struct search_round *round);

/* How far a launch of a prefix is from the stated one, its vCPU count left out. */
unsigned int search_changes(const struct search_space *space, const struct search_prefix *prefix,
			    uint32_t signature, uint64_t features);

/* The better of two matches: fewer changes, then the order of the lists. */
int search_match_compare(const struct search_match *a, const struct search_match *b);

#endif
