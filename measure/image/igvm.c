// SPDX-License-Identifier: Apache-2.0
#include "image/igvm.h"

#include <inttypes.h>
#include <lzma.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/sha.h>

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

void snp_igvm_free(struct snp_igvm *igvm)
{
	if (!igvm)
		return;
	mtx_destroy(&igvm->lock);
	file_close(&igvm->file);
	free(igvm->digests);
	free(igvm->offsets);
	free(igvm->headers);
	free(igvm->section);
	free(igvm->path);
	free(igvm);
}

const struct snp_igvm_info *snp_igvm_info(const struct snp_igvm *igvm)
{
	return &igvm->info;
}

const uint8_t *igvm_id_block(const struct snp_igvm *igvm, const struct snp_igvm_header *header)
{
	return igvm->section + (header->offset - igvm->section_offset) + 8;
}

/* igvm_defs, IGVM_FIXED_HEADER. */
enum {
	CHECKSUM = 20,
};

#define bad(err, offset, ...) fail_with(err, SNP_E_BAD_IGVM, offset, __VA_ARGS__)

static uint32_t word(struct snp_span fixed, uint64_t at)
{
	uint32_t v = 0;

	(void)snp_span_le32(fixed, at, &v);
	return v;
}

static int read_headers(struct snp_igvm *igvm, struct snp_error *err)
{
	struct snp_span section = {igvm->section, igvm->info.headers_size};
	uint64_t size = 0;
	int stage = 0, r = 0;

	for (uint64_t at = 0; at < section.size && r == 0; at += size)
		r = igvm_header_read(igvm, section, at, &stage, &size, err);
	return r < 0 ? r : igvm_check(igvm, err);
}

/* CRC-32 over the fixed header and the variable headers, the word itself taken as 0; not over what may lie
 * between, nor over the file data. */
static uint32_t igvm_checksum(struct snp_span fixed, struct snp_span section)
{
	uint8_t without_checksum[IGVM_FIXED_HEADER_V2];

	memcpy(without_checksum, fixed.data, fixed.size);
	memset(without_checksum + CHECKSUM, 0, 4);
	return lzma_crc32(section.data, section.size, lzma_crc32(without_checksum, fixed.size, 0));
}

void igvm_checksum_put(uint8_t *file, uint32_t fixed_size, struct snp_span section)
{
	snp_put_le32(file + CHECKSUM, igvm_checksum((struct snp_span){file, fixed_size}, section));
}

static int read_section(struct snp_igvm *igvm, struct snp_span fixed, struct snp_error *err)
{
	uint32_t offset = word(fixed, 8), size = word(fixed, 12), crc;
	uint64_t end = (uint64_t)offset + size;
	int r;

	if (word(fixed, 16) != igvm->info.size)
		return bad(err, 16, "total file size %" PRIu32 "; the file has %" PRIu64 " bytes",
			   word(fixed, 16), igvm->info.size);
	if (end >= igvm->info.size)
		return bad(err, 8,
			   "variable headers of 0x%" PRIx32 " bytes at 0x%" PRIx32
			   "; must end before the end of the file",
			   size, offset);
	if (size > IGVM_MAX_HEADER_BYTES)
		return fail_with(err, SNP_E_TOO_LARGE, 12,
				 "variable headers of %" PRIu32 " bytes; must have at most %u",
				 size, IGVM_MAX_HEADER_BYTES);
	igvm->section = malloc(size ? size : 1);
	if (!igvm->section)
		return out_of_memory(err);
	igvm->section_offset = offset;
	igvm->info.headers_size = size;
	igvm->info.data_offset = end;
	r = igvm_read_piece(igvm, offset, igvm->section, size, err);
	if (r < 0)
		return r;
	crc = igvm_checksum(fixed, (struct snp_span){igvm->section, size});
	if (crc != word(fixed, CHECKSUM))
		return bad(err, CHECKSUM, "checksum 0x%08" PRIx32 "; the headers have 0x%08" PRIx32,
			   word(fixed, CHECKSUM), crc);
	return 0;
}

static int read_fixed(struct snp_igvm *igvm, struct snp_error *err)
{
	uint8_t bytes[IGVM_FIXED_HEADER_V2] = {0};
	struct snp_span fixed = {bytes, IGVM_FIXED_HEADER};
	int r;

	if (igvm->info.size < IGVM_FIXED_HEADER)
		return bad(err, SNP_NO_OFFSET, "%" PRIu64 " bytes are no IGVM file",
			   igvm->info.size);
	r = igvm_read_piece(igvm, 0, bytes, fixed.size, err);
	if (r < 0)
		return r;
	if (memcmp(bytes, "IGVM", 4) != 0)
		return bad(err, 0, "not an IGVM file: it does not begin with \"IGVM\"");
	igvm->info.version = word(fixed, 4);
	if (igvm->info.version != 1 && igvm->info.version != 2)
		return bad(err, 4, "format version %" PRIu32 "; must be 1 or 2",
			   igvm->info.version);
	fixed.size = igvm_fixed_size(igvm->info.version);
	if (igvm->info.version == 2) {
		if (igvm->info.size < fixed.size)
			return bad(err, SNP_NO_OFFSET, "the fixed header is cut short");
		r = igvm_read_piece(igvm, 0, bytes, fixed.size, err);
		if (r < 0)
			return r;
		if (word(fixed, 24) != 0)
			return bad(err, 24, "architecture %" PRIu32 "; must be 0, x86-64",
				   word(fixed, 24));
		if (word(fixed, 28) != SNP_PAGE_SIZE)
			return bad(err, 28, "page size %" PRIu32 "; must be 4096", word(fixed, 28));
	}
	return read_section(igvm, fixed, err);
}

static int new_igvm(const char *path, struct snp_igvm **ret, struct snp_error *err)
{
	struct snp_igvm *igvm = calloc(1, sizeof(*igvm));

	if (!igvm)
		return out_of_memory(err);
	igvm->file.fd = -1;
	mtx_init(&igvm->lock, mtx_plain);
	igvm->path = strdup(path);
	igvm->info.path = igvm->path;
	if (!igvm->path) {
		snp_igvm_free(igvm);
		return out_of_memory(err);
	}
	*ret = igvm;
	return 0;
}

static int read_all(struct snp_igvm *igvm, struct snp_error *err)
{
	int r = read_fixed(igvm, err);

	if (r == 0)
		r = read_headers(igvm, err);
	return in_file(err, r, igvm->path);
}

int snp_igvm_read(const char *path, struct snp_igvm **ret, struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	int r = new_igvm(path, &igvm, err);

	if (r < 0)
		return r;
	r = file_open(path, SNP_MAX_IGVM, &igvm->file, err);
	if (r < 0)
		return r;
	igvm->info.size = igvm->file.size;
	r = read_all(igvm, err);
	if (r < 0)
		return r;
	r = in_file(err, file_unchanged(&igvm->file, err), path);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(igvm);
	return 0;
}

int igvm_parse(const char *name, struct snp_span file, struct snp_igvm **ret, struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	int r = new_igvm(name, &igvm, err);

	if (r < 0)
		return r;
	igvm->bytes = file;
	igvm->info.size = file.size;
	r = read_all(igvm, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(igvm);
	return 0;
}

int snp_igvm_sha256(const struct snp_igvm *igvm, uint8_t ret[static SNP_SHA256_SIZE],
		    struct snp_error *err)
{
	if (igvm->file.fd < 0)
		return sha256_of(igvm->bytes, ret, err);
	return in_file(err, file_sha256(&igvm->file, NULL, NULL, ret, err), igvm->path);
}

static int hash_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	return hash_update(arg, piece, err);
}

int igvm_sha384(const struct snp_igvm *igvm, uint8_t ret[static SNP_SHA384_SIZE],
		struct snp_error *err)
{
	_cleanup_(hash_freep) struct hash *hash = NULL;
	int r;

	if (igvm->file.fd < 0)
		return sha384_of(igvm->bytes, ret, err);
	r = hash_new(SNP_SHA384, &hash, err);
	if (r == 0)
		r = file_stream(&igvm->file, hash_piece, hash, NULL, NULL, err);
	if (r == 0)
		r = hash_final(hash, ret, err);
	return in_file(err, r, igvm->path);
}
