/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERDICT_PAGE_H
#define CLI_VERDICT_PAGE_H

#include <snp/judge.h>

/* A verdict as a page for those who decide by it and those who check them. */
struct verdict_page {
	const struct snp_verdict *verdict;
	const struct snp_evidence *evidence;
	const struct snp_expectations *expected;
	const struct cli_document *documents; /* expected->n_references of them */
};

/* The page, for free(). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int verdict_page_print(const struct verdict_page *page, char **ret, size_t *ret_size,
				    struct snp_error *err);

#endif
