/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_FIELDS_H
#define CLI_REPORT_FIELDS_H

#include <stdio.h>

#include <snp/json_out.h>
#include <snp/report.h>

/* The fields of a report in the order and by the names of the ABI, one a line, each with what its value
 * means. TCBs are read in the layout of `product`; where that is unknown they are a number. */
void cli_report_print(const struct snp_report *report, enum snp_product product, FILE *out);

/* The same as members of an object, names in lower case. */
void cli_report_json(const struct snp_report *report, enum snp_product product,
		     struct json_out *json, struct cJSON *object);

/* The product for display alone: as snp_report_product(), and a version 2 report that is not Turin's is
 * read in the layout that Milan and Genoa share. */
enum snp_product cli_report_layout(const struct snp_report *report);

#endif
