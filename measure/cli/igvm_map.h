/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IGVM_MAP_H
#define CLI_IGVM_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <snp/igvm.h>

/* What an IGVM file says about the memory of one platform's guests, by address. */

struct igvm_range {
	const char *
		kind; /* "measured", "unmeasured", "shared", "secrets", "CPUID", "parameters", "required" */
	uint64_t gpa, size;
};

struct igvm_map {
	uint32_t platform;	   /* enum snp_igvm_platform */
	uint32_t mask;		   /* its compatibility mask; 0: none */
	struct igvm_range *ranges; /* ascending; neighbours of one kind are one */
	size_t n;
};

/* The map of the strongest platform that a guest with SEV-SNP may be started from: SEV-SNP if the file is for it. Empty
 * if there is none. `ret` is for igvm_map_done(). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_map_make(const struct snp_igvm_info *info, struct igvm_map *ret,
			       struct snp_error *err);
void igvm_map_done(struct igvm_map *map);

#endif
