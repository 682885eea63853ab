// SPDX-License-Identifier: Apache-2.0
/* Which user runs QEMU, and whether libvirt gives that user the guest's files: the label of libvirt's DAC
 * driver, written and read back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/domain_fill.h"
#include "domain/domain_parts.h"
#include "domain/domain_read.h"
#include "domain/domain_xml.h"

static bool is_dac(const xmlNode *label)
{
	return xml_attribute_is(label, "model", "dac");
}

void fill_label(struct xml_writer *w, xmlNode *domain, const struct domain_request *request)
{
	xmlNode *label = xml_child(domain, "seclabel"), *next;
	const bool own = request->asked->has_ids;
	char user[32];

	for (; label; label = next) {
		next = xml_next(label, "seclabel");
		if (!is_dac(label))
			continue;
		xmlUnlinkNode(label);
		xmlFreeNode(label);
	}
	label = xml_add(w, domain, "seclabel");
	xml_set(w, label, "type", "static");
	xml_set(w, label, "model", "dac");
	xml_set(w, label, "relabel", request->config->relabel ? "yes" : "no");
	snprintf(user, sizeof(user), "+%" PRIu32 ":+%" PRIu32,
		 own ? request->asked->uid : (uint32_t)request->uid,
		 own ? request->asked->gid : (uint32_t)request->gid);
	xml_add_text(w, label, "label", user);
}

static const xmlNode *dac_label(const xmlNode *domain)
{
	const xmlNode *label = xml_child(domain, "seclabel");

	while (label && !is_dac(label))
		label = xml_next(label, "seclabel");
	return label;
}

/* libvirt also accepts names, whose meaning depends on the host; snp-launch writes numbers. */
int domain_read_ids(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err)
{
	const xmlNode *label = dac_label(domain);
	_cleanup_(freep) char *text = NULL;
	int r = xml_attribute_is(label, "type", "static")
			? xml_text(xml_child(label, "label"), &text, err)
			: 0;

	spec->has_ids = text && sscanf(text, "+%" SCNu32 ":+%" SCNu32, &spec->uid, &spec->gid) == 2;
	return r;
}

int domain_read_user(const char *name, struct snp_span xml, struct domain_user *ret,
		     struct snp_error *err)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	_cleanup_(freep) char *text = NULL;
	struct domain_user user = {.relabels = true};
	const xmlNode *label;
	int r = xml_parse(name, xml, "domain", &doc, err);

	if (r < 0)
		return r;
	label = dac_label(xmlDocGetRootElement(doc));
	if (label) {
		/* Without the attribute libvirt relabels where it chooses the label itself. */
		user.relabels = xml_attribute_is(label, "relabel", "yes") ||
				(xml_attribute_is(label, "type", "dynamic") &&
				 !xml_attribute_is(label, "relabel", "no"));
		if (xml_child(label, "label"))
			r = xml_text(xml_child(label, "label"), &text, err);
	}
	user.is_known = text && sscanf(text, "+%u:", &user.uid) == 1;
	if (r < 0)
		return r;
	*ret = user;
	return 0;
}
