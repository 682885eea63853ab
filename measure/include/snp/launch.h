/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_LAUNCH_H
#define SNP_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/firmware.h>
#include <snp/id_block.h>
#include <snp/igvm.h>
#include <snp/kernel.h>
#include <snp/profile.h>

SNP_API_BEGIN

/*
 * A launch: everything that its digest depends on, the ordered launch updates that the VMM would
 * submit for it, and the digest over them.
 */
struct snp_launch {
	size_t size; /* sizeof(struct snp_launch) */
	enum snp_mode mode;
	const struct snp_firmware *firmware;
	const uint8_t *firmware_digest;	 /* 48 bytes: LD after the firmware's pages, if it is
					  * known already; NULL: to be computed */
	const struct snp_firmware *svsm; /* mode svsm only */
	uint64_t vars_size;		 /* mode svsm only: bytes between OVMF and SVSM */
	const struct snp_kernel_hashes *kernel_hashes; /* NULL: kernel hashes off */
	struct snp_vcpus vcpus;

	/* mode snp:igvm only; there is no firmware then */
	const struct snp_igvm *igvm;
	uint64_t memory_size; /* of the guest in bytes; 0: not known */
	uint64_t policy;      /* that the VMM is told; an ID block in the file must agree */
	uint64_t flags;	      /* SNP_LAUNCH_* */
};

#define SNP_LAUNCH_WITHOUT_ID_BLOCK 1u /* as if the IGVM file had none */

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

/* "NORMAL", "VMSA", "ZERO", "UNMEASURED", "SECRETS" or "CPUID". */
const char *snp_page_type_name(enum snp_page_type type);

/* Where a page comes from. */
enum snp_origin {
	SNP_ORIGIN_FIRMWARE,	   /* index: page within the image */
	SNP_ORIGIN_SVSM,	   /* index: page within the binary */
	SNP_ORIGIN_SECTION,	   /* index: section in the SEV metadata */
	SNP_ORIGIN_SEV_HASH_TABLE, /* the section's page that holds the table; index: section */
	SNP_ORIGIN_VCPU,	   /* index: vCPU */
	SNP_ORIGIN_IGVM_PAGE,	   /* index: header in the IGVM file */
	SNP_ORIGIN_IGVM_INSERT,	   /* index: header in the IGVM file */
	SNP_ORIGIN_IGVM_CONTEXT,   /* index: header in the IGVM file */
};

/* "firmware", "svsm", "section", "SEV hash table", "vCPU", "PAGE_DATA", "PARAMETER_INSERT", "VP_CONTEXT". */
const char *snp_origin_name(enum snp_origin origin);

/* One SNP_LAUNCH_UPDATE of one 4 KiB page (or, for VMSAs, what SNP_LAUNCH_FINISH does in KVM). */
struct snp_launch_update {
	uint64_t index;
	enum snp_page_type type;
	uint64_t gpa;
	enum snp_origin origin;
	uint32_t origin_index;
	uint8_t contents
		[SNP_SHA384_SIZE];	 /* as PAGE_INFO.CONTENTS has it: zeros for types 3 to 6 */
	uint8_t digest[SNP_SHA384_SIZE]; /* GCTX.LD after this update */
};

/* Called for each update, in order. A negative return value ends the walk and is passed on. */
typedef int (*snp_launch_visit)(void *arg, const struct snp_launch_update *update,
				struct snp_error *err);

/* Refuse a launch that its VMM, KVM or the secure processor would refuse, or that has no true digest
 * (docs/measurement.md lists all). The other functions call this first. Errors name the firmware's file
 * and the byte at fault: SNP_E_BAD_VCPU_COUNT, SNP_E_BAD_FEATURES, SNP_E_BAD_PROFILE,
 * SNP_E_NO_DIGEST; SNP_E_BAD_TABLE, SNP_E_NO_METADATA, SNP_E_BAD_METADATA,
 * SNP_E_BAD_SECTION, SNP_E_SECTION_OVERLAP, SNP_E_NO_SECTION, SNP_E_NO_RESET_ADDRESS,
 * SNP_E_NO_HASH_TABLE, SNP_E_NO_HASH_SECTION, SNP_E_BAD_HASH_TABLE, SNP_E_NO_SVSM,
 * SNP_E_FIRMWARE_SIZE; SNP_E_USAGE for the struct's size; SNP_E_IGVM_LAUNCH, SNP_E_NEEDS_MEMORY,
 * SNP_E_NEEDS_CPU_MODEL, SNP_E_TOO_LARGE, SNP_E_READ, SNP_E_CHANGED, SNP_E_NO_MEMORY for IGVM files. */
SNP_MUST_USE int snp_launch_check(const struct snp_launch *launch, struct snp_error *err);

/* SEV_FEATURES that an IGVM file asks for: snp_launch_check() wants them in launch->vcpus.features, which is
 * not looked at here. Errors: as snp_launch_check(). */
SNP_MUST_USE int snp_launch_igvm_features(const struct snp_launch *launch, uint64_t *ret,
					  struct snp_error *err);

/* Visit every launch update of an SEV-SNP launch. If the firmware is known by its summary or by
 * `firmware_digest`, its pages are not visited: the walk begins after them, with the index that follows
 * them if their number is known, else 0. The digest after the last update is the launch digest; after the
 * VMSA of vCPU i it is the launch digest of i + 1 vCPUs. Errors: those of snp_launch_check(),
 * SNP_E_CRYPTO, SNP_E_NO_MEMORY, the visitor's; SNP_E_NO_DIGEST for modes other than SEV-SNP;
 * SNP_E_ID_BLOCK_DIFFERS, at the end, for an IGVM file whose ID block is not for this launch. */
SNP_MUST_USE int snp_launch_plan(const struct snp_launch *launch, snp_launch_visit visit, void *arg,
				 struct snp_error *err);

/* The launch digest. For SEV-SNP it is the SHA-384 chain over PAGE_INFO (48 bytes), for SEV-ES and SEV
 * SHA-256 (32 bytes); `ret_size` is its size in bytes. Errors: those of snp_launch_check(), SNP_E_CRYPTO,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_launch_digest(const struct snp_launch *launch,
				   uint8_t ret[SNP_STATIC SNP_LAUNCH_DIGEST_SIZE], size_t *ret_size,
				   struct snp_error *err);

/*
 * Parts of an SEV-SNP digest: LD after the firmware's own pages (sev-snp-measure calls it the OVMF hash),
 * and the VMSAs.
 */

/* LD after the pages of an image that ends at 4 GiB; for a summary, the one that it holds. SEV metadata
 * do not matter. Errors: SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_launch_firmware_digest(const struct snp_firmware *firmware,
					    uint8_t ret[SNP_STATIC SNP_SHA384_SIZE],
					    struct snp_error *err);

/* The 4096 bytes of the VMSA of vCPU `index`. All but the first are equal. Errors: those of
 * snp_launch_check(); SNP_E_BAD_VCPU_COUNT for an index out of range; SNP_E_NO_DIGEST for SEV, which
 * has no VMSAs. */
SNP_MUST_USE int snp_launch_vmsa(const struct snp_launch *launch, uint32_t index,
				 uint8_t ret[SNP_STATIC SNP_PAGE_SIZE], struct snp_error *err);

/* The guest memory that holds the SEV hash table, as the launch would place it: for SEV-SNP the page of
 * the SNP_KERNEL_HASHES section that the table lies in (or two), for SEV-ES and SEV the table alone.
 * Errors: those of snp_launch_check(); SNP_E_NO_HASH_TABLE where kernel hashes are off. */
SNP_MUST_USE int snp_launch_hash_pages(const struct snp_launch *launch,
				       uint8_t ret[SNP_STATIC 2 * SNP_PAGE_SIZE], uint64_t *ret_gpa,
				       size_t *ret_size, struct snp_error *err);

/* Called for each thing that a user should know although it does not stop the launch: a stable
 * kebab-case name, and one line of text without a full stop. */
typedef void (*snp_launch_warn)(void *arg, const char *name, const char *text);

/* Call `warn` for each warning about a launch that snp_launch_check() accepts. */
void snp_launch_warnings(const struct snp_launch *launch, snp_launch_warn warn, void *arg);

/* As snp_launch_warnings(), about a launch with kernel hashes and what its digest cannot say: whether the
 * firmware, called `firmware`, checks the hashes, and whether it can start this kernel. `kernel` is NULL
 * where its file was not read. */
void snp_kernel_warnings(enum snp_hash_verifier verifier, const char *firmware,
			 const struct snp_bzimage *kernel, snp_launch_warn warn, void *arg);
#define SNP_WARN_NOT_CHECKED	  "kernel-hashes-not-checked"
#define SNP_WARN_CHECK_UNKNOWN	  "kernel-hash-check-unknown"
#define SNP_WARN_NOT_EFI_LOADABLE "kernel-not-efi-loadable"

/* Called for each way to launch a firmware ("SEV-SNP", "SEV-SNP with kernel hashes", "SEV-ES", …).
 * `problem` is NULL if the firmware can be launched so, else it says why not. */
typedef void (*snp_launch_verdict)(void *arg, const char *way, const struct snp_error *problem);

/* Find what a firmware image can be launched as: snp_launch_check() for each way under QEMU. For mode
 * snp:svsm the image is taken as the SVSM binary. */
void snp_launch_verdicts(const struct snp_firmware *firmware, snp_launch_verdict verdict,
			 void *arg);

SNP_API_END

#endif
