// SPDX-License-Identifier: Apache-2.0
#include <snp/cbor.h>

#include <cbor.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

static void drop(cbor_item_t *item)
{
	if (item)
		cbor_decref(&item);
}

static cbor_item_t *build_uint(uint64_t value)
{
	if (value <= UINT8_MAX)
		return cbor_build_uint8((uint8_t)value);
	if (value <= UINT16_MAX)
		return cbor_build_uint16((uint16_t)value);
	if (value <= UINT32_MAX)
		return cbor_build_uint32((uint32_t)value);
	return cbor_build_uint64(value);
}

cbor_item_t *cbor_out_int(int64_t value)
{
	cbor_item_t *item;

	if (value >= 0)
		return build_uint((uint64_t)value);
	item = build_uint((uint64_t)(-1 - value));
	if (item)
		cbor_mark_negint(item);
	return item;
}

cbor_item_t *cbor_out_bytes(const uint8_t *data, size_t size)
{
	return cbor_build_bytestring(data, size);
}

cbor_item_t *cbor_out_text(const char *text)
{
	return cbor_build_string(text);
}

cbor_item_t *cbor_out_tag(uint64_t tag, cbor_item_t *item)
{
	cbor_item_t *tagged = item ? cbor_build_tag(tag, item) : NULL;

	drop(item);
	return tagged;
}

cbor_item_t *cbor_out_array(size_t n)
{
	return cbor_new_definite_array(n);
}

cbor_item_t *cbor_out_map(size_t n)
{
	return cbor_new_definite_map(n);
}

cbor_item_t *cbor_out_push(cbor_item_t *array, cbor_item_t *item)
{
	bool pushed = array && item && cbor_array_push(array, item);

	drop(item);
	if (pushed)
		return array;
	drop(array);
	return NULL;
}

cbor_item_t *cbor_out_put(cbor_item_t *map, int64_t key, cbor_item_t *item)
{
	cbor_item_t *number = cbor_out_int(key);
	bool added = map && item && number &&
		     cbor_map_add(map, (struct cbor_pair){.key = number, .value = item});

	drop(number);
	drop(item);
	if (added)
		return map;
	drop(map);
	return NULL;
}

/* Keys here are integers: by RFC 8949 4.2.1 those from 0 up come first, in their order, then the
 * negative ones, from -1 down. */
static int compare_pairs(const void *a, const void *b)
{
	const cbor_item_t *x = ((const struct cbor_pair *)a)->key;
	const cbor_item_t *y = ((const struct cbor_pair *)b)->key;
	uint64_t p = cbor_get_int(x), q = cbor_get_int(y);

	if (cbor_isa_negint(x) != cbor_isa_negint(y))
		return cbor_isa_negint(x) ? 1 : -1;
	return (p > q) - (p < q);
}

static void sort_keys(cbor_item_t *item)
{
	if (cbor_isa_tag(item)) {
		cbor_item_t *inner = cbor_tag_item(item);

		sort_keys(inner);
		drop(inner);
	} else if (cbor_isa_array(item)) {
		for (size_t i = 0; i < cbor_array_size(item); i++)
			sort_keys(cbor_array_handle(item)[i]);
	} else if (cbor_isa_map(item)) {
		struct cbor_pair *pairs = cbor_map_handle(item);

		for (size_t i = 0; i < cbor_map_size(item); i++)
			sort_keys(pairs[i].value);
		qsort(pairs, cbor_map_size(item), sizeof(*pairs), compare_pairs);
	}
}

int cbor_out_encode(cbor_item_t *item, uint8_t **ret, size_t *ret_size, struct snp_error *err)
{
	unsigned char *bytes = NULL;
	size_t room, size = 0;

	if (item) {
		sort_keys(item);
		size = cbor_serialize_alloc(item, &bytes, &room);
		drop(item);
	}
	if (size == 0) {
		free(bytes);
		return out_of_memory(err);
	}
	*ret = bytes;
	*ret_size = size;
	return 0;
}

cbor_item_t *cbor_out_wrapped(cbor_item_t *item)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;

	if (cbor_out_encode(item, &bytes, &size, NULL) < 0)
		return NULL;
	return cbor_build_bytestring(bytes, size);
}

/* What a callback of libcbor's decoder has seen. */
struct seen {
	struct cbor_in item;
	bool known;
};

static void see(void *context, enum cbor_in_kind kind, uint64_t value)
{
	struct seen *seen = context;

	*seen = (struct seen){{.kind = kind, .value = value}, true};
}

#define SEE(name, type, kind)                        \
	static void name(void *context, type value)  \
	{                                            \
		see(context, kind, (uint64_t)value); \
	}                                            \
	struct see_needs_semicolon_

SEE(see_uint8, uint8_t, CBOR_IN_UINT);
SEE(see_uint16, uint16_t, CBOR_IN_UINT);
SEE(see_uint32, uint32_t, CBOR_IN_UINT);
SEE(see_uint64, uint64_t, CBOR_IN_UINT);
SEE(see_negint8, uint8_t, CBOR_IN_NEGATIVE);
SEE(see_negint16, uint16_t, CBOR_IN_NEGATIVE);
SEE(see_negint32, uint32_t, CBOR_IN_NEGATIVE);
SEE(see_negint64, uint64_t, CBOR_IN_NEGATIVE);
SEE(see_array, uint64_t, CBOR_IN_ARRAY);
SEE(see_map, uint64_t, CBOR_IN_MAP);
SEE(see_tag, uint64_t, CBOR_IN_TAG);
SEE(see_bool, bool, CBOR_IN_SIMPLE);

static void see_null(void *context)
{
	see(context, CBOR_IN_SIMPLE, 0);
}

static void see_bytes(void *context, cbor_data data, uint64_t size)
{
	see(context, CBOR_IN_BYTES, 0);
	((struct seen *)context)->item.bytes = (struct snp_span){data, size};
}

static void see_text(void *context, cbor_data data, uint64_t size)
{
	see(context, CBOR_IN_TEXT, 0);
	((struct seen *)context)->item.bytes = (struct snp_span){data, size};
}

bool cbor_in_next(struct snp_span *rest, struct cbor_in *ret)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct cbor_decoder_result result;
	struct seen seen = {0};

	callbacks.uint8 = see_uint8;
	callbacks.uint16 = see_uint16;
	callbacks.uint32 = see_uint32;
	callbacks.uint64 = see_uint64;
	callbacks.negint8 = see_negint8;
	callbacks.negint16 = see_negint16;
	callbacks.negint32 = see_negint32;
	callbacks.negint64 = see_negint64;
	callbacks.array_start = see_array;
	callbacks.map_start = see_map;
	callbacks.tag = see_tag;
	callbacks.boolean = see_bool;
	callbacks.null = see_null;
	callbacks.byte_string = see_bytes;
	callbacks.string = see_text;
	if (rest->size == 0)
		return false;
	/* libcbor 0.8 refuses the tags of one byte that RFC 7049 had not assigned, COSE's among them. */
	if (rest->data[0] >> 5 == CBOR_TYPE_TAG && (rest->data[0] & 0x1f) < 24) {
		*ret = (struct cbor_in){.kind = CBOR_IN_TAG, .value = rest->data[0] & 0x1f};
		return snp_span_sub(*rest, 1, rest->size - 1, rest);
	}
	result = cbor_stream_decode(rest->data, rest->size, &callbacks, &seen);
	if (result.status != CBOR_DECODER_FINISHED || !seen.known ||
	    !snp_span_sub(*rest, result.read, rest->size - result.read, rest))
		return false;
	*ret = seen.item;
	return true;
}

bool cbor_in_take(struct snp_span *rest, enum cbor_in_kind kind, struct cbor_in *ret)
{
	struct snp_span before = *rest;

	if (cbor_in_next(rest, ret) && ret->kind == kind)
		return true;
	*rest = before;
	return false;
}

/* Every item has a byte at least, so that counts beyond the rest's size need not be followed. */
bool cbor_in_skip(struct snp_span *rest)
{
	struct snp_span at = *rest;

	for (uint64_t items = 1; items > 0;) {
		struct cbor_in item;

		if (!cbor_in_next(&at, &item))
			return false;
		items--;
		if (item.kind == CBOR_IN_TAG)
			items++;
		else if ((item.kind == CBOR_IN_ARRAY || item.kind == CBOR_IN_MAP) &&
			 item.value > at.size)
			return false;
		else if (item.kind == CBOR_IN_ARRAY)
			items += item.value;
		else if (item.kind == CBOR_IN_MAP)
			items += 2 * item.value;
		if (items > at.size)
			return false;
	}
	*rest = at;
	return true;
}
