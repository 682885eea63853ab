// SPDX-License-Identifier: Apache-2.0
#include "guest_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complaint.h"
#include "program.h"
#include "settings.h"

int guest_folder_open(void)
{
	const char *name = program_guest_name();
	char path[PATH_MAX + 300];
	int fd;

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
