/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVMF_IMAGE_H
#define OVMF_IMAGE_H

#include <stdint.h>
#include <string.h>

#include <snp/firmware.h>
#include <snp/span.h>

/*
 * A small image with everything that an AmdSev build of OVMF has, written down here byte by byte from
 * edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm and X64/OvmfSevMetadata.asm, for tests that then
 * change a byte of it.
 */
#define IMAGE_SIZE	 0x10000u
#define IMAGE_METADATA	 0xf800u		/* "ASEV" */
#define IMAGE_SECTION	 (IMAGE_METADATA + 16u) /* the first of seven, 12 bytes each */
#define IMAGE_FOOTER	 (IMAGE_SIZE - 50u)	/* length of the table, then the footer GUID */
#define IMAGE_RESET	 (IMAGE_FOOTER - 22u)	/* data of the entry nearest the footer */
#define IMAGE_HASHES	 (IMAGE_RESET - 26u)	/* data of the next: base, size */
#define IMAGE_DISTANCE	 (IMAGE_HASHES - 22u)	/* data of the last: distance of the metadata */
#define IMAGE_N_SECTIONS 7u

static const struct snp_section image_sections[IMAGE_N_SECTIONS] = {
	{0x800000, 0x9000, SNP_SECTION_SEC_MEM},       {0x80a000, 0x3000, SNP_SECTION_SEC_MEM},
	{0x80d000, 0x1000, SNP_SECTION_SECRETS},       {0x80e000, 0x1000, SNP_SECTION_CPUID},
	{0x80f000, 0x1000, SNP_SECTION_SVSM_CAA},      {0x811000, 0xf000, SNP_SECTION_SEC_MEM},
	{0x810000, 0x1000, SNP_SECTION_KERNEL_HASHES},
};

static inline void image_put_section(uint8_t *image, unsigned int i, struct snp_section section)
{
	snp_put_le32(image + IMAGE_SECTION + 12 * i, section.gpa);
	snp_put_le32(image + IMAGE_SECTION + 12 * i + 4, section.size);
	snp_put_le32(image + IMAGE_SECTION + 12 * i + 8, section.type);
}

/* Three pages that differ, then ones. */
static inline void image_build(uint8_t image[static IMAGE_SIZE])
{
	static const char guids[] =
		"\x66\x65\x88\xdc\x4a\x98\x98\x47\xa7\x5e\x55\x85\xa7\xbf\x67\xcc"
		"\x1f\x37\x55\x72\x3b\x3a\x04\x4b\x92\x7b\x1d\xa6\xef\xa8\xd4\x54"
		"\xde\x71\xf7\x00\x7e\x1a\xcb\x4f\x89\x0e\x68\xc7\x7e\x2f\xb4\x4e"
		"\xde\x82\xb5\x96\xb2\x1f\xf7\x45\xba\xea\xa3\x66\xc5\x5a\x08\x2d";

	memset(image, 0xff, IMAGE_SIZE);
	for (unsigned int i = 0; i < 3 * SNP_PAGE_SIZE; i++)
		image[i] = (uint8_t)(i * 7 + i / SNP_PAGE_SIZE);
	memcpy(image + IMAGE_METADATA, "ASEV", 4);
	snp_put_le32(image + IMAGE_METADATA + 4, 16 + 12 * IMAGE_N_SECTIONS);
	snp_put_le32(image + IMAGE_METADATA + 8, 1);
	snp_put_le32(image + IMAGE_METADATA + 12, IMAGE_N_SECTIONS);
	for (unsigned int i = 0; i < IMAGE_N_SECTIONS; i++)
		image_put_section(image, i, image_sections[i]);
	snp_put_le32(image + IMAGE_DISTANCE, IMAGE_SIZE - IMAGE_METADATA);
	snp_put_le16(image + IMAGE_DISTANCE + 4, 22);
	memcpy(image + IMAGE_DISTANCE + 6, guids, 16);
	snp_put_le32(image + IMAGE_HASHES, 0x810c00);
	snp_put_le32(image + IMAGE_HASHES + 4, 0x400);
	snp_put_le16(image + IMAGE_HASHES + 8, 26);
	memcpy(image + IMAGE_HASHES + 10, guids + 16, 16);
	snp_put_le32(image + IMAGE_RESET, 0x80b004);
	snp_put_le16(image + IMAGE_RESET + 4, 22);
	memcpy(image + IMAGE_RESET + 6, guids + 32, 16);
	snp_put_le16(image + IMAGE_FOOTER, 18 + 22 + 26 + 22);
	memcpy(image + IMAGE_FOOTER + 2, guids + 48, 16);
}

#endif
