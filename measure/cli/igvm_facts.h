/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IGVM_FACTS_H
#define CLI_IGVM_FACTS_H

#include <stdbool.h>

#include <snp/launch.h>

#include "id_block.h"
#include "igvm_map.h"

/* What `inspect` says of an IGVM file, in text and in JSON alike. */

/* A file, and how it is launched. */
struct igvm_inspected {
	const struct snp_igvm *igvm;
	struct igvm_map map;
	struct snp_launch launch; /* of no profile yet */
	uint8_t sha256[SNP_SHA256_SIZE];
};

/* What a loader makes of the file, with the vCPUs that are given, or as many as have a context, or one. */
struct igvm_outcome {
	struct snp_launch launch;
	int r;
	struct snp_error err;
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	bool has_id_block, id_block_fits; /* the ID block has this digest */
};

/* Read the file, for snp_igvm_free(), and set `f`, whose map is for igvm_map_done() also after a failure. The launch
 * options say how it is launched; without them, by as many vCPUs as have a context, of no model.
 * Errors: those of snp_igvm_read() and cli_launch_choose(). */
SNP_MUST_USE int igvm_open(const char *path, struct igvm_inspected *f, struct snp_igvm **ret,
			   struct snp_error *err);

/* The profiles that take IGVM files, or NULL past the last; and what one makes of the file. */
const char *igvm_profile_at(size_t i);
void igvm_find_outcome(const struct igvm_inspected *f, const char *profile,
		       struct igvm_outcome *ret);

/* How many headers from the i-th on follow each other in the file and in memory, and are equal otherwise. */
size_t igvm_run_length(const struct snp_igvm_info *info, size_t i);

/* What a header says, in words; whether it has an address, and whether its contents are a VMSA. */
void igvm_describe(const struct snp_igvm_header *h, char ret[static 160]);
bool igvm_has_address(const struct snp_igvm_header *h);
bool igvm_has_vmsa(const struct snp_igvm_header *h);

/* The first byte of a VMSA that is not zero and belongs to no field; SNP_PAGE_SIZE if there is none. */
uint32_t igvm_find_other(const uint8_t context[static SNP_PAGE_SIZE]);

/* The ID block of a header as QEMU takes it, with the policy of the file. Its fields are set also where the secure
 * processor would refuse it. Errors: those of snp_id_auth_verify(). */
SNP_MUST_USE int igvm_read_id_block(const struct snp_igvm *igvm, const struct snp_igvm_header *h,
				    struct cli_id_block *ret, struct snp_error *err);

#endif
