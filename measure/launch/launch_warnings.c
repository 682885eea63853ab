// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* SEV_FEATURES bits that APM vol. 2, table B-4 names; VMRUN fails on others. */
#define FEATURES_KNOWN ((uint64_t)0xd7ff)

struct warnings {
	snp_launch_warn warn;
	void *arg;
};

static void about_size(const struct warnings *w, const struct snp_launch *launch)
{
	const struct snp_firmware_info *info = &launch->firmware->info;
	bool is_snp = mode_is_snp(launch->mode);

	if (launch_profile(launch)->vmm != SNP_VMM_QEMU)
		return;
	/* QEMU hw/i386/x86-common.c, x86_bios_rom_init(); pc_sysfw.c, pc_system_firmware_init(), with
	 * Linux 6.12 arch/x86/include/asm/kvm_host.h, kvm_arch_has_readonly_mem(). */
	if (info->size % (64u << 10) != 0)
		say(w, "firmware-not-for-bios",
		    "firmware size is %" PRIu64 " bytes; must be a multiple of 64 KiB for -bios%s",
		    info->size,
		    is_snp ? ", and KVM does not support pflash for SEV-SNP guests"
			   : "; it works as pflash");
	if (info->size > 8u << 20)
		say(w, "firmware-over-8-mib",
		    "firmware of %" PRIu64 " bytes: as pflash it needs the machine property "
		    "max-fw-size",
		    info->size);
}

static void about_table(const struct warnings *w, const struct snp_firmware_info *info)
{
	for (size_t i = 0; i < info->n_entries; i++) {
		const struct snp_table_entry *entry = &info->entries[i];
		char guid[SNP_GUID_STRING_SIZE];

		for (size_t j = 0; j < i; j++) {
			if (memcmp(entry->guid, info->entries[j].guid, SNP_GUID_SIZE) != 0)
				continue;
			snp_guid_string(entry->guid, guid);
			say(w, "duplicate-table-entry",
			    "the OVMF table has %s (%s) more than once; the one nearest the footer "
			    "counts, as in QEMU",
			    guid,
			    snp_guid_name(entry->guid) ? snp_guid_name(entry->guid) : "unknown");
			return;
		}
	}
}

static void about_sections(const struct warnings *w, const struct snp_firmware_info *info)
{
	unsigned int n_secrets = 0, n_cpuid = 0;
	bool unknown = false;

	if (info->has_metadata && info->metadata_version != 1)
		say(w, "metadata-version",
		    "SEV metadata have version %" PRIu32 "; read as version 1, like QEMU",
		    info->metadata_version);
	for (size_t i = 0; i < info->n_sections; i++) {
		const struct snp_section *s = &info->sections[i];

		n_secrets += s->type == SNP_SECTION_SECRETS;
		n_cpuid += s->type == SNP_SECTION_CPUID;
		if (unknown || snp_section_type_name(s->type))
			continue;
		unknown = true;
		say(w, "unknown-section-type",
		    "section %zu at 0x%" PRIx32 " is of unknown type 0x%" PRIx32
		    "; measured as zero pages, like QEMU",
		    i, s->gpa, s->type);
	}
	if (n_secrets > 1 || n_cpuid > 1)
		say(w, "repeated-section",
		    "%u SNP_SECRETS and %u CPUID sections; a guest uses one of each", n_secrets,
		    n_cpuid);
}

static void about_vcpus(const struct warnings *w, const struct snp_launch *launch)
{
	uint64_t features = launch->vcpus.features;

	if (launch->mode == SNP_MODE_SEV)
		return;
	if (features & ~FEATURES_KNOWN)
		say(w, "reserved-guest-features",
		    "guest features 0x%" PRIx64 " have reserved bits (0x%" PRIx64
		    "), and no vCPU starts with them",
		    features, features & ~FEATURES_KNOWN);
	if (launch->mode == SNP_MODE_SNP && launch_profile(launch)->vmm == SNP_VMM_QEMU &&
	    features != 1)
		say(w, "guest-features-not-of-qemu",
		    "guest features 0x%" PRIx64 "; QEMU through 11.1 sets only 0x1", features);
	if (launch->mode == SNP_MODE_SEV_ES && launch_profile(launch)->vmm == SNP_VMM_QEMU)
		say(w, "two-es-digests",
		    "SEV-ES has two digests: profile qemu-es-legacy for legacy-vm-type=on, or auto "
		    "on QEMU 10.0 to 10.2, and qemu-es-init2 for off; this is %s",
		    launch_profile(launch)->name);
}

static void about_cloud(const struct warnings *w, const struct snp_launch *launch)
{
	if (launch_profile(launch)->vmm == SNP_VMM_QEMU)
		return;
	if (launch->mode != SNP_MODE_SNP)
		say(w, "mode-not-of-vmm", "%s is not known to offer mode %s",
		    vmm_name(launch_profile(launch)->vmm), snp_mode_name(launch->mode));
	if (launch->kernel_hashes)
		say(w, "kernel-not-of-vmm", "%s is not known to pass a kernel to its guests",
		    vmm_name(launch_profile(launch)->vmm));
	if (strcmp(launch_profile(launch)->name, "ec2") == 0)
		say(w, "unconfirmed-profile",
		    "no attestation report confirms profile ec2; reports of 2023 confirm "
		    "ec2-rdx0");
}

/* Give each warning once, about the first thing that it applies to. */
void snp_launch_warnings(const struct snp_launch *launch, snp_launch_warn warn, void *arg)
{
	const struct warnings w = {warn, arg};
	struct snp_launch l;

	if (launch_take(launch, &l, NULL) < 0)
		return;
	if (l.mode == SNP_MODE_SNP_IGVM) {
		igvm_findings(&l, warn, arg);
		return;
	}
	about_size(&w, &l);
	about_table(&w, &launch_metadata(&l)->info);
	if (mode_is_snp(l.mode))
		about_sections(&w, &launch_metadata(&l)->info);
	about_vcpus(&w, &l);
	about_cloud(&w, &l);
}

void snp_kernel_warnings(enum snp_hash_verifier verifier, const char *firmware,
			 const struct snp_bzimage *kernel, snp_launch_warn warn, void *arg)
{
	const struct warnings w = {warn, arg};

	if (verifier == SNP_HASH_VERIFIER_ABSENT)
		say(&w, SNP_WARN_NOT_CHECKED,
		    "%s does not check kernel hashes: the host can boot another kernel with this digest; "
		    "use an AmdSev build",
		    firmware);
	if (verifier == SNP_HASH_VERIFIER_UNKNOWN)
		say(&w, SNP_WARN_CHECK_UNKNOWN,
		    "%s: cannot tell whether this firmware checks kernel hashes; "
		    "'snp-launch check --firmware' tries it",
		    firmware);
	if (kernel && !kernel->is_efi_loadable)
		say(&w, SNP_WARN_NOT_EFI_LOADABLE,
		    "the kernel is not an EFI image; firmware since edk2-stable202511 does not start "
		    "it in a confidential guest");
}
