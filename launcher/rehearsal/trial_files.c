// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/trial_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/kernel.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "host/interrupt.h"
#include "rehearsal/boot.h"
#include "rehearsal/probe_kernel.h"

#define SMALL_INITRD_MAX 0x07ffffffu /* the highest address of an initrd in SMALL_MIB */
#define LARGE_INITRD_MAX 0x6fffffffu

const char *trial_path(const struct trial_files *files, const char *name,
		       char ret[static TRIAL_PATH_MAX])
{
	return path_join(files->folder, name, ret, TRIAL_PATH_MAX);
}

struct copy {
	struct hash *hash;
	int fd;
};

static int copy_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct copy *copy = arg;
	int r = interrupt_check(err);

	if (r < 0)
		return r;
	r = hash_update(copy->hash, piece, err);
	if (r < 0)
		return r;
	r = write_all(copy->fd, piece);
	if (r < 0)
		return fail_errno(err, SNP_E_WRITE, -r, "cannot copy to /tmp");
	return 0;
}

static int copy_in(const struct trial_files *files, const char *source, uint64_t cap,
		   const char *name, uint64_t *ret_size, uint8_t ret[static SNP_SHA256_SIZE],
		   struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	_cleanup_(closep) int fd = -1;
	struct copy copy = {0};
	char path[TRIAL_PATH_MAX];
	int r = file_open(source, cap, &file, err);

	if (r < 0)
		return r;
	fd = open(trial_path(files, name, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	copy.fd = fd;
	r = hash_new(SNP_SHA256, &copy.hash, err);
	if (r == 0)
		r = file_stream(&file, copy_piece, &copy, NULL, NULL, err);
	if (r == 0)
		r = hash_final(copy.hash, ret, err);
	hash_free(copy.hash);
	*ret_size = file.size;
	return in_file(err, r, source);
}

static int put(const struct trial_files *files, const char *name, const void *bytes, size_t size,
	       struct snp_error *err)
{
	char path[TRIAL_PATH_MAX];

	return file_write(trial_path(files, name, path), (struct snp_span){bytes, size}, 0600, true,
			  err);
}

static int make_up(struct trial_files *files, struct snp_error *err)
{
	static const char own[] = "an initrd";
	int r;

	files->cmdline = "a=b c";
	files->has_initrd = true;
	files->initrd_size = sizeof(own) - 1;
	r = put(files, "initrd", own, sizeof(own) - 1, err);
	return r < 0 ? r
		     : sha256_of((struct snp_span){(const uint8_t *)own, sizeof(own) - 1},
				 files->initrd, err);
}

int trial_files_make(struct trial_files *files, struct snp_error *err)
{
	char path[TRIAL_PATH_MAX];
	uint64_t kernel_size;
	int r;

	snprintf(files->folder, sizeof(files->folder), "/tmp/snp-boot-XXXXXX");
	if (!mkdtemp(files->folder)) {
		files->folder[0] = '\0';
		return in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot make a folder"),
			       "/tmp");
	}
	r = copy_in(files, files->source.firmware, SNP_MAX_FIRMWARE, "firmware",
		    &files->firmware_size, files->firmware_sha256, err);
	if (r < 0)
		return r;
	r = snp_firmware_read(trial_path(files, "firmware", path), &files->firmware, err);
	if (r < 0)
		return r;
	if (!files->source.kernel)
		return make_up(files, err);
	if (!files->cmdline)
		files->cmdline = "";
	r = copy_in(files, files->source.kernel, SNP_MAX_KERNEL, "kernel", &kernel_size,
		    files->guest_kernel, err);
	if (r < 0 || !files->source.initrd)
		return r;
	files->has_initrd = true;
	r = copy_in(files, files->source.initrd, SNP_MAX_INITRD, "initrd", &files->initrd_size,
		    files->initrd, err);
	files->is_large = files->initrd_size > 64u << 20;
	return r;
}

void trial_files_remove(struct trial_files *files)
{
	if (files->folder[0])
		(void)remove_tree(AT_FDCWD, files->folder);
	snp_firmware_free(files->firmware);
	free(files->changed_cmdline);
}

static int launch_of(const struct trial_files *files, enum snp_mode mode,
		     const struct snp_kernel_hashes *hashes, struct snp_launch *ret,
		     struct snp_error *err)
{
	*ret = (struct snp_launch){.size = sizeof(struct snp_launch),
				   .mode = mode,
				   .firmware = files->firmware,
				   .kernel_hashes = hashes,
				   .vcpus.count = 1,
				   .vcpus.features = snp_mode_default_features(mode)};
	return snp_profile_current(SNP_VMM_QEMU, mode, ret->vcpus.profile, err);
}

int trial_files_choose_mode(struct trial_files *files, struct snp_error *err)
{
	static const enum snp_mode modes[] = {SNP_MODE_SNP, SNP_MODE_SEV_ES, SNP_MODE_SEV};
	static const struct snp_kernel_hashes hashes;
	struct snp_launch launch;
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct snp_error *why = i == 0 ? err : NULL;
		int r = launch_of(files, modes[i], &hashes, &launch, why);

		if (r == 0)
			r = snp_launch_check(&launch, why);
		files->mode = modes[i];
		if (r == 0)
			return 0;
		if (i == 0)
			first = r;
	}
	return first;
}

/* The same file with one byte changed; of none, one of one byte. */
static int put_changed_initrd(const struct trial_files *files, struct snp_error *err)
{
	char from[TRIAL_PATH_MAX], to[TRIAL_PATH_MAX];
	uint8_t sha256[SNP_SHA256_SIZE], byte = 0;
	uint64_t size;
	off_t at = (off_t)(files->initrd_size / 2);
	int fd, r = 0;

	if (!files->has_initrd || files->initrd_size == 0)
		return put(files, "changed-initrd", "x", 1, err);
	r = copy_in(files, trial_path(files, "initrd", from), SNP_MAX_INITRD, "changed-initrd",
		    &size, sha256, err);
	if (r < 0)
		return r;
	fd = open(trial_path(files, "changed-initrd", to), O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, &byte, 1, at) != 1)
		r = fail_errno(err, SNP_E_READ, errno, "%s", to);
	byte ^= 1;
	if (r == 0 && pwrite(fd, &byte, 1, at) != 1)
		r = fail_errno(err, SNP_E_WRITE, errno, "%s", to);
	closep(&fd);
	return r;
}

/* The probe, and another that differs in its last byte. */
static int put_probes(struct trial_files *files, struct snp_error *err)
{
	uint8_t bytes[PROBE_KERNEL_SIZE], random[8];
	struct probe_kernel probe = {
		.text = files->text,
		.code = BOOT_CODE_KERNEL,
		.initrd_size = (uint32_t)files->initrd_size,
		.initrd_max = files->is_large ? LARGE_INITRD_MAX : SMALL_INITRD_MAX,
	};
	int r;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fail_errno(err, SNP_E_SYSTEM, errno, "no random bytes");
	snprintf(files->text, sizeof(files->text), "snp-probe %02x%02x%02x%02x%02x%02x%02x%02x",
		 random[0], random[1], random[2], random[3], random[4], random[5], random[6],
		 random[7]);
	probe_kernel_build(&probe, bytes);
	r = sha256_of((struct snp_span){bytes, sizeof(bytes)}, files->probe, err);
	if (r == 0)
		r = put(files, "probe", bytes, sizeof(bytes), err);
	bytes[PROBE_KERNEL_SIZE - 1] ^= 1;
	return r < 0 ? r : put(files, "changed-probe", bytes, sizeof(bytes), err);
}

int trial_files_change(struct trial_files *files, struct snp_error *err)
{
	int r;

	/* The first byte: a change within a "vga=" could have QEMU refuse it. */
	files->changed_cmdline = strdup(*files->cmdline ? files->cmdline : " ");
	if (!files->changed_cmdline)
		return out_of_memory(err);
	if (*files->cmdline)
		files->changed_cmdline[0] = *files->cmdline == 'x' ? 'y' : 'x';
	r = put_changed_initrd(files, err);
	return r < 0 ? r : put_probes(files, err);
}

int trial_files_write_table(const struct trial_files *files,
			    const uint8_t kernel[static SNP_SHA256_SIZE], uint64_t *ret_gpa,
			    struct snp_error *err)
{
	const struct snp_span cmdline = text_span(files->cmdline);
	uint8_t pages[2 * SNP_PAGE_SIZE];
	struct snp_kernel_hashes hashes;
	struct snp_launch launch;
	size_t size;
	int r;

	r = snp_kernel_hashes_fill(kernel, files->has_initrd ? files->initrd : NULL, cmdline,
				   &hashes, err);
	if (r < 0)
		return r;
	r = launch_of(files, files->mode, &hashes, &launch, err);
	if (r < 0)
		return r;
	r = snp_launch_hash_pages(&launch, pages, ret_gpa, &size, err);
	return r < 0 ? r : put(files, "table", pages, size, err);
}
