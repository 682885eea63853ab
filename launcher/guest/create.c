// SPDX-License-Identifier: Apache-2.0
#include "guest/create.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#include "domain/domain_read.h"
#include "guest/boot_file.h"
#include "guest/console_log.h"
#include "guest/definition.h"
#include "guest/drift.h"
#include "guest/protection.h"
#include "guest/state_dir.h"
#include "host/interrupt.h"
#include "host/lifecycle.h"
#include "host/uri.h"

/* What has been done so far, and is undone from the last to the first. */
struct attempt {
	const struct hypervisor *host;
	struct guest_dir dir;	      /* the new guest's; fd -1: not claimed */
	struct guest_dir old;	      /* of the guest to be replaced; fd -1: none */
	char *old_xml;		      /* of that guest's domain; NULL: it had none */
	struct launch_spec *old_spec; /* of old_xml */
	int old_autostart;	      /* of that domain */
	bool exchanged;		      /* the two have changed places */
	bool defined;		      /* libvirt was asked to */
	bool old_is_off;	      /* the old guest ran, and has been stopped */
	virDomainPtr domain;	      /* defined by this attempt */
	enum boot_guard guard;
	char uuid[RECORD_UUID + 1];
};

/* Remove a new guest's domain before its directory, or nobody would know whose it is. If define failed,
 * libvirt may still have the domain, and only its answer was lost. A domain with the UUID but another name
 * belongs to somebody else, and is why libvirt refused this one. */
static int undo_domain(struct attempt *a, struct snp_error *err)
{
	int r = 0;

	if (!a->domain)
		r = hypervisor_find_uuid(a->host, a->uuid, &a->domain, err);
	if (r < 0 || !a->domain || strcmp(virDomainGetName(a->domain), a->dir.name) != 0)
		return r;
	r = domain_kill(a->domain, err);
	return r < 0 ? r : domain_undefine(a->domain, err);
}

/* The old guest's definition comes back: its UUID is the same. Autostart is not part of a definition. */
static int undo_redefinition(struct attempt *a, struct snp_error *err)
{
	_cleanup_(domain_freep) virDomainPtr old = NULL;
	int r = 0;

	if (a->old_is_off)
		r = domain_kill(a->domain, err);
	if (r == 0)
		r = domain_define(a->host, a->old_xml, &old, err);
	if (r == 0 && virDomainSetAutostart(old, a->old_autostart) < 0 && a->old_autostart)
		r = hypervisor_fail(err, "cannot make the old guest start with the host");
	return r;
}

/* Undo what was done, up to the first step that fails; list shows what is left then, and remove deletes it. */
static int attempt_undo(struct attempt *a, struct snp_error *err)
{
	int r = 0;

	if (a->defined)
		r = a->old_xml ? undo_redefinition(a, err) : undo_domain(a, err);
	if (r == 0 && a->exchanged)
		r = guest_dir_exchange(&a->dir, &a->old, err);
	if (r == 0 && a->dir.fd >= 0)
		r = guest_dir_remove(&a->dir, err);
	return r;
}

/* A guest that ran runs again. */
static int revive(struct attempt *a, bool unbound, struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	int r;

	/* What interrupted the attempt does not interrupt this. */
	interrupt_forget();
	r = record_read(a->old.path, &record, err);
	if (r < 0)
		return r;
	r = hypervisor_find_uuid(a->host, record->uuid, &domain, err);
	return r < 0 || !domain ? r
				: guest_relaunch(a->host, &a->old, record, domain, 1, unbound, err);
}

static void attempt_done(struct attempt *a)
{
	guest_dir_close(&a->dir);
	guest_dir_close(&a->old);
	domain_freep(&a->domain);
	free(a->old_xml);
	launch_spec_free(a->old_spec);
}

/* Never overwrite a domain of that name that snp-launch did not create. If one appears later, libvirt
 * itself refuses another UUID for its name. */
static int refuse_foreign(const struct hypervisor *host, const char *name, struct snp_error *err)
{
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	int r;

	r = hypervisor_find_name(host, name, &domain, err);
	if (r == 0 && domain)
		r = fail_with(
			err, SNP_E_EXISTS, SNP_NO_OFFSET,
			"libvirt has a domain \"%s\" that snp-launch did not create; use another name, or undefine it",
			name);
	return r;
}

/* A session daemon, and that of a simulated host, opens the log as the user that QEMU runs as. */
static struct guest_owners owners(const struct hypervisor *host, const struct launch_spec *spec)
{
	struct guest_owners o = {host->qemu_user, host->qemu_group, (uid_t)-1, (gid_t)-1};

	if (spec->has_ids) {
		o.qemu_user = spec->uid;
		o.qemu_group = spec->gid;
	}
	if (uri_is_session(host->uri)) {
		o.log_user = host->qemu_user;
		o.log_group = host->qemu_group;
	}
	return o;
}

/* A user that two guests have keeps neither out of the other. Only the guests of STATE are known. */
static int refuse_shared_user(const char *state, const struct vm_config *config,
			      struct snp_error *err)
{
	char **names, path[GUEST_PATH_MAX];
	size_t n;
	int r = config->user ? guest_dir_list(state, &names, &n, err) : 0;

	if (r < 0 || !config->user)
		return r;
	for (size_t i = 0; i < n && r == 0; i++) {
		_cleanup_(record_freep) struct guest_record *record = NULL;

		if (strcmp(names[i], config->name) != 0 &&
		    record_read(guest_path(state, names[i], path), &record, NULL) == 0 &&
		    record->user && strcmp(record->user, config->user) == 0)
			r = fail_with(
				err, SNP_E_EXISTS, SNP_NO_OFFSET,
				"user %s already runs the guest \"%s\"; give this guest another user (snp.user)",
				config->user, names[i]);
	}
	guest_names_free(names, n);
	return r;
}

static int claim_new(struct attempt *a, const struct create_request *request, struct snp_error *err)
{
	const char *name = request->prepare.config->name;
	const struct guest_owners o = owners(a->host, request->prepare.spec);
	int r = guest_dir_claim(request->state, name, &o, &a->dir, err);

	return r < 0 ? r : refuse_foreign(a->host, name, err);
}

/* The old guest's record and domain; a directory without a record has nothing worth keeping. */
static int look_at_old(struct attempt *a, char ret_uuid[static RECORD_UUID + 1],
		       struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	int r;

	r = record_read(a->old.path, &record, err);
	if (r < 0)
		return r;
	r = hypervisor_find_uuid(a->host, record->uuid, &domain, err);
	if (r < 0)
		return r;
	memcpy(ret_uuid, record->uuid, RECORD_UUID + 1);
	if (!domain)
		return 0;
	/* A driver without autostart has nothing to restore. */
	if (virDomainGetAutostart(domain, &a->old_autostart) < 0)
		a->old_autostart = 0;
	a->old_xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	if (!a->old_xml)
		return hypervisor_fail(err, "cannot read the old guest's domain");
	/* What cannot be read is replaced all the same, but its MACs are lost. */
	if (domain_read(a->old.name, text_span(a->old_xml), &a->old_spec, NULL) < 0)
		a->old_spec = NULL;
	return 0;
}

static int claim(struct attempt *a, const struct create_request *request,
		 char ret_uuid[static RECORD_UUID + 1], struct snp_error *err)
{
	const struct vm_config *config = request->prepare.config;
	const struct guest_owners o = owners(a->host, request->prepare.spec);
	int r;

	ret_uuid[0] = '\0';
	if (!request->replace)
		return claim_new(a, request, err);
	if (request->locked) {
		a->old = *request->locked;
		request->locked->fd = -1;
		r = 0;
	} else {
		r = guest_dir_lock(request->state, config->name, &a->old, err);
	}
	if (r == -SNP_E_NOT_FOUND)
		return claim_new(a, request, err);
	if (r == 0 && !record_exists(a->old.path)) {
		r = guest_dir_remove(&a->old, err);
		return r < 0 ? r : claim_new(a, request, err);
	}
	if (r < 0)
		return r;
	r = look_at_old(a, ret_uuid, err);
	if (r == 0 && config->uuid && strcmp(config->uuid, ret_uuid) != 0)
		r = fail_with(
			err, SNP_E_EXISTS, SNP_NO_OFFSET,
			"the guest to be replaced has the UUID %s; remove uuid from vm.json, or remove that guest first",
			ret_uuid);
	return r < 0 ? r : guest_dir_claim_next(&a->old, &o, &a->dir, err);
}

static int write_record(const struct attempt *a, struct guest_record *record,
			enum record_state state, struct snp_error *err)
{
	record->state = state;
	return record_write(record, a->dir.path, err);
}

/* End the guest that is to be replaced, if it runs. */
static int end_old(struct attempt *a, const struct create_request *request, struct snp_error *err)
{
	enum domain_state state;
	int r = domain_state_of(a->domain, &state, err);

	if (r < 0 || !domain_state_is_active(state))
		return r;
	r = request->force ? domain_kill(a->domain, err)
			   : domain_stop(a->domain, request->seconds, err);
	a->old_is_off = r == 0;
	return r;
}

/* Put the new directory in place, then the domain; then end the old guest if it still runs. */
static int establish(struct attempt *a, const struct create_request *request,
		     const struct prepare_request *prepare, const struct prepared *p,
		     struct snp_error *err)
{
	int r = definition_write(prepare->config, prepare->template, a->dir.path, err);

	if (r < 0)
		return r;
	r = write_record(a, p->record, RECORD_CREATING, err);
	if (r == 0 && a->old.fd >= 0) {
		r = guest_dir_exchange(&a->old, &a->dir, err);
		a->exchanged = r == 0;
	}
	if (r == 0) {
		memcpy(a->uuid, p->record->uuid, sizeof(a->uuid));
		a->defined = true;
		r = domain_define(a->host, p->xml, &a->domain, err);
	}
	/* libvirt reads a definition in its own way, and hooks may change it: only what it will start
	 * counts. */
	if (r < 0)
		return r;
	r = guest_record_domain(p->record, a->domain, a->host, err);
	if (r == 0 && a->old_xml)
		r = end_old(a, request, err);
	return r < 0 ? r : write_record(a, p->record, RECORD_DEFINED, err);
}

/* Before libvirt knows where the copies are. Only a guest that needs the mount gets autostart by
 * snp-launch's unit: libvirt's own would start it without the mount. */
static int protect(struct attempt *a, const struct create_request *request,
		   const struct guest_record *record, struct snp_error *err)
{
	const struct vm_config *config = request->prepare.config;
	const struct launch_spec *spec = request->prepare.spec;
	const struct domain_user user = {
		.relabels = config->relabel, .is_known = spec->has_ids, .uid = spec->uid};
	int r;

	a->guard = boot_guard(record, a->host, &user);
	if (a->guard != GUARD_MOUNT)
		return 0;
	r = boot_files_mount(&a->dir, err);
	if (r < 0 && request->prepare.unbound) {
		a->guard = GUARD_SAME_USER;
		return 0;
	}
	return r == 0 && config->autostart ? autostart_need_unit(request->state, err) : r;
}

static int launch(struct attempt *a, const struct create_request *request,
		  const struct guest_record *record, struct snp_error *err)
{
	const bool autostart = request->prepare.config->autostart,
		   unit = autostart && a->guard == GUARD_MOUNT;
	int r = 0;

	if (virDomainSetAutostart(a->domain, autostart && !unit) < 0 && autostart && !unit)
		return hypervisor_fail(err, "cannot make the guest start with the host");
	if (request->start && a->guard == GUARD_MOUNT)
		r = boot_files_verify(record, err);
	if (r == 0 && request->start)
		r = domain_start(a->domain, request->paused, err);
	if (r == 0 && request->start)
		r = boot_files_keep(record, a->guard, a->domain, err);
	/* The last step, which nothing need undo. */
	return r < 0 ? r : autostart_unit(&a->dir, unit, err);
}

static int attempt(struct attempt *a, const struct create_request *request,
		   struct guest_record **ret, struct snp_error *err)
{
	_cleanup_(prepared_done) struct prepared p = {0};
	struct prepare_request prepare = request->prepare;
	char path[GUEST_PATH_MAX], uuid[RECORD_UUID + 1];
	int r;

	r = claim(a, request, uuid, err);
	if (r < 0)
		return r;
	r = refuse_shared_user(request->state, prepare.config, err);
	if (r < 0)
		return r;
	prepare.dir = &a->dir;
	prepare.domain = a->old_spec;
	prepare.final_path = guest_path(request->state, prepare.config->name, path);
	prepare.uri = a->host->uri;
	if (uuid[0])
		prepare.uuid = uuid;
	prepare.qemu_version = a->host->qemu_version;
	prepare.qemu_user = a->host->qemu_user;
	prepare.qemu_group = a->host->qemu_group;
	r = guest_prepare(&prepare, &p, err);
	if (r < 0)
		return r;
	r = interrupt_check(err);
	if (r < 0)
		return r;
	r = protect(a, request, p.record, err);
	if (r < 0)
		return r;
	r = establish(a, request, &prepare, &p, err);
	if (r < 0)
		return r;
	r = interrupt_check(err);
	if (r < 0)
		return r;
	r = launch(a, request, p.record, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p.record);
	return 0;
}

int guest_create(const struct hypervisor *host, const struct create_request *request,
		 struct guest_record **ret, struct snp_error *err)
{
	_cleanup_(attempt_done) struct attempt a = {.host = host, .dir.fd = -1, .old.fd = -1};
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct snp_error undo;
	char first[512];
	int r;

	interrupt_defer();
	r = attempt(&a, request, &record, err);
	if (r < 0 && attempt_undo(&a, &undo) < 0 && err) {
		snprintf(first, sizeof(first), "%.511s", err->message);
		snprintf(
			err->message, sizeof(err->message),
			"%s; and it could not be undone: %.300s; clean up with snp-launch remove --force %s",
			first, undo.message, request->prepare.config->name);
	} else if (r < 0 && a.old_is_off && revive(&a, request->prepare.unbound, &undo) < 0 &&
		   err) {
		snprintf(first, sizeof(first), "%.511s", err->message);
		snprintf(err->message, sizeof(err->message),
			 "%s; the guest is as it was, but could not be started again: %.300s",
			 first, undo.message);
	}
	if (r == 0 && a.old.fd >= 0)
		console_log_adopt(&a.old, &a.dir);
	/* What this leaves behind is removed by the next replacement, or with the guest. */
	if (r == 0 && a.old.fd >= 0 && guest_dir_remove(&a.old, &undo) < 0)
		guest_dir_close(&a.old);
	interrupt_restore();
	if (r < 0)
		return r;
	*ret = TAKE_PTR(record);
	return 0;
}
