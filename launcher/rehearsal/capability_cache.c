// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/capability_cache.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/sha.h>

#define IN_HOST	     "cache/libvirt/qemu/capabilities"
#define MAX_DOCUMENT (4u << 20)

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The folder for this build of the library: CACHE/libvirt-DIGEST. */
static bool find_folder(const struct host_layout *host, const char *cache, char *ret, size_t size)
{
	_cleanup_(freep) uint8_t *library = NULL;
	uint8_t digest[SNP_SHA256_SIZE];
	char hex[17];
	size_t library_size;

	if (!*cache ||
	    file_read(host_path(host, HOST_LIBRARY), 16u << 20, &library, &library_size, NULL) <
		    0 ||
	    sha256_of((struct snp_span){library, library_size}, digest, NULL) < 0)
		return false;
	hex_encode(digest, 8, hex);
	snprintf(ret, size, "%s/libvirt-%s", cache, hex);
	mkdir(ret, 0700);
	return true;
}

static bool is_document(const char *name)
{
	size_t size = strlen(name);

	return size > 4 && strcmp(name + size - 4, ".xml") == 0;
}

static uint8_t *read_document(const char *folder, const char *name, size_t *ret_size)
{
	char path[2 * PATH_MAX];
	uint8_t *bytes = NULL;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return file_read(path, MAX_DOCUMENT, &bytes, ret_size, NULL) < 0 ? NULL : bytes;
}

void capability_cache_load(const struct host_layout *host, const char *cache)
{
	char folder[PATH_MAX];
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;

	if (!find_folder(host, cache, folder, sizeof(folder)))
		return;
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		_cleanup_(freep) uint8_t *bytes = NULL;
		char name[PATH_MAX];
		size_t size;

		if (!is_document(entry->d_name))
			continue;
		bytes = read_document(folder, entry->d_name, &size);
		snprintf(name, sizeof(name), IN_HOST "/%s", entry->d_name);
		if (bytes)
			(void)!host_write(host, name, bytes, size, 0600, NULL);
	}
}

void capability_cache_save(const struct host_layout *host, const char *cache)
{
	char folder[PATH_MAX], source[PATH_MAX + 64];
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;

	if (!find_folder(host, cache, folder, sizeof(folder)))
		return;
	snprintf(source, sizeof(source), "%s/" IN_HOST, host->folder);
	dir = opendir(source);
	while (dir && (entry = readdir(dir))) {
		_cleanup_(freep) uint8_t *bytes = NULL, *known = NULL;
		char path[2 * PATH_MAX];
		size_t size, known_size;

		if (!is_document(entry->d_name))
			continue;
		bytes = read_document(source, entry->d_name, &size);
		known = read_document(folder, entry->d_name, &known_size);
		if (!bytes || (known && known_size == size && memcmp(bytes, known, size) == 0))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		(void)!file_write(path, (struct snp_span){bytes, size}, 0600, true, NULL);
	}
}
