// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include <snp/launch.h>

#define IMAGE_MAX (8u * SNP_PAGE_SIZE)
#define PAGES_MAX 64 /* a section may be gigabytes: a digest that takes seconds finds nothing */

/* All that the info names lies in the image, and in its order. */
static void check_info(const struct snp_firmware_info *info)
{
	uint64_t below = info->size - 32;

	if (info->problem)
		fuzz_check(-(int)info->problem->code, info->problem, info->size);
	for (size_t i = 0; i < info->n_entries; i++) {
		if (info->entries[i].offset + info->entries[i].size + 18 > below)
			abort();
		below = info->entries[i].offset;
	}
	if (info->has_metadata &&
	    info->metadata_offset + 16 + 12 * (uint64_t)info->n_sections > info->size)
		abort();
	if (info->reset_source == SNP_RESET_ABSENT && info->reset_address != 0)
		abort();
}

static uint64_t count_pages(const struct snp_firmware_info *info)
{
	uint64_t n = 0;

	for (size_t i = 0; i < info->n_sections; i++)
		n += info->sections[i].size / SNP_PAGE_SIZE;
	return n;
}

static void launch_as(const struct snp_firmware *firmware, enum snp_mode mode, bool kernel)
{
	static const struct snp_kernel_hashes hashes;
	static const uint8_t untouched[SNP_LAUNCH_DIGEST_SIZE];
	const struct snp_firmware_info *info = snp_firmware_info(firmware);
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch),
		.mode = mode,
		.firmware = firmware,
		.svsm = mode == SNP_MODE_SNP_SVSM ? firmware : NULL,
		.kernel_hashes = kernel ? &hashes : NULL,
		.vcpus.count = 2,
		.vcpus.features = snp_mode_default_features(mode),
	};
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {0};
	struct snp_error err = {0}, check = {0};
	size_t size = 0;
	int r, checked;

	if (snp_profile_current(SNP_VMM_QEMU, mode, launch.vcpus.profile, NULL) < 0)
		abort();
	checked = snp_launch_check(&launch, &check);
	fuzz_check(checked, &check, info->size);
	if (checked == 0 && count_pages(info) > PAGES_MAX)
		return;
	r = snp_launch_digest(&launch, digest, &size, &err);
	fuzz_check(r, &err, info->size);
	if (r != checked ||
	    (r < 0 && (size != 0 || memcmp(digest, untouched, sizeof(digest)) != 0)))
		abort();
}

/* The bytes are the end of an image, whose pages are filled up from below; the first, which is as a rule
 * of no account, says how it is launched. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole = (size + SNP_PAGE_SIZE - 1) / SNP_PAGE_SIZE * SNP_PAGE_SIZE;
	struct snp_firmware *firmware = NULL;
	struct snp_error err = {0};
	uint8_t *image;
	int r;

	if (size == 0 || size > IMAGE_MAX)
		return 0;
	image = calloc(1, whole);
	if (!image)
		abort();
	memcpy(image + whole - size, data, size);
	r = snp_firmware_parse("image", (struct snp_span){image, whole}, &firmware, &err);
	fuzz_check(r, &err, whole);
	free(image);
	if (r < 0)
		abort(); /* nothing of the contents may stop the reading */
	check_info(snp_firmware_info(firmware));
	launch_as(firmware, (enum snp_mode)(data[0] % 4), data[0] & 4);
	snp_firmware_free(firmware);
	return 0;
}
