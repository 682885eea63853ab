/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IGVM_IMAGE_H
#define IGVM_IMAGE_H

#include <lzma.h>
#include <stdint.h>
#include <string.h>

#include <snp/igvm.h>
#include <snp/launch.h>
#include <snp/span.h>

/*
 * A small IGVM file with one header of each kind that launches, written down here byte by byte from igvm_defs,
 * for tests that then change a byte of it. Offsets are those of headers.
 */
#define IGVM_PLATFORM	 0x18u
#define IGVM_POLICY	 (IGVM_PLATFORM + 24u)
#define IGVM_REQUIRED	 (IGVM_POLICY + 24u)
#define IGVM_AREA	 (IGVM_REQUIRED + 32u)
#define IGVM_VP_COUNT	 (IGVM_AREA + 24u)
#define IGVM_INSERT	 (IGVM_VP_COUNT + 16u)
#define IGVM_PAGE	 (IGVM_INSERT + 24u) /* the first of three: two in a run, and secrets */
#define IGVM_CONTEXT	 (IGVM_PAGE + 3 * 32u)
#define IGVM_HEADERS_END (IGVM_CONTEXT + 32u)
#define IGVM_CONTENTS	 (IGVM_HEADERS_END + 8u) /* of the first page, then of the context */
#define IGVM_VMSA	 (IGVM_CONTENTS + 4096u)
#define IGVM_SIZE	 (IGVM_VMSA + 4096u)

static inline uint8_t *igvm_put_header(uint8_t *file, uint32_t at, uint32_t type, uint32_t length)
{
	snp_put_le32(file + at, type);
	snp_put_le32(file + at + 4, length);
	return file + at + 8;
}

static inline void igvm_put_page(uint8_t *file, uint32_t at, uint64_t gpa, uint32_t data,
				 uint32_t flags, uint16_t type)
{
	uint8_t *p = igvm_put_header(file, at, SNP_IGVM_PAGE_DATA, 24);

	snp_put_le64(p, gpa);
	snp_put_le32(p + 8, 1);
	snp_put_le32(p + 12, data);
	snp_put_le32(p + 16, flags);
	snp_put_le16(p + 20, type);
}

/* Make the checksum right, where the headers lie in the file. */
static inline void igvm_repair(uint8_t *file, uint64_t size)
{
	uint32_t offset = 0, length = 0, version = 0, crc, fixed;
	struct snp_span all = {file, (size_t)size}, section;

	if (!snp_span_le32(all, 4, &version) || !snp_span_le32(all, 8, &offset) ||
	    !snp_span_le32(all, 12, &length) || !snp_span_sub(all, offset, length, &section))
		return;
	fixed = version == 2 ? 32 : 24;
	if (fixed > size)
		return;
	memset(file + 20, 0, 4);
	crc = lzma_crc32(file, fixed, 0);
	snp_put_le32(file + 20, lzma_crc32(section.data, section.size, crc));
}

/* 32-bit protected mode, as COCONUT-SVSM starts. */
static inline void igvm_put_context(uint8_t *vmsa)
{
	static const struct {
		uint16_t at, selector, attrib;
		uint32_t limit;
	} segments[] = {
		{0x00, 0x10, 0xc93, 0xffffffff}, {0x10, 0x08, 0xc9b, 0xffffffff},
		{0x20, 0x10, 0xc93, 0xffffffff}, {0x30, 0x10, 0xc93, 0xffffffff},
		{0x70, 0, 0x82, 0xffff},	 {0x90, 0, 0x8b, 0xffff},
	};
	static const struct {
		uint16_t at;
		uint64_t value;
	} registers[] = {
		{0xd0, 0x1000},
		{0x148, 0x40},
		{0x158, 0x31},
		{0x160, 0x400},
		{0x168, 0xffff0ff0},
		{0x170, 2},
		{0x178, 0x10000},
		{0x268, 0x7040600070406},
		{0x3b0, 1},
		{0x3e8, 1},
		{0x408, 0x0000000000001f80},
	};

	memset(vmsa, 0, 4096);
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		snp_put_le16(vmsa + segments[i].at, segments[i].selector);
		snp_put_le16(vmsa + segments[i].at + 2, segments[i].attrib);
		snp_put_le32(vmsa + segments[i].at + 4, segments[i].limit);
	}
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		snp_put_le64(vmsa + registers[i].at, registers[i].value);
	snp_put_le16(vmsa + 0x410, 0x37f);
}

static inline void igvm_build(uint8_t file[static IGVM_SIZE])
{
	uint8_t *p;

	memset(file, 0, IGVM_SIZE);
	memcpy(file, "IGVM", 4);
	snp_put_le32(file + 4, 1);
	snp_put_le32(file + 8, IGVM_PLATFORM);
	snp_put_le32(file + 12, IGVM_HEADERS_END - IGVM_PLATFORM);
	snp_put_le32(file + 16, IGVM_SIZE);
	p = igvm_put_header(file, IGVM_PLATFORM, SNP_IGVM_SUPPORTED_PLATFORM, 16);
	snp_put_le32(p, 1);
	p[5] = SNP_IGVM_SEV_SNP;
	snp_put_le16(p + 6, 1);
	p = igvm_put_header(file, IGVM_POLICY, SNP_IGVM_GUEST_POLICY, 16);
	snp_put_le64(p, 0x30000);
	snp_put_le32(p + 8, 1);
	p = igvm_put_header(file, IGVM_REQUIRED, SNP_IGVM_REQUIRED_MEMORY, 24);
	snp_put_le64(p, 0x100000);
	snp_put_le32(p + 8, 1);
	snp_put_le32(p + 12, 0x10000);
	p = igvm_put_header(file, IGVM_AREA, SNP_IGVM_PARAMETER_AREA, 16);
	snp_put_le64(p, 4096);
	p = igvm_put_header(file, IGVM_VP_COUNT, SNP_IGVM_VP_COUNT, 8);
	p = igvm_put_header(file, IGVM_INSERT, SNP_IGVM_PARAMETER_INSERT, 16);
	snp_put_le64(p, 0x110000);
	snp_put_le32(p + 8, 1);
	igvm_put_page(file, IGVM_PAGE, 0x100000, IGVM_CONTENTS, 0, 0);
	igvm_put_page(file, IGVM_PAGE + 32, 0x101000, IGVM_CONTENTS, 0, 0);
	igvm_put_page(file, IGVM_PAGE + 64, 0x102000, 0, 0, SNP_IGVM_PAGE_SECRETS);
	p = igvm_put_header(file, IGVM_CONTEXT, SNP_IGVM_VP_CONTEXT, 20);
	snp_put_le64(p, SNP_VMSA_GPA);
	snp_put_le32(p + 8, 1);
	snp_put_le32(p + 12, IGVM_VMSA);
	for (uint32_t i = 0; i < 4096; i++)
		file[IGVM_CONTENTS + i] = (uint8_t)(i * 7);
	igvm_put_context(file + IGVM_VMSA);
	igvm_repair(file, IGVM_SIZE);
}

#endif
