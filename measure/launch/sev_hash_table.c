// SPDX-License-Identifier: Apache-2.0
#include "launch/sev_hash_table.h"

#include <string.h>

#include <snp/span.h>

/* QEMU target/i386/sev.c: SevHashTable, padded with zeros to a multiple of 16 bytes. */
struct entry {
	uint8_t guid[16];
	uint8_t length[2];
	uint8_t hash[SNP_SHA256_SIZE];
};

struct table {
	uint8_t guid[16];
	uint8_t length[2]; /* without the padding */
	struct entry cmdline, initrd, kernel;
	uint8_t padding[8];
};
_Static_assert(sizeof(struct entry) == 50, "SevHashTableEntry");
_Static_assert(offsetof(struct table, padding) == 168, "SevHashTable");
_Static_assert(sizeof(struct table) == SNP_HASH_TABLE_SIZE, "PaddedSevHashTable");

/* 9438d606-4f22-4cc9-b479-a793d411fd21 */
static const uint8_t table_guid[16] = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
				       0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};
/* 97d02dd8-bd20-4c94-aa78-e7714d36ab2a */
static const uint8_t cmdline_guid[16] = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
					 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};
/* 44baf731-3a2f-4bd7-9af1-41e29169781d */
static const uint8_t initrd_guid[16] = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
					0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};
/* 4de79437-abd2-427f-b835-d5b172d2045b */
static const uint8_t kernel_guid[16] = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
					0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};

static void put_entry(struct entry *ret, const uint8_t guid[static 16],
		      const uint8_t hash[static SNP_SHA256_SIZE])
{
	memcpy(ret->guid, guid, sizeof(ret->guid));
	snp_put_le16(ret->length, sizeof(*ret));
	memcpy(ret->hash, hash, sizeof(ret->hash));
}

void sev_hash_table_build(const struct snp_kernel_hashes *hashes,
			  uint8_t ret[static SNP_HASH_TABLE_SIZE])
{
	struct table table = {0};

	memcpy(table.guid, table_guid, sizeof(table.guid));
	snp_put_le16(table.length, offsetof(struct table, padding));
	put_entry(&table.cmdline, cmdline_guid, hashes->cmdline);
	put_entry(&table.initrd, initrd_guid, hashes->initrd);
	put_entry(&table.kernel, kernel_guid, hashes->kernel);
	memcpy(ret, &table, sizeof(table));
}
