/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ID_BLOCK_SIGN_H
#define CLI_ID_BLOCK_SIGN_H

#include "id_block.h"

/* How one of the two keys is given: itself, or its public half and what it signed elsewhere. */
struct cli_signer {
	const char *prefix; /* of its options: "" or "author-" */
	const char *key, *passphrase_file;
	const char *public_key, *signature;
};

/* Errors: SNP_E_USAGE for options of one signer that do not go together. */
SNP_MUST_USE int cli_signer_check(const struct cli_signer *signer, struct snp_error *err);

/* True if it signs, here or elsewhere; a public key alone does not. */
bool cli_signer_signs(const struct cli_signer *signer);

/* Set id->id_key from the public key that `signer` names. Errors: those of snp_key_read_public(),
 * SNP_E_BAD_KEY. */
SNP_MUST_USE int cli_id_block_set_key(struct cli_id_block *id, const struct cli_signer *signer,
				      struct snp_error *err);

/* Make the ID auth of id->block; the author may be one that does not sign. If signatures are random, and
 * the file `existing` (NULL: none) holds an ID auth by the same keys that verifies with this block, that is
 * kept. Errors: those of keys and of snp_id_auth_attach(). */
SNP_MUST_USE int cli_id_block_sign(struct cli_id_block *id, const struct cli_signer *id_signer,
				   const struct cli_signer *author_signer, const char *existing,
				   struct snp_error *err);

#endif
