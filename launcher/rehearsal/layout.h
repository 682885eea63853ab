/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_LAYOUT_H
#define LAUNCHER_REHEARSAL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <snp/error.h>

/* The folder of a simulated host (rehearsal/host.h), and who works in it. */

#define HOST_LIBRARY	   "lib/libsnp-rehearsal.so"
#define HOST_LOCK	   "keeper.lock"
#define HOST_SOCKET	   "run/libvirt/libvirt-sock"
#define HOST_LIBVIRTD_CONF "config/libvirt/libvirtd.conf"

/* sun_path has 108 bytes; libvirt and QEMU make sockets some 30 bytes below the folder. */
#define HOST_FOLDER_MAX 70
#define HOST_PATH_MAX	512

/* The chip, and the TCB of its platform in the layout of Milan and Genoa. */
#define CHIP_ID_SIZE	     64
#define CHIP_TCB_BOOT_LOADER 4
#define CHIP_TCB_TEE	     0
#define CHIP_TCB_SNP	     24
#define CHIP_TCB_MICROCODE   219

struct host_layout {
	char folder[HOST_FOLDER_MAX + 1];
	uid_t user; /* libvirtd's and QEMU's */
	gid_t group;
	uint8_t chip_id[CHIP_ID_SIZE];
};

/* The path of `name` in the folder, written to `ret`. Returns `ret`. */
const char *host_path(const struct host_layout *host, const char *name,
		      char ret[static HOST_PATH_MAX]);

/* Write a file into the folder, with `mode`, owned by the host's user. Errors: SNP_E_WRITE. */
SNP_MUST_USE int host_write(const struct host_layout *host, const char *name, const void *bytes,
			    size_t size, mode_t mode, struct snp_error *err);

/* Read a file of the host's user, or one that we made for it, of at most `max` bytes; for free(). Nothing is
 * followed that this user may have put there. NULL where there is no such file. */
uint8_t *host_read(const struct host_layout *host, const char *name, size_t max, size_t *ret_size);

/* A new log in the folder. Returns its descriptor, or -1. */
int host_new_log(const struct host_layout *host, const char *name);

/* Make the folder (`folder`, or NULL for a new one in /tmp), and find the user. Errors: SNP_E_USAGE
 * (too long for sockets), SNP_E_EXISTS, SNP_E_WRITE, SNP_E_SYSTEM (no user nobody). */
SNP_MUST_USE int host_layout_make(const char *folder, struct host_layout *ret,
				  struct snp_error *err);

/* Make the folders in it, copy the preload library into it, and write host.conf and the configuration of
 * libvirtd. Errors: SNP_E_EXISTS, SNP_E_OPEN, SNP_E_READ, SNP_E_WRITE. */
SNP_MUST_USE int host_layout_fill(const struct host_layout *host, const char *library,
				  const char *kernel, const char *firmware, struct snp_error *err);

/* Empty run/, as a reboot does. Returns a negative number on failure. */
int host_clear_run(const struct host_layout *host);

/*
 * Copy what libvirt learnt by probing QEMU, which takes it seconds, from folder `cache` into the host, or
 * (`save`) back. Each host has a copy of its own, since libvirt does not write these files in one step.
 * They are valid for one build of the preload library only; the rest (QEMU, kernel, libvirt) libvirt
 * compares itself. Failures are silent: a start then only takes longer.
 */
void host_capabilities(const struct host_layout *host, const char *cache, bool save);

#endif
