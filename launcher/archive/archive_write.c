// SPDX-License-Identifier: Apache-2.0
#include "archive/guest_archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "archive/disk_image.h"
#include "domain/xml_document.h"
#include "guest/boot_file.h"
#include "guest/definition.h"
#include "host/interrupt.h"
#include "host/lifecycle.h"

DEFINE_CLEANUP(struct archive *, archive_write_free);
DEFINE_CLEANUP(struct archive_entry *, archive_entry_free);

struct writer {
	int fd;
	struct archive *tar;
	struct hash *hash;
	FILE *sums;
};

static la_ssize_t write_out(struct archive *tar, void *arg, const void *bytes, size_t size)
{
	struct writer *writer = arg;
	int r = write_all(writer->fd, (struct snp_span){bytes, size});

	if (r < 0)
		archive_set_error(tar, -r, "%s", strerror(-r));
	return r < 0 ? -1 : (la_ssize_t)size;
}

static int cannot_write(struct writer *writer, struct snp_error *err)
{
	return fail_errno(err, SNP_E_WRITE, archive_errno(writer->tar), "cannot write the archive");
}

static int begin_member(struct writer *writer, const char *name, uint64_t size,
			struct timespec time, struct snp_error *err)
{
	_cleanup_(archive_entry_freep) struct archive_entry *entry = archive_entry_new();

	if (!entry)
		return out_of_memory(err);
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, time.tv_sec, 0);
	return archive_write_header(writer->tar, entry) == ARCHIVE_OK ? 0
								      : cannot_write(writer, err);
}

static int write_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct writer *writer = arg;
	int r = interrupt_check(err);

	if (r < 0)
		return r;
	r = hash_update(writer->hash, piece, err);
	if (r == 0 &&
	    archive_write_data(writer->tar, piece.data, piece.size) != (la_ssize_t)piece.size)
		r = cannot_write(writer, err);
	return r;
}

/* One file as a member; `what` is shown while it is written, NULL: nothing. */
static int add_file(struct writer *writer, const char *name, const char *what,
		    const struct file *file, uint8_t ret_sha256[static SNP_SHA256_SIZE],
		    struct snp_error *err)
{
	const struct boot_watch *watch = what ? boot_files_watched() : NULL;
	char hex[2 * SNP_SHA256_SIZE + 1];
	int r = begin_member(writer, name, file->size, file->stat.st_mtim, err);

	if (r < 0)
		return r;
	if (watch)
		watch->begin(watch->arg, what);
	r = file_stream(file, write_piece, writer, watch ? watch->move : NULL,
			watch ? watch->arg : NULL, err);
	if (watch)
		watch->end(watch->arg);
	if (r < 0)
		return r;
	r = hash_final(writer->hash, ret_sha256, err);
	if (r < 0)
		return r;
	hex_encode(ret_sha256, SNP_SHA256_SIZE, hex);
	fprintf(writer->sums, "%s  %s\n", hex, name);
	return 0;
}

/* A document out of the guest's folder. */
static int add_document(struct writer *writer, const char *folder, const char *name, uint64_t cap,
			struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	char path[PATH_MAX + 128];
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = file_open(path_join(folder, name, path, sizeof(path)), cap, &file, err);

	if (r == 0)
		r = add_file(writer, name, NULL, &file, sha256, err);
	return in_file(err, r, path);
}

static int add_boot(struct writer *writer, const struct guest_record *record, enum boot_part part,
		    struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	const struct boot_file *boot = &record->boot[part];
	uint8_t sha256[SNP_SHA256_SIZE];
	char name[32];
	int r = file_open(boot->path, boot->size, &file, err);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), GUEST_BOOT "/%s", boot_part_names[part]);
	r = add_file(writer, name, boot_part_names[part], &file, sha256, err);
	if (r == 0 && memcmp(sha256, boot->sha256, sizeof(sha256)) != 0)
		r = fail_with(err, SNP_E_DRIFT, SNP_NO_OFFSET, "has changed since it was measured");
	return in_file(err, r, boot->path);
}

static int check_whole(const struct vm_disk *disk, const struct file *file, struct snp_error *err)
{
	uint8_t head[QCOW2_HEADER];
	size_t n = file->size < sizeof(head) ? (size_t)file->size : sizeof(head);
	int r = disk->format == VM_DISK_QCOW2 ? file_read_piece(file, 0, head, n, err) : 0;

	if (r == 0 && file->size == 0)
		return fail_with(err, SNP_E_EMPTY_FILE, SNP_NO_OFFSET, "the disk is empty");
	return r < 0 || disk->format != VM_DISK_QCOW2
		       ? r
		       : disk_image_check((struct snp_span){head, n}, err);
}

/* Look at all disks before a byte is written, or write them. */
static int each_disk(struct writer *writer, const struct vm_config *config, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->n_disks; i++) {
		const struct vm_disk *disk = &config->disks[i];
		_cleanup_(file_close) struct file file = {.fd = -1};
		uint8_t sha256[SNP_SHA256_SIZE];
		char name[32];

		snprintf(name, sizeof(name), "disks/%zu", i);
		r = file_open(disk->path, ARCHIVE_MAX_DISK, &file, err);
		if (r == 0)
			r = writer ? add_file(writer, name, name, &file, sha256, err)
				   : check_whole(disk, &file, err);
		r = in_file(err, r, disk->path);
	}
	return r;
}

/* What a guest writes while its disks are copied would be half in the archive. */
static int refuse_running(virDomainPtr domain, struct snp_error *err)
{
	enum domain_state state;
	int r = domain_state_of(domain, &state, err);

	if (r < 0 || !domain_state_is_active(state))
		return r;
	return fail_with(
		err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
		"the guest is %s, and its disks change; stop it first, or archive it without --disks",
		domain_state_names[state]);
}

static int add_sums(struct writer *writer, char **text, size_t *size, struct snp_error *err)
{
	const struct timespec now = {.tv_sec = time(NULL)};
	int r;

	if (fflush(writer->sums) != 0)
		return out_of_memory(err);
	r = begin_member(writer, "SHA256SUMS", *size, now, err);
	if (r == 0 && archive_write_data(writer->tar, *text, *size) != (la_ssize_t)*size)
		r = cannot_write(writer, err);
	return r;
}

static int write_members(struct writer *writer, const char *folder,
			 const struct guest_record *record, const struct vm_config *config,
			 virDomainPtr domain, struct snp_error *err)
{
	char path[PATH_MAX + 128];
	int r = add_document(writer, folder, RECORD_FILE, SNP_MAX_CONFIG, err);

	if (r < 0)
		return r;
	r = add_document(writer, folder, DEFINITION_FILE, SNP_MAX_CONFIG, err);
	if (r == 0 && definition_template(folder, path))
		r = add_document(writer, folder, DEFINITION_TEMPLATE, DOMAIN_MAX_SIZE, err);
	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++)
		if (record->boot[i].source)
			r = add_boot(writer, record, (enum boot_part)i, err);
	if (r == 0 && domain)
		r = each_disk(writer, config, err);
	return r == 0 && domain ? refuse_running(domain, err) : r;
}

int guest_archive_write(int fd, const char *folder, const struct guest_record *record,
			const struct vm_config *config, virDomainPtr domain, struct snp_error *err)
{
	_cleanup_(archive_write_freep) struct archive *tar = archive_write_new();
	_cleanup_(hash_freep) struct hash *hash = NULL;
	_cleanup_(freep) char *text = NULL;
	_cleanup_(fclosep) FILE *sums = NULL;
	size_t size = 0;
	struct writer writer = {.fd = fd, .tar = tar};
	int r = domain ? refuse_running(domain, err) : 0;

	if (r < 0)
		return r;
	r = boot_files_verify(record, err);
	if (r == 0 && domain)
		r = each_disk(NULL, config, err);
	if (r < 0)
		return r;
	r = hash_new(SNP_SHA256, &hash, err);
	if (r < 0)
		return r;
	writer.hash = hash;
	writer.sums = sums = open_memstream(&text, &size);
	if (!tar || !sums || archive_write_set_format_pax_restricted(tar) != ARCHIVE_OK)
		return out_of_memory(err);
	if (archive_write_open(tar, &writer, NULL, write_out, NULL) != ARCHIVE_OK)
		return cannot_write(&writer, err);
	r = write_members(&writer, folder, record, config, domain, err);
	if (r == 0)
		r = add_sums(&writer, &text, &size, err);
	if (r < 0) {
		/* The end would be written when it is freed, as if the archive were whole. */
		writer.fd = -1;
		archive_write_fail(tar);
		return r;
	}
	return archive_write_close(tar) == ARCHIVE_OK ? 0 : cannot_write(&writer, err);
}
