// SPDX-License-Identifier: Apache-2.0
#include <snp/folder.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

static int not_itself(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int each_entry(const char *path, entry_visit visit, void *arg, struct snp_error *err)
{
	struct dirent **entries;
	int n = scandir(path, &entries, not_itself, alphasort), r = 0;

	if (n < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot list"), path);
	for (int i = 0; i < n; i++) {
		_cleanup_(freep) struct dirent *entry = entries[i];
		_cleanup_(freep) char *file = NULL;

		if (r == 0 && !(file = format_text("%s/%s", path, entry->d_name)))
			r = out_of_memory(err);
		if (r == 0)
			r = visit(arg, file, entry->d_name, err);
	}
	free(entries);
	return r;
}

int make_folders(const char *path, mode_t above, mode_t mode)
{
	_cleanup_(freep) char *part = NULL;

	if (mkdir(path, mode) == 0)
		return 1;
	if (errno != ENOENT || path[0] == '\0')
		return errno == EEXIST ? 0 : -errno;
	part = strdup(path);
	if (!part)
		return -ENOMEM;
	for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(part, above) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(path, mode) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

char *document_path(const char *path, const char *name)
{
	struct stat st;
	size_t n = strlen(path);

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return strdup(path);
	return format_text("%s%s%s", path, n > 0 && path[n - 1] == '/' ? "" : "/", name);
}

const char *path_join(const char *folder, const char *name, char *ret, size_t size)
{
	int n = snprintf(ret, size, "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= size)
		ret[0] = '\0';
	return ret;
}

bool user_folder(enum user_folder kind, const char *name, char ret[static PATH_MAX])
{
	static const struct {
		const char *variable, *in_home;
	} kinds[] = {
		[USER_CACHE] = {"XDG_CACHE_HOME", ".cache"},
		[USER_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
		[USER_DATA] = {"XDG_DATA_HOME", ".local/share"},
		[USER_STATE] = {"XDG_STATE_HOME", ".local/state"},
	};
	const char *base = getenv(kinds[kind].variable), *home = getenv("HOME");
	char in_home[PATH_MAX];

	/* A relative path must be ignored. */
	if (base && base[0] == '/')
		return path_join(base, name, ret, PATH_MAX)[0] != '\0';
	return home && home[0] == '/' &&
	       path_join(home, kinds[kind].in_home, in_home, PATH_MAX)[0] != '\0' &&
	       path_join(in_home, name, ret, PATH_MAX)[0] != '\0';
}

int open_above(const char *top, const char *name, const char **ret_last)
{
	int at = open(top, O_DIRECTORY | O_PATH | O_CLOEXEC | O_NOFOLLOW);
	const char *slash;

	for (; at >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
		char part[NAME_MAX + 1];
		int above = at;

		snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
		at = openat(above, part, O_DIRECTORY | O_PATH | O_CLOEXEC | O_NOFOLLOW);
		close(above);
	}
	*ret_last = name;
	return at < 0 ? -errno : at;
}

/* How often something may turn out to be other than it was a moment before. */
#define MAX_RACES 1000

/* A folder on the way down: which one it is, and its name in the one above. */
struct level {
	dev_t device;
	ino_t inode;
	char *name;
};

/* The way from the top to the folder that is being emptied, the only one that is open. */
struct way {
	struct level *levels;
	size_t n;
	DIR *dir;
	unsigned int races;
};

static void go_back(struct way *way)
{
	if (way->dir)
		closedir(TAKE_PTR(way->dir));
	while (way->n > 0)
		free(way->levels[--way->n].name);
}

static void way_done(struct way *way)
{
	go_back(way);
	free(way->levels);
}

/* Somebody else was quicker: try again, but not forever; then fail with `error`. */
static int lost_race(struct way *way, int error)
{
	return ++way->races > MAX_RACES ? error : 0;
}

/* Let the folder `name` of `at` be the one that is open. */
static int enter(struct way *way, int at, const char *name, struct stat *ret)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;
	DIR *dir = NULL;

	if (fd < 0)
		return -errno;
	if (fstat(fd, ret) < 0 || !(dir = fdopendir(fd))) {
		r = -errno;
		close(fd);
		return r;
	}
	if (way->dir)
		closedir(way->dir);
	way->dir = dir;
	return 0;
}

static int descend(struct way *way, int at, const char *name)
{
	char *copy = strdup(name);
	struct stat st;
	int r;

	r = copy && grow(&way->levels, way->n, sizeof(*way->levels)) ? enter(way, at, name, &st)
								     : -ENOMEM;
	if (r < 0) {
		free(copy);
		return r;
	}
	way->levels[way->n++] = (struct level){st.st_dev, st.st_ino, copy};
	return 0;
}

/* Back to the folder above, and remove the emptied one from it; from one that was moved away or removed
 * meanwhile, which has another above it or none, back to the beginning. */
static int ascend(struct way *way)
{
	const struct level *above = &way->levels[way->n - 2];
	_cleanup_(freep) char *name = NULL;
	struct stat st;
	int r = enter(way, dirfd(way->dir), "..", &st);

	if (r == -ENOENT || (r == 0 && (st.st_dev != above->device || st.st_ino != above->inode))) {
		go_back(way);
		return lost_race(way, -EBUSY);
	}
	if (r < 0)
		return r;
	name = way->levels[--way->n].name;
	if (unlinkat(dirfd(way->dir), name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT || errno == ENOTDIR)
		return lost_race(way, -EBUSY);
	return -errno;
}

/* Remove what is no folder, up to the first that is one, into which it then goes down. `*ret_empty` if
 * there is none. */
static int clear(struct way *way, bool *ret_empty)
{
	const struct dirent *entry;

	*ret_empty = false;
	while ((errno = 0, entry = readdir(way->dir))) {
		const char *name = entry->d_name;
		int at = dirfd(way->dir), failure, r;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    unlinkat(at, name, 0) == 0 || errno == ENOENT)
			continue;
		failure = -errno;
		/* Linux says EISDIR for a directory, POSIX EPERM. */
		if (failure != -EISDIR && failure != -EPERM)
			return failure;
		r = descend(way, at, name);
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
			rewinddir(way->dir);
			r = lost_race(way, failure);
			if (r == 0)
				continue;
		}
		return r;
	}
	*ret_empty = errno == 0;
	return -errno;
}

int remove_tree(int at, const char *path)
{
	_cleanup_(way_done) struct way way = {0};
	bool empty = false;
	int r;

	do {
		r = way.n == 0 ? descend(&way, at, path) : 0;
		if (r == 0)
			r = clear(&way, &empty);
		if (r < 0 || !empty)
			continue;
		if (way.n > 1) {
			r = ascend(&way);
		} else if (unlinkat(at, path, AT_REMOVEDIR) == 0) {
			return 0;
		} else {
			r = errno == ENOTEMPTY || errno == EEXIST ? lost_race(&way, -EBUSY)
								  : -errno;
			rewinddir(way.dir);
		}
	} while (r == 0);
	return r;
}
