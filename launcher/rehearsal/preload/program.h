/* SPDX-License-Identifier: Apache-2.0 */
/* The program that this library finds itself in: libvirtd, QEMU, or a child of theirs. */
#ifndef REHEARSAL_PRELOAD_PROGRAM_H
#define REHEARSAL_PRELOAD_PROGRAM_H

#include <stdbool.h>

bool program_is_qemu(void);

/* The guest's name as libvirt gives it to QEMU (-name guest=NAME,…), or "" where there is none. Valid
 * until the process ends. */
const char *program_guest_name(void);

/* Whether QEMU's own CPUID instructions now see the simulated host; see program.c. */
bool program_cpuid_simulated(void);

/* End QEMU when the host's keeper is gone, even by SIGKILL. To be called in the process that stays
 * (QEMU forks when it daemonizes). */
void program_watch_keeper(void);

#endif
