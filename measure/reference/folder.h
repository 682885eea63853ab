/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_FOLDER_H
#define REFERENCE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include <snp/error.h>
#include <snp/file.h>
#include <snp/span.h>

/*
 * A folder of files, whole in memory before the first is written, so that a published folder is complete or
 * does not exist. Names may have one "/": a folder in the folder.
 */
struct folder_file {
	char *name;
	uint8_t *data;
	size_t size;
};

struct folder {
	struct folder_file *files;
	size_t n_files;
	void *names; /* those of the files, for tsearch(3): a matrix has many thousands */
	const struct folder *beside; /* folder_find() looks there too; NULL: nowhere */
};

void folder_done(struct folder *folder);

/* Add a file of the `size` bytes at `data`, which is for free() (NULL: none) and is taken, also where this
 * fails. Two of one name are a fault of the caller's data: SNP_E_EXISTS. Errors: SNP_E_NO_MEMORY too. */
SNP_MUST_USE int folder_add(struct folder *folder, const char *name, void *data, size_t size,
			    struct snp_error *err);

/* Add all files of another folder, which is empty afterwards. Errors: as folder_add(). */
SNP_MUST_USE int folder_take(struct folder *folder, struct folder *other, struct snp_error *err);

/* Add a JSON document, printed for people; `out` is done afterwards. */
struct json_out;
SNP_MUST_USE int folder_add_json(struct folder *folder, const char *name, struct json_out *out,
				 struct snp_error *err);

/* Remove the files from the `n`-th on. */
void folder_cut(struct folder *folder, size_t n);

const struct folder_file *folder_find(const struct folder *folder, const char *name);
bool folder_has(const struct folder *folder, const char *name);

/* True if the file, or the folder in the folder that it lies in, is a symbolic link: none is ever written. */
bool folder_has_link(const char *path, const char *name);

/* Read a file of a folder that was written, for free(). Errors: those of file_read() up to
 * SNP_MAX_DOCUMENT; SNP_E_NOT_REGULAR for links. */
SNP_MUST_USE int folder_read(const char *path, const char *name, uint8_t **ret, size_t *ret_size,
			     struct snp_error *err);

/* True if nothing of that name stands in the folder `path`, not even a link to nowhere. */
bool folder_lacks(const char *path, const char *name);

/* Called with what lies in a folder that was written: files by their names, a folder as "NAME/", then what
 * lies in it as "NAME/FILE" or "NAME/FOLDER/". A negative return ends the walk and is passed on. */
typedef int (*folder_visit)(void *arg, const char *name, struct snp_error *err);

/* Visit it all, sorted by name. Errors: SNP_E_OPEN, SNP_E_NO_MEMORY, the visitor's. */
SNP_MUST_USE int folder_each(const char *path, folder_visit visit, void *arg,
			     struct snp_error *err);

/* Called with what stands at `path` already. Errors: SNP_E_EXISTS, saying why it must stay. */
typedef int (*folder_replaceable)(void *arg, const char *path, struct snp_error *err);

/* Write all of it as the folder `path`: into a new folder beside it, which is then renamed to it. What
 * stands at `path` already, if it is `replaceable`, is exchanged for the new one in one step and then
 * removed.
 * Errors: those of `replaceable`; SNP_E_WRITE; with nothing left behind. */
SNP_MUST_USE int folder_write(const struct folder *folder, const char *path,
			      folder_replaceable replaceable, void *arg, struct snp_error *err);

#endif
