// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/id_block.h>

/* An ID block and after it an ID auth, as far as the input goes and zeros from there. What verifies has
 * form; what a block says, encoded again, is the block. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[SNP_ID_BLOCK_SIZE + SNP_ID_AUTH_SIZE] = {0}, again[SNP_ID_BLOCK_SIZE];
	const uint8_t *block = bytes, *auth = bytes + SNP_ID_BLOCK_SIZE;
	struct snp_id_auth_info info, verified;
	struct snp_error err = {0};
	struct snp_id_block fields;
	int block_status, status;

	if (size > sizeof(bytes))
		return 0;
	if (size > 0)
		memcpy(bytes, data, size);
	block_status = snp_id_block_decode(block, &fields, &err);
	fuzz_check(block_status, &err, SNP_ID_BLOCK_SIZE);
	if (block_status == 0) {
		snp_id_block_encode(&fields, again);
		if (memcmp(block, again, sizeof(again)) != 0)
			abort();
	}
	err = (struct snp_error){0};
	status = snp_id_auth_decode(auth, &info, &err);
	fuzz_check(status, &err, SNP_ID_AUTH_SIZE);
	err = (struct snp_error){0};
	if (snp_id_auth_verify(block, auth, &verified, &err) < 0) {
		fuzz_check(-(int)err.code, &err, SNP_ID_AUTH_SIZE);
		if (block_status == 0 && status == 0 && err.code != SNP_E_SIGNATURE)
			abort();
	} else if (block_status < 0 || status < 0 || memcmp(&info, &verified, sizeof(info)) != 0) {
		abort();
	}
	return 0;
}
