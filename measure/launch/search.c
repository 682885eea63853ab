// SPDX-License-Identifier: Apache-2.0
#include <snp/search.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/gctx.h>
#include <snp/memory.h>
#include <snp/threads.h>

#include "launch/igvm.h"

#define MAX_STARTS  8192
#define MAX_CHANGES 3
#define MAX_EXPECTED \
	2 /* changes of what is booted, with expected vCPUs that are not the stated ones */
#define MAX_UPDATES (1ull << 22) /* of the sections of all prefixes; about 3 s, estimated */
#define SNP_ACTIVE  0x1ull	 /* bits of SEV_FEATURES */
#define DEBUG_SWAP  0x20ull

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
	struct cpu *cpus; /* the stated one first, those of one profile together */
	size_t n_cpus;

	thrd_t caller;		   /* the thread that shows progress */
	atomic_size_t next, found; /* index of a start */
	atomic_ullong tried;
	mtx_t lock; /* of what follows */
	struct search_answer answer;
	int r;
	struct snp_error err;
};

/* The launch that a start stands for, but for the CPU. */
static struct snp_launch launch_of(const struct search *search, const struct start *start,
				   struct snp_kernel_hashes *hashes)
{
	const struct search_part *firmware = start->part[SEARCH_FIRMWARE];
	struct snp_launch launch = *search->stated;

	launch.flags |= SNP_LAUNCH_WITHOUT_ID_BLOCK;
	if (firmware->firmware)
		launch.firmware = firmware->firmware;
	launch.firmware_digest = firmware->hash;
	memcpy(hashes->kernel, start->part[SEARCH_KERNEL]->hash, SNP_SHA256_SIZE);
	memcpy(hashes->initrd, start->part[SEARCH_INITRD]->hash, SNP_SHA256_SIZE);
	memcpy(hashes->cmdline, start->part[SEARCH_CMDLINE]->hash, SNP_SHA256_SIZE);
	launch.kernel_hashes = start->part[SEARCH_KERNEL]->is_off ? NULL : hashes;
	return launch;
}

/* Sections are launched page by page for each start, and where it has at most one change with each of some
 * five profiles. A hostile image leaves no time for all starts. */
static bool is_too_much(struct space *space, const struct start *start)
{
	const struct snp_firmware *own = start->part[SEARCH_FIRMWARE]->firmware,
				  *firmware = own ? own : space->search->stated->firmware;
	const struct snp_firmware_info *info = firmware ? snp_firmware_info(firmware) : NULL;

	space->answer.is_cut = space->n_starts == MAX_STARTS || space->updates > MAX_UPDATES;
	for (size_t i = 0; info && i < info->n_sections; i++)
		space->updates +=
			info->sections[i].size / SNP_PAGE_SIZE * (start->changes > 1 ? 1 : 5);
	return space->answer.is_cut;
}

/* Add all ways to make `left` more changes, from this kind of part on. */
static void add_starts(struct space *space, struct start start, size_t kind, unsigned int left)
{
	const struct search_parts *parts = &space->search->parts[kind];

	for (size_t i = 0; kind < SEARCH_KINDS && i < parts->n && !space->answer.is_cut; i++) {
		start.part[kind] = &parts->list[i];
		if (parts->list[i].changes <= left)
			add_starts(space, start, kind + 1, left - parts->list[i].changes);
	}
	/* Without kernel hashes there is no other initrd and no other command line. */
	if (kind < SEARCH_KINDS || left > 0 ||
	    (start.part[SEARCH_KERNEL]->is_off &&
	     start.part[SEARCH_INITRD]->changes + start.part[SEARCH_CMDLINE]->changes > 0) ||
	    is_too_much(space, &start))
		return;
	if (grow(&space->starts, space->n_starts, sizeof(start)))
		space->starts[space->n_starts++] = start;
	else
		space->r = out_of_memory(&space->err);
}

/* True if only the counts and the name of the model may differ. */
static bool same_cpu(const struct snp_vcpus *a, const struct snp_vcpus *b)
{
	return strcmp(a->profile, b->profile) == 0 && a->signature == b->signature &&
	       a->features == b->features;
}

/* Unless it is there. */
static void append_cpu(struct space *space, struct cpu cpu)
{
	for (size_t i = 0; i < space->n_cpus; i++)
		if (memcmp(&space->cpus[i].vcpus, &cpu.vcpus, sizeof(cpu.vcpus)) == 0)
			return;
	if (grow(&space->cpus, space->n_cpus, sizeof(cpu)))
		space->cpus[space->n_cpus++] = cpu;
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
	append_cpu(space, cpu);
}

/* A profile and CPU signature, with the likely features. */
static void add_signature(struct space *space, const char *profile, uint32_t signature)
{
	/* The bits of SEV_FEATURES that have a name (APM vol. 2, VMSA; docs/measurement.md). */
	static const unsigned int bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 0};
	const struct search *search = space->search;
	struct snp_vcpus v = search->stated->vcpus;

	snprintf(v.profile, sizeof(v.profile), "%s", profile);
	if (snp_profile_uses_signature(profile))
		v.signature = signature;
	/* Without a model an IGVM file starts as many vCPUs as it says how. */
	if (v.count < search->max_vcpus && !(search->stated->igvm && signature == 0))
		v.count = search->max_vcpus;
	add_cpu(space, &v, 0);
	/* An IGVM file has its features. */
	for (size_t i = 0; !search->stated->igvm && i < ARRAY_SIZE(bits); i++) {
		v.features = SNP_ACTIVE | 1ull << bits[i];
		add_cpu(space, &v, 1);
		v.features |= DEBUG_SWAP;
		add_cpu(space, &v, 2);
	}
}

static void add_profile(struct space *space, const char *profile)
{
	/* Processors with SEV-SNP, whose signatures -cpu host has: Milan; Genoa; Bergamo and Siena; Turin;
	 * Turin Dense. Each with steppings 0 to 3. */
	static const uint32_t silicon[] = {0xa00f10, 0xa10f10, 0xaa0f00, 0xb00f20, 0xb10f10};
	const struct search *search = space->search;
	uint32_t signature;

	add_signature(space, profile, search->stated->vcpus.signature);
	if (search->report_signature)
		add_signature(space, profile, search->report_signature);
	for (uint32_t i = 0; i < 4 * ARRAY_SIZE(silicon); i++)
		add_signature(space, profile, silicon[i / 4] + i % 4);
	for (size_t i = 0; snp_cpu_model_at(i, &signature); i++)
		add_signature(space, profile, signature);
}

/* What is expected need not be among what is likely. The stated one comes first. */
static void add_expected(struct space *space)
{
	const struct search *search = space->search;

	for (size_t i = 0; i < search->n_expected; i++) {
		const struct snp_vcpus *expected = &search->expected[i];
		struct snp_vcpus v = search->stated->vcpus;

		if (v.count < search->max_vcpus)
			v.count = search->max_vcpus;
		if (i == 0)
			add_cpu(space, &v, 0);
		if (i > 0 && same_cpu(expected, expected - 1))
			continue;
		snprintf(v.profile, sizeof(v.profile), "%s", expected->profile);
		v.signature = expected->signature;
		v.features = expected->features;
		append_cpu(space, (struct cpu){v, MAX_EXPECTED, true});
	}
}

static void fill(struct space *space)
{
	const struct snp_launch *stated = space->search->stated;
	const char *name;

	for (unsigned int changes = 0; changes <= MAX_CHANGES; changes++)
		add_starts(space, (struct start){.changes = changes}, 0, changes);
	add_expected(space);
	add_profile(space, stated->vcpus.profile);
	for (size_t i = 0; (name = snp_profile_at(i)); i++)
		if (snp_profile_check(name, stated->mode, NULL) == 0)
			add_profile(space, name);
}

/* How far the vCPUs are from those that were found: first in how many things, then in their number. */
static uint64_t distance(const struct snp_vcpus *a, const struct snp_vcpus *b)
{
	uint64_t things = (uint64_t)(strcmp(a->profile, b->profile) != 0) +
			  (a->signature != b->signature) + (a->features != b->features) +
			  (a->count != b->count);
	uint32_t more = a->count > b->count ? a->count - b->count : b->count - a->count;

	return things << 32 | more;
}

static const struct snp_vcpus *find_nearest(const struct search *search,
					    const struct snp_vcpus *found, size_t *ret)
{
	const struct snp_vcpus *nearest = &search->stated->vcpus;

	*ret = 0;
	for (size_t i = 0; i < search->n_expected; i++)
		if (i == 0 || distance(&search->expected[i], found) < distance(nearest, found)) {
			nearest = &search->expected[i];
			*ret = i;
		}
	return nearest;
}

static void describe(const struct search *search, const struct start *start,
		     const struct snp_vcpus *found, struct search_answer *ret)
{
	const struct snp_vcpus *stated = find_nearest(search, found, &ret->nearest);

	ret->found = true;
	ret->n = 0;
	for (size_t kind = 0; kind < SEARCH_KINDS; kind++)
		if (start->part[kind]->changes > 0)
			snprintf(ret->texts[ret->n++], SEARCH_TEXT_SIZE, "%s",
				 start->part[kind]->text);
	if (strcmp(found->profile, stated->profile) != 0)
		snprintf(ret->texts[ret->n++], SEARCH_TEXT_SIZE, "profile %s instead of %s",
			 found->profile, stated->profile);
	if (found->count != stated->count)
		snprintf(ret->texts[ret->n++], SEARCH_TEXT_SIZE,
			 "%" PRIu32 " vCPUs instead of %" PRIu32, found->count, stated->count);
	if (found->signature != stated->signature)
		snprintf(ret->texts[ret->n++], SEARCH_TEXT_SIZE,
			 "CPU signature 0x%08" PRIx32 " (%s) instead of 0x%08" PRIx32 " (%s)",
			 found->signature, cpu_model_of(found->signature), stated->signature,
			 cpu_model_of(stated->signature));
	if (found->features != stated->features)
		snprintf(ret->texts[ret->n++], SEARCH_TEXT_SIZE,
			 "guest features 0x%" PRIx64 " instead of 0x%" PRIx64, found->features,
			 stated->features);
}

/* One launch that is tried with several vCPU counts. */
struct trial {
	struct space *space;
	size_t item;
	struct snp_launch launch;
	uint64_t tried;
};

static void compare(struct trial *t, uint32_t n, const uint8_t digest[static SNP_SHA384_SIZE])
{
	struct space *space = t->space;
	struct snp_launch found;

	t->tried++;
	if (memcmp(digest, space->digest, SNP_SHA384_SIZE) != 0)
		return;
	found = t->launch;
	found.vcpus.count = n;
	if (launch_check(&found, NULL) < 0)
		return;
	mtx_lock(&space->lock);
	if (t->item < atomic_load(&space->found)) {
		atomic_store(&space->found, t->item);
		describe(space->search, &space->starts[t->item], &found.vcpus, &space->answer);
	}
	mtx_unlock(&space->lock);
}

/* Every vCPU count, each one launch update more than the one before; or `only` one. */
static int try_counts(struct trial *t, struct gctx *gctx, uint32_t only,
		      const uint8_t prefix[static SNP_SHA384_SIZE], struct snp_error *err)
{
	const struct search *search = t->space->search;
	uint8_t contents[2][SNP_SHA384_SIZE];
	int r = gctx_vmsa_contents(&t->launch, contents, err);

	memcpy(gctx->ld, prefix, SNP_SHA384_SIZE);
	for (uint32_t n = 1; r == 0 && n <= (only ? only : t->launch.vcpus.count); n++) {
		r = gctx_vcpu(gctx, n - 1, contents, err);
		if (r == 0 &&
		    (only ? n == only : n <= search->max_vcpus || n == search->stated->vcpus.count))
			compare(t, n, gctx->ld);
	}
	return r;
}

static int look(void *trial, const struct snp_launch_update *u, struct snp_error *err)
{
	(void)err;
	if (u->origin == SNP_ORIGIN_VCPU)
		compare(trial, u->origin_index + 1, u->digest);
	return 0;
}

/* An IGVM file with every vCPU count. What one profile refuses, another may take. */
static int try_igvm(struct trial *t, struct snp_error *err)
{
	const enum igvm_vmsa vmsa = launch_profile(&t->launch)->igvm->vmsa;
	uint8_t digest[SNP_SHA384_SIZE];
	int r;

	/* Others than QEMU start no vCPU without a context. */
	if (vmsa == IGVM_VMSA_CLOUD_HYPERVISOR || vmsa == IGVM_VMSA_OPENVMM)
		t->launch.vcpus.count = igvm_vcpus_of_file(&t->launch);
	r = snp_launch_igvm_features(&t->launch, &t->launch.vcpus.features, err);
	if (r == 0)
		r = launch_walk(&t->launch, true, look, t, digest, err);
	if (r < 0)
		return snp_code_class((enum snp_code) - r) == SNP_CLASS_REFUSED ? 0 : r;
	if (vmsa == IGVM_VMSA_IN_FILE)
		compare(t, t->space->search->stated->vcpus.count, digest);
	return 0;
}

/* A command line that names a vCPU count is tried with every count as long as nothing else of the CPU differs;
 * else with that count alone, which costs enough, and where at most the profile or the signature differs. */
static int try_item(struct space *space, struct gctx *gctx, size_t item, struct snp_error *err)
{
	const struct start *start = &space->starts[item];
	const uint32_t named = start->part[SEARCH_CMDLINE]->vcpu_count;
	struct snp_kernel_hashes hashes;
	struct trial t = {space, item, launch_of(space->search, start, &hashes), 0};
	uint8_t prefix[SNP_SHA384_SIZE];
	bool is_possible = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < space->n_cpus && item < atomic_load(&space->found); i++) {
		const struct cpu *cpu = &space->cpus[i];
		const bool same = i > 0 && strcmp(t.launch.vcpus.profile, cpu->vcpus.profile) == 0;

		if (start->changes > cpu->max_changes || (named && !cpu->is_near))
			continue;
		t.launch.vcpus = cpu->vcpus;
		if (t.launch.igvm) {
			r = try_igvm(&t, err);
			continue;
		}
		if (!same) {
			is_possible = launch_check(&t.launch, NULL) == 0;
			r = is_possible ? launch_prefix(&t.launch, prefix, err) : 0;
		}
		if (r == 0 && is_possible)
			r = try_counts(&t, gctx, i > 0 ? named : 0, prefix, err);
	}
	atomic_fetch_add(&space->tried, t.tried);
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

int search_run(const struct search *search, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
	       struct search_answer *ret, struct snp_error *err)
{
	struct space space = {
		.search = search, .digest = digest, .caller = thrd_current(), .found = SIZE_MAX};

	if (mtx_init(&space.lock, mtx_plain) != thrd_success)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "cannot make a lock");
	fill(&space);
	if (space.r == 0)
		threads_run(threads_usable(), work, &space);
	mtx_destroy(&space.lock);
	if (space.r == 0) {
		*ret = space.answer;
		ret->tried = space.tried;
	} else if (err) {
		*err = space.err;
	}
	free(space.starts);
	free(space.cpus);
	return space.r;
}
