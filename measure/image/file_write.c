// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <snp/cleanup.h>
#include <snp/file.h>

/* Where the new file stands until it is whole: a name of its own in the destination's directory. */
struct temporary {
	int directory; /* -1: none */
	int fd;	       /* -1: none */
	char name[64]; /* "": nothing to unlink */
};

static void temporary_discard(struct temporary *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->name[0] != '\0')
		unlinkat(t->directory, t->name, 0);
	if (t->directory >= 0)
		close(t->directory);
}

static int temporary_open(const char *folder, mode_t mode, struct temporary *t)
{
	uint64_t random;

	t->directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->directory < 0)
		return -errno;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(t->name, sizeof(t->name), ".snp-%016jx.tmp", (uintmax_t)random);
	t->fd = openat(t->directory, t->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       mode);
	if (t->fd < 0) {
		t->name[0] = '\0';
		return -errno;
	}
	return 0;
}

static int write_all(int fd, struct snp_span bytes)
{
	while (bytes.size > 0) {
		ssize_t n = write(fd, bytes.data, bytes.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes.data += n;
		bytes.size -= (size_t)n;
	}
	return 0;
}

static int temporary_publish(struct temporary *t, const char *name, bool replace)
{
	int fd = TAKE_FD(t->fd);

	/* close() reports what an NFS server or a quota refused late. */
	if (fsync(fd) < 0) {
		int saved = errno;

		close(fd);
		return -saved;
	}
	if (close(fd) < 0)
		return -errno;
	if (renameat2(t->directory, t->name, t->directory, name, replace ? 0 : RENAME_NOREPLACE) <
	    0)
		return -errno;
	t->name[0] = '\0';
	/* The file is there, whole; that its directory entry outlives a power cut cannot be had from
	 * file systems without fsync() on directories. */
	if (fsync(t->directory) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

int snp_file_write(const char *path, struct snp_span bytes, mode_t mode, bool replace,
		   struct snp_error *err)
{
	_cleanup_(temporary_discard) struct temporary t = {.directory = -1, .fd = -1};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[PATH_MAX];
	int r;

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else if ((size_t)(slash - path) + 2 > sizeof(folder))
		return snp_in_file(
			err, snp_fail_errno(err, SNP_E_WRITE, ENAMETOOLONG, "cannot write"), path);
	else
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	r = temporary_open(folder, mode, &t);
	if (r == 0)
		r = write_all(t.fd, bytes);
	if (r == 0)
		r = temporary_publish(&t, name, replace);
	if (r == -EEXIST)
		r = snp_fail(err, SNP_E_EXISTS, SNP_NO_OFFSET, "is there already");
	else if (r < 0)
		r = snp_fail_errno(err, SNP_E_WRITE, -r, "cannot write");
	return snp_in_file(err, r, path);
}
