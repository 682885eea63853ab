/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_SEV_METADATA_H
#define IMAGE_SEV_METADATA_H

#include <snp/firmware.h>

/* SEV metadata (edk2 OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm): "ASEV", u32 length, u32 version,
 * u32 number of sections, then {u32 gpa, u32 size, u32 type} each. */
#define SEV_METADATA_HEADER  16
#define SEV_METADATA_SECTION 12
#define SEV_METADATA_MAX     1024 /* sections; edk2 has seven */

/* Read the metadata that begin `distance` bytes before the end of the image; `from` is where that
 * number stands. Every section's values are taken as they are. `ret` is for free().
 * Errors: SNP_E_BAD_METADATA, SNP_E_NO_MEMORY. */
SNP_MUST_USE int sev_metadata_read(struct snp_span image, uint32_t distance, uint64_t from,
				   uint64_t *ret_offset, uint32_t *ret_version,
				   struct snp_section **ret, size_t *ret_count,
				   struct snp_error *err);

#endif
