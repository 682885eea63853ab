/* SPDX-License-Identifier: Apache-2.0 */
/* The secure processor's own look at an ID block (AMD SNP ABI 56860, SNP_LAUNCH_FINISH). */
#ifndef REHEARSAL_PRELOAD_ID_BLOCK_H
#define REHEARSAL_PRELOAD_ID_BLOCK_H

#include "gctx.h"

/* Check the ID block of `finish` against the guest as launched and, if it is right, take its
 * identity over into `gctx`: digest (BAD_MEASUREMENT), policy (POLICY_FAILURE), ID key's signature of
 * the block, author key's signature of the ID key (BAD_SIGNATURE). When the firmware looks at
 * algorithms and version (INVALID_PARAM) is not known here; they come where they are needed, the
 * version last. `gctx` is untouched on failure. */
enum firmware_status id_block_check(struct gctx *gctx, const struct launch_finish *finish);

#endif
