/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_DRIFT_H
#define LAUNCHER_GUEST_DRIFT_H

#include <stddef.h>

#include <libvirt/libvirt.h>

#include <snp/error.h>

#include "config/launch_spec.h"
#include "config/vm_config.h"
#include "guest/measurement.h"
#include "guest/record.h"

/* How a domain differs from the record of what was measured and bound: somebody edited it, or libvirt
 * changed it. Only what enters the digest, the policy, the binding or the report is compared; disks and
 * networks are the host's affair. */
struct drift {
	const char *what;		/* "policy" */
	char recorded[256], found[256]; /* for people; escaped */
};

#define DRIFTS_MAX 32

struct drifts {
	size_t n;
	struct drift at[DRIFTS_MAX];
};

/* Compare `spec`, read from libvirt's XML of the domain; what a check that cannot be turned off finds in it
 * is a difference too. */
void guest_drift(const struct guest_record *record, const struct launch_spec *spec,
		 struct drifts *ret);

/* The same with what libvirt would start next. Errors: those of hypervisor_fail() and domain_read(). */
SNP_MUST_USE int guest_drift_domain(const struct guest_record *record, virDomainPtr domain,
				    struct drifts *ret, struct snp_error *err);

/* Compare what a vm.json would launch now: files where it names them, hashed and measured. */
void guest_drift_measured(const struct guest_record *record, const struct vm_config *config,
			  const struct boot_file boot[static BOOT_PARTS],
			  const struct guest_measurement *measured,
			  const uint8_t host_data[static SNP_SHA256_SIZE], struct drifts *ret);

/* Add the copies in boot/ that are no longer what was measured. Errors: SNP_E_READ and the like, not
 * drift itself. */
SNP_MUST_USE int guest_drift_boot(const struct guest_record *record, struct drifts *ret,
				  struct snp_error *err);

/* SNP_E_DRIFT with the first difference, if there is one, and what to do. */
SNP_MUST_USE int drifts_refuse(const struct drifts *drifts, const char *name, const char *cure,
			       struct snp_error *err);

#endif
