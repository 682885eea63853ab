// SPDX-License-Identifier: Apache-2.0
#include "reference/folder.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void keep_name(void *name)
{
	(void)name;
}

void folder_done(struct folder *folder)
{
	tdestroy(folder->names, keep_name);
	for (size_t i = 0; i < folder->n_files; i++) {
		free(folder->files[i].name);
		free(folder->files[i].data);
	}
	free(folder->files);
	*folder = (struct folder){0};
}

const struct folder_file *folder_find(const struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->n_files; i++)
		if (strcmp(folder->files[i].name, name) == 0)
			return &folder->files[i];
	return NULL;
}

bool folder_has(const struct folder *folder, const char *name)
{
	return tfind(name, &folder->names, by_name) != NULL;
}

static int grow(struct folder *folder)
{
	size_t capacity = folder->capacity ? 2 * folder->capacity : 16;
	struct folder_file *files;

	if (folder->n_files < folder->capacity)
		return 0;
	files = reallocarray(folder->files, capacity, sizeof(*files));
	if (!files)
		return -1;
	folder->files = files;
	folder->capacity = capacity;
	return 0;
}

int folder_add(struct folder *folder, const char *name, void *data, size_t size,
	       struct snp_error *err)
{
	_cleanup_(freep) void *taken = data;
	_cleanup_(freep) char *copy = strdup(name);
	char *const *known;

	if (!copy || grow(folder) < 0)
		return out_of_memory(err);
	known = tsearch(copy, &folder->names, by_name);
	if (!known)
		return out_of_memory(err);
	/* Images, profiles and models make file names; two that differ in case alone would be one file
	 * elsewhere, but that is for whoever names images so. */
	if (*known != copy)
		return fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
				 "two files of the name '%s'; give the images other names", name);
	folder->files[folder->n_files++] =
		(struct folder_file){.name = TAKE_PTR(copy), .data = TAKE_PTR(taken), .size = size};
	return 0;
}

int folder_read(const char *path, const char *name, uint8_t **ret, size_t *ret_size,
		struct snp_error *err)
{
	_cleanup_(freep) char *file = NULL;

	if (asprintf(&file, "%s/%s", path, name) < 0) {
		file = NULL;
		return out_of_memory(err);
	}
	return file_read(file, SNP_MAX_DOCUMENT, ret, ret_size, err);
}

bool folder_lacks(const char *path, const char *name)
{
	_cleanup_(freep) char *file = NULL;
	struct stat st;

	if (asprintf(&file, "%s/%s", path, name) < 0) {
		file = NULL;
		return false;
	}
	return lstat(file, &st) < 0 && errno == ENOENT;
}

struct walk {
	folder_visit visit;
	void *arg;
};

static int walk(const struct walk *w, const char *path, const char *prefix, struct snp_error *err);

static int not_itself(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* `prefix` is the folder's own name with "/", or "" for the outermost, the one whose folders are entered. */
static int walk_entry(const struct walk *w, const char *path, const char *prefix, const char *entry,
		      struct snp_error *err)
{
	_cleanup_(freep) char *file = NULL, *name = NULL;
	struct stat st;
	bool is_folder;
	int r;

	if (asprintf(&file, "%s/%s", path, entry) < 0) {
		file = NULL;
		return out_of_memory(err);
	}
	is_folder = lstat(file, &st) == 0 && S_ISDIR(st.st_mode);
	if (asprintf(&name, "%s%s%s", prefix, entry, is_folder ? "/" : "") < 0) {
		name = NULL;
		return out_of_memory(err);
	}
	r = w->visit(w->arg, name, err);
	return r < 0 || !is_folder || prefix[0] != '\0' ? r : walk(w, file, name, err);
}

static int walk(const struct walk *w, const char *path, const char *prefix, struct snp_error *err)
{
	struct dirent **entries;
	int n = scandir(path, &entries, not_itself, alphasort), r = 0;

	if (n < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot list"), path);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = walk_entry(w, path, prefix, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int folder_each(const char *path, folder_visit visit, void *arg, struct snp_error *err)
{
	const struct walk w = {visit, arg};

	return walk(&w, path, "", err);
}
