// SPDX-License-Identifier: Apache-2.0
#include "image/firmware.h"

#include <string.h>

#include <lzma.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

/*
 * Does the image hold the code that compares kernel, initrd and command line with the SEV hash table
 * (edk2 OvmfPkg/AmdSev/BlobVerifierLibSevHashes)? That code names the table's three entries by their
 * GUIDs. They are looked for in the image and in everything that can be unpacked from its firmware
 * volumes (UEFI PI specification, volume 3, chapters 2 and 3).
 *
 * edk2 links that code into one driver, the only one that takes a kernel from QEMU. Once this driver was
 * found, with or without the code, the rest (14 of 16 MB, most of the time) need not be unpacked.
 */
#define MAX_UNPACKED (64u << 20) /* bytes, for all compressed sections together */
#define MAX_SECTIONS 4096	 /* compressed ones */
#define MAX_DEPTH    8		 /* nested volumes and sections */
#define MAX_LZMA     (64u << 20) /* memory of the decoder, which is mostly its dictionary */
#define MAX_SUMMED \
	(16u << 20) /* bytes of headers that may be those of volumes, one inside another */
#define PIECE (64u << 10)

/* EFI_FIRMWARE_VOLUME_HEADER */
#define VOLUME_FILE_SYSTEM 16
#define VOLUME_LENGTH	   32
#define VOLUME_SIGNATURE   40
#define VOLUME_HEADER	   48 /* u16, its length */
#define VOLUME_EXTENDED	   52 /* u16, offset of the extended header; 0: none */
#define VOLUME_MIN	   56
#define EXTENDED_SIZE	   16 /* u32 of the extended header */

/* EFI_FFS_FILE_HEADER */
#define FILE_TYPE	 18
#define FILE_ATTRIBUTES	 19
#define FILE_SIZE	 20
#define FILE_HEADER	 24
#define FILE_LARGE	 0x01 /* attribute: u64 size behind the header */
#define FILE_TYPE_RAW	 0x01
#define FILE_TYPE_DRIVER 0x07
#define FILE_TYPE_LAST	 0x0f /* of those made of sections */
#define FILE_TYPE_PAD	 0xf0

/* EFI_COMMON_SECTION_HEADER */
#define SECTION_TYPE	     3
#define SECTION_COMPRESSION  0x01
#define SECTION_GUID_DEFINED 0x02
#define SECTION_DISPOSABLE   0x03
#define SECTION_VOLUME	     0x17
#define ATTRIBUTE_PROCESSING 0x01 /* of a GUID-defined section: its data must be unpacked */

/* In EFI byte order. */
static const uint8_t names[3][SNP_GUID_SIZE] = {
	/* kernel 4de79437-abd2-427f-b835-d5b172d2045b */
	{0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04,
	 0x5b},
	/* initrd 44baf731-3a2f-4bd7-9af1-41e29169781d */
	{0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78,
	 0x1d},
	/* command line 97d02dd8-bd20-4c94-aa78-e7714d36ab2a */
	{0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab,
	 0x2a},
};
#define ALL_NAMES 0x7u

/* EFI_FIRMWARE_FILE_SYSTEM2_GUID 8c8ce578-8a3d-4f1c-9935-896185c32dd3, …_SYSTEM3_GUID 5473c07a-3dcb-4dca-
 * bd6f-1e9689e7349a; gEfiSystemNvDataFvGuid fff12b8d-7696-4c8b-a985-2747075b4f50 */
static const uint8_t file_system_2[SNP_GUID_SIZE] = {0x78, 0xe5, 0x8c, 0x8c, 0x3d, 0x8a,
						     0x1c, 0x4f, 0x99, 0x35, 0x89, 0x61,
						     0x85, 0xc3, 0x2d, 0xd3};
static const uint8_t file_system_3[SNP_GUID_SIZE] = {0x7a, 0xc0, 0x73, 0x54, 0xcb, 0x3d,
						     0xca, 0x4d, 0xbd, 0x6f, 0x1e, 0x96,
						     0x89, 0xe7, 0x34, 0x9a};
static const uint8_t variables[SNP_GUID_SIZE] = {0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
						 0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50};
/* gLzmaCustomDecompressGuid ee4e5898-3914-4259-9d6e-dc7bd79403cf */
static const uint8_t lzma_section[SNP_GUID_SIZE] = {0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
						    0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf};
/* gEfiCrc32GuidedSectionExtractionGuid fc1bcdb0-7d31-49aa-936a-a4600d9dd083: a checksum, then plain data */
static const uint8_t crc32_section[SNP_GUID_SIZE] = {0xb0, 0xcd, 0x1b, 0xfc, 0x31, 0x7d,
						     0xaa, 0x49, 0x93, 0x6a, 0xa4, 0x60,
						     0x0d, 0x9d, 0xd0, 0x83};
/* OvmfPkg/QemuKernelLoaderFsDxe 806040ca-dad9-4978-a3b4-2d2ab0c8a48f */
static const uint8_t kernel_loader[SNP_GUID_SIZE] = {0xca, 0x40, 0x60, 0x80, 0xd9, 0xda,
						     0x78, 0x49, 0xa3, 0xb4, 0x2d, 0x2a,
						     0xb0, 0xc8, 0xa4, 0x8f};

/* The part of an unpacked LZMA section that was needed. */
struct room {
	lzma_stream lzma;
	uint8_t *bytes;
	size_t size, have;
};

struct look {
	unsigned int found; /* bit i: names[i] */
	bool has_volume;    /* one with files was read to its end */
	bool is_opaque;	    /* something could not be read, and may contain anything */
	bool has_loader;    /* kernel_loader was read to its end, and no name found */
	size_t budget;	    /* bytes that may still be unpacked */
	size_t summed;	    /* bytes of headers whose words were added up */
	unsigned int n_sections;
	struct room *room; /* the one being walked; NULL: the image itself */
	struct snp_error *err;
	int status; /* negative: memory ran out */
};

static bool is_done(const struct look *look)
{
	return look->found == ALL_NAMES || look->has_loader || look->status < 0;
}

static void look_at(struct look *look, struct snp_span bytes)
{
	for (unsigned int i = 0; bytes.size > 0 && i < ARRAY_SIZE(names); i++)
		if (!(look->found & 1u << i) &&
		    memmem(bytes.data, bytes.size, names[i], SNP_GUID_SIZE))
			look->found |= 1u << i;
}

static void walk_sections(struct look *look, struct snp_span stream, unsigned int depth);

static bool has_guid(struct snp_span bytes, uint64_t offset,
		     const uint8_t guid[static SNP_GUID_SIZE])
{
	struct snp_span at;

	return snp_span_sub(bytes, offset, SNP_GUID_SIZE, &at) &&
	       memcmp(at.data, guid, SNP_GUID_SIZE) == 0;
}

/* Unpack the first `n` bytes, and look at each piece as it comes. */
static bool unpack(struct look *look, struct room *room, size_t n)
{
	while (room->have < n && !is_done(look)) {
		const size_t had = room->have, left = room->size - had;
		/* A name may lie across two pieces. */
		const size_t from = had < SNP_GUID_SIZE ? 0 : had - SNP_GUID_SIZE;
		lzma_ret r;

		room->lzma.next_out = room->bytes + had;
		room->lzma.avail_out = left < PIECE ? left : PIECE;
		r = lzma_code(&room->lzma, LZMA_FINISH);
		room->have = (size_t)room->lzma.total_out;
		look_at(look, (struct snp_span){room->bytes + from, room->have - from});
		if (room->have == had || (r != LZMA_OK && r != LZMA_STREAM_END))
			return false;
	}
	return room->have >= n;
}

/* As snp_span_sub(), of what must have been unpacked to be read. */
static bool reach(struct look *look, struct snp_span bytes, uint64_t offset, uint64_t size,
		  struct snp_span *ret)
{
	struct room *room = look->room;

	return snp_span_sub(bytes, offset, size, ret) &&
	       (!room || unpack(look, room, (size_t)(ret->data - room->bytes) + ret->size));
}

static uint32_t u24(const uint8_t bytes[static 3])
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

/* An LZMA-alone stream: properties, u32 dictionary size, u64 unpacked size, data. */
static void walk_lzma(struct look *look, struct snp_span packed, unsigned int depth)
{
	struct room room = {.lzma = LZMA_STREAM_INIT}, *outer = look->room;
	uint64_t size = 0;

	if (look->n_sections++ >= MAX_SECTIONS || !snp_span_le64(packed, 5, &size) ||
	    size > look->budget) {
		look->is_opaque = true;
		return;
	}
	look->budget -= (size_t)size;
	room.size = (size_t)size;
	room.bytes = malloc(size ? room.size : 1);
	if (!room.bytes || lzma_alone_decoder(&room.lzma, MAX_LZMA) != LZMA_OK) {
		look->status = out_of_memory(look->err);
	} else {
		room.lzma.next_in = packed.data;
		room.lzma.avail_in = packed.size;
		look->room = &room;
		walk_sections(look, (struct snp_span){room.bytes, room.size}, depth + 1);
		if (!unpack(look, &room, room.size))
			look->is_opaque = true;
		look->room = outer;
	}
	lzma_end(&room.lzma);
	free(room.bytes);
}

/* `header` is the length of the common header. */
static void walk_guid_defined(struct look *look, struct snp_span section, uint64_t header,
			      unsigned int depth)
{
	uint16_t offset = 0, attributes = 0;
	struct snp_span data = {0}, start;

	if (!reach(look, section, 0, header + SNP_GUID_SIZE + 4, &start) ||
	    !snp_span_le16(start, header + SNP_GUID_SIZE, &offset) ||
	    !snp_span_le16(start, header + SNP_GUID_SIZE + 2, &attributes) || offset < start.size ||
	    offset > section.size || !snp_span_sub(section, offset, section.size - offset, &data))
		look->is_opaque = true;
	else if (has_guid(section, header, lzma_section) && reach(look, data, 0, data.size, &data))
		walk_lzma(look, data, depth);
	else if (!(attributes & ATTRIBUTE_PROCESSING) || has_guid(section, header, crc32_section))
		walk_sections(look, data, depth + 1);
	else
		look->is_opaque = true; /* Tiano, Brotli, LZMA with an x86 filter, … */
}

static void walk_volume(struct look *look, struct snp_span volume, unsigned int depth);

static void walk_section(struct look *look, struct snp_span section, uint64_t header,
			 unsigned int depth)
{
	struct snp_span data = {0}, start;

	switch (section.data[SECTION_TYPE]) {
	case SECTION_COMPRESSION:
		/* u32 length, u8 method: 0 is none. */
		if (reach(look, section, header, 5, &start) && start.data[4] == 0 &&
		    snp_span_sub(section, header + 5, section.size - header - 5, &data))
			walk_sections(look, data, depth + 1);
		else
			look->is_opaque = true;
		break;
	case SECTION_GUID_DEFINED:
		walk_guid_defined(look, section, header, depth);
		break;
	case SECTION_DISPOSABLE:
	case SECTION_VOLUME:
		(void)snp_span_sub(section, header, section.size - header, &data);
		if (section.data[SECTION_TYPE] == SECTION_VOLUME)
			walk_volume(look, data, depth + 1);
		else
			walk_sections(look, data, depth + 1);
		break;
	default:
		break; /* plain: looked at as part of what it lies in */
	}
}

/* Sections follow one another at multiples of 4 bytes. */
static void walk_sections(struct look *look, struct snp_span stream, unsigned int depth)
{
	uint64_t at = 0;

	if (depth > MAX_DEPTH)
		look->is_opaque = true;
	while (depth <= MAX_DEPTH && at + 4 <= stream.size && !is_done(look)) {
		struct snp_span start, section;
		uint64_t header = 4;
		uint32_t size = 0;

		if (reach(look, stream, at, header, &start))
			size = u24(start.data);
		if (size == 0xffffff) {
			header = 8;
			if (!reach(look, stream, at, header, &start) ||
			    !snp_span_le32(start, 4, &size))
				size = 0;
		}
		if (size < header || !snp_span_sub(stream, at, size, &section)) {
			look->is_opaque = true;
			return;
		}
		walk_section(look, section, header, depth);
		at = (at + size + 3) & ~(uint64_t)3;
	}
}

/* Into the sections of the driver that takes a kernel from QEMU: if all can be read and no name was
 * found so far, that code is not in this firmware, whatever else there is. */
static void walk_loader(struct look *look, struct snp_span file, struct snp_span stream,
			unsigned int depth)
{
	const bool was_opaque = look->is_opaque;

	look->is_opaque = false;
	walk_sections(look, stream, depth);
	if (!look->is_opaque && reach(look, file, 0, file.size, &file) && look->found == 0)
		look->has_loader = true;
	look->is_opaque |= was_opaque;
}

/* The file at `at` of a volume; false where it is malformed. */
static bool walk_file(struct look *look, struct snp_span volume, uint64_t at, unsigned int depth,
		      uint64_t *ret_size)
{
	struct snp_span file = {0}, stream;
	uint64_t header = FILE_HEADER, size;
	uint8_t type;

	if (!reach(look, volume, at, FILE_HEADER, &file))
		return false;
	size = u24(file.data + FILE_SIZE);
	type = file.data[FILE_TYPE];
	if (file.data[FILE_ATTRIBUTES] & FILE_LARGE) {
		header += 8;
		if (!reach(look, volume, at, header, &file) ||
		    !snp_span_le64(file, FILE_HEADER, &size))
			return false;
	}
	if (size < header || !snp_span_sub(volume, at, size, &file) ||
	    !snp_span_sub(file, header, size - header, &stream))
		return false;
	if (type == FILE_TYPE_DRIVER && has_guid(file, 0, kernel_loader))
		walk_loader(look, file, stream, depth + 1);
	else if (type <= FILE_TYPE_LAST && type != FILE_TYPE_RAW)
		walk_sections(look, stream, depth + 1);
	else if (type > FILE_TYPE_LAST && type < FILE_TYPE_PAD)
		look->is_opaque = true; /* a vendor's own kind */
	*ret_size = size;
	return true;
}

static bool is_free(struct look *look, struct snp_span volume, uint64_t at)
{
	struct snp_span header;

	if (!reach(look, volume, at, FILE_HEADER, &header))
		return true; /* no room for one more */
	for (size_t i = 0; i < header.size; i++)
		if (header.data[i] != 0xff)
			return false;
	return true;
}

/* Files lie at multiples of 8 bytes and end where free space begins. */
static void walk_files(struct look *look, struct snp_span volume, uint64_t at, unsigned int depth)
{
	uint64_t size;

	while (!is_done(look)) {
		at = (at + 7) & ~(uint64_t)7;
		if (is_free(look, volume, at)) {
			look->has_volume = true;
			return;
		}
		if (!walk_file(look, volume, at, depth, &size)) {
			look->is_opaque = true;
			return;
		}
		at += size;
	}
}

/* `volume` may be longer than the volume that it begins with. */
static void walk_volume(struct look *look, struct snp_span volume, unsigned int depth)
{
	uint16_t header = 0, extended = 0;
	struct snp_span start = {0}, more;
	uint32_t extended_size = 0;
	uint64_t length = 0;

	(void)reach(look, volume, 0, VOLUME_MIN, &start);
	if (has_guid(start, VOLUME_FILE_SYSTEM, variables))
		return;
	if (depth > MAX_DEPTH || !snp_span_le64(start, VOLUME_LENGTH, &length) ||
	    !snp_span_le16(start, VOLUME_HEADER, &header) ||
	    !snp_span_le16(start, VOLUME_EXTENDED, &extended) ||
	    (!has_guid(start, VOLUME_FILE_SYSTEM, file_system_2) &&
	     !has_guid(start, VOLUME_FILE_SYSTEM, file_system_3)) ||
	    header < VOLUME_MIN || !snp_span_sub(volume, 0, length, &volume) ||
	    (extended && (!reach(look, volume, extended + EXTENDED_SIZE, 4, &more) ||
			  !snp_span_le32(more, 0, &extended_size)))) {
		look->is_opaque = true;
		return;
	}
	walk_files(look, volume, extended ? (uint64_t)extended + extended_size : header, depth);
}

/* The first volume at or behind `from`: its header's words add up to 0 and it ends in the image. */
static bool find_volume(struct look *look, struct snp_span image, uint64_t from,
			struct snp_span *ret)
{
	while (from + VOLUME_MIN <= image.size) {
		struct snp_span rest = {image.data + from, (size_t)(image.size - from)}, header;
		const uint8_t *found = memmem(rest.data + VOLUME_SIGNATURE,
					      rest.size - VOLUME_SIGNATURE, "_FVH", 4);
		uint16_t length = 0, word = 0, sum = 0;
		uint64_t whole = 0;

		if (!found)
			return false;
		from = (uint64_t)(found - image.data) - VOLUME_SIGNATURE;
		rest = (struct snp_span){image.data + from, (size_t)(image.size - from)};
		(void)snp_span_le16(rest, VOLUME_HEADER, &length);
		(void)snp_span_le64(rest, VOLUME_LENGTH, &whole);
		if (snp_span_sub(rest, 0, length, &header) && length >= VOLUME_MIN &&
		    whole >= length) {
			look->summed += length;
			if (look->summed > MAX_SUMMED) {
				look->is_opaque = true;
				return false;
			}
			for (uint16_t i = 0; i < length; i += 2)
				if (snp_span_le16(header, i, &word))
					sum = (uint16_t)(sum + word);
			if (sum == 0 && snp_span_sub(rest, 0, whole, ret))
				return true;
		}
		from++;
	}
	return false;
}

static enum snp_hash_verifier verdict(const struct look *look)
{
	if (look->found == ALL_NAMES)
		return SNP_HASH_VERIFIER_PRESENT;
	if (look->has_loader)
		return SNP_HASH_VERIFIER_ABSENT;
	if (look->found != 0 || !look->has_volume || look->is_opaque)
		return SNP_HASH_VERIFIER_UNKNOWN;
	return SNP_HASH_VERIFIER_ABSENT;
}

int snp_firmware_hash_verifier(const struct snp_firmware *firmware, enum snp_hash_verifier *ret,
			       struct snp_error *err)
{
	struct snp_span image = firmware_bytes(firmware), volume;
	struct look look = {.budget = MAX_UNPACKED, .err = err};
	uint64_t from = 0;

	if (firmware->info.is_summary) {
		*ret = firmware->hash_verifier;
		return 0;
	}
	look_at(&look, image);
	while (!is_done(&look) && find_volume(&look, image, from, &volume)) {
		walk_volume(&look, volume, 0);
		from = (uint64_t)(volume.data - image.data) + volume.size;
	}
	if (look.status < 0)
		return in_file(err, look.status, firmware->path);
	*ret = verdict(&look);
	return 0;
}

const char *const hash_verifier_names[] = {
	[SNP_HASH_VERIFIER_UNKNOWN] = "unknown",
	[SNP_HASH_VERIFIER_ABSENT] = "absent",
	[SNP_HASH_VERIFIER_PRESENT] = "present",
	NULL,
};

const char *snp_hash_verifier_name(enum snp_hash_verifier verifier)
{
	return hash_verifier_names[verifier];
}
