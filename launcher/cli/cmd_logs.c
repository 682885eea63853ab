// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

#include "cli/session.h"
#include "cli/verb.h"
#include "guest/console_log.h"
#include "guest/log_source.h"
#include "host/guest_text.h"
#include "host/log_text.h"
#include "host/qemu_file.h"

static struct {
	bool follow, qemu;
	struct cli_number lines;
	const char *since, *boot;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"follow", 'f', .flag = &arg.follow,
	 .help = "keep printing while the guest runs"},
	{"lines", 'n', .argument = "LINES", .number = &arg.lines,
	 .help = "print the last so many lines"},
	{"since", .argument = "TIME", .text = &arg.since,
	 .help = "leave out what is older: \"2026-11-30 21:32\", 21:32, today, 30min, \"2 hours ago\""},
	{"boot", 'b', .argument = "N", .text = &arg.boot,
	 .help = "the log of another boot: -1 is the one before the last, and so on"},
	{"qemu", .flag = &arg.qemu,
	 .help = "the log of QEMU and libvirt instead of the guest's console"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, options, NULL};

static int open_qemu(const struct session *session, const char *name, struct log_source *ret,
		     struct snp_error *err)
{
	int fd;

	*ret = (struct log_source){.to = UINT64_MAX};
	for (unsigned int part = CONSOLE_LOG_PARTS - 1; part > 0; part--) {
		fd = qemu_log_open(session->host.uri, name, part);
		if (fd >= 0)
			ret->parts.fd[ret->parts.n++] = fd;
	}
	fd = qemu_log_open(session->host.uri, name, 0);
	if (fd >= 0)
		ret->parts.fd[ret->parts.n++] = fd;
	if (ret->parts.n > 0)
		return 0;
	return fail_errno(err, SNP_E_OPEN, -fd, "no log of QEMU for '%s' on this machine", name);
}

/* Of QEMU's log, one file for all boots, all; or one boot with --boot, which may be a copy. */
static int choose_qemu(const struct session *session, const struct guest *guest,
		       unsigned int boots_ago, struct log_sources *ret, struct snp_error *err)
{
	const char *name = guest->domain ? virDomainGetName(guest->domain) : guest->name;
	char folder[GUEST_PATH_MAX];
	int r;

	ret->source[0] = (struct log_source){.to = UINT64_MAX};
	ret->n = 1;
	if (boots_ago > 0 && guest->name[0] &&
	    qemu_copy_open(guest_path(session->state, guest->name, folder), boots_ago,
			   &ret->source[0].parts, NULL) == 0)
		return 0;
	r = open_qemu(session, name, &ret->source[0], err);
	if (r < 0)
		return r;
	return arg.boot ? log_source_run(&ret->source[0], boots_ago, err) : 0;
}

/* The last boot, or the one of --boot, or with --since all that wrote something since. */
static int choose_console(const char *folder, unsigned int boots_ago, time_t since,
			  struct log_sources *ret, struct snp_error *err)
{
	unsigned int last = boots_ago;
	struct snp_error older;
	int r = 0;

	if (arg.since && !arg.boot)
		last = CONSOLE_LOG_BOOTS;
	for (unsigned int boot = last + 1; r == 0 && boot-- > boots_ago;) {
		struct log_source *source = &ret->source[ret->n];

		*source = (struct log_source){.to = boot > boots_ago ? UINT64_MAX - 1 : UINT64_MAX};
		if (console_log_open(folder, boot, &source->parts,
				     boot > boots_ago ? &older : err) < 0)
			r = boot > boots_ago ? 0 : -(int)err->code;
		else if (boot > boots_ago && log_last_write(&source->parts) < since)
			log_parts_close(&source->parts);
		else
			ret->n++;
	}
	return r;
}

static int read_boot(unsigned int *ret, struct snp_error *err)
{
	uint64_t boot = 0;
	int r = 0;

	if (arg.boot)
		r = cli_parse_number(arg.boot + (arg.boot[0] == '-'), "--boot", &boot, err);
	if (r == 0 && ((boot != 0 && arg.boot[0] != '-') || boot > INT_MAX))
		r = fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--boot must be 0 for the last boot, -1 for the one before, and so on");
	*ret = (unsigned int)boot;
	return r;
}

static int choose(const struct session *session, const struct guest *guest, const char *operand,
		  struct log_sources *ret, struct snp_error *err)
{
	char path[GUEST_PATH_MAX];
	unsigned int boots_ago;
	time_t since = 0;
	int r = read_boot(&boots_ago, err);

	if (r == 0 && arg.since)
		r = since_parse(arg.since, time(NULL), &since, err);
	if (r == 0 && arg.follow && boots_ago > 0)
		r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			      "--follow is for the last boot, not for one before");
	if (r == 0 && arg.qemu)
		r = choose_qemu(session, guest, boots_ago, ret, err);
	else if (r == 0 && !guest->name[0])
		r = fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			      "'%s' was not created by snp-launch and has no log here", operand);
	else if (r == 0)
		r = choose_console(guest_path(session->state, guest->name, path), boots_ago, since,
				   ret, err);
	for (size_t i = 0; r == 0 && i < ret->n; i++)
		r = log_source_since(&ret->source[i], arg.since != NULL, since, err);
	if (r == 0 && arg.lines.given)
		r = log_sources_last(ret, arg.lines.value, err);
	return r;
}

static int write_out(const char *bytes, size_t size, struct snp_error *err)
{
	int r = write_all(STDOUT_FILENO, (struct snp_span){(const uint8_t *)bytes, size});

	return r < 0 ? fail_errno(err, SNP_E_WRITE, -r, "cannot write to standard output") : 0;
}

/* On a terminal, what the guest prints is made harmless. */
static int print_piece(void *text, const char *bytes, size_t size, struct snp_error *err)
{
	char shown[GUEST_TEXT_MAX(16384)];

	return text ? write_out(shown, guest_text_add(text, bytes, size, shown), err)
		    : write_out(bytes, size, err);
}

/* virtlogd has put another file in the place of a console log that was too long: go on with that. */
static void follow_rotation(const char *folder, struct log_source *source)
{
	struct log_parts parts, last = {.n = 1};
	struct stat ours, theirs;

	if (arg.qemu || console_log_open(folder, 0, &parts, NULL) < 0)
		return;
	if (fstat(source->parts.fd[source->parts.n - 1], &ours) == 0 &&
	    fstat(parts.fd[parts.n - 1], &theirs) == 0 && ours.st_ino != theirs.st_ino) {
		last.fd[0] = parts.fd[--parts.n];
		log_parts_close(&source->parts);
		*source = (struct log_source){.parts = last, .to = UINT64_MAX};
	}
	log_parts_close(&parts);
}

#define FOLLOW_MS 200

/* What was written before the guest was last asked for is printed, also when it has ended. */
static int follow(const char *state, struct log_source *source, struct guest *guest,
		  struct guest_text *text, struct snp_error *err)
{
	char folder[GUEST_PATH_MAX];
	bool active;
	int r;

	do {
		active = arg.follow && guest->domain &&
			 domain_state_of(guest->domain, &guest->state, NULL) == 0 &&
			 domain_state_is_active(guest->state);
		r = log_each_piece(&source->parts, source->from, source->to, print_piece, text,
				   &source->from, err);
		if (r < 0 || !active)
			continue;
		poll(NULL, 0, FOLLOW_MS);
		follow_rotation(guest_path(state, guest->name, folder), source);
	} while (r == 0 && active);
	return r;
}

/* Logs are needed most when libvirt does not answer; then the guest's directory alone is looked for. */
static int find_guest(const char *name, struct session *session, struct guest *ret,
		      struct snp_error *err)
{
	bool there = false;
	int r = session_open(NULL, session, err);

	if (r == 0)
		return guest_open(session, name, ret, err);
	if (!guest_name_valid(name) || session_without_host(NULL, session, NULL) < 0 ||
	    guest_dir_exists(session->state, name, &there, NULL) < 0 || !there)
		return r;
	cli_warn("host-not-asked", "%s does not answer; it is not known whether the guest runs",
		 session->host.uri);
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_close) struct guest guest = {0};
	_cleanup_(log_sources_close) struct log_sources sources = {0};
	struct guest_text text = {.allowed = "\n\t\r"},
			  *shown = isatty(STDOUT_FILENO) ? &text : NULL;
	char rest[GUEST_TEXT_MAX(0)];
	uint64_t end;
	int r;

	(void)out;
	r = find_guest(operands[0], &session, &guest, err);
	if (r == 0)
		r = choose(&session, &guest, operands[0], &sources, err);
	for (size_t i = 0; r == 0 && i + 1 < sources.n; i++)
		r = log_each_piece(&sources.source[i].parts, sources.source[i].from,
				   sources.source[i].to, print_piece, shown, &end, err);
	if (r == 0)
		r = follow(session.state, &sources.source[sources.n - 1], &guest, shown, err);
	return r < 0 ? r : write_out(rest, guest_text_end(&text, rest), err);
}

const struct cli_verb verb_logs = {
	.name = "logs",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a guest's console log, or QEMU's (not evidence)",
	.example = "web1 --follow",
	.options = tables,
	.run = run,
};
