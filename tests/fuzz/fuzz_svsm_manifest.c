// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <snp/svsm_manifest.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct svsm_manifest manifest = {0};
	struct snp_error err = {0};
	int r = svsm_manifest_read((struct snp_span){data, size}, &manifest, &err);

	fuzz_check(r, &err, size);
	if ((r == 0) != (manifest.n_services > 0))
		abort();
	for (size_t i = 0; i < manifest.n_services; i++) {
		const struct snp_span s = manifest.services[i].data;

		if (s.size > 0 && (s.data < data || s.data + s.size > data + size))
			abort();
		(void)svsm_service_name(&manifest.services[i]);
	}
	return 0;
}
