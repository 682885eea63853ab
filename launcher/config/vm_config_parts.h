/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_VM_CONFIG_PARTS_H
#define LAUNCHER_VM_CONFIG_PARTS_H

#include <snp/fields.h>

/* Members of vm.json, for vm_config.c alone: "snp" and "cloud_init" are tables about struct vm_config, the others
 * each about one of what the array of that name holds. */
extern const struct field vm_snp_fields[], vm_cloud_init_fields[];
extern const struct field vm_disk_fields[], vm_cdrom_fields[], vm_network_fields[],
	vm_folder_fields[], vm_vfio_fields[], vm_node_fields[];

int vm_network_check(const struct json_value *value, void *at, struct snp_error *err);

/* Readers: a size into a uint64_t of KiB, as a text with its unit or a number of bytes. */
field_reader vm_read_size;

#endif
