// SPDX-License-Identifier: Apache-2.0
#include "domain/xml_document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlsave.h>

#include <snp/fail.h>
#include <snp/memory.h>

#define X(s) ((const xmlChar *)(s))

xmlNode *xml_add(struct xml_writer *w, xmlNode *parent, const char *name)
{
	xmlNode *node;

	if (w->failed || !parent)
		return NULL;
	node = xmlNewDocNode(w->doc, parent->ns, X(name), NULL);
	if (!node || !xmlAddChild(parent, node)) {
		xmlFreeNode(node);
		w->failed = true;
		return NULL;
	}
	return node;
}

xmlNode *xml_obtain(struct xml_writer *w, xmlNode *parent, const char *name)
{
	xmlNode *node = w->failed ? NULL : xml_child(parent, name);

	return node ? node : xml_add(w, parent, name);
}

void xml_set_text(struct xml_writer *w, xmlNode *node, const char *text)
{
	xmlNode *content;

	if (w->failed || !node)
		return;
	while (node->children) {
		content = node->children;
		xmlUnlinkNode(content);
		xmlFreeNode(content);
	}
	content = xmlNewDocText(w->doc, X(text));
	if (!content || !xmlAddChild(node, content))
		w->failed = true;
}

void xml_add_text(struct xml_writer *w, xmlNode *parent, const char *name, const char *text)
{
	xml_set_text(w, xml_add(w, parent, name), text);
}

void xml_set(struct xml_writer *w, xmlNode *node, const char *attribute, const char *value)
{
	if (!w->failed && node && !xmlSetProp(node, X(attribute), X(value)))
		w->failed = true;
}

void xml_set_number(struct xml_writer *w, xmlNode *node, const char *attribute, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	xml_set(w, node, attribute, text);
}

void xml_drop(xmlNode *parent, const char *name)
{
	xmlNode *node;

	while ((node = xml_child(parent, name))) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

/* The output has its own indentation: blanks between the elements of a template are dropped, and so are
 * comments. */
static void drop_blanks(xmlNode *node)
{
	bool mixed = true;
	xmlNode *child, *next;

	for (child = node->children; child; child = child->next)
		mixed &= child->type != XML_ELEMENT_NODE;
	for (child = node->children; child; child = next) {
		next = child->next;
		if (child->type == XML_COMMENT_NODE || (!mixed && xmlIsBlankNode(child))) {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		} else if (child->type == XML_ELEMENT_NODE) {
			drop_blanks(child);
		}
	}
}

int xml_print(struct xml_writer *w, char **ret, struct snp_error *err)
{
	xmlBuffer *buffer = w->failed ? NULL : xmlBufferCreate();
	xmlSaveCtxt *save = NULL;
	xmlNode *root;
	bool done = false;
	char *text = NULL;

	if (buffer) {
		root = xmlDocGetRootElement(w->doc);
		drop_blanks(root);
		save = xmlSaveToBuffer(buffer, "UTF-8", XML_SAVE_FORMAT | XML_SAVE_NO_DECL);
		if (save)
			done = xmlSaveTree(save, root) >= 0;
		if (save && xmlSaveClose(save) < 0)
			done = false;
		if (done)
			text = format_text("%s\n", (const char *)xmlBufferContent(buffer));
		xmlBufferFree(buffer);
	}
	if (!text)
		return out_of_memory(err);
	*ret = text;
	return 0;
}

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

void xml_merge(struct xml_writer *w, xmlNode *into, const xmlNode *fragment)
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
			xml_merge(w, other, child);
		else
			append(w, into, child);
	}
}
