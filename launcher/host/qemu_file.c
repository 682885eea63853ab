// SPDX-License-Identifier: Apache-2.0
#include "host/qemu_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/folder.h>

#include "host/uri.h"

/* In libvirt 11.3: qemu_conf.c, virQEMUDriverConfigNew(). */
enum kind {
	QEMU_LOG, /* NAME.log, written by virtlogd, or by libvirtd itself */
	QEMU_PID  /* NAME.pid, written when QEMU is started */
};

static const struct {
	const char *system, *simulated, *suffix;
} kinds[] = {
	[QEMU_LOG] = {"/var/log/libvirt/qemu", "cache/libvirt/qemu/log", "log"},
	[QEMU_PID] = {"/run/libvirt/qemu", "run/libvirt/qemu/run", "pid"},
};

/* The folder of a session daemon's files, below the user's own. */
static bool find_session(enum kind kind, char ret[static PATH_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (kind == QEMU_LOG)
		return user_folder(USER_CACHE, "libvirt/qemu/log", ret);
	return runtime && runtime[0] == '/' &&
	       snprintf(ret, PATH_MAX, "%s/libvirt/qemu/run", runtime) < PATH_MAX;
}

/* `top` and `name` below it, which is in folders of another user if it has a "/". */
static bool find(const char *uri, enum kind kind, const char *domain, unsigned int rotated,
		 char top[static PATH_MAX], char name[static PATH_MAX])
{
	char file[NAME_MAX + 1], socket[PATH_MAX], number[16] = "";

	/* virtlogd calls the newest .0. */
	if (rotated > 0)
		snprintf(number, sizeof(number), ".%u", rotated - 1);
	if (strchr(domain, '/') || snprintf(file, sizeof(file), "%s.%s%s", domain,
					    kinds[kind].suffix, number) >= (int)sizeof(file))
		return false;
	if (uri_simulated_host(uri, top))
		return snprintf(name, PATH_MAX, "%s/%s", kinds[kind].simulated, file) < PATH_MAX;
	snprintf(name, PATH_MAX, "%s", file);
	if (uri_is_remote(uri) || uri_socket(uri, socket))
		return false;
	if (uri_is_session(uri))
		return find_session(kind, top);
	snprintf(top, PATH_MAX, "%s", kinds[kind].system);
	return true;
}

/* The file, which is regular and no second name of another. */
static int open_file(const char *uri, enum kind kind, const char *domain, unsigned int rotated,
		     struct stat *ret)
{
	char top[PATH_MAX], path[PATH_MAX];
	_cleanup_(closep) int at = -1, fd = -1;
	const char *name;

	if (!find(uri, kind, domain, rotated, top, path))
		return -ENOENT;
	at = open_above(top, path, &name);
	if (at < 0)
		return at;
	fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	if (!S_ISREG(ret->st_mode) || ret->st_nlink > 1)
		return -EINVAL;
	return TAKE_FD(fd);
}

int qemu_log_open(const char *uri, const char *domain, unsigned int rotated)
{
	struct stat st;

	return open_file(uri, QEMU_LOG, domain, rotated, &st);
}

time_t qemu_started(const char *uri, const char *domain)
{
	struct stat st;
	int fd = open_file(uri, QEMU_PID, domain, 0, &st);

	if (fd < 0)
		return 0;
	close(fd);
	return st.st_mtime;
}

/* libvirt's own lines have its time before them, "2026-11-30 21:32:25.123+0000: ". */
static bool is_libvirts(const char *line, size_t size)
{
	return size > 30 && line[4] == '-' && line[10] == ' ' && line[19] == '.' && line[28] == ':';
}

/* The command line that libvirt writes before QEMU's words has a backslash at the end of every line but its last. */
static bool goes_on(const char *line, size_t size)
{
	return size > 1 && line[size - 2] == '\\';
}

void qemu_said_in(const char *text, size_t size, char ret[static QEMU_SAID_MAX])
{
	const char *lines[QEMU_SAID_LINES];
	size_t sizes[QEMU_SAID_LINES], n = 0, at = 0;
	bool in_command = false;

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		const size_t length = end ? (size_t)(end - text) + 1 : size;
		const bool was = in_command;

		in_command = goes_on(text, length);
		if (in_command || was) {
			n = 0;
		} else if (text[0] != '\n' && !is_libvirts(text, length)) {
			lines[n % QEMU_SAID_LINES] = text;
			sizes[n++ % QEMU_SAID_LINES] = length;
		}
		text += length;
		size -= length;
	}
	ret[0] = '\0';
	for (size_t i = n > QEMU_SAID_LINES ? n - QEMU_SAID_LINES : 0; i < n; i++) {
		const size_t length = sizes[i % QEMU_SAID_LINES];

		if (at + length + 1 >= QEMU_SAID_MAX)
			break;
		memcpy(ret + at, lines[i % QEMU_SAID_LINES], length);
		at += length;
		ret[at] = '\0';
	}
}

void qemu_log_said(const char *uri, const char *domain, char ret[static QEMU_SAID_MAX])
{
	char text[16384];
	struct stat st;
	int fd = open_file(uri, QEMU_LOG, domain, 0, &st);
	ssize_t n = 0;

	if (fd >= 0) {
		const off_t from =
			st.st_size > (off_t)sizeof(text) ? st.st_size - (off_t)sizeof(text) : 0;

		n = pread(fd, text, sizeof(text), from);
		close(fd);
	}
	qemu_said_in(text, n > 0 ? (size_t)n : 0, ret);
}

/* virerror.c, virErrorGenericFailure(); qemu_monitor.c, of a QEMU that ended before libvirt had read its words. */
static bool is_without_cause(const char *message)
{
	const char *monitor = strstr(message, "unexpectedly closed the monitor");

	return strstr(message, "the cause is unknown") || (monitor && !strchr(monitor, ':'));
}

bool qemu_log_cause(const char *uri, const char *domain, const char *message,
		    char ret[static QEMU_SAID_MAX])
{
	size_t n;

	if (!is_without_cause(message))
		return false;
	qemu_log_said(uri, domain, ret);
	for (n = strlen(ret); n > 0 && ret[n - 1] == '\n'; n--)
		ret[n - 1] = '\0';
	for (char *c = ret; (c = strchr(c, '\n')); c++)
		*c = ' ';
	return n > 0;
}
