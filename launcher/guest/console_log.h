/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_CONSOLE_LOG_H
#define LAUNCHER_GUEST_CONSOLE_LOG_H

#include <snp/error.h>

#include "guest/guest_dir.h"

/*
 * The console's log of each boot. libvirt writes log/console.log, and virtlogd moves what is too long to
 * console.log.0, .1 and so on. Before a start these move to log/N, where N counts the boots; the last
 * CONSOLE_LOG_BOOTS are kept. A boot by virsh is appended to the log that is there.
 */
#define CONSOLE_LOG_BOOTS 10
#define CONSOLE_LOG_PARTS 16 /* of one boot */

/* Make room for the next boot's log. A guest whose log cannot be moved still starts: libvirt appends. A session's daemon
 * empties the log of the domain's QEMU at each start, so that one is copied to log/N/qemu.log. */
void console_log_begin(const struct guest_dir *dir, const char *uri, const char *domain);

/* Move the logs of `old` to `new`, which replaces it and has none of earlier boots. QEMU's log is the new one's now. */
void console_log_adopt(const struct guest_dir *old, const struct guest_dir *new);

/* The parts of a boot's log, the oldest first, for log_parts_close(). */
struct log_parts {
	size_t n;
	int fd[CONSOLE_LOG_PARTS];
};
void log_parts_close(struct log_parts *parts);

/* Open the log of a boot of the guest in `folder`: 0 is the last one, 1 the one before. No link is followed, and nothing
 * but a regular file is read: a folder of release 0.1.0 belongs to QEMU's user, and a session's to the daemon's.
 * Errors: SNP_E_NOT_FOUND (fewer boots are kept), SNP_E_OPEN, SNP_E_NOT_REGULAR. */
SNP_MUST_USE int console_log_open(const char *folder, unsigned int boots_ago, struct log_parts *ret,
				  struct snp_error *err);

/* The same of QEMU's log of an earlier boot, where it was copied. */
SNP_MUST_USE int qemu_copy_open(const char *folder, unsigned int boots_ago, struct log_parts *ret,
				struct snp_error *err);

#endif
