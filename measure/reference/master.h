/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_MASTER_H
#define REFERENCE_MASTER_H

#include <snp/cleanup.h>
#include <snp/reference.h>

#define SNP_MASTER_SCHEMA "snp-reference-values/1"

struct json_out;

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

/* The master as a JSON tree, for those that embed it; the caller prints it and calls
 * json_out_done(). */
void master_build(const struct snp_reference *reference, struct json_out *out);

#endif
