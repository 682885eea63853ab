/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NAIVE_LAUNCH_H
#define NAIVE_LAUNCH_H

#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

#include <snp/firmware.h>
#include <snp/launch.h>

/*
 * A launch digest the slow way, with nothing of the library's: each page by itself, no sharing, no
 * plan. What it takes from the caller are the sections and the VMSAs.
 */
static inline void naive_sha384(const uint8_t *data, size_t size, uint8_t ret[48])
{
	static EVP_MD *sha384;

	if (!sha384)
		sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
	EVP_Digest(data, size, ret, NULL, sha384, NULL);
}

static inline void naive_extend(uint8_t ld[48], uint8_t type, uint64_t gpa, const uint8_t *page)
{
	uint8_t info[0x70] = {0};

	memcpy(info, ld, 48);
	if (type == 1 || type == 2)
		naive_sha384(page, 4096, info + 48);
	info[0x60] = 0x70;
	info[0x62] = type;
	for (unsigned int i = 0; i < 8; i++)
		info[0x68 + i] = (uint8_t)(gpa >> 8 * i);
	naive_sha384(info, sizeof(info), ld);
}

static inline void naive_firmware(uint8_t ld[48], const uint8_t *image, uint64_t size)
{
	memset(ld, 0, 48);
	for (uint64_t at = 0; at < size; at += 4096)
		naive_extend(ld, 1, 0x100000000 - size + at, image + at);
}

/* QEMU's mapping of section types, without kernel hashes. */
static inline void naive_section(uint8_t ld[48], uint32_t gpa, uint32_t size, uint32_t type)
{
	for (uint64_t at = 0; at < size; at += 4096)
		naive_extend(ld, type == 2 ? 5 : type == 3 ? 6 : 3, gpa + at, NULL);
}

/* With kernel hashes: zeros and the table, `in_page` bytes from the beginning. */
static inline void naive_hash_section(uint8_t ld[48], uint32_t gpa, uint32_t size, uint32_t in_page,
				      const uint8_t table[176])
{
	for (uint64_t at = 0; at < size; at += 4096) {
		uint8_t page[4096] = {0};

		for (uint64_t i = 0; i < 176; i++)
			if (in_page + i >= at && in_page + i < at + 4096)
				page[in_page + i - at] = table[i];
		naive_extend(ld, 1, gpa + at, page);
	}
}

static inline void naive_vmsa(uint8_t ld[48], const uint8_t page[4096])
{
	naive_extend(ld, 2, 0xfffffffff000, page);
}

/* The table as QEMU's sev.c lays it out. */
static inline void naive_table(const struct snp_kernel_hashes *hashes, uint8_t ret[176])
{
	static const char guids[] =
		"\x06\xd6\x38\x94\x22\x4f\xc9\x4c\xb4\x79\xa7\x93\xd4\x11\xfd\x21"
		"\xd8\x2d\xd0\x97\x20\xbd\x94\x4c\xaa\x78\xe7\x71\x4d\x36\xab\x2a"
		"\x31\xf7\xba\x44\x2f\x3a\xd7\x4b\x9a\xf1\x41\xe2\x91\x69\x78\x1d"
		"\x37\x94\xe7\x4d\xd2\xab\x7f\x42\xb8\x35\xd5\xb1\x72\xd2\x04\x5b";
	const uint8_t *values[] = {hashes->cmdline, hashes->initrd, hashes->kernel};

	memset(ret, 0, 176);
	memcpy(ret, guids, 16);
	ret[16] = 168;
	for (unsigned int i = 0; i < 3; i++) {
		memcpy(ret + 18 + 50 * i, guids + 16 + 16 * i, 16);
		ret[18 + 50 * i + 16] = 50;
		memcpy(ret + 18 + 50 * i + 18, values[i], 32);
	}
}

#endif
