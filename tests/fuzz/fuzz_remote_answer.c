// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "guest/boot_file.h"
#include "guest/remote_measure.h"

/* The answer of a remote snp-measure: it is about the guest that was asked for, or refused. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char kernel[] = "/k", firmware[] = "/f";
	const struct launch_spec spec = {.firmware = firmware,
					 .kernel = kernel,
					 .kernel_hashes = SPEC_ON,
					 .vcpus = {.count = 2, .model = "EPYC-v4"}};
	struct boot_file boot[BOOT_PARTS] = {0};
	struct guest_measurement m = {.vcpus.count = 77};
	struct snp_error err = {0};
	int r = remote_answer_read("host", (struct snp_span){data, size}, &spec, boot, &m, &err);

	fuzz_check(r, &err, size);
	if (r == 0 &&
	    (m.vcpus.count != 2 || m.vcpus.features != GUEST_FEATURES || !m.has_kernel_hashes ||
	     !boot[BOOT_FIRMWARE].size || !boot[BOOT_KERNEL].size))
		abort();
	if (r < 0 && m.vcpus.count != 77)
		abort();
	boot_files_done(boot);
	return 0;
}
