/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IDENTITY_ID_KEY_H
#define IDENTITY_ID_KEY_H

#include <snp/id_block.h>

/* ABI 56860, "Format of the ECDSA P-384 public key" and "… signature": numbers are little-endian in 72
 * bytes, of which P-384 fills 48. */
#define ABI_NUMBER_SIZE	   72
#define ABI_SIGNATURE_SIZE 512
#define P384_NUMBER_SIZE   48

/* The key that 1028 bytes describe. Errors: SNP_E_BAD_KEY with the offset in them, SNP_E_NO_MEMORY. */
int id_key_decode(const uint8_t key[static SNP_KEY_SIZE], struct snp_key **ret,
		  struct snp_error *err);

/* Between 96 bytes of r and s, big-endian, and the ABI's 512. The latter fails if a number is over 48
 * bytes. */
void id_signature_encode(const uint8_t raw[static 2 * P384_NUMBER_SIZE],
			 uint8_t ret[static ABI_SIGNATURE_SIZE]);
bool id_signature_decode(const uint8_t signature[static ABI_SIGNATURE_SIZE],
			 uint8_t ret[static 2 * P384_NUMBER_SIZE]);

/* Offset of the first byte that is not zero in [from, to), or `to`. */
size_t first_set(const uint8_t *bytes, size_t from, size_t to);

#endif
