// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

#define PIECE SNP_FILE_PIECE
#define MIB   (1u << 20)

/* Below 4 MiB one thread reads and hands on, from there on another reads ahead. */
static const struct row {
	const char *name;
	uint64_t size;
	uint64_t stop; /* the sink wants no piece from this byte on */
	uint64_t
		shrink; /* the sink cuts the file to this size when it has the first piece; 0: never */
	int status;
} rows[] = {
	{"empty", 0, UINT64_MAX, 0, 0},
	{"one byte", 1, UINT64_MAX, 0, 0},
	{"one byte less than a piece", PIECE - 1, UINT64_MAX, 0, 0},
	{"one piece", PIECE, UINT64_MAX, 0, 0},
	{"one byte more than a piece", PIECE + 1, UINT64_MAX, 0, 0},
	{"the longest without reading ahead", 4 * MIB - 1, UINT64_MAX, 0, 0},
	{"the shortest read ahead", 4 * MIB, UINT64_MAX, 0, 0},
	{"read ahead, odd size", 9 * MIB + 3, UINT64_MAX, 0, 0},
	{"stopped at once", MIB, 0, 0, -SNP_E_BAD_KERNEL},
	{"stopped at once, reading ahead", 9 * MIB, 0, 0, -SNP_E_BAD_KERNEL},
	{"stopped in the middle, reading ahead", 9 * MIB, 5 * MIB, 0, -SNP_E_BAD_KERNEL},
	{"stopped at the last piece, reading ahead", 9 * MIB, 9 * MIB - PIECE, 0,
	 -SNP_E_BAD_KERNEL},
	{"cut short", MIB, UINT64_MAX, PIECE, -SNP_E_CHANGED},
	{"cut short, reading ahead", 64 * MIB, UINT64_MAX, 8 * MIB, -SNP_E_CHANGED},
};

struct reader {
	const struct row *row;
	int fd;
	uint64_t at, progress;
	bool stopped;
};

/* What stands at a byte: differs between any two pieces that could be mistaken for each other. */
static uint8_t byte_at(uint64_t at)
{
	return (uint8_t)(at / PIECE + at);
}

static int take(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct reader *r = arg;

	assert_false(r->stopped);
	assert_true(piece.size > 0 && piece.size <= PIECE);
	for (size_t i = 0; i < piece.size; i += 509)
		assert_int_equal(piece.data[i], byte_at(r->at + i));
	if (r->row->shrink && r->at == 0)
		assert_int_equal(ftruncate(r->fd, (off_t)r->row->shrink), 0);
	if (r->at >= r->row->stop) {
		r->stopped = true;
		return fail_with(err, SNP_E_BAD_KERNEL, r->at, "no more");
	}
	r->at += piece.size;
	return 0;
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	struct reader *r = arg;

	assert_int_equal(done, r->at);
	assert_int_equal(total, r->row->size);
	r->progress = done;
}

static void check_stream(void **state)
{
	const struct row *row = *state;
	struct reader reader = {.row = row};
	_cleanup_(closep) int fd = memfd_create("stream", MFD_CLOEXEC);
	struct snp_error err = {0};
	struct file file = {.fd = fd, .size = row->size};
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)row->size), 0);
	if (row->size > 0) {
		bytes = mmap(NULL, row->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		assert_true(bytes != MAP_FAILED);
		for (uint64_t i = 0; i < row->size; i++)
			bytes[i] = byte_at(i);
		munmap(bytes, row->size);
	}
	assert_int_equal(fstat(fd, &file.stat), 0);
	reader.fd = fd;
	assert_int_equal(file_stream(&file, take, &reader, progress, &reader, &err), row->status);
	assert_int_equal(err.code, -row->status);
	assert_int_equal(err.message[0] != '\0', row->status != 0);
	if (row->status == 0)
		assert_true(reader.at == row->size && reader.progress == row->size);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_stream, rows);
	return RUN_TESTS("file stream", tests, n);
}
