// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/judge.h>
#include <snp/memory.h>
#include <snp/policy.h>
#include <snp/progress.h>
#include <snp/publish.h>
#include <snp/sign_folder.h>
#include <snp/tool.h>

#include "key_input.h"
#include "launch_input.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_reference *, snp_reference_free);

static struct {
	const char *output, *formats, *key, *id_key, *author_key, *passphrase_file;
	const char *to_sign, *public_key, *id_public_key, *author_public_key;
	const char *endorsement_key, *endorsement_certificate;
	struct cli_values boot_results, warn;
	bool timestamp, is_unsigned, partial, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"output", 'o', .argument = "DIR", .text = &arg.output,
	 .help = "folder to write: a new one, or one from an earlier run"},
	{"format", .argument = "LIST", .text = &arg.formats,
	 .help = "formats, separated by commas (default: all)"},
	{"sign-key", .argument = "KEY", .text = &arg.key,
	 .help = "sign with this key: a file, fd:N, - (standard input) or a URI"},
	{"key", .argument = "KEY", .text = &arg.key},
	{"id-key", .argument = "KEY", .text = &arg.id_key,
	 .help = "make ID blocks, signed with this P-384 key"},
	{"author-key", .argument = "KEY", .text = &arg.author_key,
	 .help = "sign the ID key with this P-384 key"},
	{"to-sign", .argument = "DIR", .text = &arg.to_sign,
	 .help = "sign elsewhere: write what must be signed to this new folder"},
	{"public-key", .argument = "FILE", .text = &arg.public_key,
	 .help = "public half of the key that signs elsewhere"},
	{"id-public-key", .argument = "FILE", .text = &arg.id_public_key,
	 .help = "public half of the ID key that signs elsewhere"},
	{"author-public-key", .argument = "FILE", .text = &arg.author_public_key,
	 .help = "public half of the author key that signs elsewhere"},
	{"endorsement-key", .argument = "KEY", .text = &arg.endorsement_key,
	 .help = "endorse golden measurements with this RSA key"},
	{"endorsement-certificate", .argument = "FILE", .text = &arg.endorsement_certificate,
	 .help = "certificate of the endorsement key"},
	{"passphrase-file", .argument = "FILE", .text = &arg.passphrase_file,
	 .help = "file whose first line is the passphrase or PIN of the keys"},
	{"boot-result", .argument = "FILE", .values = &arg.boot_results,
	 .help = "include the result of snp-launch check --firmware --json"},
	{"warn", .argument = "NAME", .values = &arg.warn,
	 .help = "report this error as a warning: " SNP_WARN_NOT_CHECKED},
	{"unsigned", .flag = &arg.is_unsigned,
	 .help = "replace a signed folder even if the new one is not signed"},
	{"partial", .flag = &arg.partial,
	 .help = "leave images out of a format that cannot hold them"},
	{"timestamp", .flag = &arg.timestamp,
	 .help = "add the current time, or SOURCE_DATE_EPOCH if it is set"},
	{"verbose", 'v', .flag = &arg.verbose, .help = "print the name of every file"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

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
			cli_warn("debug-policy", "the policy of %s lets the host decrypt the guest",
				 image->name);
	}
}

static int check_warn(struct snp_error *err)
{
	for (unsigned int i = 0; i < arg.warn.count; i++)
		if (strcmp(arg.warn.value[i], SNP_WARN_NOT_CHECKED) != 0)
			return fail_with(
				err, SNP_E_USAGE, SNP_NO_OFFSET,
				"unknown name '%s' for --warn; expected " SNP_WARN_NOT_CHECKED,
				arg.warn.value[i]);
	return 0;
}

/* Refuse to publish digests that bind nothing. */
static int check_hash_checks(struct snp_reference *reference, struct snp_error *err)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < arg.boot_results.count; i++)
		r = snp_reference_add_boot(reference, arg.boot_results.value[i], err);
	for (size_t i = 0; r == 0 && i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];
		const struct snp_kernel_hash_check *check = &image->kernel_hash_check;
		bool started = check->boot == SNP_BOOT_STARTS;

		if (started)
			cli_warn(SNP_WARN_NOT_CHECKED,
				 "%s started a changed kernel, initrd or command line when it was "
				 "booted",
				 image->firmware.name);
		if (arg.warn.count > 0 || !cli_binds_no_kernel(check))
			continue;
		r = fail_with(
			err, SNP_E_NOT_CHECKED, SNP_NO_OFFSET,
			"%s: %s does not check kernel hashes, so the host can boot another "
			"kernel with this digest; use an AmdSev build, or --warn " SNP_WARN_NOT_CHECKED,
			image->name, image->firmware.name);
	}
	return r;
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
				 "SOURCE_DATE_EPOCH is '%s'; must be a number of seconds", epoch);
	return cli_parse_number(epoch, "SOURCE_DATE_EPOCH", &reference->timestamp, err);
}

static char *escaped(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *ret = size > UINT32_MAX ? NULL : malloc(size);

	if (ret)
		escape_text(text, ret, (unsigned int)size);
	return ret;
}

/* What is written, as lines of text or in a JSON document. */
struct output {
	FILE *text;   /* NULL with --json */
	char *folder; /* escaped */
	struct json_out *json;
	struct cJSON *files;
	size_t n_files;
};

static void written(void *p, const char *file, uint64_t size)
{
	struct output *output = p;
	struct cJSON *object;

	output->n_files++;
	if (output->text && arg.verbose)
		fprintf(output->text, "%s/%s\n", output->folder, file);
	if (output->text)
		return;
	object = json_out_object(output->json, output->files, NULL);
	json_out_text(output->json, object, "name", file);
	json_out_integer(output->json, object, "size", size);
}

/* Images have no more lines than this. */
#define SUMMARY_IMAGES 6

static void print_summary(const struct output *output, const struct snp_reference *reference)
{
	size_t shown = reference->n_images, rest = 0;
	FILE *out = output->text;

	if (shown > SUMMARY_IMAGES)
		shown = SUMMARY_IMAGES - 1;
	fprintf(out, "%s: %zu files%s\n", output->folder, output->n_files,
		arg.verbose ? "" : "; --verbose lists them");
	for (size_t i = 0; i < shown; i++) {
		const struct snp_reference_image *image = &reference->images[i];
		_cleanup_(freep) char *name = escaped(image->name);

		fprintf(out, "%s: ", name ? name : "");
		if (image->is_container_group)
			fputs("HOST_DATA of a container group\n", out);
		else
			fprintf(out, "%zu launch digests%s\n", image->n_variants,
				arg.id_key ? " with ID blocks" : "");
	}
	for (size_t i = shown; i < reference->n_images; i++)
		rest += reference->images[i].n_variants;
	if (shown < reference->n_images)
		fprintf(out, "%zu more images: %zu launch digests\n", reference->n_images - shown,
			rest);
	if (!arg.to_sign) {
		fputs(arg.key ? "signed\n" : "not signed\n", out);
		return;
	}
	fputs("not signed: sign what is in ", out);
	cli_print_shell_word(out, arg.to_sign);
	fputs(", and run snp-measure sign ", out);
	cli_print_shell_word(out, arg.output);
	fputs(" --signatures ", out);
	cli_print_shell_word(out, arg.to_sign);
	fputc('\n', out);
}

static void print_word(const char *before, const char *file)
{
	_cleanup_(freep) char *path = format_text("%s/%s", arg.output, file);

	fputs(before, stderr);
	if (path)
		cli_print_shell_word(stderr, path);
}

/* How plain OpenSSL verifies what was signed; PUBLIC.pem is the key's public half. */
static void print_command(const struct snp_key *key)
{
	bool raw = snp_key_kind(key) == SNP_KEY_ED25519;

	if (raw)
		fputs("verify with: openssl pkeyutl -verify -rawin -pubin -inkey PUBLIC.pem",
		      stderr);
	else
		fprintf(stderr, "verify with: openssl dgst -%s -verify PUBLIC.pem",
			snp_key_kind(key) == SNP_KEY_P256 ? "sha256" : "sha384");
	print_word(raw ? " -sigfile " : " -signature ", "reference-values.json.sig");
	print_word(raw ? " -in " : " ", "reference-values.json");
	fputc('\n', stderr);
}

/* The one signs what people read, the others what the hardware launches. */
static void warn_about_keys(const struct signing_keys *keys)
{
	cli_key_warn_cosign(keys->key, arg.formats);
	if ((keys->id_key && snp_key_equal(keys->key, keys->id_key)) ||
	    (keys->author_key && snp_key_equal(keys->key, keys->author_key)))
		cli_warn(
			"same-key",
			"the document is signed with the ID key or the author key, so one stolen key can sign both; use a separate key");
}

static int read_keys(struct signing_keys *keys, struct snp_error *err)
{
	const struct {
		const char *source;
		struct snp_key **key;
	} wanted[] = {
		{arg.id_key, &keys->id_key},
		{arg.author_key, &keys->author_key},
		{arg.key, &keys->key},
	};
	int r = arg.endorsement_key ? key_guard_process(err) : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(wanted); i++)
		if (wanted[i].source)
			r = cli_key_read(wanted[i].source, arg.passphrase_file, wanted[i].key, err);
	if (r == 0 && keys->key)
		warn_about_keys(keys);
	return r;
}

static int read_keys_elsewhere(struct signing_keys *keys, struct snp_error *err)
{
	const struct {
		const char *path;
		struct snp_key **key;
	} wanted[] = {
		{arg.public_key, &keys->key},
		{arg.id_public_key, &keys->id_key},
		{arg.author_public_key, &keys->author_key},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(wanted); i++)
		if (wanted[i].path)
			r = snp_key_read_public(wanted[i].path, wanted[i].key, err);
	if (r == 0 && keys->key)
		warn_about_keys(keys);
	return r;
}

static int publish(struct snp_reference *reference, struct output *output, struct snp_error *err)
{
	_cleanup_(signing_keys_done) struct signing_keys keys = {0};
	_cleanup_(signing_keys_done) struct signing_keys elsewhere = {0};
	struct cli_progress bar;
	struct snp_publish_options o = {
		.size = sizeof(o),
		.formats = arg.formats,
		.endorsement_key = arg.endorsement_key,
		.endorsement_certificate = arg.endorsement_certificate,
		.ask = cli_key_ask,
		.ask_arg = (void *)(uintptr_t)arg.passphrase_file, /* it is only read */
		.warn = warn,
		.written = written,
		.arg = output,
		.flags = (arg.is_unsigned ? SNP_PUBLISH_UNSIGNED : 0) |
			 (arg.partial ? SNP_PUBLISH_PARTIAL : 0),
		.progress = cli_progress_move,
		.progress_arg = &bar,
	};
	int r = read_keys(&keys, err);

	if (r == 0)
		r = read_keys_elsewhere(&elsewhere, err);
	if (r < 0)
		return r;
	o.key = keys.key;
	o.id_key = keys.id_key;
	o.author_key = keys.author_key;
	cli_progress_begin(&bar, "signing");
	r = snp_publish(reference, arg.output, &o, err);
	cli_progress_end(&bar);
	if (r == 0 && arg.to_sign)
		r = to_sign_write(arg.to_sign, arg.output, &elsewhere, err);
	if (r < 0)
		return r;
	if (o.id_key)
		cli_key_warn_random(o.id_key);
	if (o.key)
		cli_key_warn_random(o.key);
	if (arg.endorsement_key)
		cli_warn(
			"random-signature",
			"RSASSA-PSS signatures are random: another run gives different signature bytes; everything else is the same");
	if (o.key)
		print_command(o.key);
	return 0;
}

/* Before anything is published: a folder for what is to be signed must be new. */
static int check_to_sign(struct snp_error *err)
{
	struct stat st;

	return !arg.to_sign || lstat(arg.to_sign, &st) < 0
		       ? 0
		       : in_file(err,
				 fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
					   "already exists; use a new name"),
				 arg.to_sign);
}

static int check_elsewhere(struct snp_error *err)
{
	const char *trouble = NULL;

	if (!arg.to_sign && (arg.public_key || arg.id_public_key || arg.author_public_key))
		trouble = "public keys require --to-sign";
	else if (arg.to_sign && !arg.public_key && !arg.id_public_key)
		trouble = "--to-sign requires --public-key or --id-public-key";
	else if (arg.to_sign && (arg.key || arg.endorsement_key))
		trouble = "--to-sign cannot be combined with --sign-key or --endorsement-key";
	else if (arg.id_public_key && arg.id_key)
		trouble = "--id-public-key cannot be combined with --id-key";
	else if (arg.author_public_key && !arg.id_public_key)
		trouble = "--author-public-key requires --id-public-key";
	return trouble ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", trouble)
		       : check_to_sign(err);
}

static int check_arguments(struct snp_error *err)
{
	if (!arg.output)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--output DIR is required");
	if (arg.author_key && !arg.id_key)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--author-key requires --id-key");
	if (!arg.endorsement_key != !arg.endorsement_certificate)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--endorsement-key and --endorsement-certificate require each other");
	return check_elsewhere(err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *reference = NULL;
	_cleanup_(freep) char *folder = NULL;
	_cleanup_(json_out_done) struct json_out json = {0};
	struct output output = {.text = cli_json ? NULL : out, .json = &json};
	int r = check_arguments(err);
	if (r == 0)
		r = check_warn(err);
	if (r == 0 && !(folder = output.folder = escaped(arg.output)))
		r = out_of_memory(err);
	if (r < 0)
		return r;
	r = snp_release_read(operands[0],
			     arg.id_key || arg.id_public_key ? SNP_MAX_BOUND_VARIANTS
							     : SNP_MAX_VARIANTS,
			     warn, NULL, &reference, err);
	if (r < 0)
		return r;
	warn_about_images(reference);
	r = check_hash_checks(reference, err);
	if (r < 0)
		return r;
	r = set_timestamp(reference, err);
	if (r < 0)
		return r;
	cli_json_begin(&json, "snp-publish/1");
	json_out_text(&json, json.root, "directory", arg.output);
	if (arg.to_sign)
		json_out_text(&json, json.root, "to_sign", arg.to_sign);
	output.files = json_out_array(&json, json.root, "files");
	r = publish(reference, &output, err);
	if (r == 0 && !cli_json)
		print_summary(&output, reference);
	if (r < 0 || !cli_json)
		return r;
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static void list_formats(FILE *out)
{
	const char *const *files, *name;

	fputs("\nFormats and the files they write; the first is always written:\n", out);
	for (size_t i = 0; (name = snp_publish_format(i, &files)); i++) {
		fprintf(out, "  %-20s ", name);
		for (; *files; files++)
			fprintf(out, " %s", *files);
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
	.example = "release.json --output published --sign-key release.pem",
	.options = tables,
	.uses_keys = true,
	.more_help = list_formats,
	.run = run,
};
