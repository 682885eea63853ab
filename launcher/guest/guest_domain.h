/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_DOMAIN_H
#define LAUNCHER_GUEST_DOMAIN_H

#include <snp/error.h>
#include <snp/file.h>

#include "guest/prepare.h"
#include "guest/record.h"

/* The domain XML of a guest whose record is otherwise complete, a string for free(); and the named checks of
 * what vm.json cannot say over it. Errors: those of domain_xml_build(), file_open() and
 * file_sha256(), SNP_E_CHECK. */
SNP_MUST_USE int guest_domain(const struct prepare_request *request,
			      const struct guest_record *record, char **ret, struct snp_error *err);

#endif
