// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "guest/boot_file.h"
#include "guest/console_log.h"
#include "guest/create.h"
#include "guest/drift.h"
#include "guest/protection.h"
#include "host/lifecycle.h"

/* What a start works on, under the directory's lock. */
struct launchable {
	struct guest_dir dir;
	struct guest_record *record;
	virDomainPtr domain;
	enum boot_guard guard;
};

static void launchable_done(struct launchable *l)
{
	guest_dir_close(&l->dir);
	record_free(l->record);
	domain_freep(&l->domain);
}

/* Nothing has changed since the measurement: not the definition, not the record, not the copies. Unless an
 * ID block makes it harmless, the copies cannot change from now on either; but while the guest still runs,
 * nothing is mounted: whether that one was launched from protected copies, the mount tells. */
static int make_ready(struct launchable *l, const struct hypervisor *host, bool runs, bool unbound,
		      struct snp_error *err)
{
	int r = guest_drift_refuse(l->record, l->domain, host, err);

	if (r < 0)
		return r;
	r = boot_guard_of(l->record, host, l->domain, &l->guard, err);
	if (r == 0 && l->guard == GUARD_MOUNT) {
		r = runs ? boot_files_try_mount(&l->dir, err)
			 : boot_files_renew(&l->dir, l->record, err);
		if (r == 0 && !runs)
			return 0;
		if (r == -SNP_E_BOOT_FILES && unbound) {
			l->guard = GUARD_SAME_USER;
			r = 0;
		}
	}
	return r < 0 ? r : boot_files_verify(l->record, err);
}

static int launch(const struct launchable *l, const struct hypervisor *host, bool paused,
		  struct snp_error *err)
{
	int r;

	console_log_begin(&l->dir, host->uri, virDomainGetName(l->domain));
	r = domain_start(l->domain, paused, err);
	/* Somebody else was quicker, perhaps before the copies were mounted. */
	if (r < 0 && l->guard == GUARD_MOUNT && virDomainIsActive(l->domain) == 1)
		guest_dir_unmount(&l->dir);
	if (r < 0)
		return r;
	r = boot_files_keep(l->record, l->guard, l->domain, err);
	return r < 0 ? r : guest_drift_end(l->record, l->domain, host, err);
}

static int refuse_active(virDomainPtr domain, struct snp_error *err)
{
	enum domain_state state;
	int r = domain_state_of(domain, &state, err);

	if (r < 0 || !domain_state_is_active(state))
		return r;
	return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
			 "cannot start the guest: it is already %s", domain_state_names[state]);
}

/* What could not be started again is not stopped. */
static int restart(struct launchable *l, const struct hypervisor *host, unsigned int seconds,
		   bool unbound, struct snp_error *err)
{
	enum domain_state state;
	bool runs;
	int r = domain_state_of(l->domain, &state, err);

	if (r < 0)
		return r;
	runs = domain_state_is_active(state);
	r = make_ready(l, host, runs, unbound, err);
	if (r == 0 && runs)
		r = domain_stop(l->domain, seconds, err);
	/* QEMU's user may have had the copies until now. */
	if (r == 0 && runs)
		r = make_ready(l, host, false, unbound, err);
	return r < 0 ? r : launch(l, host, false, err);
}

int guest_relaunch(const struct hypervisor *host, const struct guest_dir *dir,
		   struct guest_record *record, virDomainPtr domain, unsigned int seconds,
		   bool unbound, struct snp_error *err)
{
	struct launchable l = {.dir = *dir, .record = record, .domain = domain};

	return restart(&l, host, seconds, unbound, err);
}

static int find_launchable(const struct hypervisor *host, const char *state, const char *name,
			   struct launchable *l, struct snp_error *err)
{
	int r = guest_dir_lock(state, name, &l->dir, err);

	if (r < 0)
		return r;
	if (!record_exists(l->dir.path))
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"the guest \"%s\" is incomplete: its creation was interrupted; remove it",
			name);
	r = record_read(l->dir.path, &l->record, err);
	if (r < 0)
		return r;
	r = hypervisor_find_uuid(host, l->record->uuid, &l->domain, err);
	if (r == 0 && !l->domain)
		r = fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"libvirt no longer has the guest \"%s\"; create it again with --replace, or remove it",
			name);
	return r;
}

int guest_start(const struct hypervisor *host, const char *state, const char *name, bool paused,
		bool unbound, struct snp_error *err)
{
	_cleanup_(launchable_done) struct launchable l = {.dir.fd = -1};
	int r = find_launchable(host, state, name, &l, err);

	if (r < 0)
		return r;
	r = refuse_active(l.domain, err);
	if (r < 0)
		return r;
	r = make_ready(&l, host, false, unbound, err);
	return r < 0 ? r : launch(&l, host, paused, err);
}

/* Nothing has launched yet. What is wrong now cannot be mended any more: QEMU has read the files. */
static int refuse_paused(struct launchable *l, const struct hypervisor *host, bool unbound,
			 struct snp_error *err)
{
	int r = guest_drift_paused(l->record, l->domain, host, err);

	if (r < 0)
		return r;
	r = boot_guard_of(l->record, host, l->domain, &l->guard, err);
	if (r == 0 && l->guard == GUARD_MOUNT && !unbound)
		r = boot_files_need_mount(&l->dir, err);
	return r < 0 ? r : boot_files_verify(l->record, err);
}

int guest_resume(const struct hypervisor *host, const char *state, const char *name, bool unbound,
		 struct snp_error *err)
{
	_cleanup_(launchable_done) struct launchable l = {.dir.fd = -1};
	enum domain_state now;
	int r = find_launchable(host, state, name, &l, err);

	if (r < 0)
		return r;
	r = domain_state_of(l.domain, &now, err);
	if (r == 0 && now == DOMAIN_PAUSED)
		r = refuse_paused(&l, host, unbound, err);
	return r < 0 ? r : domain_resume(l.domain, err);
}

int guest_restart(const struct hypervisor *host, const char *state, const char *name,
		  unsigned int seconds, bool unbound, struct snp_error *err)
{
	_cleanup_(launchable_done) struct launchable l = {.dir.fd = -1};
	int r = find_launchable(host, state, name, &l, err);

	return r < 0 ? r : restart(&l, host, seconds, unbound, err);
}

/* The domain with the record's UUID, or with the name if no record can be read. Either alone may belong to
 * somebody else: the UUID where a create was cut off before libvirt could refuse it; and whether the
 * directory is under another's domain of that name, nothing can tell without a record. */
static int find_ours(const struct hypervisor *host, const struct guest_dir *dir, virDomainPtr *ret,
		     struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	bool ours = false;
	int r;

	if (record_read(dir->path, &record, NULL) < 0)
		r = hypervisor_find_name(host, dir->name, &domain, err);
	else
		r = hypervisor_find_uuid(host, record->uuid, &domain, err);
	if (r == 0 && domain)
		r = guest_owns(dir->path, record ? dir->name : NULL, domain, &ours, err);
	if (r == 0 && domain && !record && !ours)
		r = fail_with(
			err, SNP_E_EXISTS, SNP_NO_OFFSET,
			"libvirt has a domain \"%s\" that snp-launch did not create, and %s has no record to tell them apart; rename or undefine that domain first",
			dir->name, dir->path);
	if (r < 0)
		return r;
	*ret = ours ? TAKE_PTR(domain) : NULL;
	return 0;
}

int guest_remove(const struct hypervisor *host, const char *state, const char *name, bool force,
		 struct snp_error *err)
{
	_cleanup_(guest_dir_close) struct guest_dir dir = {.fd = -1};
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	enum domain_state now = DOMAIN_OFF;
	int r;

	r = guest_dir_lock(state, name, &dir, err);
	if (r < 0)
		return r;
	r = find_ours(host, &dir, &domain, err);
	if (r == 0 && domain)
		r = domain_state_of(domain, &now, err);
	if (r < 0)
		return r;
	if (domain_state_is_active(now) && !force)
		return fail_with(err, SNP_E_GUEST_STATE, SNP_NO_OFFSET,
				 "\"%s\" is %s; stop it first, or use remove --force", name,
				 domain_state_names[now]);
	if (domain_state_is_active(now))
		r = domain_kill(domain, err);
	if (r == 0 && domain)
		r = domain_undefine(domain, err);
	if (r < 0)
		return r;
	r = autostart_unit(&dir, false, err);
	return r < 0 ? r : guest_dir_remove(&dir, err);
}
