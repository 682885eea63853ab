// SPDX-License-Identifier: Apache-2.0
#include <snp/cleanup.h>
#include <snp/fail.h>

#include "cli/boot_view.h"
#include "cli/check_options.h"
#include "cli/session.h"
#include "cli/verb.h"
#include "guest/definition.h"
#include "guest/guest_dir.h"
#include "host/host_check.h"
#include "host/uri.h"

static struct {
	const char *firmware, *emulator;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"firmware", .argument = "FILE", .text = &arg.firmware,
	 .help = "boot this firmware under emulation to see whether it refuses a changed kernel"},
	{"emulator", .argument = "FILE", .text = &arg.emulator,
	 .help = "with --firmware: QEMU to boot it with (default: qemu-system-x86_64)"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, check_cli_options, options,
						  NULL};

static const char *const states[] = {
	[FACT_YES] = "yes",
	[FACT_NOTE] = "note",
	[FACT_UNKNOWN] = "unknown",
	[FACT_NO] = "no",
};

static void print_text(FILE *out, const char *uri, const char *guest,
		       const struct host_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct host_fact *f = &report->at[i];

		fprintf(out, "%-8s %-18s %s\n", states[f->state], f->name, f->found);
		if (f->state == FACT_NO)
			fprintf(out, "%-8s %-18s needs %s: %s\n", "", "", f->needed, f->cure);
	}
	if (report->simulated)
		fprintf(out,
			"\n%s is a simulated host: nothing is encrypted and no guest code runs.\n",
			uri);
	if (report->n_no == 0)
		fprintf(out, "\nThis host can launch SEV-SNP guests%s%s.\n",
			report->local ? "" : ", as far as libvirt can tell from here",
			!guest			 ? ""
			: report->n_guest_no > 0 ? ", but not this one yet"
						 : ", and this one");
	else
		fprintf(out,
			"\nThis host cannot launch SEV-SNP guests yet. To try a launch without SNP "
			"hardware:\nsnp-launch rehearse FILE\n");
}

/* Version 2 says of a guest what 1 counts among the host's. */
static int print_json(FILE *out, const char *uri, const char *guest,
		      const struct host_report *report, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array, *object;

	cli_json_begin(&json, guest ? "snp-check/2" : "snp-check/1");
	json_out_text(&json, json.root, "uri", uri);
	json_out_bool(&json, json.root, "can_launch", report->n_no == 0);
	json_out_bool(&json, json.root, "simulated", report->simulated);
	if (guest) {
		object = json_out_object(&json, json.root, "guest");
		json_out_string(&json, object, "name", guest);
		json_out_bool(&json, object, "can_launch",
			      report->n_no == 0 && report->n_guest_no == 0);
	}
	array = json_out_array(&json, json.root, "facts");
	for (size_t i = 0; i < report->n; i++) {
		const struct host_fact *f = &report->at[i];

		object = json_out_object(&json, array, NULL);
		json_out_string(&json, object, "name", f->name);
		json_out_string(&json, object, "state", states[f->state]);
		json_out_string(&json, object, "found", f->found);
		if (guest)
			json_out_string(&json, object, "about", f->about_guest ? "guest" : "host");
		if (f->needed[0])
			json_out_string(&json, object, "needed", f->needed);
		if (f->cure[0])
			json_out_string(&json, object, "cure", f->cure);
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* The guest's configuration, as create checks it before it asks the host; `path` NULL: it was read already. */
static int check_config(const char *path, struct vm_config **ret_config,
			struct launch_spec **ret_spec, struct check_options *ret_checks,
			struct snp_error *err)
{
	int r = path ? vm_config_read(path, ret_config, err) : 0;

	if (r < 0)
		return r;
	r = launch_spec_from_config(*ret_config, ret_spec, err);
	if (r < 0)
		return r;
	if (!uri_is_remote(session_uri((*ret_config)->connect)))
		launch_spec_look(*ret_spec, NULL);
	launch_spec_find_user(*ret_spec);
	return check_cli_before_host(*ret_spec, path ? path : (*ret_config)->name, ret_checks, err);
}

/* The vm.json of a guest that is there. */
static int read_kept(const char *name, struct vm_config **ret, struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	char folder[GUEST_PATH_MAX];
	int r = session_without_host(NULL, &session, err);

	if (r < 0)
		return r;
	if (!guest_name_valid(name) || !definition_exists(guest_path(session.state, name, folder)))
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"there is no guest \"%.80s\", or its vm.json was not kept; give a file",
			name);
	return definition_read(folder, ret, err);
}

static int check_firmware(FILE *out, struct snp_error *err)
{
	const struct boot_subject subject = {
		.firmware = arg.firmware, .emulator = arg.emulator, .progress = boot_view_progress};
	_cleanup_(json_out_done) struct json_out json = {0};
	struct boot_trial trial;
	int r = boot_trial_run(&subject, &trial, err);

	boot_view_progress(NULL, 0, 0, NULL);
	if (r < 0)
		return r;
	if (cli_json) {
		cli_json_begin(&json, "snp-boot/1");
		boot_view_json(&trial, arg.firmware, &json, json.root);
		cli_json_warnings(&json);
		r = cli_json_end(&json, out, err);
	} else {
		boot_view_text(&trial, arg.firmware, out);
	}
	if (r == 0)
		r = boot_view_status(&trial);
	boot_trial_done(&trial);
	return r;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options checks;
	const struct hypervisor *host = &session.host;
	static struct host_report report;
	struct snp_error failure;
	const char *uri;
	int r = 0;

	if (arg.firmware && operands[0])
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--firmware takes no vm.json; use rehearse --boot for a guest");
	if (arg.emulator && !arg.firmware)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--emulator requires --firmware");
	if (arg.firmware)
		return check_firmware(out, err);
	if (operands[0] && !operand_is_file(operands[0]))
		r = read_kept(operands[0], &config, err);
	if (r == 0 && operands[0])
		r = check_config(config ? NULL : operands[0], &config, &spec, &checks, err);
	if (r < 0)
		return r;
	uri = session_uri(config ? config->connect : NULL);
	if (session_open(config ? config->connect : NULL, &session, &failure) < 0)
		host = NULL;
	else
		uri = session.host.uri;
	if (spec)
		r = check_cli_of_host(spec, NULL, host, operands[0], &checks, err);
	if (r < 0)
		return r;
	host_check(uri, host, &failure, config, config ? &checks : NULL, &report);
	if (cli_json)
		r = print_json(out, uri, config ? config->name : NULL, &report, err);
	else
		print_text(out, uri, config ? config->name : NULL, &report);
	return r < 0 ? r : report.n_no + report.n_guest_no > 0 ? CLI_NO : 0;
}

const struct cli_verb verb_check = {
	.name = "check",
	.operands = "[FILE|NAME]",
	.max_operands = 1,
	.summary = "check whether this host can launch SEV-SNP guests",
	.example = "web1.json",
	.options = tables,
	.run = run,
};
