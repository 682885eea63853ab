// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: <devices> and what is handed to QEMU past libvirt. */
#include <stdlib.h>
#include <string.h>

#include "domain/domain_parts.h"

#define MAX_DISKS 1024

static int read_disks(const xmlNode *devices, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *node;
	size_t n = 0;
	int r = 0;

	for (node = xml_child(devices, "disk"); node; node = xml_next(node, "disk"))
		n++;
	if (n > MAX_DISKS)
		return snp_fail(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
				"%zu disks, where at most %d are read", n, MAX_DISKS);
	spec->disks = calloc(n ? n : 1, sizeof(*spec->disks));
	if (!spec->disks)
		return snp_no_memory(err);
	for (node = xml_child(devices, "disk"); node && r == 0; node = xml_next(node, "disk")) {
		const xmlNode *source = xml_child(node, "source");
		struct spec_disk *disk = &spec->disks[spec->n_disks++];

		disk->readonly = xml_child(node, "readonly") ||
				 xml_attribute_is(node, "device", "cdrom") ||
				 xml_child(node, "shareable");
		r = xml_attribute(source, "file", &disk->path, err);
		if (r == 0 && !disk->path)
			r = xml_attribute(source, "dev", &disk->path, err);
	}
	return r;
}

/* A device's ROM is code of the host that the firmware runs unmeasured. */
static uint32_t count_roms(const xmlNode *devices, const char *element)
{
	const xmlNode *node;
	uint32_t n = 0;

	for (node = xml_child(devices, element); node; node = xml_next(node, element)) {
		const xmlNode *rom = xml_child(node, "rom");

		if (strcmp(element, "hostdev") == 0 && !xml_attribute_is(node, "type", "pci"))
			continue;
		n += xml_switch(rom, "enabled") != SPEC_OFF && xml_switch(rom, "bar") != SPEC_OFF;
	}
	return n;
}

static bool has_agent(const xmlNode *devices)
{
	const xmlNode *node;

	for (node = xml_child(devices, "channel"); node; node = xml_next(node, "channel"))
		if (xml_attribute_is(xml_child(node, "target"), "name", "org.qemu.guest_agent.0"))
			return true;
	return false;
}

static bool has_interrupt_mode(const xmlNode *devices)
{
	const xmlNode *iommu = xml_child(devices, "iommu");

	return xml_attribute_is(iommu, "model", "intel") &&
	       xml_switch(xml_child(iommu, "driver"), "eim") == SPEC_ON;
}

/* Options of QEMU that say what is launched, on what, or as what. */
static bool changes_launch(const char *argument)
{
	static const char *const options[] = {
		"kernel", "initrd", "append",	  "bios", "pflash", "cpu",	  "smp",  "machine",
		"M",	  "accel",  "enable-kvm", "set",  "global", "readconfig", "shim", NULL};

	if (strstr(argument, "sev-") || strstr(argument, "igvm") || strstr(argument, "if=pflash"))
		return true;
	if (*argument != '-')
		return false;
	argument += argument[1] == '-' ? 2 : 1;
	for (size_t i = 0; options[i]; i++)
		if (strcmp(options[i], argument) == 0)
			return true;
	return false;
}

static int read_arguments(const xmlNode *commandline, struct launch_spec *spec,
			  struct snp_error *err)
{
	int r = 0;

	for (const xmlNode *node = commandline->children; node && r == 0; node = node->next) {
		_cleanup_(freep) char *value = NULL;
		char **ret;

		if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, "arg") != 0)
			continue;
		r = xml_attribute(node, "value", &value, err);
		if (r < 0 || !value)
			continue;
		ret = changes_launch(value) ? &spec->qemu_launch_argument : &spec->qemu_argument;
		if (!*ret)
			*ret = TAKE_PTR(value);
	}
	return r;
}

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

int domain_read_devices(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *devices = xml_child(domain, "devices");
	int r = read_disks(devices, spec, err);

	spec->n_option_roms = count_roms(devices, "interface") + count_roms(devices, "hostdev");
	spec->tpm = xml_child(devices, "tpm");
	spec->guest_agent = has_agent(devices);
	spec->iommu_eim = has_interrupt_mode(devices);
	for (const xmlNode *node = domain->children; node && r == 0; node = node->next)
		if (node->type == XML_ELEMENT_NODE && node->ns &&
		    strcmp((const char *)node->ns->href, QEMU_NAMESPACE) == 0 &&
		    strcmp((const char *)node->name, "commandline") == 0)
			r = read_arguments(node, spec, err);
	return r;
}
