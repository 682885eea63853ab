// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <snp/kernel.h>
#include <snp/span.h>

/* The beginning of a kernel, of as many bytes as there are and of more. */
static void parse(const uint8_t *data, size_t size, uint64_t whole)
{
	struct snp_span head = {data, size < SNP_KERNEL_HEADER ? size : SNP_KERNEL_HEADER};
	struct snp_bzimage image = {.size = UINT64_MAX};
	struct snp_error err = {0};
	int r;

	r = snp_bzimage_parse(head, whole, &image, &err);
	fuzz_check(r, &err, size);
	if (r < 0 && image.size != UINT64_MAX)
		abort();
	if (r == 0 && (image.size != whole || image.setup_size > whole || image.setup_size < 1024))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size, size);
	if (size >= SNP_KERNEL_HEADER)
		parse(data, size, (uint64_t)size << 16);
	return 0;
}
