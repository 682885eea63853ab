// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/report.h>

/* An HCL blob: the input behind the magic, so that no execution is lost on guessing that. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_container container = {0};
	struct snp_error err = {0};
	uint8_t *blob = malloc(size + 4);
	int r;

	if (!blob)
		abort();
	memcpy(blob, "HCLA", 4);
	memcpy(blob + 4, data, size);
	r = snp_container_parse((struct snp_span){blob, size + 4}, &container, &err);
	fuzz_check(r, &err, size + 4);
	if (r == 0) {
		const uint8_t *end = container.runtime_data.data + container.runtime_data.size;

		if (container.kind != SNP_CONTAINER_HCL || container.report.data != blob + 0x20 ||
		    container.report.size != SNP_REPORT_SIZE || container.certificates.size != 0 ||
		    container.runtime_data.size == 0 || end > blob + size + 4)
			abort();
		for (; end < blob + size + 4; end++)
			if (*end != 0)
				abort();
	} else if (container.report.data || container.runtime_data.data) {
		abort();
	}
	free(blob);
	return 0;
}
