/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_INPUT_H
#define CLI_REPORT_INPUT_H

#include <snp/certificate.h>
#include <snp/report.h>

/* A report as a file brings it, and what came with it. */
struct cli_report {
	uint8_t *bytes;
	struct snp_container container;
};

void cli_report_done(struct cli_report *report);

/* Read `path`: a file with any container, or a folder as configfs-tsm shows it, with a raw report as
 * `outblob` and, if the host gave certificates, `auxblob`. Certificates that come with it are added to
 * `set`. Errors: those of snp_container_parse() and snp_certificates_add_table(), SNP_E_BAD_CONTAINER for
 * another `outblob`, with the file named. */
SNP_MUST_USE int cli_report_read(const char *path, struct snp_certificates *set,
				 struct cli_report *ret, struct snp_error *err);

#endif
