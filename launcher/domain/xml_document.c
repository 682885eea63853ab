// SPDX-License-Identifier: Apache-2.0
#include "domain/xml_document.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <snp/fail.h>

#define X(s) ((const xmlChar *)(s))

/* A document type is where entities come from; libvirt's documents have none. Its line is kept where
 * `_private` points to. */
static void refuse_document_type(void *context, const xmlChar *name, const xmlChar *external,
				 const xmlChar *system)
{
	xmlParserCtxt *ctxt = context;
	int *line = ctxt->_private;

	(void)name;
	(void)external;
	(void)system;
	*line = ctxt->input->line;
	xmlStopParser(ctxt);
}

static unsigned int depth_of(const xmlNode *node, unsigned int limit)
{
	unsigned int deepest = 0;

	if (limit == 0)
		return 1;
	for (const xmlNode *child = node->children; child; child = child->next) {
		unsigned int depth =
			child->type == XML_ELEMENT_NODE ? depth_of(child, limit - 1) : 0;

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

static int syntax_error(const char *name, xmlParserCtxt *ctxt, int type_line, struct snp_error *err)
{
	const xmlError *last = xmlCtxtGetLastError(ctxt);
	const char *message = last && last->message ? last->message : "is not XML";
	int r, line = type_line ? type_line : last ? last->line : 0;

	if (last && last->code == XML_ERR_NO_MEMORY)
		return out_of_memory(err);
	if (type_line)
		r = fail_with(err, SNP_E_XML_SYNTAX, SNP_NO_OFFSET,
			      "declares a document type, which is not allowed");
	else
		r = fail_with(err, SNP_E_XML_SYNTAX, SNP_NO_OFFSET, "%.*s",
			      (int)strcspn(message, "\n"), message);
	if (err && line > 0) {
		err->line = (uint32_t)line;
		err->column = last && last->int2 > 0 ? (uint32_t)last->int2 : 1;
	}
	return in_file(err, r, name);
}

DEFINE_CLEANUP(xmlParserCtxt *, xmlFreeParserCtxt);

int xml_parse(const char *name, struct snp_span text, const char *root, xmlDoc **ret,
	      struct snp_error *err)
{
	_cleanup_(xmlFreeParserCtxtp) xmlParserCtxt *ctxt = NULL;
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	const xmlNode *node;
	int r, type_line = 0;

	if (text.size > DOMAIN_MAX_SIZE)
		return in_file(err,
			       fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
					 "size is %zu bytes; must be at most %u", text.size,
					 DOMAIN_MAX_SIZE),
			       name);
	ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return out_of_memory(err);
	ctxt->_private = &type_line;
	ctxt->sax->internalSubset = refuse_document_type;
	/* Data and size of an empty span may be NULL and 0, which libxml2 answers without an error. */
	doc = xmlCtxtReadMemory(ctxt, text.size ? (const char *)text.data : " ",
				text.size ? (int)text.size : 1, NULL, "UTF-8",
				XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
	if (!doc || !ctxt->wellFormed || type_line)
		return syntax_error(name, ctxt, type_line, err);
	node = xmlDocGetRootElement(doc);
	if (!node || node->ns || !xmlStrEqual(node->name, X(root)))
		return in_file(err,
			       fail_with(err, SNP_E_BAD_DOMAIN, SNP_NO_OFFSET,
					 "the root element is <%s>; must be <%s>",
					 node ? (const char *)node->name : "", root),
			       name);
	if (depth_of(node, DOMAIN_MAX_DEPTH) > DOMAIN_MAX_DEPTH) {
		r = fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			      "elements are nested more than %d deep", DOMAIN_MAX_DEPTH);
		return in_file(err, r, name);
	}
	*ret = TAKE_PTR(doc);
	return 0;
}

static xmlNode *find(xmlNode *node, const char *name)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns && xmlStrEqual(node->name, X(name)))
			break;
	return node;
}

xmlNode *xml_child(const xmlNode *node, const char *name)
{
	return node ? find(node->children, name) : NULL;
}

xmlNode *xml_next(const xmlNode *node, const char *name)
{
	return find(node->next, name);
}

/* libxml2 allocates with malloc() unless told otherwise, which nobody here does. */
static int take(xmlChar *value, bool there, char **ret, struct snp_error *err)
{
	if (there && !value)
		return out_of_memory(err);
	*ret = (char *)value;
	return 0;
}

int xml_attribute(const xmlNode *node, const char *attribute, char **ret, struct snp_error *err)
{
	bool there = node && xmlHasNsProp(node, X(attribute), NULL);

	return take(there ? xmlGetNoNsProp(node, X(attribute)) : NULL, there, ret, err);
}

int xml_text(const xmlNode *node, char **ret, struct snp_error *err)
{
	return take(node ? xmlNodeGetContent(node) : NULL, node, ret, err);
}

int xml_trimmed(const xmlNode *node, char **ret, struct snp_error *err)
{
	static const char blanks[] = " \t\r\n";
	char *text = NULL;
	size_t start, end;
	int r = xml_text(node, &text, err);

	if (r < 0)
		return r;
	if (text) {
		start = strspn(text, blanks);
		end = strlen(text);
		while (end > start && strchr(blanks, text[end - 1]))
			end--;
		memmove(text, text + start, end - start);
		text[end - start] = '\0';
	}
	*ret = text;
	return 0;
}

bool xml_attribute_is(const xmlNode *node, const char *attribute, const char *value)
{
	_cleanup_(freep) char *found = NULL;

	if (xml_attribute(node, attribute, &found, NULL) < 0 || !found)
		return false;
	return strcmp(found, value) == 0;
}

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
				 "<%s> has '%s'; must be a number", (const char *)node->name, text);
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
