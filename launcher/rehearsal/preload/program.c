// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "settings.h"

static void append_to_log(const char *line, size_t size)
{
	char path[PATH_MAX + 32];
	int fd;

	if (settings()->host[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s/log/simulation.log", settings()->host);
	/* Past the interposed open(): this file is not a device. */
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			  0644);
	if (fd < 0)
		return;
	(void)!write(fd, line, size);
	syscall(SYS_close, fd);
}

void complain(const char *fmt, ...)
{
	int saved = errno;
	char line[1024] = "simulated SNP host: ";
	size_t at = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + at, sizeof(line) - at - 1, fmt, ap);
	va_end(ap);
	at = strlen(line);
	line[at++] = '\n';
	(void)!write(STDERR_FILENO, line, at);
	append_to_log(line, at);
	errno = saved;
}

static bool is_qemu(void)
{
	return dlsym(RTLD_DEFAULT, "host_cpuid") || strstr(program_invocation_short_name, "qemu");
}

int refuse_unknown(const char *device, unsigned long request)
{
	if (_IOC_TYPE(request))
		complain("%s: unknown request 0x%lx (number 0x%x, size %u)", device, request,
			 (unsigned int)_IOC_NR(request), (unsigned int)_IOC_SIZE(request));
	else
		complain("%s: unknown number %lu", device, request);
	if (is_qemu())
		_exit(1);
	return -ENOTTY;
}

/* The name out of an argument of `size` bytes. */
static void take_name(const char *arg, size_t size, char *ret, size_t ret_size)
{
	static const char key[] = "guest=";
	size_t at = 0;

	if (size >= sizeof(key) - 1 && memcmp(arg, key, sizeof(key) - 1) == 0) {
		arg += sizeof(key) - 1;
		size -= sizeof(key) - 1;
	}
	for (size_t i = 0; i < size && at + 1 < ret_size; i++) {
		/* One comma ends the name, two are one. */
		if (arg[i] == ',' && (++i == size || arg[i] != ','))
			break;
		ret[at++] = arg[i];
	}
	ret[at] = '\0';
}

void program_find_guest_name(const char *args, size_t size, char *ret, size_t ret_size)
{
	bool is_next = false;
	size_t at = 0;

	ret[0] = '\0';
	while (at < size) {
		size_t length = strnlen(args + at, size - at);

		if (is_next) {
			take_name(args + at, length, ret, ret_size);
			return;
		}
		is_next = length == 5 && memcmp(args + at, "-name", 5) == 0;
		at += length + 1;
	}
}

static char guest_name[256];

static void read_guest_name(void)
{
	static char args[1 << 16];
	size_t size = 0;
	ssize_t n;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (size < sizeof(args) - 1 && (n = read(fd, args + size, sizeof(args) - 1 - size)) > 0)
		size += (size_t)n;
	syscall(SYS_close, fd);
	program_find_guest_name(args, size, guest_name, sizeof(guest_name));
}

static void *wait_for_keeper(void *arg)
{
	int fd = *(const int *)arg;
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	/* The keeper holds the write lock until it dies, however it dies. */
	while (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return NULL;
	_exit(1);
}

void program_watch_keeper(void)
{
	static int fd = -1;
	char path[PATH_MAX + 16];
	pthread_t thread;

	if (fd >= 0)
		return;
	snprintf(path, sizeof(path), "%s/keeper.lock", settings()->host);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	/* Without a keeper (QEMU started by hand) there is nothing to wait for. */
	if (fd >= 0 && pthread_create(&thread, NULL, wait_for_keeper, &fd) == 0)
		pthread_detach(thread);
}

int program_open_guest_folder(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *name = guest_name;
	char path[PATH_MAX + 300];
	int fd;

	pthread_once(&once, read_guest_name);
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') || settings()->host[0] == '\0')
		return -1;
	snprintf(path, sizeof(path), "%s/guests/%s/run", settings()->host, name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/foreign/%s", settings()->host, name);
	mkdir(path, 0755);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		complain("%s: %s", path, strerror(errno));
	return fd;
}
