// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/firmware.h>
#include <snp/hex.h>
#include <snp/plan_document.h>

/* A place in a plan: an update of a run. */
struct cursor {
	const struct plan_document *document;
	size_t run;
	uint64_t offset; /* in the run */
	uint64_t first;	 /* index of the update that it began with */
};

static const struct plan_run *run_at(const struct cursor *c)
{
	return c->run < c->document->n_runs ? &c->document->runs[c->run] : NULL;
}

static void advance(struct cursor *c, uint64_t updates)
{
	c->offset += updates;
	if (c->offset == run_at(c)->count) {
		c->run++;
		c->offset = 0;
	}
}

static uint64_t gpa_at(const struct cursor *c)
{
	const struct plan_run *run = run_at(c);

	return run->type == SNP_PAGE_VMSA ? run->gpa : run->gpa + c->offset * SNP_PAGE_SIZE;
}

__attribute__((format(printf, 2, 3))) static void say(char ret[static 160], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ret, 160, fmt, args);
	va_end(args);
}

static void describe(const struct cursor *c, char ret[static 160])
{
	const struct plan_run *run = run_at(c);
	char contents[2 * SNP_SHA384_SIZE + 1] = "contents not said";

	if (!run) {
		say(ret, "nothing: its plan ends before");
		return;
	}
	if (run->has_contents)
		hex_encode(run->contents, SNP_SHA384_SIZE, contents);
	say(ret, "%s 0x%" PRIx64 " %.32s, %s", snp_page_type_name(run->type), gpa_at(c),
	    run->origin, contents);
}

/* Name the input whose hash differs, if both sides have it. */
static bool differing_input(const struct plan_document *a, const struct plan_document *b,
			    struct plan_difference *ret)
{
	const struct {
		const char *what;
		bool has_a, has_b;
		const uint8_t *hash_a, *hash_b;
	} inputs[] = {
		{"kernel", a->has_kernel, b->has_kernel, a->kernel, b->kernel},
		{"initrd", a->has_initrd, b->has_initrd, a->initrd, b->initrd},
		{"cmdline", a->has_cmdline, b->has_cmdline, a->cmdline, b->cmdline},
	};
	char first[2 * SNP_SHA256_SIZE + 1] = "none", second[2 * SNP_SHA256_SIZE + 1] = "none";
	size_t n;

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		if (inputs[i].has_a == inputs[i].has_b &&
		    (!inputs[i].has_a ||
		     memcmp(inputs[i].hash_a, inputs[i].hash_b, SNP_SHA256_SIZE) == 0))
			continue;
		n = strlen(ret->what);
		snprintf(ret->what + n, sizeof(ret->what) - n, "%s %s", ret->second[0] ? "," : ":",
			 inputs[i].what);
		if (ret->second[0] != '\0')
			continue;
		if (inputs[i].has_a)
			hex_encode(inputs[i].hash_a, SNP_SHA256_SIZE, first);
		if (inputs[i].has_b)
			hex_encode(inputs[i].hash_b, SNP_SHA256_SIZE, second);
		say(ret->first, "%s %s", inputs[i].what, first);
		say(ret->second, "%s %s", inputs[i].what, second);
	}
	return ret->second[0] != '\0';
}

static bool differing_parameter(const struct plan_document *a, const struct plan_document *b,
				struct plan_difference *ret)
{
	if (a->vcpus.profile[0] && b->vcpus.profile[0] &&
	    strcmp(a->vcpus.profile, b->vcpus.profile) != 0) {
		say(ret->first, "VMM profile %s", a->vcpus.profile);
		say(ret->second, "VMM profile %s", b->vcpus.profile);
	} else if (a->vcpus.signature && b->vcpus.signature &&
		   a->vcpus.signature != b->vcpus.signature) {
		say(ret->first, "CPU signature 0x%08" PRIx32, a->vcpus.signature);
		say(ret->second, "CPU signature 0x%08" PRIx32, b->vcpus.signature);
	} else if (a->vcpus.features && b->vcpus.features &&
		   a->vcpus.features != b->vcpus.features) {
		say(ret->first, "guest features 0x%" PRIx64, a->vcpus.features);
		say(ret->second, "guest features 0x%" PRIx64, b->vcpus.features);
	} else {
		return false;
	}
	return true;
}

/* Say what is at the place where the plans begin to differ, and why, if that is known. True if it is. */
static bool explain(const struct cursor *a, const struct cursor *b, struct plan_difference *ret)
{
	const struct plan_run *x = run_at(a), *y = run_at(b);
	const char *origin = x ? x->origin : y->origin;
	bool told = false;

	snprintf(ret->what, sizeof(ret->what), "%s", origin);
	ret->first[0] = ret->second[0] = '\0';
	if (x && y && x->type == y->type && strcmp(origin, "SEV hash table") == 0)
		told = differing_input(a->document, b->document, ret);
	else if (x && y && x->type == SNP_PAGE_VMSA && y->type == SNP_PAGE_VMSA)
		told = differing_parameter(a->document, b->document, ret);
	else if (!x || !y)
		snprintf(ret->what, sizeof(ret->what), "number of updates, from %s on", origin);
	if (!told) {
		describe(a, ret->first);
		describe(b, ret->second);
	}
	return told;
}

/* If updates are known only by the digest after them, that digest is all that can be shown. */
static void show_digests(const struct plan_run *x, const struct plan_run *y,
			 struct plan_difference *ret)
{
	char digest[2 * SNP_SHA384_SIZE + 1];

	hex_encode(x->digest, SNP_SHA384_SIZE, digest);
	say(ret->first, "digest after them %s", digest);
	hex_encode(y->digest, SNP_SHA384_SIZE, digest);
	say(ret->second, "digest after them %s", digest);
}

static bool tell(struct cursor *a, struct cursor *b, uint64_t index, uint64_t count,
		 struct plan_difference *ret)
{
	ret->index = index;
	ret->count = count;
	return explain(a, b, ret);
}

/* Past the firmware's pages, which the other plan has not, but for the digest after them. False if no
 * pages of `c` end in it. */
static bool skip_firmware(struct cursor *c, const uint8_t digest[static SNP_SHA384_SIZE])
{
	const struct plan_document *document = c->document;

	if (document->after_firmware)
		return memcmp(document->firmware_digest, digest, SNP_SHA384_SIZE) == 0;
	for (; c->run < document->n_runs; c->run++) {
		const struct plan_run *run = &document->runs[c->run];

		c->first = run->index + run->count;
		if (run->has_digest && memcmp(run->digest, digest, SNP_SHA384_SIZE) == 0) {
			c->run++;
			return true;
		}
	}
	return false;
}

static void say_firmware(const struct plan_document *document, char ret[static 160])
{
	char digest[2 * SNP_SHA384_SIZE + 1];

	if (!document->after_firmware) {
		say(ret, "firmware pages that end in no such digest");
		return;
	}
	hex_encode(document->firmware_digest, SNP_SHA384_SIZE, digest);
	say(ret, "firmware with digest %s", digest);
}

/* Let both begin where the shorter one begins. False if that is not the same place. */
static bool align(struct cursor *a, struct cursor *b, struct plan_difference *ret)
{
	if ((!b->document->after_firmware || skip_firmware(a, b->document->firmware_digest)) &&
	    (!a->document->after_firmware || skip_firmware(b, a->document->firmware_digest)))
		return true;
	*ret = (struct plan_difference){.count = 1, .what = "firmware"};
	say_firmware(a->document, ret->first);
	say_firmware(b->document, ret->second);
	return false;
}

bool plan_compare(const struct plan_document *first, const struct plan_document *second,
		  struct plan_difference *ret)
{
	struct cursor a = {.document = first,
			   .first = first->n_runs > 0 ? first->runs[0].index : 0};
	struct cursor b = {.document = second,
			   .first = second->n_runs > 0 ? second->runs[0].index : 0};
	struct cursor a_since, b_since;
	uint64_t index, since;

	if (!align(&a, &b, ret))
		return true;
	/* The bytes of a launch may be the same in two modes; what protects the guest is not. */
	if (first->mode[0] && second->mode[0] && strcmp(first->mode, second->mode) != 0) {
		*ret = (struct plan_difference){.count = 1, .what = "mode"};
		say(ret->first, "mode %s", first->mode);
		say(ret->second, "mode %s", second->mode);
		return true;
	}
	index = since = a.first;
	a_since = a;
	b_since = b;
	while (run_at(&a) || run_at(&b)) {
		const struct plan_run *x = run_at(&a), *y = run_at(&b);
		uint64_t step;

		if (!x || !y || x->type != y->type || gpa_at(&a) != gpa_at(&b) ||
		    (x->has_contents && y->has_contents &&
		     memcmp(x->contents, y->contents, SNP_SHA384_SIZE) != 0)) {
			tell(&a, &b, index, 1, ret);
			return true;
		}
		step = x->count - a.offset < y->count - b.offset ? x->count - a.offset
								 : y->count - b.offset;
		advance(&a, step);
		advance(&b, step);
		index += step;
		/* Where both runs end, the digests so far tell about pages that were not compared. */
		if (a.offset != 0 || b.offset != 0 || !x->has_digest || !y->has_digest)
			continue;
		if (memcmp(x->digest, y->digest, SNP_SHA384_SIZE) != 0) {
			if (!tell(&a_since, &b_since, since, index - since, ret) &&
			    (ret->count > 1 || strcmp(ret->first, ret->second) == 0))
				show_digests(x, y, ret);
			return true;
		}
		since = index;
		a_since = a;
		b_since = b;
	}
	return false;
}

/* A run at its place: VMSAs, all of which have one address, behind each other. */
struct place {
	uint64_t first, end; /* in pages */
	const struct plan_run *run;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->first < y->first   ? -1
	       : x->first > y->first ? 1
	       : x->run < y->run     ? -1
				     : x->run > y->run;
}

static struct place *list_places(const struct plan_document *plan)
{
	struct place *places = calloc(plan->n_runs + 1, sizeof(*places));
	uint64_t vcpus = 0;

	for (size_t i = 0; places && i < plan->n_runs; i++) {
		const struct plan_run *run = &plan->runs[i];

		places[i] = (struct place){.first = run->gpa / SNP_PAGE_SIZE, .run = run};
		if (run->type == SNP_PAGE_VMSA && run->gpa == SNP_VMSA_GPA) {
			places[i].first += vcpus;
			vcpus += run->count;
		}
		places[i].end = places[i].first + run->count;
	}
	return places;
}

/* What of `sorted` lies at `place`. `*ret_run` is the first there, if there is one. */
static enum plan_mark look(const struct place *place, const struct place *sorted, size_t n,
			   const struct plan_run **ret_run)
{
	enum plan_mark mark = PLAN_SAME;
	uint64_t at = place->first;
	size_t low = 0, high = n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (sorted[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_run = low < n && sorted[low].first < place->end ? sorted[low].run : NULL;
	if (!*ret_run)
		return PLAN_ABSENT;
	for (; at < place->end && low < n && mark != PLAN_DIFFERS; at = sorted[low++].end) {
		const struct plan_run *x = place->run, *y = sorted[low].run;

		if (sorted[low].first > at || x->type != y->type ||
		    (x->has_contents && y->has_contents &&
		     memcmp(x->contents, y->contents, sizeof(x->contents)) != 0))
			mark = PLAN_DIFFERS;
		else if (!x->has_contents || !y->has_contents)
			mark = PLAN_UNKNOWN;
	}
	return at < place->end ? PLAN_DIFFERS : mark;
}

/* What the first difference tells of contents that are not known: runs before it are equal, and of those that it is
 * among some differ. */
static enum plan_mark correct(enum plan_mark mark, const struct plan_run *run,
			      const struct plan_run *other, const struct plan_difference *d)
{
	const bool same_time = other && other->index < run->index + run->count &&
			       run->index < other->index + other->count;

	if (mark != PLAN_UNKNOWN || !same_time || run->index >= d->index + d->count)
		return mark;
	return run->index + run->count <= d->index ? PLAN_SAME : PLAN_DIFFERS;
}

int plan_mark(const struct plan_document *a, const struct plan_document *b, uint8_t **ret,
	      struct snp_error *err)
{
	_cleanup_(freep) struct place *own = list_places(a), *sorted = list_places(b);
	uint8_t *marks = calloc(a->n_runs + 1, sizeof(*marks));
	const struct plan_run *other, *latest = NULL;
	struct plan_difference difference;
	const bool differ = plan_compare(a, b, &difference);

	if (!own || !sorted || !marks) {
		free(marks);
		return out_of_memory(err);
	}
	qsort(sorted, b->n_runs, sizeof(*sorted), compare_places);
	for (size_t i = 0; i < a->n_runs && differ; i++) {
		enum plan_mark mark = look(&own[i], sorted, b->n_runs, &other);

		mark = correct(mark, own[i].run, other, &difference);
		if (other && latest && other < latest && mark == PLAN_SAME)
			mark = PLAN_MOVED;
		if (other && (!latest || other > latest))
			latest = other;
		marks[i] = (uint8_t)mark;
	}
	*ret = marks;
	return 0;
}
