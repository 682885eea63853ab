// SPDX-License-Identifier: Apache-2.0
/* An IGVM file: read, and launched by every profile. The checksum is made to fit before the file is read, or
 * no change would get past it. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include <snp/launch.h>

#include "../unit/igvm_image.h"
#include "image/igvm.h"

#define FILE_MAX (64u << 10)

static uint64_t count_pages(const struct snp_igvm_info *info)
{
	uint64_t n = 0;

	for (size_t i = 0; i < info->n_headers; i++)
		n += info->headers[i].size / SNP_PAGE_SIZE;
	return n;
}

/* Everything that a header names lies in the file. */
static void check_info(const struct snp_igvm_info *info)
{
	for (size_t i = 0; i < info->n_headers; i++) {
		const struct snp_igvm_header *h = &info->headers[i];

		if (h->offset + 8ull > info->data_offset ||
		    (h->data != 0 && (h->data < info->data_offset || h->data >= info->size)))
			abort();
	}
}

static int launch(const struct snp_igvm *igvm, const char *profile, uint64_t memory,
		  uint8_t digest[static SNP_LAUNCH_DIGEST_SIZE])
{
	struct snp_launch launch = {.size = sizeof(launch),
				    .mode = SNP_MODE_SNP_IGVM,
				    .igvm = igvm,
				    .memory_size = memory,
				    .policy = 0x30000,
				    .vcpus.count = 2,
				    .vcpus.signature = 0xa00f11};
	const struct snp_igvm_info *info = snp_igvm_info(igvm);
	struct snp_error err = {0};
	size_t size;
	int r;

	snprintf(launch.vcpus.profile, sizeof(launch.vcpus.profile), "%s", profile);
	r = snp_launch_igvm_features(&launch, &launch.vcpus.features, &err);
	fuzz_check(r, &err, info->size);
	/* More pages take only longer. */
	if (r < 0 || count_pages(info) > 2048)
		return -1;
	r = snp_launch_digest(&launch, digest, &size, &err);
	fuzz_check(r, &err, info->size);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const profiles[] = {"igvm-qemu-10", "igvm-qemu-11",
					       "igvm-directive-order", "igvm-native-zero"};
	uint8_t first[SNP_LAUNCH_DIGEST_SIZE], second[SNP_LAUNCH_DIGEST_SIZE];
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	uint8_t *file;
	int r;

	if (size == 0 || size > FILE_MAX)
		return 0;
	file = malloc(size);
	if (!file)
		abort();
	memcpy(file, data, size);
	igvm_repair(file, size);
	r = igvm_parse("file", (struct snp_span){file, size}, &igvm, &err);
	fuzz_check(r, &err, size);
	if (r == 0) {
		check_info(snp_igvm_info(igvm));
		for (size_t i = 1; i < 4; i++)
			(void)launch(igvm, profiles[i], 512u << 20, second);
		/* What needs no size of memory is the same with one. */
		if (launch(igvm, profiles[0], 0, first) == 0 &&
		    (launch(igvm, profiles[0], 512u << 20, second) != 0 ||
		     memcmp(first, second, sizeof(first)) != 0))
			abort();
	}
	snp_igvm_free(igvm);
	free(file);
	return 0;
}
