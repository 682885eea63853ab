// SPDX-License-Identifier: Apache-2.0
/* vm.json: disks, networks and the rest of what is plugged in. None of it is measured. */
#include <stdlib.h>
#include <string.h>

#include "config/text_rule.h"
#include "config/vm_config_parts.h"

static int read_disk(const struct json_value *value, void *at, struct snp_error *err)
{
	static const char *const formats[] = {"raw", "qcow2", NULL};
	static const char *const buses[] = {"virtio", "scsi", NULL};
	static const char *const caches[] = {"none",	   "writeback", "writethrough",
					     "directsync", "unsafe",	NULL};
	static const struct field fields[] = {
		FIELD("path", field_text, vm_disk, path, .required = true, .rule = &rule_path),
		/* Never probed: a guest that writes a qcow2 header into its raw disk would choose what
		 * the host opens next (libvirt's CVE-2010-2237). */
		FIELD("format", field_choice, vm_disk, format, .required = true, .rule = formats),
		FIELD("bus", field_choice, vm_disk, bus, .rule = buses),
		FIELD("cache", field_choice, vm_disk, cache, .rule = caches),
		FIELD("readonly", field_bool, vm_disk, readonly),
		FIELD("serial", field_text, vm_disk, serial, .rule = &rule_serial),
		FIELD("boot", field_u32, vm_disk, boot, .min = 1, .max = 99),
		{0},
	};

	return fields_read(value, fields, at, err);
}

/* vda to vdz */
#define MAX_DISKS 26

int read_disks(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	struct vm_config *config = at;
	void *disks = NULL;
	int r = read_array(value, MAX_DISKS, sizeof(*config->disks), read_disk, &disks,
			   &config->n_disks, err);

	(void)field;
	config->disks = disks;
	return r;
}

static int read_network(const struct json_value *value, void *at, struct snp_error *err)
{
	static const char *const types[] = {"network", "bridge", "user", NULL};
	static const struct field fields[] = {
		FIELD("type", field_choice, vm_network, type, .required = true, .rule = types),
		FIELD("source", field_text, vm_network, source, .rule = &rule_source),
		FIELD("mac", field_text, vm_network, mac, .rule = &rule_mac),
		{0},
	};
	const struct vm_network *network = at;
	int r = fields_read(value, fields, at, err);

	if (r == 0 && network->type != VM_NETWORK_USER && !network->source)
		r = json_need(value, "source", &value, err);
	if (r == 0 && network->type == VM_NETWORK_USER && network->source)
		r = json_fail(json_get(value, "source"), err, SNP_E_JSON_VALUE,
			      "a network of type \"user\" has no source");
	return r;
}

int read_networks(const struct json_value *value, const struct field *field, void *at,
		  struct snp_error *err)
{
	struct vm_config *config = at;
	void *networks = NULL;
	int r = read_array(value, 16, sizeof(*config->networks), read_network, &networks,
			   &config->n_networks, err);

	(void)field;
	config->networks = networks;
	return r;
}

int read_console(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	static const char *const types[] = {"pty", "file", "none", NULL};
	static const struct field fields[] = {
		FIELD("type", field_choice, vm_config, console, .required = true, .rule = types),
		FIELD("path", field_text, vm_config, console_path, .rule = &rule_path),
		{0},
	};
	const struct vm_config *config = at;
	int r = fields_read(value, fields, at, err);

	(void)field;
	if (r == 0 && config->console == VM_CONSOLE_FILE && !config->console_path)
		r = json_need(value, "path", &value, err);
	if (r == 0 && config->console != VM_CONSOLE_FILE && config->console_path)
		r = json_fail(json_get(value, "path"), err, SNP_E_JSON_VALUE,
			      "only a console of type \"file\" has a path");
	return r;
}

/* CIDs 0 to 2 are the hypervisor, the loopback and the host; the last is VMADDR_CID_ANY (Linux
 * include/uapi/linux/vm_sockets.h). */
static int read_cid(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	struct vm_config *config = at;
	const char *text;
	int r;

	if (json_is_string(value)) {
		r = json_string(value, &text, err);
		if (r == 0 && strcmp(text, "auto") != 0)
			r = json_fail(value, err, SNP_E_JSON_VALUE,
				      "\"auto\" or a number of 3 to 4294967294 is right");
		config->vsock = VM_VSOCK_AUTO;
		return r;
	}
	config->vsock = VM_VSOCK_CID;
	return field_u32(value, field, &config->vsock_cid, err);
}

int read_vsock(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	static const struct field fields[] = {
		SECTION("cid", read_cid, .required = true, .min = 3, .max = UINT32_MAX - 1),
		{0},
	};

	(void)field;
	return fields_read(value, fields, at, err);
}

static int read_address(const struct json_value *value, void *at, struct snp_error *err)
{
	static const struct field fields[] = {
		SECTION("address", field_text, .required = true, .rule = &rule_pci),
		{0},
	};

	return fields_read(value, fields, at, err);
}

int read_vfio(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err)
{
	struct vm_config *config = at;
	void *addresses = NULL;
	int r = read_array(value, 16, sizeof(*config->vfio), read_address, &addresses,
			   &config->n_vfio, err);

	(void)field;
	config->vfio = addresses;
	return r;
}
