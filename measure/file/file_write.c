// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

/* Where the new file stands until it is whole: a name of its own in the destination's directory. */
struct temporary {
	int directory; /* -1: none */
	bool borrowed; /* from the one before, whose destination has the same directory */
	char name[64]; /* "": nothing to unlink */
};

static void temporary_discard(struct temporary *t)
{
	if (t->name[0] != '\0')
		unlinkat(t->directory, t->name, 0);
	if (t->directory >= 0 && !t->borrowed)
		close(t->directory);
}

/* A descriptor of the new file. */
static int temporary_open(const char *folder, mode_t mode, struct temporary *t)
{
	uint64_t random;
	int fd;

	if (!t->borrowed)
		t->directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->directory < 0)
		return -errno;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(t->name, sizeof(t->name), ".snp-%016jx.tmp", (uintmax_t)random);
	fd = openat(t->directory, t->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    mode);
	if (fd < 0) {
		t->name[0] = '\0';
		return -errno;
	}
	return fd;
}

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void signals_hold(sigset_t *ret_before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&set, ending[i]);
	pthread_sigmask(SIG_BLOCK, &set, ret_before);
}

int interrupted_by(int signal, struct snp_error *err)
{
	return fail_with(err, SNP_E_INTERRUPTED, SNP_NO_OFFSET, "interrupted by %s",
			 signal == SIGINT    ? "Ctrl-C"
			 : signal == SIGHUP  ? "a closed terminal"
			 : signal == SIGQUIT ? "SIGQUIT"
					     : "SIGTERM");
}

int signals_check(struct snp_error *err)
{
	struct sigaction action;
	sigset_t set;

	if (sigpending(&set) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		/* One that is ignored (nohup) ends nothing, and yet waits while it is blocked. */
		if (sigismember(&set, ending[i]) && sigaction(ending[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			return interrupted_by(ending[i], err);
	return 0;
}

void signals_release(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int write_all(int fd, struct snp_span bytes)
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

static int temporary_write(const char *folder, struct snp_span bytes, mode_t mode,
			   struct temporary *t)
{
	int fd = temporary_open(folder, mode, t), r;

	if (fd < 0)
		return fd;
	r = write_all(fd, bytes);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	/* close() reports what an NFS server or a quota refused late. */
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* The folder that `path` lies in, and its name there; a folder of that name could not be replaced. */
static int stage(const struct output *output, mode_t mode, struct temporary *t)
{
	const char *slash = strrchr(output->path, '/'), *name = slash ? slash + 1 : output->path;
	char folder[PATH_MAX];
	struct stat st;
	int r;

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else if ((size_t)(slash - output->path) + 2 > sizeof(folder))
		return -ENAMETOOLONG;
	else
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - output->path) + 1,
			 output->path);
	r = temporary_write(folder, output->bytes, mode, t);
	if (r == 0 &&
	    (name[0] == '\0' ||
	     (fstatat(t->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))))
		return -EISDIR;
	return r;
}

static int publish(const char *path, struct temporary *t, bool replace)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

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

static int explain(const char *path, int status, bool replace, struct snp_error *err)
{
	if (status == -EEXIST || (status == -EISDIR && !replace))
		status = fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET, "already exists");
	else if (status < 0)
		status = fail_errno(err, SNP_E_WRITE, -status, "cannot write");
	return in_file(err, status, path);
}

static bool share_folder(const char *a, const char *b)
{
	const char *slash = strrchr(a, '/');
	size_t n = slash ? (size_t)(slash - a) + 1 : 0;

	return strncmp(a, b, n) == 0 && !strchr(b + n, '/');
}

int files_write(const struct output outputs[], size_t n, mode_t mode, bool replace,
		struct snp_error *err)
{
	_cleanup_(freep) struct temporary *temporaries = calloc(n, sizeof(*temporaries));
	size_t staged = 0;
	sigset_t before;
	int r = 0;

	if (!temporaries && n > 0)
		return out_of_memory(err);
	signals_hold(&before);
	for (; r == 0 && staged < n; staged++) {
		bool borrowed =
			staged > 0 && share_folder(outputs[staged - 1].path, outputs[staged].path);

		temporaries[staged] = (struct temporary){
			.directory = borrowed ? temporaries[staged - 1].directory : -1,
			.borrowed = borrowed};
		r = explain(outputs[staged].path,
			    stage(&outputs[staged], mode, &temporaries[staged]), replace, err);
	}
	if (r == 0 && n > 0)
		r = signals_check(err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = explain(outputs[i].path, publish(outputs[i].path, &temporaries[i], replace),
			    replace, err);
	/* From the end: what was borrowed is given back before it is closed. */
	while (staged > 0)
		temporary_discard(&temporaries[--staged]);
	signals_release(&before);
	return r;
}

int file_write(const char *path, struct snp_span bytes, mode_t mode, bool replace,
	       struct snp_error *err)
{
	const struct output output = {path, bytes};

	return files_write(&output, 1, mode, replace, err);
}
