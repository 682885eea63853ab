// SPDX-License-Identifier: Apache-2.0
#include "config/vm_config.h"

#include <ctype.h>
#include <errno.h>
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
	FIELD("path", field_text, vm_config, firmware.path, .rule = &rule_path_here),
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
	FIELD("initdata", field_text, vm_config, host_data_path, .rule = &rule_path),
	{0},
};

static int check_boot(const struct json_value *value, void *at, struct snp_error *err)
{
	struct vm_config *config = at;

	if (!json_get(value, "kernel_hashes"))
		config->kernel_hashes = true;
	if (config->host_data_path)
		config->host_data_kind = VM_HOST_DATA_INITDATA;
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

static int read_pins(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	struct vm_config *config = at;

	(void)field;
	if (!json_is_array(value) || !json_first(value))
		return json_fail(value, err, SNP_E_JSON_TYPE, "must be an array of CPU lists");
	for (const struct json_value *v = json_first(value); v; v = json_next(v)) {
		const char *text;
		int r = json_ruled(v, &rule_cpus, &text, err);

		if (r < 0)
			return r;
		if (config->n_pins == MAX_VCPUS)
			return json_fail(v, err, SNP_E_JSON_VALUE, "at most %d are supported",
					 MAX_VCPUS);
		if (!grow(&config->pins, config->n_pins, sizeof(*config->pins)))
			return out_of_memory(err);
		config->pins[config->n_pins] = strdup(text);
		if (!config->pins[config->n_pins++])
			return out_of_memory(err);
	}
	return 0;
}

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
	SECTION("pinning", read_pins),
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

static const char *const backings[] = {"memfd", "ram", NULL};

static int read_hugepages(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	static const char *const names[] = {"2M", "2MiB", "1G", "1GiB", NULL};
	static const uint32_t sizes[] = {2048, 2048, 1048576, 1048576};
	struct vm_config *config = at;
	unsigned int i;
	int r;

	(void)field;
	if (!json_is_string(value))
		return json_bool(value, &config->hugepages, err);
	r = json_choice(value, names, &i, err);
	if (r < 0)
		return r;
	config->hugepages = true;
	config->hugepage_kib = sizes[i];
	return 0;
}

static const struct field memory_fields[] = {
	FIELD("size", vm_read_size, vm_config, memory_kib, .required = true),
	FIELD("backing", field_choice, vm_config, memory_backing, .rule = backings),
	SECTION("hugepages", read_hugepages),
	FIELD("locked", field_bool, vm_config, memory_locked),
	{0},
};

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

/* OvmfPkg/Library/PlatformInitLib/MemDetect.c takes up to 16 TiB, and aligns the window to its size. */
static int read_mmio64(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	static const char *const sizes[] = {"32GiB", "64GiB", "128GiB", "256GiB", "512GiB", "1TiB",
					    "2TiB",  "4TiB",  "8TiB",	"16TiB",  NULL};
	uint64_t *ret = at;
	unsigned int i;
	int r = json_choice(value, sizes, &i, err);

	(void)field;
	if (r < 0)
		return r;
	*ret = UINT64_C(32) << (20 + i);
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
	FIELD_ARRAY("numa", vm_node_fields, vm_config, nodes, n_nodes, .min = 1, .max = 64),
	FIELD_ARRAY("disks", vm_disk_fields, vm_config, disks, n_disks, .max = 26) /* vda to vdz */,
	FIELD_ARRAY("cdrom", vm_cdrom_fields, vm_config, cdroms, n_cdroms, .max = 8),
	FIELD_OBJECT("cloud_init", vm_cloud_init_fields),
	FIELD_ARRAY("shared_folder", vm_folder_fields, vm_config, folders, n_folders, .max = 16),
	FIELD_ARRAY("networks", vm_network_fields, vm_config, networks, n_networks, .max = 16,
		    .check = vm_network_check),
	FIELD_OBJECT("console", console_fields, .check = check_console),
	FIELD_OBJECT("vsock", vsock_fields),
	FIELD_ARRAY("vfio", vm_vfio_fields, vm_config, vfio, n_vfio, .max = 16),
	FIELD("mmio64", read_mmio64, vm_config, mmio64_kib),
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

/* Both say what HOST_DATA is. */
static int check_host_data(const struct json_value *root, struct snp_error *err)
{
	const struct json_value *snp = json_get(root, "snp"), *boot = json_get(root, "boot");

	if (!boot || !snp || !json_get(boot, "initdata") || !json_get(snp, "host_data"))
		return 0;
	return json_fail(json_get(boot, "initdata"), err, SNP_E_JSON_VALUE,
			 "cannot be combined with snp.host_data, which it sets");
}

/* A relative path means another file wherever the document is kept: from now on it is whole. */
static int fill_firmware(const char *name, struct vm_config *config, struct snp_error *err)
{
	_cleanup_(freep) char *assignment = NULL, *whole = NULL, *folder = NULL;
	const char *slash = strrchr(name, '/'), *assignments[1];
	int r;

	if (!config->firmware.path || config->firmware.path[0] == '/')
		return 0;
	folder = slash ? strndup(name, (size_t)(slash - name) + 1) : strdup(".");
	if (folder)
		whole = realpath(folder, NULL);
	if (folder && !whole)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), folder);
	assignment = whole ? format_text("firmware.path=\"%s/%s\"", strcmp(whole, "/") ? whole : "",
					 config->firmware.path)
			   : NULL;
	if (!assignment)
		return out_of_memory(err);
	free(TAKE_PTR(config->firmware.path));
	config->firmware.path = strndup(strchr(assignment, '"') + 1,
					strlen(assignment) - strlen("firmware.path=\"\""));
	assignments[0] = assignment;
	if (!config->firmware.path)
		return out_of_memory(err);
	if (!text_keeps(config->firmware.path, &rule_path) ||
	    strpbrk(config->firmware.path, "\"\\"))
		return json_fail(
			json_get(json_get(json_root(config->document), "firmware"), "path"), err,
			SNP_E_JSON_VALUE,
			"is in a folder whose name vm.json cannot have; use an absolute path");
	r = json_set(config->document, assignments, 1, &config->text, err);
	return r;
}

static int read_document(const char *name, struct json *document, struct vm_config **ret,
			 struct snp_error *err)
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
	if (r == 0)
		r = check_host_data(json_root(document), err);
	if (r == 0)
		r = fill_firmware(name, config, err);
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

	return r < 0 ? r : read_document(name, document, ret, err);
}

int vm_config_read(const char *path, struct vm_config **ret, struct snp_error *err)
{
	struct json *document;
	int r = json_read(path, SNP_MAX_CONFIG, &document, err);

	return r < 0 ? r : read_document(path, document, ret, err);
}

struct snp_span vm_config_text(const struct vm_config *config)
{
	return config->text ? text_span(config->text) : json_source(config->document);
}

void vm_config_free(struct vm_config *config)
{
	if (!config)
		return;
	vm_config_drop_disks(config);
	vm_config_drop_networks(config);
	vm_config_drop_vfio(config);
	vm_config_drop_folders(config);
	vm_config_drop_placement(config);
	labels_free(config->labels, config->n_labels);
	free(config->text);
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
