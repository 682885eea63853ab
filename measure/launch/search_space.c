// SPDX-License-Identifier: Apache-2.0
#include "launch/search_space.h"

#include <stdlib.h>
#include <string.h>

#include "launch/search_lists.h"

#define MAX_PROFILES 32
#define MAX_PREFIXES (1u << 20)

/* The rare lists, and prefixes with the same VMSAs, are cut into pieces for threads to share. */
#define PIECE	  128
#define MAX_GROUP 512

/* Prefixes of one number of changes, firmware and profile. */
struct group {
	size_t first, n;
};

struct search_space {
	const struct snp_launch *stated;
	const struct snp_search *search;
	uint8_t (*firmware_digests)[SNP_SHA384_SIZE];
	struct search_prefix *prefixes;
	size_t n_prefixes, capacity;
	struct group *groups;
	size_t n_groups, group_capacity;
	size_t groups_end[SEARCH_MAX_CHANGES + 1], prefixes_end[SEARCH_MAX_CHANGES + 1];
	struct search_lists lists;
};

void search_space_free(struct search_space *space)
{
	if (space) {
		free(space->firmware_digests);
		free(space->prefixes);
		free(space->groups);
	}
	free(space);
}

static const struct snp_firmware *firmware_at(const struct search_space *space, size_t firmware)
{
	return firmware > 0 ? space->search->firmwares[firmware - 1].firmware
			    : space->stated->firmware;
}

static int hash_firmwares(struct search_space *space, struct snp_error *err)
{
	size_t n = space->search->n_firmwares + 1;
	int r = 0;

	space->firmware_digests = calloc(n, sizeof(*space->firmware_digests));
	if (!space->firmware_digests)
		return snp_no_memory(err);
	for (size_t f = 0; r == 0 && f < n; f++) {
		if (f == 0 && space->stated->firmware_digest)
			memcpy(space->firmware_digests[f], space->stated->firmware_digest,
			       SNP_SHA384_SIZE);
		else
			r = snp_launch_firmware_digest(firmware_at(space, f),
						       space->firmware_digests[f], err);
	}
	return r;
}

static int add_prefix(struct search_space *space, const struct search_prefix *prefix,
		      struct snp_error *err)
{
	size_t capacity = space->capacity > 0 ? 2 * space->capacity : 256;
	struct search_prefix *grown;

	if (space->n_prefixes == MAX_PREFIXES)
		return snp_fail(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				"too many files to try at once; give fewer candidates");
	if (space->n_prefixes == space->capacity) {
		grown = reallocarray(space->prefixes, capacity, sizeof(*grown));
		if (!grown)
			return snp_no_memory(err);
		space->prefixes = grown;
		space->capacity = capacity;
	}
	space->prefixes[space->n_prefixes++] = *prefix;
	return 0;
}

static int add_group(struct search_space *space, const struct group *group, struct snp_error *err)
{
	size_t capacity = space->group_capacity > 0 ? 2 * space->group_capacity : 64;
	struct group *grown;

	if (space->n_groups == space->group_capacity) {
		grown = reallocarray(space->groups, capacity, sizeof(*grown));
		if (!grown)
			return snp_no_memory(err);
		space->groups = grown;
		space->group_capacity = capacity;
	}
	space->groups[space->n_groups++] = *group;
	return 0;
}

/* All hash tables with which a firmware and a profile make so many changes. */
static int add_tables(struct search_space *space, const struct search_prefix *without,
		      unsigned int changes, struct snp_error *err)
{
	const struct snp_search *search = space->search;
	struct search_prefix prefix = *without;
	size_t first = space->n_prefixes;
	int r = 0;

	prefix.changes = changes;
	for (size_t h = 0; r == 0 && h <= search->n_hashes; h++) {
		if (without->changes + (h > 0 ? search->hashes[h - 1].changes : 0) != changes)
			continue;
		prefix.hashes = h;
		prefix.launch.kernel_hashes =
			h > 0 ? search->hashes[h - 1].hashes : space->stated->kernel_hashes;
		r = add_prefix(space, &prefix, err);
	}
	for (; r == 0 && first < space->n_prefixes; first += MAX_GROUP) {
		size_t n = space->n_prefixes - first;

		r = add_group(space, &(struct group){first, n < MAX_GROUP ? n : MAX_GROUP}, err);
	}
	return r;
}

struct profiles {
	const struct snp_profile *list[MAX_PROFILES];
	size_t n;
};

static void list_profiles(const struct snp_profile *stated, struct profiles *ret)
{
	const struct snp_profile *profile;

	*ret = (struct profiles){.list = {stated}, .n = 1};
	for (size_t i = 0; (profile = snp_profile_at(i)) && ret->n < MAX_PROFILES; i++)
		if (profile != stated && snp_profile_fits(profile, SNP_MODE_SNP))
			ret->list[ret->n++] = profile;
}

static int add_firmware(struct search_space *space, const struct profiles *profiles,
			size_t firmware, unsigned int changes, struct snp_error *err)
{
	struct search_prefix prefix = {.launch = *space->stated, .firmware = firmware};
	unsigned int own = firmware > 0 ? space->search->firmwares[firmware - 1].changes : 0;
	int r = 0;

	prefix.launch.firmware = firmware_at(space, firmware);
	prefix.launch.firmware_digest = space->firmware_digests[firmware];
	for (size_t p = 0; r == 0 && p < profiles->n; p++) {
		prefix.launch.profile = profiles->list[p];
		prefix.changes = own + (p > 0 ? 1u : 0u);
		r = add_tables(space, &prefix, changes, err);
	}
	return r;
}

/* By number of changes, so that a round has its prefixes side by side. */
static int fill_prefixes(struct search_space *space, struct snp_error *err)
{
	struct profiles profiles;
	int r = 0;

	list_profiles(space->stated->profile, &profiles);
	for (unsigned int changes = 0; changes <= SEARCH_MAX_CHANGES; changes++) {
		for (size_t f = 0; r == 0 && f <= space->search->n_firmwares; f++)
			r = add_firmware(space, &profiles, f, changes, err);
		space->groups_end[changes] = space->n_groups;
		space->prefixes_end[changes] = space->n_prefixes;
	}
	return r;
}

int search_space_new(const struct snp_search *search, struct search_space **ret,
		     struct snp_error *err)
{
	_cleanup_(search_space_freep) struct search_space *space = calloc(1, sizeof(*space));
	int r;

	if (!space)
		return snp_no_memory(err);
	space->stated = search->stated;
	space->search = search;
	search_lists_fill(search, &space->lists);
	r = hash_firmwares(space, err);
	if (r == 0)
		r = fill_prefixes(space, err);
	if (r == 0)
		*ret = TAKE_PTR(space);
	return r;
}

int search_prefix_begin(struct search_prefix *prefix, struct snp_error *err)
{
	struct snp_launch probe = prefix->launch;

	probe.vcpu_count = 1;
	prefix->launches = snp_launch_check(&probe, NULL) == 0;
	return prefix->launches ? snp_launch_prefix(&probe, prefix->ld, err) : 0;
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

	return fewest > 0 ? space->groups_end[fewest - 1] : 0;
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
	size_t n = space->groups_end[round->changes] - first_group(space, round);

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
	const struct group *group = &space->groups[first_group(space, round) + i / n];
	struct search_item item = {.prefixes = &space->prefixes[group->first],
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
		uint64_t prefixes =
			space->prefixes_end[c] - (c > 0 ? space->prefixes_end[c - 1] : 0);

		n += prefixes * rare * (c + 1 < round->changes ? others : 1);
	}
	return n;
}

unsigned int search_changes(const struct search_space *space, const struct search_prefix *prefix,
			    uint32_t signature, uint64_t features)
{
	unsigned int changes = prefix->changes;

	if (signature != space->stated->cpu_signature) {
		/* Where VMSAs hold no signature, another one is no other launch. */
		if (!snp_profile_uses_signature(prefix->launch.profile))
			return SEARCH_MAX_CHANGES + 1;
		changes++;
	}
	return features != space->stated->guest_features ? changes + 1 : changes;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int search_match_compare(const struct snp_search_match *a, const struct snp_search_match *b)
{
	int r = compare(a->changes, b->changes);

	if (r == 0)
		r = compare(a->firmware, b->firmware);
	if (r == 0)
		r = compare(a->hashes, b->hashes);
	if (r == 0)
		r = strcmp(snp_profile_name(a->profile), snp_profile_name(b->profile));
	if (r == 0)
		r = compare(a->cpu_signature, b->cpu_signature);
	if (r == 0)
		r = compare(a->guest_features, b->guest_features);
	return r != 0 ? r : compare(a->vcpu_count, b->vcpu_count);
}
