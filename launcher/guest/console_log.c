// SPDX-License-Identifier: Apache-2.0
#include "guest/console_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>

#include "host/qemu_file.h"
#include "host/uri.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* As many boots as a number of this many digits counts. */
#define MAX_BOOT 999999999

void log_parts_close(struct log_parts *parts)
{
	while (parts->n > 0)
		close(parts->fd[--parts->n]);
}

/* The boot that a folder in log/ is for; 0: none. */
static int boot_of(const char *name)
{
	const size_t n = strspn(name, "0123456789");

	return n > 0 && n < 10 && !name[n] && name[0] != '0' ? (int)strtol(name, NULL, 10) : 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

#define MAX_BOOTS 256

/* The numbers of the boots in log/, the newest first. */
static size_t list_boots(int log, int ret[static MAX_BOOTS])
{
	int fd = openat(log, ".", FOLDER), boot;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	size_t n = 0;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && n < MAX_BOOTS && (entry = readdir(dir)))
		if ((boot = boot_of(entry->d_name)) > 0)
			ret[n++] = boot;
	if (dir)
		closedir(dir);
	qsort(ret, n, sizeof(*ret), by_number);
	return n;
}

static const char *boot_name(int boot, char ret[static 16])
{
	snprintf(ret, 16, "%d", boot);
	return ret;
}

/* "console.log", or with a part above 0 "console.log.0". */
static const char *part_name(unsigned int part, char ret[static 32])
{
	snprintf(ret, 32, part > 0 ? GUEST_CONSOLE ".%u" : GUEST_CONSOLE, part - 1);
	return ret;
}

#define QEMU_COPY     "qemu.log"
#define QEMU_COPY_MAX (4u << 20)

static void copy_qemu_log(int to, const char *uri, const char *domain)
{
	_cleanup_(closep) int from =
		uri && uri_is_session(uri) ? qemu_log_open(uri, domain, 0) : -1;
	_cleanup_(closep) int copy = -1;
	char bytes[16384];
	size_t size = 0;
	ssize_t n;

	if (from < 0)
		return;
	copy = openat(to, QEMU_COPY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	while (copy >= 0 && size < QEMU_COPY_MAX && (n = read(from, bytes, sizeof(bytes))) > 0 &&
	       write_all(copy, (struct snp_span){(const uint8_t *)bytes, (size_t)n}) == 0)
		size += (size_t)n;
}

/* A folder of another user's is worked on by descriptors, and what is in it moved by its name alone, which follows
 * no link. */
static void move_to_boot(int log, const char *uri, const char *domain)
{
	int boots[MAX_BOOTS], boot;
	size_t n = list_boots(log, boots);
	_cleanup_(closep) int to = -1;
	char name[32];

	if (faccessat(log, GUEST_CONSOLE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	boot = n > 0 ? boots[0] + 1 : 1;
	if (boot > MAX_BOOT || mkdirat(log, boot_name(boot, name), 0700) < 0)
		return;
	to = openat(log, name, FOLDER);
	for (unsigned int part = 0; to >= 0 && part < CONSOLE_LOG_PARTS; part++)
		(void)!renameat(log, part_name(part, name), to, name);
	if (to >= 0)
		copy_qemu_log(to, uri, domain);
	for (size_t i = CONSOLE_LOG_BOOTS - 1; i < n; i++)
		(void)!remove_tree(log, boot_name(boots[i], name));
}

void console_log_begin(const struct guest_dir *dir, const char *uri, const char *domain)
{
	_cleanup_(closep) int log = openat(dir->fd, GUEST_LOG, FOLDER);

	if (log >= 0)
		move_to_boot(log, uri, domain);
}

void console_log_adopt(const struct guest_dir *old, const struct guest_dir *new)
{
	_cleanup_(closep) int from = openat(old->fd, GUEST_LOG, FOLDER);
	_cleanup_(closep) int to = openat(new->fd, GUEST_LOG, FOLDER);
	int boots[MAX_BOOTS];
	char name[16];
	size_t n;

	if (from < 0 || to < 0)
		return;
	move_to_boot(from, NULL, NULL);
	n = list_boots(from, boots);
	for (size_t i = 0; i < n; i++)
		(void)!renameat(from, boot_name(boots[i], name), to, name);
}

static int open_file(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1)
		return fd;
	close(fd);
	return -EINVAL;
}

/* virtlogd numbers from the newest. */
static int open_parts(int folder, struct log_parts *ret)
{
	int r = open_file(folder, GUEST_CONSOLE), fd;
	char name[32];

	if (r < 0)
		return r;
	for (unsigned int part = CONSOLE_LOG_PARTS - 1; part > 0; part--) {
		fd = open_file(folder, part_name(part, name));
		if (fd >= 0)
			ret->fd[ret->n++] = fd;
	}
	ret->fd[ret->n++] = r;
	return 0;
}

/* The folder of a boot in log/: an earlier one's, or log/ itself. */
static int open_boot(int log, unsigned int boots_ago)
{
	int boots[MAX_BOOTS], fd;
	char name[16];

	if (boots_ago > 0 && boots_ago > list_boots(log, boots))
		return -ESRCH;
	fd = openat(log, boots_ago > 0 ? boot_name(boots[boots_ago - 1], name) : ".", FOLDER);
	return fd < 0 ? -errno : fd;
}

static int fail_open(int r, unsigned int boots_ago, const char *path, struct snp_error *err)
{
	if (r == -ESRCH)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "no log is kept of %u boots ago", boots_ago);
	if (r == -EINVAL || r == -ELOOP || r == -ENOTDIR)
		r = fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET, "not a regular file");
	else
		r = fail_errno(err, SNP_E_OPEN, -r,
			       "no console log: the guest has never run, or has no console");
	return in_file(err, r, path);
}

int console_log_open(const char *folder, unsigned int boots_ago, struct log_parts *ret,
		     struct snp_error *err)
{
	/* The last one, of release 0.1.0, belongs to QEMU's user. */
	static const char *const folders[] = {GUEST_LOG, GUEST_RUN};
	_cleanup_(closep) int top = open(folder, FOLDER);
	char path[GUEST_PATH_MAX + 32];
	int r = top < 0 ? -errno : -ENOENT;

	*ret = (struct log_parts){0};
	snprintf(path, sizeof(path), "%s", folder);
	for (size_t i = 0; top >= 0 && i < ARRAY_SIZE(folders) && r == -ENOENT; i++) {
		_cleanup_(closep) int log = openat(top, folders[i], FOLDER), boot = -1;

		snprintf(path, sizeof(path), "%s/%s/" GUEST_CONSOLE, folder, folders[i]);
		boot = log < 0 ? -errno : open_boot(log, boots_ago);
		r = boot < 0 ? boot : open_parts(boot, ret);
	}
	return r < 0 ? fail_open(r, boots_ago, path, err) : 0;
}

int qemu_copy_open(const char *folder, unsigned int boots_ago, struct log_parts *ret,
		   struct snp_error *err)
{
	char path[GUEST_PATH_MAX + 32];
	_cleanup_(closep) int log = -1, boot = -1;
	int r;

	snprintf(path, sizeof(path), "%s/" GUEST_LOG, folder);
	log = open(path, FOLDER);
	boot = log < 0 ? -errno : open_boot(log, boots_ago);
	r = boot < 0 ? boot : open_file(boot, QEMU_COPY);
	if (r < 0)
		return fail_open(r, boots_ago, path, err);
	*ret = (struct log_parts){.n = 1, .fd = {r}};
	return 0;
}
