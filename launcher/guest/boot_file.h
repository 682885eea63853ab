/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_BOOT_FILE_H
#define LAUNCHER_GUEST_BOOT_FILE_H

#include <snp/error.h>
#include <snp/file.h>

#include "guest/guest_dir.h"
#include "guest/record.h"

/* What a guest boots from: hashed while it is copied, so that the bytes measured are the bytes
 * launched. */

/* Who is told how far the copying or hashing of a file is: `begin` with the part's name, `move`, `end`. For all that
 * follows, in a process of which only one thread does such work; NULL: nobody. */
struct boot_watch {
	void (*begin)(void *arg, const char *part);
	snp_progress move;
	void (*end)(void *arg);
	void *arg;
};
void boot_files_watch(const struct boot_watch *watch);
const struct boot_watch *boot_files_watched(void); /* as it was set */

/* Copy the file `source` into boot/ of `dir` under the part's name, on an inode of its own with mode
 * 0644. `expected` is its SHA-256, or NULL for any.
 * Not flushed to disk: a copy that a power cut shortens is found by boot_files_verify().
 * Errors: those of file_open() and file_stream(); SNP_E_WRITE; SNP_E_DIGEST_DIFFERS. */
SNP_MUST_USE int boot_file_copy(const struct guest_dir *dir, enum boot_part part,
				const char *source, const uint8_t *expected, struct boot_file *ret,
				struct snp_error *err);

/* Hash the file `local` without copying it; the guest will have the file `path` (for a remote host, of
 * that host). Errors: as above. */
SNP_MUST_USE int boot_file_hash(enum boot_part part, const char *local, const char *path,
				const uint8_t *expected, struct boot_file *ret,
				struct snp_error *err);

/* Take the copy that `record`'s guest has, into boot/ of `dir` (NULL: only hash it); it keeps the name of its
 * source. Errors: SNP_E_DRIFT where it is not what the record has; SNP_E_READ, SNP_E_WRITE. */
SNP_MUST_USE int boot_file_take(const struct guest_dir *dir, const struct guest_record *record,
				enum boot_part part, struct boot_file *ret, struct snp_error *err);

/* Hash every copy again. Errors: SNP_E_DRIFT, naming the part, where one is not what the record has or
 * is gone; SNP_E_READ. */
SNP_MUST_USE int boot_files_verify(const struct guest_record *record, struct snp_error *err);

/* Copy every copy once more, into `folder`. Errors: as above; SNP_E_WRITE. */
SNP_MUST_USE int boot_files_copy(const struct guest_record *record, const char *folder,
				 struct snp_error *err);

void boot_file_done(struct boot_file *file);
void boot_files_done(struct boot_file boot[static BOOT_PARTS]);

#endif
