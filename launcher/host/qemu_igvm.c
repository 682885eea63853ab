// SPDX-License-Identifier: Apache-2.0
#include "host/qemu_igvm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <snp/cleanup.h>

#include "host/uri.h"

#define SECONDS 10

/* Start QEMU, which makes no machine for either question, with what it says going into `fd`. */
static int spawn(const char *emulator, const char *option, const char *value, int fd, pid_t *ret)
{
	const char *const words[] = {emulator,	 "-machine", "none", "-accel", "tcg",
				     "-display", "none",     option, value,    NULL};
	char *argv[ARRAY_SIZE(words)];
	posix_spawn_file_actions_t actions;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		argv[i] = (char *)(uintptr_t)words[i];
	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(ret, emulator, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* All that it says until it ends, or until time is up. */
static void read_answer(int fd, int64_t deadline, char *ret, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now_ms();
		int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
		ssize_t got = ready > 0 ? read(fd, ret + n, size - n - 1) : ready;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	ret[n] = '\0';
}

/* What it answers; "" if it cannot be run. */
static void ask(const char *emulator, const char *option, const char *value,
		char answer[static 512])
{
	_cleanup_(closep) int mine = -1, its = -1;
	int pipes[2], status = -1;
	pid_t pid;

	answer[0] = '\0';
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return;
	mine = pipes[0];
	its = pipes[1];
	if (spawn(emulator, option, value, its, &pid) != 0)
		return;
	closep(&its);
	its = -1;
	read_answer(mine, now_ms() + SECONDS * 1000, answer, 512);
	kill(pid, SIGKILL); /* one that ended already has its status */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* It answers with the properties of the object, of which there is one. */
static bool has_igvm(const char *emulator)
{
	char answer[512];

	ask(emulator, "-object", "igvm-cfg,help", answer);
	return strstr(answer, "igvm-cfg options") && strstr(answer, "file=");
}

static unsigned long version_of(const char *emulator)
{
	static const char before[] = "QEMU emulator version ";
	unsigned int major, minor, release;
	char answer[512];
	const char *at;

	ask(emulator, "-version", NULL, answer);
	at = strstr(answer, before);
	if (!at || sscanf(at + strlen(before), "%3u.%3u.%3u", &major, &minor, &release) != 3)
		return 0;
	return major * 1000000ul + minor * 1000ul + release;
}

/* Root and the user who asks, and nobody else, can replace it; in a folder with the sticky bit only its owner can. */
static bool is_safe_entry(const char *path, bool is_folder)
{
	struct stat st;

	return lstat(path, &st) == 0 && (is_folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode)) &&
	       (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       ((st.st_mode & 022) == 0 || (is_folder && (st.st_mode & S_ISVTX)));
}

/* This process runs it, which may be root's, and QEMU's user would run it later. `ret` is its path without links. */
static bool is_safe(const char *emulator, char ret[static PATH_MAX])
{
	char folder[PATH_MAX];
	size_t n;

	if (emulator[0] != '/' || !realpath(emulator, ret) || !is_safe_entry(ret, false))
		return false;
	n = (size_t)snprintf(folder, sizeof(folder), "%s", ret);
	do {
		while (folder[--n] != '/')
			;
		folder[n > 0 ? n : 1] = '\0';
		if (!is_safe_entry(folder, true))
			return false;
	} while (n > 0);
	return true;
}

bool qemu_takes_igvm(const struct hypervisor *host, const char *emulator,
		     unsigned long *ret_version, char *why, size_t size)
{
	struct domain_capabilities caps;
	struct snp_error err;
	char path[PATH_MAX];

	*ret_version = 0;
	if (uri_is_remote(host->uri)) {
		snprintf(
			why, size,
			"the QEMU of another machine cannot be run to find out whether it supports one");
		return false;
	}
	if (hypervisor_capabilities(host, emulator, NULL, &caps, &err) < 0) {
		snprintf(why, size, "libvirt does not say which QEMU it runs: %.150s", err.message);
		return false;
	}
	if (!emulator)
		emulator = caps.emulator;
	if (!is_safe(emulator, path))
		snprintf(
			why, size,
			"%.150s is not run to find out whether it supports one: only root or you may own it, or write to it",
			emulator);
	else if (has_igvm(path)) {
		*ret_version = version_of(path);
		return true;
	} else
		snprintf(why, size, "%.150s has no object igvm-cfg", emulator);
	return false;
}
