/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_VIEW_H
#define CLI_REPORT_VIEW_H

#include <stdio.h>

#include <snp/certificate.h>
#include <snp/json_out.h>

/* Print the fields of a report, one per line, in the order and by the names of the ABI, each with the meaning
 * of its value. TCBs are read in the layout of `product`; if that is unknown, they are numbers. */
void cli_report_print(const struct snp_report *report, enum snp_product product, FILE *out);

/* Call `visit` with each of them. */
void cli_report_each(const struct snp_report *report, enum snp_product product,
		     void (*visit)(const char *name, const char *value, FILE *out), FILE *out);

/* The same as members of an object, names in lower case. */
void cli_report_json(const struct snp_report *report, enum snp_product product,
		     struct json_out *json, struct cJSON *object);

/* The product, for display only: as snp_report_product(), but a version 2 report that is not Turin's is shown in
 * the layout that Milan and Genoa share. */
enum snp_product cli_report_layout(const struct snp_report *report);

/* What to print paths of. */
enum {
	FETCH_LEAF = 1,
	FETCH_CA = 2,
	FETCH_CRL = 4,
	FETCH_ALL = 7,
};

/* Print the paths of these at AMD's key server, one per line or as one object. A warning says why one is
 * missing. If the product is unknown (SNP_PRODUCT_UNKNOWN), print the paths of both that it can be.
 * Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int fetch_paths_print(const struct snp_report *report, enum snp_product product,
				   unsigned int which, FILE *out, struct snp_error *err);

#endif
