// SPDX-License-Identifier: Apache-2.0
#include "host/firmware_search.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/fields.h>
#include <snp/file.h>
#include <snp/folder.h>

static const char *const known[] = {
	"/usr/share/ovmf/OVMF.amdsev.fd",      /* Debian: ovmf-amdsev */
	"/usr/share/edk2/ovmf/OVMF.amdsev.fd", /* Fedora, CentOS: edk2-ovmf */
	"/usr/share/OVMF/OVMF.amdsev.fd",      /* Ubuntu */
	"/usr/share/qemu/ovmf-x86_64-sev.bin", /* openSUSE: qemu-ovmf-x86_64 */
};

/* QEMU docs/interop/firmware.json: FirmwareDevice, FirmwareFlashMode, FirmwareFormat. */
enum device {
	DEVICE_FLASH,
	DEVICE_KERNEL,
	DEVICE_MEMORY,
	DEVICE_IGVM
};
static const char *const devices[] = {"flash", "kernel", "memory", "igvm", NULL};

enum flash_mode {
	MODE_SPLIT, /* also where no mode is named */
	MODE_COMBINED,
	MODE_STATELESS
};
static const char *const modes[] = {"split", "combined", "stateless", NULL};

enum format {
	FORMAT_RAW,
	FORMAT_QCOW2
};
static const char *const formats[] = {"raw", "qcow2", NULL};

struct descriptor {
	enum device device;
	enum flash_mode mode;
	enum format format;
	const char *filename, *executable; /* mapped as memory; as flash */
	bool has_snp, needs_smm, has_target;
};

#define MAX_WORDS 256 /* features, targets, machines */

static int read_features(const struct json_value *value, const struct field *field, void *at,
			 struct snp_error *err)
{
	struct descriptor *descriptor = at;
	const char *feature;
	size_t n;
	int r = json_array(value, field->min, MAX_WORDS, &n, err);

	for (value = r < 0 ? NULL : json_first(value); value; value = json_next(value)) {
		r = json_string(value, &feature, err);
		if (r < 0)
			return r;
		descriptor->has_snp |= strcmp(feature, "amd-sev-snp") == 0;
		descriptor->needs_smm |= strcmp(feature, "requires-smm") == 0;
	}
	return r;
}

/* Whether a glob pattern can match a versioned q35 machine: only what stands before its first wildcard is looked at. */
static bool is_q35(const char *pattern)
{
	static const char q35[] = "pc-q35-";
	size_t fixed = strcspn(pattern, "*?[");

	if (pattern[fixed] == '\0')
		return strcmp(pattern, "q35") == 0 || strncmp(pattern, q35, strlen(q35)) == 0;
	return strncmp(pattern, q35, fixed < strlen(q35) ? fixed : strlen(q35)) == 0;
}

struct target {
	const char *architecture;
	bool is_q35;
};

static int read_machines(const struct json_value *value, const struct field *field, void *at,
			 struct snp_error *err)
{
	struct target *target = at;
	const char *machine;
	size_t n;
	int r = json_array(value, field->min, MAX_WORDS, &n, err);

	for (value = r < 0 ? NULL : json_first(value); value; value = json_next(value)) {
		r = json_string(value, &machine, err);
		if (r < 0)
			return r;
		target->is_q35 |= is_q35(machine);
	}
	return r;
}

static int read_targets(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	static const struct field fields[] = {
		FIELD("architecture", field_string, target, architecture, .required = true),
		SECTION("machines", read_machines, .required = true),
		OTHER_KEYS,
	};
	struct descriptor *descriptor = at;
	size_t n;
	int r = json_array(value, field->min, MAX_WORDS, &n, err);

	for (value = r < 0 ? NULL : json_first(value); value; value = json_next(value)) {
		struct target target = {0};

		r = fields_read(value, fields, &target, err);
		if (r < 0)
			return r;
		descriptor->has_target |=
			target.is_q35 && strcmp(target.architecture, "x86_64") == 0;
	}
	return r;
}

static const struct field executable_fields[] = {
	FIELD("filename", field_string, descriptor, executable, .required = true),
	FIELD("format", field_choice, descriptor, format, .required = true, .rule = formats),
	OTHER_KEYS,
};
static const struct field mapping_fields[] = {
	FIELD("device", field_choice, descriptor, device, .required = true, .rule = devices),
	FIELD("mode", field_choice, descriptor, mode, .rule = modes),
	FIELD("filename", field_string, descriptor, filename),
	FIELD_OBJECT("executable", executable_fields),
	OTHER_KEYS,
};
static const struct field descriptor_fields[] = {
	FIELD_OBJECT("mapping", mapping_fields, .required = true),
	SECTION("targets", read_targets, .required = true),
	SECTION("features", read_features, .required = true),
	OTHER_KEYS,
};

int firmware_descriptor_read(const char *name, struct snp_span text, char ret[static PATH_MAX],
			     struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	struct descriptor d = {0};
	const char *image = NULL;
	int r = json_parse(name, text, &document, err);

	if (r == 0)
		r = fields_read(json_root(document), descriptor_fields, &d, err);
	if (r < 0)
		return r;
	if (d.device == DEVICE_MEMORY)
		image = d.filename;
	else if (d.device == DEVICE_FLASH && d.mode == MODE_STATELESS && d.format == FORMAT_RAW)
		image = d.executable;
	if (!d.has_snp || d.needs_smm || !d.has_target || !image || image[0] != '/' ||
	    strlen(image) >= PATH_MAX)
		image = "";
	snprintf(ret, PATH_MAX, "%s", image);
	return 0;
}

static int is_descriptor(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

#define MAX_DESCRIPTORS 256

struct entry {
	char name[NAME_MAX + 1];
	const char *folder;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static size_t list(const char *folder, struct entry *all, size_t n)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_descriptor, alphasort);

	for (int i = 0; i < count; i++) {
		bool hidden = n == MAX_DESCRIPTORS;

		for (size_t k = 0; k < n && !hidden; k++)
			hidden = strcmp(all[k].name, entries[i]->d_name) == 0;
		if (!hidden) {
			snprintf(all[n].name, sizeof(all[n].name), "%s", entries[i]->d_name);
			all[n++].folder = folder;
		}
		free(entries[i]);
	}
	free(entries);
	return n;
}

static bool is_there(const char *image)
{
	struct stat st;

	return stat(image, &st) == 0 && S_ISREG(st.st_mode) && access(image, R_OK) == 0;
}

/* The image of the descriptor `path`, if it suits and is there. `broken` keeps the first failure. */
static bool use(const char *path, char ret[static PATH_MAX], struct snp_error *broken)
{
	_cleanup_(freep) uint8_t *text = NULL;
	char image[PATH_MAX];
	struct snp_error err;
	size_t size;
	int r = file_read(path, SNP_MAX_SMALL, &text, &size, &err);

	if (r == 0 && size == 0)
		return false;
	if (r == 0)
		r = firmware_descriptor_read(path, (struct snp_span){text, size}, image, &err);
	if (r < 0 && broken->code == SNP_OK)
		*broken = err;
	if (r < 0 || !is_there(image))
		return false;
	snprintf(ret, PATH_MAX, "%s", image);
	return true;
}

int firmware_search_in(const char *const folders[], size_t n_folders, char ret[static PATH_MAX],
		       struct snp_error *err)
{
	_cleanup_(freep) struct entry *all = calloc(MAX_DESCRIPTORS, sizeof(*all));
	char path[PATH_MAX + NAME_MAX + 2], line[512];
	struct snp_error broken = {0};
	size_t n = 0;

	if (!all)
		return out_of_memory(err);
	for (size_t i = 0; i < n_folders; i++)
		n = list(folders[i], all, n);
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++)
		if (use(path_join(all[i].folder, all[i].name, path, sizeof(path)), ret, &broken))
			return 0;
	if (broken.code == SNP_OK)
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"no firmware for SEV-SNP is installed; run " SNP_LIBEXECDIR
			"/fetch-firmware, or build one (edk2: OvmfPkg/AmdSev) and set firmware.path");
	snp_error_line(&broken, line, sizeof(line));
	return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			 "no firmware for SEV-SNP is installed; run " SNP_LIBEXECDIR
			 "/fetch-firmware, or set firmware.path; skipped: %s",
			 line);
}

int firmware_search(char ret[static PATH_MAX], struct snp_error *err)
{
	const char *folders[] = {"", "/etc/qemu/firmware", "/usr/local/share/qemu/firmware",
				 "/usr/share/qemu/firmware"};
	char own[PATH_MAX];
	bool has_own = geteuid() != 0 && user_folder(USER_CONFIG, "qemu/firmware", own);
	int r;

	folders[0] = own;
	r = has_own ? firmware_search_in(folders, ARRAY_SIZE(folders), ret, err)
		    : firmware_search_in(folders + 1, ARRAY_SIZE(folders) - 1, ret, err);
	for (size_t i = 0; r == -SNP_E_NOT_FOUND && i < ARRAY_SIZE(known); i++) {
		if (!is_there(known[i]))
			continue;
		snprintf(ret, PATH_MAX, "%s", known[i]);
		r = 0;
	}
	return r;
}
