/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_VM_CONFIG_PARTS_H
#define LAUNCHER_VM_CONFIG_PARTS_H

#include "config/fields.h"
#include "config/vm_config.h"

/* Readers of the sections of vm.json, one file per group; `at` is the whole struct vm_config. They are
 * used by vm_config.c alone. */
int read_cpu(const struct json_value *value, const struct field *field, void *at,
	     struct snp_error *err);
int read_memory(const struct json_value *value, const struct field *field, void *at,
		struct snp_error *err);

int read_disks(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err);
int read_networks(const struct json_value *value, const struct field *field, void *at,
		  struct snp_error *err);
int read_console(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err);
int read_vsock(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err);
int read_vfio(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err);

int read_snp(const struct json_value *value, const struct field *field, void *at,
	     struct snp_error *err);

/* An array of at most `max` members into an allocated array of `size` bytes each, all zero before
 * `read` fills them. */
int read_array(const struct json_value *value, size_t max, size_t size,
	       int (*read)(const struct json_value *member, void *at, struct snp_error *err),
	       void **ret, size_t *ret_n, struct snp_error *err);

#endif
