// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/folder.h>

#include "guest/guest_dir.h"
#include "guest/state_dir.h"
#include "host/uri.h"

/* Paths for one expression. */
static const char *guest_dir_file(const struct guest_dir *dir, const char *file)
{
	static char path[256];

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir->path, file) < (int)sizeof(path));
	return path;
}

static char root[] = "/tmp/snp-test-guest-XXXXXX", state_path[64];

static const struct named {
	const char *name, *guest;
	bool valid;
} names[] = {
	{"plain", "web1", true},
	{"all letters", "A-b_c.9", true},
	{"63 characters", "a12345678901234567890123456789012345678901234567890123456789012", true},
	{"64 characters", "a123456789012345678901234567890123456789012345678901234567890123",
	 false},
	{"empty", "", false},
	{"dot first", ".web1.next", false},
	{"up", "..", false},
	{"option", "-c", false},
	{"path", "a/b", false},
	{"newline", "a\nb", false},
	{"UTF-8",
	 "w\xc3\xa9"
	 "b",
	 false},
	{"blank", "a b", false},
	{"a file's name", "web1.json", false},
	{"another file's", "web1.xml", false},
	{"like one", "web1.jsonl", true},
};

static void check_name(void **state)
{
	const struct named *row = *state;
	struct guest_dir dir = {.fd = 77};
	struct snp_error err = {0};

	assert_int_equal(guest_name_valid(row->guest), row->valid);
	if (row->valid)
		return;
	assert_int_equal(guest_dir_claim(state_path, row->guest, NULL, &dir, &err), -SNP_E_USAGE);
	assert_int_equal(guest_dir_lock(state_path, row->guest, &dir, NULL), -SNP_E_USAGE);
	assert_int_equal(dir.fd, 77);
	assert_true(err.message[0] != '\0');
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void claim(const char *name, struct guest_dir *ret)
{
	assert_int_equal(guest_dir_claim(state_path, name, NULL, ret, NULL), 0);
}

static void a_name_is_one_process_s(void **state)
{
	struct guest_dir dir, other;
	struct snp_error err;

	(void)state;
	claim("web1", &dir);
	assert_int_equal(mode_of(state_path), 0711);
	assert_int_equal(mode_of(dir.path), 0711);
	assert_int_equal(mode_of(guest_dir_file(&dir, "boot")), 0711);
	assert_int_equal(mode_of(guest_dir_file(&dir, "run")), 0700);
	assert_int_equal(guest_dir_claim(state_path, "web1", NULL, &other, &err), -SNP_E_EXISTS);
	assert_int_equal(guest_dir_lock(state_path, "web1", &other, &err), -SNP_E_BUSY);
	assert_true(guest_dir_busy(state_path, "web1"));
	guest_dir_close(&dir);
	assert_false(guest_dir_busy(state_path, "web1"));
	assert_int_equal(guest_dir_lock(state_path, "web1", &dir, &err), 0);
	assert_int_equal(guest_dir_remove(&dir, &err), 0);
	assert_int_equal(guest_dir_lock(state_path, "web1", &dir, &err), -SNP_E_NOT_FOUND);
}

/* What a hostile QEMU may leave in run/ must neither stop a removal nor lead it elsewhere. */
static void remove_follows_nothing(void **state)
{
	struct guest_dir dir;
	char outside[128], deep[600];

	(void)state;
	claim("evil", &dir);
	snprintf(outside, sizeof(outside), "%s/outside", root);
	assert_int_equal(mkdir(outside, 0700), 0);
	assert_int_equal(symlink(outside, guest_dir_file(&dir, "run/link")), 0);
	assert_int_equal(mkfifo(guest_dir_file(&dir, "run/fifo"), 0600), 0);
	snprintf(deep, sizeof(deep), "%s", guest_dir_file(&dir, "run"));
	for (unsigned int i = 0; i < 20; i++) {
		size_t n = strlen(deep);

		snprintf(deep + n, sizeof(deep) - n, "/d");
		assert_int_equal(mkdir(deep, 0700), 0);
	}
	assert_int_equal(guest_dir_remove(&dir, NULL), 0);
	assert_int_equal(access(outside, F_OK), 0);
	assert_int_equal(rmdir(outside), 0);
}

static void replacement_is_one_step(void **state)
{
	struct guest_dir old, next, left;
	char **found;
	size_t n;

	(void)state;
	claim("swap", &old);
	close(open(guest_dir_file(&old, "run/old"), O_WRONLY | O_CREAT, 0600));
	assert_int_equal(guest_dir_claim_next(&old, NULL, &left, NULL), 0);
	guest_dir_close(&left); /* as after a kill */
	assert_int_equal(guest_dir_claim_next(&old, NULL, &next, NULL), 0);
	close(open(guest_dir_file(&next, "run/new"), O_WRONLY | O_CREAT, 0600));
	assert_int_equal(guest_dir_list(state_path, &found, &n, NULL), 0);
	assert_int_equal(n, 1);
	guest_names_free(found, n);
	assert_int_equal(guest_dir_exchange(&old, &next, NULL), 0);
	assert_int_equal(access(guest_dir_file(&next, "run/new"), F_OK), 0);
	assert_int_equal(access(guest_dir_file(&old, "run/old"), F_OK), 0);
	guest_dir_close(&old); /* killed before the old one is cleared: removal clears both */
	assert_int_equal(guest_dir_remove(&next, NULL), 0);
	assert_int_equal(guest_dir_list(state_path, &found, &n, NULL), 0);
	assert_int_equal(n, 0);
	guest_names_free(found, n);
	assert_int_equal(rmdir(state_path), 0);
}

/* Whoever may exchange a guest's directory decides what is launched. */
static void what_others_may_write_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		enum snp_code of_state, of_guest;
	} modes[] = {
		{0711, SNP_OK, SNP_OK},
		{0755, SNP_OK, SNP_OK},
		{0731, SNP_E_UNSAFE_STATE, SNP_E_UNSAFE_STATE},
		{0713, SNP_E_UNSAFE_STATE, SNP_E_UNSAFE_STATE},
		{01777, SNP_OK, SNP_E_UNSAFE_STATE},
	};
	char path[sizeof(((struct guest_dir *)0)->path)], **found;
	struct guest_dir dir, other;
	struct snp_error err;
	bool there = false;
	size_t n;

	(void)state;
	claim("web1", &dir);
	guest_dir_close(&dir);
	memcpy(path, dir.path, sizeof(path));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const int of_state = -(int)modes[i].of_state, of_guest = -(int)modes[i].of_guest;

		assert_int_equal(chmod(state_path, modes[i].mode), 0);
		assert_int_equal(guest_dir_lock(state_path, "web1", &dir, &err), of_state);
		if (of_state == 0)
			guest_dir_close(&dir);
		assert_int_equal(guest_dir_exists(state_path, "web1", &there, &err), of_state);
		assert_int_equal(guest_dir_claim(state_path, "web1", NULL, &other, &err),
				 of_state == 0 ? -SNP_E_EXISTS : of_state);
		assert_int_equal(guest_dir_list(state_path, &found, &n, &err), of_state);
		if (of_state == 0)
			guest_names_free(found, n);
		assert_int_equal(chmod(state_path, 0711), 0);

		assert_int_equal(chmod(path, modes[i].mode), 0);
		assert_int_equal(guest_dir_lock(state_path, "web1", &dir, &err), of_guest);
		if (of_guest == 0)
			guest_dir_close(&dir);
		assert_int_equal(guest_dir_exists(state_path, "web1", &there, &err), of_guest);
		assert_int_equal(chmod(path, 0711), 0);
	}
	assert_true(there);
	assert_int_equal(guest_dir_lock(state_path, "web1", &dir, NULL), 0);
	assert_int_equal(guest_dir_remove(&dir, NULL), 0);
	assert_int_equal(guest_dir_exists(state_path, "web1", &there, NULL), 0);
	assert_false(there);
}

/* Not "no guests": somebody would create them again. */
static void a_state_that_cannot_be_listed(void **state)
{
	struct snp_error err = {0};
	char **found = NULL;
	size_t n = 7;
	char path[80];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", root);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(guest_dir_list(path, &found, &n, &err), -SNP_E_OPEN);
	assert_string_equal(err.file, path);
	assert_true(!found && n == 7);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(guest_dir_list(path, &found, &n, NULL), 0);
	assert_int_equal(n, 0);
	guest_names_free(found, n);
}

/* So does whoever may exchange a folder above, or a link on the way. */
static void the_way_to_the_state_is_checked(void **state)
{
	static const struct {
		const char *folder;
		mode_t mode;
		bool others; /* belongs to another user */
		enum snp_code code;
	} rows[] = {
		{"above", 0755, false, SNP_OK},
		{"above", 01777, false, SNP_OK},
		{"above", 0775, false, SNP_E_UNSAFE_STATE},
		{"above", 0757, false, SNP_E_UNSAFE_STATE},
		{"above", 0755, true, SNP_E_UNSAFE_STATE},
		{"above", 01777, true, SNP_E_UNSAFE_STATE},
		{"above/below", 0777, false, SNP_E_UNSAFE_STATE},
		{"link", 0, true, SNP_E_UNSAFE_STATE},
		{"linked", 0757, false, SNP_E_UNSAFE_STATE},
	};
	char top[] = "/tmp/guest-way-XXXXXX", way[128], path[160];
	struct guest_dir dir;
	struct snp_error err;
	bool there;

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	assert_int_equal(mkdir("above", 0755), 0);
	assert_int_equal(mkdir("above/below", 0755), 0);
	assert_int_equal(mkdir("linked", 0755), 0);
	assert_int_equal(symlink("linked", "link"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const int code = -(int)rows[i].code;

		if (rows[i].others && geteuid() != 0)
			continue;
		snprintf(way, sizeof(way), "%s/%s", top,
			 strncmp(rows[i].folder, "link", 4) == 0 ? "link/state"
								 : "above/below/state");
		assert_int_equal(guest_dir_claim(way, "web1", NULL, &dir, &err), 0);
		guest_dir_close(&dir);
		if (rows[i].mode)
			assert_int_equal(chmod(rows[i].folder, rows[i].mode), 0);
		if (rows[i].others)
			assert_int_equal(lchown(rows[i].folder, 65534, 65534), 0);
		assert_int_equal(guest_dir_exists(way, "web1", &there, &err), code);
		snprintf(path, sizeof(path), "%s/%s", top, rows[i].folder);
		if (code)
			assert_string_equal(err.file, path);
		/* Nothing is made there either. */
		snprintf(path, sizeof(path), "%s/new", way);
		assert_int_equal(guest_dir_claim(path, "web2", NULL, &dir, &err), code);
		assert_int_equal(access(path, F_OK), code ? -1 : 0);
		if (code == 0)
			assert_int_equal(guest_dir_remove(&dir, NULL), 0);
		if (rows[i].others)
			assert_int_equal(lchown(rows[i].folder, 0, 0), 0);
		if (rows[i].mode)
			assert_int_equal(chmod(rows[i].folder, 0755), 0);
		assert_int_equal(guest_dir_lock(way, "web1", &dir, NULL), 0);
		assert_int_equal(guest_dir_remove(&dir, NULL), 0);
		(void)rmdir(path);
	}
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(remove_tree(AT_FDCWD, top), 0);
}

/* Root could change anything anyway, so its folders are as good as one's own; another user's are not. */
static void root_s_folders_are_trusted(void **state)
{
	struct guest_dir dir;
	struct snp_error err;
	bool there = false;

	(void)state;
	if (geteuid() != 0)
		skip();
	claim("web1", &dir);
	guest_dir_close(&dir);
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(guest_dir_exists(state_path, "web1", &there, NULL), 0);
	assert_true(there);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(state_path, 65533, 65533), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(guest_dir_exists(state_path, "web1", &there, &err), -SNP_E_UNSAFE_STATE);
	assert_string_equal(err.file, state_path);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(state_path, 65534, 65534), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(guest_dir_exists(state_path, "web1", &there, NULL), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chown(state_path, 0, 0), 0);
	assert_int_equal(guest_dir_lock(state_path, "web1", &dir, NULL), 0);
	assert_int_equal(guest_dir_remove(&dir, NULL), 0);
}

/* Links on the way to the state: as far as they lead, and no further than the kernel follows them. */
static void links_lead_to_the_state(void **state)
{
	char real[80], absolute[80], loop[80], way[128], file[80], **found;
	struct guest_dir dir, other;
	struct snp_error err;
	bool there = true;
	size_t n;

	(void)state;
	snprintf(real, sizeof(real), "%s/real", root);
	snprintf(absolute, sizeof(absolute), "%s/absolute", root);
	snprintf(loop, sizeof(loop), "%s/loop", root);
	snprintf(file, sizeof(file), "%s/file", root);
	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink(real, absolute), 0);
	assert_int_equal(symlink("loop", loop), 0);
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	snprintf(way, sizeof(way), "%s/state", absolute);
	assert_int_equal(guest_dir_claim(way, "web1", NULL, &dir, NULL), 0);
	assert_int_equal(guest_dir_exists(way, "web1", &there, NULL), 0);
	assert_true(there);
	assert_int_equal(chmod(real, 0777), 0);
	assert_int_equal(guest_dir_exists(way, "web1", &there, &err), -SNP_E_UNSAFE_STATE);
	assert_string_equal(err.file, real);
	assert_int_equal(chmod(real, 0755), 0);
	/* What stands in the way of a replacement, or of a removal. */
	assert_false(guest_dir_has_next(way, "web1"));
	assert_int_equal(guest_dir_claim_next(&dir, NULL, &other, NULL), 0);
	assert_true(guest_dir_has_next(way, "web1"));
	guest_dir_close(&other);
	assert_int_equal(guest_dir_remove(&dir, NULL), 0);
	assert_false(guest_dir_has_next(way, "web1"));
	assert_int_equal(rmdir(way), 0);

	snprintf(way, sizeof(way), "%s/state", loop);
	assert_int_equal(guest_dir_claim(way, "web1", NULL, &dir, &err), -SNP_E_OPEN);
	assert_int_equal(err.sys_errno, ELOOP);
	assert_int_equal(guest_dir_list(way, &found, &n, &err), -SNP_E_OPEN);
	assert_int_equal(guest_dir_lock(way, "web1", &dir, &err), -SNP_E_OPEN);
	assert_int_equal(guest_dir_exists(way, "web1", &there, &err), -SNP_E_OPEN);
	/* A file where a folder should be. */
	snprintf(way, sizeof(way), "%s/state", file);
	assert_int_equal(guest_dir_claim(way, "web1", NULL, &dir, &err), -SNP_E_OPEN);
	assert_int_equal(err.sys_errno, ENOTDIR);
	assert_string_equal(err.file, way);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(unlink(loop), 0);
	assert_int_equal(unlink(absolute), 0);
	assert_int_equal(rmdir(real), 0);
}

/* Where STATE is, when it is said in a way of its own, or cannot be said. */
static void a_state_that_is_named(void **state)
{
	char path[PATH_MAX], expected[PATH_MAX + 8], cwd[PATH_MAX], *longest;
	struct snp_error err;

	(void)state;
	assert_int_equal(chdir(root), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(expected, sizeof(expected), "%s/here", cwd);
	assert_int_equal(state_dir_find("here", "qemu:///system", path, NULL), 0);
	assert_string_equal(path, expected);
	/* Not silently another state, where the working folder is gone. */
	assert_int_equal(mkdir("gone", 0700), 0);
	assert_int_equal(chdir("gone"), 0);
	assert_int_equal(rmdir("../gone"), 0);
	assert_int_equal(state_dir_find("here", "qemu:///system", path, &err), -SNP_E_OPEN);
	assert_int_equal(chdir(cwd), 0);
	assert_int_equal(setenv("SNP_LAUNCH_STATE_DIR", "/there", 1), 0);
	assert_int_equal(state_dir_find(NULL, "qemu:///system", path, NULL), 0);
	assert_string_equal(path, "/there");
	assert_int_equal(state_dir_find("/elsewhere", "qemu:///system", path, NULL), 0);
	assert_string_equal(path, "/elsewhere");
	assert_int_equal(setenv("SNP_LAUNCH_STATE_DIR", "", 1), 0);
	assert_int_equal(state_dir_find(NULL, "qemu:///system", path, NULL), 0);
	assert_string_equal(path, "/var/lib/snp-launch");
	assert_int_equal(unsetenv("SNP_LAUNCH_STATE_DIR"), 0);
	/* Room for NAME/boot/firmware below it. */
	longest = calloc(1, PATH_MAX + 1);
	assert_non_null(longest);
	memset(longest, '/', PATH_MAX - 128);
	assert_int_equal(state_dir_find(longest, "qemu:///system", path, &err), 0);
	longest[PATH_MAX - 128] = '/';
	assert_int_equal(state_dir_find(longest, "qemu:///system", path, &err), -SNP_E_USAGE);
	assert_non_null(strstr(err.message, "too long"));
	free(longest);
	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
	assert_int_equal(setenv("HOME", "not/absolute", 1), 0);
	assert_int_equal(state_dir_find(NULL, "qemu:///session", path, &err), -SNP_E_USAGE);
	assert_non_null(strstr(err.message, "--state-dir"));
	assert_int_equal(setenv("HOME", "/home/me", 1), 0);
	assert_int_equal(state_dir_find(NULL, "qemu:///session", path, NULL), 0);
	assert_string_equal(path, "/home/me/.local/state/snp-launch");
	assert_int_equal(setenv("XDG_STATE_HOME", "/state", 1), 0);
	if (geteuid() != 0)
		return;
	/* Of a remote host, whose URI names the folder below one's own. */
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(state_dir_find(NULL, "qemu+tls://h/system", path, NULL), 0);
	assert_int_equal(seteuid(0), 0);
	assert_string_equal(path, "/state/snp-launch/@qemu+tls:%2F%2Fh%2Fsystem");
}

#define PROCESSES 16

static void many_claims_have_one_winner(void **state)
{
	unsigned int won = 0, exists = 0;
	struct guest_dir dir;

	(void)state;
	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			int r = guest_dir_claim(state_path, "one", NULL, &dir, NULL);

			_exit(r == 0 ? 1 : r == -SNP_E_EXISTS ? 2 : 3);
		}
	}
	for (unsigned int i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 1;
		exists += WIFEXITED(status) && WEXITSTATUS(status) == 2;
	}
	assert_int_equal(won, 1);
	assert_int_equal(exists, PROCESSES - 1);
	assert_int_equal(guest_dir_lock(state_path, "one", &dir, NULL), 0);
	assert_int_equal(guest_dir_remove(&dir, NULL), 0);
}

static const struct uri {
	const char *name, *uri, *folder;
	bool remote;
} uris[] = {
	{"system", "qemu:///system", "/var/lib/snp-launch", false},
	{"system, by its socket", "qemu+unix:///system", "/var/lib/snp-launch", false},
	{"session", "qemu:///session", "/state/snp-launch", false},
	{"ssh", "qemu+ssh://root@host/system", "/@qemu+ssh:%2F%2Froot@host%2Fsystem", true},
	{"tls without host", "qemu+tls:///system", "/@qemu+tls:%2F%2F%2Fsystem", true},
	{"test", "test:///default", "/@test:%2F%2F%2Fdefault", false},
	{"as a guest's name", "host1", "/@host1", false},
	{"forwarded", "qemu+unix:///system?socket=/tmp/s",
	 "/@qemu+unix:%2F%2F%2Fsystem?socket=%2Ftmp%2Fs", false},
};

static void check_uri(void **state)
{
	const struct uri *row = *state;
	char path[PATH_MAX];
	size_t n, tail = strlen(row->folder);

	assert_int_equal(uri_is_remote(row->uri), row->remote);
	assert_int_equal(state_dir_find(NULL, row->uri, path, NULL), 0);
	n = strlen(path);
	assert_true(n >= tail && strcmp(path + n - tail, row->folder) == 0);
	assert_int_equal(state_dir_find("/elsewhere", row->uri, path, NULL), 0);
	assert_string_equal(path, "/elsewhere");
}

static void a_simulated_host_keeps_its_guests(void **state)
{
	char uri[256], path[PATH_MAX], expected[128], lock[128];

	(void)state;
	snprintf(uri, sizeof(uri), "qemu+unix:///session?socket=%s/run/libvirt/libvirt-sock", root);
	snprintf(lock, sizeof(lock), "%s/keeper.lock", root);
	assert_false(uri_simulated_host(uri, path));
	close(open(lock, O_WRONLY | O_CREAT, 0600));
	snprintf(expected, sizeof(expected), "%s/guests", root);
	assert_int_equal(state_dir_find(NULL, uri, path, NULL), 0);
	assert_string_equal(path, expected);
	assert_int_equal(unlink(lock), 0);
}

static int setup(void **state)
{
	(void)state;
	unsetenv("SNP_LAUNCH_STATE_DIR");
	setenv("XDG_STATE_HOME", "/state", 1);
	if (!mkdtemp(root))
		return -1;
	snprintf(state_path, sizeof(state_path), "%s/state", root);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rmdir(state_path);
	return rmdir(root);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(a_name_is_one_process_s),
		cmocka_unit_test(remove_follows_nothing),
		cmocka_unit_test(replacement_is_one_step),
		cmocka_unit_test(what_others_may_write_is_refused),
		cmocka_unit_test(a_state_that_cannot_be_listed),
		cmocka_unit_test(the_way_to_the_state_is_checked),
		cmocka_unit_test(root_s_folders_are_trusted),
		cmocka_unit_test(links_lead_to_the_state),
		cmocka_unit_test(a_state_that_is_named),
		cmocka_unit_test(many_claims_have_one_winner),
		cmocka_unit_test(a_simulated_host_keeps_its_guests),
	};
	size_t n = tests_listed(tests);

	umask(077);
	ADD_ROWS(tests, n, check_name, names);
	ADD_ROWS(tests, n, check_uri, uris);
	return _cmocka_run_group_tests("guest_dir", tests, n, setup, teardown);
}
