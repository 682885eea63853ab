// SPDX-License-Identifier: Apache-2.0
#include "msr.h"

#include <stddef.h>
#include <string.h>

static const struct {
	uint32_t index;
	uint64_t reset;
} named[MSR_NAMED] = {
#define X(name, index, reset) [MSR_##name] = {index, reset},
	MSRS(X)
#undef X
};

static const uint32_t fixed_mtrrs[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				       0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
_Static_assert(sizeof(fixed_mtrrs) / sizeof(fixed_mtrrs[0]) == MSR_MCE - MSR_MTRR_FIX, "MTRRs");

static const struct {
	uint32_t start, count;
	int first;
} families[] = {
	{0x200, 16, MSR_MTRR_PHYS},	 {0x400, 4 * MCE_BANKS, MSR_MCE},
	{0xc0010000, 8, MSR_K7_PMU},	 {0xc0010200, 12, MSR_CORE_PMU},
	{0xc0000300, 3, MSR_PMU_GLOBAL},
};

void msr_reset(uint64_t msrs[static MSR_COUNT])
{
	memset(msrs, 0, MSR_COUNT * sizeof(msrs[0]));
	for (size_t i = 0; i < MSR_NAMED; i++)
		msrs[i] = named[i].reset;
}

int msr_find(uint32_t index)
{
	for (int i = 0; i < MSR_NAMED; i++)
		if (named[i].index == index)
			return i;
	for (int i = 0; i < MSR_MCE - MSR_MTRR_FIX; i++)
		if (fixed_mtrrs[i] == index)
			return MSR_MTRR_FIX + i;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (index >= families[i].start && index - families[i].start < families[i].count)
			return families[i].first + (int)(index - families[i].start);
	return -1;
}

static unsigned int take(const enum msr *list, unsigned int count, uint32_t *ret, unsigned int max)
{
	for (unsigned int i = 0; i < count && i < max; i++)
		ret[i] = named[list[i]].index;
	return count;
}

unsigned int msr_list(uint32_t *ret, unsigned int max)
{
	static const enum msr list[] = {
		MSR_SYSENTER_CS,
		MSR_SYSENTER_ESP,
		MSR_SYSENTER_EIP,
		MSR_STAR,
		MSR_CSTAR,
		MSR_KERNEL_GS_BASE,
		MSR_SYSCALL_MASK,
		MSR_LSTAR,
		MSR_TSC,
		MSR_PAT,
		MSR_VM_HSAVE_PA,
		MSR_TSC_AUX,
		MSR_SPEC_CTRL,
		MSR_KVM_SYSTEM_TIME,
		MSR_KVM_WALL_CLOCK,
		MSR_KVM_SYSTEM_TIME_NEW,
		MSR_KVM_WALL_CLOCK_NEW,
		MSR_KVM_ASYNC_PF_EN,
		MSR_KVM_STEAL_TIME,
		MSR_KVM_PV_EOI_EN,
		MSR_KVM_ASYNC_PF_INT,
		MSR_KVM_POLL_CONTROL,
		MSR_TSC_ADJUST,
		MSR_TSC_DEADLINE,
		MSR_MISC_ENABLE,
		MSR_MCG_STATUS,
		MSR_MCG_CTL,
		MSR_SMBASE,
		MSR_PLATFORM_INFO,
		MSR_VIRT_SPEC_CTRL,
		MSR_TSC_RATIO,
		MSR_UCODE_REV,
		MSR_HWCR,
		MSR_XSS,
	};

	return take(list, sizeof(list) / sizeof(list[0]), ret, max);
}

unsigned int msr_feature_list(uint32_t *ret, unsigned int max)
{
	static const enum msr list[] = {MSR_DE_CFG, MSR_UCODE_REV};

	return take(list, sizeof(list) / sizeof(list[0]), ret, max);
}
