/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_LIBVIRTD_H
#define LAUNCHER_REHEARSAL_LIBVIRTD_H

#include "rehearsal/layout.h"

/* Start the session libvirtd of a simulated host, as the host's user and with the preload library, as a
 * child that dies with its parent. Returns its process, or -errno. */
pid_t libvirtd_start(const struct host_layout *host);

#endif
