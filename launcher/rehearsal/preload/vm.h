/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated KVM: a virtual machine, its vCPUs and its memory. No guest code runs; what is kept is
 * what decides the launch. Requests return what the kernel would: 0 or more, or -errno.
 */
#ifndef REHEARSAL_PRELOAD_VM_H
#define REHEARSAL_PRELOAD_VM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "sev_guest.h"
#include "software.h"
#include "vcpu_state.h"

#define MAX_VCPUS 1024 /* Linux 6.12 KVM_MAX_VCPUS with the Kconfig default */

/* KVM_GET_VCPU_MMAP_SIZE: kvm_run, the page of port data, the ring of coalesced MMIO. */
#define RUN_PIO_OFFSET	     4096
#define RUN_COALESCED_OFFSET 8192
#define RUN_SIZE	     12288

struct vm;

struct vcpu {
	struct vm *vm;
	uint32_t id;
	struct kvm_run *run;
	int wake; /* eventfd: an interrupt for the software; of the boot vCPU only, else -1 */
	bool state_protected;
	struct vcpu_state state;
	struct kvm_cpuid_entry2 *cpuid;
	uint32_t cpuid_count;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_lapic_state lapic;
	struct software software;
};

struct vm {
	unsigned int type; /* UAPI_…_VM */
	pthread_mutex_t lock;
	struct memory memory;
	struct vcpu *vcpus[MAX_VCPUS]; /* in the order of their creation */
	unsigned int vcpu_count;
	struct sev_guest sev;
	struct kvm_irqchip irqchips[3];
	struct kvm_pit_state2 pit;
	int64_t clock_offset;
};

/* Types that KVM itself protects: their registers cannot be read once measured, they have no SMM and
 * no read-only slots (kvm->arch.has_protected_state). */
bool vm_has_protected_state(const struct vm *vm);
/* kvm->arch.has_private_mem */
bool vm_has_private_memory(const struct vm *vm);

/* KVM_CREATE_VM: a descriptor. */
int vm_create(unsigned long type);
int vm_ioctl(struct vm *vm, unsigned long request, void *arg);

/* KVM_CREATE_VCPU: a descriptor. */
int vcpu_create(struct vm *vm, unsigned long id);
int vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg);
int vcpu_run(struct vcpu *vcpu);

/* /dev/kvm, and KVM_CHECK_EXTENSION there (vm NULL) and on a VM. */
int system_ioctl(unsigned long request, void *arg);
int capability(const struct vm *vm, unsigned long number);

#endif
