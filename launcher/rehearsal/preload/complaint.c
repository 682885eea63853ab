// SPDX-License-Identifier: Apache-2.0
#include "complaint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program.h"
#include "settings.h"

static void append_to_log(const char *line, size_t size)
{
	char path[PATH_MAX + 32];
	int fd;

	if (settings()->host[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s/log/simulation.log", settings()->host);
	/* Past the interposed open(): this file is no device. */
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

int refuse_unknown(const char *device, unsigned long request)
{
	if (_IOC_TYPE(request))
		complain("%s: unknown request 0x%lx (number 0x%x, size %u)", device, request,
			 (unsigned int)_IOC_NR(request), (unsigned int)_IOC_SIZE(request));
	else
		complain("%s: unknown number %lu", device, request);
	if (program_is_qemu())
		_exit(1);
	return -ENOTTY;
}
