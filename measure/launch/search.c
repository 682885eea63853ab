// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/search.h>

#include <stdatomic.h>
#include <string.h>
#include <threads.h>

#include <snp/cleanup.h>
#include <snp/gctx.h>
#include <snp/sha.h>

#include "launch/search_space.h"

#define MAX_THREADS 64

/* Up to which vCPU count rare signatures and features are tried beside another difference. */
#define SMALL_COUNT 8

/* The search goes in rounds: each tries everything with so many changes beside the vCPU count, which is
 * one more where it is not the stated one. Counts are steps of one chain, so that a candidate costs one
 * launch update. */
struct round {
	const struct search *search;
	struct search_space *space;
	const uint8_t *digest;
	struct search_round now;
	uint32_t highest_other; /* vCPU count tried in this round; 0: the stated one alone */
	atomic_size_t next;	/* work item */
	atomic_ullong tried;
	atomic_bool failed;
	mtx_t lock; /* of what follows */
	struct search_match best;
	bool found;
	struct snp_error err;
};

struct worker {
	struct round *round;
	struct gctx gctx;
	bool shows_progress;
};

/* The VMSAs of a launch, as PAGE_INFO.CONTENTS has them: of the first vCPU, and of the others. */
struct vmsas {
	uint8_t contents[2][SNP_SHA384_SIZE];
};

static void keep_better(struct round *round, const struct search_match *match)
{
	mtx_lock(&round->lock);
	if (!round->found || search_match_compare(match, &round->best) < 0)
		round->best = *match;
	round->found = true;
	mtx_unlock(&round->lock);
}

static uint32_t last_count(const struct round *round)
{
	uint32_t stated = round->search->stated->vcpus.count;

	return stated > round->highest_other ? stated : round->highest_other;
}

static int hash_vmsas(const struct snp_launch *launch, struct vmsas *ret, struct snp_error *err)
{
	uint8_t page[SNP_PAGE_SIZE];
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < 2 && i < launch->vcpus.count; i++) {
		r = snp_launch_vmsa(launch, i, page, err);
		if (r == 0)
			r = sha384_of((struct snp_span){page, sizeof(page)}, ret->contents[i], err);
	}
	return r;
}

/* Try one launch with every vCPU count of this round. */
static int try_launch(struct worker *worker, const struct search_prefix *prefix,
		      const struct snp_launch *vmsa, const struct vmsas *vmsas,
		      struct snp_error *err)
{
	struct round *round = worker->round;
	const uint32_t stated = round->search->stated->vcpus.count;
	struct snp_vcpus vcpus;
	uint64_t tried = 0;
	int r = 0;

	memcpy(worker->gctx.ld, prefix->ld, SNP_SHA384_SIZE);
	for (uint32_t n = 1; r == 0 && n <= vmsa->vcpus.count; n++) {
		r = gctx_update(&worker->gctx, SNP_PAGE_VMSA, SNP_VMSA_GPA, vmsas->contents[n > 1],
				err);
		if (r < 0 || (n != stated && n > round->highest_other))
			continue;
		tried++;
		if (memcmp(worker->gctx.ld, round->digest, SNP_SHA384_SIZE) != 0)
			continue;
		vcpus = vmsa->vcpus;
		vcpus.count = n;
		keep_better(round, &(struct search_match){
					   .changes = round->now.changes + (n != stated ? 1u : 0u),
					   .firmware = prefix->firmware,
					   .hashes = prefix->hashes,
					   .vcpus = vcpus,
				   });
	}
	atomic_fetch_add(&round->tried, tried);
	return r;
}

/* All prefixes of an item have the same VMSAs. */
static int try_prefixes(struct worker *worker, const struct search_item *item, uint32_t signature,
			uint64_t features, struct snp_error *err)
{
	struct round *round = worker->round;
	struct snp_launch vmsa = {0};
	struct vmsas vmsas;
	int r = 0;

	if (search_changes(round->space, item->prefixes, signature, features) != round->now.changes)
		return 0;
	for (size_t i = 0; r == 0 && i < item->n_prefixes; i++) {
		const struct search_prefix *prefix = &item->prefixes[i];

		if (!prefix->launches)
			continue;
		if (vmsa.vcpus.count == 0) {
			vmsa = prefix->launch;
			vmsa.vcpus.signature = signature;
			vmsa.vcpus.features = features;
			vmsa.vcpus.count = last_count(round);
			r = hash_vmsas(&vmsa, &vmsas, err);
		}
		if (r == 0)
			r = try_launch(worker, prefix, &vmsa, &vmsas, err);
	}
	return r;
}

static int do_item(struct worker *worker, size_t i, struct snp_error *err)
{
	struct round *round = worker->round;
	struct search_item item;
	int r = 0;

	if (!search_space_item(round->space, &round->now, i, &item))
		return 0;
	for (size_t p = 0; r == 0 && item.is_first && p < item.n_prefixes; p++)
		r = search_prefix_begin(&item.prefixes[p], err);
	for (size_t s = 0; r == 0 && s < item.n_signatures; s++)
		for (size_t f = 0; r == 0 && f < item.n_features; f++)
			r = try_prefixes(worker, &item, item.signatures[s], item.features[f], err);
	return r;
}

static int work(void *arg)
{
	struct worker *worker = arg;
	struct round *round = worker->round;
	const size_t n = search_space_items(round->space, &round->now);
	struct snp_error err = {0};
	int r = gctx_start(&worker->gctx, &err);

	for (size_t i = 0; r == 0 && !atomic_load(&round->failed);) {
		i = atomic_fetch_add(&round->next, 1);
		if (i >= n)
			break;
		r = do_item(worker, i, &err);
		if (worker->shows_progress && round->search->progress)
			round->search->progress(round->search->progress_arg, i + 1, n);
	}
	gctx_end(&worker->gctx);
	if (r < 0) {
		mtx_lock(&round->lock);
		round->err = err;
		mtx_unlock(&round->lock);
		atomic_store(&round->failed, true);
	}
	return 0;
}

/* One thread for each core; this one works too, and alone where no thread can be had. */
static void run_round(struct round *round)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n_threads = cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS : (size_t)cores;
	struct worker workers[MAX_THREADS];
	thrd_t threads[MAX_THREADS];
	size_t started = 0;

	for (size_t i = 1; i < n_threads; i++) {
		workers[started + 1] = (struct worker){.round = round};
		if (thrd_create(&threads[started], work, &workers[started + 1]) != thrd_success)
			break;
		started++;
	}
	workers[0] = (struct worker){.round = round, .shows_progress = true};
	work(&workers[0]);
	for (size_t i = 0; i < started; i++)
		thrd_join(threads[i], NULL);
}

/* vCPU counts are a change too; those of rare lists beside another difference are what costs most. */
static uint32_t highest_other(const struct search *search, const struct search_round *now)
{
	if (now->changes == SEARCH_MAX_CHANGES)
		return 0;
	if (now->list != SEARCH_LIKELY && now->changes == 2 && search->max_vcpus > SMALL_COUNT)
		return SMALL_COUNT;
	return search->max_vcpus;
}

static int run_one(struct round *round, struct search_round now, struct snp_error *err)
{
	round->now = now;
	round->highest_other = highest_other(round->search, &now);
	atomic_store(&round->next, 0);
	run_round(round);
	if (!atomic_load(&round->failed))
		return 0;
	if (err)
		*err = round->err;
	return -(int)round->err.code;
}

/* Whether the launches of a round of rare ones are within what is left of the budget, and off it. */
static bool afford(struct round *round, const struct search_round *now, uint64_t *budget)
{
	uint64_t cost = search_space_cost(round->space, now);

	if (now->list == SEARCH_LIKELY || now->changes == 1)
		return true;
	round->highest_other = highest_other(round->search, now);
	if (cost > *budget / last_count(round))
		return false;
	*budget -= cost * last_count(round);
	return true;
}

static int run(struct round *round, struct search_match *ret, struct search_extent *extent,
	       struct snp_error *err)
{
	/* Two launches with one digest are the same to the secure processor, so the first round that
	 * finds one ends the search. */
	static const struct search_round rounds[] = {
		{0, SEARCH_LIKELY},	   {1, SEARCH_LIKELY},
		{2, SEARCH_LIKELY},	   {3, SEARCH_LIKELY},
		{1, SEARCH_RARE_FEATURES}, {1, SEARCH_RARE_SIGNATURES},
		{2, SEARCH_RARE_FEATURES}, {2, SEARCH_RARE_SIGNATURES},
		{3, SEARCH_RARE_FEATURES}, {3, SEARCH_RARE_SIGNATURES}};
	unsigned int others[] = {0, 0, 0};
	uint64_t budget = round->search->max_rare;
	int r = 0;

	for (size_t i = 0; r == 0 && !round->found && i < ARRAY_SIZE(rounds); i++) {
		if (!afford(round, &rounds[i], &budget))
			break;
		r = run_one(round, rounds[i], err);
		others[rounds[i].list] = rounds[i].changes - (rounds[i].changes > 0 ? 1u : 0u);
	}
	*extent = (struct search_extent){.tried = atomic_load(&round->tried),
					 .features = others[SEARCH_RARE_FEATURES],
					 .signatures = others[SEARCH_RARE_SIGNATURES]};
	if (r < 0)
		return r;
	if (!round->found)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "none of %ju launches near the stated one has this digest",
				 (uintmax_t)extent->tried);
	*ret = round->best;
	return 0;
}

int search_run(const struct search *search, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
	       struct search_match *ret, struct search_extent *ret_extent, struct snp_error *err)
{
	_cleanup_(search_space_freep) struct search_space *space = NULL;
	struct round round = {.search = search, .digest = digest};
	int r;

	if (search->stated->mode != SNP_MODE_SNP)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "only digests of SEV-SNP with OVMF are searched for");
	r = search_space_new(search, &space, err);
	if (r < 0)
		return r;
	if (mtx_init(&round.lock, mtx_plain) != thrd_success)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "cannot make a lock");
	round.space = space;
	r = run(&round, ret, ret_extent, err);
	mtx_destroy(&round.lock);
	return r;
}
