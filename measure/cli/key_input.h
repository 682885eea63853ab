/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEY_INPUT_H
#define CLI_KEY_INPUT_H

#include <snp/key.h>
#include <snp/key_guard.h>

/* Load the private key that `source` names, as snp_key_read() does, after guarding the process. The
 * passphrase or PIN, where one is needed, is the first line of `passphrase_file`, or, with that NULL,
 * asked for on the terminal; without a terminal such keys are refused.
 * Errors: those of key_guard_process() and snp_key_read(). */
SNP_MUST_USE int cli_key_read(const char *source, const char *passphrase_file, struct snp_key **ret,
			      struct snp_error *err);

/* The snp_passphrase of the above; `arg` is the name of the passphrase file, or NULL. */
int cli_key_ask(void *arg, const char *what, char *ret, size_t size, struct snp_error *err);

/* Warn, once in a run, if signatures by `key` have other bytes every time. */
void cli_key_warn_random(const struct snp_key *key);

/* Warn if users of cosign cannot verify what `key` signs; `formats` as --format takes them. */
void cli_key_warn_cosign(const struct snp_key *key, const char *formats);

#endif
