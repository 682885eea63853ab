/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_IGVM_H
#define IMAGE_IGVM_H

#include <threads.h>

#include <snp/file.h>
#include <snp/firmware.h>
#include <snp/igvm.h>

/* Caps. A header is 16 bytes at least, and each is a launch update or more; files of the field have a few
 * thousand. */
#define IGVM_MAX_HEADERS      (1u << 20)
#define IGVM_MAX_HEADER_BYTES (64u << 20)
#define IGVM_MAX_RELOCATIONS  1024u /* each is compared with all others */
#define IGVM_MAX_REGISTERS    256u  /* of a VP context for VSM */

#define IGVM_FIXED_HEADER    24u /* format version 1 */
#define IGVM_FIXED_HEADER_V2 32u
static inline uint32_t igvm_fixed_size(uint32_t version)
{
	return version == 2 ? IGVM_FIXED_HEADER_V2 : IGVM_FIXED_HEADER;
}

#define IGVM_ID_BLOCK	 696u /* payload of SNP_ID_BLOCK */
#define IGVM_ID_BLOCK_LD 8u   /* launch digest in it */

/* No guest has an address past 52 bits (APM vol. 2, 5.3). */
#define IGVM_ADDRESS_END (1ull << 52)

struct snp_igvm {
	struct snp_igvm_info info; /* borrows from what follows */
	char *path;
	struct file file;      /* fd -1: the bytes are in memory */
	struct snp_span bytes; /* of a file in memory, borrowed */
	uint8_t *section;      /* the variable headers */
	uint32_t section_offset;
	struct snp_igvm_header *headers;

	mtx_t lock;	   /* of what follows */
	uint32_t *offsets; /* of the distinct contents of pages, ascending */
	size_t n_offsets;
	uint8_t (*digests)[SNP_SHA384_SIZE]; /* SHA-384 of each; NULL: not yet computed */
};

/* igvm.c */

/* As snp_igvm_read(), for the bytes `file`, which must live as long; errors call them `name`. */
SNP_MUST_USE int igvm_parse(const char *name, struct snp_span file, struct snp_igvm **ret,
			    struct snp_error *err);

/* Read `size` bytes of the file at `offset`. Errors: SNP_E_READ, SNP_E_CHANGED. */
SNP_MUST_USE int igvm_read_piece(const struct snp_igvm *igvm, uint64_t offset, uint8_t *ret,
				 size_t size, struct snp_error *err);

/* Bytes of a header in the file, whose payload has `length`. */
static inline uint64_t igvm_header_size(uint32_t length)
{
	return 8 + (((uint64_t)length + 7) & ~(uint64_t)7);
}

/* Where the offset of contents stands in the payload of every header that has one. */
#define IGVM_PAYLOAD_DATA 12u

/* Set the checksum in the fixed header of a file whose variable headers are `section`. */
void igvm_checksum_put(uint8_t *file, uint32_t fixed_size, struct snp_span section);

/* The payload of an SNP_ID_BLOCK. */
const uint8_t *igvm_id_block(const struct snp_igvm *igvm, const struct snp_igvm_header *header);

/* SHA-384 of the whole file. Errors: as snp_igvm_sha256(). */
SNP_MUST_USE int igvm_sha384(const struct snp_igvm *igvm, uint8_t ret[static SNP_SHA384_SIZE],
			     struct snp_error *err);

/* igvm_kind.c */

/* What a type of header holds. */
enum igvm_shape {
	IGVM_SHAPE_PLATFORM,
	IGVM_SHAPE_POLICY,
	IGVM_SHAPE_RELOCATABLE,
	IGVM_SHAPE_PAGE_TABLE,
	IGVM_SHAPE_AREA,
	IGVM_SHAPE_PAGE,
	IGVM_SHAPE_INSERT,
	IGVM_SHAPE_CONTEXT,
	IGVM_SHAPE_REQUIRED,
	IGVM_SHAPE_PARAMETER,
	IGVM_SHAPE_ID_BLOCK,
	IGVM_SHAPE_RANGE,
	IGVM_SHAPE_MEASUREMENT,
};

struct igvm_kind {
	uint32_t type;
	uint32_t length; /* bytes of the payload, without padding to 8 */
	enum igvm_shape shape;
	const char *name;
};

/* NULL: libigvm does not know the type. */
const struct igvm_kind *igvm_kind_find(uint32_t type);
const struct igvm_kind *igvm_kind_named(const char *name);

/* The fields of a VP context for SEV-SNP and SEV-ES, which is a VMSA, in the order of the save area (APM vol. 2, table
 * B-4), but for the FPU's registers. */
struct igvm_register {
	uint16_t at, size; /* size 16: a segment */
	const char *name;
};
#define IGVM_N_REGISTERS 94
extern const struct igvm_register igvm_registers[IGVM_N_REGISTERS];

/* igvm_header.c */

/* Check the header at byte `at` of the variable headers, and append it to igvm->headers, unless it is for no platform.
 * `stage` is what igvm_header_read() made of it for the header before, 0 at first; `ret_size` is what it takes in
 * the section. Errors: SNP_E_BAD_IGVM, SNP_E_TOO_LARGE, SNP_E_READ, SNP_E_CHANGED, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_header_read(struct snp_igvm *igvm, struct snp_span section, uint64_t at,
				  int *stage, uint64_t *ret_size, struct snp_error *err);

/* igvm_check.c */

/* Refuse headers that libigvm refuses although each is right by itself: platforms, parameter areas and
 * relocations; and parameters outside their area. Errors: SNP_E_BAD_IGVM, SNP_E_TOO_LARGE,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_check(const struct snp_igvm *igvm, struct snp_error *err);

/* igvm_contents.c */

/* SHA-384 of the page of contents at `offset`, which a header of the file names as its data. The first call
 * hashes all of them, equal offsets once; any number of threads may call.
 * Errors: SNP_E_READ, SNP_E_CHANGED, SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int igvm_page_digest(const struct snp_igvm *igvm, uint32_t offset,
				  uint8_t ret[static SNP_SHA384_SIZE], struct snp_error *err);

#endif
