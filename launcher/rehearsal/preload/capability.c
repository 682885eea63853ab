// SPDX-License-Identifier: Apache-2.0
/* KVM_CHECK_EXTENSION (Linux 6.12 virt/kvm/kvm_main.c and arch/x86/kvm/x86.c). */
#include <unistd.h>

#include "memory.h"
#include "uapi.h"
#include "vm.h"

/* What the simulated kernel has, whatever the VM. What is missing here the kernel does not have, and
 * says 0 to, as every kernel does to a number it does not know: dirty ring, statistics, nested
 * virtualization, Xen, Hyper-V and the PMU would only concern a guest that runs. */
static const struct {
	unsigned int number;
	int value;
} constants[] = {
	{KVM_CAP_IRQCHIP, 1},
	{KVM_CAP_USER_MEMORY, 1},
	{KVM_CAP_SET_TSS_ADDR, 1},
	{KVM_CAP_VAPIC, 1},
	{KVM_CAP_EXT_CPUID, 1},
	{KVM_CAP_NR_MEMSLOTS, MAX_SLOTS},
	{KVM_CAP_NOP_IO_DELAY, 1},
	{KVM_CAP_MP_STATE, 1},
	{KVM_CAP_COALESCED_MMIO, RUN_COALESCED_OFFSET / 4096},
	{KVM_CAP_COALESCED_PIO, 1},
	{KVM_CAP_SYNC_MMU, 1},
	{KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1},
	{KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1},
	{KVM_CAP_USER_NMI, 1},
	{KVM_CAP_REINJECT_CONTROL, 1},
	{KVM_CAP_IRQ_ROUTING, 4096},
	{KVM_CAP_IRQ_INJECT_STATUS, 1},
	{KVM_CAP_MCE, MCE_BANKS},
	{KVM_CAP_IRQFD, 1},
	{KVM_CAP_IRQFD_RESAMPLE, 1},
	{KVM_CAP_PIT2, 1},
	{KVM_CAP_PIT_STATE2, 1},
	{KVM_CAP_SET_BOOT_CPU_ID, 1},
	{KVM_CAP_IOEVENTFD, 1},
	{KVM_CAP_IOEVENTFD_NO_LENGTH, 1},
	{KVM_CAP_IOEVENTFD_ANY_LENGTH, 1},
	{KVM_CAP_SET_IDENTITY_MAP_ADDR, 1},
	{KVM_CAP_ADJUST_CLOCK, 0x2},
	{KVM_CAP_INTERNAL_ERROR_DATA, 1},
	{KVM_CAP_VCPU_EVENTS, 1},
	{KVM_CAP_DEBUGREGS, 1},
	{KVM_CAP_X86_ROBUST_SINGLESTEP, 1},
	{KVM_CAP_ENABLE_CAP, 1},
	{KVM_CAP_ENABLE_CAP_VM, 1},
	{KVM_CAP_XSAVE, 1},
	{KVM_CAP_XCRS, 1},
	{KVM_CAP_GET_TSC_KHZ, 1},
	{KVM_CAP_TSC_CONTROL, 1},
	{KVM_CAP_MAX_VCPUS, MAX_VCPUS},
	{KVM_CAP_MAX_VCPU_ID, 4096},
	{KVM_CAP_TSC_DEADLINE_TIMER, 1},
	{KVM_CAP_SIGNAL_MSI, 1},
	{KVM_CAP_KVMCLOCK_CTRL, 1},
	{KVM_CAP_CHECK_EXTENSION_VM, 1},
	{KVM_CAP_X2APIC_API, 3},
	{KVM_CAP_IMMEDIATE_EXIT, 1},
	{KVM_CAP_GET_MSR_FEATURES, 1},
	{KVM_CAP_EXIT_HYPERCALL, 1 << 12}, /* KVM_HC_MAP_GPA_RANGE */
	{KVM_CAP_SREGS2, 1},
	{KVM_CAP_XSAVE2, XSAVE_IMAGE_SIZE},
	{KVM_CAP_SYS_ATTRIBUTES, 1},
	{UAPI_CAP_USER_MEMORY2, 1},
	{UAPI_CAP_MEMORY_FAULT_INFO, 1},
	{UAPI_CAP_VM_TYPES,
	 1 << UAPI_DEFAULT_VM | 1 << UAPI_SEV_VM | 1 << UAPI_SEV_ES_VM | 1 << UAPI_SNP_VM},
};

int capability(const struct vm *vm, unsigned long number)
{
	switch (number) {
	case KVM_CAP_NR_VCPUS:
		return (int)sysconf(_SC_NPROCESSORS_ONLN);
	/* Not for types whose state KVM protects. */
	case KVM_CAP_READONLY_MEM:
		return !vm || !vm_has_protected_state(vm);
	case KVM_CAP_X86_SMM:
		return !vm || !(vm->sev.es_active || vm_has_protected_state(vm));
	/* SMM's is the second. */
	case KVM_CAP_MULTI_ADDRESS_SPACE:
		return vm && vm_has_private_memory(vm) ? 1 : 2;
	/* Only for types with private memory. */
	case UAPI_CAP_MEMORY_ATTRIBUTES:
		return !vm || vm_has_private_memory(vm) ? (int)UAPI_MEMORY_ATTRIBUTE_PRIVATE : 0;
	case UAPI_CAP_GUEST_MEMFD:
		return !vm || vm_has_private_memory(vm);
	default:
		break;
	}
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (constants[i].number == number)
			return constants[i].value;
	return 0;
}
