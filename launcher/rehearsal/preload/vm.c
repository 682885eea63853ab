// SPDX-License-Identifier: Apache-2.0
#include "vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node.h"
#include "program.h"

/* KVM_CHECK_EXTENSION (Linux 6.12 virt/kvm/kvm_main.c and arch/x86/kvm/x86.c): what the simulated
 * kernel has, whatever the VM. What is missing here the kernel does not have, and
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

int vm_create(unsigned long type)
{
	struct vm *vm;
	int fd;

	if (type != UAPI_DEFAULT_VM && type != UAPI_SEV_VM && type != UAPI_SEV_ES_VM &&
	    type != UAPI_SNP_VM)
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->type = (unsigned int)type;
	vm->memory.has_private = vm_has_private_memory(vm);
	vm->memory.has_read_only = !vm_has_protected_state(vm);
	pthread_mutex_init(&vm->lock, NULL);
	fd = node_open(NODE_VM, vm, 0);
	if (fd < 0)
		free(vm);
	else
		program_watch_keeper();
	return fd;
}

static int set_region(struct vm *vm, const struct kvm_userspace_memory_region *region)
{
	const struct uapi_memory_region2 region2 = {
		.slot = region->slot,
		.flags = region->flags,
		.guest_phys_addr = region->guest_phys_addr,
		.memory_size = region->memory_size,
		.userspace_addr = region->userspace_addr,
	};

	/* A slot of the old form has no room for a guest_memfd. */
	if (region->flags & UAPI_MEM_GUEST_MEMFD)
		return -EINVAL;
	return memory_set_region(&vm->memory, &region2);
}

static int irqchip(struct vm *vm, struct kvm_irqchip *chip, bool set)
{
	if (chip->chip_id > 2)
		return -EINVAL;
	if (set)
		vm->irqchips[chip->chip_id] = *chip;
	else
		*chip = vm->irqchips[chip->chip_id];
	return 0;
}

static int64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int get_clock(const struct vm *vm, struct kvm_clock_data *ret)
{
	*ret = (struct kvm_clock_data){.clock = (uint64_t)(nanoseconds() + vm->clock_offset)};
	return 0;
}

static int set_clock(struct vm *vm, const struct kvm_clock_data *clock)
{
	vm->clock_offset = (int64_t)clock->clock - nanoseconds();
	return 0;
}

/* No vCPU takes interrupts, but those that the guest's software waits for wake the boot vCPU. */
static int irq_line(struct vm *vm, struct kvm_irq_level *level)
{
	const uint64_t one = 1;

	if ((level->irq == SERIAL_IRQ || level->irq == SCI_IRQ) && level->level &&
	    vm->vcpu_count > 0)
		(void)!write(vm->vcpus[0]->wake, &one, sizeof(one));
	level->status = 1;
	return 0;
}

static int enable_capability(const struct vm *vm, const struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	/* Exits and quirks that only running guest code would notice. CD_NW_CLEARED decides over CR0 in
	 * the save area: nobody turns it off so far, and then the simulation must know. */
	case KVM_CAP_EXIT_HYPERCALL:
	case KVM_CAP_X86_DISABLE_EXITS:
	case KVM_CAP_EXCEPTION_PAYLOAD:
	case KVM_CAP_X86_TRIPLE_FAULT_EVENT:
	case KVM_CAP_X2APIC_API:
	case KVM_CAP_MAX_VCPU_ID:
	case KVM_CAP_MSR_PLATFORM_INFO:
	case KVM_CAP_X86_USER_SPACE_MSR:
	case KVM_CAP_ENFORCE_PV_FEATURE_CPUID:
		return capability(vm, cap->cap) ? 0 : -EINVAL;
	default:
		return refuse_unknown("KVM_ENABLE_CAP", cap->cap);
	}
}

/* In-kernel devices that QEMU configures, saves and restores. */
static int device_ioctl(struct vm *vm, unsigned long request, void *arg)
{
	switch (request) {
	case KVM_GET_IRQCHIP:
		return irqchip(vm, arg, false);
	case KVM_SET_IRQCHIP:
		return irqchip(vm, arg, true);
	case KVM_GET_PIT2:
		memcpy(arg, &vm->pit, sizeof(vm->pit));
		return 0;
	case KVM_SET_PIT2:
		memcpy(&vm->pit, arg, sizeof(vm->pit));
		return 0;
	case KVM_GET_CLOCK:
		return get_clock(vm, arg);
	case KVM_SET_CLOCK:
		return set_clock(vm, arg);
	case KVM_IRQ_LINE:
	case KVM_IRQ_LINE_STATUS:
		return irq_line(vm, arg);
	/* They configure what only running guest code would notice. */
	case KVM_SET_TSS_ADDR:
	case KVM_SET_IDENTITY_MAP_ADDR:
	case KVM_SET_NR_MMU_PAGES:
	case KVM_SET_BOOT_CPU_ID:
	case KVM_CREATE_IRQCHIP:
	case KVM_CREATE_PIT2:
	case KVM_REINJECT_CONTROL:
	case KVM_SET_GSI_ROUTING:
	case KVM_SIGNAL_MSI:
	case KVM_IRQFD:
	case KVM_IOEVENTFD:
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
	case KVM_X86_SET_MSR_FILTER:
		return 0;
	default:
		return refuse_unknown("a VM", request);
	}
}

/* KVM pins what an SEV guest has registered; an SNP guest is refused only a wrong range. */
static int register_region(const struct vm *vm, const struct kvm_enc_region *region)
{
	if (!vm->sev.active)
		return -ENOTTY;
	return region->size ? 0 : -EINVAL;
}

static int dispatch(struct vm *vm, unsigned long request, void *arg)
{
	switch (request) {
	case KVM_CHECK_EXTENSION:
		return capability(vm, (unsigned long)arg);
	case KVM_CREATE_VCPU:
		return vcpu_create(vm, (unsigned long)arg);
	case KVM_SET_USER_MEMORY_REGION:
		return set_region(vm, arg);
	case UAPI_SET_USER_MEMORY_REGION2:
		return memory_set_region(&vm->memory, arg);
	case UAPI_SET_MEMORY_ATTRIBUTES:
		return memory_set_attributes(&vm->memory, arg);
	case UAPI_CREATE_GUEST_MEMFD:
		return memory_create_guest_memfd(&vm->memory, arg);
	case KVM_MEMORY_ENCRYPT_OP:
		return sev_guest_op(vm, arg);
	case KVM_MEMORY_ENCRYPT_REG_REGION:
	case KVM_MEMORY_ENCRYPT_UNREG_REGION:
		return register_region(vm, arg);
	case KVM_ENABLE_CAP:
		return enable_capability(vm, arg);
	default:
		return device_ioctl(vm, request, arg);
	}
}

int vm_ioctl(struct vm *vm, unsigned long request, void *arg)
{
	int r;

	pthread_mutex_lock(&vm->lock);
	r = dispatch(vm, request, arg);
	pthread_mutex_unlock(&vm->lock);
	return r;
}
