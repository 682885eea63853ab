// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>

void file_close(struct file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* Filesystems stamp by a clock that moves on every 1 to 10 ms. A file written within the running tick could
 * be written again and bear the same times, so its reader lets the tick end first. A stamp that stays ahead
 * is another machine's. */
#define TICKS_MS 20

static int stat_settled(int fd, struct stat *ret)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct timespec now;

	for (unsigned int ms = 0; ms < TICKS_MS; ms++) {
		/* The clock first: no later write is then stamped before `now`. */
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (fstat(fd, ret) < 0)
			return -1;
		if (now.tv_sec > ret->st_ctim.tv_sec ||
		    (now.tv_sec == ret->st_ctim.tv_sec && now.tv_nsec > ret->st_ctim.tv_nsec))
			return 0;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int file_open(const char *path, uint64_t cap, struct file *ret, struct snp_error *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r = 0;

	if (fd < 0 || stat_settled(fd, &st) < 0)
		r = fail_errno(err, SNP_E_OPEN, errno, "cannot open");
	else if (!S_ISREG(st.st_mode))
		r = fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET,
			      "not a regular file; pipes and devices cannot be read twice");
	else if ((uint64_t)st.st_size > cap)
		r = fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
			      "size is %jd bytes; must be at most %" PRIu64, (intmax_t)st.st_size,
			      cap);
	if (r < 0)
		return in_file(err, r, path);
	*ret = (struct file){.fd = TAKE_FD(fd), .size = (uint64_t)st.st_size, .stat = st};
	return 0;
}

int file_unchanged(const struct file *file, struct snp_error *err)
{
	const struct stat *then = &file->stat;
	struct stat now;
	char more;

	if (fstat(file->fd, &now) < 0)
		return fail_errno(err, SNP_E_READ, errno, "cannot read");
	if (now.st_size != then->st_size || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != then->st_mtim.tv_nsec ||
	    now.st_ctim.tv_sec != then->st_ctim.tv_sec ||
	    now.st_ctim.tv_nsec != then->st_ctim.tv_nsec)
		return fail_with(err, SNP_E_CHANGED, SNP_NO_OFFSET,
				 "changed while it was read; wait until it is written completely");
	/* As files of /proc, which the kernel writes while they are read. */
	if (pread(file->fd, &more, 1, (off_t)file->size) > 0)
		return fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET,
				 "has more bytes than its size of %" PRIu64 "; use a regular file",
				 file->size);
	return 0;
}

int file_read_piece(const struct file *file, uint64_t offset, uint8_t *buffer, size_t size,
		    struct snp_error *err)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(file->fd, buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, SNP_E_READ, errno, "cannot read");
		if (n == 0)
			return fail_with(err, SNP_E_CHANGED, SNP_NO_OFFSET,
					 "became shorter while it was read");
		done += (size_t)n;
	}
	return 0;
}

/* Reading into fresh memory costs a page fault per 4 KiB, and those cost several times the reading. Both
 * hints may be refused, by old kernels or by the system's settings, and nothing is lost then. */
static uint8_t *allocate(size_t size)
{
	const size_t huge = 2u << 20;
	uint8_t *bytes;

	if (size < huge)
		return malloc(size);
	bytes = aligned_alloc(huge, (size + huge - 1) / huge * huge);
	if (!bytes)
		return NULL;
	(void)madvise(bytes, size / huge * huge, MADV_HUGEPAGE);
	(void)madvise(bytes, size, MADV_POPULATE_WRITE);
	return bytes;
}

int file_read(const char *path, uint64_t cap, uint8_t **ret, size_t *ret_size,
	      struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	_cleanup_(freep) uint8_t *bytes = NULL;
	int r;

	r = file_open(path, cap, &file, err);
	if (r < 0)
		return r;
	bytes = allocate((size_t)file.size + 1);
	if (!bytes)
		r = out_of_memory(err);
	else
		r = file_read_piece(&file, 0, bytes, (size_t)file.size, err);
	if (r == 0)
		r = file_unchanged(&file, err);
	if (r < 0)
		return in_file(err, r, path);
	bytes[file.size] = '\0';
	*ret_size = (size_t)file.size;
	*ret = TAKE_PTR(bytes);
	return 0;
}

int file_read_input(const char *path, uint64_t cap, uint8_t **ret, size_t *ret_size,
		    struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size = 0;
	ssize_t n = 1;

	if (strcmp(path, "-") != 0)
		return file_read(path, cap, ret, ret_size, err);
	bytes = malloc((size_t)cap + 2);
	if (!bytes)
		return out_of_memory(err);
	while (size <= cap && n != 0) {
		n = read(STDIN_FILENO, bytes + size, (size_t)cap + 1 - size);
		if (n < 0 && errno != EINTR)
			return in_file(err, fail_errno(err, SNP_E_READ, errno, "cannot read"),
				       path);
		size += n > 0 ? (size_t)n : 0;
	}
	if (size > cap)
		return in_file(err,
			       fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
					 "has more than %" PRIu64 " bytes", cap),
			       path);
	bytes[size] = '\0';
	*ret_size = size;
	*ret = TAKE_PTR(bytes);
	return 0;
}

int file_value(const char *path, const char *what, uint8_t *ret, size_t size, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t n;
	int r = file_read(path, SNP_MAX_SMALL, &bytes, &n, err);

	if (r < 0)
		return r;
	if (n == size) {
		memcpy(ret, bytes, size);
		return 0;
	}
	while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
		bytes[--n] = '\0';
	if (strlen((const char *)bytes) == n)
		r = bytes_decode((const char *)bytes, what, ret, size, err);
	else
		r = fail_with(err, SNP_E_BAD_HEX, SNP_NO_OFFSET,
			      "%s: must be %zu bytes, or their hex or base64", what, size);
	return in_file(err, r, path);
}
