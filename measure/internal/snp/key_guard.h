/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_KEY_GUARD_H
#define SNP_KEY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/key.h>

/* For programs, before the first private key is opened: no core dumps, no ptrace by the same user
 * (PR_SET_DUMPABLE), private numbers in libcrypto's locked heap as far as RLIMIT_MEMLOCK goes, and no
 * prompts by libcrypto or a provider: the only one to ask is the caller of snp_key_read().
 * Errors: SNP_E_SYSTEM, SNP_E_NO_MEMORY. */
SNP_MUST_USE int key_guard_process(struct snp_error *err);

/* For programs that open private keys, before anything else is asked of libcrypto: what it frees is
 * cleared first. Its decoders (OpenSSL 3.0 to 3.5) leave several copies of a key behind otherwise. False
 * if libcrypto has allocated memory already, and nothing is changed. */
bool key_clear_freed(void);

/* Read the first line of a file that holds a passphrase, under the rules for a private key's file (PATH,
 * fd:N or -), without its line end. Returns its length. Errors: those of snp_key_read() about files;
 * SNP_E_PASSPHRASE if it is empty or longer than `size`. */
SNP_MUST_USE int passphrase_read(const char *source, char *ret, size_t size, struct snp_error *err);

#endif
