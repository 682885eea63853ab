/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_APPLY_H
#define LAUNCHER_GUEST_APPLY_H

#include <stdbool.h>

#include <snp/error.h>

#include "guest/change_now.h"
#include "guest/create.h"
#include "guest/plan.h"

/* Bringing a guest to what its vm.json says, whether there is one yet or not. */
struct apply_request {
	struct create_request create; /* as for guest_create(); `expect` confirms a new digest */
	bool dry_run;
	bool new_digest; /* any new digest is confirmed */
	bool restart; /* stop the guest, if it runs and a change needs that, and start it again */
};

struct apply_result {
	struct plan plan; /* of what was, and what differed; empty where the guest was created */
	bool changed;	  /* something was changed, or a dry run would */
	bool creates;	  /* there was no such guest */
	bool restarted;	  /* or a dry run would */
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE]; /* as it is now, or would be */
	/* What the guest that runs does not have yet: changes that need a restart, and those that libvirt refused to
	 * make while it runs, with the first reason. */
	size_t n_pending;
	struct plan_change *pending;
	char refused[CHANGE_REFUSED];
};

/* The change is made whole or not at all: a failure undoes it, and a guest that was stopped for it runs again. What
 * libvirt can change while the guest runs comes last; what of it fails is left for the next start.
 * `ret` is for apply_done(), also after a failure, when `plan` says what was to be done.
 * Errors: SNP_E_DIGEST_DIFFERS (a new digest that nobody confirmed), SNP_E_GUEST_STATE (a change that needs the guest
 * to be off, and no `restart`), those of plan_make(), guest_create(), guest_restart(). */
SNP_MUST_USE int guest_apply(const struct hypervisor *host, struct apply_request *request,
			     struct apply_result *ret, struct snp_error *err);
void apply_done(struct apply_result *result);

#endif
