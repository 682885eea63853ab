/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_XML_DOCUMENT_H
#define LAUNCHER_XML_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/span.h>

#include "config/launch_spec.h"

#define DOMAIN_MAX_SIZE	 (4u << 20)
#define DOMAIN_MAX_DEPTH 64

/*
 * XML documents by libxml2, using only what is safe in it: no network, no document type (so no entities),
 * bounded size and depth on the way in; text and attributes that escape themselves on the way out.
 */

/* Parse UTF-8 text whose root element is `root`, without namespace. `name` is what messages call it.
 * Errors: SNP_E_XML_SYNTAX with line and column, SNP_E_BAD_DOMAIN (another root), SNP_E_TOO_LARGE,
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int xml_parse(const char *name, struct snp_span text, const char *root, xmlDoc **ret,
			   struct snp_error *err);
DEFINE_CLEANUP(xmlDoc *, xmlFreeDoc);

/* First child element of that name without namespace, and the next after `node`; NULL where there is
 * none. A NULL node has none. */
xmlNode *xml_child(const xmlNode *node, const char *name);
xmlNode *xml_next(const xmlNode *node, const char *name);

/* True if the attribute has this value. A NULL node has no attributes. */
bool xml_attribute_is(const xmlNode *node, const char *attribute, const char *value);

/* Attribute value and text content: `ret` is for free(), and NULL where there is none (for text: no
 * node). Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int xml_attribute(const xmlNode *node, const char *attribute, char **ret,
			       struct snp_error *err);
SNP_MUST_USE int xml_text(const xmlNode *node, char **ret, struct snp_error *err);

/* As above, with blanks around the text removed. */
SNP_MUST_USE int xml_trimmed(const xmlNode *node, char **ret, struct snp_error *err);

/* A decimal number of 32 bits, blanks around it allowed: the attribute, or the text where `attribute`
 * is NULL. Absent, it leaves `ret` as it was. Errors: SNP_E_BAD_DOMAIN, SNP_E_NO_MEMORY. */
int xml_number(const xmlNode *node, const char *attribute, uint32_t *ret, struct snp_error *err);

/* "yes" or "on" against "no" or "off"; SPEC_UNSET where the attribute is absent or another. */
enum spec_switch xml_switch(const xmlNode *node, const char *attribute);

/*
 * Writing. A failure is remembered in `failed`, and every further call does nothing, so that a document is
 * built without a check per node; a NULL parent is then allowed.
 */
struct xml_writer {
	xmlDoc *doc;
	bool failed; /* memory ran out */
};

/* A new child of `parent`, in its namespace; the first child of that name, made if there is none; and a new
 * one with this text. */
xmlNode *xml_add(struct xml_writer *w, xmlNode *parent, const char *name);
xmlNode *xml_obtain(struct xml_writer *w, xmlNode *parent, const char *name);
void xml_add_text(struct xml_writer *w, xmlNode *parent, const char *name, const char *text);

/* Replace the content of `node` by `text`, or set an attribute. Both must be plain (config/text_rule.h).
 */
void xml_set_text(struct xml_writer *w, xmlNode *node, const char *text);
void xml_set(struct xml_writer *w, xmlNode *node, const char *attribute, const char *value);
void xml_set_number(struct xml_writer *w, xmlNode *node, const char *attribute, uint64_t value);

/* Merge a fragment into `into`: attributes and text replace; in <devices> and in elements of another
 * namespace every child is added; elsewhere a child is merged with the first of its name, or added. */
void xml_merge(struct xml_writer *w, xmlNode *into, const xmlNode *fragment);

/* Remove every child element of that name. */
void xml_drop(xmlNode *parent, const char *name);

/* The document in two-blank indentation, UTF-8, without an XML declaration; for free().
 * Errors: SNP_E_NO_MEMORY, also of earlier additions. */
SNP_MUST_USE int xml_print(struct xml_writer *w, char **ret, struct snp_error *err);

/* What is passed directly to QEMU is in the namespace of libvirt's driver. */
#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/* The arguments that give QEMU an IGVM file: -object, its value and the path; -machine. */
#define QEMU_IGVM_OBJECT  "igvm-cfg,id=igvm0,file="
#define QEMU_IGVM_MACHINE "igvm-cfg=igvm0"

/* The value of -fw_cfg, before MiB, for OVMF's window for 64-bit PCI addresses. */
#define QEMU_MMIO64 "name=opt/ovmf/X-PciMmio64Mb,string="

#endif
