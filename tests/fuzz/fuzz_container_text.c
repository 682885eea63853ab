// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/certificate.h>

static int lies_in(struct snp_span span, const uint8_t *data, size_t size, const uint8_t *memory)
{
	if (span.size == 0)
		return 1;
	/* Decoded text is never longer than it was; a report of a JSON document has room of its own. */
	if (memory)
		return span.data >= memory && span.size <= size + SNP_REPORT_SIZE;
	return span.data >= data && span.data + span.size <= data + size;
}

/* A report in the text that Azure's sidecar answers with, or in base64; then the same bytes as its certificates. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_container container = {0};
	struct snp_certificates *set = NULL;
	struct snp_error err = {0};
	void *memory = NULL;
	int r = snp_container_decode((struct snp_span){data, size}, &container, &memory, &err);

	fuzz_check(r, &err, size);
	if (r < 0 && (memory || container.report.data))
		abort();
	if (r == 0 && ((container.report.size != SNP_REPORT_SIZE &&
			(container.kind != SNP_CONTAINER_TOKEN || container.token.size == 0)) ||
		       !lies_in(container.token, data, size, memory) ||
		       !lies_in(container.report, data, size, memory) ||
		       !lies_in(container.certificates, data, size, memory) ||
		       !lies_in(container.endorsement, data, size, memory) ||
		       !lies_in(container.runtime_data, data, size, memory)))
		abort();
	free(memory);
	err = (struct snp_error){0};
	if (snp_certificates_new(&set, NULL) < 0)
		abort();
	fuzz_check(snp_certificates_add(set, (struct snp_span){data, size}, &err), &err, size);
	snp_certificates_free(set);
	return 0;
}
