// SPDX-License-Identifier: Apache-2.0
#include <snp/igvm_bind.h>

#include <inttypes.h>
#include <stdlib.h>

#include "image/igvm_write.h"
#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/fail.h>

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

bool igvm_snp_policy(const struct snp_igvm *igvm, uint64_t *ret)
{
	static const struct igvm_rules snp = {.any_sev = false};
	uint32_t platform, mask;

	return igvm_choose_platform(snp_igvm_info(igvm), &snp, &platform, &mask, NULL) == 0 &&
	       igvm_policy_of(snp_igvm_info(igvm), mask, ret);
}

/* The file without any ID block, and with room for one. */
static int add(const struct snp_igvm *igvm, const struct snp_id_block *block,
	       const uint8_t auth[static SNP_ID_AUTH_SIZE], uint8_t **ret, size_t *ret_size,
	       struct snp_error *err)
{
	uint8_t payload[IGVM_ID_BLOCK];
	uint64_t policy;
	uint32_t mask;
	int r = igvm_id_block_place(snp_igvm_info(igvm), &mask, &policy, err);

	if (r == 0 && policy != block->policy)
		r = fail_with(err, SNP_E_POLICY_DIFFERS, SNP_NO_OFFSET,
			      "the file's guest policy is 0x%" PRIx64
			      ", which its ID block has, not 0x%" PRIx64,
			      policy, block->policy);
	if (r < 0)
		return r;
	igvm_id_block_put(mask, block, auth, payload);
	return igvm_append(igvm, SNP_IGVM_SNP_ID_BLOCK, (struct snp_span){payload, sizeof(payload)},
			   ret, ret_size, err);
}

int igvm_bind(const struct snp_igvm *igvm, const uint8_t block[static SNP_ID_BLOCK_SIZE],
	      const uint8_t auth[static SNP_ID_AUTH_SIZE], uint8_t **ret, size_t *ret_size,
	      struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *bare = NULL;
	_cleanup_(freep) uint8_t *file = NULL;
	const char *path = snp_igvm_info(igvm)->path;
	struct snp_id_block fields;
	size_t size, n;
	int r = snp_id_block_decode(block, &fields, err);

	if (r == 0)
		r = igvm_remove(igvm, SNP_IGVM_SNP_ID_BLOCK, &file, &size, &n, err);
	if (r == 0)
		r = igvm_parse(path, (struct snp_span){file, size}, &bare, err);
	if (r == 0)
		r = add(bare, &fields, auth, ret, ret_size, err);
	return in_file(err, r, path);
}
