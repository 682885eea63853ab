/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_SEARCH_PREFIXES_H
#define LAUNCH_SEARCH_PREFIXES_H

#include <snp/search.h>

#define SEARCH_MAX_CHANGES 3

/*
 * The beginnings of launches: every firmware, hash table and profile that are no more than three changes
 * together, each with the digest before its VMSAs.
 */
struct search_prefix {
	struct snp_launch launch; /* the stated one with this firmware, hash table and profile */
	size_t firmware, hashes;
	unsigned int changes;
	bool launches; /* snp_launch_check() accepts it */
	uint8_t ld[SNP_SHA384_SIZE];
};

/* Prefixes of one number of changes, firmware and profile, and so of the same VMSAs. */
struct search_group {
	size_t first, n;
};

/* In the order of their changes; those of n changes end at the n-th end. */
struct search_prefixes {
	const struct search *search;
	uint8_t (*firmware_digests)[SNP_SHA384_SIZE];
	struct search_prefix *list;
	size_t n, capacity;
	struct search_group *groups;
	size_t n_groups, group_capacity;
	size_t groups_end[SEARCH_MAX_CHANGES + 1], prefixes_end[SEARCH_MAX_CHANGES + 1];
};

/* Fill what is zero. Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO, SNP_E_TOO_LARGE. */
int search_prefixes_fill(const struct search *search, struct search_prefixes *ret,
			 struct snp_error *err);
void search_prefixes_done(struct search_prefixes *prefixes);

/* Compute the digest of a prefix, where it can be launched. */
int search_prefix_begin(struct search_prefix *prefix, struct snp_error *err);

#endif
