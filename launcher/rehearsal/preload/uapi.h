/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's user API as far as it is younger than Linux 6.1, whose headers Debian 12 ships.
 * What is older comes from <linux/kvm.h> and <linux/psp-sev.h>. Each definition names the kernel
 * that brought it; tests/unit/rehearsal_uapi.c compares all of them with newer headers.
 * Names carry the prefix uapi_ because Debian 13 defines the kernel's own ones.
 */
#ifndef REHEARSAL_PRELOAD_UAPI_H
#define REHEARSAL_PRELOAD_UAPI_H

#include <linux/kvm.h>
#include <linux/psp-sev.h>
#include <stddef.h>
#include <stdint.h>

/* Capabilities; <linux/kvm.h>. */
enum {
	UAPI_CAP_USER_MEMORY2 = 231,	       /* 6.8 */
	UAPI_CAP_MEMORY_FAULT_INFO = 232,      /* 6.8 */
	UAPI_CAP_MEMORY_ATTRIBUTES = 233,      /* 6.8 */
	UAPI_CAP_GUEST_MEMFD = 234,	       /* 6.8 */
	UAPI_CAP_VM_TYPES = 235,	       /* 6.8 */
	UAPI_CAP_X86_APIC_BUS_CYCLES_NS = 237, /* 6.11 */
};

/* VM types, argument of KVM_CREATE_VM; <asm/kvm.h>. */
enum {
	UAPI_DEFAULT_VM = 0,
	UAPI_SEV_VM = 2,    /* 6.10 */
	UAPI_SEV_ES_VM = 3, /* 6.10 */
	UAPI_SNP_VM = 4,    /* 6.11 */
};

/* Memory slots with private memory; Linux 6.8, <linux/kvm.h>. */
#define UAPI_MEM_GUEST_MEMFD (1U << 2)

struct uapi_memory_region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};
_Static_assert(sizeof(struct uapi_memory_region2) == 160, "KVM_SET_USER_MEMORY_REGION2");
_Static_assert(offsetof(struct uapi_memory_region2, guest_memfd) == 40, "guest_memfd");
#define UAPI_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct uapi_memory_region2)

#define UAPI_MEMORY_ATTRIBUTE_PRIVATE (1ULL << 3)

struct uapi_memory_attributes {
	uint64_t address;
	uint64_t size;
	uint64_t attributes;
	uint64_t flags;
};
_Static_assert(sizeof(struct uapi_memory_attributes) == 32, "KVM_SET_MEMORY_ATTRIBUTES");
#define UAPI_SET_MEMORY_ATTRIBUTES _IOW(KVMIO, 0xd2, struct uapi_memory_attributes)

struct uapi_create_guest_memfd {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};
_Static_assert(sizeof(struct uapi_create_guest_memfd) == 64, "KVM_CREATE_GUEST_MEMFD");
#define UAPI_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct uapi_create_guest_memfd)

/* Commands of KVM_MEMORY_ENCRYPT_OP; <asm/kvm.h>. */
enum {
	UAPI_SEV_INIT2 = 22,		  /* 6.10 */
	UAPI_SEV_SNP_LAUNCH_START = 100,  /* 6.11 */
	UAPI_SEV_SNP_LAUNCH_UPDATE = 101, /* 6.11 */
	UAPI_SEV_SNP_LAUNCH_FINISH = 102, /* 6.11 */
};

struct uapi_sev_init {
	uint64_t vmsa_features;
	uint32_t flags;
	uint16_t ghcb_version; /* 6.11; reserved in 6.10 */
	uint16_t pad1;
	uint32_t pad2[8];
};
_Static_assert(sizeof(struct uapi_sev_init) == 48, "KVM_SEV_INIT2");

struct uapi_snp_launch_start {
	uint64_t policy;
	uint8_t gosvw[16];
	uint16_t flags;
	uint8_t pad0[6];
	uint64_t pad1[4];
};
_Static_assert(sizeof(struct uapi_snp_launch_start) == 64, "KVM_SEV_SNP_LAUNCH_START");

enum {
	UAPI_SNP_PAGE_TYPE_NORMAL = 1,
	UAPI_SNP_PAGE_TYPE_ZERO = 3,
	UAPI_SNP_PAGE_TYPE_UNMEASURED = 4,
	UAPI_SNP_PAGE_TYPE_SECRETS = 5,
	UAPI_SNP_PAGE_TYPE_CPUID = 6,
};

struct uapi_snp_launch_update {
	uint64_t gfn_start;
	uint64_t uaddr;
	uint64_t len;
	uint8_t type;
	uint8_t pad0;
	uint16_t flags;
	uint32_t pad1;
	uint64_t pad2[4];
};
_Static_assert(sizeof(struct uapi_snp_launch_update) == 64, "KVM_SEV_SNP_LAUNCH_UPDATE");
_Static_assert(offsetof(struct uapi_snp_launch_update, type) == 24, "type");

#define UAPI_SNP_ID_BLOCK_SIZE	96
#define UAPI_SNP_ID_AUTH_SIZE	4096
#define UAPI_SNP_HOST_DATA_SIZE 32

struct uapi_snp_launch_finish {
	uint64_t id_block_uaddr;
	uint64_t id_auth_uaddr;
	uint8_t id_block_en;
	uint8_t auth_key_en;
	uint8_t vcek_disabled;
	uint8_t host_data[UAPI_SNP_HOST_DATA_SIZE];
	uint8_t pad0[3];
	uint16_t flags;
	uint64_t pad1[4];
};
_Static_assert(sizeof(struct uapi_snp_launch_finish) == 88, "KVM_SEV_SNP_LAUNCH_FINISH");
_Static_assert(offsetof(struct uapi_snp_launch_finish, host_data) == 19, "host_data");

/* Attributes of /dev/kvm itself; <asm/kvm.h>. */
enum {
	UAPI_X86_GRP_SEV = 1,		/* 6.10 */
	UAPI_X86_SEV_VMSA_FEATURES = 0, /* 6.10 */
	UAPI_X86_SNP_POLICY_BITS = 1,	/* 6.19 */
};

#endif
