// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/fail.h>
#include <snp/judge.h>

#include "report_view.h"
#include "show_other.h"
#include "verb.h"

static struct {
	bool any_version, fetch_path;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"allow-unknown-version", .flag = &arg.any_version,
	 .help = "show a report of an unknown version"},
	{"fetch-path", .flag = &arg.fetch_path,
	 .help = "only print the URL of its certificates at AMD"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static void print_text(const struct cli_report *input, const struct snp_report *report, FILE *out)
{
	enum snp_product product = snp_report_product(report);
	uint64_t at;

	fprintf(out, "%-18s  %s%s\n%-18s  %s%s\n", "container", cli_encoding(&input->container),
		snp_container_name(input->container.kind), "product", snp_product_name(product),
		report->has_cpuid || product != SNP_PRODUCT_UNKNOWN
			? ""
			: "; only the certificate of a version 2 report tells it");
	cli_report_print(report, cli_report_layout(report), out);
	if (!snp_report_reserved(input->container.report, report->version, &at))
		fprintf(out, "%-18s  not all zero, first at byte 0x%" PRIx64 "\n", "reserved", at);
	show_certificates(input->certificates, out);
	if (input->container.endorsement.size > 0)
		fprintf(out, "%-18s  %zu bytes\n", "endorsement",
			input->container.endorsement.size);
	fprintf(out, "nothing here is verified\n");
}

static int print_json(const struct cli_report *input, const struct snp_report *report, FILE *out,
		      struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	uint64_t at = 0;
	bool zero;

	cli_json_begin(&json, "snp-report/1");
	json_out_string(&json, json.root, "container", snp_container_name(input->container.kind));
	if (input->container.is_base64)
		json_out_bool(&json, json.root, "base64", true);
	if (input->container.is_hex)
		json_out_bool(&json, json.root, "hex", true);
	json_out_string(&json, json.root, "product", snp_product_name(snp_report_product(report)));
	zero = snp_report_reserved(input->container.report, report->version, &at);
	json_out_bool(&json, json.root, "reserved_bits_zero", zero);
	if (!zero)
		json_out_u64(&json, json.root, "reserved_offset", at);
	cli_report_json(report, cli_report_layout(report), &json,
			json_out_object(&json, json.root, "report"));
	show_certificates_json(input->certificates, &json);
	if (input->container.endorsement.size > 0)
		json_out_integer(&json, json.root, "endorsement_size",
				 input->container.endorsement.size);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(cli_report_done) struct cli_report input = {0};
	_cleanup_(snp_report_freep) struct snp_report *report = NULL;
	bool known = false;
	int r = show_other(operands[0], &known, out, err);

	if (r < 0 || known)
		return r;
	r = cli_report_decode(operands[0], arg.any_version, &input, &report, err);
	if (r < 0)
		return r;
	if (arg.fetch_path)
		return fetch_paths_print(report, snp_report_product(report), FETCH_ALL, out, err);
	if (cli_json)
		return print_json(&input, report, out, err);
	print_text(&input, report, out);
	return 0;
}

static const struct cli_option *const tables[] = {options, NULL};

const struct cli_verb verb_show = {
	.name = "show",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print an attestation report, or a document that comes with it, field by field",
	.example = "report.bin",
	.options = tables,
	.run = run,
};
