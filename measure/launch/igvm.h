/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_IGVM_H
#define LAUNCH_IGVM_H

#include "image/igvm.h"
#include "launch/launch.h"

/* How loaders launch an IGVM file: rules as data, and what they make of a file. */

enum igvm_order {
	IGVM_PAGE_RUNS,	       /* QEMU: see igvm_directives.c */
	IGVM_HEADER_BY_HEADER, /* each header where it stands */
};

/* All but the last: of all vCPUs, at the end, by KVM from the registers that the loader gave it. */
enum igvm_vmsa {
	IGVM_VMSA_QEMU,
	IGVM_VMSA_CLOUD_HYPERVISOR,
	IGVM_VMSA_OPENVMM,
	IGVM_VMSA_IN_FILE, /* the file's 4096 bytes, at the header's place and address */
};

/* Of a page of 2 MiB. */
enum igvm_large {
	IGVM_LARGE_FILLED, /* the file's 4 KiB, then zeros */
	IGVM_LARGE_EMPTY,  /* zeros; one with contents is refused */
	IGVM_LARGE_CUT,	   /* 4 KiB of zeros; one with contents is refused */
};

/* Pages of a parameter area. */
enum igvm_insert {
	IGVM_INSERT_32_BITS, /* all, where the size is kept in 32 bits */
	IGVM_INSERT_WHOLE,
	IGVM_INSERT_ONE_PAGE, /* one, whatever its size */
};

/* What is memory, igvm_memory.c. */
enum igvm_ram {
	IGVM_RAM_ANY, /* not looked at */
	IGVM_RAM_QEMU,
	IGVM_RAM_CLOUD_HYPERVISOR,
	IGVM_RAM_OPENVMM,
};

/* The guest policy that is launched. */
enum igvm_policy {
	IGVM_POLICY_GIVEN,  /* on the command line, whatever the file has */
	IGVM_POLICY_FILE,   /* the file's, if it has one that is not 0 */
	IGVM_POLICY_NEEDED, /* the file's; one without is refused */
};

/* The file's ID block. */
enum igvm_id_block {
	IGVM_ID_BLOCK_QEMU, /* given to KVM, with an author if there is an author key */
	IGVM_ID_BLOCK_FLAG, /* given to KVM, with an author if the header says so */
	IGVM_ID_BLOCK_UNUSED,
};

struct igvm_rules {
	const char *loader;
	bool any_sev; /* takes SEV-ES, SEV and native files where there is no SEV-SNP platform */
	bool filters; /* headers for other platforms are dropped before their type counts */
	enum igvm_order order;
	enum igvm_vmsa vmsa;
	enum igvm_large large;
	enum snp_page_type zero_page; /* of a measured page without contents */
	enum igvm_insert insert;
	enum igvm_ram ram;
	enum igvm_policy policy;
	enum igvm_id_block id_block;
	bool cpuid_32_bits;   /* the address of CPUID pages is cut to 32 bits */
	bool no_cpuid_xf;     /* refuses CPUID_XF pages */
	bool skips_shared;    /* shared pages are memory, and not launched */
	bool discards;	      /* REQUIRED_MEMORY discards what was written before */
	bool is_kvm;	      /* a page launched twice is refused; ID block and memory count */
	bool ignores_unknown; /* headers that it does not know are passed over */
	uint32_t known;	      /* directives: 1 << (type - SNP_IGVM_PARAMETER_AREA) */
	bool is_run;	      /* confirmed by runs of the loader, not by reading it alone */
};

/* Launch updates of one type at one place after the other. */
struct igvm_piece {
	enum snp_page_type type;
	uint32_t pages;
	uint32_t
		claims; /* pages that no other may be launched at: `pages`, or of what is not launched */
	uint64_t gpa;
	uint64_t file_gpa; /* as the file has it */
	uint32_t header;   /* number of the header that it comes from */
	uint32_t data;	   /* contents of the first page in the file; 0: zeros, as all others */
	bool is_wiped;	   /* the loader wrote something there, and discards it */
};

struct igvm_context {
	uint32_t vcpu;
	uint32_t header;
};

struct igvm_layout {
	const struct snp_igvm_info *info;
	uint32_t platform, mask; /* the platform that is launched, and its mask */
	struct igvm_piece *pieces;
	size_t n_pieces;
	uint64_t pages; /* of all pieces */

	struct igvm_context *contexts; /* by vCPU; of several for one, the last */
	size_t n_contexts;
	uint64_t features; /* SEV_FEATURES of all vCPUs */

	bool has_policy;
	uint64_t policy;
	const struct snp_igvm_header *id_block; /* NULL: none */
};

/* launch_check.c: check a launch of an IGVM file, and make its layout, for igvm_layout_done(). */
SNP_MUST_USE int igvm_launch_check(const struct snp_launch *launch, struct igvm_layout *ret,
				   struct snp_error *err);

/* Find what the launch's profile makes of its IGVM file, and refuse what its loader or KVM refuses.
 * `ret` is for igvm_layout_done(). Errors: SNP_E_IGVM_LAUNCH, SNP_E_NEEDS_MEMORY, SNP_E_NEEDS_CPU_MODEL,
 * SNP_E_TOO_LARGE, SNP_E_READ, SNP_E_CHANGED, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_layout_make(const struct snp_launch *launch, struct igvm_layout *ret,
				  struct snp_error *err);
void igvm_layout_done(struct igvm_layout *layout);

/* profile.c: the mask of the platform that the rules launch. Errors: SNP_E_IGVM_LAUNCH. */
SNP_MUST_USE int igvm_choose_platform(const struct snp_igvm_info *info,
				      const struct igvm_rules *rules, uint32_t *ret_platform,
				      uint32_t *ret_mask, struct snp_error *err);

struct igvm_memory;

/* igvm_directives.c */

/* Take the headers in order, as the loader does: pages, parameters, policy and ID block go into `layout`, whose
 * platform is chosen. `memory` is NULL where the loader's is not modelled.
 * Errors: SNP_E_IGVM_LAUNCH, SNP_E_NEEDS_MEMORY, SNP_E_TOO_LARGE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_directives_take(const struct snp_launch *launch, struct igvm_memory *memory,
				      struct igvm_layout *layout, struct snp_error *err);

/* igvm_memory.c: guest memory before the guest runs, of QEMU's q35 and of others. */

/* The guest's memory, of `size` bytes. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_memory_new(enum igvm_ram ram, uint64_t size, struct igvm_memory **ret,
				 struct snp_error *err);
void igvm_memory_free(struct igvm_memory *memory);

/* Let there be memory for `size` bytes at `gpa`, as QEMU's qigvm_prepare_memory() does, or refuse what is
 * not memory. Errors name byte `offset`: SNP_E_IGVM_LAUNCH, SNP_E_TOO_LARGE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_memory_prepare(struct igvm_memory *memory, uint64_t gpa, uint64_t size,
				     uint64_t offset, struct snp_error *err);

/* True if all of it is memory. */
bool igvm_memory_has(const struct igvm_memory *memory, uint64_t gpa, uint64_t size);

/* Sizes of memory with which every file whose ranges never cross a border of 1 MiB behaves as with any
 * other size: small, as much as lies below 4 GiB, and as much as QEMU keeps in one piece above it. */
#define IGVM_N_MEMORY_SIZES 3
#define IGVM_MEMORY_MIN	    (2ull << 20)
#define IGVM_MEMORY_MAX \
	(896ull << 30) /* near 1 TiB QEMU moves memory (hw/i386/pc.c, AMD_HT_START) */
extern const uint64_t igvm_memory_sizes[IGVM_N_MEMORY_SIZES];

/* True if QEMU's guest memory of some size ends inside this range. */
bool igvm_memory_may_end_in(uint64_t gpa, uint64_t size);

/* igvm_vcpu.c */

/* The VMSA of a vCPU: of its context in the file, or as at reset. Errors name the byte of the context:
 * SNP_E_IGVM_LAUNCH, SNP_E_NEEDS_CPU_MODEL; SNP_E_READ, SNP_E_CHANGED. */
SNP_MUST_USE int igvm_vcpu_vmsa(const struct snp_launch *launch, const struct igvm_layout *layout,
				uint32_t vcpu, uint8_t ret[static SNP_PAGE_SIZE],
				struct snp_error *err);

/* igvm_registers.c: the VMSA that KVM measures of a vCPU with this context, for loaders that hand the registers to
 * KVM as they are. Errors name byte `offset`: SNP_E_IGVM_LAUNCH. */
SNP_MUST_USE int igvm_vmsa_of_registers(enum igvm_vmsa loader,
					const uint8_t context[static SNP_PAGE_SIZE],
					uint64_t features, uint64_t offset,
					uint8_t ret[static SNP_PAGE_SIZE], struct snp_error *err);

/* Read the contexts of all vCPUs into layout->contexts, and check them. */
SNP_MUST_USE int igvm_contexts_read(const struct snp_launch *launch, struct igvm_layout *layout,
				    struct snp_error *err);

/* vCPUs up to the last that the file has a context for, of the platform that is launched; at least 1. */
uint32_t igvm_vcpus_of_file(const struct snp_launch *launch);

/* igvm_identity.c */

/* The ID block and ID auth that a loader makes of the payload of an SNP_ID_BLOCK and the file's guest policy; and the
 * payload of a pair that is signed, for the platform with `mask`. */
void igvm_id_block_get(const uint8_t file[static IGVM_ID_BLOCK], enum igvm_id_block way,
		       uint64_t policy, struct snp_id_block *ret_block,
		       uint8_t ret_auth[static SNP_ID_AUTH_SIZE]);
void igvm_id_block_put(uint32_t mask, const struct snp_id_block *block,
		       const uint8_t auth[static SNP_ID_AUTH_SIZE],
		       uint8_t ret[static IGVM_ID_BLOCK]);

/* The guest policy that the file asks for; false if it asks for none. */
bool igvm_policy_of(const struct snp_igvm_info *info, uint32_t mask, uint64_t *ret);

/* What an ID block that is added must have: the mask of the SEV-SNP platform, and the file's policy.
 * Errors: SNP_E_EXISTS if there is one, SNP_E_IGVM_LAUNCH if the file can have none. */
SNP_MUST_USE int igvm_id_block_place(const struct snp_igvm_info *info, uint32_t *ret_mask,
				     uint64_t *ret_policy, struct snp_error *err);

/* Refuse the launch if the file has an ID block that is not for `digest` and the launch's policy, or is
 * not signed. Errors: SNP_E_ID_BLOCK_DIFFERS. */
SNP_MUST_USE int igvm_id_block_check(const struct snp_launch *launch,
				     const struct igvm_layout *layout,
				     const uint8_t digest[static SNP_SHA384_SIZE],
				     struct snp_error *err);

/* igvm_wrap.c */

/* An IGVM file that launches what `launch`, of firmware, launches: its pages in their order, and a VP context for each
 * vCPU if `with_contexts`. Types of pages that no IGVM file can ask for are left to the loader: zero pages without
 * contents. `ret` is for free(). Errors: those of snp_launch_plan(); SNP_E_NO_DIGEST for a firmware summary. */
SNP_MUST_USE int igvm_wrap(const struct snp_launch *launch, bool with_contexts, uint8_t **ret,
			   size_t *ret_size, struct snp_error *err);

/* igvm_findings.c */

/* What a user should know about a launch that igvm_launch_check() accepts. */
void igvm_findings(const struct snp_launch *launch, snp_launch_warn warn, void *arg);

#endif
