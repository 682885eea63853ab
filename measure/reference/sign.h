/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_SIGN_H
#define REFERENCE_SIGN_H

#include <snp/key.h>
#include <snp/reference.h>

#include "reference/folder.h"

/*
 * Signed forms of what is published: a signature of the master, a DSSE envelope around the in-toto
 * statement, a bundle of sigstore with the same, a COSE_Sign1 message around the CoRIM.
 *
 * ECDSA signatures are random where libcrypto has no deterministic ones. A signature that an earlier run
 * left is kept if it still verifies, so that a second run changes nothing.
 */

/* Add the names of the files that hold signatures, without contents. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int signed_names(struct folder *folder, struct snp_error *err);
/* True if one of them is in the folder at `path`. */
bool is_signed(const char *path);

/* Add to `folder` the signed form of each file in it that has one. `before` is the path of an earlier
 * folder. `signatures` is the folder of what `key`, then a public key, has signed elsewhere; NULL: it signs here.
 * Errors: those of snp_key_sign() and signature_read(). */
SNP_MUST_USE int folder_sign(struct folder *folder, const struct snp_key *key,
			     const char *signatures, const char *before, struct snp_error *err);

/* Add to `ret` what that takes signatures of, one file each. Errors: SNP_E_NO_MEMORY, SNP_E_CRYPTO. */
SNP_MUST_USE int folder_to_sign(const struct folder *folder, const struct snp_key *key,
				struct folder *ret, struct snp_error *err);

/* The signature of the file NAME lies beside it. */
#define SIGNATURE_SUFFIX ".sig"

/* Read the signature of `bytes`, the file `name` of the folder `path`, and verify it; in `form`, however it was.
 * Errors: those of file_read() and signature_take(), with the file named. */
SNP_MUST_USE int signature_read(const char *path, const char *name, const struct snp_key *key,
				struct snp_span bytes, enum snp_signature_form form,
				uint8_t ret[static SNP_SIGNATURE_MAX], size_t *ret_size,
				struct snp_error *err);

/* Called for each signed file: `why` is NULL if its signature verifies. */
typedef void (*signature_verified)(void *arg, const char *file, const struct snp_error *why);

/* Verify the signatures in the folder at `path`. That of the master must be there; its bytes are `document`,
 * read as `published`. The others are verified where they or their payloads are there. They must sign what
 * the master says, whatever payload lies beside them. Without a key, and if the folder has a signature at all,
 * everything but the signatures themselves is checked. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int folder_verify(const struct snp_reference *published, struct snp_span document,
			       const char *path, const struct snp_key *key,
			       signature_verified verified, void *arg, struct snp_error *err);

#endif
