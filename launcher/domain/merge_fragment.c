// SPDX-License-Identifier: Apache-2.0
#include "domain/domain_fill.h"

static bool same_name(const xmlNode *a, const xmlNode *b)
{
	return b->type == XML_ELEMENT_NODE && xmlStrEqual(a->name, b->name) &&
	       xmlStrEqual(a->ns ? a->ns->href : NULL, b->ns ? b->ns->href : NULL);
}

static xmlNode *counterpart(xmlNode *into, const xmlNode *child)
{
	xmlNode *node = into->children;

	while (node && !same_name(child, node))
		node = node->next;
	return node;
}

static void append(struct xml_writer *w, xmlNode *into, xmlNode *child)
{
	xmlNode *copy = xmlDocCopyNode(child, w->doc, 1);

	if (!copy || !xmlAddChild(into, copy) || xmlReconciliateNs(w->doc, copy) < 0)
		w->failed = true;
}

static void merge_attributes(struct xml_writer *w, xmlNode *into, const xmlNode *fragment)
{
	for (xmlAttr *a = fragment->properties; a && !w->failed; a = a->next) {
		xmlChar *value = xmlNodeGetContent((const xmlNode *)a);

		if (!value || !xmlSetProp(into, a->name, value))
			w->failed = true;
		xmlFree(value);
	}
}

static bool is_list(const xmlNode *node)
{
	return node->ns || xmlStrEqual(node->name, (const xmlChar *)"devices");
}

void merge_fragment(struct xml_writer *w, xmlNode *into, const xmlNode *fragment)
{
	xmlChar *text;

	merge_attributes(w, into, fragment);
	if (!xmlFirstElementChild((xmlNode *)(uintptr_t)fragment)) {
		text = xmlNodeGetContent(fragment);
		if (!text)
			w->failed = true;
		else if (*text)
			xml_set_text(w, into, (const char *)text);
		xmlFree(text);
		return;
	}
	for (xmlNode *child = fragment->children; child && !w->failed; child = child->next) {
		xmlNode *other;

		if (child->type != XML_ELEMENT_NODE)
			continue;
		other = is_list(into) ? NULL : counterpart(into, child);
		if (other)
			merge_fragment(w, other, child);
		else
			append(w, into, child);
	}
}
