// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "guest/boot_file.h"
#include "guest/protection.h"
#include "guest/state_dir.h"
#include "host/lifecycle.h"

/*
 * What keeps QEMU's user from a guest's boot files. The mounts are made in a mount namespace of this process's,
 * by root; what libvirt and QEMU make of them is for tests/e2e to show.
 */
static char root[] = "/tmp/snp-test-protection-XXXXXX", state_path[64];
static bool has_namespace;

/* A call of this name fails; and what `meddle` says is done between the mount and the last look at the copies. */
static const char *failing;
static void (*meddle)(void);

#define WRAP(name, parameters, arguments)                     \
	int __real_##name parameters;                         \
	int __wrap_##name parameters;                         \
	int __wrap_##name parameters                          \
	{                                                     \
		if (failing && strcmp(failing, #name) == 0) { \
			errno = EPERM;                        \
			return -1;                            \
		}                                             \
		return __real_##name arguments;               \
	}

WRAP(open_tree, (int fd, const char *path, unsigned int flags), (fd, path, flags))
WRAP(mount_setattr,
     (int fd, const char *path, unsigned int flags, struct mount_attr *attributes, size_t size),
     (fd, path, flags, attributes, size))
WRAP(renameat2, (int from_fd, const char *from, int to_fd, const char *to, unsigned int flags),
     (from_fd, from, to_fd, to, flags))

WRAP(fstatat64, (int fd, const char *path, struct stat64 *ret, int flags), (fd, path, ret, flags))

int __real_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int __wrap_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int __wrap_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	if (meddle)
		meddle();
	if (failing && strcmp(failing, "move_mount") == 0) {
		errno = EPERM;
		return -1;
	}
	return __real_move_mount(from_fd, from, to_fd, to, flags);
}

/* With `selinux`, the host has it: labels are counted, and those that are not what libvirt would give, or come after
 * the mount, or to another than a regular file. */
static bool selinux, is_mounted;
static unsigned int n_labels, n_wrong_labels;

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	if (strcmp(path, "/sys/fs/selinux/enforce") == 0) {
		errno = ENOENT;
		return selinux ? 0 : -1;
	}
	return __real_access(path, mode);
}

int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	static const char context[] = "system_u:object_r:virt_content_t:s0";
	struct stat st;

	n_labels++;
	n_wrong_labels += strcmp(name, "security.selinux") != 0 || size != sizeof(context) ||
			  memcmp(value, context, size) != 0 || flags != 0 || is_mounted ||
			  fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	errno = ENOTSUP;
	return -1;
}

static const struct guarded {
	const char *name;
	const char *uri;
	enum id_source source;
	bool remote, is_known, relabels;
	uid_t qemu_user, uid; /* 0 is this process's here: the rows have others */
	enum boot_guard guard;
} guardeds[] = {
	{"system", "qemu:///system", ID_NONE, false, false, true, 64055, 0, GUARD_MOUNT},
	{"system, relabelling off", "qemu:///system", ID_NONE, false, false, false, 64055, 0,
	 GUARD_OWNERS},
	{"system, an ID block", "qemu:///system", ID_KEY, false, false, true, 64055, 0,
	 GUARD_ID_BLOCK},
	{"system, a published ID block", "qemu:///system", ID_REFERENCE, false, false, true, 64055,
	 0, GUARD_ID_BLOCK},
	{"remote", "qemu+ssh://host/system", ID_NONE, true, false, true, 64055, 0, GUARD_REMOTE},
	{"remote, an ID block", "qemu+ssh://host/system", ID_BLOCK, true, false, true, 64055, 0,
	 GUARD_ID_BLOCK},
	{"session", "qemu:///session", ID_NONE, false, false, true, 64055, 0, GUARD_SAME_USER},
	{"system whose QEMU runs as the launcher", "qemu:///system", ID_NONE, false, false, true, 0,
	 64055, GUARD_SAME_USER},
	{"a user of the guest's own", "qemu:///system", ID_NONE, false, true, true, 0, 64056,
	 GUARD_MOUNT},
	{"the launcher as the guest's user", "qemu:///system", ID_NONE, false, true, true, 64055, 0,
	 GUARD_SAME_USER},
	{"another driver", "test:///default", ID_NONE, false, false, true, 64055, 0,
	 GUARD_SAME_USER},
};

static void check_guarded(void **state)
{
	const struct guarded *row = *state;
	char uri[64];
	const struct guest_record record = {.remote = row->remote, .binding.source = row->source};
	const struct hypervisor host = {.uri = uri, .qemu_user = row->qemu_user + geteuid()};
	const struct domain_user user = {
		.is_known = row->is_known, .relabels = row->relabels, .uid = row->uid + geteuid()};

	snprintf(uri, sizeof(uri), "%s", row->uri);
	assert_int_equal(boot_guard(&record, &host, &user), row->guard);
}

/* A guest's folder with its boot files, and what its record says of them. */
struct guest {
	struct guest_dir dir;
	struct guest_record record;
};

static char *path_of(const struct guest *guest, const char *folder, enum boot_part part)
{
	return format_text("%s/%s/%s", guest->dir.path, folder, boot_part_names[part]);
}

static void make_guest(struct guest *ret)
{
	*ret = (struct guest){0};
	assert_int_equal(guest_dir_claim(state_path, "web1", NULL, &ret->dir, NULL), 0);
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		_cleanup_(freep) char *path = path_of(ret, GUEST_BOOT, (enum boot_part)i);
		const char *text = boot_part_names[i];

		if (i == BOOT_INITRD)
			continue; /* a guest without one */
		assert_int_equal(file_write(path, text_span(text), 0644, true, NULL), 0);
		assert_int_equal(boot_file_hash((enum boot_part)i, path, path, NULL,
						&ret->record.boot[i], NULL),
				 0);
	}
}

static void end_guest(struct guest *guest)
{
	assert_int_equal(guest_dir_remove(&guest->dir, NULL), 0);
	assert_int_equal(access(guest->dir.path, F_OK), -1);
	boot_files_done(guest->record.boot);
}

static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0 || errno == EROFS);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_ino;
}

static void the_mount_keeps_everybody_from_writing(void **state)
{
	struct guest guest;
	_cleanup_(freep) char *kernel = NULL, *boot = NULL;

	(void)state;
	if (!has_namespace)
		skip();
	make_guest(&guest);
	kernel = path_of(&guest, GUEST_BOOT, BOOT_KERNEL);
	assert_false(boot_files_are_mounted(guest.dir.path));
	assert_true(can_write(kernel));
	assert_int_equal(boot_files_mount(&guest.dir, NULL), 0);
	assert_true(boot_files_are_mounted(guest.dir.path));
	assert_false(can_write(kernel));
	guest_dir_unmount(&guest.dir);
	assert_false(boot_files_are_mounted(guest.dir.path));
	assert_true(can_write(kernel));
	/* A mount that can be written to protects nothing. */
	boot = format_text("%s/" GUEST_BOOT, guest.dir.path);
	assert_int_equal(mount(boot, boot, NULL, MS_BIND, NULL), 0);
	assert_false(boot_files_are_mounted(guest.dir.path));
	assert_int_equal(umount2(boot, MNT_DETACH), 0);
	assert_int_equal(boot_files_mount(&guest.dir, NULL), 0);
	end_guest(&guest); /* also with the mount on it */
}

/* New inodes each time, so that a descriptor kept from an earlier launch changes nothing. */
static void each_start_has_new_copies(void **state)
{
	_cleanup_(freep) char *kernel = NULL, *fresh = NULL;
	struct snp_error err = {0};
	struct guest guest;
	int fd;

	(void)state;
	if (!has_namespace)
		skip();
	make_guest(&guest);
	kernel = path_of(&guest, GUEST_BOOT, BOOT_KERNEL);
	fresh = format_text("%s/" GUEST_FRESH, guest.dir.path);
	/* What a start that was killed left behind. */
	assert_int_equal(mkdir(fresh, 0700), 0);
	for (unsigned int i = 0; i < 3; i++) {
		const ino_t before = inode_of(kernel);

		fd = open(kernel, O_WRONLY | O_CLOEXEC);
		assert_int_equal(fd >= 0, i == 0);
		assert_int_equal(boot_files_renew(&guest.dir, &guest.record, &err), 0);
		assert_true(boot_files_are_mounted(guest.dir.path));
		assert_int_not_equal(inode_of(kernel), before);
		assert_int_equal(access(fresh, F_OK), -1);
		if (fd >= 0) {
			assert_int_equal(pwrite(fd, "X", 1, 0), 1);
			close(fd);
		}
		assert_int_equal(boot_files_verify(&guest.record, &err), 0);
	}
	end_guest(&guest);
}

static void change_kernel(const struct guest *guest)
{
	_cleanup_(freep) char *path = path_of(guest, GUEST_BOOT, BOOT_KERNEL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, "X", 1, 0), 1);
	close(fd);
}

static void copies_that_changed_are_not_renewed(void **state)
{
	_cleanup_(freep) char *fresh = NULL, *kernel = NULL;
	struct snp_error err = {0};
	struct guest guest;

	(void)state;
	make_guest(&guest);
	kernel = path_of(&guest, GUEST_BOOT, BOOT_KERNEL);
	fresh = format_text("%s/" GUEST_FRESH, guest.dir.path);
	change_kernel(&guest);
	assert_int_equal(boot_files_renew(&guest.dir, &guest.record, &err), -SNP_E_DRIFT);
	assert_string_equal(err.file, kernel);
	assert_int_equal(access(fresh, F_OK), -1);
	end_guest(&guest);
}

static void note_mount(void)
{
	is_mounted = true;
}

/* Where there is SELinux, the copies get the label that libvirt would give them, which it cannot behind the mount. */
static void labels_come_before_the_mount(void **state)
{
	(void)state;
	if (!has_namespace)
		skip();
	for (unsigned int i = 0; i < 2; i++) {
		struct guest guest;

		make_guest(&guest);
		selinux = i == 1;
		is_mounted = false;
		n_labels = n_wrong_labels = 0;
		meddle = note_mount;
		assert_int_equal(boot_files_mount(&guest.dir, NULL), 0);
		meddle = NULL;
		assert_true(is_mounted);
		assert_int_equal(n_labels, selinux ? 2 : 0); /* of firmware and kernel */
		assert_int_equal(n_wrong_labels, 0);
		selinux = false;
		end_guest(&guest);
	}
}

static const struct guest *meddled;

/* As libvirt might, which finds the copies by name. */
static void give_away(void)
{
	_cleanup_(freep) char *path = path_of(meddled, GUEST_BOOT, BOOT_KERNEL);

	assert_int_equal(chown(path, 65534, 65534), 0);
}

static void write_to(void)
{
	change_kernel(meddled);
}

static void touch_owner(void)
{
	_cleanup_(freep) char *path = path_of(meddled, GUEST_BOOT, BOOT_FIRMWARE);

	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(chown(path, 0, 0), 0);
}

static void who_is_between_is_seen(void **state)
{
	static void (*const ways[])(void) = {give_away, write_to, touch_owner};

	(void)state;
	if (!has_namespace)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct snp_error err = {0};
		struct guest guest;

		make_guest(&guest);
		meddled = &guest;
		usleep(20000); /* the clock of inodes is a coarse one */
		meddle = ways[i];
		assert_int_equal(boot_files_renew(&guest.dir, &guest.record, &err),
				 -SNP_E_BOOT_FILES);
		meddle = NULL;
		assert_non_null(strstr(err.message, "somebody changed the "));
		assert_non_null(strstr(err.message, i == 2 ? "firmware" : "kernel"));
		assert_string_equal(err.file, guest.dir.path);
		end_guest(&guest);
	}
}

static const struct refused {
	const char *name; /* the call that fails */
	enum snp_code of_mount, of_renew;
} refuseds[] = {
	{"open_tree", SNP_E_BOOT_FILES, SNP_E_BOOT_FILES},
	{"mount_setattr", SNP_E_BOOT_FILES, SNP_E_BOOT_FILES},
	{"move_mount", SNP_E_BOOT_FILES, SNP_E_BOOT_FILES},
	{"renameat2", SNP_OK, SNP_E_WRITE},
	{"fstatat64", SNP_OK, SNP_E_READ},
};

static void check_refused(void **state)
{
	const struct refused *row = *state;
	_cleanup_(freep) char *fresh = NULL;
	struct snp_error err = {0};
	struct guest guest;

	if (!has_namespace)
		skip();
	make_guest(&guest);
	fresh = format_text("%s/" GUEST_FRESH, guest.dir.path);
	failing = row->name;
	assert_int_equal(boot_files_mount(&guest.dir, &err), -(int)row->of_mount);
	assert_int_equal(boot_files_renew(&guest.dir, &guest.record, &err), -(int)row->of_renew);
	failing = NULL;
	assert_string_equal(err.file, guest.dir.path);
	assert_int_equal(err.sys_errno, EPERM);
	assert_int_equal(access(fresh, F_OK), -1);
	assert_int_equal(boot_files_verify(&guest.record, &err), 0);
	end_guest(&guest);
}

/* libvirt gave a copy away in spite of the mount: the guest that was started with it ends. */
static void who_was_given_a_copy_is_ended(void **state)
{
	static const char xml[] = "<domain type='test'><name>web1</name><memory>65536</memory>"
				  "<os><type>hvm</type></os></domain>";
	_cleanup_(hypervisor_close) struct hypervisor host = {0};
	_cleanup_(freep) char *kernel = NULL;
	struct snp_error err = {0};
	enum domain_state now;
	virDomainPtr domain;
	struct guest guest;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_guest(&guest);
	kernel = path_of(&guest, GUEST_BOOT, BOOT_KERNEL);
	assert_int_equal(hypervisor_open("test:///default", &host, NULL), 0);
	domain = virDomainDefineXML(host.connection, xml);
	assert_non_null(domain);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(virDomainCreate(domain), 0);
		if (i == 1)
			assert_int_equal(lchown(kernel, 65534, 65534), 0);
		if (i == 2)
			assert_int_equal(unlink(kernel), 0);
		assert_int_equal(boot_files_keep(&guest.record, GUARD_MOUNT, domain, &err),
				 i == 0 ? 0 : -SNP_E_BOOT_FILES);
		assert_int_equal(domain_state_of(domain, &now, NULL), 0);
		assert_int_equal(now, i == 0 ? DOMAIN_RUNNING : DOMAIN_OFF);
		if (i == 0)
			assert_int_equal(virDomainDestroy(domain), 0);
		else
			assert_string_equal(err.file, kernel);
	}
	assert_non_null(strstr(err.message, "gave the kernel to QEMU's user"));
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
	end_guest(&guest);
}

/* Which guard a guest has that libvirt's definition describes. */
static void the_definition_says_who_runs_qemu(void **state)
{
	static const char xml[] = "<domain type='test'><name>web1</name><memory>65536</memory>"
				  "<os><type>hvm</type></os></domain>";
	_cleanup_(hypervisor_close) struct hypervisor host = {0};
	struct guest_record record = {.name = (char[]){"web1"}};
	enum boot_guard guard = GUARD_OWNERS;
	char uri[] = "qemu:///system", *own;
	virDomainPtr domain;

	(void)state;
	assert_int_equal(hypervisor_open("test:///default", &host, NULL), 0);
	domain = virDomainDefineXML(host.connection, xml);
	assert_non_null(domain);
	assert_int_equal(boot_guard_of(&record, &host, domain, &guard, NULL), 0);
	assert_int_equal(guard, GUARD_SAME_USER);
	own = host.uri;
	host.uri = uri;
	host.qemu_user = geteuid() + 1;
	assert_int_equal(boot_guard_of(&record, &host, domain, &guard, NULL), 0);
	assert_int_equal(guard, GUARD_MOUNT);
	host.uri = own;
	assert_int_equal(virDomainUndefine(domain), 0);
	assert_true(boot_guard_of(&record, &host, domain, &guard, NULL) < 0);
	virDomainFree(domain);
}

/* systemctl, as this test has it: writes down what it was asked, and fails if there is a file of that name. */
static const char systemctl[] =
	"#!/bin/sh\n"
	"cd \"${0%/*}\" && echo \"$*\" >>asked && echo noise && echo noise >&2\n"
	"[ ! -e fail ]\n";

static void autostart_is_a_unit_of_the_system_state(void **state)
{
	_cleanup_(freep) char *program = format_text("%s/systemctl", root),
			      *asked = format_text("%s/asked", root),
			      *fail = format_text("%s/fail", root), *before = NULL;
	struct guest_dir dir = {.name = "snp-test-no-such-guest"};
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct snp_error err = {0};
	size_t size;

	(void)state;
	assert_true(autostart_has_unit(SYSTEM_STATE));
	assert_false(autostart_has_unit(state_path));
	before = strdup(getenv("PATH"));
	assert_int_equal(setenv("PATH", root, 1), 0);
	snprintf(dir.state, sizeof(dir.state), "%s", SYSTEM_STATE);
	assert_int_equal(autostart_unit(&dir, true, &err), -SNP_E_SYSTEM);
	assert_non_null(strstr(err.message,
			       "cannot run systemctl enable snp-launch@snp-test-no-such-"
			       "guest.service"));
	assert_int_equal(
		file_write(program,
			   (struct snp_span){(const uint8_t *)systemctl, sizeof(systemctl) - 1},
			   0755, true, NULL),
		0);
	/* Nothing is enabled, so there is nothing to disable; and other states have no unit. */
	assert_int_equal(autostart_unit(&dir, false, &err), 0);
	snprintf(dir.state, sizeof(dir.state), "%s", state_path);
	assert_int_equal(autostart_unit(&dir, true, &err), 0);
	assert_int_equal(access(asked, F_OK), -1);
	snprintf(dir.state, sizeof(dir.state), "%s", SYSTEM_STATE);
	assert_int_equal(autostart_unit(&dir, true, &err), 0);
	assert_int_equal(file_read(asked, 4096, &bytes, &size, NULL), 0);
	assert_string_equal((const char *)bytes,
			    "enable snp-launch@snp-test-no-such-guest.service\n");
	assert_int_equal(file_write(fail, (struct snp_span){NULL, 0}, 0600, true, NULL), 0);
	assert_int_equal(autostart_unit(&dir, true, &err), -SNP_E_SYSTEM);
	assert_non_null(strstr(err.message, "service failed; run it by hand"));
	assert_int_equal(setenv("PATH", before, 1), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(state_path, sizeof(state_path), "%s/state", root);
	has_namespace = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (!has_namespace)
		print_message("skipped: what needs a mount namespace of its own\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return remove_tree(AT_FDCWD, root);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(the_mount_keeps_everybody_from_writing),
		cmocka_unit_test(each_start_has_new_copies),
		cmocka_unit_test(copies_that_changed_are_not_renewed),
		cmocka_unit_test(labels_come_before_the_mount),
		cmocka_unit_test(who_is_between_is_seen),
		cmocka_unit_test(who_was_given_a_copy_is_ended),
		cmocka_unit_test(the_definition_says_who_runs_qemu),
		cmocka_unit_test(autostart_is_a_unit_of_the_system_state),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_guarded, guardeds);
	ADD_ROWS(tests, n, check_refused, refuseds);
	return _cmocka_run_group_tests("protection", tests, n, setup, teardown);
}
