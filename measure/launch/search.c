// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <snp/cleanup.h>
#include <snp/gctx.h>
#include <snp/sha.h>

#include "launch/search_space.h"

#define MAX_CHANGES 3
#define MAX_THREADS 64

/* The search goes in rounds: each tries everything with so many changes beside the vCPU count, which is
 * one more where it is not the stated one. Counts are steps of one chain, so that a candidate costs one
 * launch update. */
struct round {
	const struct snp_search *search;
	const struct search_space *space;
	const uint8_t *digest;
	struct search_round now;
	atomic_size_t next; /* work item */
	atomic_ullong tried;
	atomic_bool failed;
	mtx_t lock; /* of what follows */
	struct snp_search_match best;
	bool found;
	struct snp_error err;
};

struct worker {
	struct round *round;
	struct snp_gctx gctx;
	bool shows_progress;
};

static void keep_better(struct round *round, const struct snp_search_match *match)
{
	mtx_lock(&round->lock);
	if (!round->found || search_match_compare(match, &round->best) < 0)
		round->best = *match;
	round->found = true;
	mtx_unlock(&round->lock);
}

static int vmsa_contents(const struct snp_launch *launch, uint32_t vcpu,
			 uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err)
{
	uint8_t page[SNP_PAGE_SIZE];
	int r = snp_launch_vmsa(launch, vcpu, page, err);

	return r < 0 ? r : snp_sha384((struct snp_span){page, sizeof(page)}, ret, err);
}

/* Try one launch with every vCPU count that this round has changes left for. */
static int try_launch(struct worker *worker, const struct search_prefix *prefix,
		      struct snp_launch *launch, struct snp_error *err)
{
	struct round *round = worker->round;
	const uint32_t stated = round->search->stated->vcpu_count;
	const bool any_count = round->now.changes < MAX_CHANGES;
	uint8_t contents[2][SNP_SHA384_SIZE];
	int r;

	launch->vcpu_count = any_count ? round->search->max_vcpus : stated;
	/* A firmware without reset address launches with one vCPU and no more. */
	if (snp_launch_check(launch, NULL) < 0) {
		launch->vcpu_count = 1;
		if ((!any_count && stated != 1) || snp_launch_check(launch, NULL) < 0)
			return 0;
	}
	r = vmsa_contents(launch, 0, contents[0], err);
	if (r == 0 && launch->vcpu_count > 1)
		r = vmsa_contents(launch, 1, contents[1], err);
	memcpy(worker->gctx.ld, prefix->ld, SNP_SHA384_SIZE);
	for (uint32_t n = 1; r == 0 && n <= launch->vcpu_count; n++) {
		r = snp_gctx_update(&worker->gctx, SNP_PAGE_VMSA, SNP_VMSA_GPA, contents[n > 1],
				    err);
		if (r < 0 || memcmp(worker->gctx.ld, round->digest, SNP_SHA384_SIZE) != 0 ||
		    (n != stated && !any_count))
			continue;
		keep_better(round, &(struct snp_search_match){
					   .changes = round->now.changes + (n != stated ? 1u : 0u),
					   .firmware = prefix->firmware,
					   .hashes = prefix->hashes,
					   .profile = launch->profile,
					   .cpu_signature = launch->cpu_signature,
					   .guest_features = launch->guest_features,
					   .vcpu_count = n,
				   });
	}
	atomic_fetch_add(&round->tried, any_count ? launch->vcpu_count : 1);
	return r;
}

static int do_item(struct worker *worker, size_t i, struct snp_error *err)
{
	struct round *round = worker->round;
	struct search_item item;
	int r = 0;

	if (!search_space_item(round->space, &round->now, i, &item))
		return 0;
	for (size_t s = 0; r == 0 && s < item.n_signatures; s++) {
		for (size_t f = 0; r == 0 && f < item.n_features; f++) {
			struct snp_launch launch = item.prefix->launch;

			launch.cpu_signature = item.signatures[s];
			launch.guest_features = item.features[f];
			if (search_changes(round->space, &item, &launch) == round->now.changes)
				r = try_launch(worker, item.prefix, &launch, err);
		}
	}
	return r;
}

static int work(void *arg)
{
	struct worker *worker = arg;
	struct round *round = worker->round;
	const size_t n = search_space_items(round->space, &round->now);
	struct snp_error err = {0};
	int r = snp_gctx_start(&worker->gctx, &err);

	for (size_t i = 0; r == 0 && !atomic_load(&round->failed);) {
		i = atomic_fetch_add(&round->next, 1);
		if (i >= n)
			break;
		r = do_item(worker, i, &err);
		if (worker->shows_progress && round->search->progress)
			round->search->progress(round->search->progress_arg, i + 1, n);
	}
	snp_gctx_end(&worker->gctx);
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

static int run(struct round *round, struct snp_search_match *ret, uint64_t *ret_tried,
	       struct snp_error *err)
{
	/* Two launches with one digest are the same to the secure processor, so the first round that
	 * finds one ends the search. */
	static const struct search_round rounds[] = {
		{0, false}, {1, false}, {2, false}, {3, false}, {1, true}};

	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		round->now = rounds[i];
		atomic_store(&round->next, 0);
		run_round(round);
		*ret_tried = atomic_load(&round->tried);
		if (atomic_load(&round->failed)) {
			if (err)
				*err = round->err;
			return -(int)round->err.code;
		}
		if (round->found) {
			*ret = round->best;
			return 0;
		}
	}
	return snp_fail(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"none of %ju launches near the stated one has this digest",
			(uintmax_t)*ret_tried);
}

int snp_search_run(const struct snp_search *search,
		   const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
		   struct snp_search_match *ret, uint64_t *ret_tried, struct snp_error *err)
{
	_cleanup_(search_space_freep) struct search_space *space = NULL;
	struct round round = {.search = search, .digest = digest};
	int r;

	if (search->stated->mode != SNP_MODE_SNP)
		return snp_fail(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				"only digests of SEV-SNP with OVMF are searched for");
	r = search_space_new(search, &space, err);
	if (r < 0)
		return r;
	if (mtx_init(&round.lock, mtx_plain) != thrd_success)
		return snp_fail(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "cannot make a lock");
	round.space = space;
	r = run(&round, ret, ret_tried, err);
	mtx_destroy(&round.lock);
	return r;
}
