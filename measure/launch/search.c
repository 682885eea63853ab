// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/gctx.h>
#include <snp/memory.h>

#include "launch/launch.h"

#define MAX_THREADS    64
#define MAX_SIGNATURES 64
#define MAX_STARTS     8192
#define MAX_CHANGES    3
#define MAX_UPDATES    (1ull << 22) /* of the sections of all prefixes; about 3 s, estimated */
#define SNP_ACTIVE     0x1ull	    /* bits of SEV_FEATURES */
#define DEBUG_SWAP     0x20ull

/* One combination of what is booted. */
struct start {
	unsigned int changes;
	const struct search_part *part[SEARCH_KINDS]; /* NULL: as stated */
};

/* A profile, CPU signature and guest features; tried with at most so many changes of what is booted. */
struct cpu {
	struct snp_vcpus vcpus;
	unsigned int max_changes;
};

/* What is tried: every start with the CPUs that go with it. */
struct space {
	const struct search *search;
	struct snp_launch stated; /* with the digest of its firmware */
	uint8_t stated_digest[SNP_SHA384_SIZE];
	const uint8_t *digest;
	struct start *starts; /* those with fewer changes first */
	size_t n_starts;
	bool is_cut;
	struct cpu *cpus; /* the stated one first, those of one profile together */
	size_t n_cpus;

	thrd_t caller;		   /* the thread that shows progress */
	atomic_size_t next, found; /* index of a start */
	atomic_ullong tried;
	mtx_t lock; /* of what follows */
	struct snp_vcpus match;
	int r;
	struct snp_error err;
};

static const size_t hash_offset[] = {
	[SEARCH_KERNEL] = offsetof(struct snp_kernel_hashes, kernel),
	[SEARCH_INITRD] = offsetof(struct snp_kernel_hashes, initrd),
	[SEARCH_CMDLINE] = offsetof(struct snp_kernel_hashes, cmdline),
};

static bool same_hash(const void *a, const void *b)
{
	return memcmp(a, b, SNP_SHA256_SIZE) == 0;
}

int search_add(struct search *search, enum search_kind kind, const struct search_part *part,
	       struct snp_error *err)
{
	const size_t n = search->parts[kind].n;
	struct search_part *list = search->parts[kind].list;
	const uint8_t *stated = (const uint8_t *)search->stated->kernel_hashes;

	if (kind != SEARCH_FIRMWARE && same_hash(stated + hash_offset[kind], part->sha256))
		return 0;
	for (size_t i = 0; kind != SEARCH_FIRMWARE && i < n; i++)
		if (same_hash(list[i].sha256, part->sha256)) {
			if (part->changes < list[i].changes)
				list[i] = *part;
			return 0;
		}
	if (n == SEARCH_MAX_PARTS || !grow(&search->parts[kind].list, n, sizeof(*part))) {
		snp_firmware_free(part->firmware);
		return n < SEARCH_MAX_PARTS
			       ? out_of_memory(err)
			       : fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
					   "more than %d files or command lines to try",
					   SEARCH_MAX_PARTS);
	}
	list = search->parts[kind].list;
	list[search->parts[kind].n++] = *part;
	if (kind != SEARCH_FIRMWARE)
		return 0;
	return snp_launch_firmware_digest(part->firmware, list[n].firmware_digest, err);
}

void search_done(struct search *search)
{
	for (size_t i = 0; i < search->parts[SEARCH_FIRMWARE].n; i++)
		snp_firmware_free(search->parts[SEARCH_FIRMWARE].list[i].firmware);
	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		free(search->parts[kind].list);
}

static bool hashes_off(const struct start *start)
{
	static const uint8_t off[SNP_SHA256_SIZE];
	const struct search_part *kernel = start->part[SEARCH_KERNEL];

	return kernel && same_hash(kernel->sha256, off);
}

/* Add all ways to make `left` more changes, from this kind of part on. */
static void add_starts(struct space *space, struct start start, size_t kind, unsigned int left)
{
	const struct search *search = space->search;

	if (kind < SEARCH_KINDS) {
		add_starts(space, start, kind + 1, left);
		for (size_t i = 0; i < search->parts[kind].n && !space->is_cut; i++) {
			const struct search_part *part = &search->parts[kind].list[i];

			start.part[kind] = part;
			if (part->changes <= left)
				add_starts(space, start, kind + 1, left - part->changes);
		}
		return;
	}
	/* Without kernel hashes there is no other initrd and no other command line. */
	if (left > 0 ||
	    (hashes_off(&start) && (start.part[SEARCH_INITRD] || start.part[SEARCH_CMDLINE])))
		return;
	if (space->n_starts == MAX_STARTS)
		space->is_cut = true;
	else if (grow(&space->starts, space->n_starts, sizeof(start)))
		space->starts[space->n_starts++] = start;
	else
		space->r = out_of_memory(&space->err);
}

static void add_cpu(struct space *space, const struct snp_vcpus *vcpus, unsigned int max_changes)
{
	for (size_t i = 0; i < space->n_cpus; i++)
		if (memcmp(&space->cpus[i].vcpus, vcpus, sizeof(*vcpus)) == 0)
			return;
	if (grow(&space->cpus, space->n_cpus, sizeof(*space->cpus)))
		space->cpus[space->n_cpus++] = (struct cpu){*vcpus, max_changes};
	else
		space->r = out_of_memory(&space->err);
}

static size_t list_signatures(const struct search *search, uint32_t ret[static MAX_SIGNATURES])
{
	/* Processors with SEV-SNP, whose signatures -cpu host has: Milan; Genoa; Bergamo and Siena; Turin;
	 * Turin Dense. Each with steppings 0 to 3. */
	static const uint32_t silicon[] = {0xa00f10, 0xa10f10, 0xaa0f00, 0xb00f20, 0xb10f10};
	size_t n = 0;

	ret[n++] = search->stated->vcpus.signature;
	if (search->report_signature != 0)
		ret[n++] = search->report_signature;
	for (uint32_t i = 0; i < 4 * ARRAY_SIZE(silicon); i++)
		ret[n++] = silicon[i / 4] + i % 4;
	for (size_t i = 0; n < MAX_SIGNATURES && snp_cpu_model_at(i, &ret[n]); i++)
		n++;
	return n;
}

/* All CPUs of a profile. Features with two bits beside SNP_ACTIVE are tried where at most one other thing
 * differs, the vCPU count apart; those with one bit, where at most one thing that is booted does. */
static void add_cpus(struct space *space, const char *profile)
{
	/* The bits of SEV_FEATURES that have a name (APM vol. 2, VMSA; docs/measurement.md). */
	static const unsigned int bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 0};
	const struct snp_vcpus *stated = &space->stated.vcpus;
	const uint32_t max = space->search->max_vcpus;
	struct snp_vcpus v = *stated;
	uint32_t signatures[MAX_SIGNATURES];
	size_t n = list_signatures(space->search, signatures);

	snprintf(v.profile, sizeof(v.profile), "%s", profile);
	v.count = stated->count > max ? stated->count : max;
	for (size_t s = 0; s < n; s++) {
		const bool others = s > 0 || strcmp(profile, stated->profile) != 0;

		if (snp_profile_uses_signature(profile))
			v.signature = signatures[s];
		v.features = stated->features;
		add_cpu(space, &v, others ? 1 : MAX_CHANGES);
		for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
			v.features = SNP_ACTIVE | 1ull << bits[i];
			add_cpu(space, &v, 1);
			v.features |= DEBUG_SWAP;
			add_cpu(space, &v, others ? 0 : 1);
		}
	}
}

/* Leave out what hostile sections leave no time for: they are launched page by page for each start, and where
 * it has at most one change with each of some five profiles. */
static void bound_starts(struct space *space)
{
	uint64_t updates = 0;

	for (size_t i = 0; i < space->n_starts && updates <= MAX_UPDATES; i++) {
		const struct start *start = &space->starts[i];
		const struct search_part *firmware = start->part[SEARCH_FIRMWARE];
		const struct snp_firmware_info *info =
			snp_firmware_info(firmware ? firmware->firmware : space->stated.firmware);

		for (size_t s = 0; s < info->n_sections; s++)
			updates += info->sections[s].size / SNP_PAGE_SIZE *
				   (start->changes > 1 ? 1 : 5);
		if (updates > MAX_UPDATES) {
			space->is_cut = space->is_cut || i + 1 < space->n_starts;
			space->n_starts = i + 1;
		}
	}
}

static void fill(struct space *space)
{
	const char *stated = space->stated.vcpus.profile, *name;

	for (unsigned int changes = 0; changes <= MAX_CHANGES; changes++)
		add_starts(space, (struct start){.changes = changes}, 0, changes);
	bound_starts(space);
	add_cpus(space, stated);
	for (size_t i = 0; (name = snp_profile_at(i)); i++)
		if (strcmp(name, stated) != 0 && snp_profile_check(name, SNP_MODE_SNP, NULL) == 0)
			add_cpus(space, name);
	if (space->r < 0 || space->stated.firmware_digest)
		return;
	space->r = snp_launch_firmware_digest(space->stated.firmware, space->stated_digest,
					      &space->err);
	space->stated.firmware_digest = space->stated_digest;
}

/* One launch with every vCPU count: each is one launch update more than the one before. */
static int try_counts(struct space *space, struct gctx *gctx, size_t item,
		      const struct snp_launch *launch, const uint8_t prefix[static SNP_SHA384_SIZE],
		      struct snp_error *err)
{
	const uint32_t stated = space->stated.vcpus.count;
	uint8_t contents[2][SNP_SHA384_SIZE];
	uint64_t tried = 0;
	int r = gctx_vmsa_contents(launch, contents, err);

	memcpy(gctx->ld, prefix, SNP_SHA384_SIZE);
	for (uint32_t n = 1; r == 0 && n <= launch->vcpus.count; n++) {
		r = gctx_vcpu(gctx, n - 1, contents, err);
		if (r < 0 || (n > space->search->max_vcpus && n != stated))
			continue;
		tried++;
		if (memcmp(gctx->ld, space->digest, SNP_SHA384_SIZE) != 0)
			continue;
		mtx_lock(&space->lock);
		if (item < atomic_load(&space->found)) {
			atomic_store(&space->found, item);
			space->match = launch->vcpus;
			space->match.count = n;
		}
		mtx_unlock(&space->lock);
	}
	atomic_fetch_add(&space->tried, tried);
	return r;
}

/* The launch that a start stands for, but for the CPU. */
static struct snp_launch launch_of(const struct space *space, const struct start *start,
				   struct snp_kernel_hashes *hashes)
{
	const struct search_part *firmware = start->part[SEARCH_FIRMWARE];
	struct snp_launch launch = space->stated;

	if (firmware) {
		launch.firmware = firmware->firmware;
		launch.firmware_digest = firmware->firmware_digest;
	}
	if (!launch.kernel_hashes)
		return launch;
	*hashes = *launch.kernel_hashes;
	for (size_t kind = SEARCH_KERNEL; kind <= SEARCH_CMDLINE; kind++)
		if (start->part[kind])
			memcpy((uint8_t *)hashes + hash_offset[kind], start->part[kind]->sha256,
			       SNP_SHA256_SIZE);
	launch.kernel_hashes = hashes_off(start) ? NULL : hashes;
	return launch;
}

static int try_item(struct space *space, struct gctx *gctx, size_t item, struct snp_error *err)
{
	const struct start *start = &space->starts[item];
	struct snp_kernel_hashes hashes;
	struct snp_launch launch = launch_of(space, start, &hashes);
	uint8_t prefix[SNP_SHA384_SIZE];
	bool is_possible = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < space->n_cpus && item < atomic_load(&space->found); i++) {
		const struct cpu *cpu = &space->cpus[i];
		const bool same = i > 0 && strcmp(launch.vcpus.profile, cpu->vcpus.profile) == 0;

		if (start->changes > cpu->max_changes)
			continue;
		launch.vcpus = cpu->vcpus;
		if (!same) {
			is_possible = snp_launch_check(&launch, NULL) == 0;
			r = is_possible ? launch_prefix(&launch, prefix, err) : 0;
		}
		if (r == 0 && is_possible)
			r = try_counts(space, gctx, item, &launch, prefix, err);
	}
	return r;
}

/* Starts come in the order of their changes, so the first that matches is the answer. */
static int work(void *arg)
{
	struct space *space = arg;
	const struct search *search = space->search;
	_cleanup_(gctx_end) struct gctx gctx = {0};
	struct snp_error err = {0};
	int r = gctx_start(&gctx, &err);
	size_t item;

	while (r == 0 && (item = atomic_fetch_add(&space->next, 1)) < space->n_starts &&
	       item <= atomic_load(&space->found)) {
		r = try_item(space, &gctx, item, &err);
		if (search->progress && thrd_equal(thrd_current(), space->caller))
			search->progress(search->progress_arg, item + 1, space->n_starts);
	}
	if (r < 0) {
		mtx_lock(&space->lock);
		space->r = r;
		space->err = err;
		mtx_unlock(&space->lock);
		atomic_store(&space->next, space->n_starts);
	}
	return 0;
}

/* One thread for each core. This one works too, alone if there can be no other. */
static void run(struct space *space)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	thrd_t threads[MAX_THREADS];
	int n = 1;

	while (n < cores && n < MAX_THREADS &&
	       thrd_create(&threads[n], work, space) == thrd_success)
		n++;
	work(space);
	while (--n > 0)
		thrd_join(threads[n], NULL);
}

__attribute__((format(printf, 2, 3))) static void say(struct search_answer *answer, const char *fmt,
						      ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE, fmt, args);
	va_end(args);
}

static void describe(const struct space *space, struct search_answer *answer)
{
	const struct snp_vcpus *stated = &space->stated.vcpus, *found = &space->match;
	const struct start *start = &space->starts[atomic_load(&space->found)];

	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		if (start->part[kind])
			say(answer, "%s", start->part[kind]->text);
	if (strcmp(found->profile, stated->profile) != 0)
		say(answer, "profile %s instead of %s", found->profile, stated->profile);
	if (found->count != stated->count)
		say(answer, "%" PRIu32 " vCPUs instead of %" PRIu32, found->count, stated->count);
	if (found->signature != stated->signature) {
		const char *was = cpu_model_of(stated->signature);
		const char *is = cpu_model_of(found->signature);

		say(answer, "CPU signature 0x%08" PRIx32 " (%s) instead of 0x%08" PRIx32 " (%s)",
		    found->signature, is ? is : "no QEMU model", stated->signature,
		    was ? was : "no QEMU model");
	}
	if (found->features != stated->features)
		say(answer, "guest features 0x%" PRIx64 " instead of 0x%" PRIx64, found->features,
		    stated->features);
}

int search_run(const struct search *search, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
	       struct search_answer *ret, struct snp_error *err)
{
	struct space space = {
		.search = search,
		.stated = *search->stated,
		.digest = digest,
		.caller = thrd_current(),
		.found = SIZE_MAX,
	};

	if (search->stated->mode != SNP_MODE_SNP)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "only launch digests of mode snp can be explained");
	if (mtx_init(&space.lock, mtx_plain) != thrd_success)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "cannot make a lock");
	fill(&space);
	if (space.r == 0)
		run(&space);
	mtx_destroy(&space.lock);
	if (space.r == 0) {
		*ret = (struct search_answer){
			.found = atomic_load(&space.found) != SIZE_MAX,
			.is_cut = space.is_cut,
			.tried = atomic_load(&space.tried),
		};
		if (ret->found)
			describe(&space, ret);
	} else if (err) {
		*err = space.err;
	}
	free(space.starts);
	free(space.cpus);
	return space.r;
}
