/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_GUEST_NEEDS_H
#define LAUNCHER_HOST_GUEST_NEEDS_H

#include "config/checks.h"
#include "config/vm_config.h"
#include "host/hypervisor.h"

/*
 * Everything on a host that a guest needs to start, by the names of the checks that refuse its absence: networks,
 * bridges, disks and who else uses them, programs, devices, CPUs, memory. `check` lists it. `create`, `apply` and
 * `import` look at it before they touch anything, so that they do not refuse what `check` passes. Of a remote host only
 * libvirt can be asked. A simulated host has the kernel's files, if any, below machine/ of its folder. What a guest of the same
 * name that runs uses already is not counted.
 */
void guest_needs(const struct hypervisor *host, const struct vm_config *config,
		 struct host_needs *ret);

#endif
