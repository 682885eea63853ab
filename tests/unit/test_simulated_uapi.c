// SPDX-License-Identifier: Apache-2.0
/* The preload library's own definitions of the kernel's user API against the kernel's, where its headers
 * are new enough; the build can be given others (SNP_KERNEL_HEADERS). */
#include "rows.h"

#include "uapi.h"

#ifdef KVM_X86_SNP_VM

#define SAME(ours, theirs) _Static_assert((uint64_t)(ours) == (uint64_t)(theirs), #theirs)
#define SAME_FIELD(ours, theirs, field)                                     \
	SAME(offsetof(struct ours, field), offsetof(struct theirs, field)); \
	SAME(sizeof(((struct ours *)0)->field), sizeof(((struct theirs *)0)->field))

SAME(UAPI_CAP_USER_MEMORY2, KVM_CAP_USER_MEMORY2);
SAME(UAPI_CAP_MEMORY_FAULT_INFO, KVM_CAP_MEMORY_FAULT_INFO);
SAME(UAPI_CAP_MEMORY_ATTRIBUTES, KVM_CAP_MEMORY_ATTRIBUTES);
SAME(UAPI_CAP_GUEST_MEMFD, KVM_CAP_GUEST_MEMFD);
SAME(UAPI_CAP_VM_TYPES, KVM_CAP_VM_TYPES);
SAME(UAPI_DEFAULT_VM, KVM_X86_DEFAULT_VM);
SAME(UAPI_SEV_VM, KVM_X86_SEV_VM);
SAME(UAPI_SEV_ES_VM, KVM_X86_SEV_ES_VM);
SAME(UAPI_SNP_VM, KVM_X86_SNP_VM);
SAME(UAPI_MEM_GUEST_MEMFD, KVM_MEM_GUEST_MEMFD);
SAME(UAPI_MEMORY_ATTRIBUTE_PRIVATE, KVM_MEMORY_ATTRIBUTE_PRIVATE);
SAME(UAPI_SET_USER_MEMORY_REGION2, KVM_SET_USER_MEMORY_REGION2);
SAME(UAPI_SET_MEMORY_ATTRIBUTES, KVM_SET_MEMORY_ATTRIBUTES);
SAME(UAPI_CREATE_GUEST_MEMFD, KVM_CREATE_GUEST_MEMFD);
SAME(UAPI_SEV_INIT2, KVM_SEV_INIT2);
SAME(UAPI_SEV_SNP_LAUNCH_START, KVM_SEV_SNP_LAUNCH_START);
SAME(UAPI_SEV_SNP_LAUNCH_UPDATE, KVM_SEV_SNP_LAUNCH_UPDATE);
SAME(UAPI_SEV_SNP_LAUNCH_FINISH, KVM_SEV_SNP_LAUNCH_FINISH);
SAME(UAPI_SNP_PAGE_TYPE_NORMAL, KVM_SEV_SNP_PAGE_TYPE_NORMAL);
SAME(UAPI_SNP_PAGE_TYPE_ZERO, KVM_SEV_SNP_PAGE_TYPE_ZERO);
SAME(UAPI_SNP_PAGE_TYPE_UNMEASURED, KVM_SEV_SNP_PAGE_TYPE_UNMEASURED);
SAME(UAPI_SNP_PAGE_TYPE_SECRETS, KVM_SEV_SNP_PAGE_TYPE_SECRETS);
SAME(UAPI_SNP_PAGE_TYPE_CPUID, KVM_SEV_SNP_PAGE_TYPE_CPUID);
SAME(UAPI_SNP_ID_BLOCK_SIZE, KVM_SEV_SNP_ID_BLOCK_SIZE);
SAME(UAPI_SNP_ID_AUTH_SIZE, KVM_SEV_SNP_ID_AUTH_SIZE);
SAME(UAPI_SNP_HOST_DATA_SIZE, KVM_SEV_SNP_FINISH_DATA_SIZE);
SAME(UAPI_X86_GRP_SEV, KVM_X86_GRP_SEV);
SAME(UAPI_X86_SEV_VMSA_FEATURES, KVM_X86_SEV_VMSA_FEATURES);
#ifdef KVM_X86_SNP_POLICY_BITS
SAME(UAPI_X86_SNP_POLICY_BITS, KVM_X86_SNP_POLICY_BITS);
#endif

SAME_FIELD(uapi_memory_region2, kvm_userspace_memory_region2, guest_phys_addr);
SAME_FIELD(uapi_memory_region2, kvm_userspace_memory_region2, memory_size);
SAME_FIELD(uapi_memory_region2, kvm_userspace_memory_region2, userspace_addr);
SAME_FIELD(uapi_memory_region2, kvm_userspace_memory_region2, guest_memfd_offset);
SAME_FIELD(uapi_memory_region2, kvm_userspace_memory_region2, guest_memfd);
SAME_FIELD(uapi_memory_attributes, kvm_memory_attributes, address);
SAME_FIELD(uapi_memory_attributes, kvm_memory_attributes, size);
SAME_FIELD(uapi_memory_attributes, kvm_memory_attributes, attributes);
SAME_FIELD(uapi_create_guest_memfd, kvm_create_guest_memfd, size);
SAME_FIELD(uapi_create_guest_memfd, kvm_create_guest_memfd, flags);
SAME_FIELD(uapi_sev_init, kvm_sev_init, vmsa_features);
SAME_FIELD(uapi_sev_init, kvm_sev_init, flags);
SAME_FIELD(uapi_sev_init, kvm_sev_init, ghcb_version);
SAME(sizeof(struct uapi_sev_init), sizeof(struct kvm_sev_init));
SAME_FIELD(uapi_snp_launch_start, kvm_sev_snp_launch_start, policy);
SAME_FIELD(uapi_snp_launch_start, kvm_sev_snp_launch_start, gosvw);
SAME_FIELD(uapi_snp_launch_start, kvm_sev_snp_launch_start, flags);
SAME_FIELD(uapi_snp_launch_update, kvm_sev_snp_launch_update, gfn_start);
SAME_FIELD(uapi_snp_launch_update, kvm_sev_snp_launch_update, uaddr);
SAME_FIELD(uapi_snp_launch_update, kvm_sev_snp_launch_update, len);
SAME_FIELD(uapi_snp_launch_update, kvm_sev_snp_launch_update, type);
SAME_FIELD(uapi_snp_launch_update, kvm_sev_snp_launch_update, flags);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, id_block_uaddr);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, id_auth_uaddr);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, id_block_en);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, auth_key_en);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, vcek_disabled);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, host_data);
SAME_FIELD(uapi_snp_launch_finish, kvm_sev_snp_launch_finish, flags);
SAME(sizeof(struct uapi_snp_launch_finish), sizeof(struct kvm_sev_snp_launch_finish));

int main(void)
{
	/* Had one of them differed, this would not have compiled. */
	return 0;
}

#else

#include <stdio.h>

int main(void)
{
	puts("skipped: the kernel's headers are older than SNP (SNP_KERNEL_HEADERS names newer ones)");
	return 77;
}

#endif
