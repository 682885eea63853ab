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
	const char *measurement, *family_id, *image_id, *policy;
	struct cli_number svn;
	struct cli_signer id, author;
	bool to_sign;
	const char *output_block, *output_auth, *output_key, *output_format;
} arg = {.id = {.name = "id-key", .prefix = ""},
	 .author = {.name = "author-key", .prefix = "author-"}};

/* clang-format off */
static const struct cli_option options[] = {
	{"measurement", .argument = "HEX|@FILE", .text = &arg.measurement,
	 .help = "the launch digest, instead of computing it"},
	{"policy", .argument = "HEX", .text = &arg.policy,
	 .help = "guest policy (default 0x30000)"},
	{"family-id", .argument = "HEX", .text = &arg.family_id,
	 .help = "16 bytes (default 0)"},
	{"image-id", .argument = "HEX", .text = &arg.image_id,
	 .help = "16 bytes (default 0)"},
	{"svn", .argument = "N", .number = &arg.svn,
	 .help = "security version of the guest (default 0)"},
	{"id-key", .argument = "KEY", .text = &arg.id.key,
	 .help = "P-384 private key as a file, fd:N, - or URI"},
	{"key", .argument = "KEY", .text = &arg.id.key},
	{"passphrase-file", .argument = "FILE", .text = &arg.id.passphrase_file,
	 .help = "file whose first line is the ID key's passphrase"},
	{"author-key", .argument = "KEY", .text = &arg.author.key,
	 .help = "author key, which signs the ID key (optional)"},
	{"author-passphrase-file", .argument = "FILE", .text = &arg.author.passphrase_file,
	 .help = "file whose first line is the author key's passphrase"},
	{"to-sign", .flag = &arg.to_sign,
	 .help = "do not sign; output what must be signed elsewhere"},
	{"public-key", .argument = "FILE", .text = &arg.id.public_key,
	 .help = "public ID key, if the private one is elsewhere"},
	{"signature", .argument = "FILE", .text = &arg.id.signature,
	 .help = "signature of the ID block by --public-key: DER, or r and s"},
	{"author-public-key", .argument = "FILE", .text = &arg.author.public_key,
	 .help = "public author key, if the private one is elsewhere"},
	{"author-signature", .argument = "FILE", .text = &arg.author.signature,
	 .help = "signature of the ID key by --author-public-key"},
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
	const char *trouble = NULL;
	int r;

	r = cli_signer_check(&arg.id, err);
	if (r < 0)
		return r;
	r = cli_signer_check(&arg.author, err);
	if (r < 0)
		return r;
	if (arg.to_sign && (cli_signer_signs(&arg.id) || cli_signer_signs(&arg.author)))
		trouble = "--to-sign cannot be combined with a key or a signature";
	else if (!arg.to_sign && !cli_signer_signs(&arg.id))
		trouble = "give --id-key, or --public-key and --signature, or --to-sign";
	else if (arg.author.public_key && !arg.author.signature)
		trouble = "--author-public-key requires --author-signature";
	else if (arg.to_sign && arg.output_auth)
		trouble = "--to-sign cannot be combined with --output-auth";
	else if (arg.output_key && !arg.id.key && !arg.id.public_key)
		trouble = "--output-key requires --id-key or --public-key";
	else if (!cli_has_launch_digest(arg.measurement))
		trouble = "give --measurement, or the options of 'digest'";
	else if (arg.svn.value > UINT32_MAX)
		trouble = "--svn: must be at most 4294967295";
	return trouble ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", trouble) : 0;
}

static int get_fields(struct snp_id_block *ret, struct snp_error *err)
{
	int r = 0;

	*ret = (struct snp_id_block){.policy = SNP_POLICY_DEFAULT,
				     .guest_svn = (uint32_t)arg.svn.value};
	if (arg.policy)
		r = hex_u64(arg.policy, "--policy", &ret->policy, err);
	if (r == 0)
		r = snp_policy_check(ret->policy, err);
	if (r == 0 && arg.family_id)
		r = cli_value(arg.family_id, "--family-id", ret->family_id, SNP_ID_SIZE, err);
	if (r == 0 && arg.image_id)
		r = cli_value(arg.image_id, "--image-id", ret->image_id, SNP_ID_SIZE, err);
	if (r < 0)
		return r;
	return cli_launch_digest(arg.measurement, ret->launch_digest, err);
}

static int make(struct cli_id_block *id, struct snp_error *err)
{
	int r;

	r = get_fields(&id->fields, err);
	if (r < 0)
		return r;
	snp_id_block_encode(&id->fields, id->block);
	if (id->fields.policy & SNP_POLICY_DEBUG)
		cli_warn("debug-policy", "this policy lets the host decrypt the guest");
	if (!arg.to_sign)
		return cli_id_block_sign(id, &arg.id, &arg.author, arg.output_auth, err);
	return arg.id.public_key ? cli_id_block_set_key(id, &arg.id, err) : 0;
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

static const struct cli_option *const tables[] = {options, cli_launch_options, NULL};

const struct cli_verb verb_id_block_create = {
	.name = "id-block create",
	.operands = "",
	.summary = "make an ID block and sign it",
	.example = "--measurement @digest.txt --id-key id.pem",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
