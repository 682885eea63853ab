/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FAIL_H
#define SNP_FAIL_H

#include <snp/error.h>

/* How a function of this tree fails, and how foreign text gets into a message. */

/* Fill `err` (may be NULL) with `code`, byte `offset` (or SNP_NO_OFFSET) and a printf-formatted
 * message. Returns -code, so that callers write `return fail_with(...)`. */
int fail_with(struct snp_error *err, enum snp_code code, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As fail_with(), for a system call that failed with `sys_errno`; its text is appended. */
int fail_errno(struct snp_error *err, enum snp_code code, int sys_errno, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* SNP_E_NO_MEMORY, which has only one message. Returns -SNP_E_NO_MEMORY. */
int out_of_memory(struct snp_error *err);

/* Tells the compiler what every caller knows of these three. */
static inline int known_negative(int status)
{
	if (status >= 0)
		__builtin_unreachable();
	return status;
}
#define out_of_memory(...) known_negative(out_of_memory(__VA_ARGS__))
#define fail_with(...)	   known_negative(fail_with(__VA_ARGS__))
#define fail_errno(...)	   known_negative(fail_errno(__VA_ARGS__))

/* Name the file that a failure is about, unless a deeper layer named one. Returns `status`. */
int in_file(struct snp_error *err, int status, const char *path);

/* Length of the UTF-8 sequence at `s`, or 0 where there is none (Unicode 15, table 3-7): no overlong
 * form, no surrogate, nothing past U+10FFFF. The text must end in NUL, which is a sequence of one. */
unsigned int utf8_length(const unsigned char *s);

/* Copy `text` into `ret`, cut to `size` bytes (at least 1) and NUL-terminated, with control
 * characters, DEL, bidirectional overrides and bytes that are not UTF-8 as \xNN. */
void escape_text(const char *text, char *ret, unsigned int size);

#endif
