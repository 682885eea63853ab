// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"

#include <openssl/evp.h>
#include <stdlib.h>

void sha384(const uint8_t *bytes, size_t size, uint8_t ret[static 48])
{
	if (EVP_Digest(bytes, size, ret, NULL, EVP_sha384(), NULL) != 1)
		abort();
}

char *to_hex(const uint8_t *bytes, size_t size, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * size] = '\0';
	return ret;
}
