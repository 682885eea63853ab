// SPDX-License-Identifier: Apache-2.0
#include "image/igvm_write.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

/* The variable headers of a file as they stand, those for no platform among them. */
struct raw {
	uint32_t type;
	uint64_t size; /* bytes with padding */
	uint8_t *bytes;
};

/* The header at byte `at`. The reader has accepted the file, so there is one. */
static struct raw raw_at(const struct snp_igvm *igvm, uint64_t at)
{
	struct snp_span section = {igvm->section, igvm->info.headers_size};
	uint32_t length = 0;
	struct raw raw = {.bytes = igvm->section + at};

	(void)snp_span_le32(section, at, &raw.type);
	(void)snp_span_le32(section, at + 4, &length);
	raw.size = igvm_header_size(length);
	return raw;
}

static bool has_data(uint32_t type)
{
	const enum igvm_shape shape = igvm_kind_find(type)->shape;

	return shape == IGVM_SHAPE_AREA || shape == IGVM_SHAPE_PAGE || shape == IGVM_SHAPE_CONTEXT;
}

/* A file whose variable headers have another size. */
struct edited {
	uint8_t *file;
	size_t size;
	uint8_t *section, *end; /* headers that were put so far end at `end` */
	int64_t moved;		/* by how many bytes the file data are moved */
};

static void put(struct edited *e, const struct raw *raw)
{
	uint32_t data = 0;

	memcpy(e->end, raw->bytes, raw->size);
	if (has_data(raw->type)) {
		uint8_t *word = e->end + 8 + IGVM_PAYLOAD_DATA;

		(void)snp_span_le32((struct snp_span){word, 4}, 0, &data);
		if (data != 0)
			snp_put_le32(word, (uint32_t)(data + e->moved));
	}
	e->end += raw->size;
}

/* Read what stays: all before the variable headers, and all after them. */
static int begin(const struct snp_igvm *igvm, uint64_t headers_size, struct edited *e,
		 struct snp_error *err)
{
	const uint64_t start = igvm->section_offset, data = igvm->info.data_offset;
	int r;

	*e = (struct edited){.moved = (int64_t)headers_size - (int64_t)igvm->info.headers_size};
	e->size = (size_t)((int64_t)igvm->info.size + e->moved);
	if (e->size > SNP_MAX_IGVM)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "an IGVM file has at most 4 GiB");
	/* The checksum would lie in what it is of. */
	if (start < igvm_fixed_size(igvm->info.version))
		return fail_with(err, SNP_E_BAD_IGVM, start,
				 "the variable headers begin inside the fixed header");
	e->file = malloc(e->size);
	if (!e->file)
		return out_of_memory(err);
	e->section = e->end = e->file + start;
	r = igvm_read_piece(igvm, 0, e->file, start, err);
	if (r == 0)
		r = igvm_read_piece(igvm, data, e->section + headers_size, igvm->info.size - data,
				    err);
	if (r == 0 && igvm->file.fd >= 0)
		r = file_unchanged(&igvm->file, err);
	return r;
}

static int finish(const struct snp_igvm *igvm, struct edited *e, uint8_t **ret, size_t *ret_size,
		  struct snp_error *err)
{
	struct snp_span section = {e->section, (size_t)(e->end - e->section)};
	_cleanup_(snp_igvm_freep) struct snp_igvm *check = NULL;
	int r;

	snp_put_le32(e->file + 12, (uint32_t)section.size);
	snp_put_le32(e->file + 16, (uint32_t)e->size);
	igvm_checksum_put(e->file, igvm_fixed_size(igvm->info.version), section);
	r = igvm_parse(igvm->path, (struct snp_span){e->file, e->size}, &check, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(e->file);
	*ret_size = e->size;
	return 0;
}

static void edited_done(struct edited *e)
{
	free(e->file);
}

/* Make the file without headers of type `removed` (0: none), and then with `added` (empty: none). */
static int edit(const struct snp_igvm *igvm, uint32_t removed, struct snp_span added,
		uint64_t headers_size, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	_cleanup_(edited_done) struct edited e = {0};
	int r = begin(igvm, headers_size, &e, err);
	struct raw raw;

	for (uint64_t at = 0; r == 0 && at < igvm->info.headers_size; at += raw.size) {
		raw = raw_at(igvm, at);
		if (raw.type != removed)
			put(&e, &raw);
	}
	if (r == 0 && added.size > 0)
		e.end = mempcpy(e.end, added.data, added.size);
	if (r == 0)
		r = finish(igvm, &e, ret, ret_size, err);
	return in_file(err, r, igvm->path);
}

int igvm_append(const struct snp_igvm *igvm, uint32_t type, struct snp_span payload, uint8_t **ret,
		size_t *ret_size, struct snp_error *err)
{
	const uint64_t size = igvm_header_size((uint32_t)payload.size);
	_cleanup_(freep) uint8_t *header = calloc(1, size);

	if (!header)
		return out_of_memory(err);
	snp_put_le32(header, type);
	snp_put_le32(header + 4, (uint32_t)payload.size);
	memcpy(header + 8, payload.data, payload.size);
	return edit(igvm, 0, (struct snp_span){header, size}, igvm->info.headers_size + size, ret,
		    ret_size, err);
}

int igvm_remove(const struct snp_igvm *igvm, uint32_t type, uint8_t **ret, size_t *ret_size,
		size_t *ret_n, struct snp_error *err)
{
	uint64_t kept = 0;
	struct raw raw;

	*ret_n = 0;
	for (uint64_t at = 0; at < igvm->info.headers_size; at += raw.size) {
		raw = raw_at(igvm, at);
		kept += raw.type == type ? 0 : raw.size;
		*ret_n += raw.type == type;
	}
	return edit(igvm, type, (struct snp_span){0}, kept, ret, ret_size, err);
}
