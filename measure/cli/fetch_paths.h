/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FETCH_PATHS_H
#define CLI_FETCH_PATHS_H

#include <stdio.h>

#include <snp/certificate.h>

enum {
	FETCH_LEAF = 1,
	FETCH_CA = 2,
	FETCH_CRL = 4,
	FETCH_ALL = 7,
};

/* Print where at AMD's key server these are, one path a line or as one object, as far as they are there
 * at all; a warning says why one is not. For a report that does not say its product
 * (SNP_PRODUCT_UNKNOWN), the paths of both that it may be. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int fetch_paths_print(const struct snp_report *report, enum snp_product product,
				   unsigned int which, FILE *out, struct snp_error *err);

#endif
