// SPDX-License-Identifier: Apache-2.0
#include <snp/coverage.h>

#include <snp/cleanup.h>

/* When a thing is left out. */
enum applies {
	ALWAYS,
	WITH_KERNEL_HASHES,
	WITHOUT_KERNEL_HASHES,
	SNP_ONLY,
	NOT_SNP,
	SEV_ONLY,
};

static const struct {
	enum applies applies;
	const char *thing;
} things[] = {
	{WITHOUT_KERNEL_HASHES, "kernel, initrd and command line"},
	{SEV_ONLY, "the vCPUs: number, model and first register state"},
	{SNP_ONLY,
	 "contents of the CPUID page; the secure processor checks it, the guest may rely on it"},
	{SNP_ONLY, "contents of the secrets page, which the secure processor writes"},
	{SNP_ONLY, "guest policy, host data and ID block; the attestation report shows them"},
	{NOT_SNP,
	 "guest policy, firmware version and nonce; they enter the launch measurement, an HMAC "
	 "over this digest"},
	{WITH_KERNEL_HASHES,
	 "whether the firmware checks kernel, initrd and command line against the hashes"},
	{ALWAYS, "UEFI variables in a flash unit of their own"},
	{ALWAYS, "memory size, ACPI tables and whatever else the VMM hands over through fw_cfg"},
	{ALWAYS, "devices, disks and their contents"},
	{ALWAYS, "what is loaded or hot-plugged after the launch"},
};

static bool holds(const struct snp_launch *launch, enum applies applies)
{
	const bool snp = launch->mode == SNP_MODE_SNP || launch->mode == SNP_MODE_SNP_SVSM;

	switch (applies) {
	case WITH_KERNEL_HASHES:
		return launch->kernel_hashes;
	case WITHOUT_KERNEL_HASHES:
		return !launch->kernel_hashes;
	case SNP_ONLY:
		return snp;
	case NOT_SNP:
		return !snp;
	case SEV_ONLY:
		return launch->mode == SNP_MODE_SEV;
	case ALWAYS:
		break;
	}
	return true;
}

const char *launch_not_covered(const struct snp_launch *launch, size_t i)
{
	for (size_t k = 0; k < ARRAY_SIZE(things); k++)
		if (holds(launch, things[k].applies) && i-- == 0)
			return things[k].thing;
	return NULL;
}
