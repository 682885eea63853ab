// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "host/deadline.h"
#include "host/qemu_file.h"

#define STARTING "2026-11-30 22:12:00.581+0000: starting up libvirt version: 11.3.0\n"
#define COMMAND	 "LC_ALL=C \\\n/usr/bin/qemu-system-x86_64 \\\n-msg timestamp=on\n"
#define ENDING	 "2026-11-30 22:12:04.147+0000: shutting down, reason=crashed\n"

static const struct log {
	const char *name, *text, *said;
} logs[] = {
	{"nothing", "", ""},
	{"one run", STARTING COMMAND "a\n" ENDING, "a\n"},
	{"a run that said nothing", STARTING COMMAND "a\n" ENDING STARTING COMMAND ENDING, ""},
	{"more than is shown", STARTING COMMAND "a\nb\nc\nd\ne\n" ENDING, "c\nd\ne\n"},
	{"the middle of a run", "b\n" ENDING, "b\n"},
	{"the middle of a command line", "-smp 1 \\\n-msg timestamp=on\nb\n" ENDING, "b\n"},
	{"no end of line", STARTING COMMAND "a\nb", "a\nb"},
	{"empty lines", STARTING COMMAND "\n\na\n\n", "a\n"},
	{"a backslash alone", "\\\na\nb\n", "b\n"},
};

static void check_log(void **state)
{
	const struct log *row = *state;
	const size_t size = strlen(row->text);
	/* Exactly as long as it is, so that a sanitizer sees a read past its end. */
	char *text = malloc(size ? size : 1), said[QEMU_SAID_MAX];

	assert_non_null(text);
	memcpy(text, row->text, size);
	qemu_said_in(text, size, said);
	free(text);
	assert_string_equal(said, row->said);
}

static void a_long_line_is_left_out(void **state)
{
	char text[2 * QEMU_SAID_MAX], said[QEMU_SAID_MAX];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[1] = '\n';
	qemu_said_in(text, sizeof(text), said);
	assert_string_equal(said, "a\n");
}

static void put(const char *folder, const char *name, const char *text)
{
	_cleanup_(freep) char *path = format_text("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Whoever may write in the log's folder leads a reader nowhere else. */
static void links_are_not_followed(void **state)
{
	static const char *const folders[] = {"",
					      "/cache",
					      "/cache/libvirt",
					      "/cache/libvirt/qemu",
					      "/cache/libvirt/qemu/log",
					      "/run",
					      "/run/libvirt"};
	char top[] = "/tmp/test-qemu-file-XXXXXX", path[256], to[256], uri[256],
	     said[QEMU_SAID_MAX];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(top));
	for (size_t i = 1; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s%s", top, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put(top, "keeper.lock", "");
	put(top, "secret", "secret\n");
	put(top, "cache/libvirt/qemu/log/a.log", STARTING COMMAND "words\n");
	put(top, "cache/libvirt/qemu/log/a.log.0", "older\n");
	snprintf(uri, sizeof(uri), "qemu+unix:///session?socket=%s/run/libvirt/libvirt-sock", top);
	qemu_log_said(uri, "a", said);
	assert_string_equal(said, "words\n");
	assert_true(qemu_log_cause(uri, "a", "An error occurred, but the cause is unknown", said));
	assert_string_equal(said, "words");
	assert_true(qemu_log_cause(
		uri, "a", "internal error: QEMU unexpectedly closed the monitor (vm='a')", said));
	assert_false(qemu_log_cause(
		uri, "a", "QEMU unexpectedly closed the monitor (vm='a'): it says why", said));
	assert_false(qemu_log_cause(uri, "b", "the cause is unknown", said));
	fd = qemu_log_open(uri, "a", 1);
	assert_true(fd >= 0);
	close(fd);
	assert_true(qemu_log_open(uri, "a", 2) < 0);
	assert_true(qemu_log_open(uri, "../../../../secret", 0) < 0);
	assert_true(qemu_log_open("qemu+ssh://host/system", "a", 0) < 0);
	assert_true(qemu_started(uri, "a") == 0);

	snprintf(to, sizeof(to), "%s/secret", top);
	snprintf(path, sizeof(path), "%s/cache/libvirt/qemu/log/b.log", top);
	assert_int_equal(symlink(to, path), 0);
	assert_true(qemu_log_open(uri, "b", 0) < 0);
	snprintf(path, sizeof(path), "%s/cache/libvirt/qemu/log/c.log", top);
	assert_int_equal(link(to, path), 0);
	assert_true(qemu_log_open(uri, "c", 0) < 0);
	snprintf(path, sizeof(path), "%s/cache/libvirt/qemu/log/d.log", top);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(qemu_log_open(uri, "d", 0) < 0);
	snprintf(path, sizeof(path), "%s/cache/libvirt/qemu", top);
	snprintf(to, sizeof(to), "%s/moved", top);
	assert_int_equal(rename(path, to), 0);
	assert_int_equal(symlink(to, path), 0);
	assert_true(qemu_log_open(uri, "a", 0) < 0);
	assert_int_equal(remove_tree(AT_FDCWD, top), 0);
}

static int fails(void *arg, struct snp_error *err)
{
	(void)arg;
	*err = (struct snp_error){.code = SNP_E_LIBVIRT, .message = "no"};
	return -SNP_E_LIBVIRT;
}

static int sleeps(void *arg, struct snp_error *err)
{
	(void)err;
	return sleep(*(unsigned int *)arg) == 0 ? 0 : 0;
}

static void work_that_takes_too_long_is_given_up(void **state)
{
	static unsigned int nothing, long_time = 60;
	struct snp_error err = {0};
	bool given_up;

	(void)state;
	assert_int_equal(within_seconds(60, sleeps, &nothing, "try", &given_up, &err), 0);
	assert_int_equal(within_seconds(60, fails, NULL, "try", &given_up, &err), -SNP_E_LIBVIRT);
	assert_string_equal(err.message, "no");
	assert_false(given_up);
	assert_int_equal(within_seconds(60, fails, NULL, "try", &given_up, NULL), -SNP_E_LIBVIRT);
	assert_int_equal(within_seconds(1, sleeps, &long_time, "try", &given_up, &err),
			 -SNP_E_TIMEOUT);
	assert_true(given_up);
	assert_non_null(strstr(err.message, "try: libvirt did not answer for 1 seconds"));
}

int main(void)
{
	static struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(a_long_line_is_left_out), cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(work_that_takes_too_long_is_given_up)};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_log, logs);
	return RUN_TESTS("qemu_file", tests, n);
}
