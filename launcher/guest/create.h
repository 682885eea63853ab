/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_CREATE_H
#define LAUNCHER_GUEST_CREATE_H

#include <stdbool.h>

#include <snp/error.h>

#include "guest/prepare.h"
#include "guest/record.h"
#include "host/hypervisor.h"

/* Making, launching and removing guests: the directory, its record and libvirt's domain, kept together
 * through every failure and every kill. */

struct create_request {
	struct prepare_request
		prepare;   /* dir, final_path, uri, QEMU's version and user, and the UUID of a
					 * guest that is replaced, are set by guest_create() */
	const char *state; /* the folder for guests of this host */
	bool start, paused;
	bool replace; /* a guest of that name, if there is one, stays until the new record stands */
	struct guest_dir
		*locked; /* with `replace`: its directory, locked; it is closed. NULL: lock it */
	/* If it runs, it is asked by ACPI to power off, and waited for this long; or turned off at once. */
	unsigned int seconds;
	bool force;
};

/* Claim the name, prepare, define, and start if asked. If any step fails, everything is undone: no
 * directory, no domain, and a guest to be replaced is there again, and runs if it did.
 * Errors: SNP_E_EXISTS, SNP_E_BUSY; those of domain_stop(); of guest_prepare(), domain_define() and domain_start(). */
SNP_MUST_USE int guest_create(const struct hypervisor *host, const struct create_request *request,
			      struct guest_record **ret, struct snp_error *err);

/* Of a guest that is off: hash the copies again, protect them if needed (guest/protection.h; with `unbound`, go on if they cannot
 * be), and start. Errors: SNP_E_BOOT_FILES; SNP_E_NOT_FOUND, SNP_E_DRIFT (an image, or libvirt's domain, is
 * not what the record says, before or after the start), SNP_E_GUEST_STATE, those of domain_start(). */
SNP_MUST_USE int guest_start(const struct hypervisor *host, const char *state, const char *name,
			     bool paused, bool unbound, struct snp_error *err);

/* Of a guest that is paused: compare what runs and the copies with the record, as virsh may have started it, and
 * let it launch. With `unbound`, also where the copies should be mounted and are not. Errors: those of guest_start()
 * and domain_resume(). */
SNP_MUST_USE int guest_resume(const struct hypervisor *host, const char *state, const char *name,
			      bool unbound, struct snp_error *err);

/* Stop, as domain_stop() does, if it runs, and start, but do not stop what could not be started again: all that
 * guest_start() checks is checked before, and again after. Errors: those of both. */
SNP_MUST_USE int guest_restart(const struct hypervisor *host, const char *state, const char *name,
			       unsigned int seconds, bool unbound, struct snp_error *err);

/* The same of a guest whose directory the caller has locked. */
SNP_MUST_USE int guest_relaunch(const struct hypervisor *host, const struct guest_dir *dir,
				struct guest_record *record, virDomainPtr domain,
				unsigned int seconds, bool unbound, struct snp_error *err);

/* Turn off (only with `force` where it runs), undefine and clear the directory. Also of a create that was
 * killed. Errors: SNP_E_NOT_FOUND, SNP_E_BUSY, SNP_E_GUEST_STATE (it runs), SNP_E_EXISTS (without a record,
 * where another's domain has the name). */
SNP_MUST_USE int guest_remove(const struct hypervisor *host, const char *state, const char *name,
			      bool force, struct snp_error *err);

#endif
