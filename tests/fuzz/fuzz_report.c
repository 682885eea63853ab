// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/verdict.h>

static struct snp_certificates *none;

static void verify(struct snp_span bytes, const struct snp_report *report)
{
	const struct snp_evidence evidence = {
		.size = sizeof(evidence), .report = bytes, .certificates = none};
	const struct snp_expectations expected = {
		.size = sizeof(expected), .any_measurement = true, .allow_debug = true};
	const struct snp_report *judged;
	struct snp_error err = {0};
	struct snp_verdict *verdict = NULL;

	fuzz_check(snp_verify(&evidence, &expected, &verdict, &err), &err, bytes.size);
	/* Nobody has made a certificate: whatever these bytes are, they are not accepted. */
	if (snp_verdict_accepted(verdict) || snp_verdict_authentic(verdict) ||
	    snp_verdict_outcome(verdict, snp_verdict_reason(verdict)) != SNP_FAILED)
		abort();
	judged = snp_verdict_report(verdict);
	if (judged->version != report->version ||
	    memcmp(judged->signature_s, report->signature_s, 72) != 0)
		abort();
	snp_verdict_free(verdict);
}

static void fetch(const struct snp_report *report)
{
	static const enum snp_certificate_kind kinds[] = {SNP_VCEK, SNP_ARK, SNP_ASK, SNP_ASVK};
	char path[SNP_FETCH_PATH_SIZE];

	for (unsigned int p = 0; snp_product_name((enum snp_product)p); p++)
		for (size_t i = 0; i < 4; i++)
			if (snp_fetch_path(report, (enum snp_product)p, kinds[i], path) &&
			    (path[0] != '/' || strlen(path) + 1 >= sizeof(path)))
				abort();
}

/* A container, the report in it, and a verdict on that without any certificate. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_report *report, *again = NULL;
	struct snp_container container = {0};
	struct snp_error err = {0};
	uint64_t at = 0;
	int r;

	if (!none && snp_certificates_new(&none, NULL) < 0)
		abort();
	r = snp_container_parse((struct snp_span){data, size}, &container, &err);
	fuzz_check(r, &err, size);
	if (r < 0) {
		if (container.report.data || container.certificates.data)
			abort();
		return 0;
	}
	if (container.report.size != SNP_REPORT_SIZE || container.report.data < data ||
	    container.report.data + SNP_REPORT_SIZE > data + size)
		abort();
	if (snp_report_decode(container.report, true, &report, &err) < 0)
		abort();
	r = snp_report_decode(container.report, false, &again, &err);
	fuzz_check(r, &err, SNP_REPORT_SIZE);
	if ((r == 0) != (report->version >= 2 && report->version <= 6))
		abort();
	if (!snp_report_reserved(container.report, report->version, &at) && at >= SNP_REPORT_SIZE)
		abort();
	fetch(report);
	if (r == 0)
		verify(container.report, report);
	snp_report_free(report);
	snp_report_free(again);
	return 0;
}
