/* SPDX-License-Identifier: Apache-2.0 */
/* The program that this library is loaded into: libvirtd, QEMU, or one of their children. */
#ifndef REHEARSAL_PRELOAD_PROGRAM_H
#define REHEARSAL_PRELOAD_PROGRAM_H

#include <stddef.h>

/* Say what was refused and why, on stderr, which libvirt quotes when QEMU dies, and in the host's
 * log/simulation.log. errno is kept. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For a request to `device`, or a command or capability of the request `device`, that the simulation
 * does not know. Names it and ends QEMU: a wrong answer would be worse than none. In any other program
 * it returns -ENOTTY. */
int refuse_unknown(const char *device, unsigned long request);

/* Find the guest's name in QEMU's arguments, `size` bytes of NUL-ended strings as in /proc/self/cmdline:
 * the first that follows "-name", "guest=NAME,…" or "NAME,…", where QEMU's option syntax doubles the
 * commas of a name. `ret`, of `ret_size` bytes (at least 1), gets it cut to its size, or "". */
void program_find_guest_name(const char *args, size_t size, char *ret, size_t ret_size);

/* Open this guest's folder: HOST/guests/NAME/run of a guest made by snp-launch, else HOST/foreign/NAME,
 * which is made if it is missing. Returns a descriptor, or -1 if there is no guest (libvirt's probe has
 * no name) or, after a complaint, if the folder cannot be made. */
int program_open_guest_folder(void);

/* End QEMU when the host's keeper is gone, even by SIGKILL. Call it in the process that stays (QEMU
 * forks when it daemonizes). */
void program_watch_keeper(void);

#endif
