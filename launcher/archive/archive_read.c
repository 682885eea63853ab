// SPDX-License-Identifier: Apache-2.0
#include "archive/guest_archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "domain/xml_document.h"
#include "host/interrupt.h"

#define PIECE (64u << 10)

/* The members in their order. A disk's number is added to the rank of the first. */
enum rank {
	RANK_RECORD,
	RANK_VM,
	RANK_TEMPLATE,
	RANK_BOOT,
	RANK_DISKS = RANK_BOOT + BOOT_PARTS,
	RANK_SUMS = RANK_DISKS + ARCHIVE_MAX_DISKS,
	RANKS,
};

static const struct {
	const char *name;
	uint64_t cap;
	bool required;
} members[RANK_DISKS + 1] = {
	[RANK_RECORD] = {"record.json", SNP_MAX_CONFIG, true},
	[RANK_VM] = {"vm.json", SNP_MAX_CONFIG, true},
	[RANK_TEMPLATE] = {"template.xml", DOMAIN_MAX_SIZE, false},
	/* An IGVM file takes the place of the firmware, and is as large as an initrd. */
	[RANK_BOOT + BOOT_FIRMWARE] = {"boot/firmware", SNP_MAX_IGVM, true},
	[RANK_BOOT + BOOT_KERNEL] = {"boot/kernel", SNP_MAX_KERNEL, false},
	[RANK_BOOT + BOOT_INITRD] = {"boot/initrd", SNP_MAX_INITRD, false},
	[RANK_DISKS] = {NULL, 0, false},
};

#define SUMS "SHA256SUMS"

struct reader {
	archive_source *source;
	void *source_arg;
	const struct archive_sink *sink;
	struct archive *tar;
	int status; /* of the source or of an interrupt, where it failed */
	struct snp_error *err;
	uint64_t read;	  /* bytes from the source */
	uint64_t nonzero; /* the end of the last that is not 0 */
	int last;	  /* rank of the last member; -1: none */
	char sums[(ARCHIVE_MAX_DISKS + RANK_DISKS) * (2 * SNP_SHA256_SIZE + 20)];
	size_t n_sums;
	uint8_t buffer[PIECE];
};

static void reader_free(struct reader *reader)
{
	if (reader->tar)
		archive_read_free(reader->tar);
	free(reader);
}
DEFINE_CLEANUP(struct reader *, reader_free);

#define bad(err, ...) fail_with(err, SNP_E_BAD_ARCHIVE, SNP_NO_OFFSET, __VA_ARGS__)

/* The next bytes of the source, in reader->buffer. */
static ssize_t next_bytes(struct reader *reader)
{
	ssize_t n;

	reader->status = interrupt_check(reader->err);
	if (reader->status < 0)
		return -1;
	n = reader->source(reader->source_arg, reader->buffer, sizeof(reader->buffer), reader->err);
	if (n < 0) {
		reader->status = (int)n;
		return -1;
	}
	for (size_t i = (size_t)n; i > 0; i--)
		if (reader->buffer[i - 1] != 0) {
			reader->nonzero = reader->read + i;
			break;
		}
	reader->read += (uint64_t)n;
	return n;
}

static la_ssize_t read_next(struct archive *tar, void *arg, const void **ret)
{
	struct reader *reader = arg;

	(void)tar;
	*ret = reader->buffer;
	return next_bytes(reader);
}

/* What libarchive refuses, or only warns of. */
static int refused(struct reader *reader, struct snp_error *err)
{
	const char *why = archive_error_string(reader->tar);

	if (reader->status < 0)
		return reader->status;
	if (archive_errno(reader->tar) == ENOMEM)
		return out_of_memory(err);
	if (reader->last < 0)
		return bad(
			err,
			"not a tar file of a guest (%s); if it is compressed, decompress it and pipe it to snp-launch import -",
			why ? why : "unreadable");
	return bad(err, "the tar file is damaged or cut off: %s", why ? why : "unreadable");
}

/* The rank of a name; -1 if no archive has it. */
static int rank_of(const char *name)
{
	char disk[16];

	for (int i = 0; i < RANK_DISKS; i++)
		if (strcmp(name, members[i].name) == 0)
			return i;
	for (int i = 0; i < ARCHIVE_MAX_DISKS; i++) {
		snprintf(disk, sizeof(disk), "disks/%d", i);
		if (strcmp(name, disk) == 0)
			return RANK_DISKS + i;
	}
	return strcmp(name, SUMS) == 0 ? RANK_SUMS : -1;
}

static const char *type_name(mode_t type)
{
	switch (type) {
	case AE_IFLNK:
		return "a symbolic link";
	case AE_IFDIR:
		return "a folder";
	case AE_IFCHR:
	case AE_IFBLK:
		return "a device";
	case AE_IFIFO:
		return "a FIFO";
	default:
		return "of no type that is known";
	}
}

static int check_place(struct reader *reader, const char *name, int rank, struct snp_error *err)
{
	if (rank == reader->last)
		return bad(err, "%s is there twice", name);
	if (rank < reader->last)
		return bad(err, "%s is out of order, or there twice", name);
	for (int i = reader->last + 1; i < rank && i < RANK_DISKS; i++)
		if (members[i].required)
			return bad(err, "%s is missing", members[i].name);
	/* Every disk comes after the one before it. */
	if (rank > RANK_DISKS && rank < RANK_SUMS && reader->last != rank - 1)
		return bad(err, "disks/%d is missing", rank - 1 - RANK_DISKS);
	return 0;
}

/* Name, type, place and size of a member, before a byte of it is read. */
static int check_member(struct reader *reader, struct archive_entry *entry, int *ret_rank,
			struct snp_error *err)
{
	const char *name = archive_entry_pathname(entry);
	uint64_t cap, size;
	int rank = name ? rank_of(name) : -1;
	int r;

	if (rank < 0)
		return bad(err, "an archive of a guest has no member \"%.200s\"",
			   name ? name : "(not a text)");
	if (archive_entry_hardlink(entry))
		return bad(err, "%s is a hard link", name);
	if (archive_entry_filetype(entry) != AE_IFREG)
		return bad(err, "%s is %s", name, type_name(archive_entry_filetype(entry)));
	if (archive_entry_sparse_count(entry) > 0)
		return bad(err, "%s is stored as a sparse file", name);
	r = check_place(reader, name, rank, err);
	if (r < 0)
		return r;
	if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
		return bad(err, "%s has no size", name);
	size = (uint64_t)archive_entry_size(entry);
	cap = rank < RANK_DISKS	 ? members[rank].cap
	      : rank < RANK_SUMS ? ARCHIVE_MAX_DISK
				 : sizeof(reader->sums);
	if (size > cap)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "%s is %" PRIu64 " bytes; must be at most %" PRIu64, name, size,
				 cap);
	if (size == 0)
		return bad(err, "%s is empty", name);
	*ret_rank = rank;
	return 0;
}

/* The bytes of a member, without holes, exactly as many as it said. */
static int read_member(struct reader *reader, const char *name, uint64_t size,
		       const struct archive_sink *sink, struct snp_error *err)
{
	uint64_t done = 0;
	const void *block;
	int64_t offset;
	size_t n;
	int r;

	while ((r = archive_read_data_block(reader->tar, &block, &n, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || (uint64_t)offset != done)
			return bad(err, "%s is stored as a sparse file", name);
		if (n > size - done)
			return bad(err, "%s has more bytes than it says", name);
		done += n;
		r = sink->piece(sink->arg, (struct snp_span){block, n}, err);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF)
		return refused(reader, err);
	return done == size ? 0 : bad(err, "%s has fewer bytes than it says", name);
}

/* Hands everything on, and hashes it. */
struct hashing {
	struct hash *hash;
	const struct archive_sink *sink;
};

static int hash_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct hashing *h = arg;
	int r = hash_update(h->hash, piece, err);

	return r < 0 ? r : h->sink->piece(h->sink->arg, piece, err);
}

static int take_member(struct reader *reader, const char *name, uint64_t size,
		       struct snp_error *err)
{
	_cleanup_(hash_freep) struct hash *hash = NULL;
	struct hashing hashing = {.sink = reader->sink};
	const struct archive_sink through = {.piece = hash_piece, .arg = &hashing};
	char hex[2 * SNP_SHA256_SIZE + 1];
	uint8_t sha256[SNP_SHA256_SIZE];
	int r = hash_new(SNP_SHA256, &hash, err);

	if (r == 0)
		r = reader->sink->begin(reader->sink->arg, name, size, err);
	if (r < 0)
		return r;
	hashing.hash = hash;
	r = read_member(reader, name, size, &through, err);
	if (r == 0)
		r = hash_final(hash, sha256, err);
	if (r < 0)
		return r;
	hex_encode(sha256, sizeof(sha256), hex);
	reader->n_sums +=
		(size_t)snprintf(reader->sums + reader->n_sums,
				 sizeof(reader->sums) - reader->n_sums, "%s  %s\n", hex, name);
	return reader->sink->end(reader->sink->arg, sha256, err);
}

/* SHA256SUMS, compared with what was computed. */
struct comparison {
	const char *text;
	size_t left;
	bool differs;
};

static int compare_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct comparison *c = arg;

	(void)err;
	c->differs |= piece.size > c->left ||
		      memcmp(c->text, piece.data, piece.size < c->left ? piece.size : c->left) != 0;
	if (c->differs)
		return 0;
	c->text += piece.size;
	c->left -= piece.size;
	return 0;
}

static int take_sums(struct reader *reader, uint64_t size, struct snp_error *err)
{
	struct comparison c = {reader->sums, reader->n_sums, false};
	const struct archive_sink sink = {.piece = compare_piece, .arg = &c};
	int r = read_member(reader, SUMS, size, &sink, err);

	if (r == 0 && (c.differs || c.left > 0))
		r = bad(err, SUMS " is not that of the files before it: the archive was changed");
	return r;
}

static int take_entry(struct reader *reader, struct archive_entry *entry, struct snp_error *err)
{
	uint64_t size;
	int rank;
	int r = check_member(reader, entry, &rank, err);

	if (r < 0)
		return r;
	reader->last = rank;
	size = (uint64_t)archive_entry_size(entry);
	return rank == RANK_SUMS ? take_sums(reader, size, err)
				 : take_member(reader, archive_entry_pathname(entry), size, err);
}

/* Zeros fill the last record of a tar file; a pipe is read to its end, or its writer would fail. */
static int read_rest(struct reader *reader, struct snp_error *err)
{
	uint64_t end = (uint64_t)archive_filter_bytes(reader->tar, 0);
	ssize_t n;

	if (reader->last < RANK_SUMS)
		return bad(err, SUMS " is missing: the archive was cut off");
	do {
		n = next_bytes(reader);
		if (n < 0)
			return reader->status;
	} while (n > 0 && reader->nonzero <= end);
	return reader->nonzero > end ? bad(err, "there are bytes after the end of the archive") : 0;
}

int guest_archive_read(archive_source *source, void *source_arg, const struct archive_sink *sink,
		       struct snp_error *err)
{
	_cleanup_(reader_freep) struct reader *reader = calloc(1, sizeof(*reader));
	struct archive_entry *entry;
	int r;

	if (!reader)
		return out_of_memory(err);
	reader->source = source;
	reader->source_arg = source_arg;
	reader->sink = sink;
	reader->err = err;
	reader->last = -1;
	reader->tar = archive_read_new();
	if (!reader->tar || archive_read_support_format_tar(reader->tar) != ARCHIVE_OK)
		return out_of_memory(err);
	if (archive_read_open(reader->tar, reader, NULL, read_next, NULL) != ARCHIVE_OK)
		return refused(reader, err);
	while ((r = archive_read_next_header(reader->tar, &entry)) == ARCHIVE_OK) {
		r = take_entry(reader, entry, err);
		if (r < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? read_rest(reader, err) : refused(reader, err);
}
