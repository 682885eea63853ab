/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_POLICY_WORDS_H
#define LAUNCHER_POLICY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/json_out.h>
#include <snp/policy.h>

/*
 * `snp-launch policy encode WORD…`: each word is a bit's name ("debug"), NAME=true, NAME=false, or
 * abi_min=MAJOR.MINOR, over the default 0x30000 as in vm.json. Errors: SNP_E_USAGE for an unknown word
 * (listing the known) and one given twice.
 */
SNP_MUST_USE int policy_from_words(size_t n, const char *const words[], uint64_t *ret,
				   struct snp_error *err);

/* "MAJOR.MINOR", each 0 to 255 in decimal without leading zeros, into bits 15:0. False if it is not. */
bool policy_abi_min(const char *text, uint64_t *ret);

/* `snp-launch policy decode`: one line for the ABI version and each bit, with what it says, and one if
 * the secure processor refuses the word; for free(). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int policy_to_text(uint64_t policy, char **ret, struct snp_error *err);

/* The same as members of `parent`: policy, valid, abi_min, and one boolean per bit. */
void policy_to_json(uint64_t policy, struct json_out *out, struct cJSON *parent);

#endif
