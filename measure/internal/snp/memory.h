/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_MEMORY_H
#define SNP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* As asprintf(), for free(); NULL where memory ran out. */
char *format_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Make room for one more member in an array of `n` members of `size` bytes, which grows by this
 * function alone: `list` is the address of the pointer to it, NULL at first. False where memory ran
 * out; the array is then as it was. */
bool grow(void *list, size_t n, size_t size);

#endif
