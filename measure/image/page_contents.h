/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_PAGE_CONTENTS_H
#define IMAGE_PAGE_CONTENTS_H

#include <stddef.h>

#include <snp/firmware.h>

/* SHA-384 of many pages, as PAGE_INFO.CONTENTS has it. */

/* Get page `i`: `ret` points to it, and may point to `buffer`. Called by several threads. */
typedef int (*page_read)(const void *arg, size_t i, uint8_t buffer[static SNP_PAGE_SIZE],
			 const uint8_t **ret, struct snp_error *err);

/* Hash `n` pages, by several threads where that pays. Errors: the reader's, SNP_E_CRYPTO,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int pages_hash(page_read read, const void *arg, size_t n,
			    uint8_t (*ret)[SNP_SHA384_SIZE], struct snp_error *err);

/* The pages of an image, hashed when first asked for. `image` is a multiple of 4 KiB, borrowed.
 * Errors: SNP_E_NO_MEMORY. */
struct page_contents;
SNP_MUST_USE int page_contents_new(struct snp_span image, struct page_contents **ret,
				   struct snp_error *err);
void page_contents_free(struct page_contents *contents);

/* One digest a page. Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int page_contents_get(struct page_contents *contents,
				   const uint8_t (**ret)[SNP_SHA384_SIZE], struct snp_error *err);

#endif
