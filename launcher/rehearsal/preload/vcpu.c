// SPDX-License-Identifier: Apache-2.0
#include "vm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "node.h"
#include "program.h"
#include "uapi.h"

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

static bool is_msr_protected(const struct vcpu *vcpu, int msr)
{
	return vcpu->state_protected && msr_is(msr, MSR_PROTECTED);
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

static int get_xcrs(const struct vcpu *vcpu, struct kvm_xcrs *ret)
{
	*ret = (struct kvm_xcrs){.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = vcpu->state.xcr0}}};
	return 0;
}

static int copy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return 0;
}

/* The registers that a launch has encrypted: KVM answers -EINVAL if it protects the VM type; else
 * setting them has no effect, and getting all but the FPU's gives what they were (x86.c,
 * has_protected_state). */
#define AS_ALWAYS 1
static int protected_ioctl(const struct vcpu *vcpu, unsigned long request)
{
	int refused = vm_has_protected_state(vcpu->vm) ? -EINVAL : 0;

	switch (request) {
	case KVM_SET_REGS:
	case KVM_SET_SREGS2:
	case KVM_SET_XSAVE:
	case KVM_SET_XCRS:
	case KVM_SET_DEBUGREGS:
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
		return refused;
	case KVM_GET_REGS:
	case KVM_GET_SREGS2:
	case KVM_GET_XCRS:
	case KVM_GET_DEBUGREGS:
		return refused < 0 ? refused : AS_ALWAYS;
	default:
		return AS_ALWAYS;
	}
}

int vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg)
{
	struct vcpu_state *state = &vcpu->state;
	int r = vcpu->state_protected ? protected_ioctl(vcpu, request) : AS_ALWAYS;

	if (r != AS_ALWAYS)
		return r;
	switch (request) {
	case KVM_SET_REGS:
		return copy(&state->regs, arg, sizeof(state->regs));
	case KVM_GET_REGS:
		return copy(arg, &state->regs, sizeof(state->regs));
	case KVM_SET_SREGS2:
		return set_sregs2(vcpu, arg);
	case KVM_GET_SREGS2:
		return copy(arg, &state->sregs, sizeof(state->sregs));
	case KVM_SET_XSAVE:
		return vcpu_state_set_xsave(state, arg);
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
		return vcpu_state_get_xsave(state, arg);
	case KVM_SET_XCRS:
		return set_xcrs(vcpu, arg);
	case KVM_GET_XCRS:
		return get_xcrs(vcpu, arg);
	case KVM_SET_DEBUGREGS:
		return set_debugregs(vcpu, arg);
	case KVM_GET_DEBUGREGS:
		return copy(arg, &state->debugregs, sizeof(state->debugregs));
	case KVM_SET_MSRS:
		return set_msrs(vcpu, arg);
	case KVM_GET_MSRS:
		return get_msrs(vcpu, arg);
	case KVM_SET_CPUID2:
		return set_cpuid(vcpu, arg);
	case KVM_GET_CPUID2:
		return get_cpuid(vcpu, arg);
	case KVM_SET_VCPU_EVENTS:
		return copy(&vcpu->events, arg, sizeof(vcpu->events));
	case KVM_GET_VCPU_EVENTS:
		return copy(arg, &vcpu->events, sizeof(vcpu->events));
	case KVM_SET_MP_STATE:
		return copy(&vcpu->mp_state, arg, sizeof(vcpu->mp_state));
	case KVM_GET_MP_STATE:
		return copy(arg, &vcpu->mp_state, sizeof(vcpu->mp_state));
	case KVM_SET_LAPIC:
		return copy(&vcpu->lapic, arg, sizeof(vcpu->lapic));
	case KVM_GET_LAPIC:
		return copy(arg, &vcpu->lapic, sizeof(vcpu->lapic));
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

/* KVM_RUN: no guest code runs. A vCPU sleeps until it is kicked; the boot vCPU does what little the
 * guest does. */
static bool is_launched(const struct vm *vm)
{
	if (vm->type == UAPI_SNP_VM)
		return vm->sev.snp.state == GCTX_RUNNING;
	return !vm->sev.active || vm->sev.sev.state == GCTX_RUNNING;
}

/* Finish the port access that the last KVM_RUN left to QEMU. */
static void complete_access(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint32_t value = 0;

	if (run->exit_reason != KVM_EXIT_IO)
		return;
	run->exit_reason = KVM_EXIT_UNKNOWN;
	memcpy(&value, (const uint8_t *)run + RUN_PIO_OFFSET, run->io.size);
	software_done(&vcpu->software, le32toh(value));
}

static int leave_for(struct vcpu *vcpu, const struct port_access *access)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = access->is_write ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	run->io.size = access->size;
	run->io.port = access->port;
	run->io.count = 1;
	run->io.data_offset = RUN_PIO_OFFSET;
	put_le32((uint8_t *)run + RUN_PIO_OFFSET, access->value);
	return 0;
}

/* Sleep until a signal (the kick), an interrupt, or `timeout`. Signals are held from the look
 * at immediate_exit on, so that a kick in between is not lost. */
static int sleep_until_kicked(struct vcpu *vcpu, const struct timespec *timeout)
{
	struct pollfd wake = {vcpu->wake, POLLIN, 0};
	uint64_t count;
	sigset_t all, before;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (vcpu->run->immediate_exit || ppoll(&wake, 1, timeout, &before) < 0)
		r = -EINTR;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0 && (wake.revents & POLLIN))
		(void)!read(vcpu->wake, &count, sizeof(count));
	if (r < 0)
		vcpu->run->exit_reason = KVM_EXIT_INTR;
	return r;
}

int vcpu_run(struct vcpu *vcpu)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (!is_launched(vcpu->vm)) {
		complain("vCPU %u is run before the launch is finished", vcpu->id);
		return -EINVAL;
	}
	complete_access(vcpu);
	if (vcpu->run->immediate_exit) {
		vcpu->run->exit_reason = KVM_EXIT_INTR;
		return -EINTR;
	}
	for (;;) {
		struct port_access access;
		int r;

		switch (software_next(&vcpu->software, &access)) {
		case SOFTWARE_ACCESS:
			return leave_for(vcpu, &access);
		case SOFTWARE_PAUSE:
			r = sleep_until_kicked(vcpu, &pause);
			break;
		case SOFTWARE_SLEEP:
		default:
			r = sleep_until_kicked(vcpu, NULL);
			break;
		}
		if (r < 0)
			return r;
	}
}
