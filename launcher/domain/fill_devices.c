// SPDX-License-Identifier: Apache-2.0
/* Writing a domain: <devices>. No device has an option ROM: the firmware would run it unmeasured. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "domain/domain_fill.h"
#include "domain/domain_xml.h"

static const char *const formats[] = {[VM_DISK_RAW] = "raw", [VM_DISK_QCOW2] = "qcow2"};

/* How many disks have a name already, by the bus. */
struct names {
	unsigned int used[VM_BUS_SCSI + 1];
};

/* "vda" to "vdz", then "vdaa", as the kernel does. */
static void disk_name(enum vm_disk_bus bus, unsigned int n, char ret[static 5])
{
	const char prefix = bus == VM_BUS_SCSI ? 's' : 'v';
	const char last[] = {(char)('a' + n % 26), '\0'},
		   first[] = {(char)('a' + n / 26 - 1), '\0'};

	snprintf(ret, 5, "%cd%s%s", prefix, n < 26 ? "" : first, last);
}

static void add_disk(struct xml_writer *w, xmlNode *devices, const char *device,
		     const struct vm_disk *from, struct names *names)
{
	static const char *const caches[] = {
		[VM_CACHE_NONE] = "none",
		[VM_CACHE_WRITEBACK] = "writeback",
		[VM_CACHE_WRITETHROUGH] = "writethrough",
		[VM_CACHE_DIRECTSYNC] = "directsync",
		[VM_CACHE_UNSAFE] = "unsafe",
	};
	bool scsi = from->bus == VM_BUS_SCSI, block = strncmp(from->path, "/dev/", 5) == 0,
	     direct = from->cache == VM_CACHE_NONE || from->cache == VM_CACHE_DIRECTSYNC;
	xmlNode *disk = xml_add(w, devices, "disk"), *node;
	char name[5];

	disk_name(from->bus, names->used[from->bus]++, name);
	xml_set(w, disk, "type", block ? "block" : "file");
	xml_set(w, disk, "device", device);
	node = xml_add(w, disk, "driver");
	xml_set(w, node, "name", "qemu");
	xml_set(w, node, "type", formats[from->format]);
	xml_set(w, node, "cache", caches[from->cache]);
	if (direct) /* QEMU accepts Linux AIO only with O_DIRECT */
		xml_set(w, node, "io", "native");
	xml_set(w, xml_add(w, disk, "source"), block ? "dev" : "file", from->path);
	node = xml_add(w, disk, "target");
	xml_set(w, node, "dev", name);
	xml_set(w, node, "bus", scsi ? "scsi" : "virtio");
	if (from->readonly)
		xml_add(w, disk, "readonly");
	if (from->serial)
		xml_set_text(w, xml_add(w, disk, "serial"), from->serial);
	if (from->boot)
		xml_set_number(w, xml_add(w, disk, "boot"), "order", from->boot);
}

/* A CD-ROM is a virtio SCSI device, as every kernel that boots such guests has the driver. cloud-init looks at every
 * disk for the label of its own, and comes last: the names of the others do not depend on it. */
static void add_disks(struct xml_writer *w, xmlNode *devices, const struct domain_request *request)
{
	const struct vm_config *config = request->config;
	struct names names = {0};
	xmlNode *controller;

	for (size_t i = 0; i < config->n_disks; i++)
		add_disk(w, devices, "disk", &config->disks[i], &names);
	for (size_t i = 0; i < config->n_cdroms; i++)
		add_disk(w, devices, "cdrom",
			 &(struct vm_disk){.path = config->cdroms[i].path,
					   .bus = VM_BUS_SCSI,
					   .cache = VM_CACHE_WRITEBACK,
					   .boot = config->cdroms[i].boot,
					   .readonly = true},
			 &names);
	if (request->seed)
		add_disk(w, devices, "disk",
			 &(struct vm_disk){.path = (char *)(uintptr_t)request->seed,
					   .cache = VM_CACHE_WRITEBACK,
					   .serial = (char[]){"cloud-init"},
					   .readonly = true},
			 &names);
	if (names.used[VM_BUS_SCSI] == 0)
		return;
	controller = xml_add(w, devices, "controller");
	xml_set(w, controller, "type", "scsi");
	xml_set(w, controller, "model", "virtio-scsi");
}

/* libvirt starts a virtiofsd for each. */
static void add_folder(struct xml_writer *w, xmlNode *devices, const struct vm_folder *from)
{
	xmlNode *folder = xml_add(w, devices, "filesystem");

	xml_set(w, folder, "type", "mount");
	xml_set(w, folder, "accessmode", "passthrough");
	xml_set(w, xml_add(w, folder, "driver"), "type", "virtiofs");
	xml_set(w, xml_add(w, folder, "source"), "dir", from->path);
	xml_set(w, xml_add(w, folder, "target"), "dir", from->tag);
}

static void no_rom(struct xml_writer *w, xmlNode *device)
{
	xml_set(w, xml_add(w, device, "rom"), "enabled", "no");
}

static const char *const network_types[] = {
	[VM_NETWORK_NETWORK] = "network",
	[VM_NETWORK_BRIDGE] = "bridge",
	[VM_NETWORK_USER] = "user",
};

static const char *const nics[] = {[VM_NIC_VIRTIO] = "virtio", [VM_NIC_E1000E] = "e1000e"};

static bool is_alike(const struct vm_network *a, const struct vm_network *b)
{
	return a->type == b->type && a->model == b->model &&
	       (!a->source || strcmp(a->source, b->source) == 0);
}

/* Whether vm.json gives the MAC to a card. */
static bool is_named(const struct vm_config *config, const char *mac)
{
	for (size_t i = 0; i < config->n_networks; i++)
		if (config->networks[i].mac && strcasecmp(config->networks[i].mac, mac) == 0)
			return true;
	return false;
}

/* Whether a card that was there is of the kind `value`; queues and forwarded ports may be others. */
static bool is_kind(const char *was, const char *value)
{
	const size_t n = strlen(value);

	if (strncmp(was, value, n) != 0)
		return false;
	return was[n] == '\0' || strncmp(was + n, ", queues ", 9) == 0 ||
	       strncmp(was + n, ", passt", 7) == 0;
}

/* A card keeps the MAC that libvirt once made for it: networks know their guests by that. The n-th card of its kind
 * has that of the n-th before; NULL: none. */
static const char *kept_mac(const struct domain_request *request, size_t at)
{
	const struct vm_config *config = request->config;
	const struct vm_network *network = &config->networks[at];
	const struct launch_spec *was = request->was;
	char value[512];
	size_t n = 0;

	for (size_t i = 0; i < at; i++)
		n += !config->networks[i].mac && is_alike(network, &config->networks[i]);
	snprintf(value, sizeof(value), "%s%s%s%s%s", network_types[network->type],
		 network->source ? " " : "", network->source ? network->source : "",
		 network->model == VM_NIC_VIRTIO ? "" : ", ",
		 network->model == VM_NIC_VIRTIO ? "" : nics[network->model]);
	for (size_t i = 0; was && i < was->n_settings; i++) {
		const struct spec_setting *s = &was->settings[i];

		if (strcmp(s->what, "network") == 0 && is_kind(s->value, value) && s->mac &&
		    !is_named(config, s->mac) && n-- == 0)
			return s->mac;
	}
	return NULL;
}

/* Of libvirt's backends for a network of its own, passt alone forwards ports. */
static void add_forwards(struct xml_writer *w, xmlNode *interface, const struct vm_network *from)
{
	static const char *const protocols[] = {[VM_TCP] = "tcp", [VM_UDP] = "udp"};

	if (from->n_forwards > 0)
		xml_set(w, xml_add(w, interface, "backend"), "type", "passt");
	for (size_t i = 0; i < from->n_forwards; i++) {
		const struct vm_forward *f = &from->forwards[i];
		xmlNode *forward = xml_add(w, interface, "portForward"), *range;

		xml_set(w, forward, "proto", protocols[f->protocol]);
		if (f->address)
			xml_set(w, forward, "address", f->address);
		range = xml_add(w, forward, "range");
		xml_set_number(w, range, "start", f->host);
		xml_set_number(w, range, "to", f->guest);
	}
}

static void add_network(struct xml_writer *w, xmlNode *devices,
			const struct domain_request *request, size_t at)
{
	const struct vm_network *from = &request->config->networks[at];
	const char *mac = from->mac ? from->mac : kept_mac(request, at);
	xmlNode *interface = xml_add(w, devices, "interface");

	xml_set(w, interface, "type", network_types[from->type]);
	if (mac)
		xml_set(w, xml_add(w, interface, "mac"), "address", mac);
	if (from->source)
		xml_set(w, xml_add(w, interface, "source"), network_types[from->type],
			from->source);
	xml_set(w, xml_add(w, interface, "model"), "type", nics[from->model]);
	if (from->queues) {
		xmlNode *driver = xml_add(w, interface, "driver");

		xml_set(w, driver, "name", "vhost");
		xml_set_number(w, driver, "queues", from->queues);
	}
	add_forwards(w, interface, from);
	no_rom(w, interface);
}

/* "0000:41:00.0" as libvirt's four attributes. */
static void add_host_device(struct xml_writer *w, xmlNode *devices, const struct vm_vfio *from)
{
	static const struct {
		const char *name;
		unsigned int at;
		int length;
	} parts[] = {{"domain", 0, 4}, {"bus", 5, 2}, {"slot", 8, 2}, {"function", 11, 1}};
	xmlNode *device = xml_add(w, devices, "hostdev"), *address;

	xml_set(w, device, "mode", "subsystem");
	xml_set(w, device, "type", "pci");
	xml_set(w, device, "managed", "yes");
	if (from->iommufd)
		xml_set(w, xml_add(w, device, "driver"), "iommufd", "yes");
	address = xml_add(w, xml_add(w, device, "source"), "address");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char value[16];

		snprintf(value, sizeof(value), "0x%.*s", parts[i].length,
			 from->address + parts[i].at);
		xml_set(w, address, parts[i].name, value);
	}
	no_rom(w, device);
}

static void add_console(struct xml_writer *w, xmlNode *devices,
			const struct domain_request *request)
{
	const struct vm_config *config = request->config;
	bool file = config->console == VM_CONSOLE_FILE;
	xmlNode *serial, *log;

	if (config->console == VM_CONSOLE_NONE)
		return;
	serial = xml_add(w, devices, "serial");
	xml_set(w, serial, "type", file ? "file" : "pty");
	if (file)
		xml_set(w, xml_add(w, serial, "source"), "path", config->console_path);
	if (!request->console_log)
		return;
	log = xml_add(w, serial, "log");
	xml_set(w, log, "file", request->console_log);
	/* A start by virsh must not take away the log of the boot before (guest/console_log.h). */
	xml_set(w, log, "append", "on");
}

static void add_vsock(struct xml_writer *w, xmlNode *devices, const struct vm_config *config)
{
	xmlNode *vsock, *cid;

	if (config->vsock == VM_VSOCK_NONE)
		return;
	vsock = xml_add(w, devices, "vsock");
	xml_set(w, vsock, "model", "virtio");
	cid = xml_add(w, vsock, "cid");
	xml_set(w, cid, "auto", config->vsock == VM_VSOCK_AUTO ? "yes" : "no");
	if (config->vsock == VM_VSOCK_CID)
		xml_set_number(w, cid, "address", config->vsock_cid);
}

static void add_random(struct xml_writer *w, xmlNode *devices)
{
	xmlNode *rng = xml_add(w, devices, "rng"), *backend;

	xml_set(w, rng, "model", "virtio");
	backend = xml_add(w, rng, "backend");
	xml_set(w, backend, "model", "random");
	xml_set_text(w, backend, "/dev/urandom");
}

static void add_tpm(struct xml_writer *w, xmlNode *devices)
{
	xmlNode *tpm = xml_add(w, devices, "tpm"), *backend;

	xml_set(w, tpm, "model", "tpm-crb");
	backend = xml_add(w, tpm, "backend");
	xml_set(w, backend, "type", "emulator");
	xml_set(w, backend, "version", "2.0");
}

void fill_devices(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	const struct vm_config *config = request->config;
	xmlNode *devices = xml_obtain(w, domain, "devices");

	if (config->emulator)
		xml_set_text(w, xml_obtain(w, devices, "emulator"), config->emulator);
	add_disks(w, devices, request);
	for (size_t i = 0; i < config->n_folders; i++)
		add_folder(w, devices, &config->folders[i]);
	for (size_t i = 0; i < config->n_networks; i++)
		add_network(w, devices, request, i);
	for (size_t i = 0; i < config->n_vfio; i++)
		add_host_device(w, devices, &config->vfio[i]);
	add_console(w, devices, request);
	add_vsock(w, devices, config);
	if (config->rng)
		add_random(w, devices);
	if (config->tpm)
		add_tpm(w, devices);
}
