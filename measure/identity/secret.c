// SPDX-License-Identifier: Apache-2.0
/* Reading private keys and passphrases. */
#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/fail.h>
#include <snp/key_guard.h>

void secret_free(struct secret *secret)
{
	OPENSSL_secure_clear_free(secret->data, secret->capacity);
	*secret = (struct secret){0};
}

static int read_to_end(int fd, struct secret *ret, struct snp_error *err)
{
	_cleanup_(secret_free) struct secret secret = {.capacity = SECRET_MAX + 1};

	secret.data = OPENSSL_secure_malloc(secret.capacity);
	if (!secret.data)
		return out_of_memory(err);
	while (secret.size < secret.capacity) {
		ssize_t n = read(fd, secret.data + secret.size, secret.capacity - secret.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, SNP_E_READ, errno, "cannot read");
		if (n == 0)
			break;
		secret.size += (size_t)n;
	}
	if (secret.size > SECRET_MAX)
		return fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
				 "over %u bytes, too large for a key or passphrase", SECRET_MAX);
	*ret = secret;
	secret.data = NULL;
	return 0;
}

/* Check who could have put the file there, and who can read it. */
static int check_safe(const struct stat *folder, const struct stat *file, struct snp_error *err)
{
	const char *trouble = NULL;

	if (!S_ISREG(file->st_mode))
		return fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET, "not a regular file");
	if (file->st_mode & (S_IRWXG | S_IRWXO))
		return fail_with(err, SNP_E_UNSAFE_KEY, SNP_NO_OFFSET,
				 "mode %04o gives access to others; run chmod 600",
				 file->st_mode & 07777);
	if (file->st_uid != geteuid() && file->st_uid != 0)
		trouble = "belongs to another user";
	else if ((folder->st_mode & S_IWOTH) && !(folder->st_mode & S_ISVTX))
		trouble = "is in a directory where anyone can replace it";
	if (trouble)
		return fail_with(err, SNP_E_UNSAFE_KEY, SNP_NO_OFFSET, "%s", trouble);
	return 0;
}

static int open_safe(const char *path, int *ret, struct snp_error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_(closep) int folder = -1, fd = -1;
	struct stat folder_stat, file_stat;
	char folder_path[PATH_MAX];
	int r;

	if (slash && (size_t)(slash - path) + 2 > sizeof(folder_path))
		return fail_errno(err, SNP_E_OPEN, ENAMETOOLONG, "cannot open");
	snprintf(folder_path, sizeof(folder_path), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return fail_errno(err, SNP_E_OPEN, errno, "cannot open its directory");
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ELOOP)
		return fail_with(err, SNP_E_UNSAFE_KEY, SNP_NO_OFFSET,
				 "is a symbolic link; give the file it points to");
	if (fd < 0)
		return fail_errno(err, SNP_E_OPEN, errno, "cannot open");
	if (fstat(folder, &folder_stat) < 0 || fstat(fd, &file_stat) < 0)
		return fail_errno(err, SNP_E_OPEN, errno, "cannot open");
	r = check_safe(&folder_stat, &file_stat, err);
	if (r < 0)
		return r;
	*ret = TAKE_FD(fd);
	return 0;
}

/* The N of "fd:N", 0 of "-", or -1. */
static int descriptor(const char *source)
{
	char *end;
	long n;

	if (strcmp(source, "-") == 0)
		return STDIN_FILENO;
	if (strncmp(source, "fd:", 3) != 0 || source[3] < '0' || source[3] > '9')
		return -1;
	n = strtol(source + 3, &end, 10);
	return *end == '\0' && n <= INT_MAX ? (int)n : -1;
}

int secret_read(const char *source, struct secret *ret, struct snp_error *err)
{
	_cleanup_(closep) int owned = -1;
	int fd = descriptor(source), r = 0;

	if (fd < 0 && strncmp(source, "fd:", 3) == 0)
		r = fail_with(err, SNP_E_OPEN, SNP_NO_OFFSET,
			      "not a file descriptor; write it like fd:3");
	else if (fd < 0)
		r = open_safe(source, &owned, err);
	if (r == 0)
		r = read_to_end(fd < 0 ? owned : fd, ret, err);
	return in_file(err, r, source);
}

int passphrase_read(const char *source, char *ret, size_t size, struct snp_error *err)
{
	_cleanup_(secret_free) struct secret secret = {0};
	const char *end;
	size_t length;
	int r;

	r = secret_read(source, &secret, err);
	if (r < 0)
		return r;
	end = secret.size ? memchr(secret.data, '\n', secret.size) : NULL;
	length = end ? (size_t)(end - (const char *)secret.data) : secret.size;
	if (length == 0 || length > size)
		return in_file(err,
			       fail_with(err, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
					 "the first line must have 1 to %zu bytes", size),
			       source);
	memcpy(ret, secret.data, length);
	return (int)length;
}

int asker_answer(char *ret, int size, int encrypting, void *arg)
{
	struct asker *asker = arg;

	(void)encrypting;
	if (!asker->asked) {
		asker->asked = true;
		asker->length = asker->ask
					? asker->ask(asker->arg, asker->what, asker->text,
						     sizeof(asker->text), &asker->error)
					: fail_with(&asker->error, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
						    "is encrypted; give its passphrase");
	}
	if (asker->length < 0 || asker->length > size)
		return -1;
	memcpy(ret, asker->text, (size_t)asker->length);
	return asker->length;
}

int asker_failure(const struct asker *asker, struct snp_error *err)
{
	if (!asker->asked)
		return 0;
	if (asker->length < 0) {
		if (err)
			*err = asker->error;
		return asker->length;
	}
	return fail_with(err, SNP_E_PASSPHRASE, SNP_NO_OFFSET,
			 "cannot be decrypted with this passphrase");
}
