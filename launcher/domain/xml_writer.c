// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlsave.h>

#include <snp/fail.h>

#include "domain/xml_document.h"

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

/* Indentation is our own to give: what stood between elements of a template goes, and so do comments. */
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
		if (done && asprintf(&text, "%s\n", (const char *)xmlBufferContent(buffer)) < 0)
			text = NULL;
		xmlBufferFree(buffer);
	}
	if (!text)
		return out_of_memory(err);
	*ret = text;
	return 0;
}
