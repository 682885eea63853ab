// SPDX-License-Identifier: Apache-2.0
/* The logs of a guest's boots: which are kept, what is opened, and which bytes of them are shown. */
#include "rows.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/folder.h>

#include "guest/log_source.h"
#include "told.h"

static char root[] = "/tmp/snp-test-console-XXXXXX";

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static struct guest_dir enter(const char *name)
{
	struct guest_dir dir = {.fd = -1};
	char path[256];

	assert_int_equal(chdir(root), 0);
	if (access(name, F_OK) == 0)
		(void)!remove_tree(AT_FDCWD, name);
	snprintf(path, sizeof(path), "%s/log", name);
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chdir(name), 0);
	dir.fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir.fd >= 0);
	return dir;
}

static int take(void *arg, const char *bytes, size_t size, struct snp_error *err)
{
	char *text = arg;
	const size_t n = strlen(text);

	(void)err;
	assert_true(n + size < 4096);
	memcpy(text + n, bytes, size);
	text[n + size] = '\0';
	return 0;
}

static void tell_parts(const char *name, struct log_parts *parts)
{
	char text[4096] = "";
	uint64_t end = 0;

	assert_int_equal(log_each_piece(parts, 0, UINT64_MAX, take, text, &end, NULL), 0);
	assert_int_equal(end, strlen(text));
	for (char *at = text; *at; at++)
		*at = *at == '\n' ? '/' : *at;
	tell("%s: %zu parts, '%s'", name, parts->n, text);
	log_parts_close(parts);
	assert_int_equal(parts->n, 0);
}

static void tell_boots(unsigned int n)
{
	for (unsigned int ago = 0; ago <= n; ago++) {
		struct log_parts parts;
		struct snp_error err = {0};
		char name[32];
		int r = console_log_open(".", ago, &parts, &err);

		snprintf(name, sizeof(name), "%u boots ago", ago);
		if (r < 0)
			tell_result(name, r, &err);
		else
			tell_parts(name, &parts);
		r = qemu_copy_open(".", ago, &parts, &err);
		snprintf(name, sizeof(name), "QEMU %u boots ago", ago);
		if (r < 0)
			tell_result(name, r, &err);
		else
			tell_parts(name, &parts);
	}
}

/* Each boot's log moves away, with its parts, and the last ten are kept. */
static void boots_are_kept(void **state)
{
	struct guest_dir dir = enter("kept");

	(void)state;
	tell_boots(1);
	/* What is no boot's is left alone. */
	assert_int_equal(mkdir("log/01", 0700), 0);
	assert_int_equal(mkdir("log/1x", 0700), 0);
	assert_int_equal(mkdir("log/1000000000", 0700), 0);
	for (unsigned int boot = 1; boot <= 13; boot++) {
		char text[64];

		snprintf(text, sizeof(text), "boot %u\n", boot);
		put("log/console.log", text);
		if (boot % 4 == 0) {
			put("log/console.log.0", "newer part\n");
			put("log/console.log.1", "older part\n");
			put("log/console.log.14", "oldest part\n");
		}
		console_log_begin(&dir, "qemu:///system", "kept");
		assert_int_equal(access("log/console.log", F_OK), -1);
		/* A start that writes nothing makes no boot. */
		console_log_begin(&dir, "qemu:///system", "kept");
	}
	put("log/console.log", "the last\n");
	tell_boots(12);
	assert_int_equal(access("log/3", F_OK), -1);
	assert_int_equal(access("log/4", F_OK), 0);
	assert_int_equal(access("log/13", F_OK), 0);
	assert_int_equal(access("log/01", F_OK), 0);
	assert_int_equal(access("log/1x", F_OK), 0);
	assert_int_equal(access("log/1000000000", F_OK), 0);
	/* Boots count on to nine digits, and no more. */
	assert_int_equal(mkdir("log/999999999", 0700), 0);
	console_log_begin(&dir, NULL, NULL);
	assert_int_equal(access("log/console.log", F_OK), 0);
	close(dir.fd);
}

/* A session's daemon empties QEMU's log, so it is copied, its first 4 MiB. */
static void a_session_s_log_is_copied(void **state)
{
	struct guest_dir dir = enter("session");
	char folder[256], path[320];
	struct stat st;
	FILE *f;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/cache", root);
	assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/libvirt", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/libvirt/qemu", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/libvirt/qemu/log", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/libvirt/qemu/log/web1.log", folder);
	put(path, "what QEMU said\n");
	put("log/console.log", "one\n");
	console_log_begin(&dir, "qemu:///session", "web1");
	put("log/console.log", "two\n");
	console_log_begin(&dir, "qemu:///system", "web1");
	tell_boots(2);
	f = fopen(path, "w");
	assert_non_null(f);
	for (unsigned int i = 0; i < 5u << 20; i++)
		putc('x', f);
	assert_int_equal(fclose(f), 0);
	put("log/console.log", "three\n");
	console_log_begin(&dir, "qemu:///session", "web1");
	assert_int_equal(stat("log/3/qemu.log", &st), 0);
	tell("copied: %lld bytes, mode %o", (long long)st.st_size, st.st_mode & 0777);
	close(dir.fd);
}

/* What is not a file of the log's own is not read: links, other names of a file, folders. */
static void only_files_are_read(void **state)
{
	struct guest_dir dir = enter("files");
	struct log_parts parts;
	struct snp_error err = {0};

	(void)state;
	put("other", "secret\n");
	assert_int_equal(symlink("../other", "log/console.log"), 0);
	tell_result("a link", console_log_open(".", 0, &parts, &err), &err);
	assert_int_equal(unlink("log/console.log"), 0);
	assert_int_equal(link("other", "log/console.log"), 0);
	tell_result("another name", console_log_open(".", 0, &parts, &err), &err);
	assert_int_equal(unlink("log/console.log"), 0);
	assert_int_equal(mkdir("log/console.log", 0700), 0);
	tell_result("a folder", console_log_open(".", 0, &parts, &err), &err);
	assert_int_equal(rmdir("log/console.log"), 0);
	assert_int_equal(mkfifo("log/console.log", 0600), 0);
	tell_result("a FIFO", console_log_open(".", 0, &parts, &err), &err);
	assert_int_equal(unlink("log/console.log"), 0);
	tell_result("no guest", console_log_open("nobody", 0, &parts, &err), &err);
	tell_result("no guest's QEMU", qemu_copy_open("nobody", 0, &parts, &err), &err);
	/* Release 0.1.0 had it in run/; what is in log/ is newer. */
	assert_int_equal(mkdir("run", 0700), 0);
	put("run/console.log", "of 0.1.0\n");
	assert_int_equal(console_log_open(".", 0, &parts, &err), 0);
	tell_parts("in run/", &parts);
	put("log/console.log", "of today\n");
	put("log/console.log.2", "a part\n");
	assert_int_equal(symlink("../other", "log/console.log.1"), 0);
	assert_int_equal(console_log_open(".", 0, &parts, &err), 0);
	tell_parts("in log/", &parts);
	assert_int_equal(rename("log", "real"), 0);
	assert_int_equal(symlink("real", "log"), 0);
	tell_result("log/ is a link", console_log_open(".", 0, &parts, &err), &err);
	console_log_begin(&dir, NULL, NULL);
	assert_int_equal(access("real/console.log", F_OK), 0);
	close(dir.fd);
}

/* A guest that replaces another takes its logs over. */
static void logs_are_taken_over(void **state)
{
	struct guest_dir old = enter("old"), new = {.fd = -1};

	(void)state;
	put("log/console.log", "first\n");
	console_log_begin(&old, NULL, NULL);
	put("log/console.log", "second\n");
	new = enter("new");
	console_log_adopt(&old, &new);
	tell_boots(3);
	put("log/console.log", "third\n");
	tell_boots(3);
	close(old.fd);
	close(new.fd);
}

static void open_source(struct log_source *source, const char *const *parts, size_t n)
{
	*source = (struct log_source){.to = UINT64_MAX};
	for (size_t i = 0; i < n; i++) {
		put("part", parts[i]);
		source->parts.fd[source->parts.n] = open("part", O_RDONLY | O_CLOEXEC);
		assert_true(source->parts.fd[source->parts.n] >= 0);
		source->parts.n++;
		assert_int_equal(unlink("part"), 0);
	}
}

static void tell_source(const char *name, const struct log_source *s)
{
	char text[4096] = "";
	uint64_t end = 0;

	assert_int_equal(log_each_piece(&s->parts, s->from, s->to, take, text, &end, NULL), 0);
	for (char *at = text; *at; at++)
		*at = *at == '\n' ? '/' : *at;
	tell("%s: from %lld to %lld, %llu lines, end %llu, '%s'", name, (long long)s->from,
	     (long long)s->to, (unsigned long long)s->lines, (unsigned long long)end, text);
}

#define RUN(n) "2026-11-0" n " 10:00:00.000+0000: starting up libvirt version: 11.3.0\nQEMU " n "\n"

static void which_bytes_are_shown(void **state)
{
	static const char *const texts[] = {"one\ntwo\nthr", "ee\nfour\n", "five\nsix"};
	static const char *const qemu[] = {RUN("1") RUN("2"), RUN("3") RUN("4")};
	static const char *const dated[] = {
		"2026-11-01 10:00:00.000+0000: old\nno time\n2026-11-02 10:00:00.000+0000: new\nmore\n"};
	struct log_sources all = {0};
	struct snp_error err = {0};
	struct log_source s;
	char name[64];

	(void)state;
	assert_int_equal(chdir(root), 0);
	for (uint64_t from = 0; from < 30; from += 3)
		for (uint64_t to = from; to < 40; to += 5) {
			open_source(&s, texts, 3);
			s.from = from;
			s.to = to;
			tell_source("piece", &s);
			assert_int_equal(log_source_since(&s, false, 0, &err), 0);
			tell_source("  lines", &s);
			log_parts_close(&s.parts);
		}
	for (unsigned int ago = 0; ago < 5; ago++) {
		int r;

		open_source(&s, qemu, 2);
		r = log_source_run(&s, ago, &err);
		snprintf(name, sizeof(name), "run %u ago", ago);
		tell_result(name, r, &err);
		if (r == 0)
			tell_source("  it", &s);
		log_parts_close(&s.parts);
	}
	/* The last write is now, so only what says a time may be older. */
	for (unsigned int day = 1; day < 4; day++) {
		open_source(&s, dated, 1);
		assert_true(time(NULL) - log_last_write(&s.parts) < 100);
		assert_int_equal(log_source_since(&s, true, 1793440800 + (day - 1) * 86400, &err),
				 0);
		snprintf(name, sizeof(name), "since day %u", day);
		tell_source(name, &s);
		log_parts_close(&s.parts);
	}
	open_source(&s, dated, 1);
	assert_int_equal(log_source_since(&s, true, time(NULL) + 1000, &err), 0);
	tell_source("since tomorrow", &s);
	log_parts_close(&s.parts);
	for (uint64_t last = 0; last < 12; last++) {
		open_source(&all.source[0], texts, 3);
		open_source(&all.source[1], dated, 1);
		all.n = 2;
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(log_source_since(&all.source[i], false, 0, &err), 0);
		assert_int_equal(log_sources_last(&all, last, &err), 0);
		snprintf(name, sizeof(name), "last %llu", (unsigned long long)last);
		tell_source(name, &all.source[0]);
		tell_source("  and", &all.source[1]);
		log_sources_close(&all);
		assert_int_equal(all.n, 0);
	}
}

/* More runs than are remembered; what cannot be read. */
static void many_runs(void **state)
{
	static char text[200 * 80];
	const char *const one[] = {text};
	struct log_source s;
	struct snp_error err = {0};
	uint64_t end;
	int folder;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		snprintf(text + strlen(text), 80,
			 "2026-11-01 10:00:%02u.000+0000: starting up libvirt version: %u\n",
			 i % 60, i);
	for (unsigned int ago = 62; ago < 66; ago++) {
		int r;

		open_source(&s, one, 1);
		r = log_source_run(&s, ago, &err);
		tell_result("of 100 runs", r, &err);
		if (r == 0)
			tell_source("  it", &s);
		log_parts_close(&s.parts);
	}
	folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s = (struct log_source){.parts = {.n = 1, .fd = {folder}}, .to = UINT64_MAX};
	text[0] = '\0';
	assert_int_equal(log_each_piece(&s.parts, 0, 10, take, text, &end, &err), -SNP_E_READ);
	assert_int_equal(log_source_since(&s, false, 0, &err), -SNP_E_READ);
	assert_int_equal(log_source_since(&s, true, 5, &err), -SNP_E_READ);
	assert_int_equal(log_source_run(&s, 0, &err), -SNP_E_READ);
	close(folder);
	assert_int_equal(log_each_piece(&s.parts, 0, 10, take, text, &end, &err), -SNP_E_READ);
	assert_int_equal(log_last_write(&s.parts), 0);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") < 0 ? -1 : remove_tree(AT_FDCWD, root);
}

static void as_told(void **state)
{
	(void)state;
	told("console_log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots_are_kept),
		cmocka_unit_test(a_session_s_log_is_copied),
		cmocka_unit_test(only_files_are_read),
		cmocka_unit_test(logs_are_taken_over),
		cmocka_unit_test(which_bytes_are_shown),
		cmocka_unit_test(many_runs),
		cmocka_unit_test(as_told),
	};

	return cmocka_run_group_tests_name("console_log", tests, setup, teardown);
}
