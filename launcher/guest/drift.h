/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_DRIFT_H
#define LAUNCHER_GUEST_DRIFT_H

#include <libvirt/libvirt.h>

#include <snp/error.h>

#include "config/difference.h"
#include "domain/domain_read.h"
#include "guest/measurement.h"
#include "guest/record.h"
#include "host/hypervisor.h"

/* How a guest differs from the record of what was measured and bound: somebody edited its domain or its
 * files, or libvirt changed the domain. */

/* Add to `spec` what the record holds of a launch beyond its vm.json. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int record_complete(const struct guest_record *record, struct launch_spec *spec,
				 struct snp_error *err);

/* Compare the record with libvirt's XML of the domain, and with snp-launch's metadata in it; whatever a check
 * that cannot be turned off finds is a difference too. Errors: those of domain_read(). */
SNP_MUST_USE int guest_drift(const struct guest_record *record, const char *xml,
			     const struct hypervisor *host, struct differences *ret,
			     struct snp_error *err);

/* SNP_E_DRIFT if guest_drift() finds anything in what libvirt would start next. Errors: also those of
 * hypervisor_fail(). */
SNP_MUST_USE int guest_drift_refuse(const struct guest_record *record, virDomainPtr domain,
				    const struct hypervisor *host, struct snp_error *err);

/* The same of what runs, but has not launched yet. */
SNP_MUST_USE int guest_drift_paused(const struct guest_record *record, virDomainPtr domain,
				    const struct hypervisor *host, struct snp_error *err);

/* After a start: turn the guest off, with SNP_E_DRIFT, if guest_drift() finds anything in what runs, as it does
 * where somebody changed the definition after it was looked at. Errors: also those of hypervisor_fail(). */
SNP_MUST_USE int guest_drift_end(const struct guest_record *record, virDomainPtr domain,
				 const struct hypervisor *host, struct snp_error *err);

/* All that guest_drift_refuse() and boot_files_verify() would refuse, in what would start next and in what
 * runs. Errors: as guest_drift_refuse() and guest_drift_boot(). */
SNP_MUST_USE int guest_drift_all(const struct guest_record *record, virDomainPtr domain,
				 const struct hypervisor *host, struct differences *ret,
				 struct snp_error *err);

/* Of a domain just defined: SNP_E_DRIFT where libvirt's definition is not what the record says, else write
 * into the record how it launches QEMU. Errors: as guest_drift_refuse(). */
SNP_MUST_USE int guest_record_domain(struct guest_record *record, virDomainPtr domain,
				     const struct hypervisor *host, struct snp_error *err);

/* Compare what a vm.json would launch now: `spec` is its own, with files where it names them, which were
 * hashed and measured; the paths in it are lost. Errors: SNP_E_NO_MEMORY. */
SNP_MUST_USE int guest_drift_measured(const struct guest_record *record, struct launch_spec *spec,
				      const struct boot_file boot[static BOOT_PARTS],
				      const struct guest_measurement *measured,
				      struct differences *ret, struct snp_error *err);

/* Add the copies in boot/ that are no longer what was measured. Errors: SNP_E_READ and the like, not
 * drift itself. */
SNP_MUST_USE int guest_drift_boot(const struct guest_record *record, struct differences *ret,
				  struct snp_error *err);

/*
 * A second copy of the facts: what create wrote into the <metadata> of libvirt's domain, beside the record
 * in the guest's directory. If they differ, one of the two was exchanged.
 */

/* Of the domain as it is defined. `*ret_there` is false, and `*ret` untouched, where there is none or it is damaged.
 * Errors: those of hypervisor_fail(). */
SNP_MUST_USE int metadata_read(virDomainPtr domain, struct domain_record *ret, bool *ret_there,
			       struct snp_error *err);

/* Whether `domain`, which has the UUID of the record in the directory `path` of the guest `name`, is that
 * guest's: by its name, or, if somebody renamed it, by its metadata; by these alone where `name` is NULL. A create
 * that was cut off before libvirt could refuse it leaves a record whose UUID may be another's. Errors: those of
 * hypervisor_fail(). */
SNP_MUST_USE int guest_owns(const char *path, const char *name, virDomainPtr domain, bool *ret,
			    struct snp_error *err);

#endif
