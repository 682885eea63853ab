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

/* SEV_FEATURES. */
#define SNP_ACTIVE 0x1ull
#define DEBUG_SWAP 0x20ull

/* One combination of what is booted. */
struct start {
	unsigned int changes;
	size_t part[SEARCH_KINDS]; /* 0: as stated; else 1 + index in the list */
};

/* A profile, CPU signature and guest features; tried with at most so many changes of what is booted. */
struct cpu {
	struct snp_vcpus vcpus;
	unsigned int max_changes;
};

/* What is tried: every start with the CPUs that go with it. */
struct space {
	const struct search *search;
	const uint8_t *digest;
	uint32_t last_count;
	struct start *starts; /* those with fewer changes first */
	size_t n_starts;
	bool is_cut;
	uint8_t (*firmware_digests)[SNP_SHA384_SIZE];
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

static uint8_t *hash_of(struct snp_kernel_hashes *hashes, size_t kind)
{
	return kind == SEARCH_KERNEL   ? hashes->kernel
	       : kind == SEARCH_INITRD ? hashes->initrd
				       : hashes->cmdline;
}

/* A part that is there already; NULL: none. The stated one is not in the list. */
static struct search_part *find_part(const struct search *search, enum search_kind kind,
				     const struct search_part *part)
{
	for (size_t i = 0; kind != SEARCH_FIRMWARE && i < search->parts[kind].n; i++)
		if (memcmp(search->parts[kind].list[i].sha256, part->sha256, SNP_SHA256_SIZE) == 0)
			return &search->parts[kind].list[i];
	return NULL;
}

int search_add(struct search *search, enum search_kind kind, const struct search_part *part,
	       struct snp_error *err)
{
	const size_t n = search->parts[kind].n;
	struct search_part *same = find_part(search, kind, part);
	struct snp_kernel_hashes stated;

	if (kind != SEARCH_FIRMWARE) {
		stated = *search->stated->kernel_hashes;
		if (memcmp(hash_of(&stated, kind), part->sha256, SNP_SHA256_SIZE) == 0)
			return 0;
	}
	if (same && part->changes < same->changes)
		*same = *part;
	if (same)
		return 0;
	if (n < SEARCH_MAX_PARTS && grow(&search->parts[kind].list, n, sizeof(*part))) {
		search->parts[kind].list[search->parts[kind].n++] = *part;
		return 0;
	}
	snp_firmware_free(part->firmware);
	return n < SEARCH_MAX_PARTS
		       ? out_of_memory(err)
		       : fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				   "more than %d files or command lines to try", SEARCH_MAX_PARTS);
}

void search_done(struct search *search)
{
	for (size_t i = 0; i < search->parts[SEARCH_FIRMWARE].n; i++)
		snp_firmware_free(search->parts[SEARCH_FIRMWARE].list[i].firmware);
	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		free(search->parts[kind].list);
}

static const struct search_part *part_of(const struct search *search, const struct start *start,
					 size_t kind)
{
	size_t i = start->part[kind];

	return i > 0 ? &search->parts[kind].list[i - 1] : NULL;
}

static bool hashes_off(const struct search *search, const struct start *start)
{
	static const uint8_t off[SNP_SHA256_SIZE];
	const struct search_part *kernel = part_of(search, start, SEARCH_KERNEL);

	return kernel && memcmp(kernel->sha256, off, sizeof(off)) == 0;
}

/* Add all combinations that make `changes` changes, from this kind of part on. */
static void add_starts(struct space *space, struct start *start, size_t kind, unsigned int changes)
{
	const struct search *search = space->search;

	if (kind == SEARCH_KINDS) {
		/* Without kernel hashes there is no other initrd and no other command line. */
		if (start->changes != changes ||
		    (hashes_off(search, start) &&
		     (start->part[SEARCH_INITRD] || start->part[SEARCH_CMDLINE])))
			return;
		if (space->n_starts == MAX_STARTS)
			space->is_cut = true;
		else
			space->starts[space->n_starts++] = *start;
		return;
	}
	for (size_t i = 0; i <= search->parts[kind].n && !space->is_cut; i++) {
		unsigned int before = start->changes;

		start->part[kind] = i;
		start->changes += i > 0 ? search->parts[kind].list[i - 1].changes : 0;
		if (start->changes <= changes)
			add_starts(space, start, kind + 1, changes);
		start->changes = before;
	}
	start->part[kind] = 0;
}

static int add_cpu(struct space *space, const char *profile, uint32_t signature, uint64_t features,
		   unsigned int max_changes, struct snp_error *err)
{
	struct cpu cpu = {.vcpus = space->search->stated->vcpus, .max_changes = max_changes};
	struct snp_vcpus *v = &cpu.vcpus;

	snprintf(v->profile, sizeof(v->profile), "%s", profile);
	if (snp_profile_uses_signature(profile))
		v->signature = signature;
	v->features = features;
	v->count = space->last_count;
	for (size_t i = 0; i < space->n_cpus; i++)
		if (memcmp(&space->cpus[i].vcpus, v, sizeof(*v)) == 0)
			return 0;
	if (!grow(&space->cpus, space->n_cpus, sizeof(cpu)))
		return out_of_memory(err);
	space->cpus[space->n_cpus++] = cpu;
	return 0;
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
static int add_cpus(struct space *space, const char *profile, bool is_stated, struct snp_error *err)
{
	/* The bits of SEV_FEATURES that have a name (APM vol. 2, VMSA; docs/measurement.md). */
	static const unsigned int bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15};
	const uint64_t stated = space->search->stated->vcpus.features;
	uint32_t signatures[MAX_SIGNATURES];
	size_t n = list_signatures(space->search, signatures);
	int r = 0;

	for (size_t s = 0; r == 0 && s < n; s++) {
		const bool others = !is_stated || s > 0;
		const uint32_t signature = signatures[s];

		r = add_cpu(space, profile, signature, stated, others ? 1 : MAX_CHANGES, err);
		if (r == 0)
			r = add_cpu(space, profile, signature, SNP_ACTIVE, 1, err);
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(bits); i++) {
			const uint64_t features = SNP_ACTIVE | 1ull << bits[i];

			r = add_cpu(space, profile, signature, features, 1, err);
			if (r == 0)
				r = add_cpu(space, profile, signature, features | DEBUG_SWAP,
					    others ? 0 : 1, err);
		}
	}
	return r;
}

static const struct snp_firmware *firmware_of(const struct search *search, size_t i)
{
	return i > 0 ? search->parts[SEARCH_FIRMWARE].list[i - 1].firmware
		     : search->stated->firmware;
}

static int fill(struct space *space, struct snp_error *err)
{
	const struct search *search = space->search;
	const char *stated = search->stated->vcpus.profile, *name;
	const size_t n_firmwares = search->parts[SEARCH_FIRMWARE].n + 1;
	struct start start = {0};
	int r;

	space->starts = calloc(MAX_STARTS, sizeof(*space->starts));
	space->firmware_digests = calloc(n_firmwares, sizeof(*space->firmware_digests));
	if (!space->starts || !space->firmware_digests)
		return out_of_memory(err);
	for (unsigned int changes = 0; changes <= MAX_CHANGES; changes++)
		add_starts(space, &start, 0, changes);
	r = add_cpus(space, stated, true, err);
	for (size_t i = 0; r == 0 && (name = snp_profile_at(i)); i++)
		if (strcmp(name, stated) != 0 && snp_profile_check(name, SNP_MODE_SNP, NULL) == 0)
			r = add_cpus(space, name, false, err);
	for (size_t i = 0; r == 0 && i < n_firmwares; i++)
		if (i == 0 && search->stated->firmware_digest)
			memcpy(space->firmware_digests[i], search->stated->firmware_digest,
			       SNP_SHA384_SIZE);
		else
			r = snp_launch_firmware_digest(firmware_of(search, i),
						       space->firmware_digests[i], err);
	return r;
}

/* One launch with every vCPU count: each is one launch update more than the one before. */
static int try_counts(struct space *space, struct gctx *gctx, size_t item,
		      const struct snp_launch *launch, const uint8_t prefix[static SNP_SHA384_SIZE],
		      struct snp_error *err)
{
	const uint32_t stated = space->search->stated->vcpus.count;
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
	const struct search *search = space->search;
	struct snp_launch launch = *search->stated;

	launch.firmware = firmware_of(search, start->part[SEARCH_FIRMWARE]);
	launch.firmware_digest = space->firmware_digests[start->part[SEARCH_FIRMWARE]];
	if (!launch.kernel_hashes)
		return launch;
	*hashes = *launch.kernel_hashes;
	for (size_t kind = SEARCH_KERNEL; kind <= SEARCH_CMDLINE; kind++)
		if (start->part[kind] > 0)
			memcpy(hash_of(hashes, kind), part_of(search, start, kind)->sha256,
			       SNP_SHA256_SIZE);
	launch.kernel_hashes = hashes_off(search, start) ? NULL : hashes;
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
	const size_t n = space->n_starts;
	_cleanup_(gctx_end) struct gctx gctx = {0};
	struct snp_error err = {0};
	int r = gctx_start(&gctx, &err);

	while (r == 0) {
		size_t item = atomic_fetch_add(&space->next, 1);

		if (item >= n || item > atomic_load(&space->found))
			break;
		r = try_item(space, &gctx, item, &err);
		if (search->progress && thrd_equal(thrd_current(), space->caller))
			search->progress(search->progress_arg, item + 1, n);
	}
	if (r < 0) {
		mtx_lock(&space->lock);
		space->r = r;
		space->err = err;
		mtx_unlock(&space->lock);
		atomic_store(&space->next, n);
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

static const char *model_of(uint32_t signature)
{
	const char *name = cpu_model_of(signature);

	return name ? name : "no QEMU model";
}

static void describe(const struct space *space, struct search_answer *answer)
{
	const struct snp_vcpus *stated = &space->search->stated->vcpus, *found = &space->match;
	const struct start *start = &space->starts[atomic_load(&space->found)];

	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		if (start->part[kind] > 0)
			say(answer, "%s", part_of(space->search, start, kind)->text);
	if (strcmp(found->profile, stated->profile) != 0)
		say(answer, "profile %s instead of %s", found->profile, stated->profile);
	if (found->count != stated->count)
		say(answer, "%" PRIu32 " vCPUs instead of %" PRIu32, found->count, stated->count);
	if (found->signature != stated->signature)
		say(answer, "CPU signature 0x%08" PRIx32 " (%s) instead of 0x%08" PRIx32 " (%s)",
		    found->signature, model_of(found->signature), stated->signature,
		    model_of(stated->signature));
	if (found->features != stated->features)
		say(answer, "guest features 0x%" PRIx64 " instead of 0x%" PRIx64, found->features,
		    stated->features);
}

static void space_done(struct space *space)
{
	free(space->starts);
	free(space->firmware_digests);
	free(space->cpus);
}

int search_run(const struct search *search, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
	       struct search_answer *ret, struct snp_error *err)
{
	const uint32_t stated = search->stated->vcpus.count;
	_cleanup_(space_done) struct space space = {
		.search = search,
		.digest = digest,
		.last_count = stated > search->max_vcpus ? stated : search->max_vcpus,
		.caller = thrd_current(),
		.found = SIZE_MAX,
	};
	int r;

	if (search->stated->mode != SNP_MODE_SNP)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "only launch digests of mode snp can be explained");
	r = fill(&space, err);
	if (r < 0)
		return r;
	if (mtx_init(&space.lock, mtx_plain) != thrd_success)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "cannot make a lock");
	run(&space);
	mtx_destroy(&space.lock);
	if (space.r < 0) {
		if (err)
			*err = space.err;
		return space.r;
	}
	*ret = (struct search_answer){
		.found = atomic_load(&space.found) != SIZE_MAX,
		.is_cut = space.is_cut,
		.tried = atomic_load(&space.tried),
	};
	if (ret->found)
		describe(&space, ret);
	return 0;
}
