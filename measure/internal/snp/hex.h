/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_HEX_H
#define SNP_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

/* Write `size` bytes as lower-case hex into `ret`, which holds 2 * size + 1 characters. */
void hex_encode(const uint8_t *data, size_t size, char *ret);

/* Read exactly `size` bytes from the hex text `text` (either case, an optional leading "0x", nothing
 * else). `what` names the value in the message ("--host-data").
 * Errors: SNP_E_BAD_HEX with the length found and the length wanted. */
SNP_MUST_USE int hex_decode(const char *text, const char *what, uint8_t *ret, size_t size,
			    struct snp_error *err);

/* Read a 64-bit number written as "0x…" hex, either case, at most 16 digits, nothing else.
 * Errors: SNP_E_BAD_HEX. */
SNP_MUST_USE int hex_u64(const char *text, const char *what, uint64_t *ret, struct snp_error *err);

/* Standard base64 (RFC 4648 section 4, with padding) of `data`, in one line: a string for free(), or
 * NULL when memory ran out. */
char *base64_encode(const uint8_t *data, size_t size);

/* Read standard base64 (padding required; no blanks, line ends or other alphabet; no bits that are
 * dropped): `ret` is for free(), has `ret_size` bytes and one NUL after them that is not counted.
 * Errors: SNP_E_BAD_BASE64, SNP_E_NO_MEMORY. */
SNP_MUST_USE int base64_read(const char *text, const char *what, uint8_t **ret, size_t *ret_size,
			     struct snp_error *err);

/* True if a file may be base64 or hex and nothing else: no other character is in it. No binary file of this project
 * looks like that, and neither do PEM and JSON. */
bool text_is_encoded(struct snp_span bytes);

/* Read a file of hex, or else of base64; line ends in it do not count. The result is as base64_read()'s.
 * Errors: those of base64_read(). */
SNP_MUST_USE int text_decode(struct snp_span text, const char *what, bool *ret_is_hex,
			     uint8_t **ret, size_t *ret_size, struct snp_error *err);

/* base64url (RFC 4648 section 5) without padding, as JOSE and did:x509 use it: a string for free(), or NULL when memory
 * ran out; and read as base64_read() does. */
char *base64url_encode(const uint8_t *data, size_t size);
SNP_MUST_USE int base64url_read(struct snp_span text, const char *what, uint8_t **ret,
				size_t *ret_size, struct snp_error *err);

/* Read exactly `size` bytes of standard base64 (padding required; no blanks, line ends or other
 * alphabet). Errors: SNP_E_BAD_BASE64 with the length found and the length wanted, SNP_E_NO_MEMORY. */
SNP_MUST_USE int base64_decode(const char *text, const char *what, uint8_t *ret, size_t size,
			       struct snp_error *err);

/* Either of the two: text of the length of base64 for `size` bytes is base64, everything else is hex. */
SNP_MUST_USE int bytes_decode(const char *text, const char *what, uint8_t *ret, size_t size,
			      struct snp_error *err);

#endif
