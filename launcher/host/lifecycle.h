/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_HOST_LIFECYCLE_H
#define LAUNCHER_HOST_LIFECYCLE_H

#include <stdbool.h>

#include "host/hypervisor.h"

/* A domain's life. Every failure is explained as host/hypervisor.h says. */

enum domain_state {
	DOMAIN_ABSENT, /* libvirt does not have it */
	DOMAIN_OFF,
	DOMAIN_RUNNING,
	DOMAIN_PAUSED,
	DOMAIN_STOPPING,
	DOMAIN_CRASHED, /* off, because QEMU ended without being asked to */
};

extern const char *const domain_state_names[];

SNP_MUST_USE int domain_state_of(virDomainPtr domain, enum domain_state *ret,
				 struct snp_error *err);
bool domain_state_is_active(enum domain_state state);

/* Let libvirt check the XML against its schema and make of it what QEMU would be called with, a string
 * for free(). Nothing is defined. Errors: those of hypervisor_fail(). */
SNP_MUST_USE int domain_to_argv(const struct hypervisor *host, const char *xml, char **ret,
				struct snp_error *err);

/* Define it, validated by libvirt's schema. Errors: SNP_E_EXISTS where another domain has the name. */
SNP_MUST_USE int domain_define(const struct hypervisor *host, const char *xml, virDomainPtr *ret,
			       struct snp_error *err);

/* Start it. A guest started paused has measured nothing yet: QEMU finishes the launch at the first
 * resume, and a refusal comes then. One that runs already is SNP_E_GUEST_STATE. */
SNP_MUST_USE int domain_start(virDomainPtr domain, bool paused, struct snp_error *err);
SNP_MUST_USE int domain_resume(virDomainPtr domain, struct snp_error *err);

/* Ask the guest by ACPI to power off, and wait for that at most `seconds` (0: do not wait).
 * Errors: SNP_E_GUEST_STATE if it is not running, SNP_E_TIMEOUT, SNP_E_INTERRUPTED (host/interrupt.h). */
SNP_MUST_USE int domain_stop(virDomainPtr domain, unsigned int seconds, struct snp_error *err);

/* Turn it off at once; one that is off already is left so. */
SNP_MUST_USE int domain_kill(virDomainPtr domain, struct snp_error *err);

/* Make libvirt forget it, with all that it keeps for it. It is not an error if it is already gone. */
SNP_MUST_USE int domain_undefine(virDomainPtr domain, struct snp_error *err);

#endif
