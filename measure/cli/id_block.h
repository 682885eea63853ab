/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ID_BLOCK_H
#define CLI_ID_BLOCK_H

#include <stdbool.h>
#include <stdio.h>

#include <snp/id_block.h>
#include <snp/json_out.h>

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

/* The launch digest that an ID block names, from --measurement (`measurement`, or NULL) or computed of what
 * the launch options say. Errors: SNP_E_USAGE for both and for modes whose digest has another size. */
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

#endif
