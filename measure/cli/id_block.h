/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ID_BLOCK_H
#define CLI_ID_BLOCK_H

#include <stdbool.h>
#include <stdio.h>

#include <snp/id_block.h>
#include <snp/json_out.h>
#include <snp/tool.h>

/* What the id-block verbs show. */
struct cli_id_block {
	uint8_t block[SNP_ID_BLOCK_SIZE];
	struct snp_id_block fields; /* of `block` */
	bool has_auth;
	uint8_t auth[SNP_ID_AUTH_SIZE];
	struct snp_id_auth_info info; /* of `auth` */
	bool has_id_key;
	uint8_t id_key[SNP_KEY_SIZE]; /* what the author signs */
};

/* The launch digest for an ID block: --measurement (`measurement`, or NULL), or computed from the launch
 * options. Errors: SNP_E_USAGE if both are given, and for modes whose digest has another size. */
SNP_MUST_USE int cli_launch_digest(const char *measurement,
				   uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE],
				   struct snp_error *err);
/* True if the command line gives either. */
bool cli_has_launch_digest(const char *measurement);

/* Read --id-block and --id-auth (NULL: none), and decode both. Errors: those of cli_value() and of the
 * decoders. */
SNP_MUST_USE int cli_id_block_read(const char *block, const char *auth, struct cli_id_block *ret,
				   struct snp_error *err);

/* Print all fields, one a line. */
void cli_id_block_print(const struct cli_id_block *id, FILE *out);

/* Add all fields, and both structures in base64. */
void cli_id_block_json(const struct cli_id_block *id, struct json_out *json);

/* One of the two keys: the private key, or its public half and what it signed elsewhere. */
struct cli_signer {
	const char *name;   /* of the option for the private key: "id-key" or "author-key" */
	const char *prefix; /* of the other options: "" or "author-" */
	const char *key, *passphrase_file;
	const char *public_key, *signature;
};

/* What the verbs that make an ID block take: its fields, and its keys or signatures. */
struct cli_id_block_arguments {
	const char *measurement, *family_id, *image_id, *policy;
	struct cli_number svn;
	struct cli_signer id, author;
};
extern struct cli_id_block_arguments cli_id_block_args;
extern const struct cli_option cli_id_block_options[];

/* Errors: SNP_E_USAGE for those options that do not go together. */
SNP_MUST_USE int cli_id_block_check_usage(struct snp_error *err);

/* True if any of them is given. */
bool cli_id_block_is_described(void);

/* All fields but the launch digest; `policy` is meant where none is given. Errors: SNP_E_BAD_POLICY, those of
 * cli_value(). */
SNP_MUST_USE int cli_id_block_fields(uint64_t policy, struct snp_id_block *ret,
				     struct snp_error *err);

/* Set id->block from id->fields. */
void cli_id_block_encode(struct cli_id_block *id);

/* True if it signs, here or elsewhere; a public key alone does not. */
bool cli_signer_signs(const struct cli_signer *signer);

/* Set id->id_key from the public key that `signer` names. Errors: those of snp_key_read_public(),
 * SNP_E_BAD_KEY. */
SNP_MUST_USE int cli_id_block_set_key(struct cli_id_block *id, const struct cli_signer *signer,
				      struct snp_error *err);

/* Make id->block and its ID auth of id->fields; the author need not sign. If signatures are random, and the file `existing`
 * (NULL: none) holds an ID auth by the same keys that verifies with this block, keep that one.
 * Errors: those of keys and of snp_id_auth_attach(). */
SNP_MUST_USE int cli_id_block_sign(struct cli_id_block *id, const struct cli_signer *id_signer,
				   const struct cli_signer *author_signer, const char *existing,
				   struct snp_error *err);

#endif
