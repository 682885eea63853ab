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

/* The size of a struct whose last member is this one. */
#define SIZED_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

#endif
