// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include "image/firmware.h"

#include <snp/json.h>
#include <snp/launch.h>

/* An snp-firmware/1 document: its sections are taken as they are, and what they say is checked as an
 * image's is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP,
				    .vcpus.profile = "qemu",
				    .vcpus.count = 1,
				    .vcpus.features = 1};
	struct snp_firmware *firmware = NULL;
	struct json *document = NULL;
	struct snp_error err = {0};
	int r;

	if (json_parse("summary", (struct snp_span){data, size}, &document, NULL) < 0)
		return 0;
	r = firmware_from_summary(json_root(document), "summary", &firmware, &err);
	fuzz_check(r, &err, size);
	json_free(document);
	if (r < 0) {
		if (firmware)
			abort();
		return 0;
	}
	if (snp_firmware_info(firmware)->problem)
		abort();
	launch.firmware = firmware;
	err = (struct snp_error){0};
	fuzz_check(snp_launch_check(&launch, &err), &err, 0);
	snp_firmware_free(firmware);
	return 0;
}
