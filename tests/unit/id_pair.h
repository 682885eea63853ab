/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ID_PAIR_H
#define ID_PAIR_H

#include "test_keys.h"

#include <stdlib.h>

#include <snp/hex.h>
#include <snp/id_block.h>

/* An ID block for `policy` and a digest of 0xd1, and its ID auth, signed now with the keys for tests. */
struct id_pair {
	uint8_t block[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
};

static inline struct id_pair make_id_pair(uint64_t policy, bool author)
{
	struct snp_id_block block = {.guest_svn = 3, .policy = policy};
	struct snp_key *id = load_test_key(P384_PKCS8),
		       *other = author ? load_test_key(P384_OTHER) : NULL;
	struct id_pair pair;

	memset(block.launch_digest, 0xd1, sizeof(block.launch_digest));
	snp_id_block_encode(&block, pair.block);
	assert_int_equal(snp_id_auth_sign(pair.block, id, other, pair.auth, NULL), 0);
	snp_key_free(id);
	snp_key_free(other);
	return pair;
}

#endif
