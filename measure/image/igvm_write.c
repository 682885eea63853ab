// SPDX-License-Identifier: Apache-2.0
#include "image/igvm_write.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>
#include <snp/sha.h>

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

struct bytes {
	uint8_t *data;
	size_t size, room;
};

/* Contents that were stored. */
struct stored {
	uint8_t sha256[SNP_SHA256_SIZE];
	size_t offset, size; /* in the file data; size 0: a free place */
};

struct igvm_writer {
	uint32_t version;
	struct bytes headers, data;
	struct stored
		*stored; /* by the first bytes of their hash, or after it where that is taken */
	size_t n_stored, places;
	size_t *users; /* payloads, by their place in the headers, that name contents in the file data */
	size_t n_users;
};

int igvm_writer_new(uint32_t version, struct igvm_writer **ret, struct snp_error *err)
{
	struct igvm_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return out_of_memory(err);
	writer->version = version;
	*ret = writer;
	return 0;
}

void igvm_writer_free(struct igvm_writer *writer)
{
	if (!writer)
		return;
	free(writer->headers.data);
	free(writer->data.data);
	free(writer->stored);
	free(writer->users);
	free(writer);
}

static int too_large(struct snp_error *err)
{
	return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET, "an IGVM file has at most 4 GiB");
}

/* Append `size` bytes of zeros, at `ret`. */
static int extend(struct bytes *bytes, size_t size, uint8_t **ret, struct snp_error *err)
{
	size_t needed, room = bytes->room ? bytes->room : 4096;
	uint8_t *grown;

	if (__builtin_add_overflow(bytes->size, size, &needed) || needed > SNP_MAX_IGVM)
		return too_large(err);
	while (room < needed)
		room *= 2;
	grown = room == bytes->room ? bytes->data : realloc(bytes->data, room);
	if (!grown)
		return out_of_memory(err);
	bytes->data = grown;
	bytes->room = room;
	*ret = grown + bytes->size;
	memset(*ret, 0, size);
	bytes->size = needed;
	return 0;
}

/* The place of contents with this hash: theirs, or a free one. */
static struct stored *find_place(const struct igvm_writer *writer,
				 const uint8_t sha256[static SNP_SHA256_SIZE])
{
	uint64_t at = 0;

	(void)snp_span_le64((struct snp_span){sha256, SNP_SHA256_SIZE}, 0, &at);
	for (;; at++) {
		struct stored *s = &writer->stored[at & (writer->places - 1)];

		if (s->size == 0 || memcmp(s->sha256, sha256, sizeof(s->sha256)) == 0)
			return s;
	}
}

/* At most half of the places are taken. */
static int make_places(struct igvm_writer *writer, struct snp_error *err)
{
	struct igvm_writer larger = {.places = writer->places ? 2 * writer->places : 256};

	if (2 * writer->n_stored < writer->places)
		return 0;
	larger.stored = calloc(larger.places, sizeof(*larger.stored));
	if (!larger.stored)
		return out_of_memory(err);
	for (size_t i = 0; i < writer->places; i++)
		if (writer->stored[i].size > 0)
			*find_place(&larger, writer->stored[i].sha256) = writer->stored[i];
	free(writer->stored);
	writer->stored = larger.stored;
	writer->places = larger.places;
	return 0;
}

/* Find or store contents; `ret` is where in the file data. */
static int store(struct igvm_writer *writer, struct snp_span contents, size_t *ret,
		 struct snp_error *err)
{
	uint8_t sha256[SNP_SHA256_SIZE], *at;
	struct stored *place;
	int r = make_places(writer, err);

	if (r < 0)
		return r;
	r = sha256_of(contents, sha256, err);
	if (r < 0)
		return r;
	place = find_place(writer, sha256);
	if (place->size == 0) {
		place->offset = writer->data.size;
		r = extend(&writer->data, contents.size, &at, err);
		if (r < 0)
			return r;
		memcpy(at, contents.data, contents.size);
		memcpy(place->sha256, sha256, sizeof(sha256));
		place->size = contents.size;
		writer->n_stored++;
	}
	*ret = place->offset;
	return 0;
}

/* What igvm_header_read() reads; all that is not set is zero. The offset of contents is set at the end. */
static void put_payload(enum igvm_shape shape, const struct snp_igvm_header *h, uint8_t *p)
{
	switch (shape) {
	case IGVM_SHAPE_PLATFORM:
		snp_put_le32(p, h->mask);
		p[4] = (uint8_t)h->flags;
		p[5] = (uint8_t)h->subtype;
		snp_put_le16(p + 6, 1);
		snp_put_le64(p + 8, h->value);
		return;
	case IGVM_SHAPE_POLICY:
		snp_put_le64(p, h->value);
		snp_put_le32(p + 8, h->mask);
		return;
	case IGVM_SHAPE_AREA:
		snp_put_le64(p, h->size);
		snp_put_le32(p + 8, h->index);
		return;
	case IGVM_SHAPE_PARAMETER:
		snp_put_le32(p, h->index);
		snp_put_le32(p + 4, h->subtype);
		return;
	default:
		break;
	}
	snp_put_le64(p, h->gpa);
	snp_put_le32(p + 8, h->mask);
	if (shape == IGVM_SHAPE_PAGE) {
		snp_put_le32(p + 16, h->flags);
		snp_put_le16(p + 20, (uint16_t)h->subtype);
	} else if (shape == IGVM_SHAPE_INSERT) {
		snp_put_le32(p + 12, h->index);
	} else if (shape == IGVM_SHAPE_CONTEXT) {
		snp_put_le16(p + 16, (uint16_t)h->index);
	} else {
		snp_put_le32(p + 12, (uint32_t)h->size);
		if (shape == IGVM_SHAPE_REQUIRED)
			snp_put_le32(p + 16, h->flags);
	}
}

/* Append a header of zeros, whose payload is at `ret`. */
static int add_header(struct igvm_writer *writer, uint32_t type, uint32_t length, uint8_t **ret,
		      struct snp_error *err)
{
	int r;

	if (writer->headers.size > IGVM_MAX_HEADER_BYTES)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "the headers have more than %u bytes", IGVM_MAX_HEADER_BYTES);
	r = extend(&writer->headers, igvm_header_size(length), ret, err);
	if (r < 0)
		return r;
	snp_put_le32(*ret, type);
	snp_put_le32(*ret + 4, length);
	*ret += 8;
	return 0;
}

int igvm_writer_add(struct igvm_writer *writer, const struct snp_igvm_header *header,
		    struct snp_span contents, struct snp_error *err)
{
	const struct igvm_kind *kind = igvm_kind_find(header->type);
	size_t offset = 0;
	uint8_t *payload;
	int r = contents.size > 0 ? store(writer, contents, &offset, err) : 0;

	if (r < 0)
		return r;
	r = add_header(writer, header->type, kind->length, &payload, err);
	if (r < 0)
		return r;
	put_payload(kind->shape, header, payload);
	if (contents.size == 0)
		return 0;
	/* From the beginning of the file data, until it is known where those are. */
	snp_put_le32(payload + IGVM_PAYLOAD_DATA, (uint32_t)offset);
	if (!grow(&writer->users, writer->n_users, sizeof(*writer->users)))
		return out_of_memory(err);
	writer->users[writer->n_users++] = (size_t)(payload - writer->headers.data);
	return 0;
}

int igvm_writer_add_payload(struct igvm_writer *writer, uint32_t type, struct snp_span payload,
			    struct snp_error *err)
{
	uint8_t *at;
	int r = add_header(writer, type, (uint32_t)payload.size, &at, err);

	if (r == 0 && payload.size > 0)
		memcpy(at, payload.data, payload.size);
	return r;
}

/* Write all of the file, of `size` bytes, but for the checksum. */
static void put_file(const struct igvm_writer *writer, uint8_t *file, uint32_t fixed, size_t size)
{
	const size_t start = fixed + writer->headers.size;

	memcpy(file, "IGVM", 4);
	snp_put_le32(file + 4, writer->version);
	snp_put_le32(file + 8, fixed);
	snp_put_le32(file + 12, (uint32_t)writer->headers.size);
	snp_put_le32(file + 16, (uint32_t)size);
	if (fixed == IGVM_FIXED_HEADER_V2)
		snp_put_le32(file + 28, SNP_PAGE_SIZE); /* and architecture 0, x86-64 */
	if (writer->headers.size > 0)
		memcpy(file + fixed, writer->headers.data, writer->headers.size);
	if (writer->data.size > 0)
		memcpy(file + start, writer->data.data, writer->data.size);
	for (size_t i = 0; i < writer->n_users; i++) {
		uint8_t *word = file + fixed + writer->users[i] + IGVM_PAYLOAD_DATA;
		uint32_t offset = 0;

		(void)snp_span_le32((struct snp_span){word, 4}, 0, &offset);
		snp_put_le32(word, (uint32_t)(start + offset));
	}
}

/* Say which header is refused: the place in a file that does not exist helps nobody. */
static int explain(const struct igvm_writer *writer, uint32_t fixed, const struct snp_error *why,
		   struct snp_error *err)
{
	struct snp_span headers = {writer->headers.data, writer->headers.size};
	size_t n = 0;

	for (uint64_t at = 0; why->offset >= fixed && why->offset < fixed + headers.size; n++) {
		uint32_t type = 0, length = 0;

		(void)snp_span_le32(headers, at, &type);
		(void)snp_span_le32(headers, at + 4, &length);
		if (fixed + at == why->offset)
			return fail_with(err, why->code, SNP_NO_OFFSET, "header %zu, %s: %s", n,
					 snp_igvm_type_name(type), why->message);
		at += igvm_header_size(length);
		if (at >= headers.size)
			break;
	}
	return fail_with(err, why->code, SNP_NO_OFFSET, "%s", why->message);
}

int igvm_writer_finish(const struct igvm_writer *writer, const char *name, uint8_t **ret,
		       size_t *ret_size, struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	_cleanup_(freep) uint8_t *file = NULL;
	const uint32_t fixed = igvm_fixed_size(writer->version);
	/* A file without any data is refused. */
	const size_t size =
		fixed + writer->headers.size + (writer->data.size > 0 ? writer->data.size : 8);
	struct snp_error why;
	int r;

	if (size > SNP_MAX_IGVM)
		return in_file(err, too_large(err), name);
	file = calloc(1, size);
	if (!file)
		return out_of_memory(err);
	put_file(writer, file, fixed, size);
	igvm_checksum_put(file, fixed, (struct snp_span){file + fixed, writer->headers.size});
	r = igvm_parse(name, (struct snp_span){file, size}, &igvm, &why);
	if (r < 0)
		return in_file(err, explain(writer, fixed, &why, err), name);
	*ret = TAKE_PTR(file);
	*ret_size = size;
	return 0;
}
