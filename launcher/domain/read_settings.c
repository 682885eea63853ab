// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: what is neither measured nor enforced, as texts that can be compared and shown. */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/memory.h>

#include "config/setting.h"
#include "domain/domain_parts.h"
#include "domain/domain_xml.h"

/* The settings so far; a failure is remembered, as xml_writer does. */
struct list {
	struct launch_spec *spec;
	int status;
	struct snp_error *err;
};

static void add(struct list *l, const char *what, const char *value, const char *mac,
		const xmlNode *element)
{
	struct launch_spec *spec = l->spec;
	struct spec_setting *s;

	if (l->status < 0)
		return;
	if (!grow(&spec->settings, spec->n_settings, sizeof(*spec->settings))) {
		l->status = out_of_memory(l->err);
		return;
	}
	s = &spec->settings[spec->n_settings++];
	*s = (struct spec_setting){.what = strdup(what),
				   .value = strdup(value),
				   .mac = mac ? strdup(mac) : NULL,
				   .element = element};
	if (!s->what || !s->value || (mac && !s->mac))
		l->status = out_of_memory(l->err);
}

static void add_switch(struct list *l, const char *what, bool yes)
{
	add(l, what, yes ? "yes" : "no", NULL, NULL);
}

/* A value made of several parts, cut where it would be too long. */
struct value {
	char text[PATH_MAX + 512];
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) say(struct value *v, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(v->text + v->n, sizeof(v->text) - v->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		v->n = v->n + (size_t)n < sizeof(v->text) ? v->n + (size_t)n : sizeof(v->text) - 1;
}

/* An attribute, or the text where `attribute` is NULL, for free(); NULL where there is none or the list failed. */
static char *get(struct list *l, const xmlNode *node, const char *attribute)
{
	char *text = NULL;

	if (l->status == 0)
		l->status = attribute ? xml_attribute(node, attribute, &text, l->err)
				      : xml_trimmed(node, &text, l->err);
	return text;
}

static void add_text(struct list *l, const char *what, const xmlNode *node)
{
	_cleanup_(freep) char *text = get(l, node, NULL);

	if (text && text[0])
		add(l, what, text, NULL, NULL);
}

static void add_huge_pages(struct list *l, const xmlNode *hugepages)
{
	_cleanup_(freep) char *size = get(l, xml_child(hugepages, "page"), "size"),
			      *unit = get(l, xml_child(hugepages, "page"), "unit");
	struct value v = {0};

	say(&v, "%s", hugepages ? "yes" : "no");
	if (size)
		say(&v, ", %s %s", size, unit ? unit : "KiB");
	add(l, "huge pages", v.text, NULL, NULL);
}

/* NUMA nodes, and where the host puts vCPUs and shared memory. */
static void add_placement(struct list *l, const xmlNode *domain)
{
	const xmlNode *tune = xml_child(domain, "numatune"), *node, *memory;
	struct value v = {0};

	for (node = xml_child(xml_child(domain, "cputune"), "vcpupin"); node;
	     node = xml_next(node, "vcpupin")) {
		_cleanup_(freep) char *vcpu = get(l, node, "vcpu"), *set = get(l, node, "cpuset");

		say(&v, "%s%s: %s", v.n ? "; " : "", vcpu ? vcpu : "", set ? set : "");
	}
	if (v.n > 0)
		add(l, "CPU pinning", v.text, NULL, NULL);
	v = (struct value){0};
	for (node = xml_child(xml_child(xml_child(domain, "cpu"), "numa"), "cell"); node;
	     node = xml_next(node, "cell")) {
		_cleanup_(freep) char *id = get(l, node, "id"), *cpus = get(l, node, "cpus"),
				      *size = get(l, node, "memory"), *unit = get(l, node, "unit");

		say(&v, "%svCPUs %s, %s %s", v.n ? "; " : "", cpus ? cpus : "", size ? size : "",
		    unit ? unit : "KiB");
		for (memory = xml_child(tune, "memnode"); memory && id;
		     memory = xml_next(memory, "memnode")) {
			_cleanup_(freep) char *from = get(l, memory, "nodeset");

			if (xml_attribute_is(memory, "cellid", id))
				say(&v, " from node %s", from ? from : "");
		}
	}
	if (v.n > 0)
		add(l, "NUMA nodes", v.text, NULL, NULL);
}

static void add_window(struct list *l)
{
	struct value v = {0};

	if (l->spec->mmio64_kib == 0)
		return;
	say(&v, "%" PRIu64 " GiB", l->spec->mmio64_kib >> 20);
	add(l, "64-bit MMIO window", v.text, NULL, NULL);
}

static void add_memory(struct list *l, const xmlNode *domain)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	const xmlNode *backing = xml_child(domain, "memoryBacking");
	uint64_t size = l->spec->memory_kib;
	struct value v = {0};
	size_t unit = 0;

	for (; size && size % 1024 == 0 && unit + 1 < ARRAY_SIZE(units); unit++)
		size /= 1024;
	say(&v, "%" PRIu64 " %s", size, units[unit]);
	add(l, "memory", v.text, NULL, NULL);
	add(l, "memory backing",
	    xml_attribute_is(xml_child(backing, "source"), "type", "memfd") ? "memfd" : "ram", NULL,
	    NULL);
	add_huge_pages(l, xml_child(backing, "hugepages"));
	add_switch(l, "locked memory", xml_child(backing, "locked"));
}

static void add_topology(struct list *l)
{
	const struct launch_spec *spec = l->spec;
	struct value v = {0};

	if (!spec->has_topology)
		return;
	say(&v, "sockets %" PRIu32 ", cores %" PRIu32 ", threads %" PRIu32, spec->cpu_sockets,
	    spec->cpu_cores, spec->cpu_threads);
	add(l, "CPU topology", v.text, NULL, NULL);
}

static void add_disk(struct list *l, const xmlNode *disk)
{
	const xmlNode *driver = xml_child(disk, "driver"), *source = xml_child(disk, "source");
	_cleanup_(freep) char *file = get(l, source, "file"), *dev = get(l, source, "dev"),
			      *name = get(l, source, "name"), *device = get(l, disk, "device"),
			      *type = get(l, driver, "type"), *cache = get(l, driver, "cache"),
			      *bus = get(l, xml_child(disk, "target"), "bus"),
			      *serial = get(l, xml_child(disk, "serial"), NULL),
			      *order = get(l, xml_child(disk, "boot"), "order");
	struct value v = {0};

	say(&v, "%s", file ? file : dev ? dev : name ? name : "no medium");
	if (device && strcmp(device, "disk") != 0)
		say(&v, ", %s", device);
	say(&v, ", %s, %s", type ? type : "raw", bus ? bus : "virtio");
	if (cache)
		say(&v, ", cache %s", cache);
	if (xml_child(disk, "readonly"))
		say(&v, ", read-only");
	if (serial)
		say(&v, ", serial %s", serial);
	if (order)
		say(&v, ", boot %s", order);
	/* libvirt unplugs no CD-ROM. */
	add(l, device && strcmp(device, "cdrom") == 0 ? "cdrom" : "disk", v.text, NULL, disk);
}

static void say_forward(struct list *l, struct value *v, const xmlNode *forward)
{
	_cleanup_(freep) char *protocol = get(l, forward, "proto"),
			      *address = get(l, forward, "address"),
			      *start = get(l, xml_child(forward, "range"), "start"),
			      *to = get(l, xml_child(forward, "range"), "to");

	say(v, ", %s %s%s%s to %s", protocol ? protocol : "", address ? address : "",
	    address ? ":" : "", start ? start : "all",
	    to	    ? to
	    : start ? start
		    : "all");
}

static void add_folder(struct list *l, const xmlNode *folder)
{
	_cleanup_(freep) char *dir = get(l, xml_child(folder, "source"), "dir"),
			      *tag = get(l, xml_child(folder, "target"), "dir"),
			      *type = get(l, xml_child(folder, "driver"), "type");
	struct value v = {0};

	say(&v, "%s as %s, %s", dir ? dir : "", tag ? tag : "", type ? type : "path");
	add(l, "shared folder", v.text, NULL, folder);
}

/* libvirt shows a network that leads to a bridge as that bridge while the guest runs. */
static void add_network(struct list *l, const xmlNode *interface)
{
	const xmlNode *source = xml_child(interface, "source");
	_cleanup_(freep) char *type = get(l, interface, "type"),
			      *network = get(l, source, "network"),
			      *bridge = get(l, source, "bridge"), *dev = get(l, source, "dev"),
			      *mac = get(l, xml_child(interface, "mac"), "address"),
			      *model = get(l, xml_child(interface, "model"), "type"),
			      *queues = get(l, xml_child(interface, "driver"), "queues"),
			      *backend = get(l, xml_child(interface, "backend"), "type");
	const xmlNode *forward = xml_child(interface, "portForward");
	const char *from = network ? network : bridge ? bridge : dev;
	struct value v = {0};

	say(&v, "%s", network ? "network" : type ? type : "user");
	if (from)
		say(&v, " %s", from);
	if (model && strcmp(model, "virtio") != 0)
		say(&v, ", %s", model);
	if (queues)
		say(&v, ", queues %s", queues);
	if (backend)
		say(&v, ", %s", backend);
	for (; forward; forward = xml_next(forward, "portForward"))
		say_forward(l, &v, forward);
	add(l, "network", v.text, mac, interface);
}

static void add_host_device(struct list *l, const xmlNode *device)
{
	const xmlNode *address = xml_child(xml_child(device, "source"), "address");
	static const char *const parts[] = {"domain", "bus", "slot", "function"};
	unsigned long n[ARRAY_SIZE(parts)] = {0};
	struct value v = {0};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_(freep) char *text = get(l, address, parts[i]);

		if (text)
			n[i] = strtoul(text, NULL, 0);
	}
	say(&v, "%04lx:%02lx:%02lx.%lx", n[0], n[1], n[2], n[3]);
	if (xml_switch(xml_child(device, "driver"), "iommufd") == SPEC_ON)
		say(&v, ", iommufd");
	add(l, "vfio", v.text, NULL, device);
}

static void add_console(struct list *l, const xmlNode *devices)
{
	const xmlNode *serial = xml_child(devices, "serial");
	_cleanup_(freep) char *type = get(l, serial, "type"),
			      *path = get(l, xml_child(serial, "source"), "path");
	struct value v = {0};

	say(&v, "%s", type ? type : "none");
	/* Of a pty libvirt gives the path while the guest runs. */
	if (path && type && strcmp(type, "pty") != 0)
		say(&v, " %s", path);
	add(l, "console", v.text, NULL, NULL);
}

static void add_devices(struct list *l, const xmlNode *devices)
{
	const xmlNode *vsock = xml_child(devices, "vsock"), *cid = xml_child(vsock, "cid"), *node;
	_cleanup_(freep) char *address = get(l, cid, "address");

	for (node = xml_child(devices, "disk"); node; node = xml_next(node, "disk"))
		add_disk(l, node);
	for (node = xml_child(devices, "interface"); node; node = xml_next(node, "interface"))
		add_network(l, node);
	for (node = xml_child(devices, "hostdev"); node; node = xml_next(node, "hostdev"))
		if (xml_attribute_is(node, "type", "pci"))
			add_host_device(l, node);
	for (node = xml_child(devices, "filesystem"); node; node = xml_next(node, "filesystem"))
		add_folder(l, node);
	add_console(l, devices);
	add(l, "vsock",
	    !vsock					     ? "none"
	    : xml_switch(cid, "auto") == SPEC_ON || !address ? "auto"
							     : address,
	    NULL, NULL);
	add_switch(l, "random number generator", xml_child(devices, "rng"));
}

/* Labels, and of what texts the domain was made. */
static void add_metadata(struct list *l, const xmlNode *metadata)
{
	const xmlNode *launch = xml_launch(metadata);

	for (const xmlNode *node = launch ? launch->children : NULL; node; node = node->next) {
		_cleanup_(freep) char *key = NULL, *text = NULL, *what = NULL;

		if (xml_is_launch(node, "label")) {
			key = get(l, node, "key");
			text = get(l, node, NULL);
			what = format_text("label %s", key ? key : "");
			if (what)
				add(l, what, text ? text : "", NULL, NULL);
			else
				l->status = out_of_memory(l->err);
		} else if (xml_is_launch(node, "input")) {
			key = get(l, node, "name");
			text = get(l, node, "sha256");
			if (key && text &&
			    (strcmp(key, SETTING_VM_JSON) == 0 || strcmp(key, "libvirt_xml") == 0 ||
			     strcmp(key, "template") == 0))
				add(l, key, text, NULL, NULL);
		}
	}
}

int domain_read_settings(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	struct list l = {.spec = spec, .err = err};

	add_text(&l, "title", xml_child(domain, "title"));
	add_text(&l, "description", xml_child(domain, "description"));
	add_memory(&l, domain);
	add_topology(&l);
	add_placement(&l, domain);
	add_window(&l);
	add(&l, "on reboot", spec->on_reboot ? spec->on_reboot : "restart", NULL, NULL);
	add_devices(&l, xml_child(domain, "devices"));
	add_metadata(&l, xml_child(domain, "metadata"));
	return l.status;
}
