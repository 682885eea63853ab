/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPLAIN_CANDIDATES_H
#define CLI_EXPLAIN_CANDIDATES_H

#include <snp/search.h>

#include "explain_hashes.h"
#include "launch_input.h"

/*
 * What may be otherwise than stated, each with the words that tell it: firmwares, and hash tables of
 * other kernels, initrds and command lines.
 */
#define EXPLAIN_MAX_IMAGES 64
#define EXPLAIN_MAX_FIRMWARE \
	(2 * EXPLAIN_MAX_IMAGES + 1) /* each with its code part, and the stated one's */

struct explain_candidates {
	struct snp_firmware *firmwares[EXPLAIN_MAX_FIRMWARE];
	unsigned int firmware_changes[EXPLAIN_MAX_FIRMWARE];
	char firmware_texts[EXPLAIN_MAX_FIRMWARE][EXPLAIN_TEXT_SIZE];
	size_t n_firmwares;
	struct explain_hashes hashes;
};

/* Gather them: around the stated launch, and, unless NULL, out of the files in `folder`. Files there are
 * taken for what they are: images with an OVMF table for firmware, bzImages for kernels, all others for
 * initrds. Errors: those of reading files; SNP_E_TOO_LARGE for more than the folder may hold. */
SNP_MUST_USE int explain_candidates_gather(const struct cli_launch *stated, const char *folder,
					   struct explain_candidates *ret, struct snp_error *err);
void explain_candidates_done(struct explain_candidates *candidates);

#endif
