// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "gctx.h"

/* An ID block and ID auth for the simulated secure processor, which knows the digest and the policy that
 * the block names, so that the signatures are reached. What it refuses leaves no trace. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct platform platform = {255, 255};
	uint8_t block[ID_BLOCK_SIZE] = {0}, auth[ID_AUTH_SIZE] = {0};
	struct launch_finish finish = {.id_block = block, .id_auth = auth};
	struct gctx gctx = {0}, before;
	enum firmware_status status;

	if (size == 0)
		return 0;
	finish.author_key_en = data[0] & 1;
	data++;
	size--;
	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	if (size > sizeof(block))
		memcpy(auth, data + sizeof(block),
		       size - sizeof(block) < sizeof(auth) ? size - sizeof(block) : sizeof(auth));
	if (gctx_launch_start(&gctx, &platform, 0x30000) != FIRMWARE_SUCCESS)
		abort();
	memcpy(gctx.ld, block, LD_SIZE);
	memcpy(&gctx.policy, block + 0x58, sizeof(gctx.policy));
	before = gctx;
	status = gctx_launch_finish(&gctx, &finish);
	if (status == FIRMWARE_SUCCESS)
		return 0;
	if (status != FIRMWARE_BAD_SIGNATURE && status != FIRMWARE_INVALID_PARAM)
		abort(); /* digest and policy are right */
	if (memcmp(&gctx, &before, sizeof(gctx)) != 0)
		abort();
	return 0;
}
