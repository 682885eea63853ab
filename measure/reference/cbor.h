/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_CBOR_H
#define REFERENCE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
