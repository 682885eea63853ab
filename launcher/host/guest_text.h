/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_GUEST_TEXT_H
#define LAUNCHER_HOST_GUEST_TEXT_H

#include <stddef.h>

/*
 * What a guest prints may steer a terminal or turn its lines around. On a terminal, control characters,
 * bidirectional marks and bytes that are not UTF-8 are shown as \xNN, as in messages. The text comes in
 * pieces, whose ends may cut a character.
 */
struct guest_text {
	char pending[8];
	size_t n;
	const char *allowed; /* control characters that are passed on: "\n\t\r" */
};

/* The longest text that `size` bytes become, with those that were pending. */
#define GUEST_TEXT_MAX(size) (4 * ((size) + 4))

/* Make `size` bytes harmless; `ret` takes GUEST_TEXT_MAX(size). Returns the length. */
size_t guest_text_add(struct guest_text *t, const char *bytes, size_t size, char *ret);

/* The same of what is still pending, at the text's end. */
size_t guest_text_end(struct guest_text *t, char *ret);

#endif
