// SPDX-License-Identifier: Apache-2.0
#include "fetch_paths.h"

int fetch_paths_print(const struct snp_report *report, enum snp_product product, unsigned int which,
		      FILE *out)
{
	bool vlek = report->signing_key == SNP_SIGNING_KEY_VLEK;
	char path[SNP_FETCH_PATH_SIZE];

	if (product == SNP_PRODUCT_UNKNOWN && !report->has_cpuid) {
		fetch_paths_print(report, SNP_PRODUCT_MILAN, which, out);
		return fetch_paths_print(report, SNP_PRODUCT_GENOA, which, out);
	}
	if ((which & FETCH_LEAF) &&
	    snp_fetch_path(report, product, vlek ? SNP_VLEK : SNP_VCEK, path))
		fprintf(out, "%s\n", path);
	if ((which & FETCH_CA) && snp_fetch_path(report, product, vlek ? SNP_ASVK : SNP_ASK, path))
		fprintf(out, "%s\n", path);
	if ((which & FETCH_CRL) && snp_fetch_path_crl(report, product, path))
		fprintf(out, "%s\n", path);
	return 0;
}
