/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_PARTS_H
#define LAUNCHER_DOMAIN_PARTS_H

#include "config/launch_spec.h"
#include "domain/xml_document.h"

/* The parts of domain_read(): each fills its part of a zeroed spec. */
int domain_read_security(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_devices(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_ids(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_settings(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_qemu(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);

/* snp-launch's element in <metadata>, or NULL; and whether a node is one of its namespace with this name. */
const xmlNode *xml_launch(const xmlNode *metadata);
bool xml_is_launch(const xmlNode *node, const char *name);

#endif
