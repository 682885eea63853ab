// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/kernel.h>

#include <string.h>
#include <sys/stat.h>
#include <threads.h>

#include <snp/boot_job.h>
#include <snp/cleanup.h>
#include <snp/sha.h>
#include <snp/sized.h>

/* One file, in a thread of its own. */
struct boot_file {
	const char *path;
	bool is_kernel;
	snp_progress progress;
	void *progress_arg;

	struct hash *hash;
	struct snp_bzimage kernel; /* once the first piece was seen */
	uint64_t size, done;
	uint8_t sha256[SNP_SHA256_SIZE];
	int status;
	struct snp_error err;
	thrd_t thread;
	bool started;
};

struct snp_boot_job {
	struct boot_file kernel, initrd;
};

static int take_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct boot_file *file = arg;
	struct snp_span head = piece;
	int r;

	if (file->is_kernel && file->done == 0) {
		(void)snp_span_sub(piece, 0, SNP_KERNEL_HEADER, &head);
		r = snp_bzimage_parse(head, file->size, &file->kernel, err);
		if (r < 0)
			return r;
	}
	file->done += piece.size;
	return hash_update(file->hash, piece, err);
}

static int read_file(struct boot_file *file, struct snp_error *err)
{
	_cleanup_(file_close) struct file opened = {.fd = -1};
	int r;

	r = file_open(file->path, file->is_kernel ? SNP_MAX_KERNEL : SNP_MAX_INITRD, &opened, err);
	if (r < 0)
		return r;
	file->size = opened.size;
	if (file->size == 0 && file->is_kernel)
		return fail_with(err, SNP_E_EMPTY_FILE, SNP_NO_OFFSET,
				 "file is empty; must be a kernel");
	r = hash_new(SNP_SHA256, &file->hash, err);
	if (r < 0)
		return r;
	r = file_stream(&opened, take_piece, file, file->progress, file->progress_arg, err);
	if (r < 0)
		return r;
	return hash_final(file->hash, file->sha256, err);
}

static int run(void *arg)
{
	struct boot_file *file = arg;

	file->status = in_file(&file->err, read_file(file, &file->err), file->path);
	hash_free(file->hash);
	return 0;
}

static void start(struct boot_file *file)
{
	if (!file->path)
		return;
	file->started = thrd_create(&file->thread, run, file) == thrd_success;
	if (!file->started)
		run(file);
}

static void wait_for(struct boot_file *file)
{
	if (file->started)
		thrd_join(file->thread, NULL);
	file->started = false;
}

/* The size of a file that may be changing; the hashed bytes are checked against the file's own size. */
static uint64_t size_now(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void boot_wait_smaller(struct snp_boot_job *job)
{
	struct boot_file *kernel = &job->kernel, *initrd = &job->initrd;

	if (kernel->path && initrd->path)
		wait_for(size_now(kernel->path) < size_now(initrd->path) ? kernel : initrd);
}

int snp_boot_start(const struct snp_boot_request *request, struct snp_boot_job **ret,
		   struct snp_error *err)
{
	struct snp_boot_request q;
	struct snp_boot_job *job;
	struct boot_file *slow;
	int r = SIZED_TAKE(request, snp_boot_request, progress_arg, &q, err);

	if (r < 0)
		return r;
	job = calloc(1, sizeof(*job));
	if (!job)
		return out_of_memory(err);
	job->kernel.path = q.kernel;
	job->kernel.is_kernel = true;
	job->initrd.path = q.initrd;
	slow = q.initrd ? &job->initrd : &job->kernel;
	slow->progress = q.progress;
	slow->progress_arg = q.progress_arg;
	start(&job->initrd);
	start(&job->kernel);
	*ret = job;
	return 0;
}

static int collect(const struct snp_boot_job *job, struct snp_boot *ret, struct snp_error *err)
{
	const struct boot_file *kernel = &job->kernel, *initrd = &job->initrd;
	const struct boot_file *failed = kernel->status < 0 ? kernel : initrd;
	struct snp_boot boot = {.kernel = kernel->kernel, .initrd_size = initrd->size};

	if (failed->status < 0) {
		if (err)
			*err = failed->err;
		return failed->status;
	}
	if (kernel->path && initrd->path) {
		int r = snp_bzimage_check_initrd(&kernel->kernel, initrd->size, err);

		if (r < 0)
			return in_file(err, r, initrd->path);
	}
	memcpy(boot.kernel_sha256, kernel->sha256, SNP_SHA256_SIZE);
	memcpy(boot.initrd_sha256, initrd->path ? initrd->sha256 : sha256_of_nothing,
	       SNP_SHA256_SIZE);
	*ret = boot;
	return 0;
}

int snp_boot_finish(struct snp_boot_job *job, struct snp_boot *ret, struct snp_error *err)
{
	int r;

	wait_for(&job->kernel);
	wait_for(&job->initrd);
	r = collect(job, ret, err);
	free(job);
	return r;
}
