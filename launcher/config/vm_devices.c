// SPDX-License-Identifier: Apache-2.0
/* vm.json: what is plugged in, and on which of the host's CPUs and nodes the guest is. None of it is measured. */
#include <stdlib.h>
#include <string.h>

#include "config/text_rule.h"
#include "config/vm_config.h"
#include "config/vm_config_parts.h"

#define MAX_BYTES (UINT64_C(1) << 47)

int vm_read_size(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	static const char units[] = "KMGT";
	uint64_t *ret_kib = at, kib = 0;
	const char *text, *c;
	int r;

	(void)field;
	if (!json_is_string(value)) {
		r = json_integer(value, 1024, MAX_BYTES, &kib, err);
		if (r == 0 && kib % 1024 != 0)
			r = json_fail(value, err, SNP_E_JSON_VALUE,
				      "a number of bytes must be a multiple of 1024");
		if (r == 0)
			*ret_kib = kib / 1024;
		return r;
	}
	r = json_ruled(value, &rule_memory, &text, err);
	if (r < 0)
		return r;
	for (c = text; *c >= '0' && *c <= '9'; c++)
		kib = kib * 10 + (uint64_t)(*c - '0');
	*ret_kib = kib << 10 * (strchr(units, *c) - units);
	return 0;
}

const struct field vm_node_fields[] = {
	FIELD("cpus", field_text, vm_node, cpus, .required = true, .rule = &rule_cpus),
	FIELD("memory", vm_read_size, vm_node, memory_kib, .required = true),
	FIELD("host_nodes", field_text, vm_node, host_nodes, .rule = &rule_cpus),
	{0},
};

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

static const char *const models[] = {"virtio", "e1000e", NULL};
static const char *const protocols[] = {"tcp", "udp", NULL};

static const struct field forward_fields[] = {
	FIELD("protocol", field_choice, vm_forward, protocol, .rule = protocols),
	FIELD("address", field_text, vm_forward, address, .rule = &rule_address),
	FIELD("host", field_u32, vm_forward, host, .required = true, .min = 1, .max = 65535),
	FIELD("guest", field_u32, vm_forward, guest, .required = true, .min = 1, .max = 65535),
	{0},
};

const struct field vm_network_fields[] = {
	FIELD("type", field_choice, vm_network, type, .required = true, .rule = network_types),
	FIELD("source", field_text, vm_network, source, .rule = &rule_source),
	FIELD("mac", field_text, vm_network, mac, .rule = &rule_mac),
	FIELD("model", field_choice, vm_network, model, .rule = models),
	/* QEMU's VIRTIO_QUEUE_MAX is 1024; libvirt and Linux's tap (MAX_TAP_QUEUES) have at most 256. */
	FIELD("queues", field_u32, vm_network, queues, .min = 1, .max = 256),
	FIELD_ARRAY("forward", forward_fields, vm_network, forwards, n_forwards, .min = 1,
		    .max = 32),
	{0},
};

int vm_network_check(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct vm_network *network = at;
	const bool user = network->type == VM_NETWORK_USER;

	if (!user && !network->source)
		return json_need(value, "source", &value, err);
	if (user && network->source)
		return json_fail(json_get(value, "source"), err, SNP_E_JSON_VALUE,
				 "a network of type \"user\" has no source");
	if (!user && network->n_forwards > 0)
		return json_fail(json_get(value, "forward"), err, SNP_E_JSON_VALUE,
				 "only a network of type \"user\" forwards ports");
	if (network->queues > 0 && (user || network->model != VM_NIC_VIRTIO))
		return json_fail(json_get(value, "queues"), err, SNP_E_JSON_VALUE,
				 "only a virtio card in a network or on a bridge has queues");
	return 0;
}

const struct field vm_cdrom_fields[] = {
	FIELD("path", field_text, vm_cdrom, path, .required = true, .rule = &rule_path),
	FIELD("boot", field_u32, vm_cdrom, boot, .min = 1, .max = 99),
	{0},
};

const struct field vm_folder_fields[] = {
	FIELD("path", field_text, vm_folder, path, .required = true, .rule = &rule_path),
	FIELD("tag", field_text, vm_folder, tag, .required = true, .rule = &rule_tag),
	{0},
};

const struct field vm_vfio_fields[] = {
	FIELD("address", field_text, vm_vfio, address, .required = true, .rule = &rule_pci),
	FIELD("iommufd", field_bool, vm_vfio, iommufd),
	{0},
};

const struct field vm_cloud_init_fields[] = {
	FIELD("user_data", field_text, vm_config, cloud_init.user_data, .required = true,
	      .rule = &rule_path),
	FIELD("meta_data", field_text, vm_config, cloud_init.meta_data, .rule = &rule_path),
	FIELD("network_config", field_text, vm_config, cloud_init.network_config,
	      .rule = &rule_path),
	{0},
};

void vm_config_drop_disks(struct vm_config *config)
{
	for (size_t i = 0; i < config->n_disks; i++) {
		free(config->disks[i].path);
		free(config->disks[i].serial);
	}
	for (size_t i = 0; i < config->n_cdroms; i++)
		free(config->cdroms[i].path);
	config->n_disks = config->n_cdroms = 0;
	free(TAKE_PTR(config->disks));
	free(TAKE_PTR(config->cdroms));
	free(config->cloud_init.user_data);
	free(config->cloud_init.meta_data);
	free(config->cloud_init.network_config);
	config->cloud_init = (struct vm_cloud_init){0};
}

void vm_config_drop_networks(struct vm_config *config)
{
	for (size_t i = 0; i < config->n_networks; i++) {
		struct vm_network *network = &config->networks[i];

		for (size_t j = 0; j < network->n_forwards; j++)
			free(network->forwards[j].address);
		free(network->forwards);
		free(network->source);
		free(network->mac);
	}
	config->n_networks = 0;
	free(TAKE_PTR(config->networks));
}

void vm_config_drop_vfio(struct vm_config *config)
{
	for (size_t i = 0; i < config->n_vfio; i++)
		free(config->vfio[i].address);
	config->n_vfio = 0;
	free(TAKE_PTR(config->vfio));
}

void vm_config_drop_folders(struct vm_config *config)
{
	for (size_t i = 0; i < config->n_folders; i++) {
		free(config->folders[i].path);
		free(config->folders[i].tag);
	}
	config->n_folders = 0;
	free(TAKE_PTR(config->folders));
}

void vm_config_drop_placement(struct vm_config *config)
{
	for (size_t i = 0; i < config->n_nodes; i++) {
		free(config->nodes[i].cpus);
		free(config->nodes[i].host_nodes);
	}
	for (size_t i = 0; i < config->n_pins; i++)
		free(config->pins[i]);
	config->n_nodes = config->n_pins = 0;
	free(TAKE_PTR(config->nodes));
	free(TAKE_PTR(config->pins));
}
