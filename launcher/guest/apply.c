// SPDX-License-Identifier: Apache-2.0
#include "guest/apply.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>

#include "guest/definition.h"
#include "guest/drift.h"
#include "guest/protection.h"
#include "guest/seed.h"
#include "host/interrupt.h"
#include "host/lifecycle.h"

void apply_done(struct apply_result *result)
{
	plan_done(&result->plan);
	free(result->pending);
	*result = (struct apply_result){0};
}

/* What --expect says holds of a guest that is not changed, too. */
static int check_expected(const struct apply_request *q, const struct apply_result *result,
			  struct snp_error *err)
{
	const uint8_t *expect = q->create.prepare.expect;
	char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	if (!expect || memcmp(expect, result->launch_digest, SNP_LAUNCH_DIGEST_SIZE) == 0)
		return 0;
	hex_encode(result->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
	return fail_with(
		err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
		"the launch digest would be %s, not the one given by --expect; nothing was changed",
		digest);
}

/* A new digest is what verifiers must learn of, so somebody must have meant it. */
static int confirm(const struct apply_request *q, const struct apply_result *result,
		   struct snp_error *err)
{
	char before[2 * SNP_LAUNCH_DIGEST_SIZE + 1], after[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	if (!result->plan.changes_digest || q->create.prepare.expect || q->new_digest)
		return 0;
	hex_encode(result->launch_digest, SNP_LAUNCH_DIGEST_SIZE, after);
	hex_encode(result->plan.kept.record->launch_digest, SNP_LAUNCH_DIGEST_SIZE, before);
	return fail_with(
		err, SNP_E_DIGEST_DIFFERS, SNP_NO_OFFSET,
		"the launch digest would change from %s to %s; confirm it with --expect %s, or --new-digest; nothing was changed",
		before, after, after);
}

/* Whether a change comes into force only when the guest starts. What it had been asked before and has not done
 * does so, too. */
static bool needs_start(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_changes; i++)
		if (plan->changes[i].moment == SETTING_START)
			return true;
	return plan->n_pending > 0;
}

/* The guard that a guest needs which is to come up with the host; before anything is changed, whether it can. */
static int find_guard(const struct hypervisor *host, const struct apply_request *q,
		      const struct plan *plan, enum boot_guard *ret, struct snp_error *err)
{
	int r = boot_guard_of(plan->prepared.record, host, plan->domain, ret, err);

	if (r < 0 || *ret != GUARD_MOUNT || !q->create.prepare.config->autostart)
		return r;
	return autostart_need_unit(q->create.state, err);
}

static int change_autostart(const struct guest_dir *dir, virDomainPtr domain, enum boot_guard guard,
			    bool wanted, struct snp_error *err)
{
	const bool unit = wanted && guard == GUARD_MOUNT;

	if (autostart_is_on(dir->state, dir->name, domain) == wanted)
		return 0;
	if (virDomainSetAutostart(domain, wanted && !unit) < 0 && wanted && !unit)
		return hypervisor_fail(err, "cannot make the guest start with the host");
	return autostart_unit(dir, unit, err);
}

/*
 * A change of the definition alone: the launch stays as it was measured and bound, so every mixture of old and new is
 * a guest that starts, and whatever interrupts this is finished by the next time.
 */

struct update {
	const struct hypervisor *host;
	const struct apply_request *request;
	struct guest_dir *dir; /* locked */
	struct apply_result *result;
	char *old_xml;
	bool stopped;
};

/* The old definition, and what runs as it was: also if it was stopped. */
static int undo(struct update *u, virDomainPtr domain, struct snp_error *err)
{
	_cleanup_(domain_freep) virDomainPtr old = NULL;
	int r;

	interrupt_forget();
	if (u->stopped) {
		r = domain_kill(domain, err);
		if (r < 0)
			return r;
	}
	r = domain_define(u->host, u->old_xml, &old, err);
	if (r < 0 || !u->result->plan.runs)
		return r;
	if (!u->stopped)
		return guest_change_now(old, u->result->refused, err);
	return guest_relaunch(u->host, u->dir, u->result->plan.kept.record, old, 1,
			      u->request->create.prepare.unbound, err);
}

static int define(struct update *u, virDomainPtr *ret_domain, struct snp_error *err)
{
	struct prepared *p = &u->result->plan.prepared;
	int r = domain_define(u->host, p->xml, ret_domain, err);

	if (r < 0)
		return r;
	r = guest_record_domain(p->record, *ret_domain, u->host, err);
	return r < 0 ? r : interrupt_check(err);
}

static int restart(struct update *u, virDomainPtr domain, struct snp_error *err)
{
	struct guest_record *record = u->result->plan.prepared.record;
	const struct create_request *q = &u->request->create;
	enum domain_state now;
	int r = guest_relaunch(u->host, u->dir, record, domain, q->seconds, q->prepare.unbound,
			       err);

	u->stopped =
		r < 0 && domain_state_of(domain, &now, NULL) == 0 && !domain_state_is_active(now);
	u->result->restarted = r == 0;
	return r;
}

/* What cannot be changed while it runs is a reason to restart, too. */
static int change_or_restart(struct update *u, virDomainPtr domain, struct snp_error *err)
{
	_cleanup_(freep) struct plan_change *left = NULL;
	size_t n = 0;
	int r = guest_change_now(domain, u->result->refused, err);

	if (r < 0 || !u->request->restart)
		return r;
	r = plan_pending(domain, &left, &n, err);
	return r < 0 || n == 0 ? r : restart(u, domain, err);
}

/* The record says when the guest was made, not when it was last changed. */
static int write_down(struct update *u, struct snp_error *err)
{
	struct guest_record *was = u->result->plan.kept.record,
			    *now = u->result->plan.prepared.record;
	char *created = strdup(was->created);
	int r;

	if (!created)
		return out_of_memory(err);
	free(now->created);
	now->created = created;
	now->state = RECORD_DEFINED;
	r = definition_write(u->request->create.prepare.config, u->request->create.prepare.template,
			     u->dir->path, err);
	return r < 0 ? r : record_write(now, u->dir->path, err);
}

static int redefine(struct update *u, bool must_restart, virDomainPtr *ret_domain,
		    struct snp_error *err)
{
	struct snp_error second;
	char first[512];
	int r = define(u, ret_domain, err);

	if (r == 0 && must_restart)
		r = restart(u, *ret_domain, err);
	else if (r == 0 && u->result->plan.runs)
		r = change_or_restart(u, *ret_domain, err);
	if (r < 0 && undo(u, *ret_domain ? *ret_domain : u->result->plan.domain, &second) < 0 &&
	    err) {
		snprintf(first, sizeof(first), "%.511s", err->message);
		snprintf(err->message, sizeof(err->message),
			 "%s; and it could not be undone: %.300s; run the same command again",
			 first, second.message);
	}
	return r;
}

static int update(const struct hypervisor *host, const struct apply_request *q,
		  struct guest_dir *dir, struct apply_result *result, struct snp_error *err)
{
	const struct prepare_request *prepare = &q->create.prepare;
	struct plan *plan = &result->plan;
	struct update u = {.host = host, .request = q, .dir = dir, .result = result};
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	_cleanup_(freep) char *old_xml = NULL;
	bool must_restart = plan->runs && q->restart && needs_start(plan);
	enum boot_guard guard;
	int r = find_guard(host, q, plan, &guard, err);

	if (r < 0)
		return r;
	old_xml =
		virDomainGetXMLDesc(plan->domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	if (!old_xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	u.old_xml = old_xml;
	interrupt_defer();
	/* Before the definition has it: a running guest may get it at once. */
	r = seed_make(prepare->config, plan->kept.record->uuid, dir,
		      prepare->spec->has_ids ? prepare->spec->gid : host->qemu_group, err);
	if (r == 0)
		r = redefine(&u, must_restart, &domain, err);
	if (r < 0)
		seed_undo(dir);
	else
		r = write_down(&u, err);
	if (r == 0)
		seed_keep(prepare->config, dir);
	interrupt_restore();
	if (r == 0)
		r = change_autostart(dir, domain, guard, q->create.prepare.config->autostart, err);
	if (r == 0 && plan->runs)
		r = plan_pending(domain, &result->pending, &result->n_pending, err);
	/* Where only what runs was behind, it may be so still: a guest need not let go of a device. */
	if (r == 0 && plan->n_changes == 0 && !result->restarted)
		result->changed = result->n_pending != plan->n_pending;
	return r;
}

/*
 * A change of what is measured, enforced or reported: create's road, with the guest off.
 */
static int replace(const struct hypervisor *host, const struct apply_request *q,
		   struct guest_dir *dir, struct apply_result *result, struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct create_request create = q->create;
	int r;

	if (result->plan.runs && !q->restart)
		return fail_with(
			err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
			"\"%s\" is running, and this change needs it to be off; use --restart, or stop it first; nothing was changed",
			dir->name);
	create.replace = true;
	create.locked = dir;
	create.start = result->plan.runs;
	/* The very launch that was shown and confirmed. */
	create.prepare.expect = result->launch_digest;
	r = guest_create(host, &create, &record, err);
	result->restarted = r == 0 && result->plan.runs;
	return r;
}

/* `left`: an interrupted create has left a directory, which is cleared. */
static int create(const struct hypervisor *host, struct apply_request *q, bool left,
		  struct apply_result *result, struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct prepare_request *prepare = &q->create.prepare;
	char folder[GUEST_PATH_MAX];
	int r;

	result->creates = result->changed = true;
	if (!q->dry_run) {
		q->create.replace = left;
		r = guest_create(host, &q->create, &record, err);
	} else {
		prepare->final_path = guest_path(q->create.state, prepare->config->name, folder);
		prepare->uri = host->uri;
		prepare->qemu_version = host->qemu_version;
		prepare->qemu_user = host->qemu_user;
		prepare->qemu_group = host->qemu_group;
		r = guest_prepare(prepare, &result->plan.prepared, err);
		prepare->final_path = NULL;
	}
	if (r < 0)
		return r;
	memcpy(result->launch_digest,
	       record ? record->launch_digest : result->plan.prepared.record->launch_digest,
	       SNP_LAUNCH_DIGEST_SIZE);
	return 0;
}

/* The plan is made under the lock under which it is carried out. */
static int converge(const struct hypervisor *host, struct apply_request *q, struct guest_dir *dir,
		    struct apply_result *result, struct snp_error *err)
{
	struct prepare_request *prepare = &q->create.prepare;
	const uint8_t *expect = prepare->expect;
	struct plan *plan = &result->plan;
	int r;

	prepare->expect = NULL;
	r = plan_make(host, q->create.state, prepare, plan, err);
	prepare->expect = expect;
	if (r < 0)
		return r;
	memcpy(result->launch_digest, plan->prepared.record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	r = check_expected(q, result, err);
	if (r < 0)
		return r;
	result->changed = plan->n_changes > 0;
	for (size_t i = 0; i < plan->n_pending; i++)
		result->changed |= plan->pending[i].moment == SETTING_NOW || q->restart;
	result->restarted = q->dry_run && q->restart && plan->runs && needs_start(plan);
	if (q->dry_run || !result->changed) {
		result->pending = TAKE_PTR(plan->pending);
		result->n_pending = plan->n_pending;
		plan->n_pending = 0;
		return 0;
	}
	r = confirm(q, result, err);
	if (r < 0)
		return r;
	return plan->replaces ? replace(host, q, dir, result, err)
			      : update(host, q, dir, result, err);
}

int guest_apply(const struct hypervisor *host, struct apply_request *q, struct apply_result *ret,
		struct snp_error *err)
{
	_cleanup_(guest_dir_close) struct guest_dir dir = {.fd = -1};
	const char *name = q->create.prepare.config->name;
	int r;

	*ret = (struct apply_result){0};
	r = guest_dir_lock(q->create.state, name, &dir, err);
	if (r == -SNP_E_NOT_FOUND)
		return create(host, q, false, ret, err);
	if (r < 0)
		return r;
	if (!record_exists(dir.path)) {
		guest_dir_close(&dir);
		return create(host, q, true, ret, err);
	}
	return converge(host, q, &dir, ret, err);
}
