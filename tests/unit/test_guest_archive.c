// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "archive/disk_image.h"
#include "archive/guest_archive.h"

/* A tar file as snp-launch writes one, and as somebody writes one who means harm: each row makes its members, and says
 * why they are refused. */

#define BLOCK 512

struct member {
	const char *name, *text;
	char type;	  /* '0' a regular file */
	const char *link; /* what a link leads to */
	const char *size; /* in octal, where it is not that of the text */
};

#define RECORD                                       \
	{                                            \
		"record.json", "{}", '0', NULL, NULL \
	}
#define VM_JSON                                                    \
	{                                                          \
		"vm.json", "{\"name\": \"web1\"}", '0', NULL, NULL \
	}
#define FIRMWARE                                             \
	{                                                    \
		"boot/firmware", "FIRMWARE", '0', NULL, NULL \
	}
#define KERNEL                                           \
	{                                                \
		"boot/kernel", "KERNEL", '0', NULL, NULL \
	}
#define INITRD                                           \
	{                                                \
		"boot/initrd", "INITRD", '0', NULL, NULL \
	}
#define DISK(n)                                        \
	{                                              \
		"disks/" n, "disk " n, '0', NULL, NULL \
	}
#define SUMS                                        \
	{                                           \
		"SHA256SUMS", NULL, '0', NULL, NULL \
	} /* those of the members before it */
#define WHOLE RECORD, VM_JSON, FIRMWARE, KERNEL, INITRD

/* "1\n65000\n2\n", filled up to a block, and two bytes. */
static char sparse_text[BLOCK + 3];

static const struct row {
	const char *name;
	struct member members[12];
	enum snp_code code;
	const char *says;
	const char *after; /* bytes after the end, or a byte less than the whole */
} rows[] = {
	{"a whole one", {WHOLE, SUMS}, SNP_OK, "", NULL},
	{"with disks", {WHOLE, DISK("0"), DISK("1"), SUMS}, SNP_OK, "", NULL},
	{"only what must be there", {RECORD, VM_JSON, FIRMWARE, SUMS}, SNP_OK, "", NULL},
	{"with a template",
	 {RECORD, VM_JSON, {"template.xml", "<domain/>", '0', NULL, NULL}, FIRMWARE, SUMS},
	 SNP_OK,
	 "",
	 NULL},
	{"more zeros after the end", {WHOLE, SUMS}, SNP_OK, "", "\0"},
	{"the old type of a regular file",
	 {{"record.json", "{}", '\0', NULL, NULL}, VM_JSON, FIRMWARE, SUMS},
	 SNP_OK,
	 "",
	 NULL},

	{"a way up",
	 {RECORD, {"../../etc/cron.d/x", "x", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"../../etc/cron.d/x\"",
	 NULL},
	{"a way up within",
	 {RECORD, {"boot/../vm.json", "x", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"boot/../vm.json\"",
	 NULL},
	{"an absolute path",
	 {{"/record.json", "{}", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"/record.json\"",
	 NULL},
	{"a path with a dot",
	 {{"./record.json", "{}", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"./record.json\"",
	 NULL},
	{"another case",
	 {RECORD, {"VM.json", "{}", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"VM.json\"",
	 NULL},
	{"an unknown file",
	 {WHOLE, {"boot/shim", "x", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"boot/shim\"",
	 NULL},
	{"a name with control characters",
	 {RECORD, {"vm\x1b[2J", "x", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"vm\\x1b[2J\"",
	 NULL},
	{"a name that is not UTF-8",
	 {RECORD, {"vm\xff", "x", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member",
	 NULL},
	{"a symbolic link",
	 {RECORD, {"vm.json", "", '2', "/etc/shadow", NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is a symbolic link",
	 NULL},
	{"a hard link",
	 {RECORD, VM_JSON, {"boot/firmware", "", '1', "record.json", NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "boot/firmware is a hard link",
	 NULL},
	{"a character device",
	 {RECORD, {"vm.json", "", '3', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is a device",
	 NULL},
	{"a block device",
	 {RECORD, {"vm.json", "", '4', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is a device",
	 NULL},
	{"a FIFO",
	 {RECORD, {"vm.json", "", '6', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is a FIFO",
	 NULL},
	{"a folder",
	 {RECORD, VM_JSON, {"boot/firmware", "", '5', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "boot/firmware is a folder",
	 NULL},
	{"a folder of its own",
	 {{"boot/", "", '5', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"boot/\"",
	 NULL},
	{"the same file twice",
	 {RECORD, VM_JSON, VM_JSON},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is there twice",
	 NULL},
	{"a file again later",
	 {WHOLE, VM_JSON},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is out of order, or there twice",
	 NULL},
	{"out of order",
	 {RECORD, VM_JSON, KERNEL, FIRMWARE},
	 SNP_E_BAD_ARCHIVE,
	 "boot/firmware is missing",
	 NULL},
	{"no record", {VM_JSON}, SNP_E_BAD_ARCHIVE, "record.json is missing", NULL},
	{"no vm.json", {RECORD, FIRMWARE}, SNP_E_BAD_ARCHIVE, "vm.json is missing", NULL},
	{"no firmware",
	 {RECORD, VM_JSON, KERNEL},
	 SNP_E_BAD_ARCHIVE,
	 "boot/firmware is missing",
	 NULL},
	{"a disk left out",
	 {WHOLE, DISK("0"), DISK("2")},
	 SNP_E_BAD_ARCHIVE,
	 "disks/1 is missing",
	 NULL},
	{"the first disk left out",
	 {WHOLE, DISK("1")},
	 SNP_E_BAD_ARCHIVE,
	 "disks/0 is missing",
	 NULL},
	{"one disk too many",
	 {WHOLE, DISK("26")},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"disks/26\"",
	 NULL},
	{"a disk with a zero before it",
	 {WHOLE, DISK("00")},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"disks/00\"",
	 NULL},
	{"a disk of another name",
	 {WHOLE, DISK("-1")},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"disks/-1\"",
	 NULL},
	{"an empty file",
	 {RECORD, {"vm.json", "", '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is empty",
	 NULL},
	{"a vm.json of 2 MiB",
	 {RECORD, {"vm.json", "x", '0', NULL, "00010000000"}},
	 SNP_E_TOO_LARGE,
	 "vm.json is 2097152 bytes; must be at most 1048576",
	 NULL},
	{"a kernel of 8 GiB",
	 {RECORD, VM_JSON, FIRMWARE, {"boot/kernel", "x", '0', NULL, "77777777777"}},
	 SNP_E_TOO_LARGE,
	 "boot/kernel is 8589934591 bytes",
	 NULL},
	{"a disk of an exbibyte",
	 {WHOLE, {"disks/0", "x", '0', NULL, "\x80\0\0\0\x10\0\0\0\0\0\0\0"}},
	 SNP_E_TOO_LARGE,
	 "disks/0 is 1152921504606846976 bytes",
	 NULL},
	{"sums of 16 KiB",
	 {WHOLE, {"SHA256SUMS", "x", '0', NULL, "00000040000"}},
	 SNP_E_TOO_LARGE,
	 "SHA256SUMS is 16384 bytes",
	 NULL},
	{"cut off in a file",
	 {RECORD, VM_JSON, FIRMWARE, {"boot/kernel", "x", '0', NULL, "00000400000"}},
	 SNP_E_BAD_ARCHIVE,
	 "damaged or cut off",
	 NULL},
	{"cut off between files", {WHOLE}, SNP_E_BAD_ARCHIVE, "SHA256SUMS is missing", NULL},
	{"cut off before the disks' end",
	 {WHOLE, DISK("0")},
	 SNP_E_BAD_ARCHIVE,
	 "SHA256SUMS is missing",
	 NULL},
	{"other sums",
	 {WHOLE,
	  {"SHA256SUMS", "0000000000000000000000000000000000000000000000000000000000000000  x\n",
	   '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "SHA256SUMS is not that of the files",
	 NULL},
	{"a file after the sums",
	 {WHOLE, SUMS, DISK("0")},
	 SNP_E_BAD_ARCHIVE,
	 "out of order",
	 NULL},
	{"the sums twice",
	 {WHOLE, SUMS, SUMS},
	 SNP_E_BAD_ARCHIVE,
	 "SHA256SUMS is there twice",
	 NULL},
	{"bytes after the end", {WHOLE, SUMS}, SNP_E_BAD_ARCHIVE, "bytes after the end", "x"},
	{"a sparse file of GNU tar",
	 {RECORD, {"vm.json", "x", 'S', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "vm.json is stored as a sparse file",
	 NULL},
	{"a sparse file of POSIX",
	 {{"PaxHeaders/x",
	   "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n31 GNU.sparse.name=record.json\n"
	   "29 GNU.sparse.realsize=65536\n",
	   'x', NULL, NULL},
	  {"GNUSparseFile.0/record.json", sparse_text, '0', NULL, NULL}},
	 SNP_E_BAD_ARCHIVE,
	 "record.json is stored as a sparse file",
	 NULL},
	{"a name by a pax header",
	 {{"PaxHeaders/x", "22 path=../etc/passwd\n", 'x', NULL, NULL}, RECORD},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"../etc/passwd\"",
	 NULL},
	{"a size by a pax header",
	 {RECORD, {"PaxHeaders/x", "25 size=1125899906842624\n", 'x', NULL, NULL}, VM_JSON},
	 SNP_E_TOO_LARGE,
	 "vm.json is 1125899906842624 bytes",
	 NULL},
	{"a name by a GNU header",
	 {{"././@LongLink", "../../etc/passwd", 'L', NULL, NULL}, RECORD},
	 SNP_E_BAD_ARCHIVE,
	 "no member \"../../etc/passwd\"",
	 NULL},
	{"nothing at all", {{0}}, SNP_E_BAD_ARCHIVE, "", NULL},
};

struct tar {
	uint8_t bytes[64 * 1024];
	size_t size, at;
	char sums[4096];
};

static void put_header(uint8_t *block, const struct member *m, size_t size)
{
	unsigned int sum = 0;

	memset(block, 0, BLOCK);
	memcpy(block, m->name, strlen(m->name));
	memcpy(block + 100, "0000600", 7);
	memcpy(block + 108, "0000000", 7);
	memcpy(block + 116, "0000000", 7);
	if (m->size)
		memcpy(block + 124, m->size, 12);
	else
		snprintf((char *)block + 124, 12, "%011o", (unsigned int)size);
	memcpy(block + 136, "00000000000", 11);
	memset(block + 148, ' ', 8);
	block[156] = (uint8_t)m->type;
	if (m->link)
		memcpy(block + 157, m->link, strlen(m->link));
	memcpy(block + 257, "ustar\00000", 8);
	if (m->type == 'S') { /* one byte at 64 KiB */
		memcpy(block + 257, "ustar  ", 8);
		memcpy(block + 386,
		       "00000200000\000"
		       "00000000001",
		       24);
		memcpy(block + 483, "00000200001", 12);
	}
	for (size_t i = 0; i < BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

static void put_member(struct tar *tar, const struct member *m)
{
	const char *text = m->text ? m->text : tar->sums;
	char hex[2 * SNP_SHA256_SIZE + 1];
	uint8_t sha256[SNP_SHA256_SIZE];
	size_t size = strlen(text), at = strlen(tar->sums);

	put_header(tar->bytes + tar->size, m, size);
	tar->size += BLOCK;
	memcpy(tar->bytes + tar->size, text, size);
	tar->size += (size + BLOCK - 1) / BLOCK * BLOCK;
	if (!m->text)
		return;
	assert_int_equal(sha256_of(text_span(text), sha256, NULL), 0);
	hex_encode(sha256, sizeof(sha256), hex);
	snprintf(tar->sums + at, sizeof(tar->sums) - at, "%s  %s\n", hex, m->name);
}

static struct tar *make_tar(const struct member members[12], const char *after)
{
	struct tar *tar = calloc(1, sizeof(*tar));

	assert_non_null(tar);
	for (size_t i = 0; i < 12 && members[i].name; i++)
		put_member(tar, &members[i]);
	if (!members[0].name)
		return tar;
	tar->size += 2 * BLOCK;
	if (after) {
		tar->bytes[tar->size + 700] = (uint8_t)*after;
		tar->size += 2 * BLOCK;
	}
	return tar;
}

/* Seven bytes at a time, as a pipe may have them. */
static ssize_t from_tar(void *arg, uint8_t *buffer, size_t size, struct snp_error *err)
{
	struct tar *tar = arg;
	size_t n = tar->size - tar->at < 7 ? tar->size - tar->at : 7;

	(void)err;
	if (n > size)
		n = size;
	memcpy(buffer, tar->bytes + tar->at, n);
	tar->at += n;
	return (ssize_t)n;
}

static ssize_t from_broken(void *arg, uint8_t *buffer, size_t size, struct snp_error *err)
{
	struct tar *tar = arg;

	if (tar->at < 1000)
		return from_tar(arg, buffer, size, err);
	return -SNP_E_READ;
}

/* What the sink saw: "record.json 2 {}; ". */
struct seen {
	char text[4096];
	uint64_t left;
	bool open;
};

static int see_begin(void *arg, const char *name, uint64_t size, struct snp_error *err)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->text);

	(void)err;
	assert_false(seen->open);
	seen->open = true;
	seen->left = size;
	snprintf(seen->text + at, sizeof(seen->text) - at, "%s ", name);
	return 0;
}

static int see_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_true(seen->open && piece.size <= seen->left);
	seen->left -= piece.size;
	return 0;
}

static int see_end(void *arg, const uint8_t sha256[static SNP_SHA256_SIZE], struct snp_error *err)
{
	struct seen *seen = arg;

	(void)sha256;
	(void)err;
	assert_true(seen->open && seen->left == 0);
	seen->open = false;
	return 0;
}

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(freep) struct tar *tar = make_tar(row->members, row->after);
	struct seen seen = {0};
	const struct archive_sink sink = {see_begin, see_piece, see_end, &seen};
	struct snp_error err = {0};
	int r = guest_archive_read(from_tar, tar, &sink, &err);

	assert_int_equal(r, -(int)row->code);
	if (r == 0)
		assert_true(strstr(seen.text, "record.json vm.json ") == seen.text);
	else if (!strstr(err.message, row->says))
		fail_msg("'%s' lacks '%s'", err.message, row->says);
	assert_null(strstr(seen.text, "SHA256SUMS"));
}

/* Every byte of a whole archive, changed: refused, or read as it was. What may change without notice is what no one
 * looks at: modes, owners, times and what fills a block. */
static void check_mangled(void **state)
{
	static const struct member whole[12] = {WHOLE, DISK("0"), SUMS};
	_cleanup_(freep) struct tar *good = make_tar(whole, NULL);
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < good->size; i++)
		for (unsigned int bit = 0; bit < 8; bit += 7) {
			_cleanup_(freep) struct tar *tar = make_tar(whole, NULL);
			struct seen seen = {0};
			const struct archive_sink sink = {see_begin, see_piece, see_end, &seen};
			struct snp_error err = {0};

			tar->bytes[i] ^= (uint8_t)(1u << bit);
			if (guest_archive_read(from_tar, tar, &sink, &err) == 0) {
				accepted++;
				assert_string_equal(
					seen.text,
					"record.json vm.json boot/firmware boot/kernel boot/initrd disks/0 ");
			} else {
				assert_true(err.code != SNP_OK && err.message[0] != '\0');
			}
		}
	/* Headers have a sum, so what is accepted lies in the padding. */
	assert_true(accepted > 0 && accepted < good->size * 2);
	/* Cut off anywhere. */
	for (size_t i = 0; i < good->size - 2 * BLOCK; i += 100) {
		_cleanup_(freep) struct tar *tar = make_tar(whole, NULL);
		struct seen seen = {0};
		const struct archive_sink sink = {see_begin, see_piece, see_end, &seen};

		tar->size = i;
		assert_true(guest_archive_read(from_tar, tar, &sink, NULL) < 0);
	}
}

static void check_broken_source(void **state)
{
	static const struct member whole[12] = {WHOLE, SUMS};
	_cleanup_(freep) struct tar *tar = make_tar(whole, NULL);
	struct seen seen = {0};
	const struct archive_sink sink = {see_begin, see_piece, see_end, &seen};

	(void)state;
	assert_int_equal(guest_archive_read(from_broken, tar, &sink, NULL), -SNP_E_READ);
}

/* Headers of qcow2 images: big-endian, so the last byte of a number is the low one. */
static const struct image {
	const char *name;
	size_t size;
	struct {
		size_t at;
		uint8_t value;
	} set[3];
	const char *says; /* NULL: it is accepted */
} images[] = {
	{"version 3", QCOW2_HEADER, {{7, 3}}, NULL},
	{"version 2", 72, {{7, 2}}, NULL},
	{"lazy refcounts, which are compatible", QCOW2_HEADER, {{7, 3}, {87, 1}}, NULL},
	{"a dirty image", QCOW2_HEADER, {{7, 3}, {79, 1}}, NULL},
	{"another magic", QCOW2_HEADER, {{7, 3}, {0, 'R'}}, "not a qcow2 image"},
	{"version 1", QCOW2_HEADER, {{7, 1}}, "version 1; must be 2 or 3"},
	{"version 2^24 + 3", QCOW2_HEADER, {{7, 3}, {4, 1}}, "must be 2 or 3"},
	{"a backing file", QCOW2_HEADER, {{7, 3}, {15, 104}}, "has a backing file"},
	{"a backing file far off", 72, {{7, 2}, {8, 1}}, "has a backing file"},
	{"an external data file",
	 QCOW2_HEADER,
	 {{7, 3}, {79, 4}},
	 "keeps its data in another file"},
	{"one byte short", QCOW2_HEADER - 1, {{7, 3}}, "cut off"},
	{"a version 2 one byte short", 71, {{7, 2}}, "not a qcow2 image"},
	{"empty", 0, {{7, 3}}, "not a qcow2 image"},
};

static void check_image(void **state)
{
	const struct image *row = *state;
	uint8_t head[QCOW2_HEADER] = {'Q', 'F', 'I', 0xfb};
	_cleanup_(freep) uint8_t *copy = malloc(row->size + 1); /* for ASan */
	struct snp_error err = {0};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(row->set); i++)
		if (row->set[i].value)
			head[row->set[i].at] = row->set[i].value;
	assert_non_null(copy);
	memcpy(copy, head, row->size);
	r = disk_image_check((struct snp_span){copy, row->size}, &err);
	assert_int_equal(r, row->says ? -SNP_E_BAD_DISK : 0);
	if (row->says)
		assert_non_null(strstr(err.message, row->says));
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_mangled),
		cmocka_unit_test(check_broken_source),
	};
	size_t n = tests_listed(tests);

	memset(sparse_text, '\n', BLOCK + 2);
	memcpy(sparse_text, "1\n65000\n2\n", 10);
	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_image, images);
	return RUN_TESTS("guest archive", tests, n);
}
