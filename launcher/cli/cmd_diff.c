// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>

#include "cli/guest_view.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "guest/boot_file.h"
#include "guest/drift.h"
#include "guest/measurement.h"
#include "guest/prepare.h"

static int print(FILE *out, const char *name, const struct differences *d, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *array;
	int r;

	if (!cli_json) {
		if (d->n == 0)
			fprintf(out, "%s: as measured\n", name);
		for (size_t i = 0; i < d->n; i++)
			fprintf(out, "%s: %s: recorded %s, found %s\n", name, d->at[i].what,
				d->at[i].asked, d->at[i].found);
		return d->n > 0 ? CLI_NO : 0;
	}
	cli_json_begin(&json, "snp-diff/1");
	json_out_text(&json, json.root, "name", name);
	array = json_out_array(&json, json.root, "differences");
	for (size_t i = 0; i < d->n; i++) {
		struct cJSON *object = json_out_object(&json, array, NULL);

		json_out_string(&json, object, "what", d->at[i].what);
		json_out_string(&json, object, "recorded", d->at[i].asked);
		json_out_string(&json, object, "found", d->at[i].found);
	}
	cli_json_warnings(&json);
	r = cli_json_end(&json, out, err);
	return r < 0 ? r : d->n > 0 ? CLI_NO : 0;
}

static int need_record(const struct guest *guest, const char *name, struct snp_error *err)
{
	if (guest->record)
		return 0;
	return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			 "\"%s\" has no record to compare with: snp-launch did not create it",
			 name);
}

/* Compare the running domain, its definition for the next start, and the copies with the record. */
static int diff_guest(const char *name, struct differences *ret, struct snp_error *err)
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
	r = guest_drift_all(subject.guest.record, subject.guest.domain, &subject.session.host, ret,
			    err);
	if (r < 0 || !guest_view_unprotected(&subject.session, &subject.guest))
		return r;
	/* A guest that is off will be protected by snp-launch start. */
	if (domain_state_is_active(subject.guest.state))
		difference_add(ret, "boot files", "mounted read-only", "not mounted");
	else
		cli_warn(
			"boot-files-not-protected",
			"%s: the boot files are not mounted read-only; snp-launch start mounts them, virsh start does not",
			name);
	return 0;
}

/* Compare what a vm.json would launch now with what its guest was made from. */
static int diff_config(const char *path, struct differences *ret, const char **ret_name,
		       struct subject *subject, struct snp_error *err)
{
	struct boot_file boot[BOOT_PARTS] = {0};
	struct guest_measurement m;
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
	r = guest_measure_files(subject->spec, NULL, boot, &m, err);
	if (r == 0)
		r = guest_host_data(subject->config, subject->spec->host_data, err);
	if (r == 0)
		r = guest_drift_measured(subject->guest.record, subject->spec, boot, &m, ret, err);
	boot_files_done(boot);
	if (r < 0)
		return r;
	guest_view_warn(subject->guest.record);
	return 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(subject_close) struct subject subject = {0};
	const char *name = operands[0];
	struct differences d;
	int r;

	if (operand_is_file(operands[0]))
		r = diff_config(operands[0], &d, &name, &subject, err);
	else
		r = diff_guest(operands[0], &d, err);
	return r < 0 ? r : print(out, name, &d, err);
}

const struct cli_verb verb_diff = {
	.name = "diff",
	.operands = "FILE|NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "compare a guest, or its current vm.json, with what was measured",
	.example = "web1",
	.options = session_json_tables,
	.run = run,
};
