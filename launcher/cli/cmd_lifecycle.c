// SPDX-License-Identifier: Apache-2.0
/* start, resume, restart, stop, kill, remove. */
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#include "cli/apply_view.h"
#include "cli/guest_view.h"
#include "cli/several.h"
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

static const struct cli_option resume_options[] = {
	{"unbound", .flag = &arg.unbound,
	 .help = "resume it even if its boot files were not protected"},
	CLI_OPTION_JSON,
	{0},
};

static const struct cli_option kill_options[] = {
	{"force", 'f', .flag = &arg.force,
	 .help = "do not ask before --all"},
	CLI_OPTION_JSON,
	{0},
};

static const struct cli_option remove_options[] = {
	{"force", 'f', .flag = &arg.force,
	 .help = "turn it off first if it is running, and do not ask before --all"},
	CLI_OPTION_JSON,
	{0},
};
/* clang-format on */

#define TABLES(verb)                                                                              \
	static const struct cli_option *const verb##_tables[] = {session_options, choice_options, \
								 verb##_options, NULL};
TABLES(start)
TABLES(resume)
TABLES(restart)
TABLES(stop)
TABLES(kill)
TABLES(remove)
#undef TABLES

static unsigned int seconds;

/* A guest made by an earlier release still starts; what would be refused today gives a warning. */
static void warn_of(const struct session *session, const char *name)
{
	_cleanup_(guest_close) struct guest guest = {0};

	if (guest_open(session, name, &guest, NULL) == 0 && guest.record)
		guest_view_warn(guest.record);
}

static int start_guest(const struct session *session, const char *name, struct snp_error *err)
{
	int r = guest_start(&session->host, session->state, name, arg.paused, arg.unbound, err);

	if (r < 0)
		return r;
	warn_of(session, name);
	return 0;
}

static int start(FILE *out, char *const operands[], struct snp_error *err)
{
	const struct guest_action action = {.run = start_guest,
					    .state = arg.paused ? "paused" : "running",
					    .is_done = domain_state_is_active};

	return act_on_guests(out, operands, &action, err);
}

/* A guest that was started paused is measured now. */
static int resume_guest(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	int r = guest_open_domain(session, name, &guest, err);

	if (r < 0)
		return r;
	if (!guest.record)
		return domain_resume(guest.domain, err);
	return guest_resume(&session->host, session->state, guest.name, arg.unbound, err);
}

static bool is_not_paused(enum domain_state state)
{
	return state != DOMAIN_PAUSED;
}

static int resume(FILE *out, char *const operands[], struct snp_error *err)
{
	const struct guest_action action = {
		.run = resume_guest, .state = "running", .is_done = is_not_paused};

	return act_on_guests(out, operands, &action, err);
}

static int stop_guest(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	int r = guest_open_domain_anyway(session, name, &guest, err);

	return r < 0 ? r : domain_stop(guest.domain, seconds, err);
}

static bool is_off(enum domain_state state)
{
	return !domain_state_is_active(state);
}

static int stop(FILE *out, char *const operands[], struct snp_error *err)
{
	struct guest_action action = {.run = stop_guest, .is_done = is_off};
	int r = timeout_read(&arg.timeout, 0, &seconds, err);

	action.state = seconds > 0 ? "off" : "stopping";
	return r < 0 ? r : act_on_guests(out, operands, &action, err);
}

/* What the guest that runs does not have yet, a line each. */
static int pending_lines(virDomainPtr domain, char **ret, struct snp_error *err)
{
	_cleanup_(freep) struct plan_change *changes = NULL;
	_cleanup_(freep) char *text = NULL;
	char line[1024];
	size_t n = 0;
	int r = plan_pending(domain, &changes, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		char *longer;

		change_line(&changes[i], line, sizeof(line));
		longer = format_text("%s%s\n", text ? text : "", line);
		free(text);
		text = longer;
		r = text ? 0 : out_of_memory(err);
	}
	if (r < 0)
		return r;
	*ret = TAKE_PTR(text);
	return 0;
}

static int restart_guest(const struct session *session, const char *name, char **ret_told,
			 struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	_cleanup_(freep) char *pending = NULL;
	int r = guest_open(session, name, &guest, err);

	if (r < 0)
		return r;
	if (!guest.record && guest.domain)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "'%s' was not created by snp-launch; restart it with virsh", name);
	/* What cannot be read now is refused by the restart. */
	if (guest.domain && domain_state_is_active(guest.state) &&
	    pending_lines(guest.domain, &pending, NULL) < 0)
		pending = NULL;
	r = guest_restart(&session->host, session->state, guest.name, seconds, arg.unbound, err);
	if (r < 0)
		return r;
	*ret_told = TAKE_PTR(pending);
	warn_of(session, name);
	return 0;
}

static int restart(FILE *out, char *const operands[], struct snp_error *err)
{
	const struct guest_action action = {.tell = restart_guest, .state = "running"};
	int r = timeout_read(&arg.timeout, 1, &seconds, err);

	return r < 0 ? r : act_on_guests(out, operands, &action, err);
}

static int kill_at_once(const struct session *session, const char *name, struct snp_error *err)
{
	_cleanup_(guest_close) struct guest guest = {0};
	int r = guest_open_domain_anyway(session, name, &guest, err);

	return r < 0 ? r : domain_kill(guest.domain, err);
}

static int kill_guest(FILE *out, char *const operands[], struct snp_error *err)
{
	const struct guest_action action = {.verb = "Kill",
					    .run = kill_at_once,
					    .state = "off",
					    .is_done = is_off,
					    .must_ask = true,
					    .forced = arg.force};

	return act_on_guests(out, operands, &action, err);
}

static int remove_whole(const struct session *session, const char *name, struct snp_error *err)
{
	return guest_remove(&session->host, session->state, name, arg.force, err);
}

static int remove_guest(FILE *out, char *const operands[], struct snp_error *err)
{
	const struct guest_action action = {.verb = "Remove",
					    .run = remove_whole,
					    .state = "removed",
					    .must_ask = true,
					    .forced = arg.force};

	return act_on_guests(out, operands, &action, err);
}

const struct cli_verb verb_start = {
	.name = "start",
	SEVERAL_GUESTS,
	.summary = "hash the boot files of guests again, and start them",
	.example = "web1",
	.options = start_tables,
	.run = start,
};

const struct cli_verb verb_resume = {
	.name = "resume",
	SEVERAL_GUESTS,
	.summary = "resume paused guests",
	.example = "web1",
	.options = resume_tables,
	.run = resume,
};

const struct cli_verb verb_restart = {
	.name = "restart",
	.alias = "reboot",
	SEVERAL_GUESTS,
	.summary = "stop guests, if they run, and start them",
	.example = "web1 --timeout 120",
	.options = restart_tables,
	.run = restart,
};

const struct cli_verb verb_stop = {
	.name = "stop",
	.alias = "shutdown",
	SEVERAL_GUESTS,
	.summary = "ask guests to power off, and wait until they are off",
	.example = "web1",
	.options = stop_tables,
	.run = stop,
};

const struct cli_verb verb_kill = {
	.name = "kill",
	.alias = "destroy",
	SEVERAL_GUESTS,
	.summary = "power guests off immediately",
	.example = "web1",
	.options = kill_tables,
	.run = kill_guest,
};

const struct cli_verb verb_remove = {
	.name = "remove",
	.alias = "undefine",
	SEVERAL_GUESTS,
	.summary = "remove guests: domain, record and copied files",
	.example = "web1",
	.options = remove_tables,
	.run = remove_guest,
};
