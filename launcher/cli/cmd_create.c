// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>

#include "cli/apply_view.h"
#include "cli/check_options.h"
#include "cli/guest_view.h"
#include "cli/launch_options.h"
#include "cli/verb.h"
#include "guest/create.h"

static struct {
	bool no_start, paused, replace, force, dry_run;
	const char *dry_run_as;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"no-start", .flag = &arg.no_start,
	 .help = "define the guest, but do not start it"},
	{"paused", .flag = &arg.paused,
	 .help = "start it paused; the secure processor checks it only at resume"},
	{"dry-run", .argument = "FORM", .flag = &arg.dry_run, .text = &arg.dry_run_as,
	 .help = "change nothing; print the domain (xml, default), QEMU's command line (argv), or the record (json)"},
	{"replace", .flag = &arg.replace,
	 .help = "replace the guest that has this name"},
	{"force", 'f', .flag = &arg.force,
	 .help = "with --replace: turn the old guest off immediately"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options,
						  check_cli_options,
						  launch_options,
						  source_options,
						  set_options,
						  options,
						  NULL};

static int check_arguments(struct snp_error *err)
{
	static const char *const forms[] = {"xml", "argv", "json"};
	const char *problem = NULL;

	if (arg.no_start && arg.paused)
		problem = "--no-start and --paused cannot be combined";
	else if (arg.dry_run && arg.paused)
		problem = "--dry-run and --paused cannot be combined";
	else if (arg.dry_run_as && arg.replace)
		problem = "--dry-run with --replace prints what would change, and takes no form";
	else if (arg.force && !arg.replace)
		problem = "--force requires --replace";
	if (problem)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", problem);
	for (size_t i = 0; arg.dry_run_as && i <= ARRAY_SIZE(forms); i++) {
		if (i == ARRAY_SIZE(forms))
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "--dry-run: invalid form '%s'; expected xml, argv or json",
					 arg.dry_run_as);
		if (strcmp(forms[i], arg.dry_run_as) == 0)
			break;
	}
	return 0;
}

static int print_dry_run(FILE *out, const struct session *session,
			 const struct prepare_request *request, struct snp_error *err)
{
	_cleanup_(prepared_done) struct prepared p = {0};
	_cleanup_(freep) char *text = NULL;
	const char *form = arg.dry_run_as ? arg.dry_run_as : "xml";
	int r;

	r = guest_prepare(request, &p, err);
	if (r < 0)
		return r;
	if (strcmp(form, "argv") == 0)
		r = domain_to_argv(&session->host, p.xml, &text, err);
	else if (strcmp(form, "json") == 0)
		r = record_print(p.record, &text, err);
	if (r < 0)
		return r;
	fputs(text ? text : p.xml, out);
	return 0;
}

static int create(FILE *out, const struct session *session, struct launch_request *request,
		  const char *path, struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct create_request *create = &request->create;
	const char *fragment = create->prepare.config->libvirt_xml;
	char directory[GUEST_PATH_MAX];
	int r;

	create->start = !arg.no_start;
	create->paused = arg.paused;
	create->replace = arg.replace;
	create->force = arg.force;
	if (arg.dry_run) {
		create->prepare.final_path =
			guest_path(session->state, create->prepare.config->name, directory);
		create->prepare.uri = session->host.uri;
		create->prepare.qemu_version = session->host.qemu_version;
		create->prepare.qemu_user = session->host.qemu_user;
		create->prepare.qemu_group = session->host.qemu_group;
		r = print_dry_run(out, session, &create->prepare, err);
	} else {
		r = guest_create(&session->host, create, &record, err);
	}
	check_cli_warn(request->findings, fragment ? fragment : path);
	return r < 0 || arg.dry_run ? r : launch_print_created(out, session, record, err);
}

/* A dry run that prints the XML or the record needs no host; it then assumes the oldest QEMU. */
static int open_host(const struct vm_config *config, struct session *ret, struct snp_error *err)
{
	bool needs_host = !arg.dry_run || (arg.dry_run_as && strcmp(arg.dry_run_as, "argv") == 0);
	int r = session_open(config->connect, ret, err);

	show_boot_progress();
	if (r >= 0 || needs_host)
		return r;
	r = session_without_host(config->connect, ret, err);
	if (r == 0)
		cli_warn("host-not-asked",
			 "%s does not answer; QEMU's version and user are unknown", ret->host.uri);
	return r;
}

/* Connect, and run the named checks before anything is touched. */
static int open_and_check(const struct vm_config *config, struct launch_spec *spec,
			  const char *path, struct session *ret, struct check_options *ret_checks,
			  struct snp_error *err)
{
	int r;

	launch_spec_look(spec, launch_options_root());
	launch_spec_find_user(spec);
	r = check_cli_before_host(spec, path, ret_checks, err);
	if (r < 0)
		return r;
	r = open_host(config, ret, err);
	if (r < 0)
		return r;
	return check_cli_of_host(spec, arg.no_start || arg.dry_run ? NULL : config, &ret->host,
				 path, ret_checks, err);
}

static int create_from(FILE *out, const char *path, struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_request_done) struct launch_request request = {0};
	const struct apply_how replacement = {
		.dry_run = true, .fresh = true, .no_start = arg.no_start};
	int r = check_arguments(err);

	if (r < 0)
		return r;
	r = launch_options_config(path, &config, err);
	if (r < 0)
		return r;
	if (arg.dry_run && arg.replace)
		return apply_config(out, config, path, &replacement, err);
	r = launch_spec_from_config(config, &request.spec, err);
	if (r < 0)
		return r;
	r = open_and_check(config, request.spec, path, &session, &request.checks, err);
	if (r < 0)
		return r;
	r = launch_options_request(&session, config, &request, err);
	return r < 0 ? r : create(out, &session, &request, path, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	return cli_answer(out, create_from(out, operands[0], err), err);
}

const struct cli_verb verb_create = {
	.name = "create",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "create a guest from a vm.json: measure, bind, define and start it",
	.example = "web1.json",
	.options = tables,
	.uses_keys = true,
	.run = run,
};
