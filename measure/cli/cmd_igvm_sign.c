// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include "image/igvm_write.h"
#include "launch/igvm.h"

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/tool.h>

#include "id_block.h"
#include "launch_input.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_igvm *, snp_igvm_free);

static const char *output, *id_block, *id_auth;

/* clang-format off */
static const struct cli_option sign_options[] = {
	{"output", 'o', "FILE", .text = &output,
	 .help = "the signed file"},
	{"id-block", .argument = "BASE64|@FILE", .text = &id_block,
	 .help = "an ID block made before, such as a published one"},
	{"id-auth", .argument = "BASE64|@FILE", .text = &id_auth,
	 .help = "its ID auth"},
	CLI_OPTION_JSON,
	{0},
};
static const struct cli_option strip_options[] = {
	{"output", 'o', "FILE", .text = &output,
	 .help = "the file without ID block"},
	{0},
};
/* clang-format on */

static int need_output(struct snp_error *err)
{
	return output ? 0
		      : fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				  "--output is required: the file to write");
}

static int check_usage(struct snp_error *err)
{
	const char *trouble = NULL;
	int r = need_output(err);

	if (r < 0)
		return r;
	r = cli_id_block_check_usage(err);
	if (r < 0)
		return r;
	if (!id_block != !id_auth)
		trouble = "--id-block and --id-auth require each other";
	else if (id_block && cli_id_block_is_described())
		trouble = "--id-block cannot be combined with a key, or with what it says itself";
	else if (!id_block && !cli_signer_signs(&cli_id_block_args.id))
		trouble = "give --id-key, or --public-key and --signature, or --id-block and "
			  "--id-auth";
	else if (cli_id_block_args.measurement && cli_has_launch_digest(NULL))
		trouble = "--measurement cannot be combined with options to compute the launch "
			  "digest";
	return trouble ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", trouble) : 0;
}

/* Read the file once, and with it the launch that it is signed for unless the digest is given. */
static int open_file(const char *path, struct cli_launch *ret, struct snp_error *err)
{
	if (cli_id_block_args.measurement)
		return snp_igvm_read(path, &ret->igvm, err);
	launch_args.igvm = path;
	return cli_launch_open(false, ret, err);
}

static int find_digest(struct cli_launch *l, uint64_t policy,
		       uint8_t ret[static SNP_LAUNCH_DIGEST_SIZE], struct snp_error *err)
{
	size_t size;
	int r;

	if (cli_id_block_args.measurement)
		return cli_launch_digest(cli_id_block_args.measurement, ret, err);
	l->launch.policy = policy;
	r = snp_launch_digest(&l->launch, ret, &size, err);
	if (r < 0)
		return r;
	cli_launch_warn(l);
	return 0;
}

static int check_policy(uint64_t of_file, uint64_t policy, struct snp_error *err)
{
	return of_file == policy ? 0
				 : fail_with(err, SNP_E_POLICY_DIFFERS, SNP_NO_OFFSET,
					     "the file's guest policy is 0x%" PRIx64
					     ", which its ID block has, not 0x%" PRIx64,
					     of_file, policy);
}

static int make_pair(struct cli_launch *l, uint64_t policy, struct cli_id_block *id,
		     struct snp_error *err)
{
	int r = cli_id_block_fields(policy, &id->fields, err);

	if (r < 0)
		return r;
	r = check_policy(policy, id->fields.policy, err);
	if (r < 0)
		return r;
	r = find_digest(l, policy, id->fields.launch_digest, err);
	return r < 0 ? r
		     : cli_id_block_sign(id, &cli_id_block_args.id, &cli_id_block_args.author, NULL,
					 err);
}

/* The pair that was made before, if it is for this launch. */
static int take_pair(struct cli_launch *l, uint64_t policy, struct cli_id_block *id,
		     struct snp_error *err)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE];
	int r = cli_id_block_read(id_block, id_auth, id, err);

	if (r < 0)
		return r;
	r = snp_id_auth_verify(id->block, id->auth, NULL, err);
	if (r < 0)
		return r;
	r = check_policy(policy, id->fields.policy, err);
	if (r < 0)
		return r;
	r = find_digest(l, policy, digest, err);
	if (r == 0 && memcmp(digest, id->fields.launch_digest, sizeof(digest)) != 0)
		r = fail_with(err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
			      "the ID block is for another launch digest than this launch has");
	return r;
}

/* The signed file has the launch digest of the unsigned one, and an ID block that its loader takes. */
static int check_signed(const struct cli_launch *l, struct snp_span file,
			const struct snp_id_block *block, struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	struct snp_launch launch = l->launch;
	uint8_t found[SNP_LAUNCH_DIGEST_SIZE];
	size_t size;
	int r;

	if (cli_id_block_args.measurement)
		return 0;
	r = igvm_parse(snp_igvm_info(l->igvm)->path, file, &igvm, err);
	if (r < 0)
		return r;
	launch.igvm = igvm;
	r = snp_launch_digest(&launch, found, &size, err);
	if (r == 0 && memcmp(found, block->launch_digest, sizeof(found)) != 0)
		r = fail_with(err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
			      "the signed file would have another launch digest");
	return r;
}

static int sign(struct cli_launch *l, struct cli_id_block *id, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *file = NULL;
	uint8_t payload[IGVM_ID_BLOCK];
	uint64_t policy;
	uint32_t mask;
	size_t size;
	int r = igvm_id_block_place(snp_igvm_info(l->igvm), &mask, &policy, err);

	if (r < 0)
		return r;
	r = id_block ? take_pair(l, policy, id, err) : make_pair(l, policy, id, err);
	if (r < 0)
		return r;
	igvm_id_block_put(mask, &id->fields, id->auth, payload);
	r = igvm_append(l->igvm, SNP_IGVM_SNP_ID_BLOCK, (struct snp_span){payload, sizeof(payload)},
			&file, &size, err);
	if (r < 0)
		return r;
	r = check_signed(l, (struct snp_span){file, size}, &id->fields, err);
	return r < 0 ? r : file_write(output, (struct snp_span){file, size}, 0644, true, err);
}

static int print_json(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-id-block/1");
	cli_id_block_json(id, &json);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run_sign(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_launch_close) struct cli_launch l = {0};
	struct cli_id_block id = {0};
	int r = check_usage(err);

	if (r < 0)
		return r;
	r = open_file(operands[0], &l, err);
	if (r < 0)
		return r;
	r = in_file(err, sign(&l, &id, err), operands[0]);
	if (r < 0)
		return r;
	if (cli_json)
		return print_json(&id, out, err);
	cli_id_block_print(&id, out);
	return 0;
}

/* A header between two pages makes QEMU launch them as two runs, with parameters before the second. */
static bool parts_pages(const struct snp_igvm_info *info)
{
	for (size_t i = 1; i + 1 < info->n_headers; i++)
		if (info->headers[i].type == SNP_IGVM_SNP_ID_BLOCK &&
		    info->headers[i - 1].type == SNP_IGVM_PAGE_DATA &&
		    info->headers[i + 1].type == SNP_IGVM_PAGE_DATA)
			return true;
	return false;
}

static int run_strip(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_igvm_freep) struct snp_igvm *igvm = NULL;
	_cleanup_(freep) uint8_t *file = NULL;
	size_t size, n;
	int r = need_output(err);

	(void)out;
	if (r < 0)
		return r;
	r = snp_igvm_read(operands[0], &igvm, err);
	if (r < 0)
		return r;
	r = igvm_remove(igvm, SNP_IGVM_SNP_ID_BLOCK, &file, &size, &n, err);
	if (r < 0)
		return r;
	if (n == 0)
		cli_warn("no-id-block", "the file has no ID block; it is copied as it is");
	if (parts_pages(snp_igvm_info(igvm)))
		cli_warn("id-block-between-pages",
			 "the ID block stood between two pages: without it QEMU may launch pages "
			 "and parameters in another order, with another launch digest");
	return file_write(output, (struct snp_span){file, size}, 0644, true, err);
}

static const struct cli_option *const sign_tables[] = {sign_options, cli_id_block_options,
						       cli_vcpu_options, NULL};
static const struct cli_option *const strip_tables[] = {strip_options, NULL};

const struct cli_verb verb_igvm_sign = {
	.name = "igvm sign",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "put an ID block into an IGVM file and sign it",
	.example = "guest.igvm -o signed.igvm --vcpus 1 --id-key id.pem",
	.options = sign_tables,
	.uses_keys = true,
	.run = run_sign,
};

const struct cli_verb verb_igvm_strip = {
	.name = "igvm strip",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "remove the ID block of an IGVM file",
	.example = "signed.igvm -o guest.igvm",
	.options = strip_tables,
	.run = run_strip,
};
