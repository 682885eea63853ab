/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_IMPORT_H
#define LAUNCHER_IMPORT_H

#include <limits.h>
#include <stdbool.h>

#include <snp/error.h>

#include "archive/guest_archive.h"
#include "guest/guest_dir.h"

/* A guest out of an archive, before it is created: its boot files in STATE/.NAME.import, its disks in the folder where
 * they will stay, under names that say that they are not whole yet. */
struct import {
	struct guest_dir dir; /* fd -1: nothing was unpacked */
	/* As archived; its boot files' paths are those of what was unpacked. */
	struct guest_record *record;
	struct vm_config *config;
	char template[PATH_MAX + 128]; /* "": none */
	char disk_folder[PATH_MAX];    /* absolute; "": none was given */
	int disk_fd;
	size_t n_disks;	 /* in the archive */
	size_t n_placed; /* of them, under their own names */
	bool kept;	 /* the guest is created: import_done() leaves the disks */
};

struct import_request {
	archive_source *source;
	void *source_arg;
	const char *state;
	const char *name;	 /* NULL: as archived */
	bool take_template;	 /* false: an archive with a template is refused */
	const char *disk_folder; /* for the disks; NULL: an archive with disks is refused */
	uid_t disk_user; /* whose they become; -1: the launcher's, and libvirt gives them away */
	gid_t disk_group;
};

/* Unpack an archive that anybody may have made. `ret` is for import_done(), also after a failure.
 * Errors: those of guest_archive_read(), record_parse(), vm_config_parse(), disk_image_check() and
 * guest_dir_claim_import(); SNP_E_EXISTS (the guest; a disk); SNP_E_USAGE (disks, and no folder for them; a template that was not allowed). */
SNP_MUST_USE int import_unpack(const struct import_request *request, struct import *ret,
			       struct snp_error *err);

/* The path of disk `i` in its folder. */
const char *import_disk_path(const struct import *import, size_t i,
			     char ret[static PATH_MAX + 128]);

/* Give the disks their own names; none that is there is replaced. Errors: SNP_E_EXISTS, SNP_E_WRITE. */
SNP_MUST_USE int import_place_disks(struct import *import, struct snp_error *err);

/* Remove what was unpacked. */
void import_done(struct import *import);

#endif
