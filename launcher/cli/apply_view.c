// SPDX-License-Identifier: Apache-2.0
#include "cli/apply_view.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>

#include "cli/check_options.h"
#include "cli/guest_view.h"
#include "cli/launch_options.h"

static struct {
	bool restart, new_digest, new_boot_files;
} arg;

/* clang-format off */
const struct cli_option apply_options[] = {
	{"restart", .flag = &arg.restart,
	 .help = "restart the guest if a change needs that"},
	{"new-digest", .flag = &arg.new_digest,
	 .help = "accept any new launch digest"},
	{"new-boot-files", .flag = &arg.new_boot_files,
	 .help = "copy firmware, kernel and initrd again, although their paths are the same"},
	{0},
};
/* clang-format on */

static bool is_text(const char *what)
{
	return strcmp(what, SETTING_VM_JSON) == 0 || strcmp(what, "libvirt_xml") == 0 ||
	       strcmp(what, "template") == 0;
}

void change_line(const struct plan_change *c, char *ret, size_t size)
{
	bool added = strcmp(c->from, "none") == 0, removed = strcmp(c->to, "none") == 0,
	     device = strchr(c->what, '[');

	if (is_text(c->what))
		snprintf(ret, size, "%s %s", c->what,
			 added	   ? "added"
			 : removed ? "removed"
				   : "changed");
	else if (device && (added || removed))
		snprintf(ret, size, "%s %s: %s", c->what, added ? "added" : "removed",
			 added ? c->to : c->from);
	else
		snprintf(ret, size, "%s: %s -> %s", c->what, c->from, c->to);
}

void changes_json(struct json_out *json, const char *key, const struct plan_change *changes,
		  size_t n)
{
	struct cJSON *array = json_out_array(json, json->root, key);

	for (size_t i = 0; i < n; i++) {
		struct cJSON *object = json_out_object(json, array, NULL);

		json_out_string(json, object, "what", changes[i].what);
		json_out_string(json, object, "from", changes[i].from);
		json_out_string(json, object, "to", changes[i].to);
		json_out_bool(json, object, "measured", changes[i].measured);
		json_out_string(json, object, "when",
				changes[i].moment == SETTING_NOW ? "now" : "start");
	}
}

/* Of a text that is changed nothing is said beside what it changes. */
static bool is_worth_telling(const struct plan *plan, const struct plan_change *c)
{
	return strcmp(c->what, SETTING_VM_JSON) != 0 || plan->n_changes == 1;
}

/* Of a guest that runs, and is not restarted: the change would wait. */
static bool waits(const struct apply_result *result, const struct plan_change *c)
{
	return result->plan.runs && !result->restarted && c->moment == SETTING_START;
}

static bool some_wait(const struct apply_result *result)
{
	for (size_t i = 0; i < result->plan.n_changes; i++)
		if (waits(result, &result->plan.changes[i]))
			return true;
	return false;
}

static void print_changes(FILE *out, const char *name, const struct apply_result *result,
			  bool dry_run)
{
	const struct plan *plan = &result->plan;
	char line[1024];

	for (unsigned int measured = 2; measured-- > 0;)
		for (size_t i = 0; i < plan->n_changes; i++) {
			const struct plan_change *c = &plan->changes[i];

			if (c->measured != measured || !is_worth_telling(plan, c))
				continue;
			change_line(c, line, sizeof(line));
			fprintf(out, "%s: %s%s%s\n", name, measured ? "measured: " : "", line,
				dry_run && !plan->replaces && waits(result, c)
					? " (at the next start)"
					: "");
		}
}

static void print_pending(FILE *out, const char *name, const struct apply_result *result)
{
	char line[1024];

	for (size_t i = 0; i < result->n_pending; i++) {
		change_line(&result->pending[i], line, sizeof(line));
		fprintf(out, "%s: needs a restart: %s\n", name, line);
	}
}

static void print_text(FILE *out, const char *name, const struct apply_result *result, bool dry_run)
{
	const char *done =
		result->creates	    ? (dry_run ? "would be created" : "created")
		: !result->changed  ? "up to date"
		: dry_run	    ? (result->restarted ? "would be changed and restarted"
				       : result->plan.replaces && result->plan.runs
					       ? "would be changed, but only with --restart or when it is off"
					       : "would be changed")
		: result->restarted ? "changed and restarted"
				    : "changed";
	char digest[2 * SNP_LAUNCH_DIGEST_SIZE + 1];

	print_changes(out, name, result, dry_run);
	fprintf(out, "%s: %s\n", name, done);
	if (!dry_run || result->plan.n_changes == 0)
		print_pending(out, name, result);
	if (!result->creates && !result->plan.changes_digest)
		return;
	hex_encode(result->launch_digest, SNP_LAUNCH_DIGEST_SIZE, digest);
	fprintf(out, "launch digest %s\n", digest);
}

static int print_json(FILE *out, const char *name, const struct apply_result *result, bool dry_run,
		      struct snp_error *err)
{
	const struct plan *plan = &result->plan;
	_cleanup_(json_out_done) struct json_out json;

	cli_json_begin(&json, "snp-apply/1");
	json_out_text(&json, json.root, "name", name);
	json_out_bool(&json, json.root, "changed", result->changed);
	json_out_bool(&json, json.root, "created", result->creates);
	json_out_bool(&json, json.root, "dry_run", dry_run);
	json_out_bool(&json, json.root, "restarted", result->restarted);
	json_out_bool(&json, json.root, "needs_restart",
		      dry_run ? !result->restarted && (result->n_pending > 0 || some_wait(result))
			      : result->n_pending > 0);
	json_out_hex(&json, json.root, "launch_digest", result->launch_digest,
		     SNP_LAUNCH_DIGEST_SIZE);
	if (plan->changes_digest)
		json_out_hex(&json, json.root, "previous_launch_digest",
			     plan->kept.record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	changes_json(&json, "changes", plan->changes, plan->n_changes);
	changes_json(&json, "pending", result->pending, result->n_pending);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

static void warn(const char *name, const struct apply_result *result)
{
	const struct plan *plan = &result->plan;

	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (plan->has_newer[i])
			cli_warn(
				"boot-file-kept",
				"%s: %s has changed, but the guest keeps its copy; --new-boot-files copies it again",
				name, plan->kept.record->boot[i].source);
	if (result->refused[0])
		cli_warn("not-changed-while-running", "%s: %s", name, result->refused);
	if (plan->prepared.record)
		guest_view_warn(plan->prepared.record);
}

/* The checks look at what is launched, which are the guest's copies where vm.json names the same files as before. */
static int check(const struct vm_config *config, const char *file, const struct session *session,
		 const struct apply_how *how, struct launch_request *request, struct snp_error *err)
{
	struct prepare_request *prepare = &request->create.prepare;
	_cleanup_(kept_guest_done) struct kept_guest kept = {0};
	char folder[GUEST_PATH_MAX];
	bool there = false;
	int r = guest_dir_exists(session->state, config->name, &there, err);

	if (r == 0 && there)
		r = kept_guest_read(guest_path(session->state, config->name, folder), &kept, err);
	if (r < 0)
		return r;
	prepare->kept = kept.record;
	prepare->was = kept.was;
	r = plan_look(prepare, request->spec, err);
	prepare->kept = NULL;
	prepare->was = NULL;
	if (r < 0)
		return r;
	launch_spec_look(request->spec, launch_options_root());
	launch_spec_find_user(request->spec);
	r = check_cli_before_host(request->spec, file, &request->checks, err);
	return r < 0 ? r
		     : check_cli_of_host(request->spec,
					 how->no_start || how->dry_run ? NULL : config,
					 &session->host, file, &request->checks, err);
}

static int apply(FILE *out, const struct session *session, struct launch_request *launch,
		 const struct vm_config *config, const char *file, const struct apply_how *how,
		 struct snp_error *err)
{
	_cleanup_(apply_done) struct apply_result result = {0};
	struct apply_request request = {.create = launch->create,
					.dry_run = how->dry_run,
					.new_digest = arg.new_digest,
					.restart = arg.restart};
	int r;

	request.create.start = !how->no_start;
	r = guest_apply(&session->host, &request, &result, err);
	check_cli_warn(launch->findings, config->libvirt_xml ? config->libvirt_xml : file);
	if (r == -SNP_E_DIGEST_DIFFERS && !cli_json)
		print_changes(out, config->name, &result, false);
	if (r < 0)
		return r;
	/* create --replace starts the guest anew, whatever differs. */
	if (how->fresh && !how->no_start && result.plan.runs && result.changed)
		result.restarted = true;
	warn(config->name, &result);
	if (cli_json)
		r = print_json(out, config->name, &result, how->dry_run, err);
	else
		print_text(out, config->name, &result, how->dry_run);
	return r < 0 ? r : how->dry_run && result.changed ? CLI_NO : 0;
}

int apply_config(FILE *out, const struct vm_config *config, const char *file,
		 const struct apply_how *how, struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(launch_request_done) struct launch_request request = {0};
	int r = launch_spec_from_config(config, &request.spec, err);

	if (r < 0)
		return r;
	r = session_open(config->connect, &session, err);
	if (r < 0)
		return r;
	r = launch_options_request(&session, config, &request, err);
	request.create.prepare.fresh = arg.new_boot_files || how->fresh;
	if (r < 0)
		return r;
	r = check(config, file, &session, how, &request, err);
	return r < 0 ? r : apply(out, &session, &request, config, file, how, err);
}
