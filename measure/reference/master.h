/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_MASTER_H
#define REFERENCE_MASTER_H

#include <snp/cleanup.h>
#include <snp/reference.h>

#define SNP_MASTER_SCHEMA "snp-reference-values/1"

struct snp_json_out;

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

/* The master as a JSON tree, for those that embed it; the caller prints it and calls
 * snp_json_out_done(). */
void snp_master_build(const struct snp_reference *reference, struct snp_json_out *out);

#endif
