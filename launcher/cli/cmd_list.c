// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>

#include "cli/guest_view.h"
#include "cli/session.h"
#include "cli/verb.h"
#include "guest/guest_dir.h"

static bool all;

/* clang-format off */
static const struct cli_option options[] = {
	{"all", 'a', .flag = &all,
	 .help = "include guests that are off"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, options, NULL};

static void print_row(FILE *out, const struct session *session, const char *name,
		      const struct guest *guest)
{
	char digest[2 * 8 + 1] = "-", policy[24] = "-";

	if (guest_view_holds(guest)) {
		hex_encode(guest->record->launch_digest, 8, digest);
		snprintf(policy, sizeof(policy), "0x%llx",
			 (unsigned long long)guest->record->policy);
	}
	fprintf(out, "%-24s %-10s %-16s %-10s %s\n", name, guest_view_state(session, name, guest),
		digest, policy, guest->record ? guest_view_binding(session, guest) : "-");
}

/* One guest that cannot be read must not hide the others. */
static void add_guest(FILE *out, struct json_out *json, struct cJSON *guests,
		      const struct session *session, const char *name)
{
	_cleanup_(guest_close) struct guest guest = {0};
	struct snp_error err;
	char line[2048];

	if (guest_open_anyway(session, name, &guest, &err) < 0) {
		snp_error_line(&err, line, sizeof(line));
		cli_warn("unreadable-record", "%s: %s", name, line);
		snprintf(guest.name, sizeof(guest.name), "%s", name);
	}
	/* An unfinished guest is always shown: nobody would look for it. */
	if (!all && guest.domain &&
	    strcmp(guest_view_state(session, name, &guest), domain_state_names[guest.state]) == 0 &&
	    !domain_state_is_active(guest.state))
		return;
	if (cli_json)
		guest_view_json(json, guests, session, name, &guest);
	else
		print_row(out, session, name, &guest);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(json_out_done) struct json_out json = {0};
	struct cJSON *guests = NULL;
	char **names;
	size_t n;
	int r;

	(void)operands;
	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = guest_dir_list(session.state, &names, &n, err);
	if (r < 0)
		return r;
	if (cli_json) {
		cli_json_begin(&json, "snp-guests/1");
		guests = json_out_array(&json, json.root, "guests");
	} else {
		fprintf(out, "%-24s %-10s %-16s %-10s %s\n", "NAME", "STATE", "LAUNCH DIGEST",
			"POLICY", "BOUND BY");
	}
	for (size_t i = 0; i < n; i++)
		add_guest(out, &json, guests, &session, names[i]);
	guest_names_free(names, n);
	if (!cli_json)
		return 0;
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

const struct cli_verb verb_list = {
	.name = "list",
	.alias = "ps",
	.operands = "",
	.summary = "list guests with their state, launch digest, policy and binding",
	.example = "--all",
	.options = tables,
	.run = run,
};
