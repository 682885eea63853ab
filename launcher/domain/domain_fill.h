/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_FILL_H
#define LAUNCHER_DOMAIN_FILL_H

#include "domain/domain_xml.h"
#include "domain/xml_document.h"

/* The parts of domain_xml_build(): each puts its share into a template's <domain>. Failures are left in
 * the writer. */
void fill_machine(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_devices(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_security(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_metadata(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);

/* Merge a fragment into `domain`: attributes and text replace; in <devices> and in elements of another
 * namespace every child is added; elsewhere a child is merged with the first of its name, or added. */
void merge_fragment(struct xml_writer *w, xmlNode *domain, const xmlNode *fragment);

#endif
