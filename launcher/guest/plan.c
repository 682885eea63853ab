// SPDX-License-Identifier: Apache-2.0
#include "guest/plan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#include "domain/domain_read.h"
#include "guest/boot_file.h"
#include "guest/definition.h"
#include "guest/drift.h"
#include "guest/protection.h"
#include "guest/seed.h"
#include "host/lifecycle.h"

void kept_guest_done(struct kept_guest *kept)
{
	record_free(kept->record);
	vm_config_free(kept->was);
	*kept = (struct kept_guest){0};
}

int kept_guest_read(const char *folder, struct kept_guest *ret, struct snp_error *err)
{
	struct kept_guest kept = {0};
	int r = record_exists(folder) ? record_read(folder, &kept.record, err) : 0;

	if (r < 0)
		return r;
	if (definition_read(folder, &kept.was, NULL) < 0)
		kept.was = NULL;
	if (!definition_template(folder, kept.template))
		kept.template[0] = '\0';
	*ret = kept;
	return 0;
}

void plan_done(struct plan *plan)
{
	kept_guest_done(&plan->kept);
	domain_freep(&plan->domain);
	launch_spec_free(plan->defined);
	prepared_done(&plan->prepared);
	free(plan->changes);
	free(plan->pending);
	*plan = (struct plan){0};
}

int plan_look(const struct prepare_request *request, struct launch_spec *spec,
	      struct snp_error *err)
{
	char **const paths[BOOT_PARTS] = {
		[BOOT_FIRMWARE] = &spec->firmware,
		[BOOT_KERNEL] = &spec->kernel,
		[BOOT_INITRD] = &spec->initrd,
	};

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		char *path = prepare_keeps(request, (enum boot_part)i)
				     ? strdup(request->kept->boot[i].path)
				     : NULL;

		if (!prepare_keeps(request, (enum boot_part)i))
			continue;
		if (!path)
			return out_of_memory(err);
		free(*paths[i]);
		*paths[i] = path;
	}
	return 0;
}

/* A list that grows. */
struct changes {
	struct plan_change **list;
	size_t *n;
};

static int add(struct changes c, const char *what, const char *from, const char *to, bool measured,
	       enum setting_moment moment, struct snp_error *err)
{
	struct plan_change *change;

	if (!grow(c.list, *c.n, sizeof(**c.list)))
		return out_of_memory(err);
	change = &(*c.list)[(*c.n)++];
	*change = (struct plan_change){.measured = measured, .moment = moment};
	snprintf(change->what, sizeof(change->what), "%s", what);
	escape_text(from, change->from, sizeof(change->from));
	escape_text(to, change->to, sizeof(change->to));
	return 0;
}

static int add_differences(struct changes c, const struct differences *d, bool back,
			   struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = add(c, d->at[i].what, back ? d->at[i].found : d->at[i].asked,
			back ? d->at[i].asked : d->at[i].found, true, SETTING_START, err);
	return r;
}

/* A guest that runs is not concerned by the text of its vm.json, only by what it says. */
static int add_settings(struct changes c, const struct launch_spec *from,
			const struct launch_spec *to, bool runs, struct snp_error *err)
{
	_cleanup_(freep) struct setting_change *changes = NULL;
	size_t n;
	int r = settings_compare(from, to, &changes, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		char before[PATH_MAX + 640], after[PATH_MAX + 640];

		if (runs && strcmp(changes[i].what, SETTING_VM_JSON) == 0)
			continue;
		setting_text(changes[i].from, before, sizeof(before));
		setting_text(changes[i].to, after, sizeof(after));
		r = add(c, changes[i].what, before, after, false, changes[i].moment, err);
	}
	return r;
}

int plan_read_domain(virDomainPtr domain, unsigned int flags, struct launch_spec **ret,
		     struct snp_error *err)
{
	_cleanup_(freep) char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_SECURE | flags);

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	return domain_read(virDomainGetName(domain), text_span(xml), ret, err);
}

int plan_pending(virDomainPtr domain, struct plan_change **ret, size_t *ret_count,
		 struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *live = NULL, *defined = NULL;
	_cleanup_(freep) struct plan_change *list = NULL;
	size_t n = 0;
	int r = plan_read_domain(domain, 0, &live, err);

	if (r < 0)
		return r;
	r = plan_read_domain(domain, VIR_DOMAIN_XML_INACTIVE, &defined, err);
	if (r < 0)
		return r;
	r = add_settings((struct changes){&list, &n}, live, defined, true, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(list);
	*ret_count = n;
	return 0;
}

/* The binding is compared by what it says; that its signatures are others does not matter (guest/prepare.c). */
static void compare_bindings(const struct guest_binding *was, const struct guest_binding *now,
			     struct differences *d)
{
	difference_of_text(d, "ID block's source", id_source_names[was->source],
			   id_source_names[now->source]);
	difference_of_bytes(d, "ID key digest", was->keys.id_key_digest, now->keys.id_key_digest,
			    SNP_KEY_DIGEST_SIZE);
	difference_of_bytes(d, "author key digest", was->keys.author_key_digest,
			    now->keys.author_key_digest, SNP_KEY_DIGEST_SIZE);
	difference_of_bytes(d, "family id", was->fields.family_id, now->fields.family_id,
			    SNP_ID_SIZE);
	difference_of_bytes(d, "image id", was->fields.image_id, now->fields.image_id, SNP_ID_SIZE);
	difference_of_bits(d, "guest svn", was->fields.guest_svn, now->fields.guest_svn);
}

static int compare_measured(const struct prepare_request *q, struct plan *plan, struct changes c,
			    struct snp_error *err)
{
	const struct guest_record *was = plan->kept.record, *now = plan->prepared.record;
	struct guest_measurement m = {.vcpus = now->vcpus};
	struct differences d = {0};
	int r;

	memcpy(m.launch_digest, now->launch_digest, sizeof(m.launch_digest));
	memcpy(q->spec->host_data, now->host_data, sizeof(q->spec->host_data));
	r = guest_drift_measured(was, q->spec, now->boot, &m, &d, err);
	if (r < 0)
		return r;
	if (!q->only_compare)
		compare_bindings(&was->binding, &now->binding, &d);
	if (plan->kept.was && plan->kept.was->emulator && !q->config->emulator)
		difference_of_text(&d, "emulator", plan->kept.was->emulator, "libvirt's choice");
	plan->changes_digest =
		memcmp(was->launch_digest, now->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0;
	plan->replaces = d.n > 0;
	return add_differences(c, &d, false, err);
}

/* What the record says of QEMU, and start compares: it changes with the guest off, as what is measured does. */
static int compare_recorded(struct plan *plan, const struct launch_spec *asked, struct changes c,
			    struct snp_error *err)
{
	const struct guest_record *record = plan->kept.record;
	const struct launch_spec *defined = plan->defined;
	const bool knows = record->has_qemu; /* a record of 0.1.0 does not */
	struct differences d = {0};

	difference_of_text(&d, "security labels",
			   knows ? record->security_labels : defined->security_labels,
			   asked->security_labels);
	difference_of_bits(&d, "option ROMs", knows ? record->option_roms : defined->n_option_roms,
			   asked->n_option_roms);
	difference_of_text(&d, "guest agent",
			   (knows ? record->guest_agent : defined->guest_agent) ? "yes" : "no",
			   asked->guest_agent ? "yes" : "no");
	difference_of_text(&d, "TPM", (knows ? record->tpm : defined->tpm) ? "yes" : "no",
			   asked->tpm ? "yes" : "no");
	plan->replaces |= d.n > 0;
	return add_differences(c, &d, false, err);
}

/* What somebody changed in libvirt's definition, and a new one mends. */
static int compare_definition(const struct hypervisor *host, const struct prepare_request *q,
			      struct plan *plan, struct changes c, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *asked = NULL;
	_cleanup_(freep) char *xml =
		virDomainGetXMLDesc(plan->domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	const char *new = plan->prepared.xml;
	struct differences d = {0};
	int r;

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	r = q->only_compare ? 0 : guest_drift(plan->kept.record, xml, host, &d, err);
	if (r < 0)
		return r;
	r = add_differences(c, &d, true, err);
	if (r < 0)
		return r;
	r = domain_read(q->config->name, text_span(new), &asked, err);
	if (r < 0)
		return r;
	r = compare_recorded(plan, asked, c, err);
	return r < 0 ? r : add_settings(c, plan->defined, asked, false, err);
}

static int compare_autostart(const char *state, const struct prepare_request *q, struct plan *plan,
			     struct changes c, struct snp_error *err)
{
	const bool is = autostart_is_on(state, q->config->name, plan->domain),
		   wanted = q->config->autostart;

	return is == wanted ? 0
			    : add(c, "autostart", is ? "yes" : "no", wanted ? "yes" : "no", false,
				  SETTING_NOW, err);
}

/* What the files for cloud-init say now; that a guest has such a disk at all, its disks show. */
static int compare_seed(const struct prepare_request *q, struct plan *plan, struct changes c,
			struct snp_error *err)
{
	bool differs = false;
	int r = seed_differs(q->config, plan->kept.record->uuid, plan->folder, &differs, err);

	/* Whoever only compares need not be able to read the files. */
	if (r < 0 && q->only_compare)
		return 0;
	return r < 0 || !differs ? r
				 : add(c, "cloud-init", "the old contents", "made again", false,
				       SETTING_START, err);
}

static int compare_settings(const struct hypervisor *host, const char *state,
			    const struct prepare_request *q, struct plan *plan,
			    struct snp_error *err)
{
	struct changes c = {&plan->changes, &plan->n_changes};
	int r = compare_definition(host, q, plan, c, err);

	if (r == 0)
		r = compare_seed(q, plan, c, err);
	return r < 0 ? r : compare_autostart(state, q, plan, c, err);
}

/* What runs may be behind its definition, and somebody may have changed it. */
static int compare_running(const struct hypervisor *host, struct plan *plan, struct snp_error *err)
{
	_cleanup_(freep) char *xml = virDomainGetXMLDesc(plan->domain, VIR_DOMAIN_XML_SECURE);
	struct differences d = {0};
	int r = plan_pending(plan->domain, &plan->pending, &plan->n_pending, err);

	if (r == 0 && !xml)
		r = hypervisor_fail(err, "cannot read the guest's domain");
	if (r < 0)
		return r;
	r = guest_drift(plan->kept.record, xml, host, &d, err);
	return r < 0 ? r
		     : add_differences((struct changes){&plan->pending, &plan->n_pending}, &d, true,
				       err);
}

/* A copy that somebody changed is made anew, although its file is what it was. What is kept was looked at already. */
static int compare_copies(struct plan *plan, struct changes c, struct snp_error *err)
{
	struct differences d = {0};
	int r = guest_drift_boot(plan->kept.record, &d, err);

	if (r < 0 || d.n == 0)
		return r;
	plan->replaces = true;
	return add(c, "boot files", "changed copies", "copied again", true, SETTING_START, err);
}

static int compare(const struct hypervisor *host, const char *state,
		   const struct prepare_request *q, struct plan *plan, struct snp_error *err)
{
	struct changes c = {&plan->changes, &plan->n_changes};
	int r = compare_measured(q, plan, c, err);

	if (r == 0 && q->only_compare)
		return plan->domain ? compare_settings(host, state, q, plan, err) : 0;
	if (r == 0 && q->fresh)
		r = compare_copies(plan, c, err);
	if (r == 0 && plan->kept.record->state == RECORD_CREATING) {
		plan->replaces = true;
		r = add(c, "guest", "interrupted change", "whole", false, SETTING_START, err);
	}
	if (r == 0 && !plan->domain) {
		plan->replaces = true;
		return add(c, "libvirt's domain", "none", "defined", false, SETTING_START, err);
	}
	if (r == 0)
		r = compare_settings(host, state, q, plan, err);
	if (r == 0 && !plan->kept.was)
		r = add(c, "kept vm.json", "none", "kept", false, SETTING_NOW, err);
	return r == 0 && plan->runs ? compare_running(host, plan, err) : r;
}

static int find_domain(const struct hypervisor *host, const char *name, struct plan *plan,
		       struct snp_error *err)
{
	enum domain_state state;
	bool ours = true;
	int r = hypervisor_find_uuid(host, plan->kept.record->uuid, &plan->domain, err);

	if (r == 0 && plan->domain)
		r = guest_owns(plan->folder, name, plan->domain, &ours, err);
	if (r == 0 && !ours)
		r = fail_with(
			err, SNP_E_EXISTS, SNP_NO_OFFSET,
			"libvirt has another domain with the UUID of the guest \"%s\"; undefine it first",
			name);
	if (r < 0 || !plan->domain)
		return r;
	r = plan_read_domain(plan->domain, VIR_DOMAIN_XML_INACTIVE, &plan->defined, err);
	if (r == 0)
		r = domain_state_of(plan->domain, &state, err);
	plan->runs = r == 0 && domain_state_is_active(state);
	return r;
}

/* A host that upgrades its kernel does not change the guest, but its operator may want to know. */
static void look_for_newer(const struct prepare_request *q, struct plan *plan)
{
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		const struct boot_file *kept = &plan->kept.record->boot[i];
		struct boot_file now = {0};

		/* The copy of an IGVM file has the ID block in it, which the file has not. */
		if (plan->kept.record->is_igvm && plan->kept.record->binding.source != ID_NONE)
			continue;
		if (!prepare_keeps(q, (enum boot_part)i) ||
		    boot_file_hash((enum boot_part)i, kept->source, kept->source, NULL, &now,
				   NULL) < 0)
			continue;
		plan->has_newer[i] = memcmp(now.sha256, kept->sha256, SNP_SHA256_SIZE) != 0;
		boot_file_done(&now);
	}
}

static int make(const struct hypervisor *host, const char *state, struct prepare_request *q,
		struct plan *plan, struct snp_error *err)
{
	const struct vm_config *config = q->config;
	int r = kept_guest_read(plan->folder, &plan->kept, err);

	if (r == 0 && !plan->kept.record)
		r = fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET, "there is no guest \"%s\"",
			      config->name);
	if (r < 0)
		return r;
	r = find_domain(host, config->name, plan, err);
	if (r < 0)
		return r;
	if (config->uuid && strcasecmp(config->uuid, plan->kept.record->uuid) != 0)
		return fail_with(
			err, SNP_E_EXISTS, SNP_NO_OFFSET,
			"the guest has the UUID %s; remove uuid from vm.json, or remove the guest first",
			plan->kept.record->uuid);
	q->kept = plan->kept.record;
	q->was = plan->kept.was;
	q->domain = plan->defined;
	if (!q->template && plan->kept.template[0])
		q->template = plan->kept.template;
	q->dir = NULL;
	q->final_path = plan->folder;
	q->uri = host->uri;
	q->uuid = plan->kept.record->uuid;
	q->qemu_version = host->qemu_version;
	q->qemu_user = host->qemu_user;
	q->qemu_group = host->qemu_group;
	r = guest_prepare(q, &plan->prepared, err);
	if (r < 0)
		return r;
	r = compare(host, state, q, plan, err);
	if (r < 0)
		return r;
	look_for_newer(q, plan);
	return 0;
}

int plan_make(const struct hypervisor *host, const char *state, struct prepare_request *request,
	      struct plan *ret, struct snp_error *err)
{
	*ret = (struct plan){0};
	guest_path(state, request->config->name, ret->folder);
	return make(host, state, request, ret, err);
}
