// SPDX-License-Identifier: Apache-2.0
#include <snp/sized.h>

#include <string.h>

#include <snp/fail.h>

#define SIZE_MOST 4096 /* more is not a size, but what was on the stack */

int sized_take(const void *given, const char *name, size_t first, void *ret, size_t known,
	       struct snp_error *err)
{
	size_t size;

	memcpy(&size, given, sizeof(size));
	if (size < first || size > SIZE_MOST)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "the size of struct %s is %zu; must be its sizeof", name, size);
	for (size_t i = known; i < size; i++)
		if (((const unsigned char *)given)[i] != 0)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "struct %s has members of a newer libsnpmeasure", name);
	memset(ret, 0, known);
	memcpy(ret, given, size < known ? size : known);
	return 0;
}
