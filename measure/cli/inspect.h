/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <stdio.h>

#include <snp/error.h>
#include <snp/launch.h>

/* A firmware image, and what is computed of it whatever is printed. */
struct inspected {
	const struct snp_firmware *firmware;
	const struct snp_firmware_info *info;
	uint8_t sha256[SNP_SHA256_SIZE];
	uint8_t digest[SNP_SHA384_SIZE]; /* after the image's own pages */
};

/* Where the image is loaded: it ends at 4 GiB. */
uint64_t inspect_gpa(const struct snp_firmware_info *info);

/* How QEMU has a section measured, and what edk2 calls its type ("unknown" if it has no name). */
const char *inspect_measured_as(uint32_t type);
const char *inspect_section_name(uint32_t type);

/* Print the snp-inspect/1 object; the snp-firmware/1 document, for images that have one. */
SNP_MUST_USE int inspect_print_json(const struct inspected *image, FILE *out,
				    struct snp_error *err);
SNP_MUST_USE int inspect_print_summary(const struct inspected *image, FILE *out,
				       struct snp_error *err);

#endif
