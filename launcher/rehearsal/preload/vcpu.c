// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "complaint.h"
#include "node.h"
#include "uapi.h"
#include "vm.h"

#define MAX_CPUID 256 /* Linux 6.12 KVM_MAX_CPUID_ENTRIES */

int vcpu_create(struct vm *vm, unsigned long id)
{
	struct vcpu *vcpu;
	int fd;

	if (vm->vcpu_count == MAX_VCPUS || id >= 4096)
		return -EINVAL;
	for (unsigned int i = 0; i < vm->vcpu_count; i++)
		if (vm->vcpus[i]->id == id)
			return -EEXIST;
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu)
		return -ENOMEM;
	*vcpu = (struct vcpu){.vm = vm, .id = (uint32_t)id, .wake = -1};
	if (vm->vcpu_count == 0)
		vcpu->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vcpu_state_reset(&vcpu->state, vcpu->id);
	/* The BSP runs, the others wait for their INIT (kvm_lapic_reset, kvm_arch_vcpu_create). */
	vcpu->mp_state.mp_state =
		vcpu->id == 0 ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_UNINITIALIZED;
	fd = node_open(NODE_VCPU, vcpu, RUN_SIZE);
	if (fd < 0) {
		free(vcpu);
		return fd;
	}
	vcpu->run = mmap(NULL, RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (vcpu->run == MAP_FAILED) {
		node_forget(fd);
		close(fd);
		free(vcpu);
		return -ENOMEM;
	}
	vm->vcpus[vm->vcpu_count++] = vcpu;
	return fd;
}

static int set_cpuid(struct vcpu *vcpu, const struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *copy;

	if (cpuid->nent > MAX_CPUID)
		return -E2BIG;
	copy = calloc(cpuid->nent + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, cpuid->entries, cpuid->nent * sizeof(*copy));
	free(vcpu->cpuid);
	vcpu->cpuid = copy;
	vcpu->cpuid_count = cpuid->nent;
	return 0;
}

static int get_cpuid(const struct vcpu *vcpu, struct kvm_cpuid2 *ret)
{
	if (ret->nent < vcpu->cpuid_count)
		return -E2BIG;
	if (vcpu->cpuid_count)
		memcpy(ret->entries, vcpu->cpuid, vcpu->cpuid_count * sizeof(ret->entries[0]));
	ret->nent = vcpu->cpuid_count;
	return 0;
}

/* Whether the launch has encrypted this register with the save area (svm.c,
 * sev_es_prevent_msr_access). */
static bool is_msr_protected(const struct vcpu *vcpu, int msr)
{
	if (!vcpu->state_protected)
		return false;
	switch (msr) {
	case MSR_STAR:
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_SYSCALL_MASK:
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
	case MSR_SYSENTER_CS:
	case MSR_SYSENTER_ESP:
	case MSR_SYSENTER_EIP:
	case MSR_PAT:
	case MSR_XSS:
	case MSR_DEBUGCTL:
		return true;
	default:
		return false;
	}
}

static void set_msr(struct vcpu_state *state, int msr, uint64_t value)
{
	state->msrs[msr] = value;
	if (msr == MSR_FS_BASE)
		state->sregs.fs.base = value;
	else if (msr == MSR_GS_BASE)
		state->sregs.gs.base = value;
}

/* Both return how many registers were done; the kernel stops at the first that it does not have, or
 * that is protected in a VM type that refuses it. */
static int set_msrs(struct vcpu *vcpu, const struct kvm_msrs *msrs)
{
	for (uint32_t i = 0; i < msrs->nmsrs; i++) {
		int msr = msr_find(msrs->entries[i].index);

		if (msr < 0) {
			complain("unknown MSR 0x%x is set to 0x%llx", msrs->entries[i].index,
				 msrs->entries[i].data);
			return (int)i;
		}
		if (!is_msr_protected(vcpu, msr))
			set_msr(&vcpu->state, msr, msrs->entries[i].data);
		else if (vm_has_protected_state(vcpu->vm))
			return (int)i;
	}
	return (int)msrs->nmsrs;
}

static int get_msrs(const struct vcpu *vcpu, struct kvm_msrs *ret)
{
	for (uint32_t i = 0; i < ret->nmsrs; i++) {
		int msr = msr_find(ret->entries[i].index);
		bool protected;

		if (msr < 0) {
			complain("unknown MSR 0x%x is read", ret->entries[i].index);
			return (int)i;
		}
		protected = is_msr_protected(vcpu, msr);
		if (protected && vm_has_protected_state(vcpu->vm))
			return (int)i;
		ret->entries[i].data = protected ? 0 : vcpu->state.msrs[msr];
	}
	return (int)ret->nmsrs;
}

static int set_xcrs(struct vcpu *vcpu, const struct kvm_xcrs *xcrs)
{
	if (xcrs->nr_xcrs > KVM_MAX_XCRS || xcrs->flags)
		return -EINVAL;
	for (uint32_t i = 0; i < xcrs->nr_xcrs; i++)
		if (xcrs->xcrs[i].xcr == 0)
			vcpu->state.xcr0 = xcrs->xcrs[i].value;
	/* __kvm_set_xcr(): x87 cannot be off. */
	return vcpu->state.xcr0 & 1 ? 0 : -EINVAL;
}

static int set_debugregs(struct vcpu *vcpu, const struct kvm_debugregs *debugregs)
{
	if (debugregs->flags || debugregs->dr6 >> 32 || debugregs->dr7 >> 32)
		return -EINVAL;
	vcpu->state.debugregs = *debugregs;
	return 0;
}

static int set_sregs2(struct vcpu *vcpu, const struct kvm_sregs2 *sregs)
{
	if (sregs->flags & ~(__u64)KVM_SREGS2_FLAGS_PDPTRS_VALID)
		return -EINVAL;
	vcpu->state.sregs = *sregs;
	return 0;
}

/* The registers that a launch encrypts: from then on -EINVAL where KVM protects the VM type, no effect
 * where it does not (x86.c, has_protected_state). */
#define NOT_A_REGISTER 1
static int register_ioctl(struct vcpu *vcpu, unsigned long request, void *arg)
{
	struct vcpu_state *state = &vcpu->state;
	int refused = vm_has_protected_state(vcpu->vm) ? -EINVAL : 0;
	bool protected = vcpu->state_protected;

	switch (request) {
	case KVM_SET_REGS:
		if (protected)
			return refused;
		memcpy(&state->regs, arg, sizeof(state->regs));
		return 0;
	case KVM_GET_REGS:
		if (protected && refused)
			return refused;
		memcpy(arg, &state->regs, sizeof(state->regs));
		return 0;
	case KVM_SET_SREGS2:
		return protected ? refused : set_sregs2(vcpu, arg);
	case KVM_GET_SREGS2:
		if (protected && refused)
			return refused;
		memcpy(arg, &state->sregs, sizeof(state->sregs));
		return 0;
	case KVM_SET_XSAVE:
		return protected ? refused : vcpu_state_set_xsave(state, arg);
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
		if (protected)
			return refused;
		vcpu_state_get_xsave(state, arg);
		return 0;
	case KVM_SET_XCRS:
		return protected ? refused : set_xcrs(vcpu, arg);
	case KVM_GET_XCRS:
		if (protected && refused)
			return refused;
		*(struct kvm_xcrs *)arg =
			(struct kvm_xcrs){.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = state->xcr0}}};
		return 0;
	case KVM_SET_DEBUGREGS:
		return protected ? refused : set_debugregs(vcpu, arg);
	case KVM_GET_DEBUGREGS:
		if (protected && refused)
			return refused;
		memcpy(arg, &state->debugregs, sizeof(state->debugregs));
		return 0;
	default:
		return NOT_A_REGISTER;
	}
}

int vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg)
{
	int r = register_ioctl(vcpu, request, arg);

	if (r != NOT_A_REGISTER)
		return r;
	switch (request) {
	case KVM_SET_MSRS:
		return set_msrs(vcpu, arg);
	case KVM_GET_MSRS:
		return get_msrs(vcpu, arg);
	case KVM_SET_CPUID2:
		return set_cpuid(vcpu, arg);
	case KVM_GET_CPUID2:
		return get_cpuid(vcpu, arg);
	case KVM_SET_VCPU_EVENTS:
		memcpy(&vcpu->events, arg, sizeof(vcpu->events));
		return 0;
	case KVM_GET_VCPU_EVENTS:
		memcpy(arg, &vcpu->events, sizeof(vcpu->events));
		return 0;
	case KVM_SET_MP_STATE:
		memcpy(&vcpu->mp_state, arg, sizeof(vcpu->mp_state));
		return 0;
	case KVM_GET_MP_STATE:
		memcpy(arg, &vcpu->mp_state, sizeof(vcpu->mp_state));
		return 0;
	case KVM_SET_LAPIC:
		memcpy(&vcpu->lapic, arg, sizeof(vcpu->lapic));
		return 0;
	case KVM_GET_LAPIC:
		memcpy(arg, &vcpu->lapic, sizeof(vcpu->lapic));
		return 0;
	case KVM_GET_TSC_KHZ:
		return 2400000;
	/* They configure what only running guest code would notice. */
	case KVM_SET_TSC_KHZ:
	case KVM_X86_SETUP_MCE:
	case KVM_TPR_ACCESS_REPORTING:
	case KVM_SET_VAPIC_ADDR:
	case KVM_KVMCLOCK_CTRL:
	case KVM_NMI:
		return 0;
	/* Asked for without asking for the capability, KVM_CAP_BINARY_STATS_FD, which there is not. */
	case KVM_GET_STATS_FD:
		return -EINVAL;
	default:
		return refuse_unknown("a vCPU", request);
	}
}
