/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated host's processor: what CPUID says of it, and its model-specific registers. */
#ifndef REHEARSAL_PRELOAD_PROCESSOR_H
#define REHEARSAL_PRELOAD_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Family 0x19 has the TCB layout of Milan and Genoa; no product has model 0xf0, so a report of this
 * chip cannot be mistaken for one of theirs.
 */
#define HOST_FAMILY   0x19
#define HOST_MODEL    0xf0
#define HOST_STEPPING 0x0

#define HOST_CBIT 51
#define MCE_BANKS 32

struct cpuid_leaf {
	uint32_t function;
	uint32_t index;
	uint32_t indexed; /* whether `index` matters */
	uint32_t eax, ebx, ecx, edx;
};

/* The leaf as the processor gives it; zeros if it has none. */
struct cpuid_leaf cpuid_of_host(uint32_t function, uint32_t index);

/* The leaves that KVM_GET_SUPPORTED_CPUID gives: the host's and KVM's own. */
const struct cpuid_leaf *cpuid_supported(size_t *ret_count);

/* Whether QEMU's own CPUID instructions see this processor; see processor.c. */
bool cpuid_is_simulated(void);

/* What a register is, besides its value. */
enum {
	MSR_LISTED = 1,	   /* in KVM_GET_MSR_INDEX_LIST */
	MSR_FEATURE = 2,   /* in KVM_GET_MSR_FEATURE_INDEX_LIST */
	MSR_PROTECTED = 4, /* encrypted with the save area (svm.c, sev_es_prevent_msr_access) */
};

/* The registers that QEMU sets or reads before a guest runs: X(name, index, reset value, what it is).
 * Indices: APM vol. 2, appendix A; Linux 6.12 asm/msr-index.h and asm/kvm_para.h. */
/* clang-format off */
#define MSRS(X) \
	X(TSC,                 0x00000010, 0, MSR_LISTED) \
	X(APICBASE,            0x0000001b, 0xfee00800, 0) \
	X(FEATURE_CONTROL,     0x0000003a, 0, 0) \
	X(TSC_ADJUST,          0x0000003b, 0, MSR_LISTED) \
	X(SPEC_CTRL,           0x00000048, 0, MSR_LISTED) \
	X(UCODE_REV,           0x0000008b, 0x100006500000000, MSR_LISTED | MSR_FEATURE) \
	X(SMBASE,              0x0000009e, 0x30000, MSR_LISTED) \
	X(PLATFORM_INFO,       0x000000ce, 0x80000000, MSR_LISTED) \
	X(MTRR_CAP,            0x000000fe, 0x508, 0) \
	X(SYSENTER_CS,         0x00000174, 0, MSR_LISTED | MSR_PROTECTED) \
	X(SYSENTER_ESP,        0x00000175, 0, MSR_LISTED | MSR_PROTECTED) \
	X(SYSENTER_EIP,        0x00000176, 0, MSR_LISTED | MSR_PROTECTED) \
	X(MCG_CAP,             0x00000179, 0x10a, 0) \
	X(MCG_STATUS,          0x0000017a, 0, MSR_LISTED) \
	X(MCG_CTL,             0x0000017b, 0, MSR_LISTED) \
	X(MISC_ENABLE,         0x000001a0, 0x1800, MSR_LISTED) \
	X(DEBUGCTL,            0x000001d9, 0, MSR_PROTECTED) \
	X(PAT,                 0x00000277, 0x0007040600070406, MSR_LISTED | MSR_PROTECTED) \
	X(MTRR_DEF_TYPE,       0x000002ff, 0, 0) \
	X(TSC_DEADLINE,        0x000006e0, 0, MSR_LISTED) \
	X(XSS,                 0x00000da0, 0, MSR_LISTED | MSR_PROTECTED) \
	X(VIRT_SPEC_CTRL,      0xc001011f, 0, MSR_LISTED) \
	X(KVM_WALL_CLOCK,      0x00000011, 0, MSR_LISTED) \
	X(KVM_SYSTEM_TIME,     0x00000012, 0, MSR_LISTED) \
	X(KVM_WALL_CLOCK_NEW,  0x4b564d00, 0, MSR_LISTED) \
	X(KVM_SYSTEM_TIME_NEW, 0x4b564d01, 0, MSR_LISTED) \
	X(KVM_ASYNC_PF_EN,     0x4b564d02, 0, MSR_LISTED) \
	X(KVM_STEAL_TIME,      0x4b564d03, 0, MSR_LISTED) \
	X(KVM_PV_EOI_EN,       0x4b564d04, 0, MSR_LISTED) \
	X(KVM_POLL_CONTROL,    0x4b564d05, 1, MSR_LISTED) \
	X(KVM_ASYNC_PF_INT,    0x4b564d06, 0, MSR_LISTED) \
	X(STAR,                0xc0000081, 0, MSR_LISTED | MSR_PROTECTED) \
	X(LSTAR,               0xc0000082, 0, MSR_LISTED | MSR_PROTECTED) \
	X(CSTAR,               0xc0000083, 0, MSR_LISTED | MSR_PROTECTED) \
	X(SYSCALL_MASK,        0xc0000084, 0, MSR_LISTED | MSR_PROTECTED) \
	X(FS_BASE,             0xc0000100, 0, MSR_PROTECTED) \
	X(GS_BASE,             0xc0000101, 0, MSR_PROTECTED) \
	X(KERNEL_GS_BASE,      0xc0000102, 0, MSR_LISTED | MSR_PROTECTED) \
	X(TSC_AUX,             0xc0000103, 0, MSR_LISTED) \
	X(TSC_RATIO,           0xc0000104, 0x100000000, MSR_LISTED) \
	X(HWCR,                0xc0010015, 0, MSR_LISTED) \
	X(VM_HSAVE_PA,         0xc0010117, 0, MSR_LISTED) \
	X(DE_CFG,              0xc0011029, 2, MSR_FEATURE)
/* clang-format on */

enum msr {
#define X(name, index, reset, kind) MSR_##name,
	MSRS(X)
#undef X
	MSR_NAMED,
	/* Families of registers: MTRRs, the four registers of each machine check bank, counters. */
	MSR_MTRR_PHYS = MSR_NAMED,	      /* 0x200 to 0x20f */
	MSR_MTRR_FIX = MSR_MTRR_PHYS + 16,    /* 0x250, 0x258, 0x259, 0x268 to 0x26f */
	MSR_MCE = MSR_MTRR_FIX + 11,	      /* 0x400 and on */
	MSR_K7_PMU = MSR_MCE + 4 * MCE_BANKS, /* 0xc0010000 to 0xc0010007 */
	MSR_CORE_PMU = MSR_K7_PMU + 8,	      /* 0xc0010200 to 0xc001020b */
	MSR_PMU_GLOBAL = MSR_CORE_PMU + 12,   /* 0xc0000300 to 0xc0000302 */
	MSR_COUNT = MSR_PMU_GLOBAL + 3,
};

void msr_reset(uint64_t msrs[static MSR_COUNT]);

/* The register of this index, or -1. */
int msr_find(uint32_t index);

/* Whether register `msr`, or -1, is of `kind`. */
bool msr_is(int msr, unsigned int kind);

/* The indices of the registers of `kind`, at most `max` of them into `ret`. Returns how many there are. */
unsigned int msr_list(unsigned int kind, uint32_t *ret, unsigned int max);

#endif
