// SPDX-License-Identifier: Apache-2.0
#include <snp/memory.h>

#include <inttypes.h>
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
char *expand_vcpu_count(const char *text, uint32_t count)
{
	/* No number is longer than the word that it replaces. */
	char *expanded = malloc(strlen(text) + 1), *at = expanded;

	_Static_assert(sizeof(VCPU_COUNT) > sizeof("4294967295"), "room for every number");
	while (at && *text != '\0') {
		const char *found = strstr(text, VCPU_COUNT);
		size_t n = found ? (size_t)(found - text) : strlen(text);

		at = mempcpy(at, text, n);
		text += n;
		if (!found)
			break;
		at += snprintf(at, sizeof("4294967295"), "%" PRIu32, count);
		text += strlen(VCPU_COUNT);
	}
	if (at)
		*at = '\0';
	return expanded;
}

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
