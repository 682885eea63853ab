// SPDX-License-Identifier: Apache-2.0
#include "explain_candidates.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/kernel.h>
#include <snp/memory.h>
#include <snp/sha.h>
#include <snp/tool.h>

#include "launch_options.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

#define MAX_FILES 64 /* firmware images, kernels, initrds: each, in the folder */

void explain_candidates_done(struct explain_candidates *candidates)
{
	for (size_t i = 0; i < candidates->n_firmwares; i++)
		snp_firmware_free(candidates->firmwares[i]);
	explain_hashes_done(&candidates->hashes);
	*candidates = (struct explain_candidates){0};
}

static void add_firmware(struct explain_candidates *c, const char *text, unsigned int changes,
			 struct snp_firmware *firmware)
{
	snprintf(c->firmware_texts[c->n_firmwares], EXPLAIN_TEXT_SIZE, "%s", text);
	c->firmware_changes[c->n_firmwares] = changes;
	c->firmwares[c->n_firmwares++] = firmware;
}

/* edk2's images begin with the variable store: 528 KiB of a 4 MiB image, 128 KiB of a 2 MiB one
 * (OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc). Behind it lies what is shipped as OVMF_CODE. */
static int add_code_part(struct explain_candidates *c, const char *path, unsigned int changes,
			 struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	char text[EXPLAIN_TEXT_SIZE];
	struct snp_firmware *firmware;
	size_t size, vars;
	int r = file_read(path, SNP_MAX_FIRMWARE, &bytes, &size, err);

	if (r < 0)
		return r;
	vars = size == 4u << 20 ? 0x84000 : size == 2u << 20 ? 0x20000 : 0;
	if (vars == 0)
		return 0;
	snprintf(text, sizeof(text), "the code part of %s alone", path);
	r = snp_firmware_parse(path, (struct snp_span){bytes + vars, size - vars}, &firmware, err);
	if (r == 0)
		add_firmware(c, text, changes, firmware);
	return r;
}

/* An image, and its code part, which is one difference more. */
static int add_image(struct explain_candidates *c, const char *path, struct snp_firmware *firmware,
		     struct snp_error *err)
{
	char text[EXPLAIN_TEXT_SIZE];

	snprintf(text, sizeof(text), "firmware %s", path);
	add_firmware(c, text, 1, firmware);
	return add_code_part(c, path, 2, err);
}

static int add_initrd(struct explain_parts *initrds, const char *path, struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	uint8_t sha256[SNP_SHA256_SIZE];
	char text[EXPLAIN_TEXT_SIZE];
	int r = file_open(path, SNP_MAX_INITRD, &file, err);

	if (r == 0)
		r = in_file(err, file_sha256(&file, NULL, NULL, sha256, err), path);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "initrd %s", path);
	return explain_part_add(initrds, MAX_FILES, text, sha256, 1, err);
}

/* Returns 1 if the file was a kernel, 0 if not. */
static int add_kernel(struct explain_parts *kernels, const char *path, struct snp_error *err)
{
	struct snp_boot_request request = {.kernel = path};
	struct snp_boot_job *job;
	char text[EXPLAIN_TEXT_SIZE];
	struct snp_boot boot;
	int r;

	if (snp_boot_start(&request, &job, NULL) < 0 || snp_boot_finish(job, &boot, NULL) < 0 ||
	    boot.kernel.protocol == 0)
		return 0;
	snprintf(text, sizeof(text), "kernel %s", path);
	r = explain_part_add(kernels, MAX_FILES, text, boot.kernel_sha256, 1, err);
	return r < 0 ? r : 1;
}

static int add_file(struct explain_candidates *c, size_t *n_images, const char *path,
		    struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	int r;

	if (snp_firmware_read(path, &firmware, NULL) == 0 &&
	    snp_firmware_info(firmware)->has_table) {
		if ((*n_images)++ == EXPLAIN_MAX_IMAGES)
			return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
					 "more than %d firmware images to try", EXPLAIN_MAX_IMAGES);
		return add_image(c, path, TAKE_PTR(firmware), err);
	}
	r = add_kernel(&c->hashes.parts[EXPLAIN_KERNEL], path, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return add_initrd(&c->hashes.parts[EXPLAIN_INITRD], path, err);
}

struct names {
	struct dirent **entries;
	int n;
};

static void names_free(struct names *names)
{
	while (names->n > 0)
		free(names->entries[--names->n]);
	free(names->entries);
}

/* In the order of their bytes, so that of several matches the same is found everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct explain_candidates *c, const char *folder, struct snp_error *err)
{
	_cleanup_(names_free) struct names names = {0};
	size_t n_images = 0;
	int r = 0, n = scandir(folder, &names.entries, NULL, by_name);

	if (n < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), folder);
	names.n = n;
	for (int i = 0; r == 0 && i < n; i++) {
		_cleanup_(freep) char *path =
			format_text("%s/%s", folder, names.entries[i]->d_name);
		struct stat st;

		if (!path)
			return out_of_memory(err);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			r = add_file(c, &n_images, path, err);
	}
	return r;
}

static int add_cmdlines(struct explain_hashes *hashes, struct snp_error *err)
{
	const struct cli_launch_arguments *a = &launch_args;
	const char *text = a->append ? a->append : "";
	struct snp_span cmdline = {(const uint8_t *)text, strlen(text)};
	_cleanup_(freep) uint8_t *bytes = NULL;
	int r;

	/* Of a line that is known by its hash alone nothing else can be read. */
	if (a->append_sha256)
		return 0;
	if (a->append_file) {
		r = file_read(a->append_file, SNP_MAX_CMDLINE, &bytes, &cmdline.size, err);
		if (r < 0)
			return r;
		cmdline.data = bytes;
	}
	return explain_cmdline_add(hashes, cmdline, err);
}

static int gather_stated(const struct snp_kernel_hashes *stated, struct explain_hashes *hashes,
			 struct snp_error *err)
{
	const uint8_t *const sha256[EXPLAIN_KINDS] = {
		[EXPLAIN_KERNEL] = stated->kernel,
		[EXPLAIN_INITRD] = stated->initrd,
		[EXPLAIN_CMDLINE] = stated->cmdline,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < EXPLAIN_KINDS; i++)
		r = explain_part_add(&hashes->parts[i], MAX_FILES, "", sha256[i], 0, err);
	return r;
}

static int gather_hashes(struct explain_hashes *hashes, struct snp_error *err)
{
	int r = explain_part_add(&hashes->parts[EXPLAIN_INITRD], MAX_FILES + 1, "no initrd",
				 snp_no_initrd_sha256, 1, err);

	if (r == 0)
		r = add_cmdlines(hashes, err);
	return r < 0 ? r : explain_hashes_combine(hashes, err);
}

int explain_candidates_gather(const struct cli_launch *stated, const char *folder,
			      struct explain_candidates *ret, struct snp_error *err)
{
	_cleanup_(explain_candidates_done) struct explain_candidates candidates = {0};
	int r = gather_stated(&stated->kernel_hashes, &candidates.hashes, err);

	if (r == 0 && launch_args.ovmf)
		r = add_code_part(&candidates, launch_args.ovmf, 1, err);
	if (r == 0 && folder)
		r = add_folder(&candidates, folder, err);
	/* Without a kernel there is nothing whose hash could be another. */
	if (r == 0 && stated->kernel.present)
		r = gather_hashes(&candidates.hashes, err);
	if (r < 0)
		return r;
	*ret = candidates;
	candidates = (struct explain_candidates){0};
	return 0;
}
