// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>

static char folder[] = "/tmp/snp-test-file-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const void *bytes, size_t size)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static unsigned int entries(void)
{
	DIR *d = opendir(folder);
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static const struct refused {
	const char *name, *path;
	int status;
} refusals[] = {
	{"absent", "/nonexistent/x", -SNP_E_OPEN},
	{"directory", "/", -SNP_E_NOT_REGULAR},
	{"device", "/dev/zero", -SNP_E_NOT_REGULAR},
	{"fifo", NULL, -SNP_E_NOT_REGULAR},
	{"more than its size says", "/proc/self/status", -SNP_E_NOT_REGULAR},
	{"over its cap", "/proc/self/exe", -SNP_E_TOO_LARGE},
};

static void check_refused(void **state)
{
	const struct refused *row = *state;
	const char *path = row->path ? row->path : path_of("fifo");
	uint8_t *bytes = (uint8_t *)&folder;
	size_t size = 77;
	struct snp_error err = {0};

	assert_int_equal(file_read(path, 16, &bytes, &size, &err), row->status);
	assert_ptr_equal(bytes, &folder);
	assert_int_equal(size, 77);
	assert_string_equal(err.file, path);
	assert_true(err.message[0] != '\0');
}

static void sha256_of_a_file(void **state)
{
	/* FIPS 180-2, appendix B.1. */
	static const char expected[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct file file;
	uint8_t hash[SNP_SHA256_SIZE];
	char text[2 * SNP_SHA256_SIZE + 1];

	(void)state;
	put("abc", "abc", 3);
	assert_int_equal(file_open(path_of("abc"), 3, &file, NULL), 0);
	assert_int_equal(file_sha256(&file, NULL, NULL, hash, NULL), 0);
	hex_encode(hash, sizeof(hash), text);
	assert_string_equal(text, expected);
	file_close(&file);
	unlink(path_of("abc"));
}

static int grow(void *arg, struct snp_span piece, struct snp_error *err)
{
	(void)piece;
	(void)err;
	return write(*(int *)arg, "x", 1) == 1 ? 0 : -SNP_E_WRITE;
}

static void change_while_read_is_seen(void **state)
{
	struct file file;
	struct snp_error err;
	int fd;

	(void)state;
	put("moving", "abc", 3);
	assert_int_equal(file_open(path_of("moving"), 16, &file, NULL), 0);
	fd = open(path_of("moving"), O_WRONLY | O_APPEND);
	assert_int_equal(file_stream(&file, grow, &fd, NULL, NULL, &err), -SNP_E_CHANGED);
	assert_int_equal(ftruncate(fd, 1), 0);
	assert_int_equal(file_stream(&file, grow, &fd, NULL, NULL, &err), -SNP_E_CHANGED);
	close(fd);
	file_close(&file);
	unlink(path_of("moving"));
}

static void write_replaces_whole_or_not_at_all(void **state)
{
	struct snp_span old = {(const uint8_t *)"old", 3}, new = {(const uint8_t *)"newer", 5};
	_cleanup_(freep) uint8_t *bytes = NULL;
	unsigned int before = entries();
	struct snp_error err;
	struct stat st;
	size_t size;

	(void)state;
	assert_int_equal(file_write(path_of("out"), old, 0640, false, &err), 0);
	assert_int_equal(file_write(path_of("out"), new, 0640, false, &err), -SNP_E_EXISTS);
	assert_int_equal(file_read(path_of("out"), 16, &bytes, &size, &err), 0);
	assert_string_equal((char *)bytes, "old");
	freep(&bytes);
	assert_int_equal(file_write(path_of("out"), new, 0640, true, &err), 0);
	assert_int_equal(file_read(path_of("out"), 16, &bytes, &size, &err), 0);
	assert_string_equal((char *)bytes, "newer");
	assert_int_equal(stat(path_of("out"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(entries(), before + 1);
	assert_int_equal(file_write("/nonexistent/out", new, 0640, true, &err), -SNP_E_WRITE);
	assert_int_equal(err.sys_errno, ENOENT);
	unlink(path_of("out"));
}

/* A folder just as long as the system takes, and one byte longer. */
static void a_folder_longer_than_any_path_is_refused(void **state)
{
	struct snp_span bytes = {(const uint8_t *)"x", 1};
	_cleanup_(freep) char *path = malloc(2 * PATH_MAX);
	struct snp_error err;

	(void)state;
	assert_non_null(path);
	for (size_t n = PATH_MAX - 3; n < PATH_MAX + 3; n++) {
		memset(path, '/', n);
		memcpy(path, "/nonexistent", strlen("/nonexistent"));
		memcpy(path + n, "x", 2);
		assert_int_equal(file_write(path, bytes, 0644, true, &err), -SNP_E_WRITE);
		assert_int_equal(err.sys_errno, n < PATH_MAX ? ENOENT : ENAMETOOLONG);
	}
}

/* A signal that comes meanwhile finds neither file, and ends the process afterwards. */
static void a_signal_leaves_nothing_behind(void **state)
{
	struct snp_span bytes = {(const uint8_t *)"x", 1};
	unsigned int before = entries();
	sigset_t mask;
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		signals_hold(&mask);
		raise(SIGTERM);
		_exit(file_write(path_of("out"), bytes, 0644, true, NULL) == -SNP_E_INTERRUPTED
			      ? (signals_release(&mask), 1)
			      : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(entries(), before);
}

/* Under nohup a closed terminal interrupts nothing. */
static void an_ignored_signal_interrupts_nothing(void **state)
{
	struct snp_span bytes = {(const uint8_t *)"x", 1};
	pid_t child = fork();
	sigset_t mask;
	int status;

	(void)state;
	if (child == 0) {
		signal(SIGHUP, SIG_IGN);
		signals_hold(&mask);
		raise(SIGHUP);
		_exit(-file_write(path_of("nohup"), bytes, 0644, true, NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(unlink(path_of("nohup")), 0);
}

/* Where the second of two cannot be written, the first stays as it is. */
static void several_are_written_or_none(void **state)
{
	const struct snp_span old = {(const uint8_t *)"old", 3}, new = {(const uint8_t *)"new", 3};
	static const char *const bad[] = {"/nonexistent/out", "/", "", "/dev/"};
	struct output outputs[2] = {{.bytes = new}, {.bytes = new}};
	unsigned int before = entries();
	char first[256];
	uint8_t *bytes = NULL;
	size_t size;

	(void)state;
	snprintf(first, sizeof(first), "%s", path_of("first"));
	outputs[0].path = first;
	assert_int_equal(file_write(first, old, 0640, false, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct snp_error err = {0};

		outputs[1].path = bad[i];
		assert_int_equal(files_write(outputs, 2, 0640, true, &err), -SNP_E_WRITE);
		assert_true(err.message[0] != '\0');
		assert_int_equal(entries(), before + 1);
		assert_int_equal(file_read(first, 16, &bytes, &size, NULL), 0);
		assert_string_equal((char *)bytes, "old");
		freep(&bytes);
	}
	outputs[1].path = path_of("second");
	assert_int_equal(files_write(outputs, 2, 0640, true, NULL), 0);
	assert_int_equal(entries(), before + 2);
	assert_int_equal(file_read(first, 16, &bytes, &size, NULL), 0);
	assert_string_equal((char *)bytes, "new");
	freep(&bytes);
	unlink(first);
	unlink(path_of("second"));
}

static int setup(void **state)
{
	(void)state;
	return !mkdtemp(folder) || mkfifo(path_of("fifo"), 0600) < 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path_of("fifo")) < 0 || rmdir(folder) < 0;
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(sha256_of_a_file),
		cmocka_unit_test(change_while_read_is_seen),
		cmocka_unit_test(write_replaces_whole_or_not_at_all),
		cmocka_unit_test(a_folder_longer_than_any_path_is_refused),
		cmocka_unit_test(a_signal_leaves_nothing_behind),
		cmocka_unit_test(an_ignored_signal_interrupts_nothing),
		cmocka_unit_test(several_are_written_or_none),
	};
	size_t n = tests_listed(tests);

	umask(022);
	ADD_ROWS(tests, n, check_refused, refusals);
	return _cmocka_run_group_tests("file", tests, n, setup, teardown);
}
