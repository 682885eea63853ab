// SPDX-License-Identifier: Apache-2.0
/* /dev/kvm itself. */
#include <errno.h>
#include <string.h>

#include "complaint.h"
#include "cpuid.h"
#include "settings.h"
#include "uapi.h"
#include "vm.h"

static int supported_cpuid(struct kvm_cpuid2 *ret)
{
	size_t count;
	const struct cpuid_leaf *leaves = cpuid_supported(&count);

	if (ret->nent < count)
		return -E2BIG;
	ret->nent = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		ret->entries[i] = (struct kvm_cpuid_entry2){
			.function = leaves[i].function,
			.index = leaves[i].index,
			.flags = leaves[i].indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
			.eax = leaves[i].eax,
			.ebx = leaves[i].ebx,
			.ecx = leaves[i].ecx,
			.edx = leaves[i].edx,
		};
	return 0;
}

/* kvm_arch_dev_ioctl(): the number that there are is always told. */
static int list_msrs(struct kvm_msr_list *ret, unsigned int (*list)(uint32_t *, unsigned int))
{
	unsigned int room = ret->nmsrs;

	ret->nmsrs = list(ret->indices, room);
	return ret->nmsrs > room ? -E2BIG : 0;
}

static int get_feature_msrs(struct kvm_msrs *ret)
{
	uint64_t reset[MSR_COUNT];

	msr_reset(reset);
	for (uint32_t i = 0; i < ret->nmsrs; i++) {
		int at = msr_find(ret->entries[i].index);

		if (at != MSR_DE_CFG && at != MSR_UCODE_REV)
			return (int)i;
		ret->entries[i].data = reset[at];
	}
	return (int)ret->nmsrs;
}

static int get_attribute(const struct kvm_device_attr *attr, bool read)
{
	uint64_t value;

	if (attr->group == 0 && attr->attr == KVM_X86_XCOMP_GUEST_SUPP)
		value = cpuid_of_host(0xd, 0).eax;
	else if (attr->group == UAPI_X86_GRP_SEV && attr->attr == UAPI_X86_SEV_VMSA_FEATURES)
		value = 0;
	else if (attr->group == UAPI_X86_GRP_SEV && attr->attr == UAPI_X86_SNP_POLICY_BITS &&
		 settings()->kernel == KERNEL_6_19)
		value = snp_guest_policy_bits();
	else
		return -ENXIO;
	if (read)
		memcpy((void *)attr->addr, &value, sizeof(value));
	return 0;
}

int system_ioctl(unsigned long request, void *arg)
{
	const uint64_t mce = 1ULL << 24 | 1ULL << 8 | MCE_BANKS; /* MCG_SER_P, MCG_CTL_P */

	switch (request) {
	case KVM_GET_API_VERSION:
		return KVM_API_VERSION;
	case KVM_CHECK_EXTENSION:
		return capability(NULL, (unsigned long)arg);
	case KVM_CREATE_VM:
		return vm_create((unsigned long)arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return RUN_SIZE;
	case KVM_GET_SUPPORTED_CPUID:
		return supported_cpuid(arg);
	case KVM_GET_MSR_INDEX_LIST:
		return list_msrs(arg, msr_list);
	case KVM_GET_MSR_FEATURE_INDEX_LIST:
		return list_msrs(arg, msr_feature_list);
	case KVM_GET_MSRS:
		return get_feature_msrs(arg);
	case KVM_X86_GET_MCE_CAP_SUPPORTED:
		memcpy(arg, &mce, sizeof(mce));
		return 0;
	case KVM_GET_DEVICE_ATTR:
		return get_attribute(arg, true);
	case KVM_HAS_DEVICE_ATTR:
		return get_attribute(arg, false);
	default:
		return refuse_unknown("/dev/kvm", request);
	}
}
