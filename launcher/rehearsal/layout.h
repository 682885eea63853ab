/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_LAYOUT_H
#define LAUNCHER_REHEARSAL_LAYOUT_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include <snp/error.h>

/* The folder of a simulated host (rehearsal/host.h) and who works in it. */

#define HOST_LIBRARY "lib/libsnp-rehearsal.so"
#define HOST_LOCK    "keeper.lock"
#define HOST_SOCKET  "run/libvirt/libvirt-sock"
#define CHIP_ID_SIZE 64

struct host_layout {
	char folder[PATH_MAX];
	uid_t user; /* libvirtd's and QEMU's */
	gid_t group;
	uint8_t chip_id[CHIP_ID_SIZE];
};

/* The path of `name` in the folder, in a buffer that the next call reuses. */
const char *host_path(const struct host_layout *host, const char *name);

/* Write a file into the folder, `mode`, belonging to the host's user. Errors: SNP_E_WRITE. */
SNP_MUST_USE int host_write(const struct host_layout *host, const char *name, const void *bytes,
			    size_t size, mode_t mode, struct snp_error *err);

/* Make the folder (`folder`, or NULL for a new one in /tmp), and find the user. Errors: SNP_E_USAGE (too long for sockets), SNP_E_EXISTS, SNP_E_WRITE, SNP_E_SYSTEM (no nobody). */
SNP_MUST_USE int host_layout_make(const char *folder, struct host_layout *ret,
				  struct snp_error *err);

/* Make the folders in it. Errors: SNP_E_EXISTS, SNP_E_WRITE. */
SNP_MUST_USE int host_layout_subfolders(const struct host_layout *host, struct snp_error *err);

/* Copy the preload library into it. Errors: SNP_E_OPEN, SNP_E_READ, SNP_E_WRITE. */
SNP_MUST_USE int host_layout_library(const struct host_layout *host, const char *library,
				     struct snp_error *err);

/* Write the configuration of libvirtd and host.conf. Errors: SNP_E_WRITE. */
SNP_MUST_USE int host_layout_configure(const struct host_layout *host, const char *kernel,
				       const char *firmware, struct snp_error *err);

#endif
