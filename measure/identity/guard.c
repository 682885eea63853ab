// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ui.h>
#include <stdbool.h>
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
