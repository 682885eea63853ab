// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include <snp/fail.h>
#include <snp/judge.h>

#include "expectations.h"
#include "report_view.h"
#include "value.h"
#include "verb.h"

static struct {
	struct cli_values certificates, crls;
	const char *at_time;
	bool fetch_path, verbose;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"certificates", .argument = "PATH", .values = &arg.certificates,
	 .help = "file or folder with certificates"},
	{"crl", .argument = "FILE", .values = &arg.crls,
	 .help = "AMD's CRL; without one, revocation is not checked"},
	{"at-time", .argument = "TIME", .text = &arg.at_time,
	 .help = "time at which certificates must be valid: 2026-01-31 or @SECONDS"},
	{"fetch-path", .flag = &arg.fetch_path,
	 .help = "only print where AMD has the missing certificates"},
	{"verbose", 'v', .help = "print every check", .flag = &arg.verbose},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static int print_json(const struct snp_verdict *verdict, const char *document, FILE *out,
		      struct snp_error *err)
{
	const struct snp_report *report = snp_verdict_report(verdict);
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, document ? "snp-verify/2" : "snp-verify/1");
	cli_verdict_json(&json, verdict, document);
	cli_report_json(report, cli_report_layout(report), &json,
			json_out_object(&json, json.root, "report"));
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

static int verify(const char *path, const struct cli_expectations *expectations,
		  struct snp_verdict **ret, struct snp_error *err)
{
	_cleanup_(cli_report_done) struct cli_report report = {0};
	struct cli_sources sources = {.certificates = &arg.certificates,
				      .crls = &arg.crls,
				      .at_time = time(NULL),
				      .endorsement = cli_expectations_endorsement(expectations)};
	int r = arg.at_time ? cli_time(arg.at_time, "--at-time", &sources.at_time, err) : 0;

	if (r == 0)
		r = cli_report_read(path, &report, err);
	if (r < 0)
		return r;
	return in_file(err, cli_judge(&report, &sources, &expectations->expected, ret, err), path);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_expectations_done) struct cli_expectations expectations = {0};
	_cleanup_(snp_verdict_freep) struct snp_verdict *verdict = NULL;
	const char *document;
	int r;

	if (arg.fetch_path)
		expectations.expected =
			(struct snp_expectations){.size = sizeof(struct snp_expectations)};
	r = arg.fetch_path ? 0 : cli_expectations_read(&expectations, err);
	if (r == 0)
		r = verify(operands[0], &expectations, &verdict, err);
	if (r < 0)
		return r;
	if (arg.fetch_path)
		return print_paths(verdict, out, err);
	cli_verdict_warn(verdict);
	document = cli_expectations_document(&expectations, snp_verdict_reference(verdict));
	if (cli_json)
		r = print_json(verdict, document, out, err);
	else
		cli_verdict_print(verdict, document, arg.verbose, out);
	return r < 0 ? r : snp_verdict_accepted(verdict) ? 0 : CLI_NO;
}

static const struct cli_option *const tables[] = {cli_expectation_options, options, NULL};

const struct cli_verb verb_verify = {
	.name = "verify",
	.operands = "REPORT",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "check an attestation report",
	.example = "report.bin --reference reference-values.json",
	.options = tables,
	.run = run,
};
