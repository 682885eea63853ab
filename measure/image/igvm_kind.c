// SPDX-License-Identifier: Apache-2.0
#include "image/igvm.h"

#include <string.h>

#include <snp/cleanup.h>

/* igvm_defs, IGVM_VHS_*. */
static const struct igvm_kind kinds[] = {
	{SNP_IGVM_SUPPORTED_PLATFORM, 16, IGVM_SHAPE_PLATFORM, "SUPPORTED_PLATFORM"},
	{SNP_IGVM_GUEST_POLICY, 16, IGVM_SHAPE_POLICY, "GUEST_POLICY"},
	{SNP_IGVM_RELOCATABLE_REGION, 48, IGVM_SHAPE_RELOCATABLE, "RELOCATABLE_REGION"},
	{SNP_IGVM_PAGE_TABLE_RELOCATION, 32, IGVM_SHAPE_PAGE_TABLE, "PAGE_TABLE_RELOCATION_REGION"},
	{SNP_IGVM_PARAMETER_AREA, 16, IGVM_SHAPE_AREA, "PARAMETER_AREA"},
	{SNP_IGVM_PAGE_DATA, 24, IGVM_SHAPE_PAGE, "PAGE_DATA"},
	{SNP_IGVM_PARAMETER_INSERT, 16, IGVM_SHAPE_INSERT, "PARAMETER_INSERT"},
	{SNP_IGVM_VP_CONTEXT, 20, IGVM_SHAPE_CONTEXT, "VP_CONTEXT"},
	{SNP_IGVM_REQUIRED_MEMORY, 24, IGVM_SHAPE_REQUIRED, "REQUIRED_MEMORY"},
	{SNP_IGVM_VP_COUNT, 8, IGVM_SHAPE_PARAMETER, "VP_COUNT"},
	{SNP_IGVM_SRAT, 8, IGVM_SHAPE_PARAMETER, "SRAT"},
	{SNP_IGVM_MADT, 8, IGVM_SHAPE_PARAMETER, "MADT"},
	{SNP_IGVM_MMIO_RANGES, 8, IGVM_SHAPE_PARAMETER, "MMIO_RANGES"},
	{SNP_IGVM_SNP_ID_BLOCK, IGVM_ID_BLOCK, IGVM_SHAPE_ID_BLOCK, "SNP_ID_BLOCK"},
	{SNP_IGVM_MEMORY_MAP, 8, IGVM_SHAPE_PARAMETER, "MEMORY_MAP"},
	{SNP_IGVM_ERROR_RANGE, 16, IGVM_SHAPE_RANGE, "ERROR_RANGE"},
	{SNP_IGVM_COMMAND_LINE, 8, IGVM_SHAPE_PARAMETER, "COMMAND_LINE"},
	{SNP_IGVM_SLIT, 8, IGVM_SHAPE_PARAMETER, "SLIT"},
	{SNP_IGVM_PPTT, 8, IGVM_SHAPE_PARAMETER, "PPTT"},
	{SNP_IGVM_VBS_MEASUREMENT, 864, IGVM_SHAPE_MEASUREMENT, "VBS_MEASUREMENT"},
	{SNP_IGVM_DEVICE_TREE, 8, IGVM_SHAPE_PARAMETER, "DEVICE_TREE"},
	{SNP_IGVM_ENVIRONMENT_INFO, 8, IGVM_SHAPE_PARAMETER, "ENVIRONMENT_INFO"},
};

const struct igvm_kind *igvm_kind_find(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

const struct igvm_kind *igvm_kind_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

const char *snp_igvm_type_name(uint32_t type)
{
	const struct igvm_kind *kind = igvm_kind_find(type);

	return kind ? kind->name : "unknown";
}

const char *snp_igvm_platform_name(uint32_t platform)
{
	static const char *const names[] = {"native", "VSM", "SEV-SNP", "TDX", "SEV", "SEV-ES"};

	return platform < ARRAY_SIZE(names) ? names[platform] : "unknown";
}

const struct igvm_register igvm_registers[IGVM_N_REGISTERS] = {
	{0x000, 16, "es"},
	{0x010, 16, "cs"},
	{0x020, 16, "ss"},
	{0x030, 16, "ds"},
	{0x040, 16, "fs"},
	{0x050, 16, "gs"},
	{0x060, 16, "gdtr"},
	{0x070, 16, "ldtr"},
	{0x080, 16, "idtr"},
	{0x090, 16, "tr"},
	{0x0a0, 8, "pl0_ssp"},
	{0x0a8, 8, "pl1_ssp"},
	{0x0b0, 8, "pl2_ssp"},
	{0x0b8, 8, "pl3_ssp"},
	{0x0c0, 8, "u_cet"},
	{0x0ca, 1, "vmpl"},
	{0x0cb, 1, "cpl"},
	{0x0d0, 8, "efer"},
	{0x140, 8, "xss"},
	{0x148, 8, "cr4"},
	{0x150, 8, "cr3"},
	{0x158, 8, "cr0"},
	{0x160, 8, "dr7"},
	{0x168, 8, "dr6"},
	{0x170, 8, "rflags"},
	{0x178, 8, "rip"},
	{0x180, 8, "dr0"},
	{0x188, 8, "dr1"},
	{0x190, 8, "dr2"},
	{0x198, 8, "dr3"},
	{0x1a0, 8, "dr0_addr_mask"},
	{0x1a8, 8, "dr1_addr_mask"},
	{0x1b0, 8, "dr2_addr_mask"},
	{0x1b8, 8, "dr3_addr_mask"},
	{0x1d8, 8, "rsp"},
	{0x1e0, 8, "s_cet"},
	{0x1e8, 8, "ssp"},
	{0x1f0, 8, "isst_addr"},
	{0x1f8, 8, "rax"},
	{0x200, 8, "star"},
	{0x208, 8, "lstar"},
	{0x210, 8, "cstar"},
	{0x218, 8, "sfmask"},
	{0x220, 8, "kernel_gs_base"},
	{0x228, 8, "sysenter_cs"},
	{0x230, 8, "sysenter_esp"},
	{0x238, 8, "sysenter_eip"},
	{0x240, 8, "cr2"},
	{0x268, 8, "g_pat"},
	{0x270, 8, "dbgctl"},
	{0x278, 8, "br_from"},
	{0x280, 8, "br_to"},
	{0x288, 8, "last_excp_from"},
	{0x290, 8, "last_excp_to"},
	{0x2e8, 4, "pkru"},
	{0x2ec, 4, "tsc_aux"},
	{0x2f0, 8, "guest_tsc_scale"},
	{0x2f8, 8, "guest_tsc_offset"},
	{0x300, 8, "reg_prot_nonce"},
	{0x308, 8, "rcx"},
	{0x310, 8, "rdx"},
	{0x318, 8, "rbx"},
	{0x328, 8, "rbp"},
	{0x330, 8, "rsi"},
	{0x338, 8, "rdi"},
	{0x340, 8, "r8"},
	{0x348, 8, "r9"},
	{0x350, 8, "r10"},
	{0x358, 8, "r11"},
	{0x360, 8, "r12"},
	{0x368, 8, "r13"},
	{0x370, 8, "r14"},
	{0x378, 8, "r15"},
	{0x390, 8, "guest_exit_info_1"},
	{0x398, 8, "guest_exit_info_2"},
	{0x3a0, 8, "guest_exit_int_info"},
	{0x3a8, 8, "guest_nrip"},
	{0x3b0, 8, "sev_features"},
	{0x3b8, 8, "vintr_ctrl"},
	{0x3c0, 8, "guest_exit_code"},
	{0x3c8, 8, "virtual_tom"},
	{0x3d0, 8, "tlb_id"},
	{0x3d8, 8, "pcpu_id"},
	{0x3e0, 8, "event_inj"},
	{0x3e8, 8, "xcr0"},
	{0x400, 8, "x87_dp"},
	{0x408, 4, "mxcsr"},
	{0x40c, 2, "x87_ftw"},
	{0x40e, 2, "x87_fsw"},
	{0x410, 2, "x87_fcw"},
	{0x412, 2, "x87_fop"},
	{0x414, 2, "x87_ds"},
	{0x416, 2, "x87_cs"},
	{0x418, 8, "x87_rip"},
};
