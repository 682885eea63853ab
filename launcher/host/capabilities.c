// SPDX-License-Identifier: Apache-2.0
#include "host/capabilities.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "host/hypervisor.h"

DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc);
DEFINE_CLEANUP(xmlXPathContextPtr, xmlXPathFreeContext);
DEFINE_CLEANUP(xmlXPathObjectPtr, xmlXPathFreeObject);

struct document {
	xmlDocPtr doc;
	xmlXPathContextPtr xpath;
};

static void document_close(struct document *d)
{
	xmlXPathFreeContextp(&d->xpath);
	xmlFreeDocp(&d->doc);
}

static bool document_open(const char *text, struct document *ret)
{
	struct document d = {0};

	d.doc = xmlReadMemory(text, (int)strlen(text), "capabilities", NULL,
			      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (d.doc)
		d.xpath = xmlXPathNewContext(d.doc);
	if (!d.xpath) {
		document_close(&d);
		return false;
	}
	*ret = d;
	return true;
}

/* The string value of an expression, or "". */
static void text_at(const struct document *d, const char *expression, char *ret, size_t size)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr value =
		xmlXPathEval((const xmlChar *)expression, d->xpath);
	xmlChar *text = value ? xmlXPathCastToString(value) : NULL;

	snprintf(ret, size, "%s", text ? (const char *)text : "");
	xmlFree(text);
}

static uint32_t number_at(const struct document *d, const char *expression, bool *ret_there)
{
	char text[32], *end;
	unsigned long value;

	text_at(d, expression, text, sizeof(text));
	value = strtoul(text, &end, 10);
	*ret_there = end != text && *end == '\0' && value <= UINT32_MAX;
	return *ret_there ? (uint32_t)value : 0;
}

void capabilities_qemu_user(virConnectPtr connection, uid_t *ret_user, gid_t *ret_group)
{
	_cleanup_(freep) char *xml = virConnectGetCapabilities(connection);
	_cleanup_(document_close) struct document d = {0};
	char label[64];
	unsigned int uid, gid;

	if (!xml || !document_open(xml, &d))
		return;
	text_at(&d, "/capabilities/host/secmodel[model='dac']/baselabel[@type='kvm']", label,
		sizeof(label));
	if (sscanf(label, "+%u:+%u", &uid, &gid) == 2) {
		*ret_user = uid;
		*ret_group = gid;
	}
}

static void read_models(const struct document *d, struct domain_capabilities *caps)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr models = xmlXPathEval(
		(const xmlChar *)"/domainCapabilities/cpu/mode[@name='custom']/model", d->xpath);

	for (int i = 0; models && models->nodesetval && i < models->nodesetval->nodeNr; i++) {
		xmlNodePtr node = models->nodesetval->nodeTab[i];
		xmlChar *name = xmlNodeGetContent(node), *usable;

		usable = xmlGetProp(node, (const xmlChar *)"usable");
		if (name && caps->n_models < CAPABILITIES_MODELS) {
			snprintf(caps->models[caps->n_models].name, sizeof(caps->models[0].name),
				 "%s", (const char *)name);
			caps->models[caps->n_models++].usable =
				usable && strcmp((const char *)usable, "yes") == 0;
		}
		xmlFree(usable);
		xmlFree(name);
	}
}

int capabilities_of_domains(virConnectPtr connection, struct domain_capabilities *ret,
			    struct snp_error *err)
{
	_cleanup_(freep) char *xml =
		virConnectGetDomainCapabilities(connection, NULL, "x86_64", "q35", NULL, 0);
	_cleanup_(document_close) struct document d = {0};
	struct domain_capabilities caps = {0};
	char text[64];
	bool there;

	if (!xml)
		return hypervisor_fail(err, "libvirt tells no domain capabilities");
	if (!document_open(xml, &d))
		return fail_with(err, SNP_E_LIBVIRT, SNP_NO_OFFSET,
				 "libvirt's domain capabilities are no XML document");
	text_at(&d, "/domainCapabilities/path", caps.emulator, sizeof(caps.emulator));
	text_at(&d, "/domainCapabilities/domain", text, sizeof(text));
	caps.has_kvm = strcmp(text, "kvm") == 0;
	text_at(&d,
		"/domainCapabilities/features/launchSecurity/enum[@name='sectype']"
		"/value[.='sev-snp']",
		text, sizeof(text));
	caps.has_sev_snp = text[0] != '\0';
	caps.cbitpos = number_at(&d, "/domainCapabilities/features/sev/cbitpos", &caps.has_cbitpos);
	caps.max_es_guests = number_at(&d, "/domainCapabilities/features/sev/maxESGuests", &there);
	read_models(&d, &caps);
	*ret = caps;
	return 0;
}
