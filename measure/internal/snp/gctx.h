/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_GCTX_H
#define SNP_GCTX_H

#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/launch.h>
#include <snp/sha.h>

/*
 * The secure processor's guest context, as far as the launch digest goes (SEV-SNP firmware ABI 56860,
 * GCTX.LD): each launch update replaces LD by SHA-384 of a PAGE_INFO that holds the old LD. Between
 * updates `ld` may be read, kept and set, to compute many digests with a common beginning.
 */
struct gctx {
	uint8_t ld[SNP_SHA384_SIZE];
	struct hash *hash;
};

/* Begin with an LD of zeros. For one thread at a time. Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int gctx_start(struct gctx *ret, struct snp_error *err);
void gctx_end(struct gctx *gctx);

/* One launch update of one page. `contents` is SHA-384 of the page for NORMAL and VMSA, 48 zero bytes
 * for the other types. Errors: SNP_E_CRYPTO. */
SNP_MUST_USE int gctx_update(struct gctx *gctx, enum snp_page_type type, uint64_t gpa,
			     const uint8_t contents[SNP_STATIC SNP_SHA384_SIZE],
			     struct snp_error *err);

/* The VMSAs of a launch as PAGE_INFO.CONTENTS has them: that of the first vCPU, and that of all others.
 * The launch must be one that snp_launch_check() accepts, and have VMSAs. Errors: SNP_E_NO_MEMORY,
 * SNP_E_CRYPTO. */
SNP_MUST_USE int gctx_vmsa_contents(const struct snp_launch *launch,
				    uint8_t ret[SNP_STATIC 2][SNP_SHA384_SIZE],
				    struct snp_error *err);

/* The launch update of one vCPU's VMSA. After that of vCPU `index`, `ld` is the launch digest of
 * index + 1 vCPUs. Errors: SNP_E_CRYPTO. */
SNP_MUST_USE int gctx_vcpu(struct gctx *gctx, uint32_t index,
			   const uint8_t contents[SNP_STATIC 2][SNP_SHA384_SIZE],
			   struct snp_error *err);

/* LD before the first VMSA: the same for every vCPU count, model and feature. Errors: as snp_launch_plan(). */
SNP_MUST_USE int launch_prefix(const struct snp_launch *launch,
			       uint8_t ret[SNP_STATIC SNP_SHA384_SIZE], struct snp_error *err);

#endif
