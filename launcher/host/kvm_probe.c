// SPDX-License-Identifier: Apache-2.0
#include "host/kvm_probe.h"

#include <fcntl.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <snp/cleanup.h>

/* Own definitions, because Debian 12's headers are those of Linux 6.1: include/uapi/linux/kvm.h and
 * arch/x86/include/uapi/asm/kvm.h. */
#define KVM_IO		      0xae
#define IOCTL_CHECK_EXTENSION _IO(KVM_IO, 0x03)
#define CAP_GUEST_MEMFD	      234 /* 6.8 */
#define CAP_VM_TYPES	      235 /* 6.8 */
#define GROUP_SEV	      1	  /* KVM_X86_GRP_SEV, 6.10 */

struct device_attribute {
	__u32 flags;
	__u32 group;
	__u64 attribute;
	__u64 address;
};

_Static_assert(sizeof(struct device_attribute) == 24, "struct kvm_device_attr");

#define IOCTL_GET_DEVICE_ATTRIBUTE _IOW(KVM_IO, 0xe2, struct device_attribute)

/* include/uapi/linux/psp-sev.h */
struct issue_command {
	__u32 command;
	__u64 data;
	__u32 error;
} __attribute__((packed));

_Static_assert(sizeof(struct issue_command) == 16, "struct sev_issue_cmd");

#define IOCTL_ISSUE_COMMAND _IOWR('S', 0x0, struct issue_command)
#define SNP_PLATFORM_STATUS 9 /* 6.8 */

struct platform_status {
	__u8 api_major;
	__u8 api_minor;
	__u8 state;
	__u8 flags;
	__u32 build_id;
	__u32 more_flags;
	__u32 guest_count;
	__u64 current_tcb;
	__u64 reported_tcb;
} __attribute__((packed));

_Static_assert(sizeof(struct platform_status) == 32, "struct sev_user_data_snp_status");

static bool check_extension(unsigned long capability, uint64_t *ret)
{
	_cleanup_(closep) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int answer = kvm < 0 ? -1 : ioctl(kvm, IOCTL_CHECK_EXTENSION, capability);

	if (answer < 0)
		return false;
	*ret = (uint64_t)answer;
	return true;
}

bool kvm_vm_types(uint64_t *ret)
{
	return check_extension(CAP_VM_TYPES, ret);
}

bool kvm_guest_memfd(bool *ret)
{
	uint64_t answer;

	if (!check_extension(CAP_GUEST_MEMFD, &answer))
		return false;
	*ret = answer != 0;
	return true;
}

bool kvm_attribute(enum kvm_attribute attribute, uint64_t *ret)
{
	_cleanup_(closep) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	uint64_t value = 0;
	struct device_attribute request = {
		.group = GROUP_SEV,
		.attribute = attribute,
		.address = (uintptr_t)&value,
	};

	if (kvm < 0 || ioctl(kvm, IOCTL_GET_DEVICE_ATTRIBUTE, &request) < 0)
		return false;
	*ret = value;
	return true;
}

bool kvm_policy_bits(uint64_t *ret)
{
	return kvm_attribute(KVM_POLICY_BITS, ret);
}

bool platform_status(struct snp_platform *ret)
{
	_cleanup_(closep) int sev = open("/dev/sev", O_RDWR | O_CLOEXEC);
	struct platform_status status = {0};
	struct issue_command command = {
		.command = SNP_PLATFORM_STATUS,
		.data = (uintptr_t)&status,
	};

	if (sev < 0 || ioctl(sev, IOCTL_ISSUE_COMMAND, &command) < 0)
		return false;
	*ret = (struct snp_platform){
		.api_major = status.api_major,
		.api_minor = status.api_minor,
		.state = status.state,
		.build_id = status.build_id,
		.guest_count = status.guest_count,
		.can_hide_ciphertext = status.more_flags & 1u << 5,
		.ciphertext_hiding_on = status.more_flags & 1u << 6,
		.reported_tcb = status.reported_tcb,
	};
	return true;
}

bool cpu_sev_probe(struct cpu_sev *ret)
{
#if defined(__x86_64__)
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(0x8000001f, &eax, &ebx, &ecx, &edx))
		return false;
	*ret = (struct cpu_sev){
		.sme = eax & 1u << 0,
		.sev = eax & 1u << 1,
		.sev_es = eax & 1u << 3,
		.snp = eax & 1u << 4,
		.cbit = ebx & 0x3f,
		.physical_bits_lost = ebx >> 6 & 0x3f,
		.asids = ecx,
		.min_sev_asid = edx,
	};
	return true;
#else
	(void)ret;
	return false;
#endif
}

bool cpu_signature_probe(uint32_t *ret)
{
#if defined(__x86_64__)
	unsigned int eax, ebx, ecx, edx;
	struct cpu_sev sev;

	if (!cpu_sev_probe(&sev) || !sev.snp || !__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return false;
	*ret = eax;
	return true;
#else
	(void)ret;
	return false;
#endif
}
