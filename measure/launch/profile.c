// SPDX-License-Identifier: Apache-2.0
#include "launch/igvm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#define IN(mode) (1u << (mode))

/* g_pat: the reset value of the PAT MSR (APM vol. 2, 7.8.2), and the one that GCE sets. */
#define PAT_RESET 0x0007040600070406ull
#define PAT_GCE	  0x0000000000070106ull

/* Segment attributes: present, code or data, read/write, and bit 0 "accessed". QEMU sets accessed
 * (target/i386/cpu.c, x86_cpu_reset_hold()); a VMM that writes back what KVM_GET_SREGS gave leaves it
 * clear, and TR not busy. CR0: ET; KVM clears CD and NW (quirk KVM_X86_QUIRK_CD_NW_CLEARED). */
#define QEMU_RESET_STATE                                                         \
	.segments = SEGMENTS_RESET, .cs_attrib_bsp = 0x9b, .cs_attrib_ap = 0x9b, \
	.ss_attrib = 0x93, .tr_attrib = 0x8b, .cr0 = 0x10

#define EC2_RESET_STATE                                                          \
	.segments = SEGMENTS_RESET, .cs_attrib_bsp = 0x9a, .cs_attrib_ap = 0x9b, \
	.ss_attrib = 0x92, .tr_attrib = 0x83, .cr0 = 0x10, .g_pat = PAT_RESET,   \
	.sec_mem_type = SNP_PAGE_ZERO, .cpuid_last = true

/* COCONUT's QEMU fork enters the SVSM binary in 32-bit protected mode: CR0.PE, granular segments. */
#define SVSM_STATE                                                                \
	.segments = SEGMENTS_FLAT, .cs_attrib_bsp = 0xc9b, .cs_attrib_ap = 0xc9b, \
	.ss_attrib = 0xc93, .tr_attrib = 0x8b, .cr0 = 0x11, .aps_are_bsp = true

/* RDX: QEMU sets CPUID before it resets; PAT is left as it is after reset. */
#define QEMU_VALUES .rdx_is_signature = true, .g_pat = PAT_RESET, .sec_mem_type = SNP_PAGE_ZERO

/* The FPU's initial state (APM vol. 2, table 14-1), where KVM copies it into the VMSA (Linux 6.12
 * arch/x86/kvm/svm/sev.c, sev_es_sync_vmsa()); elsewhere it stays zero. */
#define FPU_INITIAL .mxcsr = 0x1f80, .x87_fcw = 0x37f

/* Directives of IGVM files. */
#define KNOWS(type) (1u << (SNP_IGVM_##type - SNP_IGVM_PARAMETER_AREA))
#define KNOWN_TO_QEMU_10                                                                          \
	(KNOWS(PARAMETER_AREA) | KNOWS(PAGE_DATA) | KNOWS(PARAMETER_INSERT) | KNOWS(VP_CONTEXT) | \
	 KNOWS(REQUIRED_MEMORY) | KNOWS(VP_COUNT) | KNOWS(MEMORY_MAP) | KNOWS(ENVIRONMENT_INFO) | \
	 KNOWS(SNP_ID_BLOCK))
#define KNOWN_TO_IGVMMEASURE                                                                      \
	(KNOWS(PARAMETER_AREA) | KNOWS(PAGE_DATA) | KNOWS(PARAMETER_INSERT) | KNOWS(VP_CONTEXT) | \
	 KNOWS(SNP_ID_BLOCK))

#define KNOWN_TO_CLOUD_HYPERVISOR                                                                 \
	(KNOWS(PARAMETER_AREA) | KNOWS(PAGE_DATA) | KNOWS(PARAMETER_INSERT) | KNOWS(VP_CONTEXT) | \
	 KNOWS(REQUIRED_MEMORY) | KNOWS(VP_COUNT) | KNOWS(MEMORY_MAP) | KNOWS(COMMAND_LINE) |     \
	 KNOWS(SNP_ID_BLOCK))
#define KNOWN_TO_OPENVMM                                                                     \
	(KNOWN_TO_CLOUD_HYPERVISOR | KNOWS(SRAT) | KNOWS(MADT) | KNOWS(SLIT) | KNOWS(PPTT) | \
	 KNOWS(MMIO_RANGES) | KNOWS(DEVICE_TREE) | KNOWS(ENVIRONMENT_INFO) | KNOWS(ERROR_RANGE))

/* QEMU 10.2.2 backends/igvm.c, target/i386/sev.c. */
#define IGVM_QEMU                                                                           \
	.loader = "QEMU", .any_sev = true, .order = IGVM_PAGE_RUNS, .vmsa = IGVM_VMSA_QEMU, \
	.insert = IGVM_INSERT_32_BITS, .ram = IGVM_RAM_QEMU, .discards = true,              \
	.large = IGVM_LARGE_FILLED, .zero_page = SNP_PAGE_NORMAL, .cpuid_32_bits = true,    \
	.is_kvm = true

/* COCONUT-SVSM's igvmmeasure at f4bc4bc. */
#define IGVM_IGVMMEASURE                                                                      \
	.order = IGVM_HEADER_BY_HEADER, .vmsa = IGVM_VMSA_IN_FILE, .large = IGVM_LARGE_EMPTY, \
	.loader = "igvmmeasure", .insert = IGVM_INSERT_ONE_PAGE, .ignores_unknown = true,     \
	.known = KNOWN_TO_IGVMMEASURE, .is_run = true

static const struct igvm_rules igvm_qemu_10 = {IGVM_QEMU, .known = KNOWN_TO_QEMU_10,
					       .is_run = true};
static const struct igvm_rules igvm_qemu_11 = {IGVM_QEMU, .known = KNOWN_TO_QEMU_10 | KNOWS(MADT)};
static const struct igvm_rules igvm_directive_order = {IGVM_IGVMMEASURE,
						       .zero_page = SNP_PAGE_NORMAL};
static const struct igvm_rules igvm_native_zero = {IGVM_IGVMMEASURE, .zero_page = SNP_PAGE_ZERO};

/* What both of these do: libigvm drops headers for other platforms, and KVM builds the VMSAs. */
#define IGVM_KVM                                                                  \
	.filters = true, .order = IGVM_HEADER_BY_HEADER, .large = IGVM_LARGE_CUT, \
	.insert = IGVM_INSERT_WHOLE, .no_cpuid_xf = true, .is_kvm = true

/* Cloud Hypervisor at ae44c297, vmm/src/igvm/igvm_loader.rs. Earlier ones sort pages by their address. */
static const struct igvm_rules igvm_cloud_hypervisor = {IGVM_KVM,
							.loader = "Cloud Hypervisor",
							.vmsa = IGVM_VMSA_CLOUD_HYPERVISOR,
							.zero_page = SNP_PAGE_ZERO,
							.ram = IGVM_RAM_CLOUD_HYPERVISOR,
							.policy = IGVM_POLICY_FILE,
							.id_block = IGVM_ID_BLOCK_FLAG,
							.known = KNOWN_TO_CLOUD_HYPERVISOR};

/* OpenVMM at 1488a37b, openvmm_core/src/worker/vm_loaders/igvm.rs and virt_kvm. */
static const struct igvm_rules igvm_openvmm = {IGVM_KVM,
					       .loader = "OpenVMM",
					       .vmsa = IGVM_VMSA_OPENVMM,
					       .zero_page = SNP_PAGE_NORMAL,
					       .ram = IGVM_RAM_OPENVMM,
					       .policy = IGVM_POLICY_NEEDED,
					       .id_block = IGVM_ID_BLOCK_UNUSED,
					       .skips_shared = true,
					       .known = KNOWN_TO_OPENVMM};

/*
 * Fields that are the same for all are in vmsa.c. sev-snp-measure is virtee's, version 0.0.13;
 * "hardware" are launches that real machines reported (tests/vectors/hardware.json).
 */
static const struct snp_profile profiles[] = {
	{
		/* OVMF without IGVM. Hardware: Milan with two vCPUs, Genoa with one. */
		.name = "qemu",
		.summary = "QEMU 9.1 to 11.1 on Linux 6.11 or later, SEV-SNP",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SNP) | IN(SNP_MODE_SEV),
		QEMU_RESET_STATE,
		QEMU_VALUES,
		FPU_INITIAL,
	},
	{
		/* AMD's SNP kernels before KVM copied the FPU's state into the VMSA (FPU_INITIAL; patch of
		 * April 2024). As sev-snp-measure before 0.0.11; "svsm-fpu0" has the hardware. */
		.name = "qemu-fpu0",
		.summary = "QEMU with SEV-SNP on host kernels before Linux 6.9",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SNP),
		QEMU_RESET_STATE,
		QEMU_VALUES,
	},
	{
		/* KVM_X86_SEV_ES_VM, set up by KVM_SEV_INIT2: QEMU legacy-vm-type=off, the default of
		 * 9.1. What sev-snp-measure answers, and so the current one: scripts that used it get
		 * the same digest. */
		.name = "qemu-es-init2",
		.summary = "QEMU with legacy-vm-type=off (the default of QEMU 9.1), SEV-ES",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SEV_ES),
		QEMU_RESET_STATE,
		QEMU_VALUES,
		FPU_INITIAL,
	},
	{
		/* KVM_X86_DEFAULT_VM: QEMU legacy-vm-type=on, and auto, the default of 10.0 to 10.2.
		 * KVM copies no FPU state for it "to avoid breaking older measurements" (same place);
		 * libvirt's virt-qemu-sev-validate has the same. */
		.name = "qemu-es-legacy",
		.summary =
			"QEMU with legacy-vm-type=on, or auto (the default of QEMU 10.0 to 10.2), "
			"SEV-ES",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SEV_ES),
		QEMU_RESET_STATE,
		QEMU_VALUES,
	},
	{
		/* RDX: what KVM's kvm_vcpu_reset() leaves where the VMM has not set CPUID leaf 1 (Linux
		 * 6.12 arch/x86/kvm/x86.c). sev-snp-measure has it since April 2026, from Amazon's
		 * engineers; no report confirms it. */
		.name = "ec2",
		.summary = "Amazon EC2 as of 2026",
		.vmm = SNP_VMM_EC2,
		.modes = IN(SNP_MODE_SNP) | IN(SNP_MODE_SEV_ES) | IN(SNP_MODE_SEV),
		EC2_RESET_STATE,
		.rdx = 0x600,
	},
	{
		/* Hardware: two and four vCPUs, firmware of May 2023. */
		.name = "ec2-rdx0",
		.summary = "Amazon EC2 as of 2023",
		.vmm = SNP_VMM_EC2,
		.modes = IN(SNP_MODE_SNP) | IN(SNP_MODE_SEV_ES) | IN(SNP_MODE_SEV),
		EC2_RESET_STATE,
		.rdx = 0,
	},
	{
		/* google/gce-tcb-verifier has the sections and the PAT; sev-snp-measure has the rest. Hardware
		 * confirms the AP's VMSA. gce-tcb-verifier puts VMSAs at the last page of the
		 * processor's own address width, which is this profile's for Milan alone. */
		.name = "gce",
		.summary = "Google Compute Engine, Milan",
		.vmm = SNP_VMM_GCE,
		.modes = IN(SNP_MODE_SNP) | IN(SNP_MODE_SEV_ES) | IN(SNP_MODE_SEV),
		QEMU_RESET_STATE,
		.rdx = 0x600,
		.g_pat = PAT_GCE,
		.sec_mem_type = SNP_PAGE_UNMEASURED,
	},
	{
		/* FPU as "qemu", since the kernel decides it. From reading the source; no report
		 * confirms it. */
		.name = "svsm",
		.summary = "COCONUT-SVSM without IGVM on Linux 6.11 or later",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SNP_SVSM),
		SVSM_STATE,
		QEMU_VALUES,
		FPU_INITIAL,
	},
	{
		/* Hardware: two and four vCPUs, host kernel of 2024. */
		.name = "svsm-fpu0",
		.summary = "COCONUT-SVSM without IGVM on the host kernels of 2024",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SNP_SVSM),
		SVSM_STATE,
		QEMU_VALUES,
	},
	{
		/* Runs of QEMU 10.2.2 with libigvm 0.4.0 on a simulated host. vCPUs without a context in the
		 * file start as at reset, the first as all others. */
		.name = "igvm-qemu-10",
		.summary = "IGVM file, QEMU 10.1 and 10.2 on Linux 6.11 or later",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SNP_IGVM),
		.igvm = &igvm_qemu_10,
		QEMU_RESET_STATE,
		QEMU_VALUES,
		FPU_INITIAL,
		.aps_are_bsp = true,
	},
	{
		/* Read, not run: QEMU's backends/igvm.c at 03025db6 fills MADT, and is the same otherwise. */
		.name = "igvm-qemu-11",
		.summary = "IGVM file, QEMU 11 on Linux 6.11 or later",
		.vmm = SNP_VMM_QEMU,
		.modes = IN(SNP_MODE_SNP_IGVM),
		.igvm = &igvm_qemu_11,
		QEMU_RESET_STATE,
		QEMU_VALUES,
		FPU_INITIAL,
		.aps_are_bsp = true,
	},
	{
		/* Runs of igvmmeasure. No loader is known to launch a file so. */
		.name = "igvm-directive-order",
		.summary = "IGVM file, each header where it stands, as igvmmeasure",
		.vmm = SNP_VMM_IGVM,
		.modes = IN(SNP_MODE_SNP_IGVM),
		.igvm = &igvm_directive_order,
	},
	{
		/* Runs of igvmmeasure --native-zero, for Google's Vanadium. */
		.name = "igvm-native-zero",
		.summary = "IGVM file, as igvmmeasure --native-zero",
		.vmm = SNP_VMM_IGVM,
		.modes = IN(SNP_MODE_SNP_IGVM),
		.igvm = &igvm_native_zero,
	},
	{
		/* Read, not run. Its VMSAs are what KVM builds of the registers in the file. */
		.name = "igvm-cloud-hypervisor",
		.summary = "IGVM file, Cloud Hypervisor 52 on KVM",
		.vmm = SNP_VMM_IGVM,
		.modes = IN(SNP_MODE_SNP_IGVM),
		.igvm = &igvm_cloud_hypervisor,
	},
	{
		/* Read, not run. */
		.name = "igvm-openvmm",
		.summary = "IGVM file, OpenVMM as of 2026 on KVM",
		.vmm = SNP_VMM_IGVM,
		.modes = IN(SNP_MODE_SNP_IGVM),
		.igvm = &igvm_openvmm,
	},
};

static const char *const vmm_names[] = {
	[SNP_VMM_QEMU] = "QEMU",
	[SNP_VMM_EC2] = "ec2",
	[SNP_VMM_GCE] = "gce",
	[SNP_VMM_IGVM] = "igvm",
};

static const char *const mode_names[] = {
	[SNP_MODE_SNP] = "snp", [SNP_MODE_SNP_SVSM] = "snp:svsm", [SNP_MODE_SEV_ES] = "seves",
	[SNP_MODE_SEV] = "sev", [SNP_MODE_SNP_IGVM] = "snp:igvm",
};

const char *snp_mode_name(enum snp_mode mode)
{
	return mode_names[mode];
}

uint64_t snp_mode_default_features(enum snp_mode mode)
{
	return mode_is_snp(mode);
}

const char *vmm_name(enum snp_vmm vmm)
{
	return vmm_names[vmm];
}

int snp_vmm_find(const char *name, enum snp_vmm *ret, struct snp_error *err)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vmm_names); i++) {
		if (strcasecmp(name, vmm_names[i]) == 0) {
			*ret = (enum snp_vmm)i;
			return 0;
		}
	}
	return fail_with(err, SNP_E_BAD_PROFILE, SNP_NO_OFFSET,
			 "unknown VMM '%s'; expected %s, %s, %s or %s", name,
			 vmm_names[SNP_VMM_QEMU], vmm_names[SNP_VMM_EC2], vmm_names[SNP_VMM_GCE],
			 vmm_names[SNP_VMM_IGVM]);
}

static const struct snp_profile *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
		if (strcmp(name, profiles[i].name) == 0)
			return &profiles[i];
	return NULL;
}

const struct snp_profile *launch_profile(const struct snp_launch *launch)
{
	return find(launch->vcpus.profile);
}

static bool fits(const struct snp_profile *profile, enum snp_mode mode)
{
	return profile->modes & IN(mode);
}

int snp_profile_check(const char *name, enum snp_mode mode, struct snp_error *err)
{
	const struct snp_profile *profile = find(name);
	char names[512] = "";

	if (profile && fits(profile, mode))
		return 0;
	if (profile)
		return fail_with(err, SNP_E_BAD_PROFILE, SNP_NO_OFFSET,
				 "profile %s is not of mode %s", name, snp_mode_name(mode));
	for (size_t i = 0, n = 0; i < ARRAY_SIZE(profiles); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", i > 0 ? ", " : "",
				      profiles[i].name);
	return fail_with(err, SNP_E_BAD_PROFILE, SNP_NO_OFFSET,
			 "unknown profile '%s'; expected one of %s", name, names);
}

int snp_profile_current(enum snp_vmm vmm, enum snp_mode mode,
			char ret[static SNP_PROFILE_NAME_SIZE], struct snp_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (profiles[i].vmm == vmm && fits(&profiles[i], mode)) {
			snprintf(ret, SNP_PROFILE_NAME_SIZE, "%s", profiles[i].name);
			return 0;
		}
	}
	return fail_with(err, SNP_E_BAD_PROFILE, SNP_NO_OFFSET, "%s has no mode %s", vmm_names[vmm],
			 mode_names[mode]);
}

/* QEMU backends/igvm.c, qigvm_supported_platform_compat_mask(): an SNP guest "supports" all of these. */
int igvm_choose_platform(const struct snp_igvm_info *info, const struct igvm_rules *rules,
			 uint32_t *ret_platform, uint32_t *ret_mask, struct snp_error *err)
{
	static const uint32_t by_strength[] = {SNP_IGVM_SEV_SNP, SNP_IGVM_SEV_ES, SNP_IGVM_SEV,
					       SNP_IGVM_NATIVE};
	const size_t n = rules->any_sev ? ARRAY_SIZE(by_strength) : 1;

	for (size_t p = 0; p < n; p++) {
		for (size_t i = 0; i < info->n_headers; i++) {
			const struct snp_igvm_header *h = &info->headers[i];

			if (h->type != SNP_IGVM_SUPPORTED_PLATFORM || h->subtype != by_strength[p])
				continue;
			*ret_platform = h->subtype;
			*ret_mask = h->mask;
			return 0;
		}
	}
	return fail_with(err, SNP_E_IGVM_LAUNCH, SNP_NO_OFFSET, "the file is not for %s platform%s",
			 rules->any_sev ? "SEV-SNP or a weaker" : "the SEV-SNP",
			 rules->any_sev ? " that such a guest may start from" : "");
}

const char *snp_profile_at(size_t i)
{
	return i < ARRAY_SIZE(profiles) ? profiles[i].name : NULL;
}

const char *snp_profile_summary(const char *name)
{
	const struct snp_profile *profile = find(name);

	return profile ? profile->summary : NULL;
}

bool snp_profile_uses_signature(const char *name)
{
	const struct snp_profile *profile = find(name);

	return profile && profile->rdx_is_signature;
}
