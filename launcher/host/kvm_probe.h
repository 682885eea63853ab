/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_KVM_PROBE_H
#define LAUNCHER_HOST_KVM_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* What this machine's KVM and secure processor say when asked. Each needs its device; without the right
 * to open it the answer is "unknown", and errno says why. */

/* KVM_CHECK_EXTENSION. */
bool kvm_vm_types(uint64_t *ret); /* KVM_CAP_VM_TYPES: bit 4 is KVM_X86_SNP_VM (Linux 6.11) */
bool kvm_guest_memfd(bool *ret);  /* KVM_CAP_GUEST_MEMFD (Linux 6.8) */

#define KVM_VM_TYPE_SNP 4

/* KVM_X86_SNP_POLICY_BITS: the bits of a guest policy that KVM and the firmware take (Linux 6.19). */
bool kvm_policy_bits(uint64_t *ret);

/* The attributes of KVM_X86_GRP_SEV. */
enum kvm_attribute {
	KVM_VMSA_FEATURES = 0, /* KVM_X86_SEV_VMSA_FEATURES (Linux 6.10) */
	KVM_POLICY_BITS = 1,
	KVM_REQ_CERTS =
		2 /* KVM_X86_SEV_SNP_REQ_CERTS: KVM can ask for certificates with a report */
};
bool kvm_attribute(enum kvm_attribute attribute, uint64_t *ret);

/* SNP_PLATFORM_STATUS (SEV-SNP firmware ABI 56860; Linux include/uapi/linux/psp-sev.h, struct
 * sev_user_data_snp_status). */
struct snp_platform {
	uint8_t api_major, api_minor;
	uint8_t state; /* 0 uninitialized, 1 initialized */
	uint32_t build_id;
	uint32_t guest_count;
	bool can_hide_ciphertext, ciphertext_hiding_on;
	uint64_t reported_tcb;
};

bool platform_status(struct snp_platform *ret);

/* CPUID leaf 8000001F (APM volume 3, E.4.17). False on a CPU without it. */
struct cpu_sev {
	bool sme, sev, sev_es, snp;
	uint32_t cbit, physical_bits_lost;
	uint32_t asids;	       /* for all encrypted guests */
	uint32_t min_sev_asid; /* SEV-ES and SNP have those below */
};

bool cpu_sev_probe(struct cpu_sev *ret);

/* CPUID leaf 1 EAX, which a vCPU of QEMU's model "host" has too. False on a CPU without SEV-SNP, which no
 * guest is launched on. */
bool cpu_signature_probe(uint32_t *ret);

#endif
