/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_OVMF_TABLE_H
#define IMAGE_OVMF_TABLE_H

#include <snp/firmware.h>

/* The GUIDs that a launch depends on, as they stand in a file. */
extern const uint8_t ovmf_sev_es_reset_guid[SNP_GUID_SIZE];
extern const uint8_t ovmf_sev_hash_table_guid[SNP_GUID_SIZE];
extern const uint8_t ovmf_sev_metadata_guid[SNP_GUID_SIZE];
extern const uint8_t ovmf_svsm_info_guid[SNP_GUID_SIZE];

/* Read the OVMF table of an image of at least a page into `ret` (for free()), from the footer down as
 * QEMU's lookup walks (hw/i386/pc_sysfw_ovmf.c). `ret_found` says whether there is a footer. An entry
 * that would end the walk is SNP_E_BAD_TABLE: VMMs may differ in what they find beyond it. Up to 17
 * bytes before the last entry are not looked at, as in QEMU. */
SNP_MUST_USE int ovmf_table_read(struct snp_span image, bool *ret_found,
				 struct snp_table_entry **ret, size_t *ret_count,
				 struct snp_error *err);

/* The first entry of this GUID, or NULL. QEMU takes the one nearest the footer. */
const struct snp_table_entry *ovmf_table_find(const struct snp_table_entry *entries, size_t count,
					      const uint8_t guid[static SNP_GUID_SIZE]);

/* Data of an SEV-ES reset block without a table: it stands where newer images have the footer (edk2
 * until 2020; QEMU target/i386/sev.c, sev_es_find_reset_vector). SNP_RESET_ABSENT if there is none.
 * Errors: SNP_E_BAD_TABLE. */
SNP_MUST_USE int ovmf_legacy_reset_read(struct snp_span image, enum snp_reset_source *ret_source,
					uint32_t *ret_address, uint64_t *ret_offset,
					struct snp_error *err);

/* SEV metadata (edk2 OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm): "ASEV", u32 length, u32 version,
 * u32 number of sections, then {u32 gpa, u32 size, u32 type} each. */
#define SEV_METADATA_HEADER  16
#define SEV_METADATA_SECTION 12
#define SEV_METADATA_MAX     1024 /* sections; edk2 has seven */

/* Read the metadata that begin `distance` bytes before the end of the image; `from` is the offset of
 * that number, for errors. The values of sections are not checked. `ret` is for free().
 * Errors: SNP_E_BAD_METADATA, SNP_E_NO_MEMORY. */
SNP_MUST_USE int sev_metadata_read(struct snp_span image, uint32_t distance, uint64_t from,
				   uint64_t *ret_offset, uint32_t *ret_version,
				   struct snp_section **ret, size_t *ret_count,
				   struct snp_error *err);

#endif
