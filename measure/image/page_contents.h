/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_PAGE_CONTENTS_H
#define IMAGE_PAGE_CONTENTS_H

#include <snp/error.h>
#include <snp/file.h>
#include <snp/span.h>

/* SHA-384 of the pages of an image (PAGE_INFO.CONTENTS), computed once, when first asked for. */
struct page_contents;

/* `image` is a multiple of 4 KiB, borrowed. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int page_contents_new(struct snp_span image, struct page_contents **ret,
				   struct snp_error *err);
void page_contents_free(struct page_contents *contents);

/* One digest a page. Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int page_contents_get(struct page_contents *contents,
				   const uint8_t (**ret)[SNP_SHA384_SIZE], struct snp_error *err);

#endif
