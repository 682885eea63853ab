// SPDX-License-Identifier: Apache-2.0
#include "guest/boot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/sha.h>

#include "host/interrupt.h"

static const uint64_t caps[BOOT_PARTS] = {
	[BOOT_FIRMWARE] = SNP_MAX_FIRMWARE,
	[BOOT_KERNEL] = SNP_MAX_KERNEL,
	[BOOT_INITRD] = SNP_MAX_INITRD,
};

void boot_file_done(struct boot_file *file)
{
	free(file->source);
	free(file->path);
	*file = (struct boot_file){0};
}

void boot_files_done(struct boot_file boot[static BOOT_PARTS])
{
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		boot_file_done(&boot[i]);
}

static const struct boot_watch *watch;

void boot_files_watch(const struct boot_watch *new_watch)
{
	watch = new_watch;
}

const struct boot_watch *boot_files_watched(void)
{
	return watch;
}

struct sink {
	struct hash *hash;
	int fd; /* -1: hash only */
	const char *copy;
};

static int into_both(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct sink *sink = arg;
	int r;

	r = interrupt_check(err);
	if (r == 0)
		r = hash_update(sink->hash, piece, err);
	if (r < 0 || sink->fd < 0)
		return r;
	r = write_all(sink->fd, piece);
	if (r < 0)
		r = in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot write"), sink->copy);
	return r;
}

static int expect(const uint8_t *expected, const uint8_t found[static SNP_SHA256_SIZE],
		  struct snp_error *err)
{
	char want[2 * SNP_SHA256_SIZE + 1], have[2 * SNP_SHA256_SIZE + 1];

	if (!expected || memcmp(expected, found, SNP_SHA256_SIZE) == 0)
		return 0;
	hex_encode(expected, SNP_SHA256_SIZE, want);
	hex_encode(found, SNP_SHA256_SIZE, have);
	return fail_with(err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET, "SHA-256 is %s; vm.json says %s",
			 have, want);
}

/* Stream the file through the hash, and into `fd` if that is not -1. */
static int hash_file(enum boot_part part, const char *source, int fd, const char *copy,
		     uint64_t *ret_size, uint8_t ret_sha256[static SNP_SHA256_SIZE],
		     struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	_cleanup_(hash_freep) struct hash *hash = NULL;
	struct sink sink = {.fd = fd, .copy = copy};
	int r;

	r = file_open(source, caps[part], &file, err);
	if (r < 0)
		return r;
	if (file.size == 0)
		return in_file(err,
			       fail_with(err, SNP_E_EMPTY_FILE, SNP_NO_OFFSET,
					 "is empty; must hold the %s", boot_part_names[part]),
			       source);
	r = hash_new(SNP_SHA256, &hash, err);
	if (r < 0)
		return r;
	sink.hash = hash;
	if (watch)
		watch->begin(watch->arg, boot_part_names[part]);
	r = file_stream(&file, into_both, &sink, watch ? watch->move : NULL,
			watch ? watch->arg : NULL, err);
	if (watch)
		watch->end(watch->arg);
	if (r == 0)
		r = hash_final(hash, ret_sha256, err);
	*ret_size = file.size;
	return in_file(err, r, source);
}

static int finish(const char *source, const char *path, uint64_t size,
		  const uint8_t sha256[static SNP_SHA256_SIZE], struct boot_file *ret,
		  struct snp_error *err)
{
	struct boot_file file = {.source = strdup(source), .path = strdup(path), .size = size};

	if (!file.source || !file.path) {
		boot_file_done(&file);
		return out_of_memory(err);
	}
	memcpy(file.sha256, sha256, SNP_SHA256_SIZE);
	*ret = file;
	return 0;
}

/* The same onto an inode of its own. */
static int copy_file(enum boot_part part, const char *source, const char *copy, uint64_t *ret_size,
		     uint8_t ret_sha256[static SNP_SHA256_SIZE], struct snp_error *err)
{
	int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644), r;

	/* Whatever the umask, QEMU's user must read it. */
	if (fd < 0 || fchmod(fd, 0644) < 0) {
		r = fail_errno(err, SNP_E_WRITE, errno, "cannot write");
		closep(&fd);
		return in_file(err, r, copy);
	}
	r = hash_file(part, source, fd, copy, ret_size, ret_sha256, err);
	/* Quotas and network file systems may refuse only here. */
	if (close(fd) < 0 && r == 0)
		r = in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot write"), copy);
	return r;
}

int boot_file_copy(const struct guest_dir *dir, enum boot_part part, const char *source,
		   const uint8_t *expected, struct boot_file *ret, struct snp_error *err)
{
	char copy[sizeof(dir->path) + 16];
	uint8_t sha256[SNP_SHA256_SIZE];
	uint64_t size;
	int r;

	snprintf(copy, sizeof(copy), "%s/" GUEST_BOOT "/%s", dir->path, boot_part_names[part]);
	r = copy_file(part, source, copy, &size, sha256, err);
	if (r < 0)
		return r;
	r = in_file(err, expect(expected, sha256, err), source);
	return r < 0 ? r : finish(source, copy, size, sha256, ret, err);
}

int boot_file_hash(enum boot_part part, const char *local, const char *path,
		   const uint8_t *expected, struct boot_file *ret, struct snp_error *err)
{
	uint8_t sha256[SNP_SHA256_SIZE];
	uint64_t size;
	int r;

	r = hash_file(part, local, -1, NULL, &size, sha256, err);
	if (r < 0)
		return r;
	r = in_file(err, expect(expected, sha256, err), local);
	return r < 0 ? r : finish(local, path, size, sha256, ret, err);
}

/* Hash the record's file of this part, into the new file `copy` if that is not NULL. */
static int verify(const struct guest_record *record, enum boot_part part, const char *copy,
		  struct snp_error *err)
{
	const struct boot_file *file = &record->boot[part];
	uint8_t sha256[SNP_SHA256_SIZE];
	struct snp_error failure;
	uint64_t size;
	int r = copy ? copy_file(part, file->path, copy, &size, sha256, &failure)
		     : hash_file(part, file->path, -1, NULL, &size, sha256, &failure);

	if (r < 0 && failure.sys_errno != ENOENT && failure.code != SNP_E_EMPTY_FILE &&
	    failure.code != SNP_E_TOO_LARGE && failure.code != SNP_E_NOT_REGULAR) {
		if (err)
			*err = failure;
		return r;
	}
	if (r == 0 && memcmp(sha256, file->sha256, sizeof(sha256)) == 0)
		return 0;
	r = fail_with(
		err, SNP_E_DRIFT, SNP_NO_OFFSET,
		"the %s %s since it was measured; nothing was launched; make new copies from an image that you trust (apply --new-boot-files, or create --replace)",
		boot_part_names[part],
		r < 0 && failure.sys_errno == ENOENT ? "is gone" : "has changed");
	return in_file(err, r, file->path);
}

int boot_file_take(const struct guest_dir *dir, const struct guest_record *record,
		   enum boot_part part, struct boot_file *ret, struct snp_error *err)
{
	const struct boot_file *file = &record->boot[part];
	char copy[GUEST_PATH_MAX + 16];
	int r;

	if (dir)
		snprintf(copy, sizeof(copy), "%s/" GUEST_BOOT "/%s", dir->path,
			 boot_part_names[part]);
	r = verify(record, part, dir ? copy : NULL, err);
	return r < 0 ? r
		     : finish(file->source, dir ? copy : file->path, file->size, file->sha256, ret,
			      err);
}

int boot_files_verify(const struct guest_record *record, struct snp_error *err)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS && !record->remote; i++)
		if (record->boot[i].source)
			r = verify(record, (enum boot_part)i, NULL, err);
	return r;
}

int boot_files_copy(const struct guest_record *record, const char *folder, struct snp_error *err)
{
	char copy[PATH_MAX + 128];
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++) {
		path_join(folder, boot_part_names[i], copy, sizeof(copy));
		if (record->boot[i].source)
			r = verify(record, (enum boot_part)i, copy, err);
	}
	return r;
}
