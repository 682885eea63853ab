// SPDX-License-Identifier: Apache-2.0
/* What /dev/kvm and /dev/sev themselves answer. */
#include <errno.h>
#include <string.h>

#include "processor.h"
#include "program.h"
#include "settings.h"
#include "vm.h"

static int supported_cpuid(struct kvm_cpuid2 *ret)
{
	size_t count;
	const struct cpuid_leaf *leaves = cpuid_supported(&count);

	if (ret->nent < count)
		return -E2BIG;
	ret->nent = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		ret->entries[i] = (struct kvm_cpuid_entry2){
			.function = leaves[i].function,
			.index = leaves[i].index,
			.flags = leaves[i].indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
			.eax = leaves[i].eax,
			.ebx = leaves[i].ebx,
			.ecx = leaves[i].ecx,
			.edx = leaves[i].edx,
		};
	return 0;
}

/* kvm_arch_dev_ioctl(): always says how many there are. */
static int list_msrs(struct kvm_msr_list *ret, unsigned int kind)
{
	unsigned int room = ret->nmsrs;

	ret->nmsrs = msr_list(kind, ret->indices, room);
	return ret->nmsrs > room ? -E2BIG : 0;
}

static int get_feature_msrs(struct kvm_msrs *ret)
{
	uint64_t reset[MSR_COUNT];

	msr_reset(reset);
	for (uint32_t i = 0; i < ret->nmsrs; i++) {
		int at = msr_find(ret->entries[i].index);

		if (!msr_is(at, MSR_FEATURE))
			return (int)i;
		ret->entries[i].data = reset[at];
	}
	return (int)ret->nmsrs;
}

static int get_attribute(const struct kvm_device_attr *attr, bool read)
{
	uint64_t value;

	if (attr->group == 0 && attr->attr == KVM_X86_XCOMP_GUEST_SUPP)
		value = cpuid_of_host(0xd, 0).eax;
	else if (attr->group == UAPI_X86_GRP_SEV && attr->attr == UAPI_X86_SEV_VMSA_FEATURES)
		value = 0;
	else if (attr->group == UAPI_X86_GRP_SEV && attr->attr == UAPI_X86_SNP_POLICY_BITS &&
		 settings()->kernel == KERNEL_6_19)
		value = guest_policy_bits();
	else
		return -ENXIO;
	if (read)
		memcpy((void *)attr->addr, &value, sizeof(value));
	return 0;
}

int kvm_device_ioctl(unsigned long request, void *arg)
{
	const uint64_t mce = 1ULL << 24 | 1ULL << 8 | MCE_BANKS; /* MCG_SER_P, MCG_CTL_P */

	switch (request) {
	case KVM_GET_API_VERSION:
		return KVM_API_VERSION;
	case KVM_CHECK_EXTENSION:
		return capability(NULL, (unsigned long)arg);
	case KVM_CREATE_VM:
		return vm_create((unsigned long)arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return RUN_SIZE;
	case KVM_GET_SUPPORTED_CPUID:
		return supported_cpuid(arg);
	case KVM_GET_MSR_INDEX_LIST:
		return list_msrs(arg, MSR_LISTED);
	case KVM_GET_MSR_FEATURE_INDEX_LIST:
		return list_msrs(arg, MSR_FEATURE);
	case KVM_GET_MSRS:
		return get_feature_msrs(arg);
	case KVM_X86_GET_MCE_CAP_SUPPORTED:
		memcpy(arg, &mce, sizeof(mce));
		return 0;
	case KVM_GET_DEVICE_ATTR:
		return get_attribute(arg, true);
	case KVM_HAS_DEVICE_ATTR:
		return get_attribute(arg, false);
	default:
		return refuse_unknown("/dev/kvm", request);
	}
}

/* Sizes of the Diffie-Hellman certificate and of the chain of PEK, OCA and CEK (SEV API, appendix C).
 * Their contents matter only to a launch session, which is not simulated: zeros. */
#define SEV_CERTIFICATE_SIZE 0x824
#define SEV_CHAIN_SIZE	     (3 * SEV_CERTIFICATE_SIZE)

#define PLATFORM_STATE_INIT 1

static int status(struct sev_issue_cmd *cmd)
{
	const struct sev_user_data_status answer = {
		.api_major = settings()->api_major,
		.api_minor = settings()->api_minor,
		.state = PLATFORM_STATE_INIT,
		.flags = SEV_STATUS_FLAGS_CONFIG_ES,
		.build = settings()->build,
	};

	memcpy((void *)cmd->data, &answer, sizeof(answer));
	return 0;
}

/* Where the buffers are too short, the firmware says how long they must be. */
static int short_buffer(struct sev_issue_cmd *cmd)
{
	cmd->error = SEV_RET_INVALID_LEN;
	return -EIO;
}

static int export_certificates(struct sev_issue_cmd *cmd)
{
	struct sev_user_data_pdh_cert_export args;
	bool fits;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	fits = args.pdh_cert_address && args.cert_chain_address &&
	       args.pdh_cert_len >= SEV_CERTIFICATE_SIZE && args.cert_chain_len >= SEV_CHAIN_SIZE;
	args.pdh_cert_len = SEV_CERTIFICATE_SIZE;
	args.cert_chain_len = SEV_CHAIN_SIZE;
	memcpy((void *)cmd->data, &args, sizeof(args));
	if (!fits)
		return short_buffer(cmd);
	memset((void *)args.pdh_cert_address, 0, SEV_CERTIFICATE_SIZE);
	memset((void *)args.cert_chain_address, 0, SEV_CHAIN_SIZE);
	return 0;
}

static int get_id(struct sev_issue_cmd *cmd)
{
	struct sev_user_data_get_id2 args;
	bool fits;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	fits = args.address && args.length >= CHIP_ID_SIZE;
	args.length = CHIP_ID_SIZE;
	memcpy((void *)cmd->data, &args, sizeof(args));
	if (!fits)
		return short_buffer(cmd);
	memcpy((void *)args.address, settings()->chip_id, CHIP_ID_SIZE);
	return 0;
}

int sev_device_ioctl(unsigned long request, void *arg)
{
	struct sev_issue_cmd cmd;
	int r;

	if (request != SEV_ISSUE_CMD)
		return refuse_unknown("/dev/sev", request);
	memcpy(&cmd, arg, sizeof(cmd));
	cmd.error = 0;
	switch (cmd.cmd) {
	case SEV_PLATFORM_STATUS:
		r = status(&cmd);
		break;
	case SEV_PDH_CERT_EXPORT:
		r = export_certificates(&cmd);
		break;
	case SEV_GET_ID2:
		r = get_id(&cmd);
		break;
	default:
		return refuse_unknown("SEV_ISSUE_CMD", cmd.cmd);
	}
	memcpy(arg, &cmd, sizeof(cmd));
	return r;
}
