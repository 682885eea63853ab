/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPLAIN_CMDLINE_H
#define CLI_EXPLAIN_CMDLINE_H

#include <snp/error.h>
#include <snp/span.h>

#define EXPLAIN_CMDLINE_CHANGES 3

/* Called with a reading of a command line that differs from it: what is hashed, its closing NUL
 * included, how many changes it is away, and the words for it. Any other return than 0 ends the walk and
 * is passed on. */
typedef int (*explain_reading)(void *arg, const char *text, unsigned int changes,
			       struct snp_span hashed, struct snp_error *err);

/* What people and tools make of a command line: line ends, blanks and quotes more or fewer, the closing
 * NUL, console arguments in another order, nothing at all; and what up to three of these make of it, one
 * after the other, those of fewer changes first. One that is reached in several ways may be told more
 * than once. Errors: SNP_E_NO_MEMORY, the visitor's. */
SNP_MUST_USE int explain_cmdline_readings(struct snp_span cmdline, explain_reading visit, void *arg,
					  struct snp_error *err);

#endif
