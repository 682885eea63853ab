/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_QEMU_IGVM_H
#define LAUNCHER_HOST_QEMU_IGVM_H

#include <stdbool.h>
#include <stddef.h>

#include "host/hypervisor.h"

/* Ask the QEMU that libvirt would run (`emulator`, or NULL: its choice) whether it has the object igvm-cfg, which
 * needs a build with libigvm. If so, `ret_version` is that QEMU's own version, as virConnectGetVersion() would give it;
 * 0 if it does not say. If not, `why` says what is wrong, as the end of a sentence. */
bool qemu_takes_igvm(const struct hypervisor *host, const char *emulator,
		     unsigned long *ret_version, char *why, size_t size);

#endif
