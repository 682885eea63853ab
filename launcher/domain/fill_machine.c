// SPDX-License-Identifier: Apache-2.0
/* Writing a domain: what it boots and computes with, and <launchSecurity>. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/memory.h>

#include "domain/domain_fill.h"
#include "domain/domain_xml.h"

static void set_text_of(struct xml_writer *w, xmlNode *parent, const char *name, const char *text)
{
	if (text)
		xml_set_text(w, xml_obtain(w, parent, name), text);
	else
		xml_drop(parent, name);
}

static void set_number_of(struct xml_writer *w, xmlNode *parent, const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	set_text_of(w, parent, name, text);
}

static void unset(xmlNode *node, const char *attribute)
{
	xmlAttr *found = node ? xmlHasProp(node, (const xmlChar *)attribute) : NULL;

	if (found)
		xmlRemoveProp(found);
}

/* Guest memory that the host shares is memfd by default: vhost-user devices need it, and private memory
 * is guest_memfd in either case. */
static void fill_memory(struct xml_writer *w, xmlNode *domain, const struct vm_config *config)
{
	bool memfd = config->memory_backing == VM_BACKING_MEMFD;
	xmlNode *backing = xml_obtain(w, domain, "memoryBacking"), *node = NULL;

	set_number_of(w, domain, "memory", config->memory_kib);
	xml_set(w, xml_child(domain, "memory"), "unit", "KiB");
	xml_drop(domain, "currentMemory");
	if (config->hugepages)
		node = xml_obtain(w, backing, "hugepages");
	if (config->hugepage_kib) {
		node = xml_obtain(w, node, "page");
		xml_set_number(w, node, "size", config->hugepage_kib);
		xml_set(w, node, "unit", "KiB");
	}
	if (config->memory_locked)
		xml_obtain(w, backing, "locked");
	xml_set(w, xml_obtain(w, backing, "source"), "type", memfd ? "memfd" : "anonymous");
	xml_set(w, xml_obtain(w, backing, "access"), "mode", memfd ? "shared" : "private");
}

/* An explicit loader works with and without a firmware descriptor, which Debian 13's OVMF lacks. */
static void fill_boot(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	const struct launch_spec *asked = request->asked;
	xmlNode *os = xml_obtain(w, domain, "os"), *loader;

	unset(os, "firmware");
	xml_drop(os, "firmware");
	xml_drop(os, "nvram");
	xml_drop(os, "loader");
	if (!asked->is_igvm) {
		loader = xml_add(w, os, "loader");
		xml_set(w, loader, "type", "rom");
		xml_set(w, loader, "stateless", "yes");
		xml_set_text(w, loader, asked->firmware);
	}
	set_text_of(w, os, "kernel", asked->kernel);
	set_text_of(w, os, "initrd", asked->initrd);
	set_text_of(w, os, "cmdline", asked->cmdline);
}

static void add_argument(struct xml_writer *w, xmlNode *commandline, const char *value)
{
	xmlNode *arg = xml_add(w, commandline, "arg");

	if (arg)
		xmlSetNs(arg, commandline->ns);
	xml_set(w, arg, "value", value);
}

/* libvirt has no elements for these. A second -machine adds to its own. */
static void fill_arguments(struct xml_writer *w, xmlNode *domain, const struct launch_spec *asked)
{
	const bool igvm = asked->is_igvm, window = asked->mmio64_kib > 0;
	_cleanup_(freep) char *object =
		igvm ? format_text(QEMU_IGVM_OBJECT "%s", asked->firmware) : NULL;
	_cleanup_(freep) char *size =
		window ? format_text(QEMU_MMIO64 "%" PRIu64, asked->mmio64_kib >> 10) : NULL;
	xmlNode *commandline;
	xmlNs *ns;

	if (!igvm && !window)
		return;
	ns = xmlNewNs(domain, (const xmlChar *)QEMU_NAMESPACE, (const xmlChar *)"qemu");
	commandline = xml_add(w, domain, "commandline");
	if ((igvm && !object) || (window && !size) || !ns || !commandline) {
		w->failed = true;
		return;
	}
	xmlSetNs(commandline, ns);
	if (igvm) {
		add_argument(w, commandline, "-object");
		add_argument(w, commandline, object);
		add_argument(w, commandline, "-machine");
		add_argument(w, commandline, QEMU_IGVM_MACHINE);
	}
	if (window) {
		add_argument(w, commandline, "-fw_cfg");
		add_argument(w, commandline, size);
	}
}

static void fill_cpu(struct xml_writer *w, xmlNode *domain, const struct vm_config *config)
{
	bool host = strcasecmp(config->cpu_model, "host") == 0;
	xmlNode *cpu, *model, *topology;

	set_number_of(w, domain, "vcpu", config->cpu_count);
	unset(xml_child(domain, "vcpu"), "current");
	xml_drop(domain, "vcpus");
	cpu = xml_obtain(w, domain, "cpu");
	xml_drop(cpu, "model");
	xml_drop(cpu, "topology");
	xml_set(w, cpu, "mode", host ? "host-passthrough" : "custom");
	xml_set(w, cpu, "check", "none");
	if (host) {
		unset(cpu, "match");
	} else {
		xml_set(w, cpu, "match", "exact");
		model = xml_add(w, cpu, "model");
		xml_set(w, model, "fallback", "forbid");
		xml_set_text(w, model, config->cpu_model);
	}
	topology = xml_add(w, cpu, "topology");
	xml_set_number(w, topology, "sockets", config->cpu_sockets);
	xml_set_number(w, topology, "dies", 1);
	xml_set_number(w, topology, "cores", config->cpu_cores);
	xml_set_number(w, topology, "threads", config->cpu_threads);
}

/* Where the host puts vCPUs and shared memory, and the guest's nodes. */
static void fill_placement(struct xml_writer *w, xmlNode *domain, const struct vm_config *config)
{
	xmlNode *numa, *tune, *node;

	if (config->n_pins > 0)
		xml_drop(xml_obtain(w, domain, "cputune"), "vcpupin");
	for (size_t i = 0; i < config->n_pins; i++) {
		node = xml_add(w, xml_obtain(w, domain, "cputune"), "vcpupin");
		xml_set_number(w, node, "vcpu", i);
		xml_set(w, node, "cpuset", config->pins[i]);
	}
	if (config->n_nodes == 0)
		return;
	xml_drop(xml_obtain(w, domain, "cpu"), "numa");
	numa = xml_add(w, xml_obtain(w, domain, "cpu"), "numa");
	for (size_t i = 0; i < config->n_nodes; i++) {
		const struct vm_node *from = &config->nodes[i];

		node = xml_add(w, numa, "cell");
		xml_set_number(w, node, "id", i);
		xml_set(w, node, "cpus", from->cpus);
		xml_set_number(w, node, "memory", from->memory_kib);
		xml_set(w, node, "unit", "KiB");
		if (!from->host_nodes)
			continue;
		tune = xml_obtain(w, domain, "numatune");
		node = xml_add(w, tune, "memnode");
		xml_set_number(w, node, "cellid", i);
		xml_set(w, node, "mode", "strict");
		xml_set(w, node, "nodeset", from->host_nodes);
	}
}

/* QEMU resets an SEV-SNP guest in place since 11.0; before that, a reboot ends QEMU whatever is written
 * here. */
static const char *on_reboot(const struct domain_request *request)
{
	bool restart =
		request->config->on_reboot == VM_REBOOT_RESTART ||
		(request->config->on_reboot == VM_REBOOT_AUTO && request->qemu_version >= 11000000);

	return restart ? "restart" : "destroy";
}

void fill_machine(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	const struct vm_config *config = request->config;

	xml_set(w, domain, "type", "kvm");
	set_text_of(w, domain, "name", config->name);
	set_text_of(w, domain, "uuid", request->asked->uuid);
	set_text_of(w, domain, "title", config->title);
	set_text_of(w, domain, "description", config->description);
	fill_memory(w, domain, config);
	fill_boot(w, domain, request);
	fill_cpu(w, domain, config);
	fill_placement(w, domain, config);
	fill_arguments(w, domain, request->asked);
	set_text_of(w, domain, "on_reboot", on_reboot(request));
}

static const char *yes_no(enum spec_switch value)
{
	return value == SPEC_ON ? "yes" : "no";
}

void fill_security(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	const struct launch_spec *asked = request->asked;
	const struct {
		const char *name;
		const struct spec_blob *blob;
	} blobs[] = {
		{"guestVisibleWorkarounds", &asked->workarounds_text},
		{"idBlock", &asked->id_block_text},
		{"idAuth", &asked->id_auth_text},
		{"hostData", &asked->host_data_text},
	};
	xmlNode *security;

	xml_drop(domain, "launchSecurity");
	security = xml_add(w, domain, "launchSecurity");
	xml_set(w, security, "type", "sev-snp");
	xml_set(w, security, "kernelHashes", yes_no(asked->kernel_hashes));
	xml_set(w, security, "authorKey", yes_no(asked->author_key));
	xml_set(w, security, "vcek", yes_no(asked->vcek));
	xml_add_text(w, security, "policy", asked->policy_text);
	for (size_t i = 0; i < ARRAY_SIZE(blobs); i++)
		if (blobs[i].blob->text)
			xml_add_text(w, security, blobs[i].name, blobs[i].blob->text);
	if (request->config->user || !request->config->relabel)
		fill_label(w, domain, request);
}
