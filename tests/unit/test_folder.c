// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/folder.h>

/* What somebody who may write in a tree can do against its removal. Just after unlinkat() was called for
 * `moment`, the wrapper lets `event` happen, as a process that is quick enough would. */
static char root[] = "/tmp/snp-test-remove-XXXXXX";
static const char *moment;
static void (*event)(void);

int __real_unlinkat(int at, const char *name, int flags);
int __wrap_unlinkat(int at, const char *name, int flags);
int __wrap_unlinkat(int at, const char *name, int flags)
{
	int r = __real_unlinkat(at, name, flags), error = errno;

	if (moment && strcmp(name, moment) == 0)
		event();
	errno = error;
	return r;
}

static void make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A chain of folders "d", each with a file. */
static void make_deep(unsigned int levels)
{
	int at = open(".", O_PATH | O_DIRECTORY);

	for (unsigned int i = 0; i < levels; i++) {
		int below, file;

		assert_int_equal(mkdirat(at, "d", 0700), 0);
		below = openat(at, "d", O_PATH | O_DIRECTORY);
		file = openat(below, "f", O_WRONLY | O_CREAT, 0600);
		assert_true(file >= 0);
		close(file);
		close(at);
		at = below;
	}
	close(at);
}

static void deeper_than_descriptors(void **state)
{
	struct rlimit before, few;

	(void)state;
	make_deep(1500);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(remove_tree(AT_FDCWD, "d"), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(access("d", F_OK), -1);
	assert_int_equal(remove_tree(AT_FDCWD, "d"), -ENOENT);
}

static void wide(void **state)
{
	char name[32];

	(void)state;
	assert_int_equal(mkdir("w", 0700), 0);
	for (unsigned int i = 0; i < 700; i++) {
		snprintf(name, sizeof(name), "w/f%u", i);
		make(name);
		snprintf(name, sizeof(name), "w/d%u", i);
		assert_int_equal(mkdir(name, 0700), 0);
	}
	assert_int_equal(remove_tree(AT_FDCWD, "w"), 0);
	assert_int_equal(access("w", F_OK), -1);
}

static void move_away(void)
{
	moment = NULL;
	assert_int_equal(rename("t/a/b", "outside/b"), 0);
}

static void become_a_link(void)
{
	moment = NULL;
	assert_int_equal(rename("t/a", "gone"), 0);
	assert_int_equal(symlink("../outside", "t/a"), 0);
}

static void vanish(void)
{
	moment = NULL;
	(void)unlink("t/a/b/link");
	assert_int_equal(rmdir("t/a/b"), 0);
	assert_int_equal(rename("t/a", "gone"), 0);
}

static void come_again(void)
{
	const char *name = moment;

	moment = NULL;
	make("t/a/b/late");
	moment = name;
}

static const struct row {
	const char *name, *moment;
	void (*event)(void);
	int result;
} rows[] = {
	{"nothing happens", NULL, NULL, 0},
	{"a folder is moved away while it is emptied", "file", move_away, 0},
	{"a folder becomes a link when it has turned out to be one", "a", become_a_link, 0},
	{"a folder vanishes under the one who empties it", "file", vanish, 0},
	{"a file comes again and again", "late", come_again, -EBUSY},
};

static void check_row(void **state)
{
	const struct row *row = *state;

	assert_int_equal(mkdir("outside", 0700), 0);
	make("outside/precious");
	assert_int_equal(mkdir("t", 0700), 0);
	assert_int_equal(mkdir("t/a", 0700), 0);
	assert_int_equal(mkdir("t/a/b", 0700), 0);
	make(row->result == 0 ? "t/a/b/file" : "t/a/b/late");
	assert_int_equal(symlink("../../../outside", "t/a/b/link"), 0);
	moment = row->moment;
	event = row->event;
	assert_int_equal(remove_tree(AT_FDCWD, "t"), row->result);
	/* It did happen. */
	assert_true(row->result != 0 || !moment);
	moment = NULL;
	if (row->result != 0)
		assert_int_equal(remove_tree(AT_FDCWD, "t"), 0);
	assert_int_equal(access("t", F_OK), -1);
	assert_int_equal(unlink("outside/precious"), 0);
	assert_int_equal(remove_tree(AT_FDCWD, "outside"), 0);
	(void)remove_tree(AT_FDCWD, "gone");
}

static void check_mode(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void folders_are_made_with_those_above(void **state)
{
	const mode_t before = umask(027);

	(void)state;
	assert_int_equal(make_folders("m", 0755, 0700), 1);
	check_mode("m", 0700);
	assert_int_equal(make_folders("m/a//b/c", 0777, 0711), 1);
	check_mode("m/a", 0750);
	check_mode("m/a/b", 0750);
	check_mode("m/a/b/c", 0710);
	/* What exists keeps its mode. */
	assert_int_equal(make_folders("m/a/b", 0700, 0700), 0);
	check_mode("m/a/b", 0750);
	make("m/file");
	assert_int_equal(make_folders("m/file/x", 0700, 0700), -ENOTDIR);
	assert_int_equal(make_folders("", 0700, 0700), -ENOENT);
	umask(before);
	assert_int_equal(remove_tree(AT_FDCWD, "m"), 0);
}

static const struct place {
	const char *name, *xdg, *home, *expected; /* NULL: none */
} places[] = {
	{"by its variable", "/x", "/home/a", "/x/snp"},
	{"by HOME", NULL, "/home/a", "/home/a/.local/state/snp"},
	{"a relative variable is ignored", "x", "/home/a", "/home/a/.local/state/snp"},
	{"an empty variable is ignored", "", "/home/a", "/home/a/.local/state/snp"},
	{"the variable alone", "/x", NULL, "/x/snp"},
	{"neither", NULL, NULL, NULL},
	{"both relative", "x", "home", NULL},
};

static void set(const char *variable, const char *value)
{
	if (value)
		setenv(variable, value, 1);
	else
		unsetenv(variable);
}

static void check_place(void **state)
{
	const struct place *row = *state;
	char path[PATH_MAX];

	set("XDG_STATE_HOME", row->xdg);
	set("HOME", row->home);
	assert_int_equal(user_folder(USER_STATE, "snp", path), row->expected != NULL);
	if (row->expected)
		assert_string_equal(path, row->expected);
}

static void each_kind_has_its_variable_and_its_place(void **state)
{
	static const struct {
		enum user_folder kind;
		const char *variable, *in_home;
	} kinds[] = {
		{USER_CACHE, "XDG_CACHE_HOME", "/home/a/.cache/n"},
		{USER_CONFIG, "XDG_CONFIG_HOME", "/home/a/.config/n"},
		{USER_DATA, "XDG_DATA_HOME", "/home/a/.local/share/n"},
		{USER_STATE, "XDG_STATE_HOME", "/home/a/.local/state/n"},
	};
	char path[PATH_MAX], name[PATH_MAX];

	(void)state;
	set("HOME", "/home/a");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		set(kinds[i].variable, NULL);
		assert_true(user_folder(kinds[i].kind, "n", path));
		assert_string_equal(path, kinds[i].in_home);
		set(kinds[i].variable, "/x");
		assert_true(user_folder(kinds[i].kind, "n", path));
		assert_string_equal(path, "/x/n");
		/* "/x/", and a name that leaves room for the NUL, or not. */
		memset(name, 'n', sizeof(name));
		name[PATH_MAX - 4] = '\0';
		assert_true(user_folder(kinds[i].kind, name, path));
		name[PATH_MAX - 4] = 'n';
		name[PATH_MAX - 3] = '\0';
		assert_false(user_folder(kinds[i].kind, name, path));
	}
}

/* A path that is cut would name something else. */
static void a_join_that_does_not_fit_is_empty(void **state)
{
	char path[8];

	(void)state;
	assert_ptr_equal(path_join("/a", "bcde", path, sizeof(path)), path);
	assert_string_equal(path, "/a/bcde");
	assert_string_equal(path_join("/a", "bcdef", path, sizeof(path)), "");
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 ? rmdir(root) : -1;
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(deeper_than_descriptors),
		cmocka_unit_test(wide),
		cmocka_unit_test(folders_are_made_with_those_above),
		cmocka_unit_test(each_kind_has_its_variable_and_its_place),
		cmocka_unit_test(a_join_that_does_not_fit_is_empty),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_place, places);
	ADD_ROWS(tests, n, check_row, rows);
	return _cmocka_run_group_tests("folder", tests, n, setup, teardown);
}
