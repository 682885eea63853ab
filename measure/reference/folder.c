// SPDX-License-Identifier: Apache-2.0
#include "reference/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <threads.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/json_out.h>
#include <snp/memory.h>
#include <snp/threads.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void keep_name(void *name)
{
	(void)name;
}

void folder_done(struct folder *folder)
{
	tdestroy(folder->names, keep_name);
	for (size_t i = 0; i < folder->n_files; i++) {
		free(folder->files[i].name);
		free(folder->files[i].data);
	}
	free(folder->files);
	*folder = (struct folder){0};
}

void folder_cut(struct folder *folder, size_t n)
{
	while (folder->n_files > n) {
		struct folder_file *file = &folder->files[--folder->n_files];

		tdelete(file->name, &folder->names, by_name);
		free(file->name);
		free(file->data);
	}
}

const struct folder_file *folder_find(const struct folder *folder, const char *name)
{
	for (; folder; folder = folder->beside)
		for (size_t i = 0; i < folder->n_files; i++)
			if (strcmp(folder->files[i].name, name) == 0)
				return &folder->files[i];
	return NULL;
}

bool folder_has(const struct folder *folder, const char *name)
{
	return tfind(name, &folder->names, by_name) != NULL;
}

/* `file` is taken also where this fails. */
static int add_file(struct folder *folder, struct folder_file file, struct snp_error *err)
{
	char *const *known;
	int r = -1;

	if (!file.name || !grow(&folder->files, folder->n_files, sizeof(*folder->files)) ||
	    !(known = tsearch(file.name, &folder->names, by_name)))
		r = out_of_memory(err);
	/* Images, profiles and models make file names. Two that differ only in case would be one file on
	 * some systems; that is left to those who name images so. */
	else if (*known != file.name)
		r = fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
			      "two files have the name '%s'; rename the images", file.name);
	else
		r = 0;
	if (r == 0) {
		folder->files[folder->n_files++] = file;
	} else {
		free(file.name);
		free(file.data);
	}
	return r;
}

int folder_add(struct folder *folder, const char *name, void *data, size_t size,
	       struct snp_error *err)
{
	return add_file(folder, (struct folder_file){strdup(name), data, size}, err);
}

int folder_take(struct folder *folder, struct folder *other, struct snp_error *err)
{
	int r = 0;

	for (size_t i = 0; i < other->n_files && r == 0; i++) {
		r = add_file(folder, other->files[i], err);
		other->files[i] = (struct folder_file){0};
	}
	/* Its names belong to the files. */
	tdestroy(other->names, keep_name);
	other->names = NULL;
	folder_done(other);
	return r;
}

int folder_add_json(struct folder *folder, const char *name, struct json_out *out,
		    struct snp_error *err)
{
	char *text;
	int r = json_out_print(out, &text, err);

	json_out_done(out);
	return r < 0 ? r : folder_add(folder, name, text, strlen(text), err);
}

bool folder_has_link(const char *path, const char *name)
{
	_cleanup_(freep) char *file = format_text("%s/%s", path, name);
	char *slash = file ? strrchr(file, '/') : NULL;
	struct stat st;

	if (!file || (lstat(file, &st) == 0 && S_ISLNK(st.st_mode)))
		return true;
	*slash = '\0';
	return strchr(name, '/') && lstat(file, &st) == 0 && S_ISLNK(st.st_mode);
}

int folder_read(const char *path, const char *name, uint8_t **ret, size_t *ret_size,
		struct snp_error *err)
{
	_cleanup_(freep) char *file = format_text("%s/%s", path, name);

	if (!file)
		return out_of_memory(err);
	if (folder_has_link(path, name))
		return in_file(err,
			       fail_with(err, SNP_E_NOT_REGULAR, SNP_NO_OFFSET,
					 "is or lies behind a symbolic link"),
			       file);
	return file_read(file, SNP_MAX_DOCUMENT, ret, ret_size, err);
}

bool folder_lacks(const char *path, const char *name)
{
	_cleanup_(freep) char *file = format_text("%s/%s", path, name);
	struct stat st;

	return file && lstat(file, &st) < 0 && errno == ENOENT;
}

/* `prefix` is the folder's own name with "/", or "" for the outermost, the one whose folders are entered. */
struct walk {
	folder_visit visit;
	void *arg;
	const char *prefix;
};

static int walk_entry(void *arg, const char *path, const char *entry, struct snp_error *err)
{
	const struct walk *w = arg;
	struct stat st;
	bool is_folder = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
	_cleanup_(freep) char *name = format_text("%s%s%s", w->prefix, entry, is_folder ? "/" : "");
	struct walk inner = {w->visit, w->arg, name};
	int r = name ? w->visit(w->arg, name, err) : out_of_memory(err);

	return r < 0 || !is_folder || w->prefix[0] != '\0'
		       ? r
		       : each_entry(path, walk_entry, &inner, err);
}

int folder_each(const char *path, folder_visit visit, void *arg, struct snp_error *err)
{
	struct walk w = {visit, arg, ""};

	return each_entry(path, walk_entry, &w, err);
}

struct staging {
	int parent;    /* -1: none */
	char name[64]; /* "": nothing to remove */
};

static void staging_discard(struct staging *s)
{
	if (s->name[0] != '\0')
		(void)remove_tree(s->parent, s->name);
	if (s->parent >= 0)
		close(s->parent);
}

static int staging_make(const char *folder, struct staging *s)
{
	uint64_t random;

	s->parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->parent < 0 || getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(s->name, sizeof(s->name), ".snp-%016jx.tmp", (uintmax_t)random);
	if (mkdirat(s->parent, s->name, 0755) < 0) {
		s->name[0] = '\0';
		return -errno;
	}
	return 0;
}

/* Make the folder that a file lies in, unless the file before it lies there too. */
static int make_inner(int folder, const char *name, const char *before, struct snp_error *err)
{
	size_t n = strcspn(name, "/");
	_cleanup_(freep) char *inner = NULL;

	if (name[n] == '\0' || strncmp(name, before, n + 1) == 0)
		return 0;
	inner = strndup(name, n);
	if (!inner)
		return out_of_memory(err);
	if (mkdirat(folder, inner, 0755) < 0 && errno != EEXIST)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot make %s", inner);
	return 0;
}

static int write_file(int folder, const struct folder_file *file, struct snp_error *err)
{
	_cleanup_(closep) int fd = openat(
		folder, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || write_all(fd, (struct snp_span){file->data, file->size}) < 0 ||
	    close(TAKE_FD(fd)) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot write %s", file->name);
	return 0;
}

/* Many small files take longer to make than to fill, so all cores make them. */
struct writing {
	const struct folder *folder;
	int fd;
	atomic_size_t next;
	atomic_bool failed;
	mtx_t lock;
	struct snp_error *error; /* of the first that failed */
};

/* So many files at a time, before a thread looks for a signal and for what others have left. */
#define FILES_AT_ONCE 32

static int write_some(struct writing *w, size_t first, struct snp_error *err)
{
	const size_t n = w->folder->n_files,
		     end = first + FILES_AT_ONCE < n ? first + FILES_AT_ONCE : n;
	int r = signals_check(err);

	for (; first < end && r == 0; first++)
		r = write_file(w->fd, &w->folder->files[first], err);
	return r;
}

static int write_pieces(void *arg)
{
	struct writing *w = arg;

	for (size_t first;
	     !atomic_load(&w->failed) &&
	     (first = atomic_fetch_add(&w->next, FILES_AT_ONCE)) < w->folder->n_files;) {
		struct snp_error why = {0};

		if (write_some(w, first, &why) == 0)
			continue;
		mtx_lock(&w->lock);
		if (!atomic_exchange(&w->failed, true) && w->error)
			*w->error = why;
		mtx_unlock(&w->lock);
	}
	return 0;
}

/* All files, and then one syncfs() for all of them: a matrix has thousands. */
static int write_files(const struct folder *folder, const struct staging *s, struct snp_error *err)
{
	_cleanup_(closep) int fd =
		openat(s->parent, s->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct snp_error why = {0};
	struct writing w = {.folder = folder, .fd = fd, .error = &why};

	if (fd < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot open the new folder");
	for (size_t i = 0; i < folder->n_files; i++) {
		const char *before = i > 0 ? folder->files[i - 1].name : "";
		int r = make_inner(fd, folder->files[i].name, before, err);

		if (r < 0)
			return r;
	}
	if (mtx_init(&w.lock, mtx_plain) != thrd_success)
		return out_of_memory(err);
	threads_run(folder->n_files > 8 * FILES_AT_ONCE ? threads_usable() : 1, write_pieces, &w);
	mtx_destroy(&w.lock);
	if (atomic_load(&w.failed)) {
		if (err)
			*err = why;
		return -(int)why.code;
	}
	if (syncfs(fd) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot write the new folder");
	return 0;
}

/* See whether something exists at the folder's place, and whether it may be replaced. */
static int look(const struct staging *s, const char *path, const char *name,
		folder_replaceable replaceable, void *arg, bool *ret_there, struct snp_error *err)
{
	struct stat st;
	int r;

	if (fstatat(s->parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		*ret_there = false;
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return fail_with(err, SNP_E_EXISTS, SNP_NO_OFFSET,
				 "already exists and is not a folder; use a new name");
	r = replaceable(arg, path, err);
	if (r < 0)
		return r;
	*ret_there = true;
	return 0;
}

/* Put the staged folder in its place; after an exchange the old one has the staging's name and is
 * removed with it. */
static int publish(struct staging *s, const char *name, bool there, struct snp_error *err)
{
	unsigned int flags = there ? RENAME_EXCHANGE : RENAME_NOREPLACE;

	if (renameat2(s->parent, s->name, s->parent, name, flags) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot %s",
				  there ? "exchange the folder" : "rename the folder to it");
	if (!there)
		s->name[0] = '\0';
	/* Its entry then survives a power cut, if the file system can do that for folders. */
	if (fsync(s->parent) < 0 && errno != EINVAL)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot write its entry");
	return 0;
}

/* The folder that `path` lies in and its last component, trailing slashes left out. */
static int split(const char *path, char parent[static PATH_MAX], char name[static NAME_MAX + 1])
{
	size_t n = strlen(path), slash;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (slash = n; slash > 0 && path[slash - 1] != '/'; slash--)
		;
	if (n == slash || n - slash > NAME_MAX || slash + 2 > PATH_MAX)
		return -1;
	snprintf(name, NAME_MAX + 1, "%.*s", (int)(n - slash), path + slash);
	snprintf(parent, PATH_MAX, "%.*s", (int)slash, slash ? path : ".");
	if (slash == 0)
		snprintf(parent, PATH_MAX, ".");
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? -1 : 0;
}

static int stage_and_publish(const struct folder *folder, const char *path,
			     folder_replaceable replaceable, void *arg, struct snp_error *err)
{
	_cleanup_(staging_discard) struct staging staging = {.parent = -1};
	char parent[PATH_MAX], name[NAME_MAX + 1];
	bool there;
	int r;

	if (split(path, parent, name) < 0)
		return in_file(
			err,
			fail_with(err, SNP_E_WRITE, SNP_NO_OFFSET,
				  "not a name for a new folder; use one such as ./published"),
			path);
	r = staging_make(parent, &staging);
	if (r < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot write beside it"),
			       path);
	r = look(&staging, path, name, replaceable, arg, &there, err);
	if (r == 0)
		r = write_files(folder, &staging, err);
	if (r == 0)
		r = publish(&staging, name, there, err);
	return in_file(err, r, path);
}

int folder_write(const struct folder *folder, const char *path, folder_replaceable replaceable,
		 void *arg, struct snp_error *err)
{
	sigset_t before;
	int r;

	signals_hold(&before);
	r = stage_and_publish(folder, path, replaceable, arg, err);
	signals_release(&before);
	return r;
}
