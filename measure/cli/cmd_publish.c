// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/policy.h>
#include <snp/reference.h>
#include <snp/tool.h>

#include "key_input.h"
#include "launch_input.h"
#include "reference/format.h"
#include "reference/golden.h"
#include "reference/master.h"
#include "reference/publish.h"
#include "reference/release.h"
#include "shell_word.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_key *, snp_key_free);

static struct {
	const char *output, *formats, *key, *id_key, *author_key, *passphrase_file;
	const char *endorsement_key, *endorsement_certificate;
	bool timestamp;
} arg;

static enum snp_key_kind key_kind; /* of --key, once it has signed */

/* clang-format off */
static const struct cli_option options[] = {
	{"output", 'o', .argument = "DIR", .text = &arg.output,
	 .help = "the folder to write: new, or one that an earlier run wrote"},
	{"format", .argument = "LIST", .text = &arg.formats,
	 .help = "formats, with commas between (default: all that can say it)"},
	{"key", .argument = "KEY", .text = &arg.key,
	 .help = "sign what is published: a PEM or DER file, fd:N, - or a provider's URI"},
	{"id-key", .argument = "KEY", .text = &arg.id_key,
	 .help = "bind every variant to an ID block signed with this P-384 key"},
	{"author-key", .argument = "KEY", .text = &arg.author_key,
	 .help = "sign the ID key with this P-384 key"},
	{"endorsement-key", .argument = "KEY", .text = &arg.endorsement_key,
	 .help = "endorse golden measurements with this RSA key"},
	{"endorsement-certificate", .argument = "FILE", .text = &arg.endorsement_certificate,
	 .help = "its certificate, which goes into them"},
	{"passphrase-file", .argument = "FILE", .text = &arg.passphrase_file,
	 .help = "first line: the passphrase or PIN of the keys"},
	{"timestamp", .flag = &arg.timestamp,
	 .help = "say when: SOURCE_DATE_EPOCH if set, else the clock"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static void warn_skipped(const char *format, const struct snp_error *why)
{
	(void)format;
	cli_warn("format-left-out", "%s", why->message);
}

static void warn(void *p, const char *name, const char *text)
{
	(void)p;
	cli_warn(name, "%s", text);
}

static void warn_about_images(const struct snp_reference *reference)
{
	for (size_t i = 0; i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];

		cli_warn_cut_short(image->kernel.name, image->kernel_is_cut_short);
		if (image->policy & SNP_POLICY_DEBUG)
			cli_warn("debug-policy", "%s: this policy lets the host decrypt the guest",
				 image->name);
	}
}

/* SOURCE_DATE_EPOCH as reproducible-builds.org specifies it: decimal seconds. */
static int set_timestamp(struct snp_reference *reference, struct snp_error *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	reference->has_timestamp = arg.timestamp;
	reference->timestamp = (uint64_t)time(NULL);
	if (!epoch || !arg.timestamp)
		return 0;
	if (strspn(epoch, "0123456789") != strlen(epoch) || strlen(epoch) - 1 > 14)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "SOURCE_DATE_EPOCH: '%s' is no number of seconds", epoch);
	return cli_parse_number(epoch, "SOURCE_DATE_EPOCH", &reference->timestamp, err);
}

/* An earlier run's master, if there is one that can be read: its signatures may serve again. */
static struct snp_reference *read_before(void)
{
	_cleanup_(freep) char *path = NULL;
	struct snp_reference *before;

	if (asprintf(&path, "%s/%s", arg.output, SNP_MASTER_FILE) < 0) {
		path = NULL;
		return NULL;
	}
	return snp_reference_read(path, &before, NULL) < 0 ? NULL : before;
}

static int bind(struct snp_reference *reference, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *id_key = NULL, *author_key = NULL;
	_cleanup_(snp_reference_freep) struct snp_reference *before = NULL;
	int r;

	if (!arg.id_key)
		return arg.author_key ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
						  "--author-key signs an ID key; give --id-key")
				      : 0;
	r = cli_key_read(arg.id_key, arg.passphrase_file, &id_key, err);
	if (r == 0 && arg.author_key)
		r = cli_key_read(arg.author_key, arg.passphrase_file, &author_key, err);
	if (r < 0)
		return r;
	cli_key_warn_random(id_key);
	before = read_before();
	return publish_bind(reference, id_key, author_key, before, err);
}

static int sign(struct folder *folder, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	int r;

	if (!arg.key)
		return 0;
	r = cli_key_read(arg.key, arg.passphrase_file, &key, err);
	if (r < 0)
		return r;
	cli_key_warn_random(key);
	r = publish_sign(folder, key, arg.output, err);
	if (r == 0)
		key_kind = snp_key_kind(key);
	return r;
}

static int endorse(const struct snp_reference *reference, struct folder *folder,
		   struct snp_error *err)
{
	_cleanup_(endorser_freep) struct endorser *endorser = NULL;
	int r;

	if (!arg.endorsement_key && !arg.endorsement_certificate)
		return 0;
	r = cli_endorser_read(arg.endorsement_key, arg.endorsement_certificate, arg.passphrase_file,
			      &endorser, err);
	if (r < 0)
		return r;
	cli_warn(
		"random-signature",
		"RSASSA-PSS signs with random salt: a run into another folder makes other signature "
		"bytes, all else is the same");
	return golden_endorse(reference, endorser, arg.output, folder, err);
}

static void print_word(const char *before, const char *file)
{
	_cleanup_(freep) char *path = NULL;

	fputs(before, stderr);
	if (asprintf(&path, "%s/%s", arg.output, file) < 0)
		path = NULL;
	else
		cli_print_shell_word(stderr, path);
}

/* How plain OpenSSL verifies what was signed; PUBLIC.pem is the key's public half. */
static void print_command(void)
{
	if (!arg.key)
		return;
	if (key_kind == SNP_KEY_ED25519)
		fputs("verify with: openssl pkeyutl -verify -rawin -pubin -inkey PUBLIC.pem",
		      stderr);
	else
		fprintf(stderr, "verify with: openssl dgst -%s -verify PUBLIC.pem",
			key_kind == SNP_KEY_P256 ? "sha256" : "sha384");
	print_word(key_kind == SNP_KEY_ED25519 ? " -sigfile " : " -signature ", SNP_SIGNATURE_FILE);
	print_word(key_kind == SNP_KEY_ED25519 ? " -in " : " ", SNP_MASTER_FILE);
	fputc('\n', stderr);
}

static int print_text(const struct folder *folder, FILE *out, struct snp_error *err)
{
	size_t size = 4 * strlen(arg.output) + 1;
	_cleanup_(freep) char *escaped = size > UINT32_MAX ? NULL : malloc(size);

	if (!escaped)
		return out_of_memory(err);
	escape_text(arg.output, escaped, (unsigned int)size);
	for (size_t i = 0; i < folder->n_files; i++)
		fprintf(out, "%s/%s\n", escaped, folder->files[i].name);
	return 0;
}

static int print(const struct folder *folder, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *files, *file;

	if (!cli_json)
		return print_text(folder, out, err);
	cli_json_begin(&json, "snp-publish/1");
	cli_json_text(&json, json.root, "directory", arg.output);
	files = json_out_array(&json, json.root, "files");
	for (size_t i = 0; i < folder->n_files; i++) {
		file = json_out_object(&json, files, NULL);
		cli_json_text(&json, file, "name", folder->files[i].name);
		json_out_integer(&json, file, "size", folder->files[i].size);
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	_cleanup_(folder_done) struct folder folder = {0};
	int r;

	if (!arg.output)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "no folder to write; give --output DIR");
	if (!arg.endorsement_key != !arg.endorsement_certificate)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--endorsement-key and --endorsement-certificate belong together");
	if (arg.endorsement_key && arg.formats && !publish_listed(arg.formats, "golden"))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--endorsement-key endorses the format golden, which --format "
				 "leaves out");
	r = release_read(operands[0], warn, NULL, &reference, err);
	if (r == 0)
		warn_about_images(reference);
	if (r == 0)
		r = set_timestamp(reference, err);
	if (r == 0)
		r = bind(reference, err);
	if (r == 0)
		r = publish_emit(reference, arg.formats, warn_skipped, &folder, err);
	if (r == 0)
		r = sign(&folder, err);
	if (r == 0)
		r = endorse(reference, &folder, err);
	if (r == 0)
		r = folder_write(&folder, arg.output, publish_replaceable, err);
	if (r == 0)
		r = print(&folder, out, err);
	if (r == 0)
		print_command();
	return r;
}

static void list_formats(FILE *out)
{
	fputs("\nFormats of --format, and what they write; the first is always there:\n", out);
	for (size_t i = 0; format_at(i); i++) {
		fprintf(out, "  %-20s ", format_at(i)->name);
		for (const char *const *file = format_at(i)->files; *file; file++)
			if ((*file)[strlen(*file) - 1] != '/')
				fprintf(out, " %s", *file);
		fputc('\n', out);
	}
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_publish = {
	.name = "publish",
	.operands = "RELEASE.json",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "compute and publish the launch digests of a release",
	.options = tables,
	.uses_keys = true,
	.more_help = list_formats,
	.run = run,
};
