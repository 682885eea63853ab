// SPDX-License-Identifier: Apache-2.0
#include "host/firmware_search.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/json.h>

static const char *const known[] = {
	"/usr/share/ovmf/OVMF.amdsev.fd",      /* Debian: ovmf-amdsev */
	"/usr/share/edk2/ovmf/OVMF.amdsev.fd", /* Fedora, CentOS: edk2-ovmf */
	"/usr/share/OVMF/OVMF.amdsev.fd",      /* Ubuntu */
	"/usr/share/qemu/ovmf-x86_64-sev.bin", /* openSUSE: qemu-ovmf-x86_64 */
};

static bool is_text(const struct json_value *value, const char *text)
{
	const char *string;

	return value && json_is_string(value) && json_string(value, &string, NULL) == 0 &&
	       strcmp(string, text) == 0;
}

static const struct json_value *member(const struct json_value *object, const char *key)
{
	return object && json_is_object(object) ? json_get(object, key) : NULL;
}

static bool has_item(const struct json_value *array, const char *text)
{
	if (!array || !json_is_array(array))
		return false;
	for (const struct json_value *v = json_first(array); v; v = json_next(v))
		if (is_text(v, text))
			return true;
	return false;
}

static bool is_for_x86_64(const struct json_value *targets)
{
	if (!targets || !json_is_array(targets))
		return false;
	for (const struct json_value *v = json_first(targets); v; v = json_next(v))
		if (is_text(member(v, "architecture"), "x86_64"))
			return true;
	return false;
}

/* The image of a descriptor that suits; NULL if it does not. */
static const char *image_of(const struct json *document)
{
	const struct json_value *root = json_root(document), *mapping, *file = NULL;
	const char *path;

	mapping = member(root, "mapping");
	if (!has_item(member(root, "features"), "amd-sev-snp") ||
	    !is_for_x86_64(member(root, "targets")))
		return NULL;
	if (is_text(member(mapping, "device"), "memory"))
		file = member(mapping, "filename");
	else if (is_text(member(mapping, "device"), "flash") &&
		 is_text(member(mapping, "mode"), "stateless"))
		file = member(member(mapping, "executable"), "filename");
	if (!file || json_string(file, &path, NULL) < 0 || path[0] != '/')
		return NULL;
	return path;
}

#define FOLDERS 3

static unsigned int folders(char ret[static FOLDERS][PATH_MAX])
{
	unsigned int n = 0;

	if (user_folder(USER_CONFIG, "qemu/firmware", ret[n]))
		n++;
	snprintf(ret[n++], PATH_MAX, "/etc/qemu/firmware");
	snprintf(ret[n++], PATH_MAX, "/usr/share/qemu/firmware");
	return n;
}

static int is_descriptor(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

#define MAX_DESCRIPTORS 128

struct descriptor {
	char name[NAME_MAX + 1];
	unsigned int folder;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct descriptor *)a)->name, ((const struct descriptor *)b)->name);
}

static size_t list(const char *folder, unsigned int index, struct descriptor *all, size_t n)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_descriptor, NULL);

	for (int i = 0; i < count; i++) {
		bool hidden = n == MAX_DESCRIPTORS;

		for (size_t k = 0; k < n && !hidden; k++)
			hidden = strcmp(all[k].name, entries[i]->d_name) == 0;
		if (!hidden) {
			snprintf(all[n].name, sizeof(all[n].name), "%s", entries[i]->d_name);
			all[n++].folder = index;
		}
		free(entries[i]);
	}
	free(entries);
	return n;
}

static bool by_descriptor(char ret[static PATH_MAX])
{
	char folder[FOLDERS][PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	_cleanup_(freep) struct descriptor *all = calloc(MAX_DESCRIPTORS, sizeof(*all));
	unsigned int n_folders = folders(folder);
	size_t n = 0;

	for (unsigned int i = 0; all && i < n_folders; i++)
		n = list(folder[i], i, all, n);
	if (n > 0)
		qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(json_freep) struct json *document = NULL;
		const char *image;

		path_join(folder[all[i].folder], all[i].name, path, sizeof(path));
		/* Descriptors that cannot be read are skipped. */
		if (json_read(path, SNP_MAX_SMALL, &document, NULL) < 0)
			continue;
		image = image_of(document);
		if (!image || strlen(image) >= PATH_MAX || access(image, R_OK) < 0)
			continue;
		snprintf(ret, PATH_MAX, "%s", image);
		return true;
	}
	return false;
}

int firmware_search(char ret[static PATH_MAX], struct snp_error *err)
{
	if (by_descriptor(ret))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (access(known[i], R_OK) < 0)
			continue;
		snprintf(ret, PATH_MAX, "%s", known[i]);
		return 0;
	}
	return fail_with(
		err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
		"no firmware for SEV-SNP is installed: no descriptor has \"amd-sev-snp\", and %s "
		"does not exist; unpack one (Debian sid: ovmf-amdsev) or build one (edk2: OvmfPkg/AmdSev), and set firmware.path",
		known[0]);
}
