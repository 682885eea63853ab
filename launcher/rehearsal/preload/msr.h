/* SPDX-License-Identifier: Apache-2.0 */
/* The model-specific registers that QEMU sets or reads before a guest runs. */
#ifndef REHEARSAL_PRELOAD_MSR_H
#define REHEARSAL_PRELOAD_MSR_H

#include <stdbool.h>
#include <stdint.h>

#define MCE_BANKS 32

/* X(name, index, reset value). Indices: APM vol. 2, appendix A; Linux 6.12 asm/msr-index.h and
 * asm/kvm_para.h. */
/* clang-format off */
#define MSRS(X) \
	X(TSC,              0x00000010, 0) \
	X(APICBASE,         0x0000001b, 0xfee00800) \
	X(FEATURE_CONTROL,  0x0000003a, 0) \
	X(TSC_ADJUST,       0x0000003b, 0) \
	X(SPEC_CTRL,        0x00000048, 0) \
	X(UCODE_REV,        0x0000008b, 0x100006500000000) \
	X(SMBASE,           0x0000009e, 0x30000) \
	X(PLATFORM_INFO,    0x000000ce, 0x80000000) \
	X(MTRR_CAP,         0x000000fe, 0x508) \
	X(SYSENTER_CS,      0x00000174, 0) \
	X(SYSENTER_ESP,     0x00000175, 0) \
	X(SYSENTER_EIP,     0x00000176, 0) \
	X(MCG_CAP,          0x00000179, 0x10a) \
	X(MCG_STATUS,       0x0000017a, 0) \
	X(MCG_CTL,          0x0000017b, 0) \
	X(MISC_ENABLE,      0x000001a0, 0x1800) \
	X(DEBUGCTL,         0x000001d9, 0) \
	X(PAT,              0x00000277, 0x0007040600070406) \
	X(MTRR_DEF_TYPE,    0x000002ff, 0) \
	X(TSC_DEADLINE,     0x000006e0, 0) \
	X(XSS,              0x00000da0, 0) \
	X(VIRT_SPEC_CTRL,   0xc001011f, 0) \
	X(KVM_WALL_CLOCK,   0x00000011, 0) \
	X(KVM_SYSTEM_TIME,  0x00000012, 0) \
	X(KVM_WALL_CLOCK_NEW,  0x4b564d00, 0) \
	X(KVM_SYSTEM_TIME_NEW, 0x4b564d01, 0) \
	X(KVM_ASYNC_PF_EN,  0x4b564d02, 0) \
	X(KVM_STEAL_TIME,   0x4b564d03, 0) \
	X(KVM_PV_EOI_EN,    0x4b564d04, 0) \
	X(KVM_POLL_CONTROL, 0x4b564d05, 1) \
	X(KVM_ASYNC_PF_INT, 0x4b564d06, 0) \
	X(STAR,             0xc0000081, 0) \
	X(LSTAR,            0xc0000082, 0) \
	X(CSTAR,            0xc0000083, 0) \
	X(SYSCALL_MASK,     0xc0000084, 0) \
	X(FS_BASE,          0xc0000100, 0) \
	X(GS_BASE,          0xc0000101, 0) \
	X(KERNEL_GS_BASE,   0xc0000102, 0) \
	X(TSC_AUX,          0xc0000103, 0) \
	X(TSC_RATIO,        0xc0000104, 0x100000000) \
	X(HWCR,             0xc0010015, 0) \
	X(VM_HSAVE_PA,      0xc0010117, 0) \
	X(DE_CFG,           0xc0011029, 2)
/* clang-format on */

enum msr {
#define X(name, index, reset) MSR_##name,
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

/* KVM_GET_MSR_INDEX_LIST and KVM_GET_MSR_FEATURE_INDEX_LIST: at most `max` indices into `ret`.
 * Returns how many there are. */
unsigned int msr_list(uint32_t *ret, unsigned int max);
unsigned int msr_feature_list(uint32_t *ret, unsigned int max);

#endif
