/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include "image/firmware.h"

#include <snp/launch.h>

/* What the files in this folder call from each other. */

/* launch_check.c */

/* Copy a launch that a caller filled. Errors: SNP_E_USAGE for its size. */
SNP_MUST_USE int launch_take(const struct snp_launch *given, struct snp_launch *ret,
			     struct snp_error *err);

/* As snp_launch_check(), of a launch of this library's own size. */
SNP_MUST_USE int launch_check(const struct snp_launch *launch, struct snp_error *err);

/* profile.c */

/* How the segment registers begin. */
enum segments {
	SEGMENTS_RESET, /* real mode: APM vol. 2, "Processor Initialization State" */
	SEGMENTS_FLAT,	/* 32-bit protected mode, 4 GiB, in which an SVSM binary starts */
};

struct snp_profile {
	const char *name;
	const char *summary;
	enum snp_vmm vmm;
	unsigned int modes; /* 1 << enum snp_mode */

	/* VMSA */
	enum segments segments;
	uint16_t cs_attrib_bsp, cs_attrib_ap, ss_attrib, tr_attrib;
	uint64_t cr0;
	bool rdx_is_signature;
	uint64_t rdx; /* if it is not */
	uint64_t g_pat;
	uint32_t mxcsr;
	uint16_t x87_fcw;
	bool aps_are_bsp; /* all vCPUs start in the same state */

	const struct igvm_rules *igvm; /* how IGVM files are launched; NULL: they are not */

	/* SEV metadata */
	enum snp_page_type sec_mem_type; /* of SNP_SEC_MEM */
	bool cpuid_last;		 /* CPUID sections are launched after all others */
};

/* The profile of a launch that snp_launch_check() accepts. */
const struct snp_profile *launch_profile(const struct snp_launch *launch);

/* vmsa.c */

/* What a VMSA depends on besides its profile. */
struct vmsa_start {
	bool is_ap;
	uint32_t eip; /* where the vCPU starts, as a flat address */
	uint32_t cpu_signature;
	uint64_t sev_features;
};

void vmsa_build(const struct snp_profile *profile, const struct vmsa_start *start,
		uint8_t ret[static SNP_PAGE_SIZE]);

/* section_check.c */

/* Firmware is loaded to end here (QEMU hw/i386/pc_sysfw.c, x86-common.c). */
#define FIRMWARE_END 0x100000000ull

/* No guest has RAM between here and FIRMWARE_END (QEMU: at most 0xb0000000 for q35, 0xe0000000 for pc,
 * hw/i386/pc_q35.c, pc_piix.c). */
#define RAM_END 0xe0000000ull

/* Refuse SEV metadata that QEMU, KVM or the secure processor would refuse in an SEV-SNP launch, or
 * that leave a guest without what it needs to start. Firmware is loaded from `lowest` upwards. For
 * QEMU the memory regions are checked too; for other VMMs only where memory ends.
 * Errors as snp_launch_check(). */
SNP_MUST_USE int section_check(const struct snp_firmware *firmware, uint64_t lowest,
			       enum snp_vmm vmm, struct snp_error *err);

/* Refuse an image that cannot have its kernel hashes measured, in SEV-SNP or in SEV and SEV-ES. */
SNP_MUST_USE int hash_table_check(const struct snp_firmware *firmware, enum snp_mode mode,
				  struct snp_error *err);

/* launch_plan.c, of launches that snp_launch_check() accepts */

/* The image whose SEV metadata are launched. */
static inline const struct snp_firmware *launch_metadata(const struct snp_launch *launch)
{
	return launch->mode == SNP_MODE_SNP_SVSM ? launch->svsm : launch->firmware;
}

static inline uint64_t launch_firmware_gpa(const struct snp_launch *launch)
{
	return FIRMWARE_END - launch->firmware->info.size;
}

/* Below OVMF and the variables that lie under it. */
static inline uint64_t launch_svsm_gpa(const struct snp_launch *launch)
{
	return launch_firmware_gpa(launch) - launch->vars_size - launch->svsm->info.size;
}

/* The table that QEMU writes for the firmware to check the kernel against. */
void sev_hash_table_build(const struct snp_kernel_hashes *hashes,
			  uint8_t ret[static SNP_HASH_TABLE_SIZE]);

/* The VMSA of a vCPU, of a mode other than SEV and SNP_MODE_SNP_IGVM. */
void launch_vmsa(const struct snp_launch *launch, uint32_t index,
		 uint8_t ret[static SNP_PAGE_SIZE]);

/* A mode of SEV-SNP: its digest is a chain of launch updates. */
static inline bool mode_is_snp(enum snp_mode mode)
{
	return mode == SNP_MODE_SNP || mode == SNP_MODE_SNP_SVSM || mode == SNP_MODE_SNP_IGVM;
}

/* Check an SEV-SNP launch and walk through its updates, with or without those of the vCPUs; `visit`
 * may be NULL. `ret` is LD after the last one. Errors as snp_launch_plan(). */
SNP_MUST_USE int launch_walk(const struct snp_launch *launch, bool with_vcpus,
			     snp_launch_visit visit, void *arg, uint8_t ret[static SNP_SHA384_SIZE],
			     struct snp_error *err);

const char *vmm_name(enum snp_vmm vmm); /* as snp_vmm_find() takes it */

/* Refuse SEV_FEATURES that no guest of this mode has. Errors: SNP_E_BAD_FEATURES; SNP_E_NO_DIGEST for an
 * unknown mode. */
SNP_MUST_USE int mode_check_features(enum snp_mode mode, uint64_t features, struct snp_error *err);

/* What the models differ in, of what KVM and QEMU look at when a vCPU starts in a given state. False for a
 * signature that no model has. */
enum {
	CPU_UMIP = 1,
	CPU_PCID = 2,
	CPU_PKU = 4,
	CPU_LA57 = 8,
	CPU_AVX512 = 16,
};
bool cpu_features(uint32_t signature, uint32_t *ret);

/* The name of the first model with this signature; the versions of a model share one. Else "no QEMU model", and
 * "none" for 0. */
const char *cpu_model_of(uint32_t signature);

/* Tell a warning to `to`, which has an snp_launch_warn and its argument. */
#define say(to, name, ...)                                 \
	do {                                               \
		char say_[512];                            \
		snprintf(say_, sizeof(say_), __VA_ARGS__); \
		(to)->warn((to)->arg, name, say_);         \
	} while (0)

#endif
