// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/ui.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <snp/fail.h>
#include <snp/key.h>
#include <snp/key_guard.h>

/* Room for two keys being read (secret_read() takes 32 KiB at a time) and for the private numbers of
 * both; small enough for the 8 MiB of RLIMIT_MEMLOCK that most have. Where it cannot be locked, libcrypto
 * still keeps it out of dumps. */
#define LOCKED_HEAP  (256u << 10)
#define LOCKED_LEAST 32u

static int refuse(UI *ui)
{
	(void)ui;
	return 0;
}

/* A provider that was refused a PIN may ask by itself, on whatever terminal it finds. */
static bool forbid_prompts(void)
{
	static UI_METHOD *silent; /* lives as long as the process */

	if (!silent) {
		silent = UI_create_method("no prompts");
		if (!silent || UI_method_set_opener(silent, refuse) < 0)
			return false;
		UI_set_default_method(silent);
	}
	return true;
}

int key_guard_process(struct snp_error *err)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) < 0)
		return fail_errno(err, SNP_E_SYSTEM, errno, "cannot turn off core dumps");
	if (!forbid_prompts())
		return out_of_memory(err);
	if (!CRYPTO_secure_malloc_initialized())
		CRYPTO_secure_malloc_init(LOCKED_HEAP, LOCKED_LEAST);
	return 0;
}

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

/* Not realloc(), which would leave the old bytes in place. */
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
