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
 * folder. Errors: those of snp_key_sign(). */
SNP_MUST_USE int folder_sign(struct folder *folder, const struct snp_key *key, const char *before,
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
