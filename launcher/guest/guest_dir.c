// SPDX-License-Identifier: Apache-2.0
#include "guest/guest_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/folder.h>

#include "config/text_rule.h"

bool guest_name_valid(const char *name)
{
	return text_keeps(name, &rule_name);
}

static int check_name(const char *name, struct snp_error *err)
{
	if (guest_name_valid(name))
		return 0;
	return fail_with(
		err, SNP_E_USAGE, SNP_NO_OFFSET,
		"invalid guest name \"%.80s\": use %s; the name of a file has a \"/\" or ends in "
		".json or .xml",
		name, rule_name.wanted);
}

/*
 * What is launched is what the guests' folders say, so nobody but root and the user who launches may change
 * them. Whoever owns a folder, or may write to it, can replace what it holds; where it has its sticky bit set,
 * only the owner can. The mode of a symbolic link says nothing.
 */
static int check_owner(const struct stat *st, bool may_be_sticky, const char *path,
		       struct snp_error *err)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	int r = 0;

	if (st->st_uid != 0 && st->st_uid != geteuid())
		r = fail_with(
			err, SNP_E_UNSAFE_STATE, SNP_NO_OFFSET,
			"belongs to user %u, who could change what is launched; chown it to user %u or root, or use another --state-dir",
			st->st_uid, geteuid());
	else if ((st->st_mode & others) && !S_ISLNK(st->st_mode) &&
		 !(may_be_sticky && (st->st_mode & S_ISVTX)))
		r = fail_with(err, SNP_E_UNSAFE_STATE, SNP_NO_OFFSET,
			      "mode %04o lets other users change what is launched; run chmod go-w",
			      st->st_mode & 07777);
	return in_file(err, r, path);
}

static int check_way(const char *path, unsigned int links, struct snp_error *err);

#define MAX_LINKS 40 /* as many as the kernel follows */

/* The way that the symbolic link `path` leads. */
static int check_link(const char *path, unsigned int links, struct snp_error *err)
{
	char target[PATH_MAX], whole[2 * PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash = strrchr(path, '/');

	if (n < 0 || links == MAX_LINKS)
		return in_file(err,
			       fail_errno(err, SNP_E_OPEN, n < 0 ? errno : ELOOP, "cannot open"),
			       path);
	target[n] = '\0';
	if (target[0] == '/')
		return check_way(target, links + 1, err);
	snprintf(whole, sizeof(whole), "%.*s/%s", (int)(slash - path), path, target);
	return check_way(whole, links + 1, err);
}

/* Every folder from the root to `path`, as far as there are any. */
static int check_way(const char *path, unsigned int links, struct snp_error *err)
{
	char part[2 * PATH_MAX] = "/";
	struct stat st;
	int r = 0;

	for (size_t n = 0; r == 0 && (n == 0 || path[n - 1]); n++) {
		if (n > 0 && path[n] && path[n] != '/')
			continue;
		if (n > 0)
			snprintf(part, sizeof(part), "%.*s", (int)n, path);
		if (lstat(part, &st) < 0)
			return errno == ENOENT
				       ? 0
				       : in_file(err,
						 fail_errno(err, SNP_E_OPEN, errno, "cannot open"),
						 part);
		r = check_owner(&st, true, part, err);
		if (r == 0 && S_ISLNK(st.st_mode))
			r = check_link(part, links, err);
	}
	return r;
}

/* STATE, which may not exist yet, and the folders above it. */
static int check_state(const char *state, struct snp_error *err)
{
	return check_way(state, 0, err);
}

/* The guest's folder, and a boot/ in it. */
static int check_guest(int fd, const char *path, struct snp_error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), path);
	r = check_owner(&st, false, path, err);
	/* A create that was killed may have none yet. */
	if (r == 0 && fstatat(fd, GUEST_BOOT, &st, AT_SYMLINK_NOFOLLOW) == 0)
		r = check_owner(&st, false, path, err);
	return r;
}

const char *guest_path(const char *state, const char *name, char ret[static GUEST_PATH_MAX])
{
	return path_join(state, name, ret, GUEST_PATH_MAX);
}

/* What stands beside a guest's own directory. */
#define NEXT	 "next"
#define UNPACKED "import"

/* `beside` is NULL for the guest's own. */
static void begin(const char *state, const char *name, const char *beside, struct guest_dir *ret)
{
	*ret = (struct guest_dir){.fd = -1};
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	snprintf(ret->state, sizeof(ret->state), "%s", state);
	guest_path(state, name, ret->path);
	if (beside)
		snprintf(ret->path, sizeof(ret->path), "%s/.%s.%s", state, name, beside);
}

void guest_dir_close(struct guest_dir *dir)
{
	closep(&dir->fd);
}

/* STATE is 0711 if it is new, whatever the umask: QEMU's user must pass, and need not look around. */
static int make_state(const char *state)
{
	int r = make_folders(state, 0755, 0711);

	if (r == 1)
		r = chmod(state, 0711) < 0 ? -errno : 0;
	return r;
}

/* Lock the directory just made or found. A remove may have come first: then what was locked is no
 * longer the directory of that name. */
static int lock(struct guest_dir *dir)
{
	struct stat held, named;

	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0)
		return -errno;
	if (flock(dir->fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (fstat(dir->fd, &held) < 0)
		return -errno;
	if (lstat(dir->path, &named) < 0)
		return -errno;
	return held.st_ino == named.st_ino && held.st_dev == named.st_dev ? 0 : -ENOENT;
}

/* A folder with a mode that no umask narrows. */
static int add_folder(const struct guest_dir *dir, const char *name, mode_t mode, uid_t user,
		      gid_t group)
{
	if (mkdirat(dir->fd, name, mode) < 0 || fchmodat(dir->fd, name, mode, 0) < 0)
		return -errno;
	if (user != (uid_t)-1 && user != geteuid() &&
	    fchownat(dir->fd, name, user, group, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int furnish(const struct guest_dir *dir, const struct guest_owners *owners)
{
	static const struct guest_owners ours = {(uid_t)-1, (gid_t)-1, (uid_t)-1, (gid_t)-1};
	const struct guest_owners *o = owners ? owners : &ours;
	const struct {
		const char *name;
		mode_t mode;
		uid_t user;
		gid_t group;
	} folders[] = {
		{GUEST_BOOT, 0711, (uid_t)-1, (gid_t)-1},
		{GUEST_LOG, 0700, o->log_user, o->log_group},
		{GUEST_RUN, 0700, o->qemu_user, o->qemu_group},
	};
	int r = fchmod(dir->fd, 0711) < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++)
		r = add_folder(dir, folders[i].name, folders[i].mode, folders[i].user,
			       folders[i].group);
	return r;
}

static int make(struct guest_dir *dir, const struct guest_owners *owners)
{
	int r;

	if (mkdir(dir->path, 0711) < 0)
		return -errno;
	r = lock(dir);
	if (r == 0)
		r = furnish(dir, owners);
	/* -ENOENT: a remove was quicker than the lock, and what has that name now is another's. */
	if (r < 0 && r != -ENOENT)
		(void)remove_tree(AT_FDCWD, dir->path);
	if (r < 0)
		guest_dir_close(dir);
	return r;
}

static int begin_safely(const char *state, const char *name, struct guest_dir *ret,
			struct snp_error *err)
{
	int r = check_name(name, err);

	if (r < 0)
		return r;
	r = check_state(state, err);
	if (r < 0)
		return r;
	begin(state, name, NULL, ret);
	return 0;
}

int guest_dir_claim(const char *state, const char *name, const struct guest_owners *owners,
		    struct guest_dir *ret, struct snp_error *err)
{
	struct guest_dir dir;
	int r;

	r = begin_safely(state, name, &dir, err);
	if (r < 0)
		return r;
	r = make_state(state);
	if (r == 0) {
		int unsafe = check_state(state, err);

		if (unsafe < 0)
			return unsafe;
		r = make(&dir, owners);
	}
	if (r == -EEXIST)
		return fail_with(
			err, SNP_E_EXISTS, SNP_NO_OFFSET,
			"guest \"%s\" already exists; change it with apply, or use create --replace",
			name);
	if (r < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot make"), dir.path);
	*ret = dir;
	return 0;
}

int guest_dir_lock(const char *state, const char *name, struct guest_dir *ret,
		   struct snp_error *err)
{
	struct guest_dir dir;
	int r;

	r = begin_safely(state, name, &dir, err);
	if (r < 0)
		return r;
	r = lock(&dir);
	if (r < 0)
		guest_dir_close(&dir);
	if (r == -ENOENT || r == -ENOTDIR)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "there is no guest \"%s\" in %s", name, state);
	if (r == -EWOULDBLOCK)
		return fail_with(err, SNP_E_BUSY, SNP_NO_OFFSET,
				 "another snp-launch is working on \"%s\"; wait until it is done",
				 name);
	if (r < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, -r, "cannot lock"), dir.path);
	r = check_guest(dir.fd, dir.path, err);
	if (r < 0) {
		guest_dir_close(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

int guest_dir_exists(const char *state, const char *name, bool *ret, struct snp_error *err)
{
	_cleanup_(closep) int fd = -1;
	struct guest_dir dir;
	int r = check_state(state, err);

	if (r < 0)
		return r;
	begin(state, name, NULL, &dir);
	/* Others may pass through STATE and not read it. */
	fd = open(dir.path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), dir.path);
	if (fd >= 0)
		r = check_guest(fd, dir.path, err);
	if (r < 0)
		return r;
	*ret = fd >= 0;
	return 0;
}

void guest_dir_unmount(const struct guest_dir *dir)
{
	char boot[sizeof(dir->path) + sizeof("/" GUEST_BOOT)];

	snprintf(boot, sizeof(boot), "%s/" GUEST_BOOT, dir->path);
	while (umount2(boot, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		continue;
}

/* What a mount protects cannot be removed. */
static int clear(const struct guest_dir *dir)
{
	int r;

	guest_dir_unmount(dir);
	r = remove_tree(AT_FDCWD, dir->path);
	return r == -ENOENT ? 0 : r;
}

int guest_dir_claim_next(const struct guest_dir *old, const struct guest_owners *owners,
			 struct guest_dir *ret, struct snp_error *err)
{
	struct guest_dir dir;
	int r;

	begin(old->state, old->name, NEXT, &dir);
	r = clear(&dir);
	if (r == 0)
		r = make(&dir, owners);
	if (r < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot make"), dir.path);
	*ret = dir;
	return 0;
}

int guest_dir_claim_import(const char *state, const char *name, struct guest_dir *ret,
			   struct snp_error *err)
{
	struct guest_dir dir, left;
	int r = begin_safely(state, name, &dir, err);

	if (r < 0)
		return r;
	r = make_state(state);
	begin(state, name, UNPACKED, &dir);
	left = dir;
	/* The lock of another import holds; what one that was killed has left is cleared. */
	if (r == 0)
		r = lock(&left);
	if (r == 0)
		r = remove_tree(AT_FDCWD, dir.path);
	guest_dir_close(&left);
	if (r == -EWOULDBLOCK)
		return fail_with(err, SNP_E_BUSY, SNP_NO_OFFSET,
				 "another snp-launch is importing \"%s\"; wait until it is done",
				 name);
	if (r == 0 || r == -ENOENT)
		r = make(&dir, NULL);
	if (r < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot make"), dir.path);
	*ret = dir;
	return 0;
}

void guest_dir_discard(struct guest_dir *dir)
{
	if (dir->fd >= 0)
		(void)remove_tree(AT_FDCWD, dir->path);
	guest_dir_close(dir);
}

int guest_dir_exchange(struct guest_dir *old, struct guest_dir *next, struct snp_error *err)
{
	char path[sizeof(old->path)];

	if (renameat2(AT_FDCWD, next->path, AT_FDCWD, old->path, RENAME_EXCHANGE) < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot put in place"),
			       old->path);
	memcpy(path, old->path, sizeof(path));
	memcpy(old->path, next->path, sizeof(path));
	memcpy(next->path, path, sizeof(path));
	return 0;
}

int guest_dir_remove(struct guest_dir *dir, struct snp_error *err)
{
	struct guest_dir next;
	int r;

	begin(dir->state, dir->name, NEXT, &next);
	r = clear(&next);
	if (r == 0)
		r = clear(dir);
	if (r < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot remove"), dir->path);
	guest_dir_close(dir);
	return 0;
}

bool guest_dir_busy(const char *state, const char *name)
{
	struct guest_dir dir;
	int r;

	begin(state, name, NULL, &dir);
	r = lock(&dir);
	guest_dir_close(&dir);
	return r == -EWOULDBLOCK;
}

bool guest_dir_has_next(const char *state, const char *name)
{
	struct guest_dir next;

	begin(state, name, NEXT, &next);
	return faccessat(AT_FDCWD, next.path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int is_guest(const struct dirent *entry)
{
	return guest_name_valid(entry->d_name);
}

int guest_dir_list(const char *state, char ***ret_names, size_t *ret_count, struct snp_error *err)
{
	struct dirent **entries = NULL;
	char **names;
	size_t count = 0;
	int n = check_state(state, err);

	if (n < 0)
		return n;
	n = scandir(state, &entries, is_guest, alphasort);
	if (n < 0 && errno != ENOENT)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot list"), state);
	if (n < 0)
		n = 0;
	names = calloc((size_t)n + 1, sizeof(*names));
	for (int i = 0; i < n; i++) {
		if (names && (names[count] = strdup(entries[i]->d_name)))
			count++;
		free(entries[i]);
	}
	free(entries);
	if (!names || count < (size_t)n) {
		guest_names_free(names, count);
		return out_of_memory(err);
	}
	*ret_names = names;
	*ret_count = count;
	return 0;
}

void guest_names_free(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}
