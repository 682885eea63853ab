// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/id_block.h>
#include <snp/policy.h>

/* ABI 56860, "ID Block Structure". */
enum {
	LAUNCH_DIGEST = 0x00,
	FAMILY_ID = 0x30,
	IMAGE_ID = 0x40,
	VERSION = 0x50,
	GUEST_SVN = 0x54,
	POLICY = 0x58,
};
_Static_assert(LAUNCH_DIGEST + SNP_LAUNCH_DIGEST_SIZE == FAMILY_ID, "ID block layout");
_Static_assert(IMAGE_ID + SNP_ID_SIZE == VERSION, "ID block layout");
_Static_assert(POLICY + 8 == SNP_ID_BLOCK_SIZE, "ID block layout");

#define ID_BLOCK_VERSION 1

void snp_id_block_encode(const struct snp_id_block *block, uint8_t ret[static SNP_ID_BLOCK_SIZE])
{
	memcpy(ret + LAUNCH_DIGEST, block->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(ret + FAMILY_ID, block->family_id, SNP_ID_SIZE);
	memcpy(ret + IMAGE_ID, block->image_id, SNP_ID_SIZE);
	snp_put_le32(ret + VERSION, ID_BLOCK_VERSION);
	snp_put_le32(ret + GUEST_SVN, block->guest_svn);
	snp_put_le64(ret + POLICY, block->policy);
}

int snp_id_block_decode(const uint8_t bytes[static SNP_ID_BLOCK_SIZE], struct snp_id_block *ret,
			struct snp_error *err)
{
	struct snp_span span = {bytes, SNP_ID_BLOCK_SIZE};
	struct snp_id_block block;
	uint32_t version = 0;
	int r;

	memcpy(block.launch_digest, bytes + LAUNCH_DIGEST, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(block.family_id, bytes + FAMILY_ID, SNP_ID_SIZE);
	memcpy(block.image_id, bytes + IMAGE_ID, SNP_ID_SIZE);
	if (!snp_span_le32(span, VERSION, &version) || version != ID_BLOCK_VERSION)
		return fail_with(err, SNP_E_BAD_ID_BLOCK, VERSION,
				 "ID block of version %" PRIu32 ", where 1 is right", version);
	if (!snp_span_le32(span, GUEST_SVN, &block.guest_svn) ||
	    !snp_span_le64(span, POLICY, &block.policy))
		return fail_with(err, SNP_E_BAD_ID_BLOCK, 0, "ID block cut short");
	r = snp_policy_check(block.policy, err);
	if (r < 0)
		return r;
	*ret = block;
	return 0;
}
