// SPDX-License-Identifier: Apache-2.0
/*
 * How fast many distinct pages are hashed, as ratios to one thread that calls OpenSSL for page after page. All are
 * measured in turn, round by round, on the same pages; each figure is the median of its rounds. On one core, and
 * on all that this process may use.
 */
#include <openssl/evp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/page_contents.h"
#include "image/page_lanes.h"

#include "clock.h"

#define PAGES  32768u /* 128 MiB */
#define ROUNDS 9u

static uint8_t (*pages)[SNP_PAGE_SIZE];
static uint8_t (*expected)[SNP_SHA384_SIZE], (*found)[SNP_SHA384_SIZE];

static double with_openssl(void)
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA2-384", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	double start = now();

	for (size_t i = 0; i < PAGES; i++)
		if (EVP_DigestInit_ex(ctx, md, NULL) != 1 ||
		    EVP_DigestUpdate(ctx, pages[i], SNP_PAGE_SIZE) != 1 ||
		    EVP_DigestFinal_ex(ctx, expected[i], NULL) != 1)
			die("libcrypto");
	start = now() - start;
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return start;
}

static double by_us(void)
{
	struct snp_span image = {(const uint8_t *)pages, (size_t)PAGES * SNP_PAGE_SIZE};
	const uint8_t(*digests)[SNP_SHA384_SIZE] = NULL;
	struct page_contents *contents = NULL;
	double start = now();

	if (page_contents_new(image, &contents, NULL) < 0 ||
	    page_contents_get(contents, &digests, NULL) < 0)
		die("page_contents_get()");
	start = now() - start;
	memcpy(found, digests, sizeof(*found) * PAGES);
	page_contents_free(contents);
	if (memcmp(found, expected, sizeof(*found) * PAGES) != 0)
		die("another digest than OpenSSL's");
	return start;
}

/* On the first `n` cores that this process may use. */
static double on_cores(const cpu_set_t *all, int n)
{
	cpu_set_t some;
	double seconds;

	CPU_ZERO(&some);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&some) < n; i++)
		if (CPU_ISSET(i, all))
			CPU_SET(i, &some);
	if (sched_setaffinity(0, sizeof(some), &some) != 0)
		die("sched_setaffinity()");
	seconds = by_us();
	if (sched_setaffinity(0, sizeof(*all), all) != 0)
		die("sched_setaffinity()");
	return seconds;
}

int main(void)
{
	enum {
		OPENSSL,
		ONE,
		ALL,
		N_PARTS
	};
	double times[N_PARTS][ROUNDS], medians[N_PARTS];
	struct lanes *lanes = lanes_new();
	cpu_set_t all;
	uint64_t x = 1;

	pages = malloc((size_t)PAGES * SNP_PAGE_SIZE);
	expected = calloc(PAGES, sizeof(*expected));
	found = calloc(PAGES, sizeof(*found));
	if (!pages || !expected || !found || sched_getaffinity(0, sizeof(all), &all) != 0)
		die("no memory");
	for (size_t i = 0; i < PAGES; i++)
		for (size_t at = 0; at < SNP_PAGE_SIZE; at += sizeof(x)) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			memcpy(pages[i] + at, &x, sizeof(x));
		}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		times[OPENSSL][i] = with_openssl();
		times[ONE][i] = on_cores(&all, 1);
		times[ALL][i] = on_cores(&all, CPU_COUNT(&all));
	}
	for (size_t i = 0; i < N_PARTS; i++)
		medians[i] = median(times[i], ROUNDS);
	printf("libipsec-mb is %s.\n\n", lanes ? "used" : "not there");
	printf("| %u distinct pages | ms | times as fast |\n|---|---|---|\n", PAGES);
	printf("| OpenSSL, one thread | %.1f | 1.00 |\n", medians[OPENSSL] * 1e3);
	printf("| one core | %.1f | %.2f |\n", medians[ONE] * 1e3, medians[OPENSSL] / medians[ONE]);
	printf("| %d cores | %.1f | %.2f |\n", CPU_COUNT(&all), medians[ALL] * 1e3,
	       medians[OPENSSL] / medians[ALL]);
	lanes_free(lanes);
	free(pages);
	free(expected);
	free(found);
	return 0;
}
