// SPDX-License-Identifier: Apache-2.0
/* start, resume, restart, stop, kill, remove. */
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "cli/guest_view.h"
#include "cli/session.h"
#include "cli/verb.h"
#include "guest/create.h"

static struct {
	bool paused, force, unbound;
	struct cli_number timeout;
} arg;

/* clang-format off */
#define UNBOUND_OPTION \
	{"unbound", .flag = &arg.unbound, \
	 .help = "start without an ID block even if boot files cannot be protected"}

static const struct cli_option start_options[] = {
	{"paused", .flag = &arg.paused,
	 .help = "start it paused; the secure processor checks it only at resume"},
	UNBOUND_OPTION,
	CLI_OPTION_JSON,
	{0},
};

static const struct cli_option restart_options[] = {
	{"timeout", .argument = "SECONDS", .number = &arg.timeout,
	 .help = "how long to wait for the guest to stop (default 60)"},
	UNBOUND_OPTION,
	CLI_OPTION_JSON,
	{0},
};

static const struct cli_option stop_options[] = {
	{"timeout", .argument = "SECONDS", .number = &arg.timeout,
	 .help = "how long to wait (default 60; 0: do not wait)"},
	CLI_OPTION_JSON,
	{0},
};

static const struct cli_option remove_options[] = {
	{"force", 'f', .flag = &arg.force,
	 .help = "turn it off first if it is running"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

static const struct cli_option *const start_tables[] = {session_options, start_options, NULL};
static const struct cli_option *const restart_tables[] = {session_options, restart_options, NULL};
static const struct cli_option *const stop_tables[] = {session_options, stop_options, NULL};
static const struct cli_option *const remove_tables[] = {session_options, remove_options, NULL};

#define DEFAULT_TIMEOUT 60
#define MAX_TIMEOUT	86400

static int timeout(unsigned int *ret, struct snp_error *err)
{
	*ret = DEFAULT_TIMEOUT;
	if (!arg.timeout.given)
		return 0;
	if (arg.timeout.value > MAX_TIMEOUT)
		return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				 "--timeout must be at most %d seconds (a day)", MAX_TIMEOUT);
	*ret = (unsigned int)arg.timeout.value;
	return 0;
}

/* What happened, for people or as an object. */
static int say(FILE *out, const char *name, const char *what, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json = {0};

	if (!cli_json) {
		fprintf(out, "%s: %s\n", name, what);
		return 0;
	}
	cli_json_begin(&json, "snp-done/1");
	json_out_text(&json, json.root, "name", name);
	json_out_string(&json, json.root, "state", what);
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}

/* A guest made by an earlier release still starts; what would be refused today gives a warning. */
static void warn_of(const struct session *session, const char *name)
{
	_cleanup_(guest_close) struct guest guest = {0};

	if (guest_open(session, name, &guest, NULL) == 0 && guest.record)
		guest_view_warn(guest.record);
}

/* Run an action on a guest, and print the state it is in afterwards. */
static int act(FILE *out, const char *name,
	       int (*action)(const struct session *session, const char *name,
			     struct snp_error *err),
	       const char *state, struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	int r = session_open(NULL, &session, err);

	if (r < 0)
		return r;
	r = action(&session, name, err);
	return r < 0 ? r : say(out, name, state, err);
}

static int start_guest(const struct session *session, const char *name, struct snp_error *err)
{
	int r = guest_start(&session->host, session->state, name, arg.paused, arg.unbound, err);

	if (r == 0)
		warn_of(session, name);
	return r;
}

static int start(FILE *out, char *const operands[], struct snp_error *err)
{
	const char *state = arg.paused ? "paused" : "running";

	return cli_answer(out, act(out, operands[0], start_guest, state, err), err);
}

/* A guest that was started paused is measured now. */
static int resume_guest(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	int r = guest_open_domain(session, name, &guest, err);

	return r < 0 ? r : domain_resume(guest.domain, err);
}

static int resume(FILE *out, char *const operands[], struct snp_error *err)
{
	return cli_answer(out, act(out, operands[0], resume_guest, "running", err), err);
}

static int stop_guest(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	unsigned int seconds;
	int r;

	r = timeout(&seconds, err);
	if (r < 0)
		return r;
	r = guest_open_domain_anyway(session, name, &guest, err);
	return r < 0 ? r : domain_stop(guest.domain, seconds, err);
}

static int stop(FILE *out, char *const operands[], struct snp_error *err)
{
	const bool waits = !arg.timeout.given || arg.timeout.value > 0;

	return act(out, operands[0], stop_guest, waits ? "off" : "stopping", err);
}

static int restart_guest(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	unsigned int seconds;
	int r;

	r = timeout(&seconds, err);
	if (r < 0)
		return r;
	if (seconds == 0)
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--timeout must be at least 1 for restart, which waits until the guest is off");
	r = guest_open(session, name, &guest, err);
	if (r < 0)
		return r;
	if (!guest.record)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "'%s' was not created by snp-launch; restart it with virsh", name);
	r = guest_restart(&session->host, session->state, guest.name, seconds, arg.unbound, err);
	if (r == 0)
		warn_of(session, name);
	return r;
}

static int restart(FILE *out, char *const operands[], struct snp_error *err)
{
	return cli_answer(out, act(out, operands[0], restart_guest, "running", err), err);
}

static int kill_at_once(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	int r = guest_open_domain_anyway(session, name, &guest, err);

	return r < 0 ? r : domain_kill(guest.domain, err);
}

static int kill_guest(FILE *out, char *const operands[], struct snp_error *err)
{
	return act(out, operands[0], kill_at_once, "off", err);
}

static int remove_all(const struct session *session, const char *name, struct snp_error *err)
{
	return guest_remove(&session->host, session->state, name, arg.force, err);
}

static int remove_guest(FILE *out, char *const operands[], struct snp_error *err)
{
	return act(out, operands[0], remove_all, "removed", err);
}

#define ONE_GUEST .operands = "NAME", .min_operands = 1, .max_operands = 1

const struct cli_verb verb_start = {
	.name = "start",
	ONE_GUEST,
	.summary = "hash a guest's boot files again, and start it",
	.example = "web1",
	.options = start_tables,
	.run = start,
};

const struct cli_verb verb_resume = {
	.name = "resume",
	ONE_GUEST,
	.summary = "resume a paused guest",
	.example = "web1",
	.options = session_json_tables,
	.run = resume,
};

const struct cli_verb verb_restart = {
	.name = "restart",
	.alias = "reboot",
	ONE_GUEST,
	.summary = "stop a guest and start it again",
	.example = "web1 --timeout 120",
	.options = restart_tables,
	.run = restart,
};

const struct cli_verb verb_stop = {
	.name = "stop",
	.alias = "shutdown",
	ONE_GUEST,
	.summary = "ask a guest to power off, and wait until it is off",
	.example = "web1",
	.options = stop_tables,
	.run = stop,
};

const struct cli_verb verb_kill = {
	.name = "kill",
	.alias = "destroy",
	ONE_GUEST,
	.summary = "power a guest off immediately",
	.example = "web1",
	.options = session_json_tables,
	.run = kill_guest,
};

const struct cli_verb verb_remove = {
	.name = "remove",
	.alias = "undefine",
	ONE_GUEST,
	.summary = "remove a guest: domain, record and copied files",
	.example = "web1",
	.options = remove_tables,
	.run = remove_guest,
};
