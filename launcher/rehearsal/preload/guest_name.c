// SPDX-License-Identifier: Apache-2.0
#include "guest_name.h"

#include <stdbool.h>
#include <string.h>

/* The name out of an argument of `size` bytes. */
static void take_name(const char *arg, size_t size, char *ret, size_t ret_size)
{
	static const char key[] = "guest=";
	size_t at = 0;

	if (size >= sizeof(key) - 1 && memcmp(arg, key, sizeof(key) - 1) == 0) {
		arg += sizeof(key) - 1;
		size -= sizeof(key) - 1;
	}
	for (size_t i = 0; i < size && at + 1 < ret_size; i++) {
		/* One comma ends the name, two are one. */
		if (arg[i] == ',' && (++i == size || arg[i] != ','))
			break;
		ret[at++] = arg[i];
	}
	ret[at] = '\0';
}

void guest_name_find(const char *args, size_t size, char *ret, size_t ret_size)
{
	bool is_next = false;
	size_t at = 0;

	ret[0] = '\0';
	while (at < size) {
		size_t length = strnlen(args + at, size - at);

		if (is_next) {
			take_name(args + at, length, ret, ret_size);
			return;
		}
		is_next = length == 5 && memcmp(args + at, "-name", 5) == 0;
		at += length + 1;
	}
}
