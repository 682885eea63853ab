/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_COMPLAINT_H
#define REHEARSAL_PRELOAD_COMPLAINT_H

/* Say on stderr, which libvirt quotes when QEMU dies, and in the host's log/simulation.log, what was
 * refused and why. errno is kept. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A request to `device`, or a command or capability within the request `device`, that the simulation
 * does not know. It names itself, and QEMU ends with it: no answer would be better than a guess. In
 * another program it returns -ENOTTY. */
int refuse_unknown(const char *device, unsigned long request);

#endif
