// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/hex.h>

/* Hex, a number and base64 out of one text; what was read, written again, must be the same value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), again[2 * 48 + 1], *base64;
	uint8_t bytes[48] = {0}, twice[48] = {0};
	struct snp_error err = {0};
	uint64_t number;
	int r;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	r = hex_decode(text, "hex", bytes, sizeof(bytes), &err);
	fuzz_check(r, &err, size);
	if (r == 0) {
		hex_encode(bytes, sizeof(bytes), again);
		if (hex_decode(again, "hex", twice, sizeof(twice), NULL) < 0 ||
		    memcmp(bytes, twice, sizeof(bytes)) != 0)
			abort();
	}
	err = (struct snp_error){0};
	fuzz_check(hex_u64(text, "number", &number, &err), &err, size);
	err = (struct snp_error){0};
	r = base64_decode(text, "base64", bytes, sizeof(bytes), &err);
	fuzz_check(r, &err, size);
	if (r == 0) {
		base64 = base64_encode(bytes, sizeof(bytes));
		if (!base64 || strcmp(base64, text) != 0)
			abort();
		free(base64);
	}
	free(text);
	return 0;
}
