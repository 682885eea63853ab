/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_METADATA_H
#define LAUNCHER_GUEST_METADATA_H

#include <stdbool.h>

#include <snp/error.h>

#include "domain/domain_read.h"
#include "guest/record.h"
#include "host/hypervisor.h"

/*
 * The second witness: what create wrote into the <metadata> of libvirt's domain, which libvirt keeps, beside
 * the record, which the guest's directory keeps. Where they differ, one of the two was exchanged.
 */

/* Of the domain as it runs (`live`; of one that is off, as defined) or as defined. `*ret_there` is false,
 * and `*ret` untouched, where there is none or it is damaged. Errors: those of hypervisor_fail(). */
SNP_MUST_USE int metadata_read(virDomainPtr domain, bool live, struct domain_record *ret,
			       bool *ret_there, struct snp_error *err);

/* What differs first, of digest, policy, and each input's SHA-256 ("kernel"), or NULL. */
const char *metadata_difference(const struct domain_record *metadata,
				const struct guest_record *record);

/* SNP_E_DRIFT where the definition of `domain` has no such metadata, or others than the record. */
SNP_MUST_USE int metadata_check(const struct guest_record *record, virDomainPtr domain,
				struct snp_error *err);

#endif
