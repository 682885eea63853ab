// SPDX-License-Identifier: Apache-2.0
#include "image/igvm_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/hex.h>
#include <snp/memory.h>

DEFINE_CLEANUP(struct igvm_writer *, igvm_writer_free);

/* An IGVM file as a JSON document describes it, snp-igvm-build/1: its headers in order. */

/* One of `headers`. */
struct part {
	struct snp_igvm_header header;
	uint32_t count; /* pages */
	uint32_t size;	/* where the header has 32 bits for it */
	bool is_large, is_unmeasured, is_shared, is_vtl2;
	const char *file, *hex;
	bool has_fill;
	uint32_t fill;
	const char *payload;
	bool has_registers;
	uint8_t context[SNP_PAGE_SIZE];
};

static int read_registers(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err);

/* clang-format off */
#define OF_HEADER(key, reader, member, ...) FIELD(key, reader, part, header.member, __VA_ARGS__)
#define TYPE SECTION("type", field_skip)
#define MASK OF_HEADER("mask", field_hex_u32, mask, .required = false)
#define GPA OF_HEADER("gpa", field_hex_u64, gpa, .required = true)
#define AREA OF_HEADER("area", field_u32, index, .required = true)
#define CONTENTS FIELD_OBJECT("contents", contents_fields, .check = check_contents)
/* clang-format on */

static int check_contents(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct part *part = at;

	if (!!part->file + !!part->hex + part->has_fill == 1)
		return 0;
	return json_fail(value, err, SNP_E_JSON_VALUE, "give one of file, hex and fill");
}

static const struct field contents_fields[] = {
	FIELD("file", field_string, part, file),
	FIELD("hex", field_string, part, hex),
	FIELD("fill", field_u32, part, fill, .max = 255, .has = HAS(part, has_fill)),
	{0},
};

static const char *const platforms[] = {"native", "VSM", "SEV-SNP", "TDX", "SEV", "SEV-ES", NULL};
static const char *const page_types[] = {"normal", "secrets", "CPUID", "CPUID_XF", NULL};

static const struct field platform_fields[] = {
	TYPE,
	MASK,
	OF_HEADER("platform", field_choice, subtype, .rule = platforms, .required = true),
	OF_HEADER("highest_vtl", field_u32, flags, .max = 2),
	OF_HEADER("shared_gpa_boundary", field_hex_u64, value, .required = false),
	{0},
};
static const struct field policy_fields[] = {
	TYPE,
	MASK,
	OF_HEADER("policy", field_hex_u64, value, .required = true),
	{0},
};
static const struct field area_fields[] = {
	TYPE, AREA, OF_HEADER("size", field_hex_u64, size, .required = true), CONTENTS, {0},
};
static const struct field page_fields[] = {
	TYPE,
	MASK,
	GPA,
	FIELD("count", field_u32, part, count, .min = 1, .max = IGVM_MAX_HEADERS),
	OF_HEADER("page_type", field_choice, subtype, .rule = page_types),
	FIELD("large", field_bool, part, is_large),
	FIELD("unmeasured", field_bool, part, is_unmeasured),
	FIELD("shared", field_bool, part, is_shared),
	CONTENTS,
	{0},
};
static const struct field insert_fields[] = {TYPE, MASK, GPA, AREA, {0}};
static const struct field context_fields[] = {
	TYPE,
	MASK,
	GPA,
	OF_HEADER("vcpu", field_u32, index, .max = UINT16_MAX),
	SECTION("registers", read_registers, .has = HAS(part, has_registers)),
	CONTENTS,
	{0},
};
static const struct field required_fields[] = {
	TYPE,
	MASK,
	GPA,
	FIELD("size", field_hex_u32, part, size, .required = true),
	FIELD("vtl2", field_bool, part, is_vtl2),
	{0},
};
static const struct field range_fields[] = {
	TYPE, MASK, GPA, OF_HEADER("size", field_hex_u64, size, .required = true), {0},
};
static const struct field parameter_fields[] = {
	TYPE,
	AREA,
	OF_HEADER("offset", field_hex_u32, subtype, .required = false),
	{0},
};
static const struct field payload_fields[] = {
	TYPE,
	FIELD("payload", field_string, part, payload, .required = true),
	{0},
};

static const struct field *const by_shape[] = {
	[IGVM_SHAPE_PLATFORM] = platform_fields,   [IGVM_SHAPE_POLICY] = policy_fields,
	[IGVM_SHAPE_RELOCATABLE] = payload_fields, [IGVM_SHAPE_PAGE_TABLE] = payload_fields,
	[IGVM_SHAPE_AREA] = area_fields,	   [IGVM_SHAPE_PAGE] = page_fields,
	[IGVM_SHAPE_INSERT] = insert_fields,	   [IGVM_SHAPE_CONTEXT] = context_fields,
	[IGVM_SHAPE_REQUIRED] = required_fields,   [IGVM_SHAPE_PARAMETER] = parameter_fields,
	[IGVM_SHAPE_ID_BLOCK] = payload_fields,	   [IGVM_SHAPE_RANGE] = range_fields,
	[IGVM_SHAPE_MEASUREMENT] = payload_fields,
};

/* A segment, or a number that fits. */
static int read_register(const struct json_value *value, const struct igvm_register *reg,
			 uint8_t *context, struct snp_error *err)
{
	static const char *const segment[] = {"selector", "attributes", "limit", "base", NULL};
	static const struct igvm_register parts[] = {
		{0, 2, ""}, {2, 2, ""}, {4, 4, ""}, {8, 8, ""}};
	uint64_t word;
	int r = 0;

	if (reg->size == 16) {
		r = json_object(value, segment, err);
		for (size_t i = 0; i < ARRAY_SIZE(parts) && r == 0; i++)
			if (json_get(value, segment[i]))
				r = read_register(json_get(value, segment[i]), &parts[i],
						  context + reg->at, err);
		return r;
	}
	r = json_hex_u64(value, &word, err);
	if (r < 0)
		return r;
	if (reg->size < 8 && word >> (8 * reg->size) != 0)
		return json_fail(value, err, SNP_E_JSON_VALUE, "has more than %u bits",
				 8u * reg->size);
	for (size_t i = 0; i < reg->size; i++)
		context[reg->at + i] = (uint8_t)(word >> (8 * i));
	return 0;
}

static int read_registers(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	const char *names[IGVM_N_REGISTERS + 1] = {NULL};
	struct part *part = at;
	int r;

	(void)field;
	for (size_t i = 0; i < IGVM_N_REGISTERS; i++)
		names[i] = igvm_registers[i].name;
	r = json_object(value, names, err);
	for (size_t i = 0; i < IGVM_N_REGISTERS && r == 0; i++)
		if (json_get(value, names[i]))
			r = read_register(json_get(value, names[i]), &igvm_registers[i],
					  part->context, err);
	return r;
}

static int read_type(const struct json_value *part, const struct igvm_kind **ret,
		     struct snp_error *err)
{
	const struct json_value *value;
	const char *text;
	int r = json_need(part, "type", &value, err);

	if (r < 0)
		return r;
	r = json_string(value, &text, err);
	if (r < 0)
		return r;
	*ret = igvm_kind_named(text);
	return *ret ? 0
		    : json_fail(value, err, SNP_E_JSON_VALUE,
				"'%s' is not a type of header; write it as PAGE_DATA", text);
}

/* Where files are that the document names, and where the headers go. */
struct builder {
	const char *document;
	bool has_files; /* it may name some */
	struct igvm_writer *writer;
};

/* Read hex of any length. */
static int decode(const char *hex, const char *what, uint8_t **ret, size_t *ret_size,
		  struct snp_error *err)
{
	const size_t size = strlen(hex) / 2;
	uint8_t *bytes = malloc(size + 1);
	int r;

	if (!bytes)
		return out_of_memory(err);
	r = hex_decode(hex, what, bytes, size, err);
	if (r < 0) {
		free(bytes);
		return r;
	}
	*ret = bytes;
	*ret_size = size;
	return 0;
}

/* The contents of a header, for free(); NULL if it has none. */
static int get_contents(const struct builder *b, const struct part *part, uint8_t **ret,
			size_t *ret_size, struct snp_error *err)
{
	_cleanup_(freep) char *path = NULL;
	const char *slash = strrchr(b->document, '/');

	if (part->hex)
		return decode(part->hex, "hex", ret, ret_size, err);
	if (part->file && !b->has_files)
		return fail_with(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET,
				 "no files can be named here");
	if (part->file) {
		path = format_text("%.*s%s",
				   part->file[0] == '/' || !slash ? 0
								  : (int)(slash - b->document) + 1,
				   b->document, part->file);
		return path ? file_read(path, SNP_MAX_IGVM, ret, ret_size, err)
			    : out_of_memory(err);
	}
	if (!part->has_fill && !part->has_registers)
		return 0;
	*ret = malloc(SNP_PAGE_SIZE);
	if (!*ret)
		return out_of_memory(err);
	*ret_size = SNP_PAGE_SIZE;
	if (part->has_registers)
		memcpy(*ret, part->context, SNP_PAGE_SIZE);
	else
		memset(*ret, (int)part->fill, SNP_PAGE_SIZE);
	return 0;
}

/* Fill contents up with zeros to `size` bytes. */
static int pad(uint8_t **contents, size_t *used, size_t size, struct snp_error *err)
{
	uint8_t *padded;

	if (*used >= size)
		return 0;
	if (size > SNP_MAX_IGVM)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "an IGVM file has at most 4 GiB");
	padded = realloc(*contents, size);
	if (!padded)
		return out_of_memory(err);
	memset(padded + *used, 0, size - *used);
	*contents = padded;
	*used = size;
	return 0;
}

/* One header for each page: as many as the contents fill, or `count` with the same contents. */
static int add_pages(const struct builder *b, struct part *part, struct snp_span contents,
		     struct snp_error *err)
{
	struct snp_igvm_header *h = &part->header;
	const size_t pages = contents.size / SNP_PAGE_SIZE;
	const size_t n = part->count ? part->count : pages > 0 ? pages : 1;
	int r = 0;

	h->flags = (part->is_large ? SNP_IGVM_PAGE_2M : 0) |
		   (part->is_unmeasured ? SNP_IGVM_PAGE_UNMEASURED : 0) |
		   (part->is_shared ? SNP_IGVM_PAGE_SHARED : 0);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct snp_span page = {0};

		if (pages > 0)
			(void)snp_span_sub(contents, i % pages * SNP_PAGE_SIZE, SNP_PAGE_SIZE,
					   &page);
		r = igvm_writer_add(b->writer, h, page, err);
		h->gpa += part->is_large ? 2u << 20 : SNP_PAGE_SIZE;
	}
	return r;
}

static int add_payload(const struct builder *b, const struct part *part, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_span payload = {0};
	int r = decode(part->payload, "payload", &bytes, &payload.size, err);

	payload.data = bytes;
	return r < 0 ? r : igvm_writer_add_payload(b->writer, part->header.type, payload, err);
}

static int add_part(const struct builder *b, enum igvm_shape shape, struct part *part,
		    struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size = 0, least = 0;
	int r;

	if (part->payload)
		return add_payload(b, part, err);
	r = get_contents(b, part, &bytes, &size, err);
	if (r == 0 && bytes && size == 0)
		return fail_with(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET, "the contents are empty");
	if (r == 0 && shape == IGVM_SHAPE_AREA && size > part->header.size)
		return fail_with(err, SNP_E_JSON_VALUE, SNP_NO_OFFSET,
				 "the contents have %zu bytes, and the area has 0x%" PRIx64, size,
				 part->header.size);
	if (bytes)
		least = shape == IGVM_SHAPE_AREA
				? part->header.size
				: (size + SNP_PAGE_SIZE - 1) / SNP_PAGE_SIZE * SNP_PAGE_SIZE;
	if (r < 0)
		return r;
	r = pad(&bytes, &size, least, err);
	if (r < 0)
		return r;
	part->header.flags |= part->is_vtl2;
	part->header.size += part->size;
	return shape == IGVM_SHAPE_PAGE ? add_pages(b, part, (struct snp_span){bytes, size}, err)
					: igvm_writer_add(b->writer, &part->header,
							  (struct snp_span){bytes, size}, err);
}

static int read_part(const struct builder *b, const struct json_value *value, struct snp_error *err)
{
	struct part part = {.header.mask = 1};
	const struct igvm_kind *kind;
	int r = read_type(value, &kind, err);

	if (r < 0)
		return r;
	r = fields_read(value, by_shape[kind->shape], &part, err);
	if (r < 0)
		return r;
	part.header.type = kind->type;
	if (part.has_registers && (part.file || part.hex || part.has_fill))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "give only one of registers and contents");
	return json_in(err, add_part(b, kind->shape, &part, err), value);
}

/* Of the whole document; the headers are read one by one. */
struct description {
	uint32_t version;
	const struct json_value *headers;
};

static int take_headers(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	const struct json_value **ret = at;
	size_t n;
	int r = json_array(value, 1, field->max, &n, err);

	*ret = value;
	return r;
}

int igvm_build_document(const struct json *document, const char *path, bool has_files,
			uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	static const struct field fields[] = {
		SCHEMA("snp-igvm-build/1"),
		FIELD("format_version", field_u32, description, version, .min = 1, .max = 2),
		FIELD("headers", take_headers, description, headers, .required = true,
		      .max = IGVM_MAX_HEADERS),
		{0},
	};
	_cleanup_(igvm_writer_freep) struct igvm_writer *writer = NULL;
	struct description description = {.version = 1};
	struct builder b = {path, has_files, NULL};
	int r = fields_read(json_root(document), fields, &description, err);

	if (r == 0)
		r = igvm_writer_new(description.version, &writer, err);
	b.writer = writer;
	for (const struct json_value *v = r == 0 ? json_first(description.headers) : NULL;
	     v && r == 0; v = json_next(v))
		r = read_part(&b, v, err);
	return r < 0 ? r : igvm_writer_finish(writer, path, ret, ret_size, err);
}

int igvm_build_file(const char *path, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r = json_read(path, SNP_MAX_DOCUMENT, &document, err);

	return r < 0 ? r : igvm_build_document(document, path, true, ret, ret_size, err);
}
