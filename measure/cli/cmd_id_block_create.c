// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/policy.h>
#include <snp/tool.h>

#include "id_block.h"
#include "launch_input.h"
#include "value.h"
#include "verb.h"

static struct {
	bool to_sign;
	const char *output_block, *output_auth, *output_key, *output_format;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"to-sign", .flag = &arg.to_sign,
	 .help = "do not sign; output what must be signed elsewhere"},
	{"output-block", .argument = "FILE", .text = &arg.output_block,
	 .help = "write the ID block, 96 bytes"},
	{"output-auth", .argument = "FILE", .text = &arg.output_auth,
	 .help = "write the ID auth, 4096 bytes"},
	{"output-key", .argument = "FILE", .text = &arg.output_key,
	 .help = "write the public ID key in the ABI's format, 1028 bytes"},
	{"output-format", .argument = "FORMAT", .text = &arg.output_format,
	 .help = "text (default), libvirt or qemu"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static int print_base64(FILE *out, const char *before, const uint8_t *bytes, size_t size,
			const char *after, struct snp_error *err)
{
	_cleanup_(freep) char *text = base64_encode(bytes, size);

	if (!text)
		return out_of_memory(err);
	fprintf(out, "%s%s%s", before, text, after);
	return 0;
}

static int print_text(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	int r;

	cli_id_block_print(id, out);
	r = print_base64(out, "ID block           ", id->block, sizeof(id->block), "\n", err);
	if (r == 0 && id->has_auth)
		r = print_base64(out, "ID auth            ", id->auth, sizeof(id->auth), "\n", err);
	if (r == 0 && arg.to_sign && id->has_id_key)
		r = print_base64(out, "ID key             ", id->id_key, SNP_KEY_SIZE, "\n", err);
	return r;
}

static int print_libvirt(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	int r;

	fprintf(out,
		"<launchSecurity type='sev-snp' authorKey='%s'>\n"
		"  <policy>0x%" PRIx64 "</policy>\n",
		id->info.has_author ? "yes" : "no", id->fields.policy);
	r = print_base64(out, "  <idBlock>", id->block, sizeof(id->block), "</idBlock>\n", err);
	return r < 0 ? r
		     : print_base64(out, "  <idAuth>", id->auth, sizeof(id->auth),
				    "</idAuth>\n</launchSecurity>\n", err);
}

/* Properties of the object sev-snp-guest (QEMU 9.1, qapi/qom.json). */
static int print_qemu(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	int r;

	fprintf(out, "policy=0x%" PRIx64 ",author-key-enabled=%s", id->fields.policy,
		id->info.has_author ? "on" : "off");
	r = print_base64(out, ",id-block=", id->block, sizeof(id->block), "", err);
	return r < 0 ? r : print_base64(out, ",id-auth=", id->auth, sizeof(id->auth), "\n", err);
}

static int print_json(const struct cli_id_block *id, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-id-block/1");
	cli_id_block_json(id, &json);
	if (id->has_id_key)
		json_out_base64(&json, json.root, "id_key", id->id_key, SNP_KEY_SIZE);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static const struct format {
	const char *name;
	bool needs_auth;
	int (*print)(const struct cli_id_block *id, FILE *out, struct snp_error *err);
} formats[] = {
	{"text", false, print_text},
	{"libvirt", true, print_libvirt},
	{"qemu", true, print_qemu},
};

static int find_format(const struct format **ret, struct snp_error *err)
{
	static const struct format json = {"json", false, print_json};
	const char *name = arg.output_format ? arg.output_format : "text";

	if (cli_json && arg.output_format)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--output-format cannot be combined with --json");
	if (cli_json) {
		*ret = &json;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(formats[i].name, name) != 0)
			continue;
		if (formats[i].needs_auth && arg.to_sign)
			break;
		*ret = &formats[i];
		return 0;
	}
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "--output-format: unknown format '%s'; expected %s", name,
			 arg.to_sign ? "text with --to-sign" : "text, libvirt, qemu");
}

static int check_usage(struct snp_error *err)
{
	const struct cli_id_block_arguments *a = &cli_id_block_args;
	const char *trouble = NULL;
	int r = cli_id_block_check_usage(err);

	if (r < 0)
		return r;
	if (arg.to_sign && (cli_signer_signs(&a->id) || cli_signer_signs(&a->author)))
		trouble = "--to-sign cannot be combined with a key or a signature";
	else if (!arg.to_sign && !cli_signer_signs(&a->id))
		trouble = "give --id-key, or --public-key and --signature, or --to-sign";
	else if (arg.to_sign && arg.output_auth)
		trouble = "--to-sign cannot be combined with --output-auth";
	else if (arg.output_key && !a->id.key && !a->id.public_key)
		trouble = "--output-key requires --id-key or --public-key";
	else if (!cli_has_launch_digest(a->measurement))
		trouble = "give --measurement, or the options of 'digest'";
	return trouble ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", trouble) : 0;
}

static int get_fields(struct snp_id_block *ret, struct snp_error *err)
{
	int r = cli_id_block_fields(SNP_POLICY_DEFAULT, ret, err);

	return r < 0 ? r
		     : cli_launch_digest(cli_id_block_args.measurement, ret->launch_digest, err);
}

static int make(struct cli_id_block *id, struct snp_error *err)
{
	const struct cli_id_block_arguments *a = &cli_id_block_args;
	int r = get_fields(&id->fields, err);

	if (r < 0)
		return r;
	if (!arg.to_sign)
		return cli_id_block_sign(id, &a->id, &a->author, arg.output_auth, err);
	cli_id_block_encode(id);
	return a->id.public_key ? cli_id_block_set_key(id, &a->id, err) : 0;
}

/* All files or none: a new block beside an old auth would be refused at the launch. */
static int write_files(const struct cli_id_block *id, struct snp_error *err)
{
	const struct output outputs[] = {
		{arg.output_block, {id->block, SNP_ID_BLOCK_SIZE}},
		{arg.output_auth, {id->auth, SNP_ID_AUTH_SIZE}},
		{arg.output_key, {id->id_key, SNP_KEY_SIZE}},
	};
	struct output asked[ARRAY_SIZE(outputs)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++)
		if (outputs[i].path)
			asked[n++] = outputs[i];
	return files_write(asked, n, 0644, true, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	const struct format *format;
	struct cli_id_block id = {0};
	int r;

	(void)operands;
	r = check_usage(err);
	if (r < 0)
		return r;
	r = find_format(&format, err);
	if (r < 0)
		return r;
	r = make(&id, err);
	if (r < 0)
		return r;
	r = write_files(&id, err);
	return r < 0 ? r : format->print(&id, out, err);
}

static const struct cli_option *const tables[] = {cli_id_block_options, options, CLI_LAUNCH_OPTIONS,
						  NULL};

const struct cli_verb verb_id_block_create = {
	.name = "id-block create",
	.operands = "",
	.summary = "make an ID block and sign it",
	.example = "--measurement @digest.txt --id-key id.pem",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
