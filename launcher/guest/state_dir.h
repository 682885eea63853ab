/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_STATE_DIR_H
#define LAUNCHER_GUEST_STATE_DIR_H

#include <limits.h>

#include <snp/error.h>

/*
 * Where this launcher keeps the directories of a host's guests, by the host's libvirt URI.
 *
 *   qemu:///system                      /var/lib/snp-launch
 *   qemu:///session                     $XDG_STATE_HOME/snp-launch, else ~/.local/state/snp-launch
 *   a simulated host's socket           FOLDER/guests, in that host's own folder
 *   any other                           one of the first two (root, others), and in it a folder named
 *                                       "@" and the URI, with "/" and "%" as %XX: no guest's name
 *                                       begins so
 *
 * The URI is libvirt's own (virConnectGetURI()): what a user types may be an alias of it.
 */

#define SYSTEM_STATE "/var/lib/snp-launch"

/* The folder for guests of `uri`: `option` (--state-dir; may be NULL), else $SNP_LAUNCH_STATE_DIR, else
 * as above. Absolute; nothing is made. Errors: SNP_E_USAGE (no home to keep it in, or too long),
 * SNP_E_OPEN (relative, and the working folder is gone). */
SNP_MUST_USE int state_dir_find(const char *option, const char *uri, char ret[static PATH_MAX],
				struct snp_error *err);

#endif
