// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guest/evidence.h"

/* Commands that answer, and that do not. A race decides otherwise whether a command ends before it is asked:
 * with `hang_up`, the wrapper of poll() waits for its end first. */
static bool hang_up;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct pollfd end = {.fd = fds->fd};

	if (hang_up)
		assert_int_equal(__real_poll(&end, 1, 30000), 1);
	return __real_poll(fds, n, timeout);
}

static uint8_t nonce[SNP_REPORT_DATA_SIZE];
static struct evidence evidence;

static const struct row {
	const char *name;
	const char *argv[4];
	bool hang_up;
	enum snp_code code;
	size_t size; /* of the answer, which starts with the nonce */
} rows[] = {
	{"echo of the nonce", {"cat"}, false, SNP_OK, SNP_REPORT_DATA_SIZE},
	{"stops after 64 bytes", {"head", "-c", "64"}, false, SNP_OK, SNP_REPORT_DATA_SIZE},
	{"ended before it was asked", {"true"}, true, SNP_E_NO_EVIDENCE, 0},
	{"failed before it was asked", {"false"}, true, SNP_E_NO_EVIDENCE, 0},
	{"no such command", {"/nonexistent"}, false, SNP_E_NO_EVIDENCE, 0},
	{"fails behind its answer", {"sh", "-c", "cat; exit 3"}, false, SNP_E_NO_EVIDENCE, 0},
	{"too much", {"sh", "-c", "cat; cat /dev/zero"}, false, SNP_E_NO_EVIDENCE, 0},
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
	r = evidence_from_command(argv, nonce, &evidence, &err);
	hang_up = false;
	for (size_t i = 0; i < 4; i++)
		free(argv[i]);
	assert_int_equal(r, -(int)row->code);
	assert_int_equal(err.code, row->code);
	if (r < 0)
		return;
	assert_int_equal(evidence.size, row->size);
	assert_memory_equal(evidence.bytes, nonce, row->size);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(3 * i + 1);
	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("evidence", tests, n);
}
