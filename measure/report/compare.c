// SPDX-License-Identifier: Apache-2.0
#include <openssl/crypto.h>

#include "report/checks.h"

bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}

enum snp_outcome check_exactly(struct inquiry *q, bool asked, const uint8_t *found,
			       const uint8_t *wanted, size_t size)
{
	if (!asked)
		return SNP_NOT_ASKED;
	return bytes_equal(found, wanted, size) ? SNP_PASSED : FAIL("another than expected");
}

enum snp_outcome check_one_of(struct inquiry *q, const uint8_t *found, const uint8_t *list,
			      size_t n, size_t size)
{
	if (n == 0)
		return SNP_NOT_ASKED;
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(found, list + i * size, size))
			return SNP_PASSED;
	return FAIL("none of %zu that are expected", n);
}
