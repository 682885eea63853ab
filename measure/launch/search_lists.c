// SPDX-License-Identifier: Apache-2.0
#include "launch/search_lists.h"

#include <snp/cleanup.h>

#define SNP_ACTIVE 0x1ull
#define DEBUG_SWAP 0x20ull

/* APM vol. 2, VMSA; measurement.md lists them. */
static const unsigned int feature_bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15};
_Static_assert(ARRAY_SIZE(feature_bits) == SEARCH_FEATURE_BITS, "every bit counted");

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

static bool is_likely_signature(const struct search_lists *lists, uint32_t signature)
{
	for (size_t i = 0; i < lists->n_signatures; i++)
		if (lists->signatures[i] == signature)
			return true;
	return false;
}

static void add_signature(struct search_lists *lists, uint32_t signature)
{
	if (!is_likely_signature(lists, signature) && lists->n_signatures < SEARCH_FEW_SIGNATURES)
		lists->signatures[lists->n_signatures++] = signature;
}

static void fill_signatures(struct search_lists *lists, const struct search *search)
{
	uint32_t s;

	add_signature(lists, search->stated->vcpus.signature);
	if (search->report_signature != 0)
		add_signature(lists, search->report_signature);
	for (size_t i = 0; snp_cpu_model_at(i, &s); i++)
		add_signature(lists, s);
	for (size_t i = 0; i < N_STEPPINGS * ARRAY_SIZE(silicon); i++)
		if (snp_cpu_signature(silicon[i / N_STEPPINGS].family,
				      silicon[i / N_STEPPINGS].model, i % N_STEPPINGS, &s,
				      NULL) == 0)
			add_signature(lists, s);
	for (uint32_t family = SEARCH_FIRST_FAMILY; family <= SEARCH_LAST_FAMILY; family++)
		for (uint32_t model = 0; model < 256; model++)
			for (uint32_t stepping = 0; stepping < 16; stepping++)
				if (snp_cpu_signature(family, model, stepping, &s, NULL) == 0 &&
				    !is_likely_signature(lists, s))
					lists->rare_signatures[lists->n_rare_signatures++] = s;
}

static bool are_likely_features(const struct search_lists *lists, uint64_t features)
{
	for (size_t i = 0; i < lists->n_features; i++)
		if (lists->features[i] == features)
			return true;
	return false;
}

static void add_features(struct search_lists *lists, uint64_t features)
{
	if (!are_likely_features(lists, features) && lists->n_features < SEARCH_FEW_FEATURES)
		lists->features[lists->n_features++] = features;
}

static void fill_features(struct search_lists *lists, const struct search *search)
{
	add_features(lists, search->stated->vcpus.features);
	add_features(lists, SNP_ACTIVE);
	for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++)
		add_features(lists, SNP_ACTIVE | 1ull << feature_bits[i]);
	for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++)
		add_features(lists, SNP_ACTIVE | DEBUG_SWAP | 1ull << feature_bits[i]);
	for (size_t i = 0; i < SEARCH_ALL_FEATURES; i++) {
		uint64_t features = SNP_ACTIVE;

		for (size_t bit = 0; bit < ARRAY_SIZE(feature_bits); bit++)
			if (i & 1u << bit)
				features |= 1ull << feature_bits[bit];
		if (!are_likely_features(lists, features))
			lists->rare_features[lists->n_rare_features++] = features;
	}
}

void search_lists_fill(const struct search *search, struct search_lists *ret)
{
	ret->n_signatures = ret->n_features = 0;
	ret->n_rare_signatures = ret->n_rare_features = 0;
	fill_signatures(ret, search);
	fill_features(ret, search);
}
