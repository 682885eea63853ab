/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_MEMORY_H
#define SNP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <snp/span.h>

/* As asprintf(), for free(); NULL where memory ran out. */
char *format_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A command line with every VCPU_COUNT replaced by the number, for free(); NULL where memory ran out. */
#define VCPU_COUNT "{vcpu_count}"
char *expand_vcpu_count(const char *text, uint32_t count);

/* Make room for one more member in an array of `n` members of `size` bytes, which grows by this
 * function alone: `list` is the address of the pointer to it, NULL at first. False where memory ran
 * out; the array is then as it was. */
bool grow(void *list, size_t n, size_t size);

/* The bytes of a text, without its NUL. */
static inline struct snp_span text_span(const char *text)
{
	return (struct snp_span){(const uint8_t *)text, strlen(text)};
}

#endif
