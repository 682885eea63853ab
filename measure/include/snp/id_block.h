/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_ID_BLOCK_H
#define SNP_ID_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/key.h>
#include <snp/span.h>

SNP_API_BEGIN

/*
 * ID block and ID authentication information (SEV-SNP firmware ABI 56860, SNP_LAUNCH_FINISH). They bind a
 * launch to a launch digest and a policy: the secure processor refuses to finish a launch if the digest or
 * the policy differs, or a signature does not verify. The attestation report shows the digests of the keys
 * as ID_KEY_DIGEST and AUTHOR_KEY_DIGEST.
 */
#define SNP_LAUNCH_DIGEST_SIZE 48
#define SNP_ID_BLOCK_SIZE      96
#define SNP_ID_AUTH_SIZE       4096
#define SNP_ID_SIZE	       16   /* FAMILY_ID, IMAGE_ID */
#define SNP_KEY_SIZE	       1028 /* ECDSA P-384 public key in the ABI's form */
#define SNP_KEY_DIGEST_SIZE    48

/* Its fields, which the ABI fixes; VERSION is 1. */
struct snp_id_block {
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
	uint8_t family_id[SNP_ID_SIZE];
	uint8_t image_id[SNP_ID_SIZE];
	uint32_t guest_svn;
	uint64_t policy;
};

/* To and from the 96 bytes (ABI 56860, "ID Block Structure"). Decoding errors: SNP_E_BAD_ID_BLOCK (VERSION is
 * not 1), SNP_E_BAD_POLICY (snp_policy_check() refuses it). */
void snp_id_block_encode(const struct snp_id_block *block,
			 uint8_t ret[SNP_STATIC SNP_ID_BLOCK_SIZE]);
SNP_MUST_USE int snp_id_block_decode(const uint8_t bytes[SNP_STATIC SNP_ID_BLOCK_SIZE],
				     struct snp_id_block *ret, struct snp_error *err);

/* The public half of `key`, which must be P-384, in the ABI's 1028-byte form; and the SHA-384 of that, which is
 * the digest that the attestation report shows. Errors: SNP_E_BAD_KEY, SNP_E_CRYPTO. */
SNP_MUST_USE int snp_id_key_public(const struct snp_key *key, uint8_t ret[SNP_STATIC SNP_KEY_SIZE],
				   struct snp_error *err);
SNP_MUST_USE int snp_id_key_digest(const uint8_t key[SNP_STATIC SNP_KEY_SIZE],
				   uint8_t ret[SNP_STATIC SNP_KEY_DIGEST_SIZE],
				   struct snp_error *err);

/* Sign the 96 bytes of an ID block with `id_key`, and the ID key with `author_key` (NULL: no author,
 * AUTH_KEY_ALGO 0). The result is verified before it is returned.
 * Errors: SNP_E_BAD_KEY, SNP_E_CRYPTO, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_id_auth_sign(const uint8_t block[SNP_STATIC SNP_ID_BLOCK_SIZE],
				  const struct snp_key *id_key, const struct snp_key *author_key,
				  uint8_t ret[SNP_STATIC SNP_ID_AUTH_SIZE], struct snp_error *err);

/* A signature made elsewhere: ECDSA P-384 with SHA-384, DER or 96 bytes of r and s, and the public key
 * that verifies it. The ID key signs the 96 bytes of the block; the author key signs the ID key's 1028
 * bytes from snp_id_key_public(). */
struct snp_id_signature {
	const struct snp_key *key;
	struct snp_span signature;
};

/* As snp_id_auth_sign(), from signatures made elsewhere; `author` NULL: no author.
 * Errors: SNP_E_BAD_KEY, SNP_E_BAD_ID_BLOCK (a signature in neither form), SNP_E_SIGNATURE,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_id_auth_attach(const uint8_t block[SNP_STATIC SNP_ID_BLOCK_SIZE],
				    const struct snp_id_signature *id,
				    const struct snp_id_signature *author,
				    uint8_t ret[SNP_STATIC SNP_ID_AUTH_SIZE],
				    struct snp_error *err);

/* The keys of an ID auth. */
struct snp_id_auth_info {
	uint8_t id_key_digest[SNP_KEY_DIGEST_SIZE];
	bool has_author;
	uint8_t author_key_digest[SNP_KEY_DIGEST_SIZE]; /* zeros without author */
};

/* Check the form of an ID auth: algorithms, curves, points on their curve, reserved bytes zero, and without an
 * author all of the author's bytes zero. The signatures are not checked.
 * Errors: SNP_E_BAD_ID_BLOCK, SNP_E_BAD_KEY, SNP_E_NO_MEMORY. */
SNP_MUST_USE int snp_id_auth_decode(const uint8_t auth[SNP_STATIC SNP_ID_AUTH_SIZE],
				    struct snp_id_auth_info *ret, struct snp_error *err);

/* Check a pair like the secure processor at the end of a launch, except for the comparison with the launch:
 * the form of both, and both signatures. It is not published whether the firmware requires all reserved bytes
 * to be zero; this function does. `ret` may be NULL.
 * Errors: as for the two decoders, and SNP_E_SIGNATURE. */
SNP_MUST_USE int snp_id_auth_verify(const uint8_t block[SNP_STATIC SNP_ID_BLOCK_SIZE],
				    const uint8_t auth[SNP_STATIC SNP_ID_AUTH_SIZE],
				    struct snp_id_auth_info *ret, struct snp_error *err);

SNP_API_END

#endif
