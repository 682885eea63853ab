// SPDX-License-Identifier: Apache-2.0
#include "fetch_paths.h"

#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/tool.h>

/* Of a certificate, a chain and a CRL, for each of two products. */
struct paths {
	size_t n;
	char at[6][SNP_FETCH_PATH_SIZE];
	bool leaf; /* its certificate is among them */
};

static void find(const struct snp_report *report, enum snp_product product, unsigned int which,
		 struct paths *paths)
{
	bool vlek = report->signing_key == SNP_SIGNING_KEY_VLEK;

	if ((which & FETCH_LEAF) &&
	    snp_fetch_path(report, product, vlek ? SNP_VLEK : SNP_VCEK, paths->at[paths->n])) {
		paths->leaf = true;
		paths->n++;
	}
	if ((which & FETCH_CA) &&
	    snp_fetch_path(report, product, vlek ? SNP_ASVK : SNP_ASK, paths->at[paths->n]))
		paths->n++;
	if ((which & FETCH_CRL) && snp_fetch_path_crl(report, product, paths->at[paths->n]))
		paths->n++;
}

/* Why a path that was asked for is not there. */
static void explain(const struct snp_report *report, enum snp_product product)
{
	static const uint8_t masked[SNP_CHIP_ID_SIZE];

	if (product == SNP_PRODUCT_UNKNOWN && report->has_cpuid)
		cli_warn("no-fetch-path",
			 "no path: CPUID family 0x%x model 0x%x is of no product known here",
			 report->cpuid_family, report->cpuid_model);
	else if (report->signing_key == SNP_SIGNING_KEY_VLEK)
		cli_warn("no-fetch-path",
			 "no path of the VLEK: the cloud provider hands it out, not AMD");
	else if (memcmp(report->chip_id, masked, sizeof(masked)) == 0)
		cli_warn(
			"no-fetch-path",
			"no path of the VCEK: CHIP_ID is masked, so nothing says which chip's it is");
	else
		cli_warn("no-fetch-path",
			 "no path of the VCEK: REPORTED_TCB is in no layout known here");
}

static int print_json(const struct paths *paths, FILE *out, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array;

	cli_json_begin(&json, "snp-fetch-paths/1");
	json_out_string(&json, json.root, "server", "https://kdsintf.amd.com");
	array = json_out_array(&json, json.root, "paths");
	for (size_t i = 0; i < paths->n; i++)
		json_out_string(&json, array, NULL, paths->at[i]);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

int fetch_paths_print(const struct snp_report *report, enum snp_product product, unsigned int which,
		      FILE *out, struct snp_error *err)
{
	struct paths paths = {0};

	if (product == SNP_PRODUCT_UNKNOWN && !report->has_cpuid) {
		find(report, SNP_PRODUCT_MILAN, which, &paths);
		find(report, SNP_PRODUCT_GENOA, which, &paths);
	} else {
		find(report, product, which, &paths);
	}
	if (which != 0 && (paths.n == 0 || ((which & FETCH_LEAF) && !paths.leaf)))
		explain(report, product);
	if (cli_json)
		return print_json(&paths, out, err);
	for (size_t i = 0; i < paths.n; i++)
		fprintf(out, "%s\n", paths.at[i]);
	return 0;
}
