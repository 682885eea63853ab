/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_UKI_VIEW_H
#define CLI_UKI_VIEW_H

#include <stdio.h>

#include <snp/uki.h>

/* Print what a UKI or another PE image holds, as text or, with --json, as one object, and warn of what is odd.
 * Texts of the image are escaped. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int uki_print(const struct uki *uki, const char *path, FILE *out,
			   struct snp_error *err);

#endif
