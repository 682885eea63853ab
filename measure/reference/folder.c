// SPDX-License-Identifier: Apache-2.0
#include "reference/folder.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void keep_name(void *name)
{
	(void)name;
}

void snp_folder_done(struct snp_folder *folder)
{
	tdestroy(folder->names, keep_name);
	for (size_t i = 0; i < folder->n_files; i++) {
		free(folder->files[i].name);
		free(folder->files[i].data);
	}
	free(folder->files);
	*folder = (struct snp_folder){0};
}

const struct snp_folder_file *snp_folder_find(const struct snp_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->n_files; i++)
		if (strcmp(folder->files[i].name, name) == 0)
			return &folder->files[i];
	return NULL;
}

static int grow(struct snp_folder *folder)
{
	size_t capacity = folder->capacity ? 2 * folder->capacity : 16;
	struct snp_folder_file *files;

	if (folder->n_files < folder->capacity)
		return 0;
	files = reallocarray(folder->files, capacity, sizeof(*files));
	if (!files)
		return -1;
	folder->files = files;
	folder->capacity = capacity;
	return 0;
}

int snp_folder_add(struct snp_folder *folder, const char *name, struct snp_span bytes,
		   struct snp_error *err)
{
	_cleanup_(freep) uint8_t *data = malloc(bytes.size ? bytes.size : 1);
	_cleanup_(freep) char *copy = strdup(name);
	char *const *known;

	if (!data || !copy || grow(folder) < 0)
		return snp_no_memory(err);
	known = tsearch(copy, &folder->names, by_name);
	if (!known)
		return snp_no_memory(err);
	/* Images, profiles and models make file names; two that differ in case alone would be one file
	 * elsewhere, but that is for whoever names images so. */
	if (*known != copy)
		return snp_fail(err, SNP_E_EXISTS, SNP_NO_OFFSET,
				"two files of the name '%s'; give the images other names", name);
	if (bytes.size > 0)
		memcpy(data, bytes.data, bytes.size);
	folder->files[folder->n_files++] = (struct snp_folder_file){
		.name = TAKE_PTR(copy), .data = TAKE_PTR(data), .size = bytes.size};
	return 0;
}

int snp_folder_read(const char *path, const char *name, uint8_t **ret, size_t *ret_size,
		    struct snp_error *err)
{
	_cleanup_(freep) char *file = NULL;

	if (asprintf(&file, "%s/%s", path, name) < 0) {
		file = NULL;
		return snp_no_memory(err);
	}
	return snp_file_read(file, SNP_MAX_DOCUMENT, ret, ret_size, err);
}
