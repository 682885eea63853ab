// SPDX-License-Identifier: Apache-2.0
/* The first Ctrl-C asks, at the next place where it can be undone; the second one ends the program. */
#include "rows.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>

#include "host/interrupt.h"

static const struct row {
	const char *name;
	int signal;
	const char *says;
} rows[] = {
	{"Ctrl-C", SIGINT, "interrupted by Ctrl-C"},
	{"SIGTERM", SIGTERM, "interrupted by SIGTERM"},
	{"a closed terminal", SIGHUP, "interrupted by a closed terminal"},
};

static bool says(const char *text)
{
	struct snp_error err = {0};

	return interrupt_check(&err) == -SNP_E_INTERRUPTED && strcmp(err.message, text) == 0;
}

/* Run `body` in a child; its status. */
static int child(const struct row *row, void (*body)(const struct row *row))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			signal(rows[i].signal, SIG_DFL);
		body(row);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void once(const struct row *row)
{
	interrupt_defer();
	if (interrupt_check(NULL) != 0)
		_exit(1);
	raise(row->signal);
	/* It stays so, however often somebody asks. */
	if (!says(row->says) || !says(row->says))
		_exit(2);
	/* What came before is forgotten. */
	interrupt_restore();
	interrupt_defer();
	if (interrupt_check(NULL) != 0)
		_exit(3);
	/* Of one within another only the outer counts; and what is forgotten does not count. */
	interrupt_defer();
	raise(row->signal);
	interrupt_restore();
	if (!says(row->says))
		_exit(4);
	interrupt_forget();
	if (interrupt_check(NULL) != 0)
		_exit(5);
	raise(row->signal);
	_exit(says(row->says) ? 0 : 6);
}

static void twice(const struct row *row)
{
	interrupt_defer();
	raise(row->signal);
	raise(row->signal);
}

static void after(const struct row *row)
{
	interrupt_defer();
	interrupt_restore();
	raise(row->signal);
}

static void ignored(const struct row *row)
{
	signal(row->signal, SIG_IGN);
	interrupt_defer();
	raise(row->signal);
	raise(row->signal);
	if (interrupt_check(NULL) != 0)
		_exit(1);
	interrupt_restore();
	raise(row->signal);
}

static bool is_ended_by(int status, int signal)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

static void check_row(void **state)
{
	const struct row *row = *state;

	assert_int_equal(child(row, once), 0);
	assert_true(is_ended_by(child(row, twice), row->signal));
	assert_true(is_ended_by(child(row, after), row->signal));
	assert_int_equal(child(row, ignored), 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("interrupt", tests, n);
}
