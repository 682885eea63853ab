// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/plan_document.h>

/* Two plans, one after the other with a NUL between, are read and compared; a plan equals itself, and
 * two that differ do so both ways and at one place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t first = nul ? (size_t)(nul - data) : size;
	struct plan_document *a = NULL, *b = NULL;
	struct plan_difference there = {0}, back = {0};
	struct snp_error err = {0};

	fuzz_check(plan_document_parse("a", (struct snp_span){data, first}, &a, &err), &err, size);
	err = (struct snp_error){0};
	if (nul)
		fuzz_check(plan_document_parse("b", (struct snp_span){nul + 1, size - first - 1},
					       &b, &err),
			   &err, size);
	if (a && plan_compare(a, a, &there))
		abort();
	if (a && b &&
	    (plan_compare(a, b, &there) != plan_compare(b, a, &back) ||
	     (a->runs[0].index == b->runs[0].index && there.index != back.index)))
		abort();
	plan_document_free(a);
	plan_document_free(b);
	return 0;
}
