/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FIRMWARE_SUMMARY_H
#define SNP_FIRMWARE_SUMMARY_H

#include <snp/firmware.h>

/* Print an snp-firmware/1 document, for free(). `digest` is the launch digest after the image's own pages. Errors: what is
 * wrong with table or metadata, SNP_E_NO_METADATA, SNP_E_NO_MEMORY. */
SNP_MUST_USE int firmware_summary_print(const struct snp_firmware_info *info,
					const uint8_t digest[SNP_STATIC SNP_SHA384_SIZE],
					enum snp_hash_verifier verifier, char **ret,
					struct snp_error *err);

#endif
