/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_COVERAGE_H
#define SNP_COVERAGE_H

#include <stddef.h>

#include <snp/api.h>
#include <snp/launch.h>

/* What the digest of `launch` does not cover: the i-th thing, a phrase for people without full stop,
 * or NULL past the last. docs/measurement.md has the reasons. */
const char *launch_not_covered(const struct snp_launch *launch, size_t i);

#endif
