/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <snp/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The contract of every parser: failed if and only if explained, by its own code, and where it points
 * into the input, inside it. */
static inline void fuzz_check(int status, const struct snp_error *err, size_t size)
{
	if (status == 0) {
		if (err->code != SNP_OK || err->message[0] != '\0')
			abort();
		return;
	}
	if (status > 0 || status != -(int)err->code || err->message[0] == '\0')
		abort();
	if (err->offset != SNP_NO_OFFSET && err->offset > size)
		abort();
}

#endif
