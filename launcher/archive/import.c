// SPDX-License-Identifier: Apache-2.0
#include "archive/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "archive/disk_image.h"
#include "guest/boot_file.h"
#include "guest/definition.h"

#define PART ".part" /* what follows the name of a disk that is not whole */

/* The member that is being unpacked. */
struct unpacking {
	const struct import_request *request;
	struct import *import;
	enum {
		RECORD,
		VM_JSON,
		TEMPLATE,
		BOOT,
		DISK
	} kind;
	const char *watched; /* the name of a bar; NULL: none is shown */
	enum boot_part part;
	uint8_t *text; /* of a document */
	int fd;
	uint64_t size, done;
};

#define bad(err, ...) fail_with(err, SNP_E_BAD_ARCHIVE, SNP_NO_OFFSET, __VA_ARGS__)

static int cannot_write(struct snp_error *err, int code, const char *path)
{
	return in_file(err, fail_errno(err, SNP_E_WRITE, code, "cannot write"), path);
}

static const char *disk_name(const struct import *import, size_t i, bool whole,
			     char ret[static 128])
{
	snprintf(ret, 128, "%s-disk%zu.%s%s", import->dir.name, i,
		 import->config->disks[i].format == VM_DISK_QCOW2 ? "qcow2" : "raw",
		 whole ? "" : PART);
	return ret;
}

const char *import_disk_path(const struct import *import, size_t i, char ret[static PATH_MAX + 128])
{
	char name[128];

	return path_join(import->disk_folder, disk_name(import, i, true, name), ret,
			 PATH_MAX + 128);
}

static int open_new(int at, const char *name, const char *folder, mode_t mode, int *ret,
		    struct snp_error *err)
{
	char path[PATH_MAX + 256];
	int fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return in_file(err,
			       fail_errno(err, errno == EEXIST ? SNP_E_EXISTS : SNP_E_WRITE, errno,
					  "cannot make"),
			       path_join(folder, name, path, sizeof(path)));
	*ret = fd;
	return 0;
}

static int begin_boot(struct unpacking *u, const char *name, struct snp_error *err)
{
	const struct boot_file *boot;

	name += strlen(GUEST_BOOT "/");
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (strcmp(name, boot_part_names[i]) == 0)
			u->part = (enum boot_part)i;
	boot = &u->import->record->boot[u->part];
	if (!boot->source || boot->size != u->size)
		return bad(err, GUEST_BOOT "/%s is %s", name,
			   boot->source ? "not as large as record.json says"
					: "not a part of the guest in record.json");
	u->kind = BOOT;
	u->watched = boot_part_names[u->part];
	return open_new(u->import->dir.fd,
			u->part == BOOT_FIRMWARE ? GUEST_BOOT "/firmware"
			: u->part == BOOT_KERNEL ? GUEST_BOOT "/kernel"
						 : GUEST_BOOT "/initrd",
			u->import->dir.path, 0644, &u->fd, err);
}

static int begin_disk(struct unpacking *u, struct snp_error *err)
{
	struct import *import = u->import;
	char name[128], path[PATH_MAX + 128];
	size_t i = import->n_disks;

	if (i >= import->config->n_disks)
		return bad(err, "disks/%zu is not in vm.json, which has %zu disks", i,
			   import->config->n_disks);
	if (import->disk_fd < 0)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"the archive includes the guest's disks; give --disks DIR, the folder to put them into");
	if (faccessat(import->disk_fd, disk_name(import, i, true, name), F_OK,
		      AT_SYMLINK_NOFOLLOW) == 0)
		return in_file(err, fail_errno(err, SNP_E_EXISTS, EEXIST, "cannot make"),
			       import_disk_path(import, i, path));
	u->kind = DISK;
	u->watched = "disk";
	/* What an import that was killed has left. */
	disk_name(import, i, false, name);
	(void)unlinkat(import->disk_fd, name, 0);
	import->n_disks++;
	return open_new(import->disk_fd, name, import->disk_folder, 0600, &u->fd, err);
}

static int begin_member(void *arg, const char *name, uint64_t size, struct snp_error *err)
{
	struct unpacking *u = arg;
	const struct boot_watch *watch = boot_files_watched();
	int r = 0;

	u->size = size;
	u->done = 0;
	u->watched = NULL;
	if (strncmp(name, GUEST_BOOT "/", strlen(GUEST_BOOT "/")) == 0) {
		r = begin_boot(u, name, err);
	} else if (strncmp(name, "disks/", strlen("disks/")) == 0) {
		r = begin_disk(u, err);
	} else if (strcmp(name, DEFINITION_TEMPLATE) == 0) {
		if (!u->request->take_template)
			return fail_with(
				err, SNP_E_USAGE, SNP_NO_OFFSET,
				"the archive has a template, which can give the guest any part of this host; look at template.xml in it, and give --archived-template");
		u->kind = TEMPLATE;
		r = open_new(u->import->dir.fd, name, u->import->dir.path, 0600, &u->fd, err);
	} else {
		u->kind = strcmp(name, RECORD_FILE) == 0 ? RECORD : VM_JSON;
		u->text = malloc(size);
		if (!u->text)
			return out_of_memory(err);
	}
	if (r == 0 && watch && u->watched)
		watch->begin(watch->arg, u->watched);
	return r;
}

static bool all_zero(struct snp_span piece)
{
	for (size_t i = 0; i < piece.size; i++)
		if (piece.data[i] != 0)
			return false;
	return true;
}

/* A disk's zeros become holes. */
static int write_disk(struct unpacking *u, struct snp_span piece, struct snp_error *err)
{
	for (size_t at = 0; at < piece.size;) {
		size_t n = 4096 - (size_t)((u->done + at) % 4096);
		struct snp_span block;

		(void)snp_span_sub(piece, at, n < piece.size - at ? n : piece.size - at, &block);
		if (!all_zero(block) && pwrite(u->fd, block.data, block.size,
					       (off_t)(u->done + at)) != (ssize_t)block.size)
			return cannot_write(err, errno, u->import->disk_folder);
		at += block.size;
	}
	return 0;
}

static int take_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct unpacking *u = arg;
	const struct boot_watch *watch = boot_files_watched();
	int r = 0;

	if (u->text)
		memcpy(u->text + u->done, piece.data, piece.size);
	else if (u->kind == DISK)
		r = write_disk(u, piece, err);
	else
		r = write_all(u->fd, piece);
	if (r < 0)
		return u->kind == DISK ? r : cannot_write(err, -r, u->import->dir.path);
	u->done += piece.size;
	if (watch && u->watched)
		watch->move(watch->arg, u->done, u->size);
	return 0;
}

static int claim(struct unpacking *u, struct snp_error *err)
{
	struct import *import = u->import;
	const char *name = u->request->name ? u->request->name : import->record->name;
	bool there = false;
	int r = guest_dir_exists(u->request->state, name, &there, err);

	if (r == 0 && there)
		r = fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
			      "guest \"%s\" already exists; give the imported one another name "
			      "with --name, or remove the old one",
			      name);
	return r < 0 ? r : guest_dir_claim_import(u->request->state, name, &import->dir, err);
}

static int end_record(struct unpacking *u, struct snp_error *err)
{
	struct import *import = u->import;
	int r = record_parse(RECORD_FILE, (struct snp_span){u->text, u->size}, &import->record,
			     err);

	if (r < 0)
		return r;
	if (import->record->remote)
		return bad(err, "record.json is of a guest of a remote host, whose boot files "
				"are not in an archive");
	/* None is there yet; where they lay on the other host is of no use here. */
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		free(TAKE_PTR(import->record->boot[i].path));
	return claim(u, err);
}

static int end_boot(struct unpacking *u, const uint8_t sha256[static SNP_SHA256_SIZE],
		    struct snp_error *err)
{
	struct boot_file *boot = &u->import->record->boot[u->part];

	if (memcmp(sha256, boot->sha256, SNP_SHA256_SIZE) != 0)
		return bad(err, GUEST_BOOT "/%s is not the file that record.json has",
			   boot_part_names[u->part]);
	boot->path =
		format_text("%s/" GUEST_BOOT "/%s", u->import->dir.path, boot_part_names[u->part]);
	return boot->path ? 0 : out_of_memory(err);
}

static int end_disk(struct unpacking *u, struct snp_error *err)
{
	const struct import *import = u->import;
	const size_t i = import->n_disks - 1;
	uint8_t head[QCOW2_HEADER];
	char path[PATH_MAX + 128];
	ssize_t n;

	import_disk_path(import, i, path);
	if (ftruncate(u->fd, (off_t)u->size) < 0 || fsync(u->fd) < 0 ||
	    (u->request->disk_user != (uid_t)-1 &&
	     fchown(u->fd, u->request->disk_user, u->request->disk_group) < 0))
		return cannot_write(err, errno, path);
	if (import->config->disks[i].format != VM_DISK_QCOW2)
		return 0;
	n = pread(u->fd, head, sizeof(head), 0);
	if (n < 0)
		return in_file(err, fail_errno(err, SNP_E_READ, errno, "cannot read"), path);
	return in_file(err, disk_image_check((struct snp_span){head, (size_t)n}, err), path);
}

/* The member is over, whole or not. */
static void end_unpacking(struct unpacking *u)
{
	const struct boot_watch *watch = boot_files_watched();

	if (watch && u->watched)
		watch->end(watch->arg);
	u->watched = NULL;
	free(TAKE_PTR(u->text));
	closep(&u->fd);
}

static int end_member(void *arg, const uint8_t sha256[static SNP_SHA256_SIZE],
		      struct snp_error *err)
{
	struct unpacking *u = arg;
	struct import *import = u->import;
	int r = 0;

	switch (u->kind) {
	case RECORD:
		r = end_record(u, err);
		break;
	case VM_JSON:
		r = vm_config_parse(DEFINITION_FILE, (struct snp_span){u->text, u->size},
				    &import->config, err);
		if (r == 0 && strcmp(import->config->name, import->record->name) != 0)
			r = bad(err, "vm.json is of the guest \"%s\", record.json of \"%s\"",
				import->config->name, import->record->name);
		break;
	case TEMPLATE:
		path_join(import->dir.path, DEFINITION_TEMPLATE, import->template,
			  sizeof(import->template));
		break;
	case BOOT:
		r = end_boot(u, sha256, err);
		break;
	case DISK:
		r = end_disk(u, err);
		break;
	}
	end_unpacking(u);
	return r;
}

/* What the order of the members does not tell: each part of the record, and all disks or none. */
static int check_complete(const struct import *import, struct snp_error *err)
{
	const struct vm_config *config = import->config;

	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (import->record->boot[i].source && !import->record->boot[i].path)
			return bad(err, GUEST_BOOT "/%s is missing", boot_part_names[i]);
	if (import->n_disks > 0 && import->n_disks < config->n_disks)
		return bad(err, "disks/%zu is missing", import->n_disks);
	return 0;
}

static int open_disk_folder(const char *folder, struct import *import, struct snp_error *err)
{
	if (!folder)
		return 0;
	if (!realpath(folder, import->disk_folder))
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), folder);
	import->disk_fd = open(import->disk_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (import->disk_fd < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), folder);
	return 0;
}

int import_unpack(const struct import_request *request, struct import *ret, struct snp_error *err)
{
	struct unpacking u = {.request = request, .import = ret, .fd = -1};
	const struct archive_sink sink = {begin_member, take_piece, end_member, &u};
	int r;

	*ret = (struct import){.dir.fd = -1, .disk_fd = -1};
	r = open_disk_folder(request->disk_folder, ret, err);
	if (r == 0)
		r = guest_archive_read(request->source, request->source_arg, &sink, err);
	end_unpacking(&u);
	return r < 0 ? r : check_complete(ret, err);
}

int import_place_disks(struct import *import, struct snp_error *err)
{
	for (size_t i = 0; i < import->n_disks; i++) {
		char from[128], to[128], path[PATH_MAX + 128];

		if (renameat2(import->disk_fd, disk_name(import, i, false, from), import->disk_fd,
			      disk_name(import, i, true, to), RENAME_NOREPLACE) < 0)
			return in_file(err,
				       fail_errno(err, errno == EEXIST ? SNP_E_EXISTS : SNP_E_WRITE,
						  errno, "cannot make"),
				       import_disk_path(import, i, path));
		import->n_placed++;
	}
	return import->disk_fd >= 0 && fsync(import->disk_fd) < 0
		       ? cannot_write(err, errno, import->disk_folder)
		       : 0;
}

void import_done(struct import *import)
{
	char name[128];

	for (size_t i = 0; i < import->n_disks && !import->kept; i++)
		(void)unlinkat(import->disk_fd, disk_name(import, i, i < import->n_placed, name),
			       0);
	closep(&import->disk_fd);
	record_free(TAKE_PTR(import->record));
	vm_config_free(TAKE_PTR(import->config));
	guest_dir_discard(&import->dir);
	import->n_disks = 0;
}
