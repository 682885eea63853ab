// SPDX-License-Identifier: Apache-2.0
#include "id_block.h"

#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/policy.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "value.h"

static bool has_launch_options(void)
{
	static const struct cli_launch_arguments none;

	return memcmp(&launch_args, &none, sizeof(none)) != 0;
}

bool cli_has_launch_digest(const char *measurement)
{
	return measurement || has_launch_options();
}

static int compute(uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch l = {0};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	size_t size;
	int r;

	r = cli_launch_open(false, &l, err);
	if (r < 0)
		return r;
	if (l.firmware_only || l.launch.mode == SNP_MODE_SEV_ES || l.launch.mode == SNP_MODE_SEV)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "only SEV-SNP has ID blocks; --mode must be snp, snp:svsm or "
				 "snp:igvm");
	/* Whatever ID block the file has: this is about another. */
	l.launch.flags |= SNP_LAUNCH_WITHOUT_ID_BLOCK;
	r = snp_launch_digest(&l.launch, digest, &size, err);
	if (r < 0)
		return r;
	cli_launch_warn(&l);
	memcpy(ret, digest, sizeof(digest));
	return 0;
}

int cli_launch_digest(const char *measurement, uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE],
		      struct snp_error *err)
{
	if (!measurement)
		return compute(ret, err);
	if (has_launch_options())
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--measurement cannot be combined with options to compute the "
				 "launch digest");
	return cli_value(measurement, "--measurement", ret, SNP_LAUNCH_DIGEST_SIZE, err);
}

/* Name the file that a value was read from, for errors found in it later. */
static int in_value(struct snp_error *err, int status, const char *value)
{
	return value[0] == '@' ? in_file(err, status, value + 1) : status;
}

int cli_id_block_read(const char *block, const char *auth, struct cli_id_block *ret,
		      struct snp_error *err)
{
	struct cli_id_block id = {.has_auth = auth};
	int r;

	r = cli_value(block, "--id-block", id.block, sizeof(id.block), err);
	if (r == 0)
		r = in_value(err, snp_id_block_decode(id.block, &id.fields, err), block);
	if (r == 0 && auth)
		r = cli_value(auth, "--id-auth", id.auth, sizeof(id.auth), err);
	if (r == 0 && auth)
		r = in_value(err, snp_id_auth_decode(id.auth, &id.info, err), auth);
	if (r < 0)
		return r;
	*ret = id;
	return 0;
}

static void print_hex(FILE *out, const char *name, const uint8_t *bytes, size_t size)
{
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	hex_encode(bytes, size, hex);
	fprintf(out, "%-18s %s\n", name, hex);
}

void cli_id_block_print(const struct cli_id_block *id, FILE *out)
{
	char policy[256];

	snp_policy_describe(id->fields.policy, policy, sizeof(policy));
	print_hex(out, "launch digest", id->fields.launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	print_hex(out, "family ID", id->fields.family_id, SNP_ID_SIZE);
	print_hex(out, "image ID", id->fields.image_id, SNP_ID_SIZE);
	fprintf(out, "%-18s %" PRIu32 "\n", "guest SVN", id->fields.guest_svn);
	fprintf(out, "%-18s %s\n", "policy", policy);
	if (!id->has_auth)
		return;
	print_hex(out, "ID key digest", id->info.id_key_digest, SNP_KEY_DIGEST_SIZE);
	if (id->info.has_author)
		print_hex(out, "author key digest", id->info.author_key_digest,
			  SNP_KEY_DIGEST_SIZE);
	else
		fprintf(out, "%-18s none\n", "author key digest");
}

void cli_id_block_json(const struct cli_id_block *id, struct json_out *json)
{
	struct cJSON *root = json->root;

	json_out_hex(json, root, "launch_digest", id->fields.launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	json_out_hex(json, root, "family_id", id->fields.family_id, SNP_ID_SIZE);
	json_out_hex(json, root, "image_id", id->fields.image_id, SNP_ID_SIZE);
	json_out_integer(json, root, "guest_svn", id->fields.guest_svn);
	json_out_u64(json, root, "policy", id->fields.policy);
	json_out_base64(json, root, "id_block", id->block, sizeof(id->block));
	if (!id->has_auth)
		return;
	json_out_base64(json, root, "id_auth", id->auth, sizeof(id->auth));
	json_out_hex(json, root, "id_key_digest", id->info.id_key_digest, SNP_KEY_DIGEST_SIZE);
	if (id->info.has_author)
		json_out_hex(json, root, "author_key_digest", id->info.author_key_digest,
			     SNP_KEY_DIGEST_SIZE);
}
