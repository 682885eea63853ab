// SPDX-License-Identifier: Apache-2.0
#include "launch/search_prefixes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

#define MAX_PROFILES 32
#define MAX_PREFIXES (1u << 20)
#define MAX_GROUP    512 /* for threads to share */

void search_prefixes_done(struct search_prefixes *p)
{
	free(p->firmware_digests);
	free(p->list);
	free(p->groups);
	*p = (struct search_prefixes){0};
}

static const struct snp_firmware *firmware_at(const struct search_prefixes *p, size_t firmware)
{
	return firmware > 0 ? p->search->firmwares[firmware - 1].firmware
			    : p->search->stated->firmware;
}

static int hash_firmwares(struct search_prefixes *p, struct snp_error *err)
{
	size_t n = p->search->n_firmwares + 1;
	int r = 0;

	p->firmware_digests = calloc(n, sizeof(*p->firmware_digests));
	if (!p->firmware_digests)
		return out_of_memory(err);
	for (size_t f = 0; r == 0 && f < n; f++) {
		if (f == 0 && p->search->stated->firmware_digest)
			memcpy(p->firmware_digests[f], p->search->stated->firmware_digest,
			       SNP_SHA384_SIZE);
		else
			r = snp_launch_firmware_digest(firmware_at(p, f), p->firmware_digests[f],
						       err);
	}
	return r;
}

static int add_prefix(struct search_prefixes *p, const struct search_prefix *prefix,
		      struct snp_error *err)
{
	size_t capacity = p->capacity > 0 ? 2 * p->capacity : 256;
	struct search_prefix *grown;

	if (p->n == MAX_PREFIXES)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "too many files to try at once; give fewer candidates");
	if (p->n == p->capacity) {
		grown = reallocarray(p->list, capacity, sizeof(*grown));
		if (!grown)
			return out_of_memory(err);
		p->list = grown;
		p->capacity = capacity;
	}
	p->list[p->n++] = *prefix;
	return 0;
}

static int add_group(struct search_prefixes *p, const struct search_group *group,
		     struct snp_error *err)
{
	size_t capacity = p->group_capacity > 0 ? 2 * p->group_capacity : 64;
	struct search_group *grown;

	if (p->n_groups == p->group_capacity) {
		grown = reallocarray(p->groups, capacity, sizeof(*grown));
		if (!grown)
			return out_of_memory(err);
		p->groups = grown;
		p->group_capacity = capacity;
	}
	p->groups[p->n_groups++] = *group;
	return 0;
}

/* All hash tables with which a firmware and a profile make so many changes. */
static int add_tables(struct search_prefixes *p, const struct search_prefix *without,
		      unsigned int changes, struct snp_error *err)
{
	const struct search *search = p->search;
	struct search_prefix prefix = *without;
	size_t first = p->n;
	int r = 0;

	prefix.changes = changes;
	for (size_t h = 0; r == 0 && h <= search->n_hashes; h++) {
		if (without->changes + (h > 0 ? search->hashes[h - 1].changes : 0) != changes)
			continue;
		prefix.hashes = h;
		prefix.launch.kernel_hashes =
			h > 0 ? search->hashes[h - 1].hashes : p->search->stated->kernel_hashes;
		r = add_prefix(p, &prefix, err);
	}
	for (; r == 0 && first < p->n; first += MAX_GROUP) {
		size_t n = p->n - first;

		r = add_group(p, &(struct search_group){first, n < MAX_GROUP ? n : MAX_GROUP}, err);
	}
	return r;
}

struct profiles {
	const char *list[MAX_PROFILES];
	size_t n;
};

static void list_profiles(const char *stated, struct profiles *ret)
{
	const char *profile;

	*ret = (struct profiles){.list = {stated}, .n = 1};
	for (size_t i = 0; (profile = snp_profile_at(i)) && ret->n < MAX_PROFILES; i++)
		if (strcmp(profile, stated) != 0 &&
		    snp_profile_check(profile, SNP_MODE_SNP, NULL) == 0)
			ret->list[ret->n++] = profile;
}

static int add_firmware(struct search_prefixes *p, const struct profiles *profiles, size_t firmware,
			unsigned int changes, struct snp_error *err)
{
	struct search_prefix prefix = {.launch = *p->search->stated, .firmware = firmware};
	unsigned int own = firmware > 0 ? p->search->firmwares[firmware - 1].changes : 0;
	int r = 0;

	prefix.launch.firmware = firmware_at(p, firmware);
	prefix.launch.firmware_digest = p->firmware_digests[firmware];
	for (size_t i = 0; r == 0 && i < profiles->n; i++) {
		snprintf(prefix.launch.vcpus.profile, sizeof(prefix.launch.vcpus.profile), "%s",
			 profiles->list[i]);
		prefix.changes = own + (i > 0 ? 1u : 0u);
		r = add_tables(p, &prefix, changes, err);
	}
	return r;
}

/* By number of changes, so that a round has its prefixes side by side. */
static int fill_prefixes(struct search_prefixes *p, struct snp_error *err)
{
	struct profiles profiles;
	int r = 0;

	list_profiles(p->search->stated->vcpus.profile, &profiles);
	for (unsigned int changes = 0; changes <= SEARCH_MAX_CHANGES; changes++) {
		for (size_t f = 0; r == 0 && f <= p->search->n_firmwares; f++)
			r = add_firmware(p, &profiles, f, changes, err);
		p->groups_end[changes] = p->n_groups;
		p->prefixes_end[changes] = p->n;
	}
	return r;
}

int search_prefixes_fill(const struct search *search, struct search_prefixes *ret,
			 struct snp_error *err)
{
	int r;

	ret->search = search;
	r = hash_firmwares(ret, err);
	return r < 0 ? r : fill_prefixes(ret, err);
}

int search_prefix_begin(struct search_prefix *prefix, struct snp_error *err)
{
	struct snp_launch probe = prefix->launch;

	probe.vcpus.count = 1;
	prefix->launches = snp_launch_check(&probe, NULL) == 0;
	return prefix->launches ? snp_launch_prefix(&probe, prefix->ld, err) : 0;
}
