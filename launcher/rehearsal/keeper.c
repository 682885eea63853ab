// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/folder.h>

#define PATIENCE_SECONDS 20

/* How long a starter may take between making a folder and locking it. */
#define UNLOCKED_SECONDS 10

static int lock_file(int fd, int command, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, command, &lock);
}

/* The parent of a process: the fourth field of its stat (proc(5)), after a name in parentheses that may
 * hold anything. */
static pid_t parent_of(const char *process)
{
	char path[64], text[512] = "";
	const char *name_end;
	_cleanup_(closep) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	name_end = strrchr(text, ')');
	return name_end && strlen(name_end) > 4 ? (pid_t)strtol(name_end + 4, NULL, 10) : -1;
}

/* Kill every child, also those that come to us while we do: QEMUs whose libvirtd died. */
static void kill_children(void)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const pid_t self = getpid();

	for (;;) {
		DIR *processes = opendir("/proc");
		struct dirent *entry;
		pid_t ended;

		while (processes && (entry = readdir(processes)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			    parent_of(entry->d_name) == self)
				kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
		if (processes)
			closedir(processes);
		do
			ended = waitpid(-1, NULL, WNOHANG);
		while (ended > 0);
		if (ended < 0 && errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
}

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
	const char *programs = getenv("PATH");
	const char *libraries = getenv("LD_LIBRARY_PATH");
	char path[HOST_PATH_MAX], text[2 * PATH_MAX], kept[PATH_MAX] = "";

	snprintf(text, sizeof(text), "%s%s/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",
		 programs ? programs : "", programs ? ":" : "");
	if (libraries)
		snprintf(kept, sizeof(kept), "%s", libraries);
	clearenv();
	setenv("PATH", text, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	if (*kept)
		setenv("LD_LIBRARY_PATH", kept, 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		setenv(places[i].name, host_path(host, places[i].place, path), 1);
}

/* In the child that becomes libvirtd. Returns only on failure, with errno. */
static void become_libvirtd(const struct host_layout *host, pid_t keeper)
{
	sigset_t none;
	char config[HOST_PATH_MAX], name[] = "libvirtd", option[] = "--config";
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
	host_path(host, HOST_LIBVIRTD_CONF, config);
	set_environment(host);
	execvp(name, argv);
}

/* Start the session libvirtd, as the host's user and with the preload library, as a child that dies with
 * its parent. Returns its process, or -errno. */
static pid_t libvirtd_start(const struct host_layout *host)
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

/* Let libvirtd die and start it again; with `reboot`, as after a power cut: no QEMU is left, nor what lies in run/. */
static pid_t restart(const struct host_layout *host, pid_t libvirtd, bool reboot)
{
	kill(libvirtd, SIGKILL);
	waitpid(libvirtd, NULL, 0);
	if (reboot)
		kill_children();
	if (reboot && host_clear_run(host) < 0)
		return -EIO;
	return libvirtd_start(host);
}

/* Until libvirtd ends, somebody sends SIGTERM, or the starter's end of `owner` is closed. SIGUSR1 and SIGUSR2 restart
 * it; each time a line is added to the lock file. */
static void keep(const struct host_layout *host, pid_t libvirtd, int lock, int signals, int owner)
{
	struct pollfd events[] = {{signals, POLLIN, 0}, {owner, POLLIN, 0}};

	while (libvirtd > 0) {
		struct signalfd_siginfo info;
		pid_t ended;

		if (poll(events, ARRAY_SIZE(events), -1) < 0)
			continue;
		if (events[1].revents)
			return;
		if (!(events[0].revents & POLLIN) ||
		    read(signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo == SIGTERM)
			return;
		if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGUSR2) {
			libvirtd = restart(host, libvirtd, info.ssi_signo == SIGUSR2);
			dprintf(lock, "%d\n", (int)libvirtd);
		}
		while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
			if (ended == libvirtd)
				return;
	}
}

/* stdin from nowhere, stdout and stderr into the log; nothing else of the starter's stays open, so
 * that a shell that waits for the end of our output does not wait for us. */
static void settle(const struct host_layout *host, int lock, int alive, int owner)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = host_new_log(host, "log/libvirtd.log");
	struct dirent *entry;
	DIR *open_files;

	dup2(null, STDIN_FILENO);
	dup2(log >= 0 ? log : null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	open_files = opendir("/proc/self/fd");
	while (open_files && (entry = readdir(open_files))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (fd > STDERR_FILENO && fd != lock && fd != alive && fd != owner &&
		    fd != dirfd(open_files))
			close(fd);
	}
	if (open_files)
		closedir(open_files);
	setsid();
	(void)!chdir("/");
}

/* The keeper's life. `alive` carries one int to the starter, 0 or errno, and then only its end. */
_Noreturn static void live(const struct host_layout *host, int lock, int alive, int owner)
{
	sigset_t watched;
	int signals, result = 0;
	pid_t libvirtd;

	settle(host, lock, alive, owner);
	prctl(PR_SET_NAME, "snp-host-keeper");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGUSR1);
	sigaddset(&watched, SIGUSR2);
	sigprocmask(SIG_SETMASK, &watched, NULL);
	signals = signalfd(-1, &watched, SFD_CLOEXEC);
	dprintf(lock, "%d\n", (int)getpid());
	libvirtd = signals < 0 ? -errno : libvirtd_start(host);
	if (libvirtd < 0)
		result = (int)-libvirtd;
	(void)!write(alive, &result, sizeof(result));
	if (result == 0)
		keep(host, libvirtd, lock, signals, owner);
	kill_children();
	remove_tree(AT_FDCWD, host->folder);
	_exit(0);
}

/* The lock is taken before the keeper is there and passes to it with the descriptor, so that nobody
 * ever sees the file unlocked while the host lives. */
int keeper_lock(const struct host_layout *host, struct snp_error *err)
{
	char path[HOST_PATH_MAX];
	int fd =
		open(host_path(host, HOST_LOCK, path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	if (fchmod(fd, 0644) < 0 || lock_file(fd, F_OFD_SETLK, F_WRLCK) < 0) {
		close(fd);
		return fail_errno(err, SNP_E_SYSTEM, errno, "cannot lock %s", path);
	}
	return fd;
}

int keeper_start(const struct host_layout *host, int held, bool ends_with_caller, int *ret_alive,
		 struct snp_error *err)
{
	_cleanup_(closep) int lock = held;
	/* The starter's end of this pipe is closed only when the starter ends. */
	int alive[2], owner[2] = {-1, -1}, result = 0;
	pid_t keeper;

	if (pipe2(alive, O_CLOEXEC) < 0 || (ends_with_caller && pipe2(owner, O_CLOEXEC) < 0))
		return fail_errno(err, SNP_E_SYSTEM, errno, "pipe");
	keeper = fork();
	if (keeper == 0)
		live(host, lock, alive[1], owner[0]);
	if (owner[0] >= 0)
		close(owner[0]);
	close(alive[1]);
	if (keeper < 0 || read(alive[0], &result, sizeof(result)) != sizeof(result))
		result = ECHILD;
	if (result == 0) {
		*ret_alive = alive[0];
		return 0;
	}
	close(alive[0]);
	if (keeper > 0)
		waitpid(keeper, NULL, 0);
	if (result == ENOENT)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "libvirtd is not installed (Debian: libvirt-daemon, "
				 "libvirt-daemon-driver-qemu)");
	return fail_errno(err, SNP_E_SYSTEM, result, "cannot start libvirtd");
}

static bool is_held(int lock)
{
	struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	return fcntl(lock, F_OFD_GETLK, &probe) == 0 && probe.l_type != F_UNLCK;
}

/* The lock of the host in `folder`, and its keeper's process, which it is only while the lock is held. */
static int open_lock(const char *folder, pid_t *ret_keeper, struct snp_error *err)
{
	char path[PATH_MAX + 16], text[32] = "";
	int lock;

	snprintf(path, sizeof(path), "%s/" HOST_LOCK, folder);
	lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (lock < 0)
		return fail_errno(err, SNP_E_NOT_FOUND, errno, "%s: no simulated host", folder);
	if (read(lock, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	*ret_keeper = (pid_t)strtol(text, NULL, 10);
	return lock;
}

int keeper_stop(const char *folder, struct snp_error *err)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	_cleanup_(closep) int lock = -1;
	pid_t keeper;

	lock = open_lock(folder, &keeper, err);
	if (lock < 0)
		return lock;
	for (int i = 0; is_held(lock); i++) {
		if (i == 0 && (keeper <= 1 || kill(keeper, SIGTERM) < 0))
			return fail_errno(err, SNP_E_SYSTEM, errno, "%s: cannot end its keeper",
					  folder);
		if (i == PATIENCE_SECONDS * 100)
			return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET,
					 "%s: its keeper does not end", folder);
		nanosleep(&pause, NULL);
	}
	/* Where it was our own child. */
	if (keeper > 1)
		waitpid(keeper, NULL, 0);
	remove_tree(AT_FDCWD, folder);
	return 0;
}

int keeper_restart(const char *folder, bool reboot, struct snp_error *err)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	_cleanup_(closep) int lock = -1;
	struct stat before, now;
	pid_t keeper;

	lock = open_lock(folder, &keeper, err);
	if (lock < 0)
		return lock;
	if (fstat(lock, &before) < 0 || !is_held(lock) || keeper <= 1 ||
	    kill(keeper, reboot ? SIGUSR2 : SIGUSR1) < 0)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "%s: it has no keeper", folder);
	for (int i = 0; i < PATIENCE_SECONDS * 100; i++) {
		if (fstat(lock, &now) == 0 && now.st_size > before.st_size && is_held(lock))
			return 0;
		nanosleep(&pause, NULL);
	}
	return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "%s: libvirtd did not start again",
			 folder);
}

static bool is_new(const struct stat *st)
{
	return st->st_mtime > time(NULL) - UNLOCKED_SECONDS;
}

/* A folder whose starter was killed before it had a lock is empty: rmdir() removes no other. */
static void remove_empty(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "/tmp/%s", name);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && !is_new(&st))
		(void)!rmdir(path);
}

void keeper_sweep(void)
{
	DIR *tmp = opendir("/tmp");
	struct dirent *entry;

	while (tmp && (entry = readdir(tmp))) {
		char path[PATH_MAX];
		_cleanup_(closep) int lock = -1;
		struct stat st;

		if (strncmp(entry->d_name, "snp-host-", 9) != 0)
			continue;
		remove_empty(entry->d_name);
		snprintf(path, sizeof(path), "/tmp/%s/" HOST_LOCK, entry->d_name);
		lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (lock < 0 || fstat(lock, &st) < 0 || st.st_uid != getuid() || is_held(lock) ||
		    (st.st_size == 0 && is_new(&st)))
			continue;
		snprintf(path, sizeof(path), "/tmp/%s", entry->d_name);
		remove_tree(AT_FDCWD, path);
	}
	if (tmp)
		closedir(tmp);
}
