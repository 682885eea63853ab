/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCH_LAYOUT_H
#define LAUNCH_LAYOUT_H

#include "image/firmware.h"

#include <snp/launch.h>

/* Firmware is loaded to end here (QEMU hw/i386/pc_sysfw.c, x86-common.c). */
#define FIRMWARE_END 0x100000000ull

/* No guest has RAM between here and FIRMWARE_END (QEMU: at most 0xb0000000 for q35, 0xe0000000 for pc,
 * hw/i386/pc_q35.c, pc_piix.c). */
#define RAM_END 0xe0000000ull

/* The image whose SEV metadata are launched. */
static inline const struct snp_firmware *launch_metadata(const struct snp_launch *launch)
{
	return launch->mode == SNP_MODE_SNP_SVSM ? launch->svsm : launch->firmware;
}

static inline uint64_t launch_firmware_gpa(const struct snp_launch *launch)
{
	return FIRMWARE_END - launch->firmware->info.size;
}

/* Below OVMF and the variables that lie under it; of a launch that snp_launch_check() accepts. */
static inline uint64_t launch_svsm_gpa(const struct snp_launch *launch)
{
	return launch_firmware_gpa(launch) - launch->vars_size - launch->svsm->info.size;
}

/* Where a vCPU starts: the reset vector; the address in the reset block; SVSM's entry point. */
uint32_t launch_eip(const struct snp_launch *launch, bool is_ap);

#endif
