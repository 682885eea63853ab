// SPDX-License-Identifier: Apache-2.0
/* vm.json: disks, networks and the rest of what is plugged in. None of it is measured. */
#include <stdlib.h>
#include <string.h>

#include "config/text_rule.h"
#include "config/vm_config_parts.h"

static const char *const formats[] = {"raw", "qcow2", NULL};
static const char *const buses[] = {"virtio", "scsi", NULL};
static const char *const caches[] = {"none",	   "writeback", "writethrough",
				     "directsync", "unsafe",	NULL};

const struct field vm_disk_fields[] = {
	FIELD("path", field_text, vm_disk, path, .required = true, .rule = &rule_path),
	/* Never probed: a guest that writes a qcow2 header into its raw disk would choose what the host
	 * opens next (libvirt's CVE-2010-2237). */
	FIELD("format", field_choice, vm_disk, format, .required = true, .rule = formats),
	FIELD("bus", field_choice, vm_disk, bus, .rule = buses),
	FIELD("cache", field_choice, vm_disk, cache, .rule = caches),
	FIELD("readonly", field_bool, vm_disk, readonly),
	FIELD("serial", field_text, vm_disk, serial, .rule = &rule_serial),
	FIELD("boot", field_u32, vm_disk, boot, .min = 1, .max = 99),
	{0},
};

static const char *const network_types[] = {"network", "bridge", "user", NULL};

const struct field vm_network_fields[] = {
	FIELD("type", field_choice, vm_network, type, .required = true, .rule = network_types),
	FIELD("source", field_text, vm_network, source, .rule = &rule_source),
	FIELD("mac", field_text, vm_network, mac, .rule = &rule_mac),
	{0},
};

int vm_network_check(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct vm_network *network = at;

	if (network->type != VM_NETWORK_USER && !network->source)
		return json_need(value, "source", &value, err);
	if (network->type == VM_NETWORK_USER && network->source)
		return json_fail(json_get(value, "source"), err, SNP_E_JSON_VALUE,
				 "a network of type \"user\" has no source");
	return 0;
}

static const char *const console_types[] = {"pty", "file", "none", NULL};

const struct field vm_console_fields[] = {
	FIELD("type", field_choice, vm_config, console, .required = true, .rule = console_types),
	FIELD("path", field_text, vm_config, console_path, .rule = &rule_path),
	{0},
};

int vm_console_check(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct vm_config *config = at;

	if (config->console == VM_CONSOLE_FILE && !config->console_path)
		return json_need(value, "path", &value, err);
	if (config->console != VM_CONSOLE_FILE && config->console_path)
		return json_fail(json_get(value, "path"), err, SNP_E_JSON_VALUE,
				 "only a console of type \"file\" has a path");
	return 0;
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

const struct field vm_vsock_fields[] = {
	SECTION("cid", read_cid, .required = true, .min = 3, .max = UINT32_MAX - 1),
	{0},
};

/* The place of one is a char *. */
const struct field vm_vfio_fields[] = {
	SECTION("address", field_text, .required = true, .rule = &rule_pci),
	{0},
};
