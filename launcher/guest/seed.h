/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_SEED_H
#define LAUNCHER_GUEST_SEED_H

#include <stdbool.h>
#include <sys/types.h>

#include <snp/error.h>

#include "config/vm_config.h"
#include "guest/guest_dir.h"

/*
 * What cloud-init reads in the guest, its NoCloud data source: STATE/NAME/cloud-init.iso, which xorriso makes of the
 * files that vm.json names. They may hold secrets, so nothing else keeps a byte or a hash of them: the image alone says
 * of which contents it was made, by its volume set identifier, and only the launcher and QEMU's group can read it. It
 * is not measured, and nothing in it is trusted.
 */
#define GUEST_SEED "cloud-init.iso"

/* Whether the image in `folder`, a guest's, was made of other contents than the files have now. Errors: those of
 * file_read(). */
SNP_MUST_USE int seed_differs(const struct vm_config *config, const char *uuid, const char *folder,
			      bool *ret, struct snp_error *err);

/* Make the image, readable by `group` too ((gid_t)-1: nobody else), and put it in its place in `dir`; what was there
 * is kept until seed_keep() or seed_undo(). Nothing is done without a member cloud_init, or if the image is already of
 * these contents. Errors: those of file_read();
 * SNP_E_NOT_FOUND (no xorriso), SNP_E_WRITE. */
SNP_MUST_USE int seed_make(const struct vm_config *config, const char *uuid,
			   const struct guest_dir *dir, gid_t group, struct snp_error *err);

/* Remove what seed_make() kept, and the image itself if vm.json no longer wants one. */
void seed_keep(const struct vm_config *config, const struct guest_dir *dir);

/* Put it back. */
void seed_undo(const struct guest_dir *dir);

#endif
