// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
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
	const struct search_part *part[SEARCH_KINDS];
};

/* A profile, CPU signature and guest features; tried with at most so many changes of what is booted. */
struct cpu {
	struct snp_vcpus vcpus;
	unsigned int max_changes;
	bool is_near; /* only its profile or only its signature is not the stated one */
};

/* What is tried: every start with the CPUs that go with it. */
struct space {
	const struct search *search;
	const uint8_t *digest;
	struct start *starts; /* those with fewer changes first */
	size_t n_starts;
	uint64_t updates; /* of the starts' sections */
	bool is_cut;
	uint32_t signatures[MAX_SIGNATURES];
	size_t n_signatures;
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

int search_begin(struct search *search, const struct snp_launch *stated, struct snp_error *err)
{
	const struct snp_kernel_hashes *hashes = stated->kernel_hashes;
	struct search_part parts[SEARCH_KINDS] = {0};
	int r = 0;

	search->stated = stated;
	if (stated->mode != SNP_MODE_SNP)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "only launch digests of mode snp can be explained");
	if (stated->firmware_digest)
		memcpy(parts[SEARCH_FIRMWARE].hash, stated->firmware_digest, SNP_SHA384_SIZE);
	else
		r = snp_launch_firmware_digest(stated->firmware, parts[SEARCH_FIRMWARE].hash, err);
	if (hashes) {
		memcpy(parts[SEARCH_KERNEL].hash, hashes->kernel, SNP_SHA256_SIZE);
		memcpy(parts[SEARCH_INITRD].hash, hashes->initrd, SNP_SHA256_SIZE);
		memcpy(parts[SEARCH_CMDLINE].hash, hashes->cmdline, SNP_SHA256_SIZE);
	}
	for (size_t kind = 0; r == 0 && kind < SEARCH_KINDS; kind++)
		r = search_add(search, (enum search_kind)kind, &parts[kind], err);
	return r;
}

int search_add(struct search *search, enum search_kind kind, struct search_part *part,
	       struct snp_error *err)
{
	struct search_parts *parts = &search->parts[kind];
	int r;

	for (size_t i = 0; kind != SEARCH_FIRMWARE && i < parts->n; i++)
		if (memcmp(parts->list[i].hash, part->hash, sizeof(part->hash)) == 0) {
			if (part->changes < parts->list[i].changes)
				parts->list[i] = *part;
			return 0;
		}
	r = part->firmware ? snp_launch_firmware_digest(part->firmware, part->hash, err) : 0;
	if (r == 0 && parts->n > SEARCH_MAX_PARTS)
		r = fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			      "more than %d files or command lines to try", SEARCH_MAX_PARTS);
	if (r == 0 && !grow(&parts->list, parts->n, sizeof(*part)))
		r = out_of_memory(err);
	if (r == 0)
		parts->list[parts->n++] = *part;
	else
		snp_firmware_free(part->firmware);
	return r;
}

void search_done(struct search *search)
{
	for (size_t kind = 0; kind < SEARCH_KINDS; kind++) {
		for (size_t i = 0; i < search->parts[kind].n; i++)
			snp_firmware_free(search->parts[kind].list[i].firmware);
		free(search->parts[kind].list);
	}
}

static bool hashes_off(const struct start *start)
{
	static const uint8_t off[SNP_SHA256_SIZE];

	return memcmp(start->part[SEARCH_KERNEL]->hash, off, sizeof(off)) == 0;
}

/* The launch that a start stands for, but for the CPU. */
static struct snp_launch launch_of(const struct search *search, const struct start *start,
				   struct snp_kernel_hashes *hashes)
{
	const struct search_part *firmware = start->part[SEARCH_FIRMWARE];
	struct snp_launch launch = *search->stated;

	if (firmware->firmware)
		launch.firmware = firmware->firmware;
	launch.firmware_digest = firmware->hash;
	memcpy(hashes->kernel, start->part[SEARCH_KERNEL]->hash, SNP_SHA256_SIZE);
	memcpy(hashes->initrd, start->part[SEARCH_INITRD]->hash, SNP_SHA256_SIZE);
	memcpy(hashes->cmdline, start->part[SEARCH_CMDLINE]->hash, SNP_SHA256_SIZE);
	launch.kernel_hashes = hashes_off(start) ? NULL : hashes;
	return launch;
}

/* Sections are launched page by page for each start, and where it has at most one change with each of some
 * five profiles. A hostile image leaves no time for all starts. */
static bool is_too_much(struct space *space, const struct start *start)
{
	const struct snp_firmware *firmware = start->part[SEARCH_FIRMWARE]->firmware;
	const struct snp_firmware_info *info =
		snp_firmware_info(firmware ? firmware : space->search->stated->firmware);

	space->is_cut = space->n_starts == MAX_STARTS || space->updates > MAX_UPDATES;
	for (size_t i = 0; i < info->n_sections; i++)
		space->updates +=
			info->sections[i].size / SNP_PAGE_SIZE * (start->changes > 1 ? 1 : 5);
	return space->is_cut;
}

/* Add all ways to make `left` more changes, from this kind of part on. */
static void add_starts(struct space *space, struct start start, size_t kind, unsigned int left)
{
	const struct search_parts *parts = &space->search->parts[kind];

	for (size_t i = 0; kind < SEARCH_KINDS && i < parts->n && !space->is_cut; i++) {
		start.part[kind] = &parts->list[i];
		if (parts->list[i].changes <= left)
			add_starts(space, start, kind + 1, left - parts->list[i].changes);
	}
	/* Without kernel hashes there is no other initrd and no other command line. */
	if (kind < SEARCH_KINDS || left > 0 ||
	    (hashes_off(&start) &&
	     start.part[SEARCH_INITRD]->changes + start.part[SEARCH_CMDLINE]->changes > 0) ||
	    is_too_much(space, &start))
		return;
	if (grow(&space->starts, space->n_starts, sizeof(start)))
		space->starts[space->n_starts++] = start;
	else
		space->r = out_of_memory(&space->err);
}

/* Features with one bit beside SNP_ACTIVE are tried where at most one thing that is booted differs; those with
 * two, where at most one other thing does, the vCPU count apart. */
static void add_cpu(struct space *space, const struct snp_vcpus *vcpus, unsigned int feature_bits)
{
	const struct snp_vcpus *stated = &space->search->stated->vcpus;
	const int others = (strcmp(vcpus->profile, stated->profile) != 0) +
			   (vcpus->signature != stated->signature);
	struct cpu cpu = {*vcpus, MAX_CHANGES, feature_bits == 0 && others <= 1};

	if (feature_bits > 0 || others > 0)
		cpu.max_changes = feature_bits < 2 || others == 0 ? 1 : 0;
	for (size_t i = 0; i < space->n_cpus; i++)
		if (memcmp(&space->cpus[i].vcpus, vcpus, sizeof(*vcpus)) == 0)
			return;
	if (grow(&space->cpus, space->n_cpus, sizeof(cpu)))
		space->cpus[space->n_cpus++] = cpu;
	else
		space->r = out_of_memory(&space->err);
}

static void list_signatures(struct space *space)
{
	/* Processors with SEV-SNP, whose signatures -cpu host has: Milan; Genoa; Bergamo and Siena; Turin;
	 * Turin Dense. Each with steppings 0 to 3. */
	static const uint32_t silicon[] = {0xa00f10, 0xa10f10, 0xaa0f00, 0xb00f20, 0xb10f10};
	uint32_t *to = space->signatures;

	*to++ = space->search->stated->vcpus.signature;
	if (space->search->report_signature)
		*to++ = space->search->report_signature;
	for (uint32_t i = 0; i < 4 * ARRAY_SIZE(silicon); i++)
		*to++ = silicon[i / 4] + i % 4;
	for (size_t i = 0; to < space->signatures + MAX_SIGNATURES && snp_cpu_model_at(i, to); i++)
		to++;
	space->n_signatures = (size_t)(to - space->signatures);
}

static void add_profile(struct space *space, const char *profile)
{
	/* The bits of SEV_FEATURES that have a name (APM vol. 2, VMSA; docs/measurement.md). */
	static const unsigned int bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 0};
	const struct snp_vcpus *stated = &space->search->stated->vcpus;
	const uint32_t max = space->search->max_vcpus;
	struct snp_vcpus v = *stated;

	snprintf(v.profile, sizeof(v.profile), "%s", profile);
	v.count = stated->count > max ? stated->count : max;
	for (size_t s = 0; s < space->n_signatures; s++) {
		if (snp_profile_uses_signature(profile))
			v.signature = space->signatures[s];
		v.features = stated->features;
		add_cpu(space, &v, 0);
		for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
			v.features = SNP_ACTIVE | 1ull << bits[i];
			add_cpu(space, &v, 1);
			v.features |= DEBUG_SWAP;
			add_cpu(space, &v, 2);
		}
	}
}

static void fill(struct space *space)
{
	const char *stated = space->search->stated->vcpus.profile, *name;

	for (unsigned int changes = 0; changes <= MAX_CHANGES; changes++)
		add_starts(space, (struct start){.changes = changes}, 0, changes);
	list_signatures(space);
	add_profile(space, stated);
	for (size_t i = 0; (name = snp_profile_at(i)); i++)
		if (strcmp(name, stated) != 0 && snp_profile_check(name, SNP_MODE_SNP, NULL) == 0)
			add_profile(space, name);
}

/* One launch with every vCPU count, each one launch update more than the one before; or with `only` one. */
static int try_counts(struct space *space, struct gctx *gctx, size_t item, uint32_t only,
		      const struct snp_launch *launch, const uint8_t prefix[static SNP_SHA384_SIZE],
		      struct snp_error *err)
{
	const uint32_t stated = space->search->stated->vcpus.count, max = space->search->max_vcpus;
	uint8_t contents[2][SNP_SHA384_SIZE];
	uint64_t tried = 0;
	int r = gctx_vmsa_contents(launch, contents, err);

	memcpy(gctx->ld, prefix, SNP_SHA384_SIZE);
	for (uint32_t n = 1; r == 0 && n <= (only ? only : launch->vcpus.count); n++) {
		r = gctx_vcpu(gctx, n - 1, contents, err);
		if (r < 0 || (only ? n != only : n > max && n != stated))
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

/* A command line that names a vCPU count is tried with every count as long as nothing else of the CPU differs;
 * else with that count alone, which costs enough, and where at most the profile or the signature differs. */
static int try_item(struct space *space, struct gctx *gctx, size_t item, struct snp_error *err)
{
	const struct start *start = &space->starts[item];
	const uint32_t named = start->part[SEARCH_CMDLINE]->vcpu_count;
	struct snp_kernel_hashes hashes;
	struct snp_launch launch = launch_of(space->search, start, &hashes);
	uint8_t prefix[SNP_SHA384_SIZE];
	bool is_possible = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < space->n_cpus && item < atomic_load(&space->found); i++) {
		const struct cpu *cpu = &space->cpus[i];
		const bool same = i > 0 && strcmp(launch.vcpus.profile, cpu->vcpus.profile) == 0;

		if (start->changes > cpu->max_changes || (named && !cpu->is_near))
			continue;
		launch.vcpus = cpu->vcpus;
		if (!same) {
			is_possible = launch_check(&launch, NULL) == 0;
			r = is_possible ? launch_prefix(&launch, prefix, err) : 0;
		}
		if (r == 0 && is_possible)
			r = try_counts(space, gctx, item, i > 0 ? named : 0, &launch, prefix, err);
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

static void describe(const struct space *space, struct search_answer *answer)
{
	const struct snp_vcpus *stated = &space->search->stated->vcpus, *found = &space->match;
	const struct start *start = &space->starts[atomic_load(&space->found)];
	const char *was = cpu_model_of(stated->signature), *is = cpu_model_of(found->signature);

	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		if (start->part[kind]->changes > 0)
			snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE, "%s",
				 start->part[kind]->text);
	if (strcmp(found->profile, stated->profile) != 0)
		snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE, "profile %s instead of %s",
			 found->profile, stated->profile);
	if (found->count != stated->count)
		snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE,
			 "%" PRIu32 " vCPUs instead of %" PRIu32, found->count, stated->count);
	if (found->signature != stated->signature)
		snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE,
			 "CPU signature 0x%08" PRIx32 " (%s) instead of 0x%08" PRIx32 " (%s)",
			 found->signature, is ? is : "no QEMU model", stated->signature,
			 was ? was : "no QEMU model");
	if (found->features != stated->features)
		snprintf(answer->texts[answer->n++], SEARCH_TEXT_SIZE,
			 "guest features 0x%" PRIx64 " instead of 0x%" PRIx64, found->features,
			 stated->features);
}

int search_run(const struct search *search, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
	       struct search_answer *ret, struct snp_error *err)
{
	struct space space = {
		.search = search, .digest = digest, .caller = thrd_current(), .found = SIZE_MAX};

	if (mtx_init(&space.lock, mtx_plain) != thrd_success)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "cannot make a lock");
	fill(&space);
	if (space.r == 0)
		run(&space);
	mtx_destroy(&space.lock);
	if (space.r == 0) {
		*ret = (struct search_answer){.found = space.found != SIZE_MAX,
					      .is_cut = space.is_cut,
					      .tried = space.tried};
		if (ret->found)
			describe(&space, ret);
	} else if (err) {
		*err = space.err;
	}
	free(space.starts);
	free(space.cpus);
	return space.r;
}
