// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include <snp/key.h>
#include <snp/key_guard.h>

static void *allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void clear_and_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (!p)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* Not realloc(), which would leave the old place as it is. */
static void *move(void *p, size_t size, const char *file, int line)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *moved = malloc(size);

	if (!moved)
		return NULL;
	if (p)
		memcpy(moved, p, old < size ? old : size);
	clear_and_free(p, file, line);
	return moved;
}

bool key_clear_freed(void)
{
	return CRYPTO_set_mem_functions(allocate, move, clear_and_free) == 1;
}
