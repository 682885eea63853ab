/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IGVM_VIEW_H
#define CLI_IGVM_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include <snp/igvm.h>

/* True if the file begins as an IGVM file does. What cannot be read is left to whoever reads it. */
bool igvm_is(const char *path);

/* Print what an IGVM file holds, and what each loader makes of it, as text or, with --json, as one object. With `svg`
 * also draw it into this file. Errors: those of snp_igvm_read(), and of the launch that is drawn; SNP_E_CRYPTO. */
SNP_MUST_USE int igvm_print(const char *path, const char *svg, FILE *out, struct snp_error *err);

#endif
