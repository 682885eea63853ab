// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <time.h>

#include <snp/evidence_folder.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/judge.h>
#include <snp/sha.h>

#include "endorsement/jwks.h"
#include "expectations.h"
#include "report_view.h"
#include "value.h"
#include "verb.h"
#include "verdict_page.h"

static struct {
	struct cli_values certificates, crls;
	const char *at_time, *token, *jwks, *runtime_data, *simulated_root, *save, *html;
	bool fetch_path, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"certificates", .argument = "PATH", .values = &arg.certificates,
	 .help = "file or folder with certificates"},
	{"crl", .argument = "FILE", .values = &arg.crls,
	 .help = "AMD's CRL; without one, revocation is not checked"},
	{"maa-token", .argument = "FILE", .text = &arg.token,
	 .help = "token of Azure Attestation, beside the report or instead of it"},
	{"jwks", .argument = "FILE", .text = &arg.jwks,
	 .help = "the keys of this service, which are trusted"},
	{"runtime-data", .argument = "FILE", .text = &arg.runtime_data,
	 .help = "REPORT_DATA must begin with the SHA-256 of this file"},
	{"at-time", .argument = "TIME", .text = &arg.at_time,
	 .help = "time at which certificates and the token must be valid: 2026-01-31 or @SECONDS (default: now, or that of a saved verdict)"},
	{"simulated-root", .argument = "FILE", .text = &arg.simulated_root,
	 .help = "for this run, trust this ARK of a simulated host"},
	{"save", .argument = "DIR", .text = &arg.save,
	 .help = "keep in this new folder all that is needed to repeat the verdict with 'verify DIR'"},
	{"html", .argument = "FILE", .text = &arg.html,
	 .help = "write the verdict as a page for people to this file"},
	{"fetch-path", .flag = &arg.fetch_path,
	 .help = "only print where AMD has the missing certificates"},
	{"verbose", 'v', .help = "print every check", .flag = &arg.verbose},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

/* What a manifest says counts only if the report was accepted: then only is it shown. */
static void print_services(const struct svsm_manifest *manifest, FILE *out)
{
	for (size_t i = 0; i < manifest->n_services; i++) {
		const struct svsm_service *service = &manifest->services[i];
		char guid[SNP_GUID_STRING_SIZE];

		snp_guid_string(service->guid, guid);
		fprintf(out, "SVSM service: %s%s%s, %zu bytes\n", svsm_service_name(service),
			manifest->n_services > 1 ? " " : "", manifest->n_services > 1 ? guid : "",
			service->data.size);
	}
}

static int add_services(struct json_out *json, const struct svsm_manifest *manifest,
			struct snp_error *err)
{
	struct cJSON *array = json_out_array(json, json->root, "svsm_services");
	int r = 0;

	for (size_t i = 0; i < manifest->n_services && r == 0; i++) {
		const struct svsm_service *service = &manifest->services[i];
		struct cJSON *object = json_out_object(json, array, NULL);
		char guid[SNP_GUID_STRING_SIZE];
		uint8_t sha256[SNP_SHA256_SIZE];

		r = sha256_of(service->data, sha256, err);
		if (r < 0)
			return r;
		snp_guid_string(service->guid, guid);
		json_out_string(json, object, "guid", guid);
		json_out_string(json, object, "name", svsm_service_name(service));
		json_out_integer(json, object, "size", service->data.size);
		json_out_hex(json, object, "sha256", sha256, sizeof(sha256));
	}
	return r;
}

/* `alone`: a token stands for the report. */
static int print_json(const struct snp_verdict *verdict, const char *document, bool alone,
		      const struct svsm_manifest *manifest, FILE *out, struct snp_error *err)
{
	const struct snp_report *report = snp_verdict_report(verdict);
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, manifest	 ? "snp-verify/4"
			      : alone	 ? "snp-verify/3"
			      : document ? "snp-verify/2"
					 : "snp-verify/1");
	cli_verdict_json(&json, verdict, document);
	if (alone)
		json_out_string(&json, json.root, "evidence", "token");
	else
		cli_report_json(report, cli_report_layout(report), &json,
				json_out_object(&json, json.root, "report"));
	if (manifest) {
		int r = add_services(&json, manifest, err);

		if (r < 0)
			return r;
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* A leaf of another chip or level is as good as none. */
static unsigned int missing(const struct snp_verdict *verdict)
{
	static const enum snp_check leaf[] = {SNP_CHECK_CERTIFICATE, SNP_CHECK_CERTIFICATE_NAMES,
					      SNP_CHECK_REPORTED_TCB, SNP_CHECK_CHIP_ID};
	unsigned int which = 0;

	for (size_t i = 0; i < ARRAY_SIZE(leaf); i++)
		if (snp_verdict_outcome(verdict, leaf[i]) == SNP_FAILED)
			which |= FETCH_LEAF;
	if (snp_verdict_outcome(verdict, SNP_CHECK_CA_CERTIFICATES) != SNP_PASSED)
		which |= FETCH_CA;
	return which;
}

static int print_paths(const struct snp_verdict *verdict, FILE *out, struct snp_error *err)
{
	const struct snp_report *report = snp_verdict_report(verdict);
	enum snp_product product = snp_verdict_product(verdict);
	unsigned int which = missing(verdict);
	int r;

	if (product == SNP_PRODUCT_UNKNOWN)
		product = snp_report_product(report);
	r = fetch_paths_print(report, product, which, out, err);
	return r < 0 ? r : which == 0 ? 0 : CLI_NO;
}

/* What comes beside the report in files of its own. */
struct papers {
	uint8_t *token, *jwks, *runtime_data;
};

static void papers_done(struct papers *papers)
{
	free(papers->token);
	free(papers->jwks);
	free(papers->runtime_data);
}

static int read_paper(const char *path, uint64_t cap, uint8_t **ret, struct snp_span *ret_span,
		      struct snp_error *err)
{
	int r;

	if (!path)
		return 0;
	r = file_read_input(path, cap, ret, &ret_span->size, err);
	if (r == 0 && ret_span->size == 0)
		r = in_file(err, fail_with(err, SNP_E_EMPTY_FILE, SNP_NO_OFFSET, "is empty"), path);
	ret_span->data = *ret;
	return r;
}

/* They are read again for the verdict; here their files are named if they are malformed. */
static int check_keys(const struct cli_sources *sources, struct snp_error *err)
{
	_cleanup_(jwks_freep) struct jwks *jwks = NULL;

	return in_file(err, jwks_read(sources->jwks, &jwks, err), arg.jwks);
}

static int check_token(const struct cli_sources *sources, struct snp_error *err)
{
	_cleanup_(token_freep) struct token *token = NULL;
	struct token_claims claims;
	int r = token_read(sources->token, &token, err);

	if (r == 0)
		r = token_claims_read(token, &claims, err);
	return in_file(err, r, arg.token);
}

static int read_papers(struct papers *papers, struct cli_sources *sources, struct snp_error *err)
{
	int r = read_paper(arg.token, TOKEN_MAX_SIZE, &papers->token, &sources->token, err);

	if (r == 0)
		r = read_paper(arg.jwks, JWKS_MAX_SIZE, &papers->jwks, &sources->jwks, err);
	if (r == 0)
		r = read_paper(arg.runtime_data, SNP_MAX_CONFIG, &papers->runtime_data,
			       &sources->runtime_data, err);
	if (r == 0 && arg.token)
		r = check_token(sources, err);
	return r < 0 || !arg.jwks ? r : check_keys(sources, err);
}

/* All that a verdict is made from. */
struct materials {
	struct cli_report report;
	struct papers papers;
	struct cli_sources sources;
	struct cli_expectations expectations; /* of the command line */
	bool is_folder;
	struct evidence_folder folder; /* of a saved verdict */
	struct snp_expectations expected;
	struct snp_evidence evidence;
};

static void materials_done(struct materials *m)
{
	cli_report_done(&m->report);
	papers_done(&m->papers);
	cli_expectations_done(&m->expectations);
	evidence_folder_done(&m->folder);
}

/* Where nothing is expected by the command line, what the folder expects. With a key, its documents are those of
 * somebody who is known, and what the folder itself allows besides does not count. */
static int take_folders_expectations(struct materials *m, struct snp_error *err)
{
	struct evidence_folder *f = &m->folder;
	struct snp_expectations *x = &m->expected;

	*x = f->document.expected;
	if (cli_public_key_given()) {
		if (f->n_references == 0)
			return fail_with(
				err, SNP_E_USAGE, SNP_NO_OFFSET,
				"--public-key: this folder has no reference values; give what "
				"you expect instead, such as --measurement");
		x->n_measurements = 0;
		x->any_measurement = x->endorsed = x->any_host_data = false;
		x->allow_debug = x->allow_masked_chip_id = x->has_platform_require = false;
	}
	return cli_documents_check(f->documents, f->n_references, err);
}

static int read_folder(const char *path, struct materials *m, struct snp_error *err)
{
	const bool given = cli_expectations_given();
	int r = evidence_folder_read(path, &m->folder, &m->report, err);

	if (r < 0)
		return r;
	m->is_folder = true;
	m->sources = m->folder.sources;
	/* Who is trusted to sign tokens is a matter of expectations too. */
	if (given || cli_public_key_given())
		m->sources.jwks.size = 0;
	if (arg.fetch_path)
		return 0;
	return given ? cli_expectations_read(&m->expectations, err)
		     : take_folders_expectations(m, err);
}

/* `path` is NULL where a token stands for the report. */
static int read_materials(const char *path, struct materials *m, struct snp_error *err)
{
	struct cli_sources *sources = &m->sources;
	int r;

	sources->at_time = time(NULL);
	m->expectations.expected.size = sizeof(m->expectations.expected);
	if (path && is_evidence_folder(path))
		r = read_folder(path, m, err);
	else
		r = arg.fetch_path ? 0 : cli_expectations_read(&m->expectations, err);
	if (m->expected.size == 0)
		m->expected = m->expectations.expected;
	if (cli_expectations_endorsement(&m->expectations).size > 0)
		sources->endorsement = cli_expectations_endorsement(&m->expectations);
	sources->certificates = &arg.certificates;
	sources->crls = &arg.crls;
	sources->simulated_root = arg.simulated_root;
	if (r == 0 && arg.at_time)
		r = cli_time(arg.at_time, "--at-time", &sources->at_time, err);
	if (r == 0)
		r = read_papers(&m->papers, sources, err);
	if (r == 0 && path && !m->is_folder)
		r = cli_report_read(path, &m->report, err);
	return r;
}

/* A saved verdict stands on what its folder says. */
static void warn_of_folder(const struct materials *m, const struct snp_verdict *verdict)
{
	const char *now = snp_verdict_accepted(verdict) ? "accepted" : "refused";
	const char *before = m->folder.verdict;
	const bool own = !cli_expectations_given() && !cli_public_key_given();
	time_t at = (time_t)m->sources.at_time;
	struct tm tm;
	char date[32] = "";

	if (!m->is_folder)
		return;
	if (!arg.at_time && gmtime_r(&at, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (own)
		cli_warn("folder-decides",
			 "the expectations%s%s come from the folder; to use your own, give "
			 "--public-key or what you expect",
			 date[0] ? " and the time " : "", date);
	else if (!cli_expectations_given())
		cli_warn(
			"folder-decides",
			"the nonce%s%s, and all that is not in the reference values, come from the "
			"folder; to use your own, give what you expect",
			date[0] ? ", the time " : "", date);
	else if (date[0])
		cli_warn("folder-decides",
			 "the time %s comes from the folder; to use another time, give --at-time",
			 date);
	if (before[0] && strcmp(before, now) != 0)
		cli_warn("another-verdict", "when this was saved, the report was %s; it is %s now",
			 before, now);
}

static const struct svsm_manifest *manifest_of(const struct materials *m)
{
	return m->expectations.has_manifest			     ? &m->expectations.manifest
	       : m->folder.has_manifest && !cli_expectations_given() ? &m->folder.manifest
								     : NULL;
}

static const char *document_of(const struct materials *m, const struct snp_reference *reference)
{
	for (size_t i = 0; m->folder.n_references > 1 && i < m->folder.n_references; i++)
		if (m->folder.references[i] == reference)
			return m->folder.documents[i].path;
	return cli_expectations_document(&m->expectations, reference);
}

static const struct cli_document *documents_of(const struct materials *m)
{
	return m->expected.references == m->folder.references ? m->folder.documents
							      : m->expectations.documents;
}

static int save(const struct materials *m, const struct snp_verdict *verdict, const char *document,
		bool alone, const struct svsm_manifest *shown, struct snp_span page,
		struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	const struct svsm_manifest *manifest = manifest_of(m);
	const struct cli_expectations *e = &m->expectations;
	const bool of_folder = manifest == &m->folder.manifest;
	struct evidence_parts parts = {.evidence = &m->evidence,
				       .expected = &m->expected,
				       .documents = documents_of(m),
				       .page = page};
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return out_of_memory(err);
	r = print_json(verdict, document, alone, shown, out, err);
	if (fclose(out) != 0 || !text)
		return out_of_memory(err);
	if (manifest) {
		parts.nonce =
			of_folder ? m->folder.nonce : (struct snp_span){e->nonce, sizeof(e->nonce)};
		parts.manifest = of_folder ? (struct snp_span){m->folder.manifest_bytes,
							       m->folder.manifest_size}
					   : (struct snp_span){e->manifest_bytes, e->manifest_size};
	} else if (m->expected.has_report_data) {
		parts.nonce =
			(struct snp_span){m->expected.report_data, sizeof(m->expected.report_data)};
	}
	parts.verdict = (struct snp_span){(const uint8_t *)text, size};
	return r < 0 ? r : evidence_save(arg.save, &parts, err);
}

static int check_usage(const char *report, struct snp_error *err)
{
	if (!arg.jwks && (arg.token || cli_expectations_of_token()))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "a token needs the keys of its service; give --jwks");
	if (!report && (!arg.token || arg.fetch_path))
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "give a report; only --maa-token can do without");
	if ((arg.save || arg.html) && arg.fetch_path)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--%s cannot be combined with --fetch-path",
				 arg.save ? "save" : "html");
	return 0;
}

/* The command that finds out what is different about the launch, if it is told what is published. */
static void print_how_to_explain(const struct snp_verdict *verdict, FILE *out)
{
	const struct cli_values *references = cli_expectations_references();
	char hex[2 * SNP_MEASUREMENT_SIZE + 1];

	if (references->count == 0)
		return;
	hex_encode(snp_verdict_report(verdict)->measurement, SNP_MEASUREMENT_SIZE, hex);
	fprintf(out, "  to find what is different: snp-measure explain --digest %s", hex);
	for (unsigned int i = 0; i < references->count; i++) {
		fputs(" --reference ", out);
		cli_print_shell_word(out, references->value[i]);
	}
	fputc('\n', out);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(materials_done) struct materials m = {0};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	_cleanup_(freep) char *page = NULL;
	const struct svsm_manifest *manifest;
	struct snp_span html = {0};
	const char *document;
	bool alone;
	int r = check_usage(operands[0], err);

	if (r == 0)
		r = read_materials(operands[0], &m, err);
	if (r < 0)
		return r;
	r = in_file(err, cli_judge(&m.report, &m.sources, &m.expected, &m.evidence, &verdict, err),
		    operands[0] ? operands[0] : arg.token);
	if (r < 0)
		return r;
	if (arg.fetch_path)
		return print_paths(verdict, out, err);
	cli_verdict_warn(verdict);
	warn_of_folder(&m, verdict);
	alone = snp_verdict_outcome(verdict, SNP_CHECK_REPORT_SIGNATURE) == SNP_NOT_ASKED;
	document = document_of(&m, snp_verdict_reference(verdict));
	manifest = snp_verdict_accepted(verdict) ? manifest_of(&m) : NULL;
	if (arg.save || arg.html)
		r = verdict_page_print(
			&(struct verdict_page){verdict, &m.evidence, &m.expected, documents_of(&m)},
			&page, &html.size, err);
	if (r < 0)
		return r;
	html.data = (const uint8_t *)page;
	if (arg.save)
		r = save(&m, verdict, document, alone, manifest, html, err);
	if (r == 0 && arg.html)
		r = file_write(arg.html, html, 0666, true, err);
	if (r == 0 && cli_json)
		r = print_json(verdict, document, alone, manifest, out, err);
	else if (r == 0)
		cli_verdict_print(verdict, document, arg.verbose, out);
	if (!cli_json && snp_verdict_outcome(verdict, SNP_CHECK_MEASUREMENT) == SNP_FAILED)
		print_how_to_explain(verdict, out);
	if (!cli_json && manifest)
		print_services(manifest, out);
	return r < 0 ? r : snp_verdict_accepted(verdict) ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {cli_expectation_options, options, NULL};

const struct cli_verb verb_verify = {
	.name = "verify",
	.operands = "[REPORT|DIR]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "check an attestation report",
	.example = "report.bin --reference reference-values.json",
	.options = tables,
	.run = run,
};
