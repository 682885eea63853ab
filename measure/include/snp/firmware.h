/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FIRMWARE_H
#define SNP_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/file.h>

#pragma GCC visibility push(default)

/*
 * A firmware image (OVMF, or an SVSM binary of the same footer): what the VMM loads, and what its
 * footer table and SEV metadata say (edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm and
 * X64/OvmfSevMetadata.asm; QEMU hw/i386/pc_sysfw_ovmf.c).
 */
struct snp_firmware;

/* Section types of the SEV metadata (edk2 OvmfSevMetadata.asm; QEMU target/i386/sev.c). */
enum snp_section_type {
	SNP_SECTION_SEC_MEM = 1,
	SNP_SECTION_SECRETS = 2,
	SNP_SECTION_CPUID = 3,
	SNP_SECTION_SVSM_CAA = 4,
	SNP_SECTION_KERNEL_HASHES = 0x10,
};

struct snp_section {
	uint32_t gpa;
	uint32_t size;
	uint32_t type;
};

/* Read and parse the image `path`; its pages' contents are hashed by the first digest that needs them.
 * Refused: what QEMU refuses of a table or metadata whatever it launches. What only some launches need
 * (metadata, reset address, hash table) may be absent here and is refused by snp_launch_check().
 * Errors: those of snp_file_read(); SNP_E_FIRMWARE_SIZE, SNP_E_BAD_TABLE, SNP_E_BAD_METADATA, …, each
 * with the byte offset. */
SNP_CHECK int snp_firmware_read(const char *path, struct snp_firmware **ret, struct snp_error *err);

/* Read an snp-firmware/1 document in its place. */
SNP_CHECK int snp_firmware_read_summary(const char *path, struct snp_firmware **ret,
					struct snp_error *err);
void snp_firmware_free(struct snp_firmware *firmware);

/* What it holds. Sections in table order. */
uint64_t snp_firmware_size(const struct snp_firmware *firmware); /* 0 for a summary */
const struct snp_section *snp_firmware_sections(const struct snp_firmware *firmware,
						uint32_t *ret_count);

#pragma GCC visibility pop

#endif
