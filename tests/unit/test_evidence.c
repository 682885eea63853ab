// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "guest/evidence.h"

/* Commands that answer, and that do not. A race decides otherwise whether a command ends before it is asked:
 * with `hang_up`, the wrapper of poll() waits for its end first. With `late`, waiting for nothing but time
 * takes a minute by the wrapper's clock. */
static bool hang_up, late;
static time_t ahead;

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = __real_clock_gettime(clock, ret);

	ret->tv_sec += ahead;
	return r;
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct pollfd end = {.fd = fds ? fds->fd : -1};

	if (hang_up && fds)
		assert_int_equal(__real_poll(&end, 1, 30000), 1);
	if (late && !fds)
		ahead += 60;
	return __real_poll(fds, n, timeout);
}

static uint8_t nonce[SNP_REPORT_DATA_SIZE];
static struct evidence evidence;

static const struct row {
	const char *name;
	const char *argv[4];
	bool hang_up, late;
	enum snp_code code;
	size_t size; /* of the answer, which starts with the nonce */
} rows[] = {
	{"echo of the nonce", {"cat"}, false, false, SNP_OK, SNP_REPORT_DATA_SIZE},
	{"stops after 64 bytes", {"head", "-c", "64"}, false, false, SNP_OK, SNP_REPORT_DATA_SIZE},
	{"ended before it was asked", {"true"}, true, false, SNP_E_NO_EVIDENCE, 0},
	{"failed before it was asked", {"false"}, true, false, SNP_E_NO_EVIDENCE, 0},
	{"no such command", {"/nonexistent"}, false, false, SNP_E_NO_EVIDENCE, 0},
	{"fails behind its answer",
	 {"sh", "-c", "cat; exit 3"},
	 false,
	 false,
	 SNP_E_NO_EVIDENCE,
	 0},
	{"goes on behind its answer",
	 {"sh", "-c", "cat; exec <&- >&-; sleep 600 & wait"},
	 false,
	 true,
	 SNP_E_NO_EVIDENCE,
	 0},
	{"too much", {"sh", "-c", "cat; cat /dev/zero"}, false, false, SNP_E_NO_EVIDENCE, 0},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct snp_error err = {0};
	char *argv[4];
	int r;

	for (size_t i = 0; i < 4; i++)
		argv[i] = row->argv[i] ? strdup(row->argv[i]) : NULL;
	hang_up = row->hang_up;
	late = row->late;
	r = evidence_from_command(argv, nonce, &evidence, &err);
	hang_up = late = false;
	for (size_t i = 0; i < 4; i++)
		free(argv[i]);
	assert_int_equal(r, -(int)row->code);
	assert_int_equal(err.code, row->code);
	if (r < 0)
		return;
	assert_int_equal(evidence.size, row->size);
	assert_memory_equal(evidence.bytes, nonce, row->size);
}

/* Who listens and takes nobody is waited for, and not for ever. */
static void a_full_backlog(void **state)
{
	char folder[] = "/tmp/snp-test-evidence-XXXXXX";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client, waiting[8], n = 0;
	struct snp_error err = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 0), 0);
	do {
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(n < 8);
		waiting[n++] = client;
	} while (connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
	late = true;
	assert_int_equal(evidence_from_socket(folder, "s", nonce, &evidence, &err),
			 -SNP_E_NO_EVIDENCE);
	late = false;
	assert_non_null(strstr(err.message, "within 30 seconds"));
	while (n > 0)
		close(waiting[--n]);
	close(listener);
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {cmocka_unit_test(a_full_backlog)};
	size_t n = 1;

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(3 * i + 1);
	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("evidence", tests, n);
}
