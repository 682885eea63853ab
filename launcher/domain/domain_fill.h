/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_FILL_H
#define LAUNCHER_DOMAIN_FILL_H

#include "domain/xml_document.h"

struct domain_request;

/* The parts of domain_xml_build(): each puts its share into a template's <domain>. Failures are left in
 * the writer. */
void fill_machine(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_devices(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_security(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_label(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);
void fill_metadata(struct xml_writer *w, xmlNode *domain, const struct domain_request *request);

#endif
