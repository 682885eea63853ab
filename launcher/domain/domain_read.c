// SPDX-License-Identifier: Apache-2.0
#include "domain/domain_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/xpath.h>

#include <snp/fail.h>
#include <snp/file.h>

#include "domain/allow_list.h"
#include "domain/domain_parts.h"
#include "domain/xml_document.h"

DEFINE_CLEANUP(xmlXPathContext *, xmlXPathFreeContext);
DEFINE_CLEANUP(xmlXPathObject *, xmlXPathFreeObject);

/* The line of the first node that the longest found beginning of the path leads to. */
static void locate_in_xml(const void *source, const char *place, uint32_t *ret_line,
			  uint32_t *ret_column)
{
	_cleanup_(xmlXPathFreeContextp) xmlXPathContext *context =
		xmlXPathNewContext((xmlDoc *)(uintptr_t)source);
	_cleanup_(freep) char *path = strdup(place);

	*ret_line = *ret_column = 0;
	while (context && path && *path) {
		_cleanup_(xmlXPathFreeObjectp) xmlXPathObject *found =
			xmlXPathEvalExpression((const xmlChar *)path, context);

		if (found && found->nodesetval && found->nodesetval->nodeNr > 0) {
			long line = xmlGetLineNo(found->nodesetval->nodeTab[0]);

			*ret_line = line > 0 ? (uint32_t)line : 0;
			return;
		}
		*strrchr(path, '/') = '\0';
	}
}

static void free_document(void *doc)
{
	xmlFreeDoc(doc);
}

/* Default of libvirt where the domain says nothing. */
static int read_vcpus(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *vcpu = xml_child(domain, "vcpu");
	int r;

	spec->vcpu_maximum = 1;
	r = vcpu ? xml_number(vcpu, NULL, &spec->vcpu_maximum, err) : 0;
	spec->vcpus.count = spec->vcpu_maximum;
	if (r == 0 && vcpu)
		r = xml_number(vcpu, "current", &spec->vcpus.count, err);
	return r;
}

/* Where there is a list of vCPUs, libvirt starts what it says and not what <vcpu> does
 * (conf/domain_conf.c, virDomainVcpuParse). It writes all of them in order, and so they are taken. */
static int read_vcpu_list(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	uint32_t n = 0, id;

	for (const xmlNode *node = xml_child(xml_child(domain, "vcpus"), "vcpu"); node;
	     node = xml_next(node, "vcpu"), n++) {
		bool on = xml_switch(node, "enabled") == SPEC_ON;
		int r;

		id = UINT32_MAX;
		r = xml_number(node, "id", &id, err);
		if (r < 0)
			return r;
		spec->vcpus_differ |= id != n || on != (n < spec->vcpus.count);
		spec->vcpus_hotpluggable |= on && xml_switch(node, "hotpluggable") == SPEC_ON;
	}
	spec->vcpus_differ |= n > 0 && n < spec->vcpus.count;
	return 0;
}

/* libvirt's units (virScaleInteger), in any case: a lone letter and "iB" are binary, "B" is decimal. */
static const struct unit {
	const char *name;
	uint64_t bytes;
} units[] = {
	{"b", 1},	   {"bytes", 1},	{"KB", 1000},
	{"K", 1ull << 10}, {"KiB", 1ull << 10}, {"MB", 1000000},
	{"M", 1ull << 20}, {"MiB", 1ull << 20}, {"GB", 1000000000},
	{"G", 1ull << 30}, {"GiB", 1ull << 30}, {"TB", 1000000000000},
	{"T", 1ull << 40}, {"TiB", 1ull << 40},
};

static int read_memory(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *memory = xml_child(domain, "memory");
	_cleanup_(freep) char *unit = NULL, *text = NULL;
	uint64_t bytes;
	size_t i = 0;
	char *end;
	int r;

	r = xml_trimmed(memory, &text, err);
	if (r < 0)
		return r;
	r = xml_attribute(memory, "unit", &unit, err);
	if (r < 0 || !text)
		return r;
	bytes = strtoull(text, &end, 10);
	while (i < ARRAY_SIZE(units) && strcasecmp(units[i].name, unit ? unit : "KiB") != 0)
		i++;
	if (*text < '0' || *text > '9' || *end || i == ARRAY_SIZE(units) ||
	    __builtin_mul_overflow(bytes, units[i].bytes, &bytes))
		return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
				 "invalid <memory> '%s' '%s'; must be a number of KiB, MiB or GiB",
				 text, unit ? unit : "KiB");
	spec->memory_kib = bytes / 1024;
	return 0;
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

static int read_general(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const struct {
		const char *element;
		char **ret;
	} texts[] = {{"name", &spec->name}, {"uuid", &spec->uuid}, {"on_reboot", &spec->on_reboot}};
	int r = xml_attribute(domain, "type", &spec->domain_type, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = xml_text(xml_child(domain, texts[i].element), texts[i].ret, err);
	if (r == 0)
		r = read_path(xml_child(xml_child(domain, "devices"), "emulator"), &spec->emulator,
			      err);
	spec->hugepages = xml_child(xml_child(domain, "memoryBacking"), "hugepages");
	return r;
}

static int read_boot(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *os = xml_child(domain, "os"), *type = xml_child(os, "type"),
		      *loader = xml_child(os, "loader"),
		      *smm = xml_child(xml_child(domain, "features"), "smm");
	const struct {
		const char *element;
		char **ret;
	} paths[] = {{"loader", &spec->firmware},
		     {"kernel", &spec->kernel},
		     {"initrd", &spec->initrd},
		     {"dtb", &spec->dtb},
		     {"shim", &spec->shim}};
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
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(paths); i++)
		r = read_path(xml_child(os, paths[i].element), paths[i].ret, err);
	/* Blanks count: they reach QEMU, and so the measurement. */
	if (r < 0)
		return r;
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

static int read_cpu(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *cpu = xml_child(domain, "cpu"), *model = xml_child(cpu, "model");
	_cleanup_(freep) char *name = NULL;
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
		r = xml_trimmed(model, &name, err);
		if (r < 0)
			return r;
		/* A name that is too long is cut; QEMU does not know it either way. */
		snprintf(spec->vcpus.model, sizeof(spec->vcpus.model), "%s", name ? name : "");
		/* Where QEMU lacks the model, fallback lets libvirt take the nearest it has. */
		spec->cpu_may_change = !xml_attribute_is(model, "fallback", "forbid");
	}
	return read_topology(xml_child(cpu, "topology"), spec, err);
}

/* Where one of these stands twice, libvirt's XPath and a reader of first children would see different
 * guests. */
static int refuse_repeats(const xmlNode *parent, struct snp_error *err)
{
	static const char *const single[] = {
		"name",		  "uuid",    "metadata", "memory",   "memoryBacking",
		"vcpu",		  "os",	     "features", "cpu",	     "on_reboot",
		"devices",	  "type",    "loader",	 "nvram",    "kernel",
		"initrd",	  "cmdline", "smm",	 "model",    "topology",
		"policy",	  "idBlock", "idAuth",	 "hostData", "guestVisibleWorkarounds",
		"launchSecurity", "vcpus",   "dtb",	 "shim",     "emulator",
	};

	for (size_t i = 0; parent && i < ARRAY_SIZE(single); i++) {
		const xmlNode *first = xml_child(parent, single[i]);

		if (first && xml_next(first, single[i]))
			return fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
					 "<%s> appears twice in <%s>", single[i],
					 (const char *)parent->name);
	}
	return 0;
}

static int refuse_all_repeats(const xmlNode *domain, struct launch_spec *spec,
			      struct snp_error *err)
{
	static const char *const parents[] = {"os", "features", "cpu", "launchSecurity", "devices"};
	int r = refuse_repeats(domain, err);

	(void)spec;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parents); i++)
		r = refuse_repeats(xml_child(domain, parents[i]), err);
	return r;
}

/* Without VIR_DOMAIN_DEFINE_VALIDATE libvirt silently drops what it does not know; in <launchSecurity> that
 * is a protection that somebody asked for. */
static int read_settings(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	static const char security[] = "launchSecurity";
	const size_t n = sizeof(security) - 1;
	struct unlisted found = {0};
	int r = allow_list_check(domain, &found, err);

	if (r < 0)
		return r;
	spec->refused_setting = found.refused;
	spec->refused_why = found.why;
	if (found.unknown && strncmp(found.unknown, security, n) == 0 && found.unknown[n])
		spec->unknown_security = found.unknown;
	else
		spec->unknown_setting = found.unknown;
	return 0;
}

static int (*const readers[])(const xmlNode *domain, struct launch_spec *spec,
			      struct snp_error *err) = {
	refuse_all_repeats,   read_general,    read_vcpus,	 read_vcpu_list,
	read_memory,	      read_boot,       read_cpu,	 domain_read_security,
	domain_read_devices,  domain_read_ids, domain_read_qemu, read_settings,
	domain_read_settings,
};

int domain_read(const char *name, struct snp_span xml, struct launch_spec **ret,
		struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = calloc(1, sizeof(*spec));
	xmlDoc *doc;
	const xmlNode *domain;
	int r;

	if (!spec)
		return out_of_memory(err);
	r = xml_parse(name, xml, "domain", &doc, err);
	if (r < 0)
		return r;
	spec->origin = SPEC_FROM_DOMAIN;
	spec->locate = locate_in_xml;
	spec->free_source = free_document;
	spec->source = doc;
	domain = xmlDocGetRootElement(doc);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(readers); i++)
		r = readers[i](domain, spec, err);
	if (r < 0)
		return in_file(err, r, name);
	*ret = TAKE_PTR(spec);
	return 0;
}

int domain_read_file(const char *path, struct launch_spec **ret, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(path, DOMAIN_MAX_SIZE, &bytes, &size, err);

	return r < 0 ? r : domain_read(path, (struct snp_span){bytes, size}, ret, err);
}
