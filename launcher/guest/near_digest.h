/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_NEAR_DIGEST_H
#define LAUNCHER_GUEST_NEAR_DIGEST_H

#include <stddef.h>

#include "guest/measurement.h"

/* Why a launch digest differs from the one that was wanted: look for a launch near the one that was
 * measured, up to three assumptions away (snp/search.h; of the hash table: no kernel hashes, no initrd, a
 * line end more or less, no command line), that has it. Puts into `ret` "it is that of 8 vCPUs, without
 * initrd", or that it is of no such launch and so of other files. Never fails: "" where the search cannot
 * be made. */
void near_digest(const struct guest_measurement *measured,
		 const struct boot_file boot[static BOOT_PARTS], const char *cmdline,
		 const uint8_t wanted[static SNP_LAUNCH_DIGEST_SIZE], char *ret, size_t size);

#endif
