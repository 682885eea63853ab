/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_CBOR_H
#define SNP_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

/*
 * Deterministically encoded CBOR (RFC 8949 section 4.2.1): shortest integers and lengths, definite
 * lengths, map keys in bytewise order of their encoding. libcbor does the encoding; it neither picks
 * the width of an integer nor sorts keys, so both are done here.
 *
 * Items are built from the inside out. Every function takes ownership of its arguments, also when it fails,
 * and passes NULL on; so one check at the end is enough.
 */
struct cbor_item_t;

struct cbor_item_t *cbor_out_int(int64_t value);
struct cbor_item_t *cbor_out_bytes(const uint8_t *data, size_t size);
struct cbor_item_t *cbor_out_text(const char *text);
struct cbor_item_t *cbor_out_tag(uint64_t tag, struct cbor_item_t *item);

/* An array or map with room for `n` items or pairs; all of it must be filled. */
struct cbor_item_t *cbor_out_array(size_t n);
struct cbor_item_t *cbor_out_map(size_t n);

/* Put into an array or map; returns it. */
struct cbor_item_t *cbor_out_push(struct cbor_item_t *array, struct cbor_item_t *item);
struct cbor_item_t *cbor_out_put(struct cbor_item_t *map, int64_t key, struct cbor_item_t *item);

/* The encoding of `item`, which is taken: bytes for free(). Errors: SNP_E_NO_MEMORY, also for NULL. */
SNP_MUST_USE int cbor_out_encode(struct cbor_item_t *item, uint8_t **ret, size_t *ret_size,
				 struct snp_error *err);

/* A byte string that holds the encoding of `item`, which is taken. */
struct cbor_item_t *cbor_out_wrapped(struct cbor_item_t *item);

/*
 * Reading: one item after another, without memory of its own, so that no count in the input costs any. Only definite
 * lengths are read.
 */
enum cbor_in_kind {
	CBOR_IN_UINT,
	CBOR_IN_NEGATIVE, /* -1 - value */
	CBOR_IN_BYTES,
	CBOR_IN_TEXT, /* not checked to be UTF-8 */
	CBOR_IN_ARRAY,
	CBOR_IN_MAP,
	CBOR_IN_TAG, /* of the item that follows */
	CBOR_IN_SIMPLE,
};

struct cbor_in {
	enum cbor_in_kind kind;
	uint64_t value;	       /* the number or tag; how many members or pairs follow */
	struct snp_span bytes; /* of a string, in the input */
};

/* Take the next item's head, or the whole of a string, off `rest`. False if there is none, it is cut off, or it is of
 * another kind than these; `rest` is then as it was. */
bool cbor_in_next(struct snp_span *rest, struct cbor_in *ret);

/* The same for an item of this kind, and with all that is in it for an item of any. */
bool cbor_in_take(struct snp_span *rest, enum cbor_in_kind kind, struct cbor_in *ret);
bool cbor_in_skip(struct snp_span *rest);

#endif
