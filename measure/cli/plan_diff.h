/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_DIFF_H
#define CLI_PLAN_DIFF_H

#include <stdio.h>

#include <snp/error.h>

/* Compare the plans in two files and print where they part. Returns 0 where they do not, CLI_NO where
 * they do. Errors: those of plan_document_read(). */
SNP_MUST_USE int cli_plan_diff(const char *first, const char *second, FILE *out,
			       struct snp_error *err);

#endif
