// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/libvirtd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>

/* libvirtd's own world: everything it keeps lies in the folder. PATH has the sbin folders, where
 * Debian puts libvirtd and an ordinary user does not look. */
static void set_environment(const struct host_layout *host)
{
	static const struct {
		const char *name;
		const char *place;
	} places[] = {
		{"HOME", "home"},
		{"TMPDIR", "tmp"},
		{"XDG_RUNTIME_DIR", "run"},
		{"XDG_CONFIG_HOME", "config"},
		{"XDG_CACHE_HOME", "cache"},
		{"XDG_DATA_HOME", "data"},
		{"XDG_STATE_HOME", "data"},
		{"LD_PRELOAD", HOST_LIBRARY},
	};
	const char *path = getenv("PATH");
	const char *libraries = getenv("LD_LIBRARY_PATH");
	char text[2 * PATH_MAX], kept[PATH_MAX] = "";

	snprintf(text, sizeof(text), "%s%s/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",
		 path ? path : "", path ? ":" : "");
	if (libraries)
		snprintf(kept, sizeof(kept), "%s", libraries);
	clearenv();
	setenv("PATH", text, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	if (*kept)
		setenv("LD_LIBRARY_PATH", kept, 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		setenv(places[i].name, host_path(host, places[i].place), 1);
}

/* In the child that becomes libvirtd. Returns only on failure, with errno. */
static void become_libvirtd(const struct host_layout *host, pid_t keeper)
{
	sigset_t none;
	char config[PATH_MAX + 64], name[] = "libvirtd", option[] = "--config";
	char *argv[] = {name, option, config, NULL};

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(host->group) < 0 || setuid(host->user) < 0))
		return;
	/* After setuid(), which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(1);
	umask(022);
	snprintf(config, sizeof(config), "%s/config/libvirt/libvirtd.conf", host->folder);
	set_environment(host);
	execvp(name, argv);
}

pid_t libvirtd_start(const struct host_layout *host)
{
	pid_t keeper = getpid(), child;
	/* What stops exec() comes through a pipe that exec() closes. */
	int report[2], failure = 0;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0) {
		become_libvirtd(host, keeper);
		failure = errno;
		(void)!write(report[1], &failure, sizeof(failure));
		_exit(127);
	}
	close(report[1]);
	if (child > 0 && read(report[0], &failure, sizeof(failure)) == sizeof(failure)) {
		waitpid(child, NULL, 0);
		child = -failure;
	}
	close(report[0]);
	return child;
}
