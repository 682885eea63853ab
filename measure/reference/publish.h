/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_PUBLISH_H
#define REFERENCE_PUBLISH_H

#include <snp/key.h>
#include <snp/reference.h>

#include "reference/folder.h"

/* What surrounds the payloads of the signed files, and the names of those. */
#define SNP_SIGNATURE_FILE     "reference-values.json.sig"
#define SNP_DSSE_FILE	       "intoto.dsse.json"
#define SNP_COSE_FILE	       "corim.cose"
#define SNP_DSSE_PAYLOAD_TYPE  "application/vnd.in-toto+json"
#define SNP_CORIM_CONTENT_TYPE "application/rim+cbor"
#define SNP_CORIM_SIGNER       "snp-measure"

/*
 * ECDSA signatures are random where libcrypto has no deterministic ones, and a second run would then
 * differ from the first in nothing but their bytes. So what an earlier run left, `before`, is looked at
 * first: a signature there that fits what is to be signed now, and verifies, is kept.
 */

/* Bind every variant to an ID block, signed with `id_key` and, unless NULL, `author_key`. `before` may
 * be NULL. Errors: those of snp_id_auth_sign(). */
SNP_MUST_USE int publish_bind(struct snp_reference *reference, const struct snp_key *id_key,
			      const struct snp_key *author_key, const struct snp_reference *before,
			      struct snp_error *err);

/* Called for each format that has no words for this model and was not asked for by name. */
typedef void (*publish_skip)(const char *format, const struct snp_error *why);

/* True if the comma-separated list has this name. */
bool publish_listed(const char *formats, const char *name);

/* Write the formats into `folder`: those of the comma-separated list `formats`, or with NULL all that
 * can say it. Errors: SNP_E_USAGE for an unknown name; those of the emitters. */
SNP_MUST_USE int publish_emit(const struct snp_reference *reference, const char *formats,
			      publish_skip skip, struct folder *folder, struct snp_error *err);

/* Add to `folder` a signed form of each file in it that has one. `before` is the path of an earlier
 * folder, or NULL. Errors: those of snp_key_sign(). */
SNP_MUST_USE int publish_sign(struct folder *folder, const struct snp_key *key, const char *before,
			      struct snp_error *err);

/* What folder_write() may replace: a folder with a master in it and nothing but files of the names that
 * the formats and signing them give. Errors: SNP_E_EXISTS, SNP_E_NO_MEMORY. */
SNP_MUST_USE int publish_replaceable(const char *path, struct snp_error *err);

/* Called for each signed file: `why` is NULL if its signature verifies. */
typedef void (*publish_verified)(void *arg, const char *file, const struct snp_error *why);

/* Verify the signatures in `folder`: that of the master, whose bytes are `document` and which is read as
 * `published`, must be there; the others where they or what they sign are, and they must be of what the
 * master says, whatever stands beside them. Errors: SNP_E_NO_MEMORY; what does not verify is told to
 * `verified`. */
SNP_MUST_USE int publish_verify(const struct snp_reference *published, struct snp_span document,
				const char *folder, const struct snp_key *key,
				publish_verified verified, void *arg, struct snp_error *err);

#endif
