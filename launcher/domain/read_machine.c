// SPDX-License-Identifier: Apache-2.0
/* Reading a domain: <os>, <features>, <cpu>. Defaults are libvirt's. */
#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

#include "domain/domain_parts.h"

int xml_number(const xmlNode *node, const char *attribute, uint32_t *ret, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	unsigned long long v;
	char *end;
	int r;

	r = attribute ? xml_attribute(node, attribute, &text, err) : xml_trimmed(node, &text, err);
	if (r < 0 || !text)
		return r;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || v > UINT32_MAX)
		return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
				 "<%s> has '%s', where a number is right", (const char *)node->name,
				 text);
	*ret = (uint32_t)v;
	return 0;
}

enum spec_switch xml_switch(const xmlNode *node, const char *attribute)
{
	if (xml_attribute_is(node, attribute, "yes") || xml_attribute_is(node, attribute, "on"))
		return SPEC_ON;
	if (xml_attribute_is(node, attribute, "no") || xml_attribute_is(node, attribute, "off"))
		return SPEC_OFF;
	return SPEC_UNSET;
}

/* Blanks are part of a path, as libvirt sees it too; an empty one is none. */
static int read_path(const xmlNode *node, char **ret, struct snp_error *err)
{
	int r = xml_text(node, ret, err);

	if (r == 0 && *ret && **ret == '\0') {
		free(*ret);
		*ret = NULL;
	}
	return r;
}

int domain_read_boot(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *os = xml_child(domain, "os"), *type = xml_child(os, "type"),
		      *loader = xml_child(os, "loader"),
		      *smm = xml_child(xml_child(domain, "features"), "smm");
	int r;

	spec->pflash = xml_attribute_is(loader, "type", "pflash");
	spec->loader_secure = xml_switch(loader, "secure") == SPEC_ON;
	spec->loader_stateless = xml_switch(loader, "stateless");
	spec->nvram = xml_child(os, "nvram") || xml_child(os, "varstore");
	/* <smm/> alone is on. */
	spec->smm = smm && !xmlHasProp(smm, (const xmlChar *)"state") ? SPEC_ON
								      : xml_switch(smm, "state");
	r = xml_attribute(type, "arch", &spec->arch, err);
	if (r == 0)
		r = xml_attribute(type, "machine", &spec->machine, err);
	if (r == 0)
		r = read_path(loader, &spec->firmware, err);
	if (r == 0)
		r = read_path(xml_child(os, "kernel"), &spec->kernel, err);
	if (r == 0)
		r = read_path(xml_child(os, "initrd"), &spec->initrd, err);
	if (r == 0)
		r = read_path(xml_child(os, "dtb"), &spec->dtb, err);
	if (r == 0)
		r = read_path(xml_child(os, "shim"), &spec->shim, err);
	/* Blanks count: they reach QEMU, and so the measurement. */
	if (r == 0)
		r = xml_text(xml_child(os, "cmdline"), &spec->cmdline, err);
	spec->firmware_auto =
		!spec->firmware && (xml_attribute_is(os, "firmware", "efi") || loader);
	return r;
}

static int read_topology(const xmlNode *topology, struct launch_spec *spec, struct snp_error *err)
{
	const struct {
		const char *attribute;
		uint32_t *ret;
	} counts[] = {
		{"sockets", &spec->cpu_sockets},   {"dies", &spec->cpu_dies},
		{"clusters", &spec->cpu_clusters}, {"cores", &spec->cpu_cores},
		{"threads", &spec->cpu_threads},
	};
	int r = 0;

	spec->has_topology = topology;
	for (size_t i = 0; topology && r == 0 && i < ARRAY_SIZE(counts); i++) {
		*counts[i].ret = 1;
		r = xml_number(topology, counts[i].attribute, counts[i].ret, err);
	}
	return r;
}

int domain_read_cpu(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *cpu = xml_child(domain, "cpu"), *model = xml_child(cpu, "model");
	int r;

	if (xml_attribute_is(cpu, "mode", "host-model"))
		spec->cpu_mode = SPEC_CPU_HOST_MODEL;
	else if (xml_attribute_is(cpu, "mode", "host-passthrough"))
		spec->cpu_mode = SPEC_CPU_HOST_PASSTHROUGH;
	else if (xml_attribute_is(cpu, "mode", "maximum"))
		spec->cpu_mode = SPEC_CPU_MAXIMUM;
	else if (model)
		spec->cpu_mode = SPEC_CPU_CUSTOM;
	if (spec->cpu_mode == SPEC_CPU_CUSTOM) {
		r = xml_trimmed(model, &spec->cpu_model, err);
		if (r < 0)
			return r;
		/* Where QEMU lacks the model, fallback lets libvirt take the nearest it has. */
		spec->cpu_may_change = !xml_attribute_is(model, "fallback", "forbid") ||
				       xml_attribute_is(cpu, "match", "minimum");
	}
	return read_topology(xml_child(cpu, "topology"), spec, err);
}
