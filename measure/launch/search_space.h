/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_SEARCH_SPACE_H
#define LAUNCH_SEARCH_SPACE_H

#include <snp/cleanup.h>
#include <snp/search.h>

/*
 * What snp_search_run() goes through: prefixes (firmware, hash table, profile), each with the digest
 * before its VMSAs, and for each round a list of work items, which are a prefix with some signatures
 * and some guest features. The product of both is tried as far as its changes are those of the round.
 * After the rounds by changes comes the wide one, with far more signatures and features.
 */
struct search_prefix {
	struct snp_launch launch; /* the stated one with this firmware, hash table and profile */
	size_t firmware, hashes;
	unsigned int changes;
	uint8_t ld[SNP_SHA384_SIZE];
};

struct search_item {
	const struct search_prefix *prefix;
	const uint32_t *signatures;
	size_t n_signatures;
	const uint64_t *features;
	size_t n_features;
};

struct search_space;

/* Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
int search_space_new(const struct snp_search *search, struct search_space **ret,
		     struct snp_error *err);
void search_space_free(struct search_space *space);
DEFINE_CLEANUP(struct search_space *, search_space_free);

struct search_round {
	unsigned int changes; /* beside the vCPU count */
	bool wide;
};

/* The items of a round, and the i-th; false for one that has nothing in this round. */
size_t search_space_items(const struct search_space *space, const struct search_round *round);
bool search_space_item(const struct search_space *space, const struct search_round *round, size_t i,
		       struct search_item *ret);

/* How far a launch of an item is from the stated one, its vCPU count left out. */
unsigned int search_changes(const struct search_space *space, const struct search_item *item,
			    const struct snp_launch *launch);

/* The better of two matches: fewer changes, then the order of the lists. */
int search_match_compare(const struct snp_search_match *a, const struct snp_search_match *b);

#endif
