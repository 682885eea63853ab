// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/certificate.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/key.h>
#include <snp/tool.h>

#include "reference/golden.h"
#include "reference/master.h"
#include "reference/publish.h"
#include "reference/reproduce.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_key *, snp_key_free);
DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

static struct {
	const char *images, *public_key, *endorsement_certificate;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"images", .argument = "DIR", .text = &arg.images,
	 .help = "where the image files are (default: beside the document)"},
	{"public-key", .argument = "FILE", .text = &arg.public_key,
	 .help = "verify the signatures beside the document with this key"},
	{"endorsement-certificate", .argument = "FILE", .text = &arg.endorsement_certificate,
	 .help = "the certificate that golden measurements must be endorsed with"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* What was found, as text lines or as members of the JSON array; both say the same. */
struct findings {
	FILE *text; /* NULL with --json */
	struct json_out json;
	struct cJSON *differences;
	size_t n_differences;
};

static void difference(void *p, const char *image, const char *what, const char *published,
		       const char *found)
{
	struct findings *findings = p;
	struct cJSON *object = json_out_object(&findings->json, findings->differences, NULL);
	char line[4096], escaped[4 * sizeof(line)];

	findings->n_differences++;
	if (image)
		json_out_string(&findings->json, object, "image", image);
	json_out_string(&findings->json, object, "what", what);
	json_out_string(&findings->json, object, "published", published);
	json_out_string(&findings->json, object, "found", found);
	if (!findings->text)
		return;
	snprintf(line, sizeof(line), "%s%s%s differs: published %s, found %s", image ? image : "",
		 image ? ": " : "", what, published, found);
	escape_text(line, escaped, sizeof(escaped));
	fprintf(findings->text, "%s\n", escaped);
}

static void verified(void *p, const char *file, const struct snp_error *why)
{
	if (why)
		difference(p, NULL, file, "signed", why->message);
}

/* The folder that a path lies in. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static int verify(const struct snp_reference *published, struct snp_span document,
		  const char *folder, struct findings *findings, struct snp_error *err)
{
	_cleanup_(snp_key_freep) struct snp_key *key = NULL;
	int r;

	if (!arg.public_key) {
		cli_warn("signature-not-checked",
			 "no signature was checked; give --public-key to know who published this");
		return 0;
	}
	r = snp_key_read_public(arg.public_key, &key, err);
	return r < 0 ? r
		     : publish_verify(published, document, folder, key, verified, findings, err);
}

/* The one certificate in a file. */
static int read_certificate(const char *path, struct snp_certificates **ret,
			    struct snp_span *ret_der, struct snp_error *err)
{
	const struct snp_certificate *first;
	int r = snp_certificates_new(ret, err);

	if (r == 0)
		r = snp_certificates_add_path(*ret, path, err);
	if (r < 0)
		return r;
	first = snp_certificates_at(*ret, 0);
	if (!first || snp_certificates_at(*ret, 1))
		return in_file(err,
			       fail_with(err, SNP_E_BAD_CERTIFICATE, SNP_NO_OFFSET,
					 "must hold exactly one certificate"),
			       path);
	*ret_der = first->der;
	return 0;
}

static int verify_endorsements(const struct snp_reference *published, const char *folder,
			       struct findings *findings, struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	struct snp_span certificate = {0};
	int r = arg.endorsement_certificate
			? read_certificate(arg.endorsement_certificate, &set, &certificate, err)
			: 0;

	return r < 0 ? r : golden_verify(published, folder, certificate, verified, findings, err);
}

static int compare(const char *path, struct findings *findings, size_t *ret_variants,
		   struct snp_error *err)
{
	_cleanup_(snp_reference_freep) struct snp_reference *published = NULL;
	_cleanup_(freep) char *folder = folder_of(path);
	_cleanup_(freep) uint8_t *text = NULL;
	struct snp_span document;
	int r;

	if (!folder)
		return out_of_memory(err);
	r = file_read(path, SNP_MAX_DOCUMENT, &text, &document.size, err);
	document.data = text;
	if (r == 0)
		r = snp_reference_parse(path, document, &published, err);
	if (r == 0)
		r = verify(published, document, folder, findings, err);
	if (r == 0)
		r = verify_endorsements(published, folder, findings, err);
	if (r == 0)
		r = reproduce_images(published, arg.images ? arg.images : folder, difference,
				     findings, err);
	if (r == 0)
		r = reproduce_files(published, folder, difference, findings, err);
	for (size_t i = 0; r == 0 && i < published->n_images; i++)
		*ret_variants += published->images[i].n_variants;
	return r;
}

static int print(struct findings *findings, size_t n_variants, FILE *out, struct snp_error *err)
{
	if (cli_json) {
		json_out_bool(&findings->json, findings->json.root, "reproduced",
			      findings->n_differences == 0);
		json_out_integer(&findings->json, findings->json.root, "variants", n_variants);
		cli_json_warnings(&findings->json);
		return cli_json_end(&findings->json, out, err);
	}
	if (findings->n_differences == 0)
		fprintf(out, "reproduced: %zu launch digests as published\n", n_variants);
	else
		fprintf(out, "not reproduced: %zu differences\n", findings->n_differences);
	return 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	struct findings findings = {.text = cli_json ? NULL : out};
	size_t n_variants = 0;
	int r;

	cli_json_begin(&findings.json, "snp-reproduce/1");
	findings.differences = json_out_array(&findings.json, findings.json.root, "differences");
	r = compare(operands[0], &findings, &n_variants, err);
	if (r == 0)
		r = print(&findings, n_variants, out, err);
	json_out_done(&findings.json);
	return r < 0 ? r : findings.n_differences == 0 ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_reproduce = {
	.name = "reproduce",
	.operands = "REFERENCE-VALUES.json",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "compute published launch digests again and say what changed",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
