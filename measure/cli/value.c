// SPDX-License-Identifier: Apache-2.0
#include "value.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>

static int decode(const char *text, const char *option, uint8_t *ret, size_t size,
		  struct snp_error *err)
{
	if (strlen(text) == 4 * ((size + 2) / 3))
		return snp_base64_decode(text, option, ret, size, err);
	return snp_hex_decode(text, option, ret, size, err);
}

int cli_value(const char *value, const char *option, uint8_t *ret, size_t size,
	      struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	const char *path = value + 1;
	size_t n;
	int r;

	if (value[0] != '@')
		return decode(value, option, ret, size, err);
	r = snp_file_read(path, SNP_MAX_SMALL, &bytes, &n, err);
	if (r < 0)
		return r;
	if (n == size) {
		memcpy(ret, bytes, size);
		return 0;
	}
	if (n > 0 && bytes[n - 1] == '\n')
		bytes[n - 1] = '\0';
	return snp_in_file(err, decode((const char *)bytes, option, ret, size, err), path);
}
