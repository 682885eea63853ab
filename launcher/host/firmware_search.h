/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_FIRMWARE_SEARCH_H
#define LAUNCHER_HOST_FIRMWARE_SEARCH_H

#include <limits.h>

#include <snp/error.h>

/*
 * firmware.auto: a firmware image for SEV-SNP on this machine. First the descriptors that QEMU and
 * libvirt read (QEMU docs/interop/firmware.json: $XDG_CONFIG_HOME/qemu/firmware, /etc/qemu/firmware,
 * /usr/share/qemu/firmware; a name in an earlier folder hides the same in a later, an empty file hides
 * it whole), in order of their names: those for x86_64 with the feature "amd-sev-snp" whose image is
 * mapped as memory or is a stateless flash. Then the places where distributions install one without
 * describing it. Errors: SNP_E_NOT_FOUND, with the places that were searched.
 */
SNP_MUST_USE int firmware_search(char ret[static PATH_MAX], struct snp_error *err);

#endif
