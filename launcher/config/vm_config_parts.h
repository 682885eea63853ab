/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_VM_CONFIG_PARTS_H
#define LAUNCHER_VM_CONFIG_PARTS_H

#include <snp/fields.h>

/* The member "snp" of vm.json, a table about struct vm_config, for vm_config.c alone. */
extern const struct field vm_snp_fields[];

#endif
