// SPDX-License-Identifier: Apache-2.0
#include "guest/protection.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "guest/boot_file.h"
#include "guest/state_dir.h"
#include "host/lifecycle.h"
#include "host/uri.h"

#define CURE "give an ID block (snp.id), run snp-launch as root, or allow it with --unbound"

enum boot_guard boot_guard(const struct guest_record *record, const struct hypervisor *host,
			   const struct domain_user *user)
{
	uid_t uid = user->is_known ? user->uid : host->qemu_user;

	if (record->binding.source != ID_NONE)
		return GUARD_ID_BLOCK;
	if (record->remote)
		return GUARD_REMOTE;
	if (strncmp(host->uri, "qemu", 4) != 0 || uri_is_session(host->uri) || uid == geteuid())
		return GUARD_SAME_USER;
	return user->relabels ? GUARD_MOUNT : GUARD_OWNERS;
}

int boot_guard_of(const struct guest_record *record, const struct hypervisor *host,
		  virDomainPtr domain, enum boot_guard *ret, struct snp_error *err)
{
	_cleanup_(freep) char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	struct domain_user user;
	int r;

	if (!xml)
		return hypervisor_fail(err, "cannot read the guest's domain");
	r = domain_read_user(record->name, text_span(xml), &user, err);
	if (r < 0)
		return r;
	*ret = boot_guard(record, host, &user);
	return 0;
}

static int not_protected(struct snp_error *err, const char *what)
{
	return fail_errno(
		err, SNP_E_BOOT_FILES, errno,
		"QEMU's user could change the boot files between their hash and the launch; %s (" CURE
		")",
		what);
}

/* What libvirt would label, and cannot behind the mount. Where that fails, so does the start. */
static void label(int folder)
{
	static const char context[] = "system_u:object_r:virt_content_t:s0";

	if (access("/sys/fs/selinux/enforce", F_OK) < 0)
		return;
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		_cleanup_(closep) int fd =
			openat(folder, boot_part_names[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			(void)!fsetxattr(fd, "security.selinux", context, sizeof(context), 0);
	}
}

/* A read-only mount of the folder, not attached anywhere yet. */
static int clone_read_only(const struct guest_dir *dir, const char *name)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
						    MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	_cleanup_(closep) int folder =
		openat(dir->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int tree;

	if (folder < 0)
		return -1;
	label(folder);
	tree = open_tree(folder, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree >= 0 &&
	    mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		closep(&tree);
	return tree;
}

static int attach(int tree, const struct guest_dir *dir)
{
	return move_mount(tree, "", dir->fd, GUEST_BOOT, MOVE_MOUNT_F_EMPTY_PATH);
}

int boot_files_mount(const struct guest_dir *dir, struct snp_error *err)
{
	_cleanup_(closep) int tree = clone_read_only(dir, GUEST_BOOT);

	if (tree < 0 || attach(tree, dir) < 0)
		return not_protected(err, "they cannot be mounted read-only");
	return 0;
}

int boot_files_try_mount(const struct guest_dir *dir, struct snp_error *err)
{
	_cleanup_(closep) int tree = clone_read_only(dir, GUEST_BOOT);

	return tree < 0 ? not_protected(err, "they cannot be mounted read-only") : 0;
}

int boot_files_need_mount(const struct guest_dir *dir, struct snp_error *err)
{
	if (boot_files_are_mounted(dir->path))
		return 0;
	return fail_with(
		err, SNP_E_BOOT_FILES, SNP_NO_OFFSET,
		"the guest was started without the read-only mount, so QEMU's user could change the boot files; "
		"it stays paused; snp-launch kill turns it off, and snp-launch start mounts them (or allow it with --unbound)");
}

struct stamps {
	struct stat at[BOOT_PARTS];
};

static int take_stamps(const struct guest_dir *dir, const char *folder,
		       const struct guest_record *record, struct stamps *ret)
{
	char path[64];

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		path_join(folder, boot_part_names[i], path, sizeof(path));
		if (record->boot[i].source &&
		    fstatat(dir->fd, path, &ret->at[i], AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
	}
	return 0;
}

/* An inode changes its time whenever its owner or its bytes change, and only root can turn that back. */
static bool is_untouched(const struct stat *before, const struct stat *now)
{
	return before->st_ino == now->st_ino && before->st_uid == now->st_uid &&
	       before->st_ctim.tv_sec == now->st_ctim.tv_sec &&
	       before->st_ctim.tv_nsec == now->st_ctim.tv_nsec;
}

/* Put the fresh copies in place, with the mount on them: before it, libvirt may find them by their names. */
static int put_in_place(const struct guest_dir *dir, const struct guest_record *record,
			struct snp_error *err)
{
	_cleanup_(closep) int tree = clone_read_only(dir, GUEST_FRESH);
	struct stamps before = {0}, now = {0};

	if (tree < 0)
		return not_protected(err, "they cannot be mounted read-only");
	if (take_stamps(dir, GUEST_FRESH, record, &before) < 0)
		return fail_errno(err, SNP_E_READ, errno, "cannot check the copies");
	guest_dir_unmount(dir);
	if (renameat2(dir->fd, GUEST_FRESH, dir->fd, GUEST_BOOT, RENAME_EXCHANGE) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "cannot put the copies in place");
	if (attach(tree, dir) < 0)
		return not_protected(err, "they cannot be mounted read-only");
	if (take_stamps(dir, GUEST_BOOT, record, &now) < 0)
		return fail_errno(err, SNP_E_READ, errno, "cannot check the copies");
	for (unsigned int i = 0; i < BOOT_PARTS; i++)
		if (!is_untouched(&before.at[i], &now.at[i]))
			return fail_with(
				err, SNP_E_BOOT_FILES, SNP_NO_OFFSET,
				"somebody changed the %s, or its owner, while it was being mounted; start the guest again",
				boot_part_names[i]);
	return 0;
}

int boot_files_renew(const struct guest_dir *dir, const struct guest_record *record,
		     struct snp_error *err)
{
	char fresh[sizeof(dir->path) + sizeof("/" GUEST_FRESH)];
	int r = remove_tree(dir->fd, GUEST_FRESH);

	snprintf(fresh, sizeof(fresh), "%s/" GUEST_FRESH, dir->path);
	if (r < 0 && r != -ENOENT)
		return in_file(err, fail_errno(err, SNP_E_WRITE, -r, "cannot remove"), fresh);
	if (mkdirat(dir->fd, GUEST_FRESH, 0711) < 0 || fchmodat(dir->fd, GUEST_FRESH, 0711, 0) < 0)
		return in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot make"), fresh);
	r = boot_files_copy(record, fresh, err);
	if (r == 0)
		r = in_file(err, put_in_place(dir, record, err), dir->path);
	(void)remove_tree(dir->fd, GUEST_FRESH);
	return r < 0 ? r : boot_files_verify(record, err);
}

/* Without the mount, a device of the domain can write to them: libvirt's daemon opens a console's file as root. */
static int keep_bytes(const struct guest_record *record, virDomainPtr domain, struct snp_error *err)
{
	struct snp_error found;
	int r = boot_files_verify(record, &found);

	if (r == 0)
		return 0;
	r = domain_kill(domain, err);
	if (r == 0)
		r = fail_with(
			err, SNP_E_DRIFT, SNP_NO_OFFSET,
			"changed while the guest was started, so it was turned off; see which device of libvirt's domain writes to it, and create the guest again (create --replace)");
	return in_file(err, r, found.file);
}

int boot_files_keep(const struct guest_record *record, enum boot_guard guard, virDomainPtr domain,
		    struct snp_error *err)
{
	struct stat st;
	int r;

	if (guard == GUARD_OWNERS)
		return keep_bytes(record, domain, err);
	for (unsigned int i = 0; guard == GUARD_MOUNT && i < BOOT_PARTS; i++) {
		if (!record->boot[i].source ||
		    (lstat(record->boot[i].path, &st) == 0 && st.st_uid == geteuid()))
			continue;
		r = domain_kill(domain, err);
		if (r == 0)
			r = fail_with(
				err, SNP_E_BOOT_FILES, SNP_NO_OFFSET,
				"libvirt gave the %s to QEMU's user in spite of the read-only mount, so the guest was turned off; run libvirt's daemon and snp-launch in the same mount namespace, or give an ID block (snp.id)",
				boot_part_names[i]);
		return in_file(err, r, record->boot[i].path);
	}
	return 0;
}

#define UNIT "snp-launch@%s.service"

bool autostart_has_unit(const char *state)
{
	return strcmp(state, SYSTEM_STATE) == 0;
}

/* Quietly: what went wrong is reported below, in one line. */
static int call_systemctl(const char *verb, const char *unit, struct snp_error *err)
{
	char *const argv[] = {(char *)(uintptr_t) "systemctl", (char *)(uintptr_t)verb,
			      (char *)(uintptr_t)unit, NULL};
	posix_spawn_file_actions_t actions;
	int status = 0, r = posix_spawn_file_actions_init(&actions);
	pid_t child;

	if (r != 0)
		return out_of_memory(err);
	for (int fd = STDOUT_FILENO; r == 0 && fd <= STDERR_FILENO; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r == 0 && waitpid(child, &status, 0) < 0)
		r = errno;
	if (r != 0)
		return fail_errno(err, SNP_E_SYSTEM, r, "cannot run systemctl %s %s", verb, unit);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET,
			 "systemctl %s %s failed; run it by hand to see why", verb, unit);
}

bool autostart_unit_is_enabled(const char *state, const char *name)
{
	char link[PATH_MAX];

	snprintf(link, sizeof(link), "/etc/systemd/system/multi-user.target.wants/" UNIT, name);
	return autostart_has_unit(state) &&
	       faccessat(AT_FDCWD, link, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int autostart_need_unit(const char *state, struct snp_error *err)
{
	if (autostart_has_unit(state))
		return 0;
	return fail_with(
		err, SNP_E_BOOT_FILES, SNP_NO_OFFSET,
		"autostart: without an ID block the guest must be started by snp-launch, whose unit knows only guests in " SYSTEM_STATE
		"; give an ID block (snp.id), or remove autostart");
}

bool autostart_is_on(const char *state, const char *name, virDomainPtr domain)
{
	int by_libvirt = 0;

	/* A driver without autostart starts nothing. */
	if (virDomainGetAutostart(domain, &by_libvirt) < 0)
		by_libvirt = 0;
	return by_libvirt || autostart_unit_is_enabled(state, name);
}

int autostart_unit(const struct guest_dir *dir, bool enable, struct snp_error *err)
{
	char unit[GUEST_NAME_MAX + sizeof(UNIT)];

	if (!autostart_has_unit(dir->state))
		return 0;
	/* Where there is no systemd, there is nothing to disable. */
	if (enable == autostart_unit_is_enabled(dir->state, dir->name))
		return 0;
	snprintf(unit, sizeof(unit), UNIT, dir->name);
	return call_systemctl(enable ? "enable" : "disable", unit, err);
}

bool boot_files_are_mounted(const char *folder)
{
	char boot[PATH_MAX + GUEST_NAME_MAX + 16];
	struct statvfs fs;
	struct statx stx;

	snprintf(boot, sizeof(boot), "%s/" GUEST_BOOT, folder);
	return statx(AT_FDCWD, boot, AT_SYMLINK_NOFOLLOW, 0, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) && statvfs(boot, &fs) == 0 &&
	       (fs.f_flag & ST_RDONLY);
}
