// SPDX-License-Identifier: Apache-2.0
#include "launch/search_space.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CHANGES    3
#define MAX_PROFILES   32
#define MAX_SIGNATURES 48
#define MAX_PREFIXES   (1u << 20)
#define SNP_ACTIVE     0x1ull
#define DEBUG_SWAP     0x20ull

/* Bits of SEV_FEATURES that have a name (APM vol. 2, VMSA; measurement.md lists them), SNP_ACTIVE left
 * out: it is always set. */
static const unsigned int feature_bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15};
#define N_ALL_FEATURES	  (1u << ARRAY_SIZE(feature_bits))
#define N_COMMON_FEATURES (2 + 2 * ARRAY_SIZE(feature_bits))

/* Families and models of the processors that have SEV-SNP; QEMU's models have signatures of their own,
 * and -cpu host has one of these. */
static const struct {
	uint8_t family, model;
} silicon[] = {
	{0x19, 0x01}, /* Milan */
	{0x19, 0x11}, /* Genoa */
	{0x19, 0xa0}, /* Bergamo, Siena */
	{0x1a, 0x02}, /* Turin */
	{0x1a, 0x11}, /* Turin Dense */
};
#define N_STEPPINGS 4

/* All signatures of families 0x17 to 0x1a: AMD's and Hygon's processors with SEV-ES. */
#define FIRST_FAMILY	 0x17
#define LAST_FAMILY	 0x1a
#define N_ALL_SIGNATURES ((LAST_FAMILY - FIRST_FAMILY + 1) * 256 * 16)

/* The wide lists are cut into pieces of this size, for threads to share. */
#define PIECE 128

struct search_space {
	const struct snp_launch *stated;
	struct search_prefix *prefixes;
	size_t n_prefixes;
	uint32_t signatures[MAX_SIGNATURES];
	size_t n_signatures;
	uint64_t features[N_COMMON_FEATURES];
	size_t n_features;
	uint32_t all_signatures[N_ALL_SIGNATURES];
	uint64_t all_features[N_ALL_FEATURES];
};

void search_space_free(struct search_space *space)
{
	if (space)
		free(space->prefixes);
	free(space);
}

static void add_signature(struct search_space *space, uint32_t signature)
{
	for (size_t i = 0; i < space->n_signatures; i++)
		if (space->signatures[i] == signature)
			return;
	if (space->n_signatures < MAX_SIGNATURES)
		space->signatures[space->n_signatures++] = signature;
}

static void fill_signatures(struct search_space *space, uint32_t report_signature)
{
	uint32_t signature;
	size_t n = 0;

	add_signature(space, space->stated->cpu_signature);
	if (report_signature != 0)
		add_signature(space, report_signature);
	for (size_t i = 0; snp_cpu_model_at(i, &signature); i++)
		add_signature(space, signature);
	for (size_t i = 0; i < N_STEPPINGS * ARRAY_SIZE(silicon); i++)
		if (snp_cpu_signature(silicon[i / N_STEPPINGS].family,
				      silicon[i / N_STEPPINGS].model, i % N_STEPPINGS, &signature,
				      NULL) == 0)
			add_signature(space, signature);
	for (uint32_t family = FIRST_FAMILY; family <= LAST_FAMILY; family++)
		for (uint32_t model = 0; model < 256; model++)
			for (uint32_t stepping = 0; stepping < 16; stepping++)
				if (snp_cpu_signature(family, model, stepping,
						      &space->all_signatures[n], NULL) == 0)
					n++;
}

static void add_features(struct search_space *space, uint64_t features)
{
	for (size_t i = 0; i < space->n_features; i++)
		if (space->features[i] == features)
			return;
	if (space->n_features < N_COMMON_FEATURES)
		space->features[space->n_features++] = features;
}

static void fill_features(struct search_space *space)
{
	add_features(space, space->stated->guest_features);
	add_features(space, SNP_ACTIVE);
	for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++)
		add_features(space, SNP_ACTIVE | 1ull << feature_bits[i]);
	for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++)
		add_features(space, SNP_ACTIVE | DEBUG_SWAP | 1ull << feature_bits[i]);
	for (size_t i = 0; i < N_ALL_FEATURES; i++) {
		space->all_features[i] = SNP_ACTIVE;
		for (size_t bit = 0; bit < ARRAY_SIZE(feature_bits); bit++)
			if (i & 1u << bit)
				space->all_features[i] |= 1ull << feature_bits[bit];
	}
}

/* Add the prefix, unless it cannot be launched. */
static int add_prefix(struct search_space *space, struct search_prefix *prefix,
		      struct snp_error *err)
{
	struct snp_launch probe = prefix->launch;
	int r;

	probe.vcpu_count = 1;
	if (snp_launch_check(&probe, NULL) < 0)
		return 0;
	r = snp_launch_prefix(&probe, prefix->ld, err);
	if (r == 0)
		space->prefixes[space->n_prefixes++] = *prefix;
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

/* All hash tables and profiles of one firmware, whose own pages are hashed once. */
static int add_firmware(struct search_space *space, const struct snp_search *search,
			size_t firmware, const struct profiles *profiles,
			const uint8_t *firmware_digest, struct snp_error *err)
{
	struct search_prefix prefix = {.launch = *space->stated, .firmware = firmware};
	int r = 0;

	if (firmware > 0)
		prefix.launch.firmware = search->firmwares[firmware - 1];
	prefix.launch.firmware_digest = firmware_digest;
	for (size_t h = 0; r == 0 && h <= search->n_hashes; h++) {
		prefix.hashes = h;
		prefix.launch.kernel_hashes =
			h > 0 ? search->hashes[h - 1].hashes : space->stated->kernel_hashes;
		for (size_t p = 0; r == 0 && p < profiles->n; p++) {
			prefix.launch.profile = profiles->list[p];
			prefix.changes = h > 0 ? search->hashes[h - 1].changes : 0;
			prefix.changes += (firmware > 0 ? 1u : 0) + (p > 0 ? 1u : 0);
			if (prefix.changes <= MAX_CHANGES)
				r = add_prefix(space, &prefix, err);
		}
	}
	return r;
}

static int fill_prefixes(struct search_space *space, const struct snp_search *search,
			 struct snp_error *err)
{
	struct profiles profiles;
	size_t most;
	int r = 0;

	list_profiles(space->stated->profile, &profiles);
	if (__builtin_mul_overflow((search->n_firmwares + 1) * profiles.n, search->n_hashes + 1,
				   &most) ||
	    most > MAX_PREFIXES)
		return snp_fail(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				"too many files to try at once; give fewer candidates");
	space->prefixes = calloc(most, sizeof(*space->prefixes));
	if (!space->prefixes)
		return snp_no_memory(err);
	for (size_t f = 0; r == 0 && f <= search->n_firmwares; f++) {
		const struct snp_firmware *firmware =
			f > 0 ? search->firmwares[f - 1] : space->stated->firmware;
		uint8_t ld[SNP_SHA384_SIZE];
		const uint8_t *digest = ld;

		if (f == 0 && space->stated->firmware_digest)
			digest = space->stated->firmware_digest;
		else
			r = snp_launch_firmware_digest(firmware, ld, err);
		if (r == 0)
			r = add_firmware(space, search, f, &profiles, digest, err);
	}
	/* Each prefix has its own digest now, and the firmware's went with the loop. */
	for (size_t i = 0; i < space->n_prefixes; i++)
		space->prefixes[i].launch.firmware_digest = space->prefixes[i].ld;
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
	fill_signatures(space, search->report_signature);
	fill_features(space);
	r = fill_prefixes(space, search, err);
	if (r == 0)
		*ret = TAKE_PTR(space);
	return r;
}

#define N_SIGNATURE_PIECES (N_ALL_SIGNATURES / PIECE)
#define N_FEATURE_PIECES   (N_ALL_FEATURES / PIECE)

static bool has_stated_prefix(const struct search_space *space)
{
	return space->n_prefixes > 0 && space->prefixes[0].changes == 0;
}

size_t search_space_items(const struct search_space *space, const struct search_round *round)
{
	if (!round->wide)
		return space->n_prefixes;
	return has_stated_prefix(space) ? N_SIGNATURE_PIECES + N_FEATURE_PIECES : 0;
}

bool search_space_item(const struct search_space *space, const struct search_round *round, size_t i,
		       struct search_item *ret)
{
	struct search_item item = {
		.prefix = &space->prefixes[round->wide ? 0 : i],
		.signatures = space->signatures,
		.n_signatures = round->wide ? 1 : space->n_signatures,
		.features = space->features,
		.n_features = round->wide ? 1 : space->n_features,
	};

	if (round->wide && i < N_SIGNATURE_PIECES) {
		item.signatures = &space->all_signatures[i * PIECE];
		item.n_signatures = PIECE;
	} else if (round->wide) {
		item.features = &space->all_features[(i - N_SIGNATURE_PIECES) * PIECE];
		item.n_features = PIECE;
	}
	*ret = item;
	return item.prefix->changes <= round->changes && round->changes - item.prefix->changes <= 2;
}

unsigned int search_changes(const struct search_space *space, const struct search_item *item,
			    const struct snp_launch *launch)
{
	unsigned int changes = item->prefix->changes;

	if (launch->cpu_signature != space->stated->cpu_signature) {
		/* Where VMSAs hold no signature, another one is no other launch. */
		if (!snp_profile_uses_signature(launch->profile))
			return MAX_CHANGES + 1;
		changes++;
	}
	return launch->guest_features != space->stated->guest_features ? changes + 1 : changes;
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
