// SPDX-License-Identifier: Apache-2.0
#include "launch/search_space.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

#include "launch/search_lists.h"
#include "launch/search_prefixes.h"

/* The rare lists are cut into pieces for threads to share. */
#define PIECE 128

struct search_space {
	const struct snp_launch *stated;
	struct search_prefixes prefixes;
	struct search_lists lists;
};

void search_space_free(struct search_space *space)
{
	if (space)
		search_prefixes_done(&space->prefixes);
	free(space);
}

int search_space_new(const struct search *search, struct search_space **ret, struct snp_error *err)
{
	_cleanup_(search_space_freep) struct search_space *space = calloc(1, sizeof(*space));
	int r;

	if (!space)
		return out_of_memory(err);
	space->stated = search->stated;
	search_lists_fill(search, &space->lists);
	r = search_prefixes_fill(search, &space->prefixes, err);
	if (r == 0)
		*ret = TAKE_PTR(space);
	return r;
}

/* The prefixes of a round make no fewer changes than this. Likely signatures and features are two
 * changes at most. A rare one of three changes is tried where both others are of the prefix. */
static unsigned int fewest_changes(const struct search_round *round)
{
	if (round->list == SEARCH_LIKELY)
		return round->changes > 2 ? round->changes - 2 : 0;
	return round->changes == SEARCH_MAX_CHANGES ? 2 : 0;
}

static size_t first_group(const struct search_space *space, const struct search_round *round)
{
	unsigned int fewest = fewest_changes(round);

	return fewest > 0 ? space->prefixes.groups_end[fewest - 1] : 0;
}

static size_t pieces(size_t n)
{
	return (n + PIECE - 1) / PIECE;
}

/* Into how many items each group is cut. */
static size_t slices(const struct search_lists *lists, enum search_list list)
{
	switch (list) {
	case SEARCH_LIKELY:
		return lists->n_signatures;
	case SEARCH_RARE_FEATURES:
		return lists->n_signatures * pieces(lists->n_rare_features);
	case SEARCH_RARE_SIGNATURES:
		return pieces(lists->n_rare_signatures);
	}
	return 0;
}

size_t search_space_items(const struct search_space *space, const struct search_round *round)
{
	size_t n = space->prefixes.groups_end[round->changes] - first_group(space, round);

	return n * slices(&space->lists, round->list);
}

static size_t piece_size(size_t n, size_t first)
{
	return n - first < PIECE ? n - first : PIECE;
}

static void slice(const struct search_lists *lists, enum search_list list, size_t i,
		  struct search_item *item)
{
	size_t first = i * PIECE;

	item->signatures = lists->signatures;
	item->n_signatures = 1;
	item->features = lists->features;
	item->n_features = lists->n_features;
	switch (list) {
	case SEARCH_LIKELY:
		item->signatures = &lists->signatures[i];
		break;
	case SEARCH_RARE_FEATURES:
		item->signatures = &lists->signatures[i / pieces(lists->n_rare_features)];
		first = i % pieces(lists->n_rare_features) * PIECE;
		item->features = &lists->rare_features[first];
		item->n_features = piece_size(lists->n_rare_features, first);
		break;
	case SEARCH_RARE_SIGNATURES:
		item->signatures = &lists->rare_signatures[first];
		item->n_signatures = piece_size(lists->n_rare_signatures, first);
		break;
	}
}

bool search_space_item(const struct search_space *space, const struct search_round *round, size_t i,
		       struct search_item *ret)
{
	size_t n = slices(&space->lists, round->list);
	const struct search_group *group =
		&space->prefixes.groups[first_group(space, round) + i / n];
	struct search_item item = {.prefixes = &space->prefixes.list[group->first],
				   .n_prefixes = group->n};
	unsigned int changes = item.prefixes->changes;

	slice(&space->lists, round->list, i % n, &item);
	item.is_first = round->list == SEARCH_LIKELY && changes == round->changes;
	if (round->list != SEARCH_RARE_SIGNATURES && item.signatures != space->lists.signatures)
		changes++;
	if (round->list != SEARCH_LIKELY)
		changes++;
	*ret = item;
	return changes <= round->changes;
}

uint64_t search_space_cost(const struct search_space *space, const struct search_round *round)
{
	const struct search_lists *lists = &space->lists;
	bool features = round->list == SEARCH_RARE_FEATURES;
	uint64_t rare = features ? lists->n_rare_features : lists->n_rare_signatures;
	uint64_t others = (features ? lists->n_signatures : lists->n_features) - 1;
	uint64_t n = 0;

	for (unsigned int c = fewest_changes(round); c < round->changes; c++) {
		uint64_t prefixes = space->prefixes.prefixes_end[c] -
				    (c > 0 ? space->prefixes.prefixes_end[c - 1] : 0);

		n += prefixes * rare * (c + 1 < round->changes ? others : 1);
	}
	return n;
}

unsigned int search_changes(const struct search_space *space, const struct search_prefix *prefix,
			    uint32_t signature, uint64_t features)
{
	unsigned int changes = prefix->changes;

	if (signature != space->stated->vcpus.signature) {
		/* Where VMSAs hold no signature, another one is no other launch. */
		if (!snp_profile_uses_signature(prefix->launch.vcpus.profile))
			return SEARCH_MAX_CHANGES + 1;
		changes++;
	}
	return features != space->stated->vcpus.features ? changes + 1 : changes;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int search_match_compare(const struct search_match *a, const struct search_match *b)
{
	int r = compare(a->changes, b->changes);

	if (r == 0)
		r = compare(a->firmware, b->firmware);
	if (r == 0)
		r = compare(a->hashes, b->hashes);
	if (r == 0)
		r = strcmp(a->vcpus.profile, b->vcpus.profile);
	if (r == 0)
		r = compare(a->vcpus.signature, b->vcpus.signature);
	if (r == 0)
		r = compare(a->vcpus.features, b->vcpus.features);
	return r != 0 ? r : compare(a->vcpus.count, b->vcpus.count);
}
