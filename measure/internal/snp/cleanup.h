/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_CLEANUP_H
#define SNP_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The declaration of a local says that it is owned, and ownership leaves a function only through TAKE_PTR()
 * or TAKE_FD(). */
#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p)                          \
	({                                   \
		__auto_type take_ptr_ = (p); \
		(p) = NULL;                  \
		take_ptr_;                   \
	})

#define TAKE_FD(fd)                  \
	({                           \
		int take_fd_ = (fd); \
		(fd) = -1;           \
		take_fd_;            \
	})

/* A destructor for _cleanup_() out of a function that frees what a pointer points to; the function
 * itself accepts NULL. */
#define DEFINE_CLEANUP(type, function)          \
	static inline void function##p(type *p) \
	{                                       \
		if (*p)                         \
			function(*p);           \
	}                                       \
	struct cleanup_needs_semicolon_

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
