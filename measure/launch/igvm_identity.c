// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/id_block.h>

/* igvm_defs, IGVM_VHS_SNP_ID_BLOCK: offsets in the payload. A key has a reserved word after its curve, which
 * the ABI's form has not; the policy is GUEST_POLICY's. */
enum {
	FILE_MASK = 0,
	FILE_HAS_AUTHOR = 4,
	FILE_LD = IGVM_ID_BLOCK_LD,
	FILE_FAMILY_ID = 56,
	FILE_IMAGE_ID = 72,
	FILE_VERSION = 88,
	FILE_GUEST_SVN = 92,
	FILE_ID_ALGORITHM = 96,
	FILE_AUTHOR_ALGORITHM = 100,
	FILE_ID_SIGNATURE = 104,
	FILE_ID_KEY = 248,
	FILE_AUTHOR_SIGNATURE = 400,
	FILE_AUTHOR_KEY = 544,
	FILE_SIGNATURE_SIZE = 144,
	FILE_CURVE_SIZE = 4,
	FILE_POINT = 8, /* in a key */
	FILE_POINT_SIZE = 144,
};

/* SEV-SNP firmware ABI 56860, "ID Authentication Information Structure". */
enum {
	AUTH_ID_ALGORITHM = 0,
	AUTH_AUTHOR_ALGORITHM = 4,
	AUTH_ID_SIGNATURE = 0x40,
	AUTH_ID_KEY = 0x240,
	AUTH_AUTHOR_SIGNATURE = 0x680,
	AUTH_AUTHOR_KEY = 0x880,
};

static void get_key(uint8_t *ret, const uint8_t *key)
{
	memcpy(ret, key, FILE_CURVE_SIZE);
	memcpy(ret + FILE_CURVE_SIZE, key + FILE_POINT, FILE_POINT_SIZE);
}

static void put_key(uint8_t *ret, const uint8_t *key)
{
	memcpy(ret, key, FILE_CURVE_SIZE);
	memcpy(ret + FILE_POINT, key + FILE_CURVE_SIZE, FILE_POINT_SIZE);
}

/* QEMU: qigvm_directive_snp_id_block() and cgs_set_guest_policy(). The author counts if the first byte of the
 * author key is not zero, whatever the header's flag says; VERSION is always 1. For Cloud Hypervisor the flag
 * counts. */
void igvm_id_block_get(const uint8_t file[static IGVM_ID_BLOCK], enum igvm_id_block way,
		       uint64_t policy, struct snp_id_block *ret_block,
		       uint8_t ret_auth[static SNP_ID_AUTH_SIZE])
{
	const uint8_t has_author =
		way == IGVM_ID_BLOCK_FLAG ? file[FILE_HAS_AUTHOR] : file[FILE_AUTHOR_KEY];

	*ret_block = (struct snp_id_block){.policy = policy};
	memcpy(ret_block->launch_digest, file + FILE_LD, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(ret_block->family_id, file + FILE_FAMILY_ID, SNP_ID_SIZE);
	memcpy(ret_block->image_id, file + FILE_IMAGE_ID, SNP_ID_SIZE);
	(void)snp_span_le32((struct snp_span){file, IGVM_ID_BLOCK}, FILE_GUEST_SVN,
			    &ret_block->guest_svn);
	memset(ret_auth, 0, SNP_ID_AUTH_SIZE);
	memcpy(ret_auth + AUTH_ID_ALGORITHM, file + FILE_ID_ALGORITHM, 4);
	memcpy(ret_auth + AUTH_ID_SIGNATURE, file + FILE_ID_SIGNATURE, FILE_SIGNATURE_SIZE);
	get_key(ret_auth + AUTH_ID_KEY, file + FILE_ID_KEY);
	if (has_author == 0)
		return;
	memcpy(ret_auth + AUTH_AUTHOR_ALGORITHM, file + FILE_AUTHOR_ALGORITHM, 4);
	memcpy(ret_auth + AUTH_AUTHOR_SIGNATURE, file + FILE_AUTHOR_SIGNATURE, FILE_SIGNATURE_SIZE);
	get_key(ret_auth + AUTH_AUTHOR_KEY, file + FILE_AUTHOR_KEY);
}

void igvm_id_block_put(uint32_t mask, const struct snp_id_block *block,
		       const uint8_t auth[static SNP_ID_AUTH_SIZE],
		       uint8_t ret[static IGVM_ID_BLOCK])
{
	memset(ret, 0, IGVM_ID_BLOCK);
	snp_put_le32(ret + FILE_MASK, mask);
	snp_put_le32(ret + FILE_VERSION, 1);
	snp_put_le32(ret + FILE_GUEST_SVN, block->guest_svn);
	memcpy(ret + FILE_LD, block->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	memcpy(ret + FILE_FAMILY_ID, block->family_id, SNP_ID_SIZE);
	memcpy(ret + FILE_IMAGE_ID, block->image_id, SNP_ID_SIZE);
	memcpy(ret + FILE_ID_ALGORITHM, auth + AUTH_ID_ALGORITHM, 4);
	memcpy(ret + FILE_ID_SIGNATURE, auth + AUTH_ID_SIGNATURE, FILE_SIGNATURE_SIZE);
	put_key(ret + FILE_ID_KEY, auth + AUTH_ID_KEY);
	memcpy(ret + FILE_AUTHOR_ALGORITHM, auth + AUTH_AUTHOR_ALGORITHM, 4);
	memcpy(ret + FILE_AUTHOR_SIGNATURE, auth + AUTH_AUTHOR_SIGNATURE, FILE_SIGNATURE_SIZE);
	put_key(ret + FILE_AUTHOR_KEY, auth + AUTH_AUTHOR_KEY);
	ret[FILE_HAS_AUTHOR] = ret[FILE_AUTHOR_KEY] != 0; /* the curve: 0 is none */
}

/* Of several GUEST_POLICY headers of a platform the last counts. */
bool igvm_policy_of(const struct snp_igvm_info *info, uint32_t mask, uint64_t *ret)
{
	bool found = false;

	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->type != SNP_IGVM_GUEST_POLICY || !(h->mask & mask))
			continue;
		*ret = h->value;
		found = true;
	}
	return found;
}

int igvm_id_block_place(const struct snp_igvm_info *info, uint32_t *ret_mask, uint64_t *ret_policy,
			struct snp_error *err)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->type == SNP_IGVM_SUPPORTED_PLATFORM && h->subtype == SNP_IGVM_SEV_SNP)
			mask = h->mask;
		if (h->type == SNP_IGVM_SNP_ID_BLOCK && (h->mask & mask))
			return fail_with(err, SNP_E_EXISTS, h->offset,
					 "the file already has an ID block; remove it with 'igvm "
					 "strip'");
	}
	if (mask == 0)
		return fail_with(err, SNP_E_IGVM_LAUNCH, SNP_NO_OFFSET,
				 "the file is not for the SEV-SNP platform, which alone has ID "
				 "blocks");
	if (!igvm_policy_of(info, mask, ret_policy))
		return fail_with(
			err, SNP_E_IGVM_LAUNCH, SNP_NO_OFFSET,
			"the file has no GUEST_POLICY: QEMU would launch its ID block with "
			"policy 0, which the secure processor refuses");
	*ret_mask = mask;
	return 0;
}

int igvm_id_block_check(const struct snp_launch *launch, const struct igvm_layout *layout,
			const uint8_t digest[static SNP_SHA384_SIZE], struct snp_error *err)
{
	const struct igvm_rules *rules = launch_profile(launch)->igvm;
	const struct snp_igvm_header *h = layout->id_block;
	char expected[2 * SNP_SHA384_SIZE + 1], found[2 * SNP_SHA384_SIZE + 1];
	uint8_t bytes[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
	struct snp_error why = {0};
	struct snp_id_block block;

	if (!h || (launch->flags & SNP_LAUNCH_WITHOUT_ID_BLOCK) ||
	    layout->platform != SNP_IGVM_SEV_SNP || rules->id_block == IGVM_ID_BLOCK_UNUSED)
		return 0;
	igvm_id_block_get(igvm_id_block(launch->igvm, h), rules->id_block, layout->policy, &block,
			  auth);
	/* In the order in which the secure processor checks. */
	if (memcmp(block.launch_digest, digest, SNP_SHA384_SIZE) != 0) {
		hex_encode(block.launch_digest, SNP_SHA384_SIZE, expected);
		hex_encode(digest, SNP_SHA384_SIZE, found);
		return fail_with(
			err, SNP_E_ID_BLOCK_DIFFERS, h->offset,
			"the file's ID block is for launch digest %s, and this launch has %s",
			expected, found);
	}
	/* Where the file's policy is launched, the two are one. */
	if (rules->policy == IGVM_POLICY_GIVEN && block.policy != launch->policy)
		return fail_with(err, SNP_E_ID_BLOCK_DIFFERS, h->offset,
				 "the file's ID block is for guest policy 0x%" PRIx64
				 ", and the guest is launched with 0x%" PRIx64,
				 block.policy, launch->policy);
	snp_id_block_encode(&block, bytes);
	if (snp_id_auth_verify(bytes, auth, NULL, &why) < 0)
		return fail_with(err, SNP_E_ID_BLOCK_DIFFERS, h->offset,
				 "the secure processor would refuse the file's ID block: %s",
				 why.message);
	return 0;
}
