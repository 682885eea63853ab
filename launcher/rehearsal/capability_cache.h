/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_REHEARSAL_CAPABILITY_CACHE_H
#define LAUNCHER_REHEARSAL_CAPABILITY_CACHE_H

#include "rehearsal/layout.h"

/*
 * What libvirt learnt by probing QEMU, which takes it seconds, shared between hosts. Each host has a
 * copy of its own, since libvirt does not write these files in one step. They hold for one build of the
 * preload library only; the rest (QEMU, kernel, libvirt) libvirt compares itself. Failures are silent:
 * without them a start is slower and otherwise the same.
 */

/* Copy what `cache` has into the host's folder. */
void capability_cache_load(const struct host_layout *host, const char *cache);

/* Copy what the host's libvirt learnt into `cache`. */
void capability_cache_save(const struct host_layout *host, const char *cache);

#endif
