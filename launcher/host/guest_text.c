// SPDX-License-Identifier: Apache-2.0
#include "host/guest_text.h"

#include <stdbool.h>
#include <string.h>

#include <snp/fail.h>

static size_t expected_length(char first)
{
	unsigned char c = (unsigned char)first;

	return c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
}

size_t guest_text_end(struct guest_text *t, char *ret)
{
	size_t at = 0;

	if (t->n == 1 && t->pending[0] == '\0') {
		memcpy(ret, "\\x00", 4);
		at = 4;
	} else if (t->n == 1 && strchr(t->allowed, t->pending[0])) {
		ret[at++] = t->pending[0];
	} else if (t->n > 0) {
		t->pending[t->n] = '\0';
		escape_text(t->pending, ret, 4 * sizeof(t->pending));
		at = strlen(ret);
	}
	t->n = 0;
	return at;
}

size_t guest_text_add(struct guest_text *t, const char *bytes, size_t size, char *ret)
{
	char shown[4 * sizeof(t->pending)];
	size_t at = 0;

	for (size_t i = 0; i < size; i++) {
		bool continues = ((unsigned char)bytes[i] & 0xc0) == 0x80;
		size_t n = t->n > 0 && !continues ? guest_text_end(t, shown) : 0;

		memcpy(ret + at, shown, n);
		at += n;
		t->pending[t->n++] = bytes[i];
		if (t->n < expected_length(t->pending[0]))
			continue;
		n = guest_text_end(t, shown);
		memcpy(ret + at, shown, n);
		at += n;
	}
	return at;
}
