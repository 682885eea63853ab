/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_SHA_H
#define SNP_SHA_H

#include <stdint.h>

#include <snp/api.h>
#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/file.h>
#include <snp/span.h>

/*
 * SHA-256, SHA-384 and SHA-512 by libcrypto. The algorithms are fetched once per process from the default
 * library context; whether OpenSSL's configuration file is read is the program's choice, made by its
 * first call into libcrypto.
 */
enum hash_algorithm {
	SNP_SHA256,
	SNP_SHA384,
	SNP_SHA512,
};

/* A running hash, for one thread at a time; reusable after hash_final(). */
struct hash;

/* Errors of all: SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int hash_new(enum hash_algorithm algorithm, struct hash **ret, struct snp_error *err);
void hash_free(struct hash *hash);
DEFINE_CLEANUP(struct hash *, hash_free);
SNP_MUST_USE int hash_update(struct hash *hash, struct snp_span bytes, struct snp_error *err);

/* The hash of all bytes since new or the last final: 32 bytes for SNP_SHA256, 48 for
 * SNP_SHA384, 64 for SNP_SHA512. */
SNP_MUST_USE int hash_final(struct hash *hash, uint8_t *ret, struct snp_error *err);

SNP_MUST_USE int sha256_of(struct snp_span bytes, uint8_t ret[SNP_STATIC SNP_SHA256_SIZE],
			   struct snp_error *err);
SNP_MUST_USE int sha384_of(struct snp_span bytes, uint8_t ret[SNP_STATIC SNP_SHA384_SIZE],
			   struct snp_error *err);

/* SHA-256 of no bytes: what stands for the initrd of a launch without one. */
extern const uint8_t sha256_of_nothing[SNP_SHA256_SIZE];

#endif
