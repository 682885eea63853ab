// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/policy.h>

#include <inttypes.h>
#include <stdio.h>

#include <snp/cleanup.h>

/* SEV-SNP firmware ABI 56860, "Guest Policy". */
static const struct snp_policy_bit bits[] = {
	{"smt", SNP_POLICY_SMT, SNP_POLICY_PERMISSION,
	 "the guest may run where simultaneous multithreading is on"},
	{"migrate_ma", SNP_POLICY_MIGRATE_MA, SNP_POLICY_PERMISSION,
	 "the guest may be bound to a migration agent"},
	{"debug", SNP_POLICY_DEBUG, SNP_POLICY_PERMISSION,
	 "the host may decrypt the guest's memory and registers"},
	{"single_socket", SNP_POLICY_SINGLE_SOCKET, SNP_POLICY_REQUIREMENT,
	 "the guest runs on one socket only"},
	{"cxl_allow", SNP_POLICY_CXL_ALLOW, SNP_POLICY_PERMISSION,
	 "the guest may run where CXL devices or memory are populated"},
	{"mem_aes_256_xts", SNP_POLICY_MEM_AES_256_XTS, SNP_POLICY_REQUIREMENT,
	 "memory is encrypted with AES-256-XTS"},
	{"rapl_dis", SNP_POLICY_RAPL_DIS, SNP_POLICY_REQUIREMENT, "the power meter (RAPL) is off"},
	{"ciphertext_hiding_dram", SNP_POLICY_CIPHERTEXT_HIDING_DRAM, SNP_POLICY_REQUIREMENT,
	 "the host cannot read the guest's ciphertext in DRAM"},
	{"page_swap_disable", SNP_POLICY_PAGE_SWAP_DISABLE, SNP_POLICY_REQUIREMENT,
	 "the host can neither move nor swap the guest's pages"},
};

const struct snp_policy_bit *snp_policy_bit(size_t i)
{
	return i < ARRAY_SIZE(bits) ? &bits[i] : NULL;
}

int snp_policy_check(uint64_t policy, struct snp_error *err)
{
	if (!(policy & SNP_POLICY_RESERVED_MBO))
		return fail_with(err, SNP_E_BAD_POLICY, SNP_NO_OFFSET,
				 "policy 0x%" PRIx64 " has bit 17 clear; it must be set, as in "
				 "0x%" PRIx64,
				 policy, policy | SNP_POLICY_RESERVED_MBO);
	if (policy & SNP_POLICY_RESERVED_MBZ)
		return fail_with(err, SNP_E_BAD_POLICY, SNP_NO_OFFSET,
				 "policy 0x%" PRIx64 " sets reserved bits, which must be clear: "
				 "0x%" PRIx64,
				 policy, policy & SNP_POLICY_RESERVED_MBZ);
	return 0;
}

static uint64_t abi(uint64_t policy)
{
	return policy & (SNP_POLICY_ABI_MAJOR | SNP_POLICY_ABI_MINOR);
}

bool snp_policy_at_most(uint64_t policy, uint64_t limit)
{
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		uint64_t mask = bits[i].mask;
		bool permission = bits[i].kind == SNP_POLICY_PERMISSION;

		if (permission ? policy & ~limit & mask : limit & ~policy & mask)
			return false;
	}
	return abi(policy) >= abi(limit);
}

void snp_policy_describe(uint64_t policy, char *ret, size_t size)
{
	uint64_t unknown = policy & SNP_POLICY_RESERVED_MBZ;
	char names[256] = "", reserved[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (policy & bits[i].mask)
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s, ", bits[i].name);
	if (unknown)
		snprintf(reserved, sizeof(reserved), "unknown bits 0x%" PRIx64 ", ", unknown);
	snprintf(ret, size, "0x%" PRIx64 " (%s%s%sABI >= %" PRIu64 ".%" PRIu64 ")", policy, names,
		 reserved, policy & SNP_POLICY_RESERVED_MBO ? "" : "bit 17 clear, ",
		 abi(policy) >> 8, abi(policy) & 0xff);
}
