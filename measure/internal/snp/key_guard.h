/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_KEY_GUARD_H
#define SNP_KEY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/key.h>

/* Call this before the first private key is opened: no core dumps, no ptrace by the same user
 * (PR_SET_DUMPABLE), private numbers in libcrypto's locked heap as far as RLIMIT_MEMLOCK allows, and no
 * prompts by libcrypto or a provider: only the caller of snp_key_read() asks.
 * Errors: SNP_E_SYSTEM, SNP_E_NO_MEMORY. */
SNP_MUST_USE int key_guard_process(struct snp_error *err);

/* Call this before any other use of libcrypto: it then clears all memory before freeing it. Otherwise its
 * decoders (OpenSSL 3.0 to 3.5) leave several copies of a key behind. False, and nothing is changed, if
 * libcrypto has already allocated memory. */
bool key_clear_freed(void);

/* Read a passphrase: the first line of a file, without its line end, under the rules for a private key's file
 * (PATH, fd:N or -). Returns its length. Errors: those of snp_key_read() about files; SNP_E_PASSPHRASE if it is
 * empty or longer than `size`. */
SNP_MUST_USE int passphrase_read(const char *source, char *ret, size_t size, struct snp_error *err);

#endif
