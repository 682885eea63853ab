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
 * that would end the walk is SNP_E_BAD_TABLE: which entries a VMM finds beyond it is anybody's guess.
 * Up to 17 bytes before the last entry are left alone, as there. */
SNP_MUST_USE int ovmf_table_read(struct snp_span image, bool *ret_found,
				 struct snp_table_entry **ret, size_t *ret_count,
				 struct snp_error *err);

/* The first entry of this GUID, or NULL. QEMU takes the one nearest the footer. */
const struct snp_table_entry *ovmf_table_find(const struct snp_table_entry *entries, size_t count,
					      const uint8_t guid[static SNP_GUID_SIZE]);

/* Data of the SEV-ES reset block that stands alone where newer images have the footer (edk2 until
 * 2020; QEMU target/i386/sev.c, sev_es_find_reset_vector). SNP_RESET_ABSENT where there is none.
 * Errors: SNP_E_BAD_TABLE. */
SNP_MUST_USE int ovmf_legacy_reset_read(struct snp_span image, enum snp_reset_source *ret_source,
					uint32_t *ret_address, uint64_t *ret_offset,
					struct snp_error *err);

#endif
