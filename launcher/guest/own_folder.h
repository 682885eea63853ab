/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_OWN_FOLDER_H
#define LAUNCHER_GUEST_OWN_FOLDER_H

#include <snp/error.h>

/*
 * What is launched is what the guests' folders say, so nobody may have a say in these but root and the
 * user who launches. Who owns a folder, or may write it, can put another in the place of what it holds.
 * That the folders above STATE are such is left to whoever chose STATE.
 */

/* Refuse STATE, of path `state`, unless it is root's or this user's and others cannot exchange what is in
 * it (they cannot write it, or its sticky bit is set). None there is as good.
 * Errors: SNP_E_UNSAFE_STATE, SNP_E_OPEN. */
SNP_MUST_USE int own_folder_check_state(const char *state, struct snp_error *err);

/* Refuse the guest's folder open as `fd`, of path `path`, or a boot/ in it, unless they are root's or this
 * user's and others cannot write them. Errors: SNP_E_UNSAFE_STATE, SNP_E_OPEN. */
SNP_MUST_USE int own_folder_check_guest(int fd, const char *path, struct snp_error *err);

#endif
