// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/key.h>
#include <snp/publish.h>
#include <snp/tool.h>

#include "verb.h"

DEFINE_CLEANUP(struct snp_key *, snp_key_free);

static struct {
	const char *images, *public_key, *endorsement_certificate;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"images", .argument = "DIR", .text = &arg.images,
	 .help = "folder of the images (default: the document's folder, or the one it is in)"},
	{"public-key", .argument = "FILE", .text = &arg.public_key,
	 .help = "verify the signatures with this key"},
	{"endorsement-certificate", .argument = "FILE", .text = &arg.endorsement_certificate,
	 .help = "require endorsements with this certificate"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* What was found, as text lines or as members of the JSON array; both say the same. */
struct findings {
	FILE *text; /* NULL with --json */
	struct json_out *json;
	struct cJSON *differences;
	size_t n_differences, n_missing; /* missing: files of images */
};

static void difference(void *p, const char *image, const char *what, const char *published,
		       const char *found)
{
	struct findings *findings = p;
	struct cJSON *object = json_out_object(findings->json, findings->differences, NULL);
	char line[4096], escaped[4 * sizeof(line)];

	findings->n_missing += image && strncmp(found, "no such file", 12) == 0;
	if (image)
		json_out_string(findings->json, object, "image", image);
	json_out_string(findings->json, object, "what", what);
	json_out_string(findings->json, object, "published", published);
	json_out_string(findings->json, object, "found", found);
	if (!findings->text)
		return;
	snprintf(line, sizeof(line), "%s%s%s differs: published %s, found %s", image ? image : "",
		 image ? ": " : "", what, published, found);
	escape_text(line, escaped, sizeof(escaped));
	fprintf(findings->text, "%s\n", escaped);
}

static int reproduce(const char *path, struct findings *findings, size_t *ret_variants,
		     struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	struct snp_reproduce_options o = {
		.size = sizeof(o),
		.images = arg.images,
		.endorsement_certificate = arg.endorsement_certificate,
		.difference = difference,
		.arg = findings,
	};
	int r = arg.public_key ? snp_key_read_public(arg.public_key, &key, err) : 0;

	if (r < 0)
		return r;
	o.public_key = key;
	if (!key)
		cli_warn("signature-not-checked",
			 "no signature was checked; use --public-key to verify who published this");
	r = snp_reproduce(path, &o, ret_variants, &findings->n_differences, err);
	if (r == 0 && findings->n_missing > 0 && !arg.images)
		cli_warn(
			"images-not-found",
			"%zu files of images are neither in the folder nor beside it; use --images "
			"DIR to name their folder",
			findings->n_missing);
	return r;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct findings findings = {.text = cli_json ? NULL : out, .json = &json};
	size_t n_variants;
	bool same;
	int r;

	cli_json_begin(&json, "snp-reproduce/1");
	findings.differences = json_out_array(&json, json.root, "differences");
	r = reproduce(operands[0], &findings, &n_variants, err);
	if (r < 0)
		return r;
	same = findings.n_differences == 0;
	json_out_bool(&json, json.root, "reproduced", same);
	json_out_integer(&json, json.root, "variants", n_variants);
	cli_json_warnings(&json);
	if (cli_json)
		r = cli_json_end(&json, out, err);
	else if (same)
		fprintf(out, "reproduced: %zu launch digests as published\n", n_variants);
	else
		fprintf(out, "not reproduced: %zu differences\n", findings.n_differences);
	return r < 0 ? r : same ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_reproduce = {
	.name = "reproduce",
	.operands = "REFERENCE-VALUES.json",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "recompute published launch digests and list what differs",
	.example = "published/reference-values.json --images .",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
