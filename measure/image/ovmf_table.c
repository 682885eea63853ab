// SPDX-License-Identifier: Apache-2.0
#include "image/ovmf_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

/*
 * From the end of the image (edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm): 32 bytes of reset
 * vector; before them the footer GUID; before it the table's length, which counts GUID and length
 * themselves; before it the entries, each [data][u16 length of the entry][GUID].
 */
#define AFTER_TABLE  32
#define ENTRY_HEADER (2u + SNP_GUID_SIZE)

static const uint8_t footer_guid[SNP_GUID_SIZE] = {
	0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
	0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
};

/* 00f771de-1a7e-4fcb-890e-68c77e2fb44e */
const uint8_t ovmf_sev_es_reset_guid[SNP_GUID_SIZE] = {
	0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
	0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e,
};
/* 7255371f-3a3b-4b04-927b-1da6efa8d454 */
const uint8_t ovmf_sev_hash_table_guid[SNP_GUID_SIZE] = {
	0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
	0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54,
};
/* dc886566-984a-4798-a75e-5585a7bf67cc */
const uint8_t ovmf_sev_metadata_guid[SNP_GUID_SIZE] = {
	0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
	0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc,
};
/* a789a612-0597-4c4b-a49f-cbb1fe9d1ddd, of COCONUT-SVSM */
const uint8_t ovmf_svsm_info_guid[SNP_GUID_SIZE] = {
	0x12, 0xa6, 0x89, 0xa7, 0x97, 0x05, 0x4b, 0x4c,
	0xa4, 0x9f, 0xcb, 0xb1, 0xfe, 0x9d, 0x1d, 0xdd,
};

/* These are only shown to people: edk2, same file. */
static const struct {
	uint8_t guid[SNP_GUID_SIZE];
	const char *name;
} others[] = {
	{{0x61, 0xb3, 0x2e, 0x4c, 0x9b, 0x7d, 0xc3, 0x4c, 0x80, 0x81, 0x12, 0x7c, 0x90, 0xd3, 0xd2,
	  0x94},
	 "SEV launch secret"},
	{{0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e,
	  0xc2},
	 "TDX metadata"},
	{{0x0e, 0xa7, 0x4f, 0x78, 0x76, 0x31, 0x77, 0x46, 0x8a, 0x20, 0x04, 0xb6, 0x86, 0x99, 0xe3,
	  0x74},
	 "IGVM metadata"},
	{{0x2c, 0x7b, 0x3d, 0x81, 0x58, 0x95, 0x88, 0x4d, 0x8b, 0x31, 0x14, 0x27, 0xa8, 0x5a, 0xbe,
	  0x69},
	 "OVMF reset vector"},
};

const char *snp_guid_name(const uint8_t guid[static SNP_GUID_SIZE])
{
	if (memcmp(guid, ovmf_sev_es_reset_guid, SNP_GUID_SIZE) == 0)
		return "SEV-ES reset block";
	if (memcmp(guid, ovmf_sev_hash_table_guid, SNP_GUID_SIZE) == 0)
		return "SEV hash table";
	if (memcmp(guid, ovmf_sev_metadata_guid, SNP_GUID_SIZE) == 0)
		return "SEV metadata";
	if (memcmp(guid, ovmf_svsm_info_guid, SNP_GUID_SIZE) == 0)
		return "SVSM info";
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (memcmp(guid, others[i].guid, SNP_GUID_SIZE) == 0)
			return others[i].name;
	return NULL;
}

void snp_guid_string(const uint8_t guid[static SNP_GUID_SIZE],
		     char ret[static SNP_GUID_STRING_SIZE])
{
	/* Three little-endian integers, then eight bytes (UEFI specification, EFI_GUID). */
	static const uint8_t order[SNP_GUID_SIZE] = {3, 2, 1,  0,  5,  4,  7,  6,
						     8, 9, 10, 11, 12, 13, 14, 15};
	size_t at = 0;

	for (size_t i = 0; i < SNP_GUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[at++] = '-';
		snprintf(ret + at, SNP_GUID_STRING_SIZE - at, "%02x", guid[order[i]]);
		at += 2;
	}
}

/* The entry that ends at `end`, of which `left` bytes from there down belong to the table. */
static int read_entry(struct snp_span image, uint64_t end, uint64_t left,
		      struct snp_table_entry *ret, uint16_t *ret_length, struct snp_error *err)
{
	uint64_t at = end - ENTRY_HEADER;
	struct snp_span guid;
	uint16_t length;

	if (!snp_span_le16(image, at, &length) ||
	    !snp_span_sub(image, at + 2, SNP_GUID_SIZE, &guid))
		return fail_with(err, SNP_E_BAD_TABLE, image.size,
				 "OVMF table reaches beyond the image");
	if (length < ENTRY_HEADER)
		return fail_with(err, SNP_E_BAD_TABLE, at,
				 "OVMF table entry has %" PRIu16 " bytes; its header alone has %u",
				 length, ENTRY_HEADER);
	if (length > left)
		return fail_with(err, SNP_E_BAD_TABLE, at,
				 "OVMF table entry has %" PRIu16 " bytes, but only %" PRIu64
				 " of the table are left",
				 length, left);
	*ret = (struct snp_table_entry){.offset = end - length,
					.size = (uint32_t)(length - ENTRY_HEADER)};
	memcpy(ret->guid, guid.data, SNP_GUID_SIZE);
	*ret_length = length;
	return 0;
}

int ovmf_table_read(struct snp_span image, bool *ret_found, struct snp_table_entry **ret,
		    size_t *ret_count, struct snp_error *err)
{
	_cleanup_(freep) struct snp_table_entry *entries = NULL;
	struct snp_span guid;
	uint64_t footer, end, left;
	uint16_t length = 0, entry_length = 0;
	size_t n = 0;
	int r;

	if (!snp_span_sub(image, image.size - AFTER_TABLE - SNP_GUID_SIZE, SNP_GUID_SIZE, &guid) ||
	    memcmp(guid.data, footer_guid, SNP_GUID_SIZE) != 0) {
		*ret_found = false;
		*ret_count = 0;
		*ret = NULL;
		return 0;
	}
	footer = image.size - AFTER_TABLE - ENTRY_HEADER;
	if (!snp_span_le16(image, footer, &length) || length < ENTRY_HEADER ||
	    length - ENTRY_HEADER > footer)
		return fail_with(err, SNP_E_BAD_TABLE, footer,
				 "OVMF table has %" PRIu16 " bytes; must have %u to %" PRIu64,
				 length, ENTRY_HEADER, footer + ENTRY_HEADER);
	left = length - ENTRY_HEADER;
	entries = calloc((size_t)left / ENTRY_HEADER + 1, sizeof(*entries));
	if (!entries)
		return out_of_memory(err);
	for (end = footer; left >= ENTRY_HEADER; end -= entry_length, left -= entry_length) {
		r = read_entry(image, end, left, &entries[n], &entry_length, err);
		if (r < 0)
			return r;
		n++;
	}
	*ret_found = true;
	*ret_count = n;
	*ret = TAKE_PTR(entries);
	return 0;
}

const struct snp_table_entry *ovmf_table_find(const struct snp_table_entry *entries, size_t count,
					      const uint8_t guid[static SNP_GUID_SIZE])
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(entries[i].guid, guid, SNP_GUID_SIZE) == 0)
			return &entries[i];
	return NULL;
}

int ovmf_legacy_reset_read(struct snp_span image, enum snp_reset_source *ret_source,
			   uint32_t *ret_address, uint64_t *ret_offset, struct snp_error *err)
{
	uint64_t end = image.size - AFTER_TABLE;
	struct snp_span guid;
	uint32_t address;
	uint16_t length = 0;

	if (!snp_span_sub(image, end - SNP_GUID_SIZE, SNP_GUID_SIZE, &guid) ||
	    memcmp(guid.data, ovmf_sev_es_reset_guid, SNP_GUID_SIZE) != 0) {
		*ret_source = SNP_RESET_ABSENT;
		return 0;
	}
	if (!snp_span_le16(image, end - ENTRY_HEADER, &length) ||
	    length < ENTRY_HEADER + sizeof(address) || length > end ||
	    !snp_span_le32(image, end - length, &address))
		return fail_with(err, SNP_E_BAD_TABLE, end - ENTRY_HEADER,
				 "SEV-ES reset block has %" PRIu16 " bytes; must have at least %zu",
				 length, ENTRY_HEADER + sizeof(address));
	*ret_source = SNP_RESET_LEGACY;
	*ret_address = address;
	*ret_offset = end - length;
	return 0;
}

/* What QEMU demands (target/i386/sev.c, pc_system_parse_sev_metadata) and what it reads without checking:
 * the number of sections against the length. */
static int check_header(struct snp_span image, uint32_t distance, uint64_t from,
			uint32_t *ret_version, uint32_t *ret_count, struct snp_error *err)
{
	struct snp_span signature;
	uint32_t length = 0, count = 0;
	uint64_t at, room;

	if (distance > image.size || distance < SEV_METADATA_HEADER)
		return fail_with(err, SNP_E_BAD_METADATA, from,
				 "SEV metadata 0x%" PRIx32
				 " bytes before the end of the image; must be 0x%x to 0x%zx",
				 distance, SEV_METADATA_HEADER, image.size);
	at = image.size - distance;
	if (!snp_span_sub(image, at, 4, &signature) || memcmp(signature.data, "ASEV", 4) != 0)
		return fail_with(err, SNP_E_BAD_METADATA, at,
				 "SEV metadata lack the signature ASEV");
	/* QEMU compares the length with the header's place, not with what is left after it. */
	room = at < distance ? at : distance;
	if (!snp_span_le32(image, at + 4, &length) || length < SEV_METADATA_HEADER || length > room)
		return fail_with(err, SNP_E_BAD_METADATA, at + 4,
				 "SEV metadata have %" PRIu32 " bytes; must have %d to %" PRIu64,
				 length, SEV_METADATA_HEADER, room);
	if (!snp_span_le32(image, at + 8, ret_version) || !snp_span_le32(image, at + 12, &count))
		return fail_with(err, SNP_E_BAD_METADATA, at, "SEV metadata cut off");
	if ((uint64_t)count * SEV_METADATA_SECTION != length - SEV_METADATA_HEADER)
		return fail_with(err, SNP_E_BAD_METADATA, at + 12,
				 "SEV metadata have %" PRIu32 " sections in %" PRIu32 " bytes",
				 count, length);
	if (count > SEV_METADATA_MAX)
		return fail_with(err, SNP_E_BAD_METADATA, at + 12,
				 "SEV metadata have %" PRIu32 " sections; must have at most %d",
				 count, SEV_METADATA_MAX);
	*ret_count = count;
	return 0;
}

int sev_metadata_read(struct snp_span image, uint32_t distance, uint64_t from, uint64_t *ret_offset,
		      uint32_t *ret_version, struct snp_section **ret, size_t *ret_count,
		      struct snp_error *err)
{
	_cleanup_(freep) struct snp_section *sections = NULL;
	uint32_t version = 0, count = 0;
	uint64_t at;
	int r;

	r = check_header(image, distance, from, &version, &count, err);
	if (r < 0)
		return r;
	sections = calloc(count ? count : 1, sizeof(*sections));
	if (!sections)
		return out_of_memory(err);
	at = image.size - distance + SEV_METADATA_HEADER;
	for (uint32_t i = 0; i < count; i++, at += SEV_METADATA_SECTION)
		if (!snp_span_le32(image, at, &sections[i].gpa) ||
		    !snp_span_le32(image, at + 4, &sections[i].size) ||
		    !snp_span_le32(image, at + 8, &sections[i].type))
			return fail_with(err, SNP_E_BAD_METADATA, at, "SEV metadata cut off");
	*ret_offset = image.size - distance;
	*ret_version = version;
	*ret_count = count;
	*ret = TAKE_PTR(sections);
	return 0;
}
