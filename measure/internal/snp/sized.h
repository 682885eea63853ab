/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_SIZED_H
#define SNP_SIZED_H

#include <stddef.h>

#include <snp/api.h>
#include <snp/error.h>

/* Copy a struct that a caller filled, and that begins with `size_t size`, into `ret` of `known` bytes. The
 * caller's may be of an older release, of `first` bytes or more: then the members that it lacks are zero. It
 * may be of a newer one: then the members that are not known here must be zero. `name` is the struct's.
 * Errors: SNP_E_USAGE. */
SNP_MUST_USE int sized_take(const void *given, const char *name, size_t first, void *ret,
			    size_t known, struct snp_error *err);

/* The same for `type`, whose last member was `last` in its first release. No padding may follow it: its bytes
 * would be garbage to a later member. */
#define SIZED_TAKE(given, type, last, ret, err)                                                   \
	({                                                                                        \
		enum {                                                                            \
			first_size_ =                                                             \
				offsetof(struct type, last) + sizeof(((struct type *)NULL)->last) \
		};                                                                                \
		_Static_assert(first_size_ % _Alignof(struct type) == 0, "no padding after it");  \
		sized_take(given, #type, first_size_, ret, sizeof(struct type), err);             \
	})

#endif
