/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DOMAIN_PARTS_H
#define LAUNCHER_DOMAIN_PARTS_H

#include "config/launch_spec.h"
#include "domain/xml_document.h"

/* The parts of domain_read(): each fills its part of a zeroed spec. */
int domain_read_boot(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_cpu(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_security(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_devices(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);
int domain_read_qemu(const xmlNode *domain, struct launch_spec *spec, struct snp_error *err);

/* A decimal number of 32 bits, blanks around it allowed: the attribute, or the text where `attribute`
 * is NULL. Absent, it leaves `ret` as it was. Errors: SNP_E_BAD_DOMAIN, SNP_E_NO_MEMORY. */
int xml_number(const xmlNode *node, const char *attribute, uint32_t *ret, struct snp_error *err);

/* "yes" or "on" against "no" or "off"; SPEC_UNSET where the attribute is absent or another. */
enum spec_switch xml_switch(const xmlNode *node, const char *attribute);

#endif
