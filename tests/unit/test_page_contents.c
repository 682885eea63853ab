// SPDX-License-Identifier: Apache-2.0
/* A page that is hashed once for all its copies is one that is the same to its first and last byte. */
#include "rows.h"

#include <stdbool.h>
#include <string.h>
#include <threads.h>

#include "image/firmware.h"

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

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("page_contents", tests, n);
}
