// SPDX-License-Identifier: Apache-2.0
#include "gctx.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "id_block.h"

/* PAGE_INFO (ABI, SNP_LAUNCH_UPDATE). Permissions of VMPL 1 to 3 and IMI_PAGE stay zero: KVM asks for
 * neither (Linux 6.12 sev.c, sev_gmem_post_populate). */
enum {
	PAGE_INFO_DIGEST_CUR = 0x00,
	PAGE_INFO_CONTENTS = 0x30,
	PAGE_INFO_LENGTH = 0x60,
	PAGE_INFO_PAGE_TYPE = 0x62,
	PAGE_INFO_GPA = 0x68,
	PAGE_INFO_SIZE = 0x70,
};

/* POLICY (ABI, Guest Policy). */
#define POLICY_SMT		      (1ULL << 16)
#define POLICY_MUST_BE_ONE	      (1ULL << 17)
#define POLICY_MEM_AES_256_XTS	      (1ULL << 22)
#define POLICY_RAPL_DIS		      (1ULL << 23)
#define POLICY_CIPHERTEXT_HIDING_DRAM (1ULL << 24)

/* The platform: SMT on, AES-128, RAPL on, no ciphertext hiding; one socket, so that SINGLE_SOCKET is
 * always kept. Permissions (DEBUG, MIGRATE_MA, CXL_ALLOW) ask nothing of it. */
static bool platform_keeps(const struct platform *platform, uint64_t policy)
{
	unsigned int minor = policy & 0xff;
	unsigned int major = policy >> 8 & 0xff;

	if (major > platform->api_major ||
	    (major == platform->api_major && minor > platform->api_minor))
		return false;
	return (policy & POLICY_SMT) && !(policy & POLICY_MEM_AES_256_XTS) &&
	       !(policy & POLICY_RAPL_DIS) && !(policy & POLICY_CIPHERTEXT_HIDING_DRAM);
}

enum firmware_status gctx_launch_start(struct gctx *gctx, const struct platform *platform,
				       uint64_t policy)
{
	if (gctx->state != GCTX_INIT)
		return FIRMWARE_INVALID_GUEST_STATE;
	if (!(policy & POLICY_MUST_BE_ONE))
		return FIRMWARE_INVALID_PARAM;
	if (!platform_keeps(platform, policy))
		return FIRMWARE_POLICY_FAILURE;
	gctx->state = GCTX_LAUNCH;
	gctx->policy = policy;
	if (RAND_bytes(gctx->report_id, sizeof(gctx->report_id)) != 1)
		abort();
	return FIRMWARE_SUCCESS;
}

static bool is_measured(enum snp_page_type type)
{
	return type == PAGE_TYPE_NORMAL || type == PAGE_TYPE_VMSA;
}

enum firmware_status gctx_launch_update(struct gctx *gctx, enum snp_page_type type, uint64_t gpa,
					const uint8_t *page, uint8_t ret_contents[static LD_SIZE])
{
	uint8_t info[PAGE_INFO_SIZE] = {0};

	if (gctx->state != GCTX_LAUNCH)
		return FIRMWARE_INVALID_GUEST_STATE;
	if (type < PAGE_TYPE_NORMAL || type > PAGE_TYPE_CPUID)
		return FIRMWARE_INVALID_PARAM;
	memset(ret_contents, 0, LD_SIZE);
	if (is_measured(type))
		sha384(page, GUEST_PAGE_SIZE, ret_contents);
	memcpy(info + PAGE_INFO_DIGEST_CUR, gctx->ld, LD_SIZE);
	memcpy(info + PAGE_INFO_CONTENTS, ret_contents, LD_SIZE);
	put_le16(info + PAGE_INFO_LENGTH, PAGE_INFO_SIZE);
	info[PAGE_INFO_PAGE_TYPE] = (uint8_t)type;
	put_le64(info + PAGE_INFO_GPA, gpa);
	sha384(info, sizeof(info), gctx->ld);
	return FIRMWARE_SUCCESS;
}

enum firmware_status gctx_launch_finish(struct gctx *gctx, const struct launch_finish *finish)
{
	if (gctx->state != GCTX_LAUNCH)
		return FIRMWARE_INVALID_GUEST_STATE;
	if (finish->id_block) {
		enum firmware_status status = id_block_check(gctx, finish);

		if (status != FIRMWARE_SUCCESS)
			return status;
	}
	gctx->vcek_disabled = finish->vcek_disabled;
	memcpy(gctx->host_data, finish->host_data, HOST_DATA_SIZE);
	gctx->state = GCTX_RUNNING;
	return FIRMWARE_SUCCESS;
}
