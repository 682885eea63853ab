// SPDX-License-Identifier: Apache-2.0
#include "guest/own_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/fail.h>

#include "guest/guest_dir.h"

static int check(const struct stat *st, bool may_be_sticky, const char *path, struct snp_error *err)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	int r = 0;

	if (st->st_uid != 0 && st->st_uid != geteuid())
		r = fail_with(
			err, SNP_E_UNSAFE_STATE, SNP_NO_OFFSET,
			"belongs to user %u, who could change what is launched from it; give it "
			"to user %u or to root, or take another --state-dir",
			st->st_uid, geteuid());
	else if ((st->st_mode & others) && !(may_be_sticky && (st->st_mode & S_ISVTX)))
		r = fail_with(
			err, SNP_E_UNSAFE_STATE, SNP_NO_OFFSET,
			"others than its owner may write it (mode %04o), and so change what is "
			"launched from it: chmod go-w",
			st->st_mode & 07777);
	return in_file(err, r, path);
}

int own_folder_check_state(const char *state, struct snp_error *err)
{
	struct stat st;

	if (stat(state, &st) == 0)
		return check(&st, true, state, err);
	if (errno == ENOENT)
		return 0;
	return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), state);
}

int own_folder_check_guest(int fd, const char *path, struct snp_error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), path);
	r = check(&st, false, path, err);
	/* A create that was killed may have none yet. */
	if (r == 0 && fstatat(fd, GUEST_BOOT, &st, AT_SYMLINK_NOFOLLOW) == 0)
		r = check(&st, false, path, err);
	return r;
}
