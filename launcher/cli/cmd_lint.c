// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "cli/check_options.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "host/uri.h"

/* clang-format off */
static const struct cli_option options[] = {
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, check_cli_options, options,
						  NULL};

static int print_json(FILE *out, const struct findings *findings, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	struct cJSON *array;

	cli_json_begin(&json, "snp-lint/1");
	array = json_out_array(&json, json.root, "findings");
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];
		struct cJSON *object = json_out_object(&json, array, NULL);

		json_out_string(&json, object, "name", f->check->name);
		json_out_string(&json, object, "severity",
				f->severity == CHECK_ERROR ? "error" : "warning");
		if (f->place)
			json_out_string(&json, object, "place", f->place);
		if (f->line != 0)
			json_out_integer(&json, object, "line", f->line);
		if (f->column != 0)
			json_out_integer(&json, object, "column", f->column);
		json_out_string(&json, object, "message", f->message);
		json_out_string(&json, object, "cure", f->check->cure);
	}
	return cli_json_end(&json, out, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(subject_close) struct subject subject = {0};
	struct check_options checks;
	_cleanup_(freep) struct findings *findings =
		malloc(sizeof(*findings)); /* large for a stack */
	char line[2048];
	int r = findings ? subject_open(operands[0], &subject, err) : out_of_memory(err);

	if (r < 0)
		return r;
	r = check_cli_read(subject.session.host.connection ? &subject.session.host : NULL, &checks,
			   err);
	if (r < 0)
		return r;
	if (subject.guest.record)
		checks.emulator = subject.guest.record->emulator;
	/* A domain's files may lie on another machine. */
	if (!subject.session.host.uri || !uri_is_remote(subject.session.host.uri))
		launch_spec_look(subject.spec, NULL);
	if (subject.config)
		check_cli_users(session_uri(subject.config->connect), &checks);
	launch_spec_find_user(subject.spec);
	checks_run(subject.spec, &checks, findings);
	if (cli_json) {
		r = print_json(out, findings, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < findings->n && !cli_json; i++) {
		finding_line(&findings->at[i], subject.name, line, sizeof(line));
		fprintf(out, "%s\n", line);
	}
	return findings->n_errors > 0 ? CLI_NO : 0;
}

const struct cli_verb verb_lint = {
	.name = "lint",
	.operands = "FILE|NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "run the named checks on a vm.json, a domain XML, or a libvirt domain",
	.example = "domain.xml",
	.options = tables,
	.run = run,
};
