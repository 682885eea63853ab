/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_QEMU_FILE_H
#define LAUNCHER_HOST_QEMU_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* What libvirt's daemon keeps on this machine about a domain's QEMU: its log, and since when it runs. Nothing of a
 * daemon on another machine, or at a socket whose daemon is not known, can be read. */

/* Open QEMU's log, or one that was rotated away: 1 for the newest, and so on. Links are not followed. Returns a
 * descriptor, or a negative errno: -ENOENT where there is none. */
int qemu_log_open(const char *uri, const char *domain, unsigned int rotated);

/* The last lines of what QEMU itself said in its last run, at most QEMU_SAID_LINES, each with its newline; "" if it
 * said nothing or cannot be read. Untrusted text. */
#define QEMU_SAID_LINES 3
#define QEMU_SAID_MAX	2048
void qemu_log_said(const char *uri, const char *domain, char ret[static QEMU_SAID_MAX]);

/* The same for the end of a log that was read: `text` has `size` bytes. */
void qemu_said_in(const char *text, size_t size, char ret[static QEMU_SAID_MAX]);

/* Where libvirt's message says nothing of the cause, what QEMU said, in one line. False if the message does, or if QEMU
 * said nothing. */
bool qemu_log_cause(const char *uri, const char *domain, const char *message,
		    char ret[static QEMU_SAID_MAX]);

/* When a running QEMU was started; 0 where that is not known. */
time_t qemu_started(const char *uri, const char *domain);

#endif
