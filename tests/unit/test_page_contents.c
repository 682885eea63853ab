// SPDX-License-Identifier: Apache-2.0
/* A page that is hashed once for all its copies is one that is the same to its first and last byte. And what
 * libipsec-mb hashes is what OpenSSL hashes; where the two differ, there is no digest. */
#include "rows.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "image/firmware.h"
#include "image/page_lanes.h"

#include <snp/firmware.h>
#include <snp/sha.h>
#include <snp/span.h>

#define PAGES 600 /* more than one thread's */

/* A page of `fill`, but for one byte, between pages of nothing but `fill`, and some of nothing but that byte. */
static const struct row {
	const char *name;
	uint8_t fill;
	size_t at;
} rows[] = {
	{"the first byte", 0xff, 0},
	{"the second byte", 0xff, 1},
	{"a byte in the middle", 0xff, 2048},
	{"the last byte but one", 0xff, SNP_PAGE_SIZE - 2},
	{"the last byte", 0xff, SNP_PAGE_SIZE - 1},
	{"the first byte of zeros", 0, 0},
	{"the last byte of zeros", 0, SNP_PAGE_SIZE - 1},
};

/* Where there are no threads, one does it all. */
static bool no_threads;

int __real_thrd_create(thrd_t *thread, thrd_start_t start, void *arg);
int __wrap_thrd_create(thrd_t *thread, thrd_start_t start, void *arg);
int __wrap_thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	return no_threads ? thrd_error : __real_thrd_create(thread, start, arg);
}

static void check_pages(const struct row *row)
{
	static uint8_t image[PAGES * SNP_PAGE_SIZE];
	const uint8_t(*digests)[SNP_SHA384_SIZE] = NULL;
	struct page_contents *contents = NULL;
	uint8_t expected[SNP_SHA384_SIZE];

	memset(image, row->fill, sizeof(image));
	for (size_t i = 5; i < PAGES; i += 7)
		image[i * SNP_PAGE_SIZE + row->at] ^= 0x10;
	for (size_t i = 4; i < PAGES; i += 11)
		memset(image + i * SNP_PAGE_SIZE, row->fill ^ 0x10, SNP_PAGE_SIZE);
	assert_int_equal(
		page_contents_new((struct snp_span){image, sizeof(image)}, &contents, NULL), 0);
	assert_int_equal(page_contents_get(contents, &digests, NULL), 0);
	for (size_t i = 0; i < PAGES; i++) {
		assert_int_equal(
			sha384_of((struct snp_span){image + i * SNP_PAGE_SIZE, SNP_PAGE_SIZE},
				  expected, NULL),
			0);
		assert_memory_equal(digests[i], expected, sizeof(expected));
	}
	page_contents_free(contents);
}

static void check_row(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		no_threads = i;
		check_pages(*state);
	}
	no_threads = false;
}

/* A library that computes one byte of each batch wrongly. */
static bool is_wrong;

bool __real_lanes_sha384(struct lanes *lanes, const uint8_t *const pages[], uint8_t *const ret[],
			 size_t n);
bool __wrap_lanes_sha384(struct lanes *lanes, const uint8_t *const pages[], uint8_t *const ret[],
			 size_t n);
bool __wrap_lanes_sha384(struct lanes *lanes, const uint8_t *const pages[], uint8_t *const ret[],
			 size_t n)
{
	const bool done = __real_lanes_sha384(lanes, pages, ret, n);

	for (size_t i = 0; i < n && is_wrong; i++)
		ret[i][i % SNP_SHA384_SIZE] ^= 1;
	return done;
}

/* Whose structures are known: those of Debian 12 and 13. */
static void versions(void **state)
{
	static const unsigned int others[] = {0,       0x10000, 0x10100,   0x10200, 0x102ff,
					      0x10301, 0x10400, 0x10500,   0x1ffff, 0x20001,
					      0x20100, 0x30000, UINT32_MAX};

	(void)state;
	assert_int_equal(lanes_self_test_bit(0x10300), 1u << 21);
	assert_int_equal(lanes_self_test_bit(0x20000), 1u << 20);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(lanes_self_test_bit(others[i]), 0);
}

static void need_library(void)
{
	struct lanes *lanes = lanes_new();

	if (!lanes) {
		print_message("libipsec-mb is not installed in a version that is used, or the "
			      "processor has no AVX2\n");
		skip();
	}
	lanes_free(lanes);
}

#define MANY 3000

static uint8_t *many_pages(void)
{
	uint8_t *pages = malloc(MANY * SNP_PAGE_SIZE);
	uint64_t x = 1;

	assert_non_null(pages);
	for (size_t i = 0; i < MANY * SNP_PAGE_SIZE; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		pages[i] = (uint8_t)(x >> 56);
	}
	return pages;
}

static void lanes_hash_as_openssl(void **state)
{
	static const size_t counts[] = {1,  2,	3,  4,	 5,   7,   8,	9,   15,
					16, 17, 31, 100, 127, 128, 129, 256, 300};
	static uint8_t found[300][SNP_SHA384_SIZE];
	uint8_t expected[SNP_SHA384_SIZE], *pages = many_pages(), *out[300];
	const uint8_t *in[300];
	struct lanes *lanes;

	(void)state;
	need_library();
	lanes = lanes_new();
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		memset(found, 0, sizeof(found));
		for (size_t i = 0; i < counts[c]; i++) {
			in[i] = pages + i * (SNP_PAGE_SIZE + 1) + c;
			out[i] = found[i];
		}
		assert_true(lanes_sha384(lanes, in, out, counts[c]));
		for (size_t i = 0; i < counts[c]; i++) {
			assert_int_equal(
				sha384_of((struct snp_span){in[i], SNP_PAGE_SIZE}, expected, NULL),
				0);
			assert_memory_equal(found[i], expected, sizeof(expected));
		}
	}
	lanes_free(lanes);
	free(pages);
}

/* On one core, which has enough pages for lanes. */
static int hash_many(const uint8_t *pages, const uint8_t (**ret)[SNP_SHA384_SIZE],
		     struct page_contents **ret_contents, struct snp_error *err)
{
	cpu_set_t all, one;
	int r;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(page_contents_new((struct snp_span){pages, MANY * SNP_PAGE_SIZE},
					   ret_contents, NULL),
			 0);
	r = page_contents_get(*ret_contents, ret, err);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	return r;
}

static void many_distinct_pages(void **state)
{
	const uint8_t(*digests)[SNP_SHA384_SIZE] = NULL;
	uint8_t expected[SNP_SHA384_SIZE], *pages = many_pages();
	struct page_contents *contents = NULL;

	(void)state;
	for (size_t i = 100; i < MANY; i += 97)
		memset(pages + i * SNP_PAGE_SIZE, i & 1 ? 0xff : 0, SNP_PAGE_SIZE);
	assert_int_equal(hash_many(pages, &digests, &contents, NULL), 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(
			sha384_of((struct snp_span){pages + i * SNP_PAGE_SIZE, SNP_PAGE_SIZE},
				  expected, NULL),
			0);
		assert_memory_equal(digests[i], expected, sizeof(expected));
	}
	page_contents_free(contents);
	free(pages);
}

static void wrong_digests(void **state)
{
	const uint8_t(*digests)[SNP_SHA384_SIZE] = NULL;
	struct page_contents *contents = NULL;
	struct snp_error err = {0};
	uint8_t *pages;

	(void)state;
	need_library();
	pages = many_pages();
	is_wrong = true;
	assert_int_equal(hash_many(pages, &digests, &contents, &err), -SNP_E_CRYPTO);
	is_wrong = false;
	assert_non_null(strstr(err.message, "libipsec-mb"));
	page_contents_free(contents);
	free(pages);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(versions);
	ADD_ROWS(tests, n, check_row, rows);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(lanes_hash_as_openssl);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(many_distinct_pages);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(wrong_digests);
	return RUN_TESTS("page_contents", tests, n);
}
