// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <snp/key.h>

/* Room for two keys being read (secret_read() takes 32 KiB at a time) and for the private numbers of
 * both; small enough for the 8 MiB of RLIMIT_MEMLOCK that most have. Where it cannot be locked, libcrypto
 * still keeps it out of dumps. */
#define LOCKED_HEAP  (256u << 10)
#define LOCKED_LEAST 32u

int snp_key_guard_process(struct snp_error *err)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) < 0)
		return snp_fail_errno(err, SNP_E_SYSTEM, errno, "cannot turn off core dumps");
	if (!CRYPTO_secure_malloc_initialized())
		CRYPTO_secure_malloc_init(LOCKED_HEAP, LOCKED_LEAST);
	return 0;
}
