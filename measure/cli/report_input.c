// SPDX-License-Identifier: Apache-2.0
#include "report_input.h"

#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

void cli_report_done(struct cli_report *report)
{
	free(report->bytes);
}

static int read_file(const char *path, struct cli_report *ret, struct snp_error *err)
{
	size_t size;
	int r = file_read(path, SNP_MAX_CONTAINER, &ret->bytes, &size, err);

	if (r == 0)
		r = snp_container_parse((struct snp_span){ret->bytes, size}, &ret->container, err);
	return in_file(err, r, path);
}

static int read_folder(const char *path, struct snp_certificates *set, struct cli_report *ret,
		       struct snp_error *err)
{
	_cleanup_(freep) char *outblob = NULL, *auxblob = NULL;
	_cleanup_(freep) uint8_t *table = NULL;
	size_t size = 0;
	int r;

	if (asprintf(&outblob, "%s/outblob", path) < 0 ||
	    asprintf(&auxblob, "%s/auxblob", path) < 0)
		return out_of_memory(err);
	r = read_file(outblob, ret, err);
	/* The kernel puts certificates into the other file: what came in a container is of another making. */
	if (r == 0 && ret->container.kind != SNP_CONTAINER_RAW)
		r = in_file(err,
			    fail_with(err, SNP_E_BAD_CONTAINER, SNP_NO_OFFSET,
				      "%s, where configfs-tsm gives a raw report",
				      snp_container_name(ret->container.kind)),
			    outblob);
	if (r < 0 || access(auxblob, F_OK) != 0)
		return r;
	r = file_read(auxblob, SNP_MAX_SMALL, &table, &size, err);
	/* A host without certificates leaves it empty. */
	if (r == 0 && size > 0)
		r = snp_certificates_add_table(set, (struct snp_span){table, size}, err);
	return in_file(err, r, auxblob);
}

int cli_report_read(const char *path, struct snp_certificates *set, struct cli_report *ret,
		    struct snp_error *err)
{
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_folder(path, set, ret, err);
	r = read_file(path, ret, err);
	if (r == 0 && ret->container.certificates.size > 0)
		r = snp_certificates_add_table(set, ret->container.certificates, err);
	return in_file(err, r, path);
}
