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

#define MAX_THREADS  64
#define MAX_PROFILES 16
#define MAX_VALUES   64
#define MAX_STARTS   4096
#define MAX_CHANGES  3

/* SEV_FEATURES. */
#define SNP_ACTIVE 0x1ull
#define DEBUG_SWAP 0x20ull

/* One combination of what is booted. */
struct start {
	unsigned int changes;
	size_t part[SEARCH_KINDS]; /* 0: as stated; else 1 + index in the list */
};

struct values {
	uint64_t at[MAX_VALUES];
	size_t n;
};

/* What is tried. The first of each list is the stated one. */
struct space {
	const struct search *search;
	const uint8_t *digest;
	uint32_t last_count;
	struct start *starts;
	size_t n_starts;
	bool is_cut;
	uint8_t (*firmware_digests)[SNP_SHA384_SIZE];
	const char *profiles[MAX_PROFILES];
	size_t n_profiles;
	struct values signatures, features;
	size_t n_usual_features;

	atomic_size_t next, found; /* item: a start with a profile */
	atomic_ullong tried;
	mtx_t lock; /* of what follows */
	struct snp_vcpus match;
	int r;
	struct snp_error err;
};

struct worker {
	struct space *space;
	struct gctx gctx;
	bool shows_progress;
};

static int add_part(struct search *search, enum search_kind kind, const struct search_part *part,
		    const char *text, struct snp_error *err)
{
	size_t n = search->parts[kind].n;
	struct search_part *added;

	if (n == SEARCH_MAX_PARTS)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "more than %d files or command lines to try", SEARCH_MAX_PARTS);
	if (!grow(&search->parts[kind].list, n, sizeof(*added)))
		return out_of_memory(err);
	added = &search->parts[kind].list[n];
	*added = *part;
	snprintf(added->text, sizeof(added->text), "%s", text);
	search->parts[kind].n++;
	return 0;
}

static uint8_t *hash_of(struct snp_kernel_hashes *hashes, size_t kind)
{
	return kind == SEARCH_KERNEL   ? hashes->kernel
	       : kind == SEARCH_INITRD ? hashes->initrd
				       : hashes->cmdline;
}

int search_add(struct search *search, enum search_kind kind, unsigned int changes,
	       const uint8_t sha256[static SNP_SHA256_SIZE], const char *text,
	       struct snp_error *err)
{
	struct snp_kernel_hashes stated = *search->stated->kernel_hashes;
	struct search_part part = {.changes = changes};

	if (memcmp(hash_of(&stated, kind), sha256, SNP_SHA256_SIZE) == 0)
		return 0;
	for (size_t i = 0; i < search->parts[kind].n; i++)
		if (memcmp(search->parts[kind].list[i].sha256, sha256, SNP_SHA256_SIZE) == 0)
			return 0;
	memcpy(part.sha256, sha256, SNP_SHA256_SIZE);
	return add_part(search, kind, &part, text, err);
}

int search_add_firmware(struct search *search, unsigned int changes, struct snp_firmware *firmware,
			const char *text, struct snp_error *err)
{
	const struct search_part part = {.changes = changes, .firmware = firmware};
	int r = add_part(search, SEARCH_FIRMWARE, &part, text, err);

	if (r < 0)
		snp_firmware_free(firmware);
	return r;
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

/* Add a value that is not in the list. */
static void add(struct values *values, uint64_t value)
{
	for (size_t i = 0; i < values->n; i++)
		if (values->at[i] == value)
			return;
	if (values->n < MAX_VALUES)
		values->at[values->n++] = value;
}

static void list_signatures(const struct search *search, struct values *ret)
{
	/* The processors that have SEV-SNP: -cpu host has a signature of theirs. */
	static const struct {
		uint8_t family, model;
	} silicon[] = {
		{0x19, 0x01}, /* Milan */
		{0x19, 0x11}, /* Genoa */
		{0x19, 0xa0}, /* Bergamo, Siena */
		{0x1a, 0x02}, /* Turin */
		{0x1a, 0x11}, /* Turin Dense */
	};
	uint32_t signature;

	add(ret, search->stated->vcpus.signature);
	if (search->report_signature != 0)
		add(ret, search->report_signature);
	for (size_t i = 0; snp_cpu_model_at(i, &signature); i++)
		add(ret, signature);
	for (size_t i = 0; i < 4 * ARRAY_SIZE(silicon); i++)
		if (snp_cpu_signature(silicon[i / 4].family, silicon[i / 4].model, i % 4,
				      &signature, NULL) == 0)
			add(ret, signature);
}

/* Usual ones first: SNP_ACTIVE with at most one bit beside it. */
static size_t list_features(const struct search *search, struct values *ret)
{
	/* The bits of SEV_FEATURES that have a name (APM vol. 2, VMSA; docs/measurement.md). */
	static const unsigned int bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15};
	size_t n_usual;

	add(ret, search->stated->vcpus.features);
	add(ret, SNP_ACTIVE);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		add(ret, SNP_ACTIVE | 1ull << bits[i]);
	n_usual = ret->n;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		add(ret, SNP_ACTIVE | DEBUG_SWAP | 1ull << bits[i]);
	return n_usual;
}

static void list_profiles(struct space *space)
{
	const char *stated = space->search->stated->vcpus.profile, *name;

	space->profiles[space->n_profiles++] = stated;
	for (size_t i = 0; (name = snp_profile_at(i)) && space->n_profiles < MAX_PROFILES; i++)
		if (strcmp(name, stated) != 0 && snp_profile_check(name, SNP_MODE_SNP, NULL) == 0)
			space->profiles[space->n_profiles++] = name;
}

static const struct snp_firmware *firmware_of(const struct search *search, size_t i)
{
	return i > 0 ? search->parts[SEARCH_FIRMWARE].list[i - 1].firmware
		     : search->stated->firmware;
}

static int fill(struct space *space, struct snp_error *err)
{
	const struct search *search = space->search;
	const size_t n_firmwares = search->parts[SEARCH_FIRMWARE].n + 1;
	struct start start = {0};
	int r = 0;

	space->starts = calloc(MAX_STARTS, sizeof(*space->starts));
	space->firmware_digests = calloc(n_firmwares, sizeof(*space->firmware_digests));
	if (!space->starts || !space->firmware_digests)
		return out_of_memory(err);
	for (unsigned int changes = 0; changes <= MAX_CHANGES; changes++)
		add_starts(space, &start, 0, changes);
	list_signatures(search, &space->signatures);
	space->n_usual_features = list_features(search, &space->features);
	list_profiles(space);
	for (size_t i = 0; r == 0 && i < n_firmwares; i++)
		if (i == 0 && search->stated->firmware_digest)
			memcpy(space->firmware_digests[i], search->stated->firmware_digest,
			       SNP_SHA384_SIZE);
		else
			r = snp_launch_firmware_digest(firmware_of(search, i),
						       space->firmware_digests[i], err);
	return r;
}

/* Unusual features are tried where at most one other thing differs, the vCPU count apart. */
static bool is_tried(const struct space *space, const struct start *start, size_t profile,
		     size_t signature, size_t features)
{
	unsigned int others = start->changes + (profile > 0) + (signature > 0);

	if (start->changes > 1)
		return others == start->changes && features == 0;
	return others <= 1 || features < space->n_usual_features;
}

/* One launch with every vCPU count: each is one launch update more than the one before. */
static int try_counts(struct worker *w, size_t item, const struct snp_launch *launch,
		      const uint8_t prefix[static SNP_SHA384_SIZE], struct snp_error *err)
{
	struct space *space = w->space;
	const uint32_t stated = space->search->stated->vcpus.count;
	uint8_t contents[2][SNP_SHA384_SIZE];
	uint64_t tried = 0;
	int r = gctx_vmsa_contents(launch, contents, err);

	memcpy(w->gctx.ld, prefix, SNP_SHA384_SIZE);
	for (uint32_t n = 1; r == 0 && n <= launch->vcpus.count; n++) {
		r = gctx_vcpu(&w->gctx, n - 1, contents, err);
		if (r < 0 || (n > space->search->max_vcpus && n != stated))
			continue;
		tried++;
		if (memcmp(w->gctx.ld, space->digest, SNP_SHA384_SIZE) != 0)
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

/* The launch that an item stands for, but for the CPU; false if nobody would launch it. */
static bool begin(const struct space *space, const struct start *start, size_t profile,
		  struct snp_kernel_hashes *hashes, struct snp_launch *ret)
{
	const struct search *search = space->search;

	*ret = *search->stated;
	ret->firmware = firmware_of(search, start->part[SEARCH_FIRMWARE]);
	ret->firmware_digest = space->firmware_digests[start->part[SEARCH_FIRMWARE]];
	ret->vcpus.count = space->last_count;
	snprintf(ret->vcpus.profile, SNP_PROFILE_NAME_SIZE, "%s", space->profiles[profile]);
	if (ret->kernel_hashes) {
		*hashes = *ret->kernel_hashes;
		for (size_t kind = SEARCH_KERNEL; kind <= SEARCH_CMDLINE; kind++)
			if (start->part[kind] > 0)
				memcpy(hash_of(hashes, kind), part_of(search, start, kind)->sha256,
				       SNP_SHA256_SIZE);
		ret->kernel_hashes = hashes_off(search, start) ? NULL : hashes;
	}
	return snp_launch_check(ret, NULL) == 0;
}

static int try_item(struct worker *w, size_t item, struct snp_error *err)
{
	struct space *space = w->space;
	const struct start *start = &space->starts[item / space->n_profiles];
	const size_t profile = item % space->n_profiles;
	struct snp_kernel_hashes hashes;
	struct snp_launch launch;
	uint8_t prefix[SNP_SHA384_SIZE];
	size_t n_signatures;
	int r;

	if (!is_tried(space, start, profile, 0, 0) ||
	    !begin(space, start, profile, &hashes, &launch))
		return 0;
	n_signatures = snp_profile_uses_signature(launch.vcpus.profile) ? space->signatures.n : 1;
	r = snp_launch_prefix(&launch, prefix, err);
	for (size_t s = 0; s < n_signatures; s++) {
		for (size_t f = 0; r == 0 && f < space->features.n; f++) {
			if (item >= atomic_load(&space->found))
				return 0;
			if (!is_tried(space, start, profile, s, f))
				continue;
			launch.vcpus.signature = (uint32_t)space->signatures.at[s];
			launch.vcpus.features = space->features.at[f];
			r = try_counts(w, item, &launch, prefix, err);
		}
	}
	return r;
}

/* Items come in the order of their changes, so the first that matches is the answer. */
static int work(void *arg)
{
	struct worker *w = arg;
	struct space *space = w->space;
	const size_t n = space->n_starts * space->n_profiles;
	struct snp_error err = {0};
	int r = gctx_start(&w->gctx, &err);

	while (r == 0) {
		size_t item = atomic_fetch_add(&space->next, 1);

		if (item >= n || item > atomic_load(&space->found))
			break;
		r = try_item(w, item, &err);
		if (w->shows_progress && space->search->progress)
			space->search->progress(space->search->progress_arg, item + 1, n);
	}
	gctx_end(&w->gctx);
	if (r < 0) {
		mtx_lock(&space->lock);
		space->r = r;
		space->err = err;
		mtx_unlock(&space->lock);
		atomic_store(&space->next, n);
	}
	return 0;
}

/* One thread for each core. This one works too, alone if no thread can be had. */
static void run(struct space *space)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct worker workers[MAX_THREADS];
	thrd_t threads[MAX_THREADS];
	int n = 1;

	for (; n < cores && n < MAX_THREADS; n++) {
		workers[n] = (struct worker){.space = space};
		if (thrd_create(&threads[n], work, &workers[n]) != thrd_success)
			break;
	}
	workers[0] = (struct worker){.space = space, .shows_progress = true};
	work(&workers[0]);
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
	const char *name = snp_cpu_model_of(signature);

	return name ? name : "no QEMU model";
}

static void describe(const struct space *space, struct search_answer *answer)
{
	const struct snp_vcpus *stated = &space->search->stated->vcpus, *found = &space->match;
	const struct start *start = &space->starts[atomic_load(&space->found) / space->n_profiles];

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
}

int search_run(const struct search *search, const uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE],
	       struct search_answer *ret, struct snp_error *err)
{
	const uint32_t stated = search->stated->vcpus.count;
	_cleanup_(space_done) struct space space = {
		.search = search,
		.digest = digest,
		.last_count = stated > search->max_vcpus ? stated : search->max_vcpus,
		.found = SIZE_MAX,
	};
	int r;

	if (search->stated->mode != SNP_MODE_SNP)
		return fail_with(err, SNP_E_NO_DIGEST, SNP_NO_OFFSET,
				 "only SEV-SNP digests can be explained, of mode snp");
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
