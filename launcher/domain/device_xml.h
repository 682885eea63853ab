/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_DEVICE_XML_H
#define LAUNCHER_DEVICE_XML_H

#include "config/launch_spec.h"

/* The XML of one device, an `element` of a spec_setting, for libvirt to unplug it; a string for free(). Errors:
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int device_xml(const void *element, char **ret, struct snp_error *err);

/* The same, to plug it into what runs as `live`: without the address that it has elsewhere, and a disk under a name
 * that no other has there. */
SNP_MUST_USE int device_xml_to_plug(const void *element, const struct launch_spec *live, char **ret,
				    struct snp_error *err);

#endif
