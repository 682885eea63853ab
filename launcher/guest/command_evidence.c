// SPDX-License-Identifier: Apache-2.0
/* Ask a guest by a program. */
#include "guest/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

#include "host/guest_text.h"

extern char **environ;

/* What a program writes to standard error. With ssh it is the guest's, so a terminal gets it escaped. */
struct words {
	struct evidence_aside aside; /* first; fd -1: there are none, or no more */
	struct guest_text text;
};

/* A background process is stopped for what it does to the terminal, unless it blocks SIGTTOU. */
static void block_ttou(sigset_t *ret_before)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stop, ret_before);
}

static void pass_on(struct evidence_aside *aside)
{
	struct words *words = (struct words *)aside;
	char bytes[4096], shown[GUEST_TEXT_MAX(sizeof(bytes))];
	ssize_t n = read(aside->fd, bytes, sizeof(bytes));
	sigset_t before;
	size_t size;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	size = n > 0 ? guest_text_add(&words->text, bytes, (size_t)n, shown)
		     : guest_text_end(&words->text, shown);
	block_ttou(&before);
	(void)!write_all(STDERR_FILENO, (struct snp_span){(const uint8_t *)shown, size});
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n <= 0)
		closep(&aside->fd);
}

/* What is left of them: a program that goes on in the background may keep the pipe open. */
static void words_done(struct words *words)
{
	for (size_t i = 0; i < 16 && words->aside.fd >= 0; i++)
		pass_on(&words->aside);
	closep(&words->aside.fd);
}

/* The program gets the default SIGPIPE, and a process group of its own, which can be ended as a whole. That
 * group gets the terminal `tty` (-1: none), so that ssh can ask there for a passphrase; standard error goes to
 * `words` (-1: where ours goes). */
static int spawn(char *const argv[], int in_and_out, int words, int tty, pid_t *ret,
		 struct snp_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t pipe;
	int r;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_init(&actions);
	r = posix_spawnattr_setsigdefault(&attributes, &pipe);
	if (r == 0)
		r = posix_spawnattr_setpgroup(&attributes, 0);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes,
					     POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if (r == 0 && tty >= 0)
		r = posix_spawn_file_actions_addtcsetpgrp_np(&actions, tty);
	for (int to = STDIN_FILENO; r == 0 && to <= STDOUT_FILENO; to++)
		r = posix_spawn_file_actions_adddup2(&actions, in_and_out, to);
	if (r == 0 && words >= 0)
		r = posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return r == 0 ? 0 : fail_errno(err, SNP_E_NO_EVIDENCE, r, "cannot run '%s'", argv[0]);
}

/* The terminal, if this process is in its foreground; else -1. */
static int open_terminal(void)
{
	_cleanup_(closep) int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return tty >= 0 && tcgetpgrp(tty) == getpgrp() ? TAKE_FD(tty) : -1;
}

/* Take it back. */
static void take_terminal(int tty)
{
	sigset_t before;

	if (tty < 0)
		return;
	block_ttou(&before);
	(void)tcsetpgrp(tty, getpgrp());
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Wait until the program ends. If it `may_go_on`, it has until `deadline`; then its process group is killed. */
static int reap(pid_t pid, const char *name, bool may_go_on, struct words *words, int64_t deadline,
		struct snp_error *err)
{
	int status, r = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, may_go_on ? WNOHANG : 0)) <= 0) {
		if (ended < 0 && errno != EINTR)
			return fail_errno(err, SNP_E_SYSTEM, errno, "cannot wait for '%s'", name);
		if (words->aside.fd >= 0)
			pass_on(&words->aside);
		if (ended == 0 && (r = evidence_wait(deadline, NULL)) < 0)
			may_go_on = false;
		if (!may_go_on)
			kill(-pid, SIGKILL);
	}
	if (r < 0)
		return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
				 "'%s' did not end within %d seconds", name,
				 EVIDENCE_PATIENCE_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET, "'%s' %s %d", name,
			 WIFEXITED(status) ? "ended with status" : "was ended by signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int evidence_from_command(char *const argv[],
			  const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
			  struct evidence *ret, struct snp_error *err)
{
	/* A pair of sockets instead of two pipes: a program that does not read then causes no SIGPIPE. */
	int pair[2], ends[2] = {-1, -1}, r, s;
	_cleanup_(closep) int ours = -1, theirs = -1, tty = -1, their_words = -1;
	_cleanup_(words_done) struct words words = {.aside = {-1, pass_on},
						    .text.allowed = "\n\t\r"};
	const int64_t deadline = evidence_deadline();
	struct snp_error failed;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(err, SNP_E_SYSTEM, errno, "cannot make a socket");
	ours = pair[0];
	theirs = pair[1];
	if (isatty(STDERR_FILENO) &&
	    (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0))
		return fail_errno(err, SNP_E_SYSTEM, errno, "cannot make a pipe");
	words.aside.fd = ends[0];
	their_words = ends[1];
	tty = open_terminal();
	r = spawn(argv, theirs, their_words, tty, &pid, err);
	if (r == 0) {
		close(TAKE_FD(theirs));
		closep(&their_words);
		r = evidence_converse(ours, report_data, &words.aside, deadline, ret, err);
		if (r < 0)
			kill(-pid, SIGKILL);
		s = reap(pid, argv[0], r == 0, &words, deadline, &failed);
		if (r == 0 && s < 0) {
			if (err)
				*err = failed;
			r = s;
		}
	}
	take_terminal(tty);
	return r;
}
