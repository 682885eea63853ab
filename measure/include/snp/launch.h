/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_LAUNCH_H
#define SNP_LAUNCH_H

#include <stdint.h>

#include <snp/error.h>
#include <snp/file.h>
#include <snp/firmware.h>
#include <snp/id_block.h>
#include <snp/profile.h>

#pragma GCC visibility push(default)

/*
 * A launch: everything that its digest depends on, the ordered launch updates that the VMM would
 * submit for it, and the digest over them.
 */
enum snp_mode {
	SNP_MODE_SNP,	   /* SEV-SNP, OVMF */
	SNP_MODE_SNP_SVSM, /* SEV-SNP, COCONUT-SVSM below OVMF, without IGVM */
	SNP_MODE_SEV_ES,
	SNP_MODE_SEV,
};

/* SHA-256 of what goes into the SEV hash table (QEMU target/i386/sev.c, PaddedSevHashTable). */
struct snp_kernel_hashes {
	uint8_t kernel[SNP_SHA256_SIZE];  /* the whole file */
	uint8_t initrd[SNP_SHA256_SIZE];  /* the whole file; of no bytes where there is none */
	uint8_t cmdline[SNP_SHA256_SIZE]; /* the bytes and one NUL */
};

struct snp_launch {
	enum snp_mode mode;
	const struct snp_profile *profile;
	const struct snp_firmware *firmware;
	const struct snp_firmware *svsm; /* mode svsm only */
	uint64_t vars_size;		 /* mode svsm only: bytes between OVMF and SVSM */
	const struct snp_kernel_hashes *kernel_hashes; /* NULL: kernel hashes off */
	uint32_t vcpu_count;
	uint32_t cpu_signature;	 /* CPUID leaf 1 EAX of the vCPUs */
	uint64_t guest_features; /* SEV_FEATURES of every VMSA */
};

/* SEV-SNP firmware ABI 56860, PAGE_INFO.PAGE_TYPE. */
enum snp_page_type {
	SNP_PAGE_NORMAL = 1,
	SNP_PAGE_VMSA = 2,
	SNP_PAGE_ZERO = 3,
	SNP_PAGE_UNMEASURED = 4,
	SNP_PAGE_SECRETS = 5,
	SNP_PAGE_CPUID = 6,
};

/* Where a page comes from. */
enum snp_origin {
	SNP_ORIGIN_FIRMWARE,	   /* index: page within the image */
	SNP_ORIGIN_SVSM,	   /* index: page within the binary */
	SNP_ORIGIN_SECTION,	   /* index: section in the SEV metadata */
	SNP_ORIGIN_SEV_HASH_TABLE, /* the section's page that holds the table */
	SNP_ORIGIN_VCPU,	   /* index: vCPU */
};

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

/* Called for each update in order; a negative return ends the walk and is passed on. */
typedef int (*snp_launch_visit)(void *arg, const struct snp_launch_update *update,
				struct snp_error *err);

/* Refuse a launch that its VMM, KVM or the secure processor would refuse, or that has no true digest
 * (docs/measurement.md lists all). The other functions do this themselves. */
SNP_CHECK int snp_launch_check(const struct snp_launch *launch, struct snp_error *err);

/* Visit every launch update of an SEV-SNP launch. A firmware known by its summary alone has no pages
 * to visit: the walk begins after them. Errors: those of snp_launch_check(), SNP_E_CRYPTO,
 * SNP_E_NO_MEMORY, the visitor's; SNP_E_NO_DIGEST for modes other than SEV-SNP. */
SNP_CHECK int snp_launch_plan(const struct snp_launch *launch, snp_launch_visit visit, void *arg,
			      struct snp_error *err);

/* The launch digest: SHA-384 chain of PAGE_INFO (48 bytes) for SEV-SNP, SHA-256 (32 bytes) for SEV-ES
 * and SEV; `ret_size` says which. Errors: as above. */
SNP_CHECK int snp_launch_digest(const struct snp_launch *launch,
				uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE], size_t *ret_size,
				struct snp_error *err);

#pragma GCC visibility pop

#endif
