/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NO_MEMORY_H
#define NO_MEMORY_H

#include "rows.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <snp/error.h>

/*
 * What happens when memory runs out, wherever it does: a call is made again and again, and each time a later
 * allocation of this project's code in it fails. For programs that snp_without_memory() links (CMakeLists.txt).
 * The allocations of libraries are their own.
 */
static bool counting;
static unsigned long allocations, failing_allocation;

static inline bool out_of_memory_now(void)
{
	return counting && ++allocations == failing_allocation;
}

#define WITHOUT_MEMORY(type, name, fail, parameters, arguments)                \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return out_of_memory_now() ? (fail) : __real_##name arguments; \
	}

WITHOUT_MEMORY(void *, malloc, NULL, (size_t size), (size))
WITHOUT_MEMORY(void *, calloc, NULL, (size_t n, size_t size), (n, size))
WITHOUT_MEMORY(void *, realloc, NULL, (void *old, size_t size), (old, size))
WITHOUT_MEMORY(void *, reallocarray, NULL, (void *old, size_t n, size_t size), (old, n, size))
WITHOUT_MEMORY(char *, strdup, NULL, (const char *text), (text))
WITHOUT_MEMORY(char *, strndup, NULL, (const char *text, size_t size), (text, size))
WITHOUT_MEMORY(FILE *, open_memstream, NULL, (char **text, size_t *size), (text, size))
WITHOUT_MEMORY(int, vasprintf, -1, (char **ret, const char *fmt, va_list args), (ret, fmt, args))
WITHOUT_MEMORY(int, __vasprintf_chk, -1, (char **ret, int flag, const char *fmt, va_list args),
	       (ret, flag, fmt, args))

/* `call` counts from no_memory_begin() to no_memory_end(), around what is tested. It must fail and say so, mostly
 * with SNP_E_NO_MEMORY; `needless` allocations, such as for the place that a warning names, it may do without. */
static inline void no_memory_begin(void)
{
	counting = true;
}

static inline int no_memory_end(int r)
{
	counting = false;
	return r;
}

static inline void check_without_memory(int (*call)(const void *arg, struct snp_error *err),
					const void *arg, unsigned long needless)
{
	unsigned long refused = 0, without = 0;

	for (failing_allocation = 1;; failing_allocation++) {
		struct snp_error err = {0};
		int r;

		allocations = 0;
		r = call(arg, &err);
		if (allocations < failing_allocation) {
			if (r < 0)
				fail_msg("%s", err.message);
			assert_true(refused > 0);
			break;
		}
		refused += r == -SNP_E_NO_MEMORY;
		if (r == 0 && ++without > needless)
			fail_msg("allocation %lu failed, and nobody said so", failing_allocation);
		assert_int_equal(err.code, -r);
		assert_int_equal(err.message[0] != '\0', r < 0);
	}
}

#endif
