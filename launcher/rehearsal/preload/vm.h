/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated KVM: a virtual machine, its vCPUs, its memory and its launch. No guest code runs; what
 * is kept is what decides the launch. Requests return what the kernel would: 0 or more, or -errno.
 */
#ifndef REHEARSAL_PRELOAD_VM_H
#define REHEARSAL_PRELOAD_VM_H

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gctx.h"
#include "memory.h"
#include "registers.h"
#include "software.h"
#include "trace.h"
#include "uapi.h"

#define MAX_VCPUS 1024 /* Linux 6.12 KVM_MAX_VCPUS with the Kconfig default */

/* KVM_GET_VCPU_MMAP_SIZE: kvm_run, the page of port data, the ring of coalesced MMIO. */
#define RUN_PIO_OFFSET	     4096
#define RUN_COALESCED_OFFSET 8192
#define RUN_SIZE	     12288

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

#define SEV_LD_SIZE 32 /* SHA-256 */

/* The guest context of the older firmware, SEV API (publication 55766). */
struct sev_gctx {
	enum gctx_state state;
	uint32_t policy;
	void *hash; /* EVP_MD_CTX */
	uint8_t ld[SEV_LD_SIZE];
	bool measured;
	uint8_t measure[48]; /* HMAC and nonce, as LAUNCH_MEASURE gives them */
};

struct sev_guest {
	bool active;
	bool es_active;
	uint64_t vmsa_features;
	bool snp_started;
	struct gctx snp;
	struct sev_gctx sev;
	struct trace trace;
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
static inline bool vm_has_protected_state(const struct vm *vm)
{
	return vm->type == UAPI_SEV_ES_VM || vm->type == UAPI_SNP_VM;
}

/* kvm->arch.has_private_mem */
static inline bool vm_has_private_memory(const struct vm *vm)
{
	return vm->type == UAPI_SNP_VM;
}

/* device.c: /dev/kvm, and /dev/sev with the platform commands that QEMU gives (Linux 6.12
 * drivers/crypto/ccp/sev-dev.c). */
int kvm_device_ioctl(unsigned long request, void *arg);
int sev_device_ioctl(unsigned long request, void *arg);

/* vm.c. KVM_CREATE_VM gives a descriptor; KVM_CHECK_EXTENSION is asked of /dev/kvm (`vm` NULL) and of
 * a VM. */
int vm_create(unsigned long type);
int vm_ioctl(struct vm *vm, unsigned long request, void *arg);
int capability(const struct vm *vm, unsigned long number);

/* vcpu.c. KVM_CREATE_VCPU gives a descriptor. */
int vcpu_create(struct vm *vm, unsigned long id);
int vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg);
int vcpu_run(struct vcpu *vcpu);

/* sev_guest.c. KVM_MEMORY_ENCRYPT_OP: the launch of SEV, SEV-ES and SNP guests (Linux 6.12 svm/sev.c).
 * `cmd` NULL asks whether there is SEV at all. */
int sev_guest_op(struct vm *vm, struct kvm_sev_cmd *cmd);

/* snp_guest.c. The commands of an SNP guest, and the policy bits that the simulated kernel knows (from
 * 6.19 on: KVM_X86_SNP_POLICY_BITS). */
int guest_op(struct vm *vm, struct kvm_sev_cmd *cmd);
uint64_t guest_policy_bits(void);

/* What the kernel returns for a firmware status: -EIO and the status in cmd->error. */
static inline int firmware_result(struct kvm_sev_cmd *cmd, enum firmware_status status)
{
	cmd->error = status;
	return status == FIRMWARE_SUCCESS ? 0 : -EIO;
}

#endif
