/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FILE_H
#define SNP_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <snp/api.h>
#include <snp/error.h>
#include <snp/span.h>

/*
 * Regular files in, whole files out.
 *
 * Input: a file is opened once and everything is read from that descriptor. FIFOs, devices, directories and
 * the zero-sized files of /proc are refused before a byte is read; each kind of input has a cap. After the
 * last byte the file is looked at again: if its size or times changed, what was read is no longer a file
 * that exists, and the read fails. If the writer of a file pauses for as long as the read takes, the
 * unfinished file is read: only files that are renamed into place when complete are never read in part.
 *
 * Output: written beside its destination and renamed over it, so that a reader sees the old file or
 * the new one and never a part.
 */

/* Caps on inputs, in bytes: the largest that any VMM loads, with room. */
/* -bios ends at 4 GiB and must not reach down to the local APICs, 0xfee00000 to 0xfeefffff; QEMU's pflash
 * limit is 8 MiB by default. */
#define SNP_MAX_FIRMWARE (17u << 20)
#define SNP_MAX_KERNEL	 (2ull << 30) /* QEMU x86_load_linux reads its size into an int */
#define SNP_MAX_INITRD \
	(0xe0000000ull - 1) /* QEMU puts it into the memory below 4 GiB, which ends there at most */
#define SNP_MAX_IGVM UINT32_MAX /* its own total_file_size */
#define SNP_MAX_DOCUMENT \
	(64u << 20) /* a published master of every vCPU count and model is some 10 MiB */
#define SNP_MAX_CONFIG (1u << 20)  /* vm.json, release.json */
#define SNP_MAX_SMALL  (64u << 10) /* keys, certificates, reports */
#define SNP_MAX_CMDLINE \
	((128u << 10) - 1) /* QEMU gets it as one argument: Linux execve(), MAX_ARG_STRLEN */

struct file {
	int fd; /* -1: none */
	uint64_t size;
	struct stat stat; /* as it was when opened */
};

/* Open the regular file `path` for reading; symbolic links are followed. A file of more than `cap` bytes is
 * refused before anything is read. If the file was written just now, this waits some milliseconds, the
 * grain of the clock, so that any later write changes its times. Errors: SNP_E_OPEN, SNP_E_NOT_REGULAR,
 * SNP_E_TOO_LARGE, each with `path` named. */
SNP_MUST_USE int file_open(const char *path, uint64_t cap, struct file *ret, struct snp_error *err);
void file_close(struct file *file);

/* SNP_E_CHANGED if the file has changed since it was opened, by fstat() of the descriptor: size,
 * modification and change time; SNP_E_NOT_REGULAR if it has more bytes than its size says. Writes through a
 * mapping that was written before the file was opened may not be seen. */
SNP_MUST_USE int file_unchanged(const struct file *file, struct snp_error *err);

/* Called with each piece in order. A negative return ends the read and is passed on. */
typedef int (*file_sink)(void *arg, struct snp_span piece, struct snp_error *err);

/* Read the whole file, from its first byte, in pieces of at most SNP_FILE_PIECE bytes, handing each to
 * `sink`; `progress` may be NULL. Ends with file_unchanged().
 * Errors: SNP_E_READ, SNP_E_CHANGED (also when the file ends early), SNP_E_NOT_REGULAR, SNP_E_NO_MEMORY,
 * or the sink's. */
#define SNP_FILE_PIECE (256u << 10)
SNP_MUST_USE int file_stream(const struct file *file, file_sink sink, void *arg,
			     snp_progress progress, void *progress_arg, struct snp_error *err);

/* Read exactly `size` bytes from `offset`. Errors: SNP_E_READ; SNP_E_CHANGED if the file ends earlier. */
SNP_MUST_USE int file_read_piece(const struct file *file, uint64_t offset, uint8_t *buffer,
				 size_t size, struct snp_error *err);

/* SHA-256 of the whole file, streamed. Errors: as file_stream(), SNP_E_CRYPTO. */
SNP_MUST_USE int file_sha256(const struct file *file, snp_progress progress, void *progress_arg,
			     uint8_t ret[SNP_STATIC SNP_SHA256_SIZE], struct snp_error *err);

/* Read the whole file `path`, at most `cap` bytes, into memory: `ret` is for free(), has `ret_size`
 * bytes and one NUL after them that is not counted.
 * Errors: those of file_open() and file_stream(), with `path` named. */
SNP_MUST_USE int file_read(const char *path, uint64_t cap, uint8_t **ret, size_t *ret_size,
			   struct snp_error *err);

/* The same; "-" is standard input, which may be a pipe. */
SNP_MUST_USE int file_read_input(const char *path, uint64_t cap, uint8_t **ret, size_t *ret_size,
				 struct snp_error *err);

/* Read exactly `size` bytes from the file `path`: of the bytes themselves, or of one line of their hex or
 * base64. `what` names them in messages. Errors: those of file_read(); SNP_E_BAD_HEX, SNP_E_BAD_BASE64. */
SNP_MUST_USE int file_value(const char *path, const char *what, uint8_t *ret, size_t size,
			    struct snp_error *err);

/* Write all of `bytes` to a descriptor. 0, or a negative errno. */
SNP_MUST_USE int write_all(int fd, struct snp_span bytes);

/* From hold to release the signals that end a process at its user's wish (INT, TERM, HUP, QUIT) wait, so that no
 * temporary file is left behind. signals_check() is SNP_E_INTERRUPTED as soon as one waits: work may then be given
 * up. interrupted_by() is that error, for a signal that a handler has seen. */
void signals_hold(sigset_t *ret_before);
SNP_MUST_USE int signals_check(struct snp_error *err);
SNP_MUST_USE int interrupted_by(int signal, struct snp_error *err);
void signals_release(const sigset_t *before);

/* Replace `path` by a file of mode `mode` (less the umask) with these bytes, or leave everything as
 * it was: temporary file in the same directory, fsync, rename, fsync of the directory. An existing
 * file is replaced only if `replace`; a symbolic link at `path` is itself replaced, not followed.
 * Errors: SNP_E_EXISTS, SNP_E_WRITE, each with `path` named. */
SNP_MUST_USE int file_write(const char *path, struct snp_span bytes, mode_t mode, bool replace,
			    struct snp_error *err);

/* The same for several files: all are written whole beside their destinations before the first is renamed,
 * so that a missing folder or a full disk changes none of them. */
struct output {
	const char *path;
	struct snp_span bytes;
};
SNP_MUST_USE int files_write(const struct output outputs[], size_t n, mode_t mode, bool replace,
			     struct snp_error *err);

#endif
