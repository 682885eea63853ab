/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_COVERAGE_H
#define SNP_COVERAGE_H

#include <stddef.h>

#include <snp/api.h>
#include <snp/launch.h>

SNP_API_BEGIN

/* What the digest of `launch` does not cover: the i-th thing, a phrase for people without full stop,
 * or NULL past the last. docs/measurement.md has the reasons. */
const char *snp_launch_not_covered(const struct snp_launch *launch, size_t i);

SNP_API_END

#endif
