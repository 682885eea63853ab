/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_STATE_DIR_H
#define LAUNCHER_GUEST_STATE_DIR_H

#include <limits.h>
#include <stdbool.h>

#include <snp/error.h>

/*
 * Which host a libvirt URI names, and where this launcher keeps the directories of that host's guests.
 *
 *   qemu:///system                      /var/lib/snp-launch
 *   qemu:///session                     $XDG_STATE_HOME/snp-launch, else ~/.local/state/snp-launch
 *   a simulated host's socket           FOLDER/guests, in that host's own folder
 *   any other                           one of the first two (root, others), and in it a folder named
 *                                       by the URI with "/" and "%" as %XX: no guest has such a name
 */

/* True if the files that `uri` would launch lie on another machine: it names a server, or a transport
 * that leaves this one. A forwarded socket (qemu+unix:///…?socket=) cannot be told from a local one
 * here; --remote-root says so. */
bool uri_is_remote(const char *uri);

/* The folder of the simulated host that `uri` belongs to; false if it is none: the socket's name is
 * not FOLDER/run/libvirt/libvirt-sock, or FOLDER has no keeper.lock. */
bool uri_simulated_host(const char *uri, char ret[static PATH_MAX]);

/* The folder for guests of `uri`: `option` (--state-dir; may be NULL), else $SNP_LAUNCH_STATE_DIR, else
 * as above. Absolute; nothing is made. Errors: SNP_E_USAGE (no home to keep it in, or too long). */
SNP_CHECK int state_dir_find(const char *option, const char *uri, char ret[static PATH_MAX],
			     struct snp_error *err);

#endif
