// SPDX-License-Identifier: Apache-2.0
#include "explain_candidates.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/kernel.h>
#include <snp/sha.h>
#include <snp/tool.h>

#include "explain_cmdline.h"
#include "launch_options.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

#define MAX_FILES    64 /* kernels, initrds: each, in the folder */
#define MAX_READINGS 64
#define MAX_HASHES   (1u << 16)

/* One of the three things whose hash the table holds, in one of its readings; the first is as stated. */
struct part {
	char text[EXPLAIN_TEXT_SIZE];
	uint8_t sha256[SNP_SHA256_SIZE];
};

struct parts {
	struct part kernels[MAX_FILES], initrds[MAX_FILES], cmdlines[MAX_READINGS];
	size_t n_kernels, n_initrds, n_cmdlines;
};

void explain_candidates_done(struct explain_candidates *candidates)
{
	for (size_t i = 0; i < candidates->n_firmwares; i++)
		snp_firmware_free(candidates->firmwares[i]);
	free(candidates->hashes);
	*candidates = (struct explain_candidates){0};
}

static int add_part(struct part *parts, size_t *n, size_t max, const char *text,
		    const uint8_t sha256[static SNP_SHA256_SIZE], struct snp_error *err)
{
	for (size_t i = 0; i < *n; i++)
		if (memcmp(parts[i].sha256, sha256, SNP_SHA256_SIZE) == 0)
			return 0;
	if (*n == max)
		return snp_fail(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				"more than %zu kernels or initrds to try; give fewer candidates",
				max - 1);
	snprintf(parts[*n].text, sizeof(parts[*n].text), "%s", text);
	memcpy(parts[(*n)++].sha256, sha256, SNP_SHA256_SIZE);
	return 0;
}

static int add_firmware(struct explain_candidates *c, const char *text,
			struct snp_firmware *firmware, struct snp_error *err)
{
	if (c->n_firmwares == EXPLAIN_MAX_FIRMWARE) {
		snp_firmware_free(firmware);
		return snp_fail(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				"more than %d firmware images to try", EXPLAIN_MAX_FIRMWARE);
	}
	snprintf(c->firmware_texts[c->n_firmwares], EXPLAIN_TEXT_SIZE, "%s", text);
	c->firmwares[c->n_firmwares++] = firmware;
	return 0;
}

/* edk2's images begin with the variable store: 528 KiB of a 4 MiB image, 128 KiB of a 2 MiB one
 * (OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc). Behind it lies what is shipped as OVMF_CODE. */
static int add_code_part(struct explain_candidates *c, const char *path, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	char text[EXPLAIN_TEXT_SIZE];
	struct snp_firmware *firmware;
	size_t size, vars;
	int r = snp_file_read(path, SNP_MAX_FIRMWARE, &bytes, &size, err);

	if (r < 0)
		return r;
	vars = size == 4u << 20 ? 0x84000 : size == 2u << 20 ? 0x20000 : 0;
	if (vars == 0)
		return 0;
	snprintf(text, sizeof(text), "the code part of %s alone", path);
	r = snp_firmware_parse(path, (struct snp_span){bytes + vars, size - vars}, &firmware, err);
	return r < 0 ? r : add_firmware(c, text, firmware, err);
}

static int add_initrd(struct parts *parts, const char *path, struct snp_error *err)
{
	_cleanup_(snp_file_close) struct snp_file file = {.fd = -1};
	uint8_t sha256[SNP_SHA256_SIZE];
	char text[EXPLAIN_TEXT_SIZE];
	int r = snp_file_open(path, SNP_MAX_INITRD, &file, err);

	if (r == 0)
		r = snp_in_file(err, snp_file_sha256(&file, NULL, NULL, sha256, err), path);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "initrd %s", path);
	return add_part(parts->initrds, &parts->n_initrds, MAX_FILES, text, sha256, err);
}

/* Returns 1 if the file was a kernel, 0 if not. */
static int add_kernel(struct parts *parts, const char *path, struct snp_error *err)
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
	r = add_part(parts->kernels, &parts->n_kernels, MAX_FILES, text, boot.kernel_sha256, err);
	return r < 0 ? r : 1;
}

static int add_file(struct explain_candidates *c, struct parts *parts, const char *path,
		    struct snp_error *err)
{
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	char text[EXPLAIN_TEXT_SIZE];
	int r;

	if (snp_firmware_read(path, &firmware, NULL) == 0 &&
	    snp_firmware_info(firmware)->has_table) {
		snprintf(text, sizeof(text), "firmware %s", path);
		return add_firmware(c, text, TAKE_PTR(firmware), err);
	}
	r = add_kernel(parts, path, err);
	return r != 0 ? (r < 0 ? r : 0) : add_initrd(parts, path, err);
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

static int add_folder(struct explain_candidates *c, struct parts *parts, const char *folder,
		      struct snp_error *err)
{
	_cleanup_(names_free) struct names names = {0};
	int r = 0, n = scandir(folder, &names.entries, NULL, by_name);

	if (n < 0)
		return snp_in_file(err, snp_fail_errno(err, SNP_E_OPEN, errno, "cannot open"),
				   folder);
	names.n = n;
	for (int i = 0; r == 0 && i < n; i++) {
		_cleanup_(freep) char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s", folder, names.entries[i]->d_name) < 0) {
			path = NULL;
			return snp_no_memory(err);
		}
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			r = add_file(c, parts, path, err);
	}
	return r;
}

static int add_reading(void *arg, const char *text, struct snp_span hashed, struct snp_error *err)
{
	struct parts *parts = arg;
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = snp_sha256(hashed, sha256, err);

	if (r == 0)
		r = add_part(parts->cmdlines, &parts->n_cmdlines, MAX_READINGS, text, sha256, err);
	return r;
}

static int add_readings(struct parts *parts, struct snp_error *err)
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
		r = snp_file_read(a->append_file, SNP_MAX_SMALL, &bytes, &cmdline.size, err);
		if (r < 0)
			return r;
		cmdline.data = bytes;
	}
	return explain_cmdline_readings(cmdline, add_reading, parts, err);
}

static int add_hashes(struct explain_candidates *c, const struct explain_hashes *hashes,
		      struct snp_error *err)
{
	size_t capacity = c->capacity ? 2 * c->capacity : 64;
	struct explain_hashes *grown;

	if (c->n_hashes == MAX_HASHES)
		return snp_fail(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				"too many files to try at once; give fewer candidates");
	if (c->n_hashes == c->capacity) {
		grown = reallocarray(c->hashes, capacity, sizeof(*grown));
		if (!grown)
			return snp_no_memory(err);
		c->hashes = grown;
		c->capacity = capacity;
	}
	c->hashes[c->n_hashes++] = *hashes;
	return 0;
}

/* Index 0 of each part is as stated and needs no words. */
static void describe(struct explain_hashes *h, const struct part *part, size_t index)
{
	size_t n = strlen(h->text);

	if (index == 0)
		return;
	snprintf(h->text + n, sizeof(h->text) - n, "%s%s", n > 0 ? " and " : "", part->text);
	h->changes++;
}

static int combine(struct explain_candidates *c, const struct parts *p, struct snp_error *err)
{
	int r = 0;

	for (size_t k = 0; k < p->n_kernels; k++) {
		for (size_t i = 0; i < p->n_initrds; i++) {
			for (size_t l = 0; r == 0 && l < p->n_cmdlines; l++) {
				struct explain_hashes h = {0};

				if (k + i + l == 0)
					continue;
				describe(&h, &p->kernels[k], k);
				describe(&h, &p->initrds[i], i);
				describe(&h, &p->cmdlines[l], l);
				memcpy(h.hashes.kernel, p->kernels[k].sha256, SNP_SHA256_SIZE);
				memcpy(h.hashes.initrd, p->initrds[i].sha256, SNP_SHA256_SIZE);
				memcpy(h.hashes.cmdline, p->cmdlines[l].sha256, SNP_SHA256_SIZE);
				r = add_hashes(c, &h, err);
			}
		}
	}
	return r;
}

static int gather_hashes(const struct cli_launch *stated, struct parts *parts,
			 struct explain_candidates *c, struct snp_error *err)
{
	static const struct explain_hashes off = {
		.text = "kernel hashes off", .off = true, .changes = 1};
	int r;

	/* Without a kernel there is nothing whose hash could be another. */
	if (!stated->kernel.present)
		return 0;
	r = add_part(parts->initrds, &parts->n_initrds, MAX_FILES, "no initrd",
		     snp_no_initrd_sha256, err);
	if (r == 0)
		r = add_hashes(c, &off, err);
	if (r == 0)
		r = add_readings(parts, err);
	return r < 0 ? r : combine(c, parts, err);
}

int explain_candidates_gather(const struct cli_launch *stated, const char *folder,
			      struct explain_candidates *ret, struct snp_error *err)
{
	_cleanup_(explain_candidates_done) struct explain_candidates candidates = {0};
	_cleanup_(freep) struct parts *parts = calloc(1, sizeof(*parts));
	int r;

	if (!parts)
		return snp_no_memory(err);
	r = add_part(parts->kernels, &parts->n_kernels, MAX_FILES, "", stated->kernel_hashes.kernel,
		     err);
	if (r == 0)
		r = add_part(parts->initrds, &parts->n_initrds, MAX_FILES, "",
			     stated->kernel_hashes.initrd, err);
	if (r == 0)
		r = add_part(parts->cmdlines, &parts->n_cmdlines, MAX_READINGS, "",
			     stated->kernel_hashes.cmdline, err);
	if (r == 0 && launch_args.ovmf)
		r = add_code_part(&candidates, launch_args.ovmf, err);
	if (r == 0 && folder)
		r = add_folder(&candidates, parts, folder, err);
	if (r == 0)
		r = gather_hashes(stated, parts, &candidates, err);
	if (r < 0)
		return r;
	*ret = candidates;
	candidates = (struct explain_candidates){0};
	return 0;
}
