// SPDX-License-Identifier: Apache-2.0
#include "guest/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>

#define MAX_LEVELS 64

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int remove_below(int at, const char *name, unsigned int level);

static int remove_contents(DIR *dir, unsigned int level)
{
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), name, 0) == 0)
			continue;
		/* Linux says EISDIR for a directory, POSIX EPERM. */
		if (errno == EISDIR || errno == EPERM)
			r = remove_below(dirfd(dir), name, level + 1);
		else if (errno != ENOENT)
			r = -errno;
	}
	return r == 0 && errno != 0 && !entry ? -errno : r;
}

static int remove_below(int at, const char *name, unsigned int level)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	int fd, r;

	if (level > MAX_LEVELS)
		return -ELOOP;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	r = remove_contents(dir, level);
	if (r < 0)
		return r;
	return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int remove_tree(int at, const char *path)
{
	return remove_below(at, path, 0);
}
