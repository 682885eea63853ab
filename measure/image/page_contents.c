// SPDX-License-Identifier: Apache-2.0
#include "image/page_contents.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "image/page_lanes.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>
#include <snp/threads.h>

#define PAGES_THREAD 256 /* for fewer, a thread costs more than it saves */

/* To set up lanes takes as long as 150 pages of a thread, and lanes save half of a page or more. */
#define BATCH	    128 /* pages that lanes hash at once */
#define LANES_AFTER 64	/* pages that were not all one byte */
#define LANES_PAGES 512 /* pages still to come, of whatever contents */

struct page_contents {
	struct snp_span image;
	mtx_t lock;
	bool done;
	uint8_t (*digests)[SNP_SHA384_SIZE];
};

/* Pages for lanes, until there are enough of them. */
struct batch {
	struct lanes *lanes;
	size_t n, flushed;
	const uint8_t *pages[BATCH];
	uint8_t *digests[BATCH];
	uint8_t buffers[BATCH][SNP_PAGE_SIZE];
};

/* The pages of one thread: every `step`-th, since padding comes in long runs. */
struct part {
	page_read read;
	const void *arg;
	size_t n, first, step;
	uint8_t (*digests)[SNP_SHA384_SIZE];
	int status;
	struct snp_error err;
};

struct parts {
	struct part *list;
	size_t n;
	atomic_size_t next;
};

int page_contents_new(struct snp_span image, struct page_contents **ret, struct snp_error *err)
{
	struct page_contents *contents = calloc(1, sizeof(*contents));

	if (!contents)
		return out_of_memory(err);
	contents->image = image;
	mtx_init(&contents->lock, mtx_plain);
	*ret = contents;
	return 0;
}

void page_contents_free(struct page_contents *contents)
{
	if (!contents)
		return;
	mtx_destroy(&contents->lock);
	free(contents->digests);
	free(contents);
}

static int hash_page(struct hash *hash, const uint8_t *page, uint8_t ret[static SNP_SHA384_SIZE],
		     struct snp_error *err)
{
	int r = hash_update(hash, (struct snp_span){page, SNP_PAGE_SIZE}, err);

	return r < 0 ? r : hash_final(hash, ret, err);
}

static struct batch *batch_new(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (batch)
		batch->lanes = lanes_new();
	if (batch && !batch->lanes) {
		free(batch);
		return NULL;
	}
	return batch;
}

static void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	lanes_free(batch->lanes);
	free(batch);
}

DEFINE_CLEANUP(struct batch *, batch_free);

/* One page of each batch, another each time, is hashed by OpenSSL as well. */
static int batch_flush(struct batch *batch, struct hash *hash, struct snp_error *err)
{
	uint8_t expected[SNP_SHA384_SIZE];
	size_t sample;
	int r;

	if (batch->n == 0)
		return 0;
	sample = batch->flushed++ * 37 % batch->n;
	r = hash_page(hash, batch->pages[sample], expected, err);
	if (r < 0)
		return r;
	if (!lanes_sha384(batch->lanes, batch->pages, batch->digests, batch->n) ||
	    memcmp(expected, batch->digests[sample], sizeof(expected)) != 0)
		return fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET,
				 "libipsec-mb computes another SHA-384 than OpenSSL; remove its "
				 "package, or do not let it be found");
	batch->n = 0;
	return 0;
}

/* Most of an image is padding: a page of one byte throughout (0xff, 0) is hashed once. Comparing costs
 * 2 % of hashing; pages of other bytes that are equal are too few to look for (docs/benchmarks.md). */
static int hash_pages(struct part *part, struct hash *hash, struct snp_error *err)
{
	_cleanup_(batch_freep) struct batch *batch = NULL;
	const uint8_t *uniform[256] = {NULL};
	uint8_t buffer[SNP_PAGE_SIZE];
	size_t hashed = 0;
	int r = 0;

	for (size_t i = part->first; i < part->n && r == 0; i += part->step) {
		const uint8_t *page;
		bool is_uniform;

		r = part->read(part->arg, i, batch ? batch->buffers[batch->n] : buffer, &page, err);
		if (r < 0)
			return r;
		is_uniform = memcmp(page, page + 1, SNP_PAGE_SIZE - 1) == 0;
		if (is_uniform && uniform[page[0]]) {
			memcpy(part->digests[i], uniform[page[0]], SNP_SHA384_SIZE);
			continue;
		}
		if (is_uniform || !batch) {
			r = hash_page(hash, page, part->digests[i], err);
			hashed += !is_uniform;
		} else {
			batch->pages[batch->n] = page;
			batch->digests[batch->n++] = part->digests[i];
			r = batch->n < BATCH ? 0 : batch_flush(batch, hash, err);
		}
		if (is_uniform)
			uniform[page[0]] = part->digests[i];
		else if (hashed == LANES_AFTER && !batch &&
			 (part->n - i) / part->step >= LANES_PAGES)
			batch = batch_new();
	}
	return r < 0 || !batch ? r : batch_flush(batch, hash, err);
}

static void hash_part(struct part *part)
{
	_cleanup_(hash_freep) struct hash *hash = NULL;

	part->status = hash_new(SNP_SHA384, &hash, &part->err);
	if (part->status == 0)
		part->status = hash_pages(part, hash, &part->err);
}

static int work(void *arg)
{
	struct parts *parts = arg;
	size_t i;

	while ((i = atomic_fetch_add(&parts->next, 1)) < parts->n)
		hash_part(&parts->list[i]);
	return 0;
}

static size_t count_threads(size_t pages)
{
	size_t n = threads_usable();

	if (n > pages / PAGES_THREAD)
		n = pages / PAGES_THREAD;
	return n > 0 ? n : 1;
}

int pages_hash(page_read read, const void *arg, size_t n, uint8_t (*ret)[SNP_SHA384_SIZE],
	       struct snp_error *err)
{
	const size_t threads = count_threads(n);
	/* Each has room for an error: too much for a small stack. */
	_cleanup_(freep) struct part *list = calloc(threads, sizeof(*list));
	struct parts parts = {.list = list, .n = threads};
	int r = 0;

	if (!list)
		return out_of_memory(err);
	for (size_t i = 0; i < threads; i++)
		list[i] = (struct part){.read = read,
					.arg = arg,
					.n = n,
					.first = i,
					.step = threads,
					.digests = ret};
	threads_run(threads, work, &parts);
	for (size_t i = 0; i < threads && r == 0; i++) {
		r = list[i].status;
		if (r < 0 && err)
			*err = list[i].err;
	}
	return r;
}

static int read_span(const void *arg, size_t i, uint8_t buffer[static SNP_PAGE_SIZE],
		     const uint8_t **ret, struct snp_error *err)
{
	const struct snp_span *image = arg;

	(void)buffer;
	(void)err;
	*ret = image->data + i * SNP_PAGE_SIZE;
	return 0;
}

int page_contents_get(struct page_contents *contents, const uint8_t (**ret)[SNP_SHA384_SIZE],
		      struct snp_error *err)
{
	int r = 0;

	mtx_lock(&contents->lock);
	if (!contents->digests)
		contents->digests =
			calloc(contents->image.size / SNP_PAGE_SIZE, sizeof(*contents->digests));
	if (!contents->digests)
		r = out_of_memory(err);
	else if (!contents->done)
		r = pages_hash(read_span, &contents->image, contents->image.size / SNP_PAGE_SIZE,
			       contents->digests, err);
	if (r == 0) {
		contents->done = true;
		*ret = (const uint8_t(*)[SNP_SHA384_SIZE])contents->digests;
	}
	mtx_unlock(&contents->lock);
	return r;
}
