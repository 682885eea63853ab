/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_GCTX_H
#define SNP_GCTX_H

#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/file.h>
#include <snp/sha.h>

SNP_API_BEGIN

/*
 * The secure processor's guest context, as far as the launch digest goes (SEV-SNP firmware ABI 56860,
 * GCTX.LD): each launch update replaces LD by SHA-384 of a PAGE_INFO that holds the old LD. For those
 * who compute many digests with common beginnings: `ld` may be read, kept and set at will between
 * updates.
 */
/* SEV-SNP firmware ABI 56860, SNP_LAUNCH_UPDATE, PAGE_TYPE. */
enum snp_page_type {
	SNP_PAGE_NORMAL = 1,
	SNP_PAGE_VMSA = 2,
	SNP_PAGE_ZERO = 3,
	SNP_PAGE_UNMEASURED = 4,
	SNP_PAGE_SECRETS = 5,
	SNP_PAGE_CPUID = 6,
};

/* The address of every VMSA on KVM: the last page of a 48-bit space (Linux arch/x86/kvm/svm/sev.c,
 * INITIAL_VMSA_GPA). */
#define SNP_VMSA_GPA 0x0000fffffffff000ull

struct snp_gctx {
	uint8_t ld[SNP_SHA384_SIZE];
	struct snp_hash *hash;
};

/* Begin with LD all zeros. For one thread at a time. Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_CHECK int snp_gctx_start(struct snp_gctx *ret, struct snp_error *err);
void snp_gctx_end(struct snp_gctx *gctx);

/* One launch update of one page. `contents` is SHA-384 of the page for NORMAL and VMSA, 48 zero bytes
 * for the other types. Errors: SNP_E_CRYPTO. */
SNP_CHECK int snp_gctx_update(struct snp_gctx *gctx, enum snp_page_type type, uint64_t gpa,
			      const uint8_t contents[SNP_STATIC SNP_SHA384_SIZE],
			      struct snp_error *err);

/* "NORMAL", "VMSA", "ZERO", "UNMEASURED", "SECRETS" or "CPUID". */
const char *snp_page_type_name(enum snp_page_type type);

SNP_API_END

#endif
