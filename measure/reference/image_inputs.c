// SPDX-License-Identifier: Apache-2.0
#include "reference/image_inputs.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

void image_paths_done(struct image_paths *paths)
{
	free(paths->firmware);
	free(paths->kernel);
	free(paths->initrd);
	*paths = (struct image_paths){0};
}

void image_inputs_done(struct image_inputs *inputs)
{
	snp_firmware_free(inputs->firmware);
	inputs->firmware = NULL;
}

static void set_file(struct snp_reference_file *file, uint64_t size,
		     const uint8_t sha256[static SNP_SHA256_SIZE])
{
	file->size = size;
	memcpy(file->sha256, sha256, SNP_SHA256_SIZE);
}

static int read_firmware(const char *path, struct snp_reference_image *image,
			 struct snp_firmware **ret, struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = snp_firmware_read(path, &firmware, err);

	if (r == 0)
		r = snp_firmware_sha384(firmware, image->firmware_sha384, err);
	if (r == 0)
		r = snp_firmware_sha256(firmware, sha256, err);
	if (r < 0)
		return r;
	set_file(&image->firmware, snp_firmware_info(firmware)->size, sha256);
	*ret = TAKE_PTR(firmware);
	return 0;
}

static int set_boot(const struct image_paths *paths, const char *cmdline,
		    const struct snp_boot *boot, struct snp_reference_image *image,
		    struct snp_kernel_hashes *ret, struct snp_error *err)
{
	struct snp_span text = {(const uint8_t *)cmdline, strlen(cmdline)};
	int r = snp_cmdline_sha256(text, ret->cmdline, err);

	if (r < 0)
		return r;
	set_file(&image->kernel, boot->kernel.size, boot->kernel_sha256);
	if (paths->initrd)
		set_file(&image->initrd, boot->initrd_size, boot->initrd_sha256);
	image->kernel_is_cut_short = boot->kernel.is_cut_short;
	memcpy(ret->kernel, boot->kernel_sha256, SNP_SHA256_SIZE);
	memcpy(ret->initrd, boot->initrd_sha256, SNP_SHA256_SIZE);
	return 0;
}

int image_inputs_read(const struct image_paths *paths, const char *cmdline,
		      struct snp_reference_image *image, struct image_inputs *ret,
		      struct snp_error *err)
{
	struct snp_boot_request request = {.kernel = paths->kernel, .initrd = paths->initrd};
	_cleanup_(image_inputs_done) struct image_inputs inputs = {0};
	struct snp_boot_job *job = NULL;
	struct snp_boot boot = {0};
	struct snp_error boot_err = {0};
	int r, boot_status = 0;

	if (paths->kernel) {
		r = snp_boot_start(&request, &job, err);
		if (r < 0)
			return r;
	}
	r = read_firmware(paths->firmware, image, &inputs.firmware, err);
	if (job)
		boot_status = snp_boot_finish(job, &boot, &boot_err);
	if (r == 0 && boot_status < 0) {
		if (err)
			*err = boot_err;
		r = boot_status;
	}
	if (r == 0 && paths->kernel)
		r = set_boot(paths, cmdline, &boot, image, &inputs.kernel_hashes, err);
	if (r < 0)
		return r;
	inputs.has_kernel = paths->kernel != NULL;
	*ret = inputs;
	inputs.firmware = NULL;
	return 0;
}
