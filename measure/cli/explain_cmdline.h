/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPLAIN_CMDLINE_H
#define CLI_EXPLAIN_CMDLINE_H

#include <snp/error.h>
#include <snp/span.h>

/* Called with each reading of a command line that differs from it: what is hashed, its closing NUL
 * included, and the words for it. A negative return ends the walk and is passed on. */
typedef int (*explain_reading)(void *arg, const char *text, struct snp_span hashed,
			       struct snp_error *err);

/* What people and tools make of a command line: line ends, blanks and quotes more or fewer, the closing
 * NUL, console arguments in another order, nothing at all. Errors: SNP_E_NO_MEMORY, the visitor's. */
SNP_CHECK int explain_cmdline_readings(struct snp_span cmdline, explain_reading visit, void *arg,
				       struct snp_error *err);

#endif
