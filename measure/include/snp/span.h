/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_SPAN_H
#define SNP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>

/*
 * The one door for untrusted bytes. A span is borrowed and never owns; it is narrowed by
 * snp_span_sub() alone, and wire integers are read through the functions below alone, so that no
 * parser does pointer arithmetic of its own.
 */
struct snp_span {
	const uint8_t *data;
	size_t size;
};

/* Put `size` bytes of `s` from `offset` into `ret`; false, and `ret` untouched, if they do not all
 * lie in `s`. Any 64-bit values are allowed: nothing wraps. */
static inline bool snp_span_sub(struct snp_span s, uint64_t offset, uint64_t size,
				struct snp_span *ret)
{
	if (offset > s.size || size > s.size - offset)
		return false;
	ret->data = s.data + (size_t)offset;
	ret->size = (size_t)size;
	return true;
}

/* Little-endian integers at `offset` of `s`; false, and `ret` untouched, past its end. */
static inline bool snp_span_le16(struct snp_span s, uint64_t offset, uint16_t *ret)
{
	struct snp_span b;

	if (!snp_span_sub(s, offset, 2, &b))
		return false;
	*ret = (uint16_t)(b.data[0] | b.data[1] << 8);
	return true;
}

static inline bool snp_span_le32(struct snp_span s, uint64_t offset, uint32_t *ret)
{
	struct snp_span b;

	if (!snp_span_sub(s, offset, 4, &b))
		return false;
	*ret = (uint32_t)b.data[0] | (uint32_t)b.data[1] << 8 | (uint32_t)b.data[2] << 16 |
	       (uint32_t)b.data[3] << 24;
	return true;
}

static inline bool snp_span_le64(struct snp_span s, uint64_t offset, uint64_t *ret)
{
	struct snp_span b;
	uint32_t lo, hi;

	if (!snp_span_sub(s, offset, 8, &b) || !snp_span_le32(s, offset, &lo) ||
	    !snp_span_le32(s, offset + 4, &hi))
		return false;
	*ret = (uint64_t)hi << 32 | lo;
	return true;
}

/* Little-endian integers into memory, for building structures that the hardware reads. */
static inline void snp_put_le16(uint8_t ret[SNP_STATIC 2], uint16_t v)
{
	ret[0] = (uint8_t)v;
	ret[1] = (uint8_t)(v >> 8);
}

static inline void snp_put_le32(uint8_t ret[SNP_STATIC 4], uint32_t v)
{
	for (unsigned int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(v >> 8 * i);
}

static inline void snp_put_le64(uint8_t ret[SNP_STATIC 8], uint64_t v)
{
	for (unsigned int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(v >> 8 * i);
}

#endif
