// SPDX-License-Identifier: Apache-2.0
#include "config/vm_config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "config/text_rule.h"
#include "config/vm_config_parts.h"

static int read_uuid(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	char **uuid = at;
	int r = field_text(value, field, at, err);

	if (r < 0)
		return r;
	for (char *c = *uuid; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	/* libvirt takes the nil UUID for "none given" and makes one. */
	if (strcmp(*uuid, "00000000-0000-0000-0000-000000000000") == 0)
		return json_fail(value, err, SNP_E_JSON_VALUE, "must not be all zeros");
	return 0;
}

static int read_labels(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	struct vm_config *config = at;

	(void)field;
	return labels_read(value, &config->labels, &config->n_labels, err);
}

static int read_auto(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	bool yes;
	int r = json_bool(value, &yes, err);

	(void)field;
	(void)at;
	if (r == 0 && !yes)
		r = json_fail(value, err, SNP_E_JSON_VALUE,
			      "must be true; to name a file, use \"path\"");
	return r;
}

static const struct field firmware_fields[] = {
	FIELD("path", field_text, vm_config, firmware.path, .rule = &rule_path),
	FIELD("sha256", field_hex, vm_config, firmware.sha256,
	      .has = HAS(vm_config, firmware.has_sha256)),
	SECTION("auto", read_auto),
	{0},
};

static int check_firmware(const struct json_value *value, void *at, struct snp_error *err)
{
	(void)at;
	if (!json_get(value, "auto") == !json_get(value, "path"))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "give either \"path\" or \"auto\": true");
	return 0;
}

static const struct field igvm_fields[] = {
	FIELD("path", field_text, vm_config, firmware.path, .required = true, .rule = &rule_path),
	FIELD("sha256", field_hex, vm_config, firmware.sha256,
	      .has = HAS(vm_config, firmware.has_sha256)),
	{0},
};

static const struct field boot_fields[] = {
	FIELD("kernel", field_text, vm_config, kernel.path, .required = true, .rule = &rule_path),
	FIELD("kernel_sha256", field_hex, vm_config, kernel.sha256,
	      .has = HAS(vm_config, kernel.has_sha256)),
	FIELD("initrd", field_text, vm_config, initrd.path, .rule = &rule_path),
	FIELD("initrd_sha256", field_hex, vm_config, initrd.sha256,
	      .has = HAS(vm_config, initrd.has_sha256)),
	FIELD("cmdline", field_text, vm_config, cmdline, .rule = &rule_cmdline),
	FIELD("kernel_hashes", field_bool, vm_config, kernel_hashes),
	{0},
};

static int check_boot(const struct json_value *value, void *at, struct snp_error *err)
{
	struct vm_config *config = at;

	if (!json_get(value, "kernel_hashes"))
		config->kernel_hashes = true;
	if (config->initrd.has_sha256 && !config->initrd.path)
		return json_need(value, "initrd", &value, err);
	return 0;
}

static int read_signature(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	uint32_t *ret = at;
	const char *text;
	uint64_t signature;
	int r = json_ruled(value, &rule_signature, &text, err);

	(void)field;
	if (r < 0)
		return r;
	r = hex_u64(text, "signature", &signature, err);
	if (r < 0)
		return r;
	*ret = (uint32_t)signature;
	return 0;
}

/* QEMU's own limit for q35 is 4096 (pc_q35_machine_options); what launches today is a named check. */
#define MAX_VCPUS 4096

#define COUNT(key, member, ...) \
	FIELD(key, field_u32, vm_config, member, .min = 1, .max = MAX_VCPUS, __VA_ARGS__)
static const struct field cpu_fields[] = {
	COUNT("count", cpu_count, .required = true),
	FIELD("model", field_text, vm_config, cpu_model, .rule = &rule_cpu_model),
	FIELD("signature", read_signature, vm_config, cpu_signature,
	      .has = HAS(vm_config, has_cpu_signature)),
	COUNT("sockets", cpu_sockets),
	COUNT("cores", cpu_cores),
	COUNT("threads", cpu_threads),
	{0},
};
#undef COUNT

/* The number of cores follows from sockets and threads; a check refuses a product that is not the count. */
static int check_cpu(const struct json_value *value, void *at, struct snp_error *err)
{
	struct vm_config *config = at;

	(void)value;
	(void)err;
	if (config->cpu_cores == 0)
		config->cpu_cores = config->cpu_count / (config->cpu_sockets * config->cpu_threads);
	if (config->cpu_cores == 0)
		config->cpu_cores = 1;
	return 0;
}

static int read_size(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	static const char units[] = "KMGT";
	uint64_t *ret_kib = at, kib = 0;
	const char *text, *c;
	int r = json_ruled(value, &rule_memory, &text, err);

	(void)field;
	if (r < 0)
		return r;
	for (c = text; *c >= '0' && *c <= '9'; c++)
		kib = kib * 10 + (uint64_t)(*c - '0');
	*ret_kib = kib << 10 * (strchr(units, *c) - units);
	return 0;
}

static const char *const backings[] = {"memfd", "ram", NULL};

static const struct field memory_fields[] = {
	FIELD("size", read_size, vm_config, memory_kib, .required = true),
	FIELD("backing", field_choice, vm_config, memory_backing, .rule = backings),
	FIELD("hugepages", field_bool, vm_config, hugepages),
	FIELD("locked", field_bool, vm_config, memory_locked),
	{0},
};

/* What is plugged in. None of it is measured. */
static const char *const formats[] = {"raw", "qcow2", NULL};
static const char *const buses[] = {"virtio", "scsi", NULL};
static const char *const caches[] = {"none",	   "writeback", "writethrough",
				     "directsync", "unsafe",	NULL};

static const struct field disk_fields[] = {
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

static const struct field network_fields[] = {
	FIELD("type", field_choice, vm_network, type, .required = true, .rule = network_types),
	FIELD("source", field_text, vm_network, source, .rule = &rule_source),
	FIELD("mac", field_text, vm_network, mac, .rule = &rule_mac),
	{0},
};

static int check_network(const struct json_value *value, void *at, struct snp_error *err)
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

static const struct field console_fields[] = {
	FIELD("type", field_choice, vm_config, console, .required = true, .rule = console_types),
	FIELD("path", field_text, vm_config, console_path, .rule = &rule_path),
	{0},
};

static int check_console(const struct json_value *value, void *at, struct snp_error *err)
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
				      "must be \"auto\" or a number from 3 to 4294967294");
		config->vsock = VM_VSOCK_AUTO;
		return r;
	}
	config->vsock = VM_VSOCK_CID;
	return field_u32(value, field, &config->vsock_cid, err);
}

static const struct field vsock_fields[] = {
	SECTION("cid", read_cid, .required = true, .min = 3, .max = UINT32_MAX - 1),
	{0},
};

/* The place of one is a char *. */
static const struct field vfio_fields[] = {
	SECTION("address", field_text, .required = true, .rule = &rule_pci),
	{0},
};

static const char *const reboot_names[] = {"auto", "destroy", "restart", NULL};
static const char *const tpm_names[] = {"none", "emulated", NULL};

static int read_tpm(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	bool *ret = at;
	unsigned int i;
	int r = json_choice(value, field->rule, &i, err);

	if (r < 0)
		return r;
	*ret = i == 1;
	return 0;
}

static const struct field config_fields[] = {
	SCHEMA_SINCE("snp-launch/2", 1),
	FIELD("name", field_text, vm_config, name, .required = true, .rule = &rule_name),
	FIELD("uuid", read_uuid, vm_config, uuid, .rule = &rule_uuid),
	FIELD("title", field_text, vm_config, title, .rule = &rule_line),
	FIELD("description", field_text, vm_config, description, .rule = &rule_text),
	SECTION("labels", read_labels),
	FIELD("connect", field_text, vm_config, connect, .rule = &rule_uri),
	FIELD_OBJECT("firmware", firmware_fields, .check = check_firmware),
	FIELD_OBJECT("igvm", igvm_fields, .has = HAS(vm_config, is_igvm)),
	FIELD_OBJECT("boot", boot_fields, .check = check_boot),
	FIELD_OBJECT("cpu", cpu_fields, .required = true, .check = check_cpu),
	FIELD_OBJECT("memory", memory_fields, .required = true),
	FIELD_ARRAY("disks", disk_fields, vm_config, disks, n_disks, .max = 26) /* vda to vdz */,
	FIELD_ARRAY("networks", network_fields, vm_config, networks, n_networks, .max = 16,
		    .check = check_network),
	FIELD_OBJECT("console", console_fields, .check = check_console),
	FIELD_OBJECT("vsock", vsock_fields),
	FIELD_ARRAY("vfio", vfio_fields, vm_config, vfio, n_vfio, .max = 16),
	FIELD("rng", field_bool, vm_config, rng),
	FIELD("tpm", read_tpm, vm_config, tpm, .rule = tpm_names),
	FIELD_OBJECT("snp", vm_snp_fields),
	FIELD("relabel", field_bool, vm_config, relabel),
	FIELD("autostart", field_bool, vm_config, autostart),
	FIELD("on_reboot", field_choice, vm_config, on_reboot, .rule = reboot_names),
	FIELD("libvirt_xml", field_text, vm_config, libvirt_xml, .rule = &rule_path),
	FIELD("emulator", field_text, vm_config, emulator, .rule = &rule_path),
	{0},
};

/* What was published as a template is launched with the guest's own number. */
static int fill_cmdline(struct vm_config *config, struct snp_error *err)
{
	char *line = config->cmdline ? expand_vcpu_count(config->cmdline, config->cpu_count) : NULL;

	if (config->cmdline && !line)
		return out_of_memory(err);
	free(config->cmdline);
	config->cmdline = line;
	return 0;
}

/* QEMU takes no other firmware beside an IGVM file, and aborts if kernel hashes are on. */
static int check_igvm(const struct json_value *root, const struct vm_config *config,
		      struct snp_error *err)
{
	static const char *const others[] = {"firmware", "boot"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (config->is_igvm && json_get(root, others[i]))
			return json_fail(json_get(root, others[i]), err, SNP_E_JSON_VALUE,
					 "cannot be combined with igvm: the file has its own "
					 "firmware and kernel");
	return 0;
}

static int read_document(struct json *document, struct vm_config **ret, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = calloc(1, sizeof(*config));
	int r;

	if (!config) {
		json_free(document);
		return out_of_memory(err);
	}
	config->document = document;
	config->policy = SNP_POLICY_DEFAULT;
	config->rng = config->vcek = config->relabel = true;
	config->cpu_sockets = config->cpu_threads = 1;
	config->cpu_model = strdup("EPYC-v4");
	if (!config->cpu_model)
		return out_of_memory(err);
	r = fields_read(json_root(document), config_fields, config, err);
	if (r == 0)
		r = check_igvm(json_root(document), config, err);
	if (r < 0)
		return r;
	r = fill_cmdline(config, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(config);
	return 0;
}

int vm_config_parse(const char *name, struct snp_span text, struct vm_config **ret,
		    struct snp_error *err)
{
	struct json *document;
	int r = json_parse(name, text, &document, err);

	return r < 0 ? r : read_document(document, ret, err);
}

int vm_config_read(const char *path, struct vm_config **ret, struct snp_error *err)
{
	struct json *document;
	int r = json_read(path, SNP_MAX_CONFIG, &document, err);

	return r < 0 ? r : read_document(document, ret, err);
}

void vm_config_free(struct vm_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_disks; i++) {
		free(config->disks[i].path);
		free(config->disks[i].serial);
	}
	for (size_t i = 0; i < config->n_networks; i++) {
		free(config->networks[i].source);
		free(config->networks[i].mac);
	}
	for (size_t i = 0; i < config->n_vfio; i++)
		free(config->vfio[i]);
	labels_free(config->labels, config->n_labels);
	free(config->disks);
	free(config->networks);
	free(config->vfio);
	free(config->name);
	free(config->uuid);
	free(config->title);
	free(config->description);
	free(config->connect);
	free(config->firmware.path);
	free(config->kernel.path);
	free(config->initrd.path);
	free(config->cmdline);
	free(config->cpu_model);
	free(config->console_path);
	free(config->host_data_path);
	free(config->measurement_path);
	free(config->id_reference);
	free(config->id_image);
	free(config->id_block);
	free(config->id_auth);
	free(config->id_key);
	free(config->id_author_key);
	free(config->user);
	free(config->libvirt_xml);
	free(config->emulator);
	json_free(config->document);
	free(config);
}
