// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: <devices>, and what is passed directly to QEMU. */
#include <inttypes.h>
#include <stdio.h>
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
				 "%zu disks; at most %d are supported", n, MAX_DISKS);
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

static uint32_t count(const xmlNode *parent, const char *element, const char *attribute,
		      const char *value)
{
	uint32_t n = 0;

	for (const xmlNode *node = xml_child(parent, element); node; node = xml_next(node, element))
		n += !attribute || xml_attribute_is(node, attribute, value);
	return n;
}

int domain_read_devices(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *devices = xml_child(domain, "devices");
	int r = read_disks(devices, spec, err);

	spec->n_option_roms = count_roms(devices, "interface") + count_roms(devices, "hostdev");
	spec->tpm = xml_child(devices, "tpm");
	spec->guest_agent = has_agent(devices);
	spec->iommu_eim = has_interrupt_mode(devices);
	spec->n_cdroms = count(devices, "disk", "device", "cdrom");
	spec->n_folders = count(devices, "filesystem", NULL, NULL);
	spec->n_host_devices = count(devices, "hostdev", NULL, NULL);
	spec->smbios =
		xml_attribute_is(xml_child(xml_child(domain, "os"), "smbios"), "mode", "sysinfo");
	return r;
}

/*
 * What is passed directly to QEMU, in the namespace of libvirt's driver. Many of QEMU's hundreds of options
 * launch other bytes or use other CPUs (-append, -device loader, -incoming, -smp), and every version adds
 * more. So an option counts as changing the launch unless it is known not to.
 */
/* A name, and what its value must begin with. */
struct harmless {
	const char *name, *value;
};

/* No -device: its ROM would be code of the host. fw_cfg's "opt/" is the user's part (QEMU,
 * docs/specs/fw_cfg.rst), which neither QEMU nor the launch reads. */
static const struct harmless options[] = {
	{"D", ""}, {"d", ""}, {"msg", ""}, {"trace", ""}, {"fw_cfg", "name=opt/"},
};

static const struct harmless variables[] = {
	{"DISPLAY", ""}, {"G_MESSAGES_DEBUG", ""}, {"LANG", ""}, {"LC_ALL", ""}, {"TMPDIR", ""},
	{"TZ", ""},	 {"XAUTHORITY", ""},
};

static bool is_harmless(const struct harmless *list, size_t n, const char *name, const char *value)
{
	for (size_t i = 0; i < n && value; i++) {
		size_t length = strlen(list[i].value);

		if (strcmp(list[i].name, name) != 0 || strncmp(list[i].value, value, length) != 0)
			continue;
		/* If a key is given twice, QEMU uses the last. */
		return length == 0 || !strstr(value + length, "name=");
	}
	return false;
}

/* Keep `text` if nothing is kept yet. */
static int note(char **ret, const char *text, struct snp_error *err)
{
	if (!*ret)
		*ret = strdup(text);
	return *ret ? 0 : out_of_memory(err);
}

static int note_arguments(const xmlNode *option, const xmlNode *value, struct launch_spec *spec,
			  struct snp_error *err)
{
	_cleanup_(freep) char *name = NULL, *text = NULL;
	bool harmless;
	int r = xml_attribute(option, "value", &name, err);

	if (r == 0 && value)
		r = xml_attribute(value, "value", &text, err);
	if (r < 0)
		return r;
	if (!name)
		return note(&spec->qemu_launch_argument, "arg", err);
	harmless = name[0] == '-' &&
		   is_harmless(options, ARRAY_SIZE(options), name + 1 + (name[1] == '-'), text);
	return note(harmless ? &spec->qemu_argument : &spec->qemu_launch_argument, name, err);
}

static int note_variable(const xmlNode *node, struct launch_spec *spec, struct snp_error *err)
{
	_cleanup_(freep) char *name = NULL;
	int r = xml_attribute(node, "name", &name, err);

	if (r < 0 || !name)
		return r;
	return note(is_harmless(variables, ARRAY_SIZE(variables), name, "")
			    ? &spec->qemu_argument
			    : &spec->qemu_launch_argument,
		    name, err);
}

static bool is_qemu(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       strcmp((const char *)node->ns->href, QEMU_NAMESPACE) == 0 &&
	       (!name || strcmp((const char *)node->name, name) == 0);
}

static const xmlNode *next_argument(const xmlNode *node)
{
	while (node && !is_qemu(node, "arg"))
		node = node->next;
	return node;
}

static bool is_argument(const xmlNode *node, const char *value)
{
	return node && xml_attribute_is(node, "value", value);
}

/* The four arguments that give QEMU an IGVM file, one after the other; `ret_next` is what follows them. Without
 * the second pair QEMU does not load the file. */
static int read_igvm(const xmlNode *option, struct launch_spec *spec, const xmlNode **ret_next,
		     struct snp_error *err)
{
	const size_t length = strlen(QEMU_IGVM_OBJECT);
	const xmlNode *object = next_argument(option->next), *machine, *value;
	_cleanup_(freep) char *text = NULL;
	int r;

	*ret_next = NULL;
	if (!is_argument(option, "-object") || !object || spec->firmware)
		return 0;
	machine = next_argument(object->next);
	value = machine ? next_argument(machine->next) : NULL;
	r = xml_attribute(object, "value", &text, err);
	if (r < 0 || !text || strncmp(text, QEMU_IGVM_OBJECT, length) != 0 ||
	    strchr(text + length, ',') || !is_argument(machine, "-machine") ||
	    !is_argument(value, QEMU_IGVM_MACHINE))
		return r;
	spec->firmware = strdup(text + length);
	spec->is_igvm = true;
	*ret_next = value;
	return spec->firmware ? 0 : out_of_memory(err);
}

/* The window for 64-bit PCI addresses, which vm.json may set: OVMF reads it, and nothing measures it. */
static bool read_mmio64(const xmlNode *option, const xmlNode *value, struct launch_spec *spec,
			struct snp_error *err, int *ret)
{
	_cleanup_(freep) char *text = NULL;
	uint32_t mib;
	char after;

	if (!is_argument(option, "-fw_cfg") || !value)
		return false;
	*ret = xml_attribute(value, "value", &text, err);
	if (*ret < 0 || !text || sscanf(text, QEMU_MMIO64 "%" SCNu32 "%c", &mib, &after) != 1)
		return *ret < 0;
	spec->mmio64_kib = (uint64_t)mib << 10;
	return true;
}

/* Every harmless option has a value, and QEMU takes the next argument for it, whatever that is; so what
 * follows any other option is unknown, and does not matter. */
static int read_commandline(const xmlNode *commandline, struct launch_spec *spec,
			    struct snp_error *err)
{
	const xmlNode *option = next_argument(commandline->children), *value;
	int r = 0;

	for (; option && r == 0 && !spec->qemu_launch_argument;
	     option = value ? next_argument(value->next) : NULL) {
		r = read_igvm(option, spec, &value, err);
		if (r < 0 || value)
			continue;
		value = next_argument(option->next);
		if (!read_mmio64(option, value, spec, err, &r))
			r = note_arguments(option, value, spec, err);
	}
	for (const xmlNode *node = commandline->children; node && r == 0; node = node->next)
		if (is_qemu(node, "env"))
			r = note_variable(node, spec, err);
	return r;
}

/* Read under an override. */
static uint32_t count_rom_properties(const xmlNode *node)
{
	uint32_t n = is_qemu(node, "property") && xml_attribute_is(node, "name", "romfile");

	for (node = node->children; node; node = node->next)
		n += count_rom_properties(node);
	return n;
}

/* An override sets a property of a device; a ROM counts as in <rom>. Capabilities tell libvirt what QEMU can do, and so change how it
 * calls QEMU. */
static int read_element(const xmlNode *node, struct launch_spec *spec, struct snp_error *err)
{
	const char *name = (const char *)node->name;
	bool harmless = strcmp(name, "override") == 0 || strcmp(name, "deprecation") == 0;

	if (strcmp(name, "commandline") == 0)
		return read_commandline(node, spec, err);
	if (strcmp(name, "override") == 0)
		spec->n_option_roms += count_rom_properties(node);
	return note(harmless ? &spec->qemu_argument : &spec->qemu_launch_argument, name, err);
}

int domain_read_qemu(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	int r = 0;

	for (const xmlNode *node = domain->children; node && r == 0; node = node->next)
		if (is_qemu(node, NULL))
			r = read_element(node, spec, err);
	return r;
}
