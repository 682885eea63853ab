/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_PLAN_H
#define LAUNCHER_GUEST_PLAN_H

#include <stdbool.h>

#include <libvirt/libvirt.h>

#include <snp/error.h>

#include "config/difference.h"
#include "config/setting.h"
#include "guest/prepare.h"
#include "host/hypervisor.h"

/* What a guest is made of, as its directory holds it. */
struct kept_guest {
	struct guest_record *record;   /* NULL: there is no guest, or its create was interrupted */
	struct vm_config *was;	       /* NULL: not kept, as by release 0.1.0 */
	char template[PATH_MAX + 128]; /* "": none */
};

/* Errors: those of record_read(); a vm.json that cannot be read counts as none. */
SNP_MUST_USE int kept_guest_read(const char *folder, struct kept_guest *ret, struct snp_error *err);
void kept_guest_done(struct kept_guest *kept);

/* What differs between a guest and its vm.json. */
struct plan_change {
	char what[128];
	char from[400], to[400]; /* escaped; "none" where there is none */
	bool measured;		 /* or enforced, or reported */
	enum setting_moment moment;
};

struct plan {
	char folder[GUEST_PATH_MAX];
	struct kept_guest kept;
	virDomainPtr domain;	     /* NULL: libvirt has none */
	struct launch_spec *defined; /* of it, as it would start next */
	bool runs;
	struct prepared prepared;    /* without copies */
	size_t n_changes, n_pending; /* pending: in the definition, but not yet in what runs */
	struct plan_change *changes, *pending;
	bool replaces; /* what is measured, enforced or reported changes: only while the guest is off */
	bool changes_digest;	    /* from kept.record's to prepared.record's */
	bool has_newer[BOOT_PARTS]; /* the file at the old path is no longer what the guest has */
};

/* Let `spec` name the copies of what `request` keeps, so that the checks look at what is launched. Errors:
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int plan_look(const struct prepare_request *request, struct launch_spec *spec,
			   struct snp_error *err);

/* Compare the guest of `request->config` in `state` with the request, which gets what is kept. `ret` is for
 * plan_done(), also after a failure. Errors: SNP_E_NOT_FOUND (no guest); SNP_E_EXISTS (another's domain, or another
 * UUID); those of guest_prepare(), guest_drift() and hypervisor_fail(). */
SNP_MUST_USE int plan_make(const struct hypervisor *host, const char *state,
			   struct prepare_request *request, struct plan *ret,
			   struct snp_error *err);
void plan_done(struct plan *plan);

/* The domain as it runs, or with VIR_DOMAIN_XML_INACTIVE as it is defined. Errors: those of domain_read(),
 * hypervisor_fail(). */
SNP_MUST_USE int plan_read_domain(virDomainPtr domain, unsigned int flags, struct launch_spec **ret,
				  struct snp_error *err);

/* What the definition of `domain` would change in what runs of it: at the next start, or what was left to be done.
 * `*ret` is for free(). Errors: those of domain_read(), hypervisor_fail(). */
SNP_MUST_USE int plan_pending(virDomainPtr domain, struct plan_change **ret, size_t *ret_count,
			      struct snp_error *err);

#endif
