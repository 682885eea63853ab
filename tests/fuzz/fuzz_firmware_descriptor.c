// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include "host/firmware_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char image[PATH_MAX] = "x";
	struct snp_error err = {0};
	int r = firmware_descriptor_read("descriptor", (struct snp_span){data, size}, image, &err);

	fuzz_check(r, &err, size);
	/* An absolute path, or none; untouched on failure. */
	if (image[0] != (r < 0 ? 'x' : '/') && (r < 0 || image[0] != '\0'))
		abort();
	return 0;
}
