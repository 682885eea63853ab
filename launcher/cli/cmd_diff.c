// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#include "cli/apply_view.h"
#include "cli/guest_view.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "guest/definition.h"
#include "guest/drift.h"
#include "guest/plan.h"
#include "host/uri.h"

/* What was found: measured, which start would refuse; then what is neither measured nor enforced, and what of it the
 * guest that runs does not have yet. */
struct found {
	struct differences measured;
	size_t n_settings, n_pending;
	struct plan_change *settings, *pending;
};

static void found_done(struct found *found)
{
	free(found->settings);
	free(found->pending);
}

static void print_settings(FILE *out, const char *name, const struct found *found)
{
	char line[1024];

	for (size_t i = 0; i < found->n_settings; i++) {
		change_line(&found->settings[i], line, sizeof(line));
		fprintf(out, "%s: not measured: %s\n", name, line);
	}
	for (size_t i = 0; i < found->n_pending; i++) {
		change_line(&found->pending[i], line, sizeof(line));
		fprintf(out, "%s: not measured: %s (at the next start)\n", name, line);
	}
}

static int print(FILE *out, const char *name, const struct found *found, struct snp_error *err)
{
	const struct differences *d = &found->measured;
	const bool differs = d->n + found->n_settings + found->n_pending > 0;
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *array;
	int r;

	if (!cli_json) {
		if (d->n == 0)
			fprintf(out, "%s: as measured\n", name);
		for (size_t i = 0; i < d->n; i++)
			fprintf(out, "%s: %s: recorded %s, found %s\n", name, d->at[i].what,
				d->at[i].asked, d->at[i].found);
		print_settings(out, name, found);
		return differs ? CLI_NO : 0;
	}
	cli_json_begin(&json,
		       found->n_settings + found->n_pending > 0 ? "snp-diff/2" : "snp-diff/1");
	json_out_text(&json, json.root, "name", name);
	array = json_out_array(&json, json.root, "differences");
	for (size_t i = 0; i < d->n; i++) {
		struct cJSON *object = json_out_object(&json, array, NULL);

		json_out_string(&json, object, "what", d->at[i].what);
		json_out_string(&json, object, "recorded", d->at[i].asked);
		json_out_string(&json, object, "found", d->at[i].found);
	}
	if (found->n_settings > 0)
		changes_json(&json, "not_measured", found->settings, found->n_settings);
	if (found->n_pending > 0)
		changes_json(&json, "pending", found->pending, found->n_pending);
	cli_json_warnings(&json);
	r = cli_json_end(&json, out, err);
	return r < 0 ? r : differs ? CLI_NO : 0;
}

/* Compare the guest with `config`, which is its own as it was kept, or a vm.json of today (`fresh`). Nothing is
 * launched, so only what nobody can allow is refused. */
static int compare(const struct session *session, const struct vm_config *config, bool fresh,
		   struct plan *plan, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options checks = {0};
	struct prepare_request request = {.config = config,
					  .remote = uri_is_remote(session->host.uri),
					  .only_compare = true,
					  .fresh = fresh,
					  .checks = &checks};
	int r = launch_spec_from_config(config, &spec, err);

	for (size_t i = 0; check_at(i); i++) {
		checks.is_changed[i] = !check_at(i)->fixed;
		checks.changed[i] = CHECK_IGNORED;
	}
	if (r < 0)
		return r;
	launch_spec_find_user(spec);
	request.spec = spec;
	return plan_make(&session->host, session->state, &request, plan, err);
}

/* Keep those that are not measured. What libvirt has is `back`: the first of the two. */
static int take_settings(const struct plan *plan, bool back, struct found *found,
			 struct snp_error *err)
{
	for (size_t i = 0; i < plan->n_changes; i++) {
		struct plan_change *c = &plan->changes[i], *to;

		if (c->measured || strcmp(c->what, SETTING_VM_JSON) == 0)
			continue;
		if (!grow(&found->settings, found->n_settings, sizeof(*found->settings)))
			return out_of_memory(err);
		to = &found->settings[found->n_settings++];
		*to = *c;
		if (back) {
			memcpy(to->from, c->to, sizeof(to->from));
			memcpy(to->to, c->from, sizeof(to->to));
		}
	}
	return 0;
}

static void take_measured(const struct plan *plan, struct differences *ret)
{
	for (size_t i = 0; i < plan->n_changes && ret->n < DIFFERENCES_MAX; i++)
		if (plan->changes[i].measured)
			difference_add(ret, plan->changes[i].what, plan->changes[i].from,
				       plan->changes[i].to);
}

static int need_record(const struct guest *guest, const char *name, struct snp_error *err)
{
	if (guest->record)
		return 0;
	return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			 "\"%s\" has no record to compare with: snp-launch did not create it",
			 name);
}

/* What is not measured, by the vm.json that the guest was made from; what cannot be compared is said. */
static int diff_settings(const struct subject *subject, struct found *ret, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *kept = NULL;
	_cleanup_(plan_done) struct plan plan = {0};
	const struct guest *guest = &subject->guest;
	char folder[GUEST_PATH_MAX], line[2048];
	struct snp_error failure;
	int r = 0;

	guest_path(subject->session.state, guest->name, folder);
	if (definition_exists(folder)) {
		r = definition_read(folder, &kept, &failure);
		if (r == 0)
			r = compare(&subject->session, kept, false, &plan, &failure);
	}
	/* Boot files that changed are a difference already. */
	if (r < 0 && r != -SNP_E_DRIFT) {
		snp_error_line(&failure, line, sizeof(line));
		cli_warn("settings-not-compared", "%s: %s", guest->name, line);
	}
	r = r < 0 ? 0 : take_settings(&plan, true, ret, err);
	if (r == 0 && domain_state_is_active(guest->state))
		r = plan_pending(guest->domain, &ret->pending, &ret->n_pending, err);
	return r;
}

/* Compare the running domain, its definition for the next start, and the copies with the record. */
static int diff_guest(const char *name, struct found *ret, struct snp_error *err)
{
	_cleanup_(subject_close) struct subject subject = {0};
	int r;

	r = subject_open(name, &subject, err);
	if (r < 0)
		return r;
	r = need_record(&subject.guest, name, err);
	if (r < 0)
		return r;
	guest_view_warn(subject.guest.record);
	r = guest_drift_all(subject.guest.record, subject.guest.domain, &subject.session.host,
			    &ret->measured, err);
	if (r == 0)
		r = diff_settings(&subject, ret, err);
	if (r < 0 || !guest_view_unprotected(&subject.session, &subject.guest))
		return r;
	/* A guest that is off will be protected by snp-launch start. */
	if (domain_state_is_active(subject.guest.state))
		difference_add(&ret->measured, "boot files", "mounted read-only", "not mounted");
	else
		cli_warn(
			"boot-files-not-protected",
			"%s: the boot files are not mounted read-only; snp-launch start mounts them, virsh start does not",
			name);
	return 0;
}

/* Compare what a vm.json would launch now with what its guest was made from. */
static int diff_config(const char *path, struct found *ret, const char **ret_name,
		       struct subject *subject, struct snp_error *err)
{
	_cleanup_(plan_done) struct plan plan = {0};
	int r = subject_open(path, subject, err);

	if (r < 0)
		return r;
	if (!subject->config)
		return in_file(err,
			       fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "diff takes a vm.json or a guest's name"),
			       path);
	*ret_name = subject->config->name;
	r = session_open(subject->config->connect, &subject->session, err);
	if (r < 0)
		return r;
	r = guest_open(&subject->session, *ret_name, &subject->guest, err);
	if (r < 0)
		return r;
	r = need_record(&subject->guest, *ret_name, err);
	if (r < 0)
		return r;
	r = compare(&subject->session, subject->config, true, &plan, err);
	if (r < 0)
		return r;
	take_measured(&plan, &ret->measured);
	guest_view_warn(subject->guest.record);
	return take_settings(&plan, false, ret, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(subject_close) struct subject subject = {0};
	_cleanup_(found_done) struct found found = {0};
	const char *name = operands[0];
	int r;

	if (operand_is_file(operands[0]))
		r = diff_config(operands[0], &found, &name, &subject, err);
	else
		r = diff_guest(operands[0], &found, err);
	return r < 0 ? r : print(out, name, &found, err);
}

const struct cli_verb verb_diff = {
	.name = "diff",
	.operands = "FILE|NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "compare a guest, or its current vm.json, with what it was made from",
	.example = "web1",
	.options = session_json_tables,
	.run = run,
};
