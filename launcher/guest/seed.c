// SPDX-License-Identifier: Apache-2.0
#include "guest/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/memory.h>
#include <snp/sha.h>

/* In the guest's folder while the image is made; then it keeps the old one. */
#define FRESH	   ".cloud-init"
#define FRESH_SEED FRESH "/" GUEST_SEED
#define PLACE_MAX  (GUEST_PATH_MAX + sizeof("/" FRESH "/network-config"))

/* cloud-init's names of the files. */
enum part {
	SEED_USER_DATA,
	SEED_META_DATA,
	SEED_NETWORK_CONFIG,
	SEED_PARTS
};

static const char *const part_names[SEED_PARTS] = {"user-data", "meta-data", "network-config"};

struct contents {
	struct {
		uint8_t *data; /* NULL: no such file */
		size_t size;
	} part[SEED_PARTS];
	char digest[2 * SNP_SHA256_SIZE + 1]; /* of all of them */
};

static void contents_done(struct contents *contents)
{
	for (size_t i = 0; i < SEED_PARTS; i++)
		free(contents->part[i].data);
}

static int hash(struct contents *contents, struct snp_error *err)
{
	uint8_t parts[SEED_PARTS][1 + SNP_SHA256_SIZE] = {{0}}, whole[SNP_SHA256_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < SEED_PARTS; i++) {
		parts[i][0] = contents->part[i].data != NULL;
		r = sha256_of((struct snp_span){contents->part[i].data, contents->part[i].size},
			      parts[i] + 1, err);
	}
	if (r == 0)
		r = sha256_of((struct snp_span){parts[0], sizeof(parts)}, whole, err);
	if (r == 0)
		hex_encode(whole, sizeof(whole), contents->digest);
	return r;
}

static int read_contents(const struct vm_config *config, const char *uuid, struct contents *ret,
			 struct snp_error *err)
{
	const char *const paths[SEED_PARTS] = {config->cloud_init.user_data,
					       config->cloud_init.meta_data,
					       config->cloud_init.network_config};
	char *made;
	int r = 0;

	for (size_t i = 0; r == 0 && i < SEED_PARTS; i++)
		if (paths[i])
			r = file_read(paths[i], SNP_MAX_CONFIG, &ret->part[i].data,
				      &ret->part[i].size, err);
	if (r == 0 && !paths[SEED_META_DATA]) {
		made = format_text("instance-id: %s\nlocal-hostname: %s\n", uuid, config->name);
		if (!made)
			return out_of_memory(err);
		ret->part[SEED_META_DATA].data = (uint8_t *)made;
		ret->part[SEED_META_DATA].size = strlen(made);
	}
	return r < 0 ? r : hash(ret, err);
}

/* ECMA-119, 8.4: the primary volume descriptor is in sector 16, and the volume set identifier, 128 bytes, at 190. */
static bool is_made_of(const char *folder, const char *digest)
{
	char path[PLACE_MAX], set[2 * SNP_SHA256_SIZE];
	_cleanup_(closep) int fd = open(path_join(folder, GUEST_SEED, path, sizeof(path)),
					O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && pread(fd, set, sizeof(set), 16 * 2048 + 190) == sizeof(set) &&
	       strncasecmp(set, digest, sizeof(set)) == 0;
}

int seed_differs(const struct vm_config *config, const char *uuid, const char *folder, bool *ret,
		 struct snp_error *err)
{
	_cleanup_(contents_done) struct contents contents = {0};
	char image[PLACE_MAX];
	int r;

	path_join(folder, GUEST_SEED, image, sizeof(image));
	*ret = false;
	/* Whoever cannot read the image cannot tell. */
	if (!config->cloud_init.user_data || (access(image, R_OK) < 0 && errno == EACCES))
		return 0;
	r = read_contents(config, uuid, &contents, err);
	*ret = r == 0 && !is_made_of(folder, contents.digest);
	return r;
}

/* Run it and wait; what it says is shown only if it fails. */
static int run_xorriso(char *const argv[], struct snp_error *err)
{
	posix_spawn_file_actions_t actions;
	int status = 0, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
						     0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
						     0);
	if (r == 0)
		r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r == ENOENT)
		return fail_with(err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
				 "xorriso is not installed; it makes the disk for cloud-init");
	if (r != 0)
		return fail_errno(err, SNP_E_SYSTEM, r, "cannot run xorriso");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fail_with(err, SNP_E_WRITE, SNP_NO_OFFSET,
			 "xorriso cannot make the disk for cloud-init (status %d)",
			 WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static int write_parts(const struct contents *contents, const char *files, struct snp_error *err)
{
	char path[PLACE_MAX];
	int r = mkdir(files, 0700) < 0
			? in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot make"), files)
			: 0;

	for (size_t i = 0; r == 0 && i < SEED_PARTS; i++)
		if (contents->part[i].data)
			r = file_write(
				path_join(files, part_names[i], path, sizeof(path)),
				(struct snp_span){contents->part[i].data, contents->part[i].size},
				0600, false, err);
	return r;
}

/* Mode and group before it gets its name. */
static int open_to(const char *path, gid_t group, struct snp_error *err)
{
	const bool shared = group != (gid_t)-1;
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || (shared && fchown(fd, (uid_t)-1, group) < 0) ||
	    fchmod(fd, shared ? 0640 : 0600) < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot write"), path);
	return 0;
}

static int make_image(const struct contents *contents, const char *fresh, const char *image,
		      gid_t group, struct snp_error *err)
{
	_cleanup_(freep) char *files = format_text("%s/files", fresh), *output = strdup(image),
			      *digest = strdup(contents->digest);
	char program[] = "xorriso", as[] = "-as", mkisofs[] = "mkisofs", quiet[] = "-quiet",
	     rock[] = "-rational-rock", joliet[] = "-joliet", id[] = "-volid", cidata[] = "cidata",
	     set[] = "-volset", to[] = "-output";
	char *const argv[] = {program, as,  mkisofs, quiet, rock,   joliet, id,
			      cidata,  set, digest,  to,    output, files,  NULL};
	int r;

	if (!files || !output || !digest)
		return out_of_memory(err);
	r = write_parts(contents, files, err);
	if (r == 0)
		r = run_xorriso(argv, err);
	if (r == 0)
		r = open_to(image, group, err);
	(void)remove_tree(AT_FDCWD, files);
	return r;
}

int seed_make(const struct vm_config *config, const char *uuid, const struct guest_dir *dir,
	      gid_t group, struct snp_error *err)
{
	_cleanup_(contents_done) struct contents contents = {0};
	char fresh[PLACE_MAX], image[PLACE_MAX];
	int r;

	(void)remove_tree(dir->fd, FRESH); /* of an attempt that was killed */
	if (!config->cloud_init.user_data)
		return 0;
	r = read_contents(config, uuid, &contents, err);
	if (r < 0 || is_made_of(dir->path, contents.digest))
		return r;
	path_join(dir->path, FRESH, fresh, sizeof(fresh));
	path_join(dir->path, FRESH_SEED, image, sizeof(image));
	if (mkdirat(dir->fd, FRESH, 0700) < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot make"), fresh);
	r = make_image(&contents, fresh, image, group, err);
	if (r == 0 && renameat2(dir->fd, FRESH_SEED, dir->fd, GUEST_SEED, RENAME_EXCHANGE) < 0 &&
	    renameat(dir->fd, FRESH_SEED, dir->fd, GUEST_SEED) < 0)
		r = in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot put in place"), image);
	if (r < 0)
		(void)remove_tree(dir->fd, FRESH);
	return r;
}

void seed_keep(const struct vm_config *config, const struct guest_dir *dir)
{
	(void)remove_tree(dir->fd, FRESH);
	if (!config->cloud_init.user_data)
		(void)unlinkat(dir->fd, GUEST_SEED, 0);
}

/* Without FRESH nothing was made; an empty one means that there was no image before. */
void seed_undo(const struct guest_dir *dir)
{
	if (faccessat(dir->fd, FRESH, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    renameat(dir->fd, FRESH_SEED, dir->fd, GUEST_SEED) < 0)
		(void)unlinkat(dir->fd, GUEST_SEED, 0);
	(void)remove_tree(dir->fd, FRESH);
}
