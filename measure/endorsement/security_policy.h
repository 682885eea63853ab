/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDORSEMENT_SECURITY_POLICY_H
#define ENDORSEMENT_SECURITY_POLICY_H

#include <snp/file.h>
#include <snp/json.h>

/*
 * The security policy of an Azure container group: text in Rego that the utility VM runs, and whose SHA-256 is the
 * guest's HOST_DATA. It names the customer's containers.
 */
struct security_policy {
	uint8_t *text; /* `size` bytes and a NUL */
	size_t size;
	uint8_t sha256[SNP_SHA256_SIZE]; /* HOST_DATA */
};

/* Take a policy out of a file's bytes: the text, or base64 of it in one line. Refused: what is not UTF-8, has a NUL,
 * or does not begin as a Rego module does, with its package.
 * Errors: SNP_E_SECURITY_POLICY, SNP_E_BAD_BASE64, SNP_E_NO_MEMORY. */
SNP_MUST_USE int security_policy_take(struct snp_span bytes, struct security_policy *ret,
				      struct snp_error *err);

/* The same of a file of at most SNP_MAX_CONFIG bytes. Errors: also those of file_read(). */
SNP_MUST_USE int security_policy_read(const char *path, struct security_policy *ret,
				      struct snp_error *err);

void security_policy_done(struct security_policy *policy);

/* The array of a rule `NAME := […]` at the beginning of a line, where it is JSON, as `az confcom` writes it; NULL in
 * `*ret` if the policy has no such rule, or has it more than once. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int security_policy_rule(const struct security_policy *policy, const char *name,
				      struct json **ret, struct snp_error *err);

#endif
