// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a domain: what is handed to QEMU past libvirt, in the namespace of its driver. Of QEMU's hundreds
 * of options many launch other bytes or on other CPUs (-append, -device loader, -incoming, -smp), and every
 * version brings more: so what is not known to leave the launch alone is taken to change it.
 */
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

#include "domain/domain_parts.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/* A name, and what its value must begin with. */
struct harmless {
	const char *name, *value;
};

/* No device: its ROM would be code of the host's. fw_cfg's "opt/" is the user's part (QEMU,
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
		/* Of a key that stands twice QEMU takes the last. */
		return length == 0 || !strstr(value + length, "name=");
	}
	return false;
}

/* Keep `text` where nothing stands yet. */
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

/* Every harmless option has a value, and QEMU takes the next argument for it, whatever that is; so after any
 * other option nothing is known any more, and nothing needs to be. */
static int read_commandline(const xmlNode *commandline, struct launch_spec *spec,
			    struct snp_error *err)
{
	const xmlNode *option = next_argument(commandline->children), *value;
	int r = 0;

	for (; option && r == 0 && !spec->qemu_launch_argument;
	     option = value ? next_argument(value->next) : NULL) {
		value = next_argument(option->next);
		r = note_arguments(option, value, spec, err);
	}
	for (const xmlNode *node = commandline->children; node && r == 0; node = node->next)
		if (is_qemu(node, "env"))
			r = note_variable(node, spec, err);
	return r;
}

/* An override is of a device's property. What QEMU can do is libvirt's to know: told otherwise it calls QEMU
 * in another way. */
static int read_element(const xmlNode *node, struct launch_spec *spec, struct snp_error *err)
{
	const char *name = (const char *)node->name;
	bool harmless = strcmp(name, "override") == 0 || strcmp(name, "deprecation") == 0;

	if (strcmp(name, "commandline") == 0)
		return read_commandline(node, spec, err);
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
