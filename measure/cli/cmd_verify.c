// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/tool.h>
#include <snp/verdict.h>

#include "expectations.h"
#include "fetch_paths.h"
#include "report_fields.h"
#include "report_input.h"
#include "value.h"
#include "verb.h"

DEFINE_CLEANUP(struct snp_certificates *, snp_certificates_free);

static struct {
	struct cli_values certificates, crls;
	const char *at_time;
	bool fetch_path, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"certificates", .argument = "PATH", .values = &arg.certificates,
	 .help = "a file or folder with certificates, DER, PEM or a certificate table"},
	{"crl", .argument = "FILE", .values = &arg.crls,
	 .help = "a CRL of AMD's; without one revocation is not checked"},
	{"at-time", .argument = "TIME", .text = &arg.at_time,
	 .help = "hold dates against this time: 2026-01-31, 2026-01-31T12:00:00Z, @SECONDS"},
	{"fetch-path", .flag = &arg.fetch_path,
	 .help = "print where at AMD's key server the missing certificates are, nothing else"},
	{"verbose", 'v', .help = "print every check", .flag = &arg.verbose},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static int read_certificates(struct snp_certificates *set, struct snp_error *err)
{
	int r = snp_certificates_add_kept(set, err);

	for (unsigned int i = 0; i < arg.certificates.count && r == 0; i++)
		r = snp_certificates_add_path(set, arg.certificates.value[i], err);
	for (unsigned int i = 0; i < arg.crls.count && r == 0; i++) {
		_cleanup_(freep) uint8_t *bytes = NULL;
		size_t size;

		r = file_read(arg.crls.value[i], SNP_MAX_CRL_SIZE, &bytes, &size, err);
		if (r == 0)
			r = in_file(
				err,
				snp_certificates_add_crl(set, (struct snp_span){bytes, size}, err),
				arg.crls.value[i]);
	}
	return r;
}

static int print_json(const struct snp_verdict *verdict, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-verify/1");
	cli_verdict_json(&json, verdict);
	cli_report_json(&verdict->report, cli_report_layout(&verdict->report), &json,
			json_out_object(&json, json.root, "report"));
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static bool failed(const struct snp_verdict *verdict, enum snp_check check)
{
	return verdict->checks[check].outcome == SNP_FAILED;
}

/* A leaf of another chip or level is as good as none. */
static unsigned int missing(const struct snp_verdict *verdict)
{
	unsigned int which = 0;

	if (failed(verdict, SNP_CHECK_CERTIFICATE) ||
	    failed(verdict, SNP_CHECK_CERTIFICATE_NAMES) ||
	    failed(verdict, SNP_CHECK_REPORTED_TCB) || failed(verdict, SNP_CHECK_CHIP_ID))
		which |= FETCH_LEAF;
	if (verdict->checks[SNP_CHECK_CA_CERTIFICATES].outcome != SNP_PASSED)
		which |= FETCH_CA;
	return which;
}

static int print_paths(const struct snp_verdict *verdict, FILE *out, struct snp_error *err)
{
	enum snp_product product = verdict->product;
	unsigned int which = missing(verdict);
	int r;

	if (product == SNP_PRODUCT_UNKNOWN)
		product = snp_report_product(&verdict->report);
	r = fetch_paths_print(&verdict->report, product, which, out, err);
	return r < 0 ? r : which == 0 ? 0 : CLI_NO;
}

static int verify(const char *path, const struct snp_expectations *expected,
		  struct snp_verdict *ret, struct snp_error *err)
{
	_cleanup_(snp_certificates_freep) struct snp_certificates *set = NULL;
	_cleanup_(cli_report_done) struct cli_report input = {0};
	struct snp_evidence evidence = {.at_time = time(NULL)};
	int r;

	if (arg.at_time) {
		r = cli_time(arg.at_time, "--at-time", &evidence.at_time, err);
		if (r < 0)
			return r;
	}
	r = snp_certificates_new(&set, err);
	if (r == 0)
		r = cli_report_read(path, set, &input, err);
	if (r == 0)
		r = read_certificates(set, err);
	if (r < 0)
		return r;
	evidence.report = input.container.report;
	evidence.runtime_data = input.container.runtime_data;
	evidence.certificates = set;
	return in_file(err, snp_verify(&evidence, expected, ret, err), path);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_expectations_done) struct cli_expectations expectations = {0};
	struct snp_verdict verdict = {0};
	int r;

	r = arg.fetch_path ? 0 : cli_expectations_read(&expectations, err);
	if (r == 0)
		r = verify(operands[0], &expectations.expected, &verdict, err);
	if (r < 0)
		return r;
	if (arg.fetch_path)
		return print_paths(&verdict, out, err);
	cli_verdict_warn(&verdict);
	r = 0;
	if (cli_json)
		r = print_json(&verdict, out, err);
	else
		cli_verdict_print(&verdict, arg.verbose, out);
	return r < 0 ? r : verdict.accepted ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {cli_expectation_options, options, NULL};

const struct cli_verb verb_verify = {
	.name = "verify",
	.operands = "REPORT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "hold an attestation report against what is expected",
	.options = tables,
	.run = run,
};
