// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/firmware.h>

#define IMAGE_MAX (16u * SNP_PAGE_SIZE)

/* The bytes are the beginning of an image, which is filled up with ones. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole = (size + SNP_PAGE_SIZE - 1) / SNP_PAGE_SIZE * SNP_PAGE_SIZE;
	enum snp_hash_verifier first = SNP_HASH_VERIFIER_UNKNOWN, again = first;
	struct snp_firmware *firmware = NULL;
	struct snp_error err = {0};
	uint8_t *image;

	if (size == 0 || size > IMAGE_MAX)
		return 0;
	image = malloc(whole);
	if (!image)
		abort();
	memset(image, 0xff, whole);
	memcpy(image, data, size);
	fuzz_check(snp_firmware_parse("image", (struct snp_span){image, whole}, &firmware, &err),
		   &err, whole);
	if (!firmware && memcmp(image, "IGVM", 4) != 0)
		abort(); /* nothing else of the contents may stop the reading */
	free(image);
	if (!firmware)
		return 0;
	/* Nor of what is made of them; and the answer is always the same. */
	if (snp_firmware_hash_verifier(firmware, &first, &err) != 0 ||
	    snp_firmware_hash_verifier(firmware, &again, &err) != 0 || first != again ||
	    first > SNP_HASH_VERIFIER_PRESENT || err.code != SNP_OK)
		abort();
	snp_firmware_free(firmware);
	return 0;
}
