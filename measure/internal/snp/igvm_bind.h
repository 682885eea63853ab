/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_IGVM_BIND_H
#define SNP_IGVM_BIND_H

#include <stdbool.h>

#include <snp/id_block.h>
#include <snp/igvm.h>

/* The policy and the ID block of an IGVM file, for its SEV-SNP platform. */

/* The guest policy that the file asks for; false if it asks for none. */
bool igvm_snp_policy(const struct snp_igvm *igvm, uint64_t *ret);

/* The IGVM file with this pair as its only ID block, for free(). The block's policy must be the file's.
 * Errors: SNP_E_POLICY_DIFFERS; SNP_E_IGVM_LAUNCH if the file can have no ID block; SNP_E_BAD_ID_BLOCK; SNP_E_READ,
 * SNP_E_CHANGED, SNP_E_TOO_LARGE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_bind(const struct snp_igvm *igvm,
			   const uint8_t block[SNP_STATIC SNP_ID_BLOCK_SIZE],
			   const uint8_t auth[SNP_STATIC SNP_ID_AUTH_SIZE], uint8_t **ret,
			   size_t *ret_size, struct snp_error *err);

#endif
