/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_POLICY_H
#define SNP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>

SNP_API_BEGIN

/*
 * The guest policy: the 64-bit word POLICY of SNP_LAUNCH_START, the ID block and the attestation
 * report (SEV-SNP firmware ABI 56860, "Guest Policy").
 */
#define SNP_POLICY_ABI_MINOR		  UINT64_C(0x00000000000000ff)
#define SNP_POLICY_ABI_MAJOR		  UINT64_C(0x000000000000ff00)
#define SNP_POLICY_SMT			  (UINT64_C(1) << 16)
#define SNP_POLICY_RESERVED_MBO		  (UINT64_C(1) << 17) /* reserved, must be one */
#define SNP_POLICY_MIGRATE_MA		  (UINT64_C(1) << 18)
#define SNP_POLICY_DEBUG		  (UINT64_C(1) << 19)
#define SNP_POLICY_SINGLE_SOCKET	  (UINT64_C(1) << 20)
#define SNP_POLICY_CXL_ALLOW		  (UINT64_C(1) << 21)
#define SNP_POLICY_MEM_AES_256_XTS	  (UINT64_C(1) << 22)
#define SNP_POLICY_RAPL_DIS		  (UINT64_C(1) << 23)
#define SNP_POLICY_CIPHERTEXT_HIDING_DRAM (UINT64_C(1) << 24)
#define SNP_POLICY_PAGE_SWAP_DISABLE	  (UINT64_C(1) << 25)
#define SNP_POLICY_RESERVED_MBZ		  (UINT64_MAX << 26)

#define SNP_POLICY_DEFAULT (SNP_POLICY_SMT | SNP_POLICY_RESERVED_MBO) /* 0x30000, QEMU's default */

/* What a set bit means when two policies are compared. */
enum snp_policy_kind {
	SNP_POLICY_PERMISSION,	/* set, it allows the host more; a stricter policy clears it */
	SNP_POLICY_REQUIREMENT, /* set, it requires more of the host; a stricter policy sets it */
};

struct snp_policy_bit {
	const char *name; /* the ABI's, lower-cased: "smt", "single_socket" */
	uint64_t mask;
	enum snp_policy_kind kind;
	const char *meaning; /* what a set bit says, without full stop */
};

/* The i-th named single bit, in ascending order and without bit 17; NULL past the last. */
const struct snp_policy_bit *snp_policy_bit(size_t i);

/* Refuse a policy that every secure processor refuses: bit 17 clear, or one of 63:26 set.
 * Errors: SNP_E_BAD_POLICY, naming the bits. */
SNP_MUST_USE int snp_policy_check(uint64_t policy, struct snp_error *err);

/* True if `policy` allows no more than `limit`: no permission that `limit` lacks, every requirement that
 * `limit` has, and at least its ABI version. */
bool snp_policy_at_most(uint64_t policy, uint64_t limit);

/* Write "0x30000 (smt, ABI >= 0.0)" or the like, NUL-terminated, cut to `size`. */
void snp_policy_describe(uint64_t policy, char *ret, size_t size);

SNP_API_END

#endif
