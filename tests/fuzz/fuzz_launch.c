// SPDX-License-Identifier: Apache-2.0
/* A launch made of the input, and its digest against the slow re-implementation: equal whenever the
 * library accepts it. */
#include "fuzz.h"

#include <string.h>

#include <snp/launch.h>

#include "../unit/naive_launch.h"
#include "../unit/ovmf_image.h"

/* The image's last two pages, which have all that matters: more would only take longer. */
#define USED (2u * SNP_PAGE_SIZE)

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t next(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

/* Few pages at few places, so that most launches can be launched. */
static struct snp_section next_section(struct input *in, unsigned int i)
{
	static const uint32_t types[] = {1, 2, 3, 4, 0x10, 0x99};

	return (struct snp_section){
		.gpa = 0x800000 + 0x10000 * i + 0x1000u * (next(in) % 16),
		.size = 0x1000u * (next(in) % 4) + (next(in) == 0 ? 1 : 0x1000),
		.type = types[next(in) % 6],
	};
}

static void slow_digest(const struct snp_launch *launch, const uint8_t *image, uint8_t ld[48])
{
	const struct snp_firmware_info *info = snp_firmware_info(launch->firmware);
	uint8_t table[176], vmsa[SNP_PAGE_SIZE];

	naive_firmware(ld, image, USED);
	if (launch->kernel_hashes)
		naive_table(launch->kernel_hashes, table);
	for (size_t i = 0; i < info->n_sections; i++) {
		const struct snp_section *s = &info->sections[i];

		if (s->type == 0x10 && launch->kernel_hashes)
			naive_hash_section(ld, s->gpa, s->size, info->hash_table_gpa % 4096, table);
		else
			naive_section(ld, s->gpa, s->size, s->type);
	}
	for (uint32_t i = 0; i < launch->vcpus.count; i++) {
		if (snp_launch_vmsa(launch, i, vmsa, NULL) < 0)
			abort();
		naive_vmsa(ld, vmsa);
	}
}

static void compare(const struct snp_launch *launch, const uint8_t *image)
{
	uint8_t digest[SNP_LAUNCH_DIGEST_SIZE], expected[48];
	struct snp_error err = {0};
	size_t size;
	int r;

	r = snp_launch_digest(launch, digest, &size, &err);
	fuzz_check(r, &err, USED);
	if (r < 0)
		return;
	slow_digest(launch, image, expected);
	if (size != sizeof(expected) || memcmp(digest, expected, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t image[IMAGE_SIZE];
	const uint8_t *used = image + IMAGE_SIZE - USED;
	struct input in = {data, size};
	struct snp_kernel_hashes hashes = {0};
	struct snp_firmware *firmware = NULL;
	struct snp_launch launch = {.size = sizeof(struct snp_launch),
				    .mode = SNP_MODE_SNP,
				    .vcpus.profile = "qemu",
				    .vcpus.features = 1};

	image_build(image);
	for (unsigned int i = 0; i < IMAGE_N_SECTIONS; i++)
		image_put_section(image, i, next_section(&in, i));
	snp_put_le32(image + IMAGE_HASHES,
		     0x800000 + 0x1000u * next(&in) + 16u * next(&in) + next(&in) % 2);
	memset(image + IMAGE_SIZE - USED, next(&in), next(&in));
	hashes.kernel[0] = next(&in);
	hashes.initrd[31] = next(&in);
	launch.kernel_hashes = next(&in) % 2 ? &hashes : NULL;
	launch.vcpus.count = next(&in) % 4;
	launch.vcpus.signature = next(&in) * 0x01010101u;
	if (snp_firmware_parse("image", (struct snp_span){used, USED}, &firmware, NULL) < 0)
		abort();
	launch.firmware = firmware;
	compare(&launch, used);
	snp_firmware_free(firmware);
	return 0;
}
