/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_VM_CONFIG_PARTS_H
#define LAUNCHER_VM_CONFIG_PARTS_H

#include <snp/fields.h>

#include "config/vm_config.h"

/* The sections of vm.json, one file per group, for vm_config.c alone: tables about struct vm_config,
 * struct vm_disk and struct vm_network. */
extern const struct field vm_cpu_fields[], vm_memory_fields[];
extern const struct field vm_disk_fields[], vm_network_fields[], vm_console_fields[],
	vm_vsock_fields[], vm_vfio_fields[];
extern const struct field vm_snp_fields[];

/* What is held when the table is filled. */
int vm_cpu_check(const struct json_value *value, void *at, struct snp_error *err);
int vm_network_check(const struct json_value *value, void *at, struct snp_error *err);
int vm_console_check(const struct json_value *value, void *at, struct snp_error *err);

#endif
