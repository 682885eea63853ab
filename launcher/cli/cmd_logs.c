// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>

#include "cli/session.h"
#include "cli/verb.h"
#include "guest/guest_dir.h"
#include "host/guest_text.h"

static bool follow;

/* clang-format off */
static const struct cli_option options[] = {
	{"follow", 'f', .flag = &follow,
	 .help = "keep printing while the guest runs"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, options, NULL};

/* The file may lie in a folder of QEMU's user, who may put anything in its place: no link is followed, nothing
 * but a regular file is read. */
static int open_log(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static int find_log(const char *state, const char *name, struct snp_error *err)
{
	/* The last one, of release 0.1.0, belongs to QEMU's user. */
	static const char *const logs[] = {GUEST_LOG "/" GUEST_CONSOLE,
					   GUEST_RUN "/" GUEST_CONSOLE};
	char folder[GUEST_PATH_MAX], path[GUEST_PATH_MAX + 32];
	int fd = -ENOENT;

	guest_path(state, name, folder);
	for (size_t i = 0; i < ARRAY_SIZE(logs) && fd == -ENOENT; i++)
		fd = open_log(path_join(folder, logs[i], path, sizeof(path)));
	if (fd >= 0)
		return fd;
	if (fd == -EINVAL || fd == -ELOOP)
		fd = fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET, "not a regular file");
	else
		fd = fail_errno(err, SNP_E_OPEN, -fd,
				"no console log: the guest has never run, or has no console");
	return in_file(err, fd, path);
}

static int write_out(const char *bytes, size_t size, struct snp_error *err)
{
	int r = write_all(STDOUT_FILENO, (struct snp_span){(const uint8_t *)bytes, size});

	return r < 0 ? fail_errno(err, SNP_E_WRITE, -r, "cannot write to standard output") : 0;
}

static int copy_rest(int fd, struct guest_text *text, struct snp_error *err)
{
	char bytes[16384], shown[GUEST_TEXT_MAX(sizeof(bytes))];
	int r = 0;

	for (;;) {
		ssize_t n = read(fd, bytes, sizeof(bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, SNP_E_READ, errno, "cannot read the console log");
		if (n == 0)
			return r;
		r = text ? write_out(shown, guest_text_add(text, bytes, (size_t)n, shown), err)
			 : write_out(bytes, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

#define FOLLOW_MS 200

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_close) struct guest guest = {0};
	_cleanup_(closep) int fd = -1;
	struct guest_text text = {.allowed = "\n\t\r"};
	char rest[GUEST_TEXT_MAX(0)];
	bool terminal = isatty(STDOUT_FILENO), active;
	int r;

	(void)out;
	r = session_open(NULL, &session, err);
	if (r < 0)
		return r;
	r = guest_open(&session, operands[0], &guest, err);
	if (r < 0)
		return r;
	if (!guest.name[0])
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "'%s' was not created by snp-launch and has no log here",
				 operands[0]);
	fd = find_log(session.state, guest.name, err);
	if (fd < 0)
		return fd;
	do {
		active = follow && guest.domain &&
			 domain_state_of(guest.domain, &guest.state, NULL) == 0 &&
			 domain_state_is_active(guest.state);
		r = copy_rest(fd, terminal ? &text : NULL, err);
		if (r == 0 && active)
			poll(NULL, 0, FOLLOW_MS);
	} while (r == 0 && active);
	return r < 0 ? r : write_out(rest, guest_text_end(&text, rest), err);
}

const struct cli_verb verb_logs = {
	.name = "logs",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "print a guest's console log (not evidence)",
	.example = "web1 --follow",
	.options = tables,
	.run = run,
};
