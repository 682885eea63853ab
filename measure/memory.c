// SPDX-License-Identifier: Apache-2.0
#include <snp/memory.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *format_text(const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	return n < 0 ? NULL : text;
}

#define FIRST_ROOM 16

/* There is room for 16 members, or for the next power of two: no count of it is kept. */
bool grow(void *list, size_t n, size_t size)
{
	void *old, *grown;

	if (n != 0 && (n < FIRST_ROOM || (n & (n - 1)) != 0))
		return true;
	memcpy(&old, list, sizeof(old)); /* a pointer to any type */
	grown = reallocarray(old, n ? 2 * n : FIRST_ROOM, size);
	if (!grown)
		return false;
	memcpy(list, &grown, sizeof(grown));
	return true;
}
