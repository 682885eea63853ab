/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FOLDER_H
#define SNP_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include <snp/api.h>
#include <snp/error.h>

/* "FOLDER/NAME" in `ret`, which is also returned; "" where it does not fit. */
const char *path_join(const char *folder, const char *name, char *ret, size_t size);

/* Call `visit` with the path and the name of each entry of the folder `path`, sorted by name, "." and ".."
 * left out. A negative return ends this and is passed on.
 * Errors: SNP_E_OPEN with `path` named, SNP_E_NO_MEMORY, the visitor's. */
typedef int (*entry_visit)(void *arg, const char *path, const char *name, struct snp_error *err);
SNP_MUST_USE int each_entry(const char *path, entry_visit visit, void *arg, struct snp_error *err);

/* Make the folder `path`, and those above it with mode `above`; the umask counts. 1 if `path` was made,
 * 0 if it was there, or a negative errno. */
int make_folders(const char *path, mode_t above, mode_t mode);

/* Folders of a user, by the XDG Base Directory Specification. */
enum user_folder {
	USER_CACHE,
	USER_CONFIG,
	USER_DATA,
	USER_STATE
};

/* The path of the user's folder `name` of this kind. False where neither the variable, XDG_DATA_HOME
 * and so on, nor HOME is an absolute path, or the path is too long. */
bool user_folder(enum user_folder kind, const char *name, char ret[static PATH_MAX]);

/* A document may be named by the folder that it lies in: `path`, or if that is a folder, the path of `name` in
 * it; for free(). NULL where memory ran out. */
char *document_path(const char *path, const char *name);

/* Open the folder in which the entry `name`, a relative path, of the folder `top` lies, following no link on the way
 * down from `top`, where another user may have put one. Returns a descriptor that serves openat() and the like
 * alone, with the last part of `name` in `ret_last`, or a negative errno. */
int open_above(const char *top, const char *name, const char **ret_last);

/* Remove the folder `path` (relative to the descriptor `at`, or to AT_FDCWD) and all below it, however deep
 * and wide. Works by descriptors, at most three at a time, and follows no symbolic link, so that a user who
 * may write below it cannot lead it elsewhere, not even by moving a folder while it is emptied. 0, or a
 * negative errno: -ENOENT where there is none, -EBUSY if somebody keeps changing what is there. */
int remove_tree(int at, const char *path);

#endif
