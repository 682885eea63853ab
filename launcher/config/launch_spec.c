// SPDX-License-Identifier: Apache-2.0
#include "config/launch_spec.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/igvm_bind.h>
#include <snp/memory.h>

/* The member of `value` that the first component of `*pointer` names; `*pointer` moves past it. Places
 * of checks are plain: no "~" in them. */
static const struct json_value *step(const struct json_value *value, const char **pointer)
{
	const char *name = *pointer + 1;
	size_t length = strcspn(name, "/");
	const struct json_value *v;

	*pointer = name + length;
	for (v = json_first(value); v; v = json_next(v)) {
		const char *key = json_key(v);

		if (key && strlen(key) == length && strncmp(key, name, length) == 0)
			return v;
	}
	return NULL;
}

static void locate_in_document(const void *source, const char *place, uint32_t *ret_line,
			       uint32_t *ret_column)
{
	const struct vm_config *config = source;
	const struct json_value *value = json_root(config->document), *inner = value;
	struct snp_error err = {0};

	while (*place == '/' && (inner = step(value, &place)))
		value = inner;
	json_fail(value, &err, SNP_E_CHECK, "here");
	*ret_line = err.line;
	*ret_column = err.column;
}

static int copy_blob(const uint8_t *bytes, size_t size, struct spec_blob *ret)
{
	ret->text = base64_encode(bytes, size);
	ret->valid = ret->text != NULL;
	return ret->text ? 0 : -1;
}

static int copy_text(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -1 : 0;
}

static int copy_disks(const struct vm_config *config, struct launch_spec *spec)
{
	spec->disks = calloc(config->n_disks + config->n_cdroms + 1, sizeof(*spec->disks));
	if (!spec->disks)
		return -1;
	for (size_t i = 0; i < config->n_disks; i++) {
		struct spec_disk *disk = &spec->disks[spec->n_disks++];

		disk->readonly = config->disks[i].readonly;
		if (copy_text(config->disks[i].path, &disk->path) < 0)
			return -1;
	}
	for (size_t i = 0; i < config->n_cdroms; i++) {
		struct spec_disk *disk = &spec->disks[spec->n_disks++];

		disk->readonly = true;
		if (copy_text(config->cdroms[i].path, &disk->path) < 0)
			return -1;
	}
	return 0;
}

static int copy_security(const struct vm_config *config, struct launch_spec *spec)
{
	char policy[32];

	snprintf(policy, sizeof(policy), "0x%08" PRIx64, config->policy);
	spec->has_policy = true;
	spec->policy = config->policy;
	spec->kernel_hashes = config->kernel_hashes ? SPEC_ON : SPEC_OFF;
	spec->vcek = config->vcek ? SPEC_ON : SPEC_OFF;
	spec->bound_at_launch = config->id_kind != VM_ID_NONE;
	memcpy(spec->host_data, config->host_data, sizeof(spec->host_data));
	memcpy(spec->guest_visible_workarounds, config->guest_visible_workarounds,
	       sizeof(spec->guest_visible_workarounds));
	if (config->host_data_kind == VM_HOST_DATA_BYTES &&
	    copy_blob(spec->host_data, sizeof(spec->host_data), &spec->host_data_text) < 0)
		return -1;
	if (config->has_guest_visible_workarounds &&
	    copy_blob(spec->guest_visible_workarounds, sizeof(spec->guest_visible_workarounds),
		      &spec->workarounds_text) < 0)
		return -1;
	if (copy_text("sev-snp", &spec->security_type) < 0)
		return -1;
	return copy_text(policy, &spec->policy_text);
}

/* Add what a list of CPUs names to the set; false where it names one twice, or one past the last. */
static bool add_cpus(const char *list, uint32_t count, uint8_t *set)
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= count)
			return false;
		for (; first <= last; first++)
			if (set[first]++)
				return false;
		list = end + (*end == ',');
	}
	return true;
}

/* Nodes must have all vCPUs and all memory between them (QEMU, hw/core/numa.c), and a pinned guest one list for each
 * vCPU. */
static void judge_placement(const struct vm_config *config, char *say, size_t size)
{
	uint8_t set[4096] = {0};
	uint64_t memory = 0;
	uint32_t n = 0;

	if (config->n_pins > 0 && config->n_pins != config->cpu_count)
		snprintf(say, size, "cpu.pinning has %zu entries, and the guest %" PRIu32 " vCPUs",
			 config->n_pins, config->cpu_count);
	for (size_t i = 0; i < config->n_nodes; i++) {
		memory += config->nodes[i].memory_kib;
		if (!add_cpus(config->nodes[i].cpus, config->cpu_count, set))
			snprintf(say, size,
				 "node %zu names a vCPU twice, or one that the guest does not have",
				 i);
	}
	for (uint32_t i = 0; i < config->cpu_count && i < sizeof(set); i++)
		n += set[i] != 0;
	if (config->n_nodes == 0 || say[0])
		return;
	if (n != config->cpu_count)
		snprintf(say, size, "the NUMA nodes have %" PRIu32 " of %" PRIu32 " vCPUs", n,
			 config->cpu_count);
	else if (memory != config->memory_kib)
		snprintf(say, size,
			 "the NUMA nodes have %" PRIu64 " KiB of memory, and the guest %" PRIu64
			 " KiB",
			 memory, config->memory_kib);
}

static void copy_machine(const struct vm_config *config, struct launch_spec *spec)
{
	bool host = strcasecmp(config->cpu_model, "host") == 0;

	spec->vcpus.count = spec->vcpu_maximum = config->cpu_count;
	spec->cpu_mode = host ? SPEC_CPU_HOST_PASSTHROUGH : SPEC_CPU_CUSTOM;
	spec->has_cpu_signature = config->has_cpu_signature;
	spec->vcpus.signature = config->cpu_signature;
	spec->has_topology = true;
	spec->cpu_sockets = config->cpu_sockets;
	spec->cpu_dies = spec->cpu_clusters = 1;
	spec->cpu_cores = config->cpu_cores;
	spec->cpu_threads = config->cpu_threads;
	spec->memory_kib = config->memory_kib;
	spec->hugepages = config->hugepages;
	spec->tpm = config->tpm;
	spec->mmio64_kib = config->mmio64_kib;
	spec->cloud_init = config->cloud_init.user_data;
	spec->n_cdroms = (uint32_t)config->n_cdroms;
	spec->n_folders = (uint32_t)config->n_folders;
	spec->n_host_devices = (uint32_t)config->n_vfio;
	for (size_t i = 0; i < config->n_vfio; i++)
		spec->iommufd |= config->vfio[i].iommufd;
	judge_placement(config, spec->bad_placement, sizeof(spec->bad_placement));
	if (!host)
		snprintf(spec->vcpus.model, sizeof(spec->vcpus.model), "%s", config->cpu_model);
}

int launch_spec_from_config(const struct vm_config *config, struct launch_spec **ret,
			    struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = calloc(1, sizeof(*spec));

	if (!spec)
		return out_of_memory(err);
	spec->origin = SPEC_FROM_CONFIG;
	spec->locate = locate_in_document;
	spec->source = (void *)(uintptr_t)config;
	spec->firmware_auto = !config->firmware.path;
	spec->is_igvm = config->is_igvm;
	spec->loader_stateless = config->is_igvm ? SPEC_UNSET : SPEC_ON;
	spec->smm = SPEC_OFF;
	spec->any_qemu = true;
	if (copy_text(config->name, &spec->name) < 0 || copy_text(config->uuid, &spec->uuid) < 0 ||
	    copy_text("kvm", &spec->domain_type) < 0 || copy_text("x86_64", &spec->arch) < 0 ||
	    copy_text("q35", &spec->machine) < 0 ||
	    copy_text(config->emulator, &spec->emulator) < 0 ||
	    copy_text(config->user, &spec->user) < 0 ||
	    copy_text(config->firmware.path, &spec->firmware) < 0 ||
	    copy_text(config->kernel.path, &spec->kernel) < 0 ||
	    copy_text(config->initrd.path, &spec->initrd) < 0 ||
	    copy_text(config->cmdline, &spec->cmdline) < 0 ||
	    copy_text(config->on_reboot == VM_REBOOT_RESTART ? "restart" : "destroy",
		      &spec->on_reboot) < 0 ||
	    copy_security(config, spec) < 0 || copy_disks(config, spec) < 0)
		return out_of_memory(err);
	copy_machine(config, spec);
	*ret = TAKE_PTR(spec);
	return 0;
}

static int replace_text(const char *text, char **ret)
{
	free(TAKE_PTR(*ret));
	return copy_text(text, ret);
}

/* NULL means that there are none: zeros. */
static int replace_blob(const uint8_t *bytes, size_t size, uint8_t *ret_bytes,
			struct spec_blob *ret)
{
	free(ret->text);
	*ret = (struct spec_blob){0};
	if (!bytes) {
		memset(ret_bytes, 0, size);
		return 0;
	}
	memmove(ret_bytes, bytes, size);
	return copy_blob(bytes, size, ret);
}

int launch_spec_complete(struct launch_spec *spec, const struct launch_made *made,
			 struct snp_error *err)
{
	static const uint8_t zeros[sizeof(spec->host_data)];
	const uint8_t *host_data = made->host_data;
	bool bound = made->id_block && made->id_auth;

	if (host_data && memcmp(host_data, zeros, sizeof(zeros)) == 0)
		host_data = NULL;
	/* QEMU takes the ID block of an IGVM file from the file. */
	bound = bound && !spec->is_igvm;
	spec->author_key = bound && made->author_key ? SPEC_ON : SPEC_OFF;
	if ((made->uuid && replace_text(made->uuid, &spec->uuid) < 0) ||
	    replace_text(made->firmware, &spec->firmware) < 0 ||
	    replace_text(made->kernel, &spec->kernel) < 0 ||
	    replace_text(made->initrd, &spec->initrd) < 0 ||
	    replace_blob(host_data, sizeof(spec->host_data), spec->host_data,
			 &spec->host_data_text) < 0 ||
	    replace_blob(bound ? made->id_block : NULL, sizeof(spec->id_block), spec->id_block,
			 &spec->id_block_text) < 0 ||
	    replace_blob(bound ? made->id_auth : NULL, sizeof(spec->id_auth), spec->id_auth,
			 &spec->id_auth_text) < 0)
		return out_of_memory(err);
	return 0;
}

static uint64_t size_of(const char *root, const char *path)
{
	_cleanup_(freep) char *local = path ? format_text("%s%s", root ? root : "", path) : NULL;
	struct stat st;

	return local && stat(local, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static bool is_igvm(const char *root, const char *path)
{
	_cleanup_(freep) char *local = format_text("%s%s", root ? root : "", path);
	_cleanup_(file_close) struct file file = {.fd = -1};
	char magic[4];

	return local && file_open(local, UINT64_MAX, &file, NULL) == 0 &&
	       pread(file.fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, "IGVM", sizeof(magic)) == 0;
}

/* Does the firmware check the kernel? A file that cannot be read is refused elsewhere. */
static void look_at_firmware(struct launch_spec *spec, const char *root)
{
	_cleanup_(freep) char *path = format_text("%s%s", root ? root : "", spec->firmware);
	struct snp_firmware *firmware = NULL;

	if (path && snp_firmware_read(path, &firmware, NULL) == 0)
		spec->has_hash_verifier =
			snp_firmware_hash_verifier(firmware, &spec->hash_verifier, NULL) == 0;
	snp_firmware_free(firmware);
}

/* The guest policy that an IGVM file has. One that cannot be read is refused elsewhere. */
static void look_at_igvm(struct launch_spec *spec, const char *root)
{
	_cleanup_(freep) char *path = format_text("%s%s", root ? root : "", spec->firmware);
	struct snp_igvm *igvm = NULL;

	if (path && snp_igvm_read(path, &igvm, NULL) == 0)
		spec->has_igvm_policy = igvm_snp_policy(igvm, &spec->igvm_policy);
	snp_igvm_free(igvm);
}

/* Can the firmware start it? */
static void look_at_kernel(struct launch_spec *spec, const char *root)
{
	_cleanup_(freep) char *path = format_text("%s%s", root ? root : "", spec->kernel);
	_cleanup_(file_close) struct file kernel = {.fd = -1};
	uint8_t head[SNP_KERNEL_HEADER];
	ssize_t n = -1;

	if (path && file_open(path, SNP_MAX_KERNEL, &kernel, NULL) == 0)
		n = pread(kernel.fd, head, sizeof(head), 0);
	if (n > 0)
		spec->has_bzimage = snp_bzimage_parse((struct snp_span){head, (size_t)n},
						      kernel.size, &spec->bzimage, NULL) == 0;
}

void launch_spec_find_user(struct launch_spec *spec)
{
	const struct passwd *user = spec->user ? getpwnam(spec->user) : NULL;

	spec->user_sought = spec->user;
	if (!user)
		return;
	spec->has_ids = true;
	spec->uid = user->pw_uid;
	spec->gid = user->pw_gid;
}

void launch_spec_look(struct launch_spec *spec, const char *root)
{
	spec->firmware_size = size_of(root, spec->firmware);
	spec->initrd_size = size_of(root, spec->initrd);
	spec->firmware_is_igvm = spec->firmware && is_igvm(root, spec->firmware);
	if (spec->is_igvm && spec->firmware_is_igvm)
		look_at_igvm(spec, root);
	if (spec->firmware && !spec->is_igvm &&
	    (spec->kernel ? spec->kernel_hashes == SPEC_ON : spec->n_disks > 0))
		look_at_firmware(spec, root);
	if (spec->kernel && spec->kernel_hashes == SPEC_ON)
		look_at_kernel(spec, root);
}

void launch_spec_free(struct launch_spec *spec)
{
	if (!spec)
		return;
	for (size_t i = 0; i < spec->n_disks; i++)
		free(spec->disks[i].path);
	free(spec->disks);
	free(spec->name);
	free(spec->uuid);
	free(spec->domain_type);
	free(spec->arch);
	free(spec->machine);
	free(spec->security_type);
	free(spec->policy_text);
	free(spec->id_block_text.text);
	free(spec->id_auth_text.text);
	free(spec->host_data_text.text);
	free(spec->workarounds_text.text);
	free(spec->unknown_security);
	free(spec->refused_setting);
	free(spec->unknown_setting);
	free(spec->emulator);
	free(spec->security_labels);
	free(spec->user);
	free(spec->firmware);
	free(spec->kernel);
	free(spec->initrd);
	free(spec->cmdline);
	free(spec->dtb);
	free(spec->shim);
	free(spec->on_reboot);
	free(spec->qemu_argument);
	free(spec->qemu_launch_argument);
	for (size_t i = 0; i < spec->n_settings; i++) {
		free(spec->settings[i].what);
		free(spec->settings[i].value);
		free(spec->settings[i].mac);
	}
	free(spec->settings);
	if (spec->free_source)
		spec->free_source(spec->source);
	free(spec);
}
