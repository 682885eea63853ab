// SPDX-License-Identifier: Apache-2.0
#include "reference/cbor.h"

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
