/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_SEV_HASH_TABLE_H
#define LAUNCH_SEV_HASH_TABLE_H

#include <snp/kernel.h>

/* The table that QEMU writes for the firmware to check the kernel against. */
void sev_hash_table_build(const struct snp_kernel_hashes *hashes,
			  uint8_t ret[static SNP_HASH_TABLE_SIZE]);

#endif
