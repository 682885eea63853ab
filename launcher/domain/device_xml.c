// SPDX-License-Identifier: Apache-2.0
#include "domain/device_xml.h"

#include <stdio.h>
#include <string.h>

#include <snp/fail.h>

#include "domain/xml_document.h"

static int begin(const void *element, struct xml_writer *ret, struct snp_error *err)
{
	struct xml_writer w = {.doc = xmlNewDoc((const xmlChar *)"1.0")};
	xmlNode *copy = w.doc ? xmlDocCopyNode((xmlNode *)(uintptr_t)element, w.doc, 1) : NULL;

	if (!copy) {
		xmlFreeDoc(w.doc);
		return out_of_memory(err);
	}
	xmlDocSetRootElement(w.doc, copy);
	*ret = w;
	return 0;
}

int device_xml(const void *element, char **ret, struct snp_error *err)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	struct xml_writer w;
	int r = begin(element, &w, err);

	if (r < 0)
		return r;
	doc = w.doc;
	return xml_print(&w, ret, err);
}

static bool has_name(const struct launch_spec *live, const char *name)
{
	for (size_t i = 0; i < live->n_settings; i++)
		if (live->settings[i].element &&
		    xml_attribute_is(xml_child(live->settings[i].element, "target"), "dev", name))
			return true;
	return false;
}

/* "vdb" where the guest has "vda": the letters are only names. */
static void rename_disk(struct xml_writer *w, xmlNode *target, const struct launch_spec *live)
{
	const char *prefix = xml_attribute_is(target, "bus", "scsi") ? "sd" : "vd";
	char name[] = "vda";

	for (char letter = 'a'; letter <= 'z'; letter++) {
		snprintf(name, sizeof(name), "%s%c", prefix, letter);
		if (!has_name(live, name))
			break;
	}
	xml_set(w, target, "dev", name);
}

int device_xml_to_plug(const void *element, const struct launch_spec *live, char **ret,
		       struct snp_error *err)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	struct xml_writer w;
	xmlNode *device;
	int r = begin(element, &w, err);

	if (r < 0)
		return r;
	doc = w.doc;
	device = xmlDocGetRootElement(doc);
	xml_drop(device, "address");
	xml_drop(device, "alias");
	if (strcmp((const char *)device->name, "disk") == 0)
		rename_disk(&w, xml_child(device, "target"), live);
	return xml_print(&w, ret, err);
}
