// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: <devices>. */
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

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
		return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
				 "%zu disks, where at most %d are read", n, MAX_DISKS);
	spec->disks = calloc(n ? n : 1, sizeof(*spec->disks));
	if (!spec->disks)
		return out_of_memory(err);
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

int domain_read_devices(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *devices = xml_child(domain, "devices");
	int r = read_disks(devices, spec, err);

	spec->n_option_roms = count_roms(devices, "interface") + count_roms(devices, "hostdev");
	spec->tpm = xml_child(devices, "tpm");
	spec->guest_agent = has_agent(devices);
	spec->iommu_eim = has_interrupt_mode(devices);
	return r;
}
