// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/progress.h>
#include <snp/sign_folder.h>

#include "key_input.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_key *, snp_key_free);

static struct {
	const char *key, *signatures, *passphrase_file;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"sign-key", .argument = "KEY", .text = &arg.key,
	 .help = "sign the documents with this key: a file, fd:N, - or a URI"},
	{"passphrase-file", .argument = "FILE", .text = &arg.passphrase_file,
	 .help = "file whose first line is the passphrase or PIN of the key"},
	{"signatures", .argument = "DIR", .text = &arg.signatures,
	 .help = "take signatures from the folder that 'publish --to-sign' wrote"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

struct result {
	struct json_out json;
	struct cJSON *files;
	size_t n_files;
	bool for_cosign; /* a file is */
};

static void warn(void *p, const char *name, const char *text)
{
	(void)p;
	cli_warn(name, "%s", text);
}

static void written(void *p, const char *file, uint64_t size)
{
	struct result *result = p;
	struct cJSON *object = json_out_object(&result->json, result->files, NULL);

	result->n_files++;
	result->for_cosign = result->for_cosign || strstr(file, "intoto");
	json_out_text(&result->json, object, "name", file);
	json_out_integer(&result->json, object, "size", size);
}

static int sign(const char *folder, struct result *result, bool *ret_signed, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	struct cli_progress bar;
	struct sign_folder_options o = {
		.signatures = arg.signatures,
		.warn = warn,
		.written = written,
		.arg = result,
		.progress = cli_progress_move,
		.progress_arg = &bar,
	};
	int r = arg.key ? cli_key_read(arg.key, arg.passphrase_file, &key, err) : 0;

	if (r < 0)
		return r;
	o.key = key;
	cli_progress_begin(&bar, "checking signatures");
	r = sign_folder(folder, &o, ret_signed, err);
	cli_progress_end(&bar);
	if (r == 0 && key) {
		if (result->for_cosign)
			cli_key_warn_cosign(key, NULL);
		cli_key_warn_random(key);
	}
	return r;
}

static void result_done(struct result *result)
{
	json_out_done(&result->json);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(result_done) struct result result = {0};
	struct json_out *json = &result.json;
	bool complete = false;
	int r;

	if (!arg.key == !arg.signatures)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give either --sign-key or --signatures");
	cli_json_begin(json, "snp-sign/1");
	json_out_text(json, json->root, "directory", operands[0]);
	result.files = json_out_array(json, json->root, "files");
	r = sign(operands[0], &result, &complete, err);
	json_out_bool(json, json->root, "complete", complete);
	if (r == 0 && cli_json) {
		cli_json_warnings(json);
		r = cli_json_end(json, out, err);
	} else if (r == 0 && complete) {
		fprintf(out, "complete: %zu files\n", result.n_files);
	} else if (r == 0) {
		fputs("not complete: the documents are now in the folder of signatures; sign them, and "
		      "run this command again\n",
		      out);
	}
	return r;
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_sign = {
	.name = "sign",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "sign a published folder, or put in signatures made elsewhere",
	.example = "published --signatures to-sign",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
