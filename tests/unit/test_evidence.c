// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* After sys/socket.h, whose types it uses without asking for them. */
#include <linux/vm_sockets.h>

#include <snp/policy.h>

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

/* With `partial`, send() takes as many bytes at a time. */
static size_t partial;

ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	return __real_send(fd, bytes, partial > 0 && partial < size ? partial : size, flags);
}

/* With `vsock`, sockets of that family connect, in the background, to the other end of a pair, or fail with what is
 * in `vsock_error`. (A guest's vsock needs a guest.) */
static bool vsock;
static int vsock_error;
static atomic_int other_end = -1;
static struct sockaddr_vm dialled;

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol)
{
	int ends[2];

	if (!vsock || family != AF_VSOCK)
		return __real_socket(family, type, protocol);
	assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
	other_end = ends[1];
	return ends[0];
}

int __real_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	if (!vsock)
		return __real_connect(fd, address, size);
	assert_int_equal(size, sizeof(dialled));
	memcpy(&dialled, address, size);
	errno = EINPROGRESS;
	return -1;
}

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	if (vsock && level == SOL_SOCKET && name == SO_ERROR) {
		memcpy(value, &vsock_error, sizeof(vsock_error));
		return 0;
	}
	return __real_getsockopt(fd, level, name, value, size);
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
	char folder[] = "/tmp/snp-test-evidence-XXXXXX", other[64];
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
	/* A link to another's socket is not followed. */
	snprintf(other, sizeof(other), "%s/link", folder);
	assert_int_equal(symlink("s", other), 0);
	assert_int_equal(evidence_from_socket(folder, "link", nonce, &evidence, &err),
			 -SNP_E_NO_EVIDENCE);
	assert_non_null(strstr(err.message, "not a socket"));
	assert_int_equal(unlink(other), 0);
	/* Nor is another's socket asked that lies there by a hard link. */
	if (getuid() == 0) {
		assert_int_equal(chown(address.sun_path, 1, 1), 0);
		assert_int_equal(evidence_from_socket(folder, "s", nonce, &evidence, &err),
				 -SNP_E_NO_EVIDENCE);
		assert_non_null(strstr(err.message, "belongs to user 1; must belong to user 0"));
		assert_int_equal(chown(address.sun_path, 0, 0), 0);
	}
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

static int echo(void *arg)
{
	uint8_t bytes[SNP_REPORT_DATA_SIZE];
	size_t n = 0;
	ssize_t got;

	(void)arg;
	while (other_end < 0)
		thrd_yield();
	while (n < sizeof(bytes)) {
		got = read(other_end, bytes + n, sizeof(bytes) - n);
		if (got > 0)
			n += (size_t)got;
	}
	got = write(other_end, bytes, n);
	close(other_end);
	return got == (ssize_t)n ? 0 : 1;
}

static void a_guest_s_vsock(void **state)
{
	struct snp_error err = {0};
	thrd_t thread;
	int r;

	(void)state;
	vsock = true;
	assert_int_equal(thrd_create(&thread, echo, NULL), thrd_success);
	assert_int_equal(evidence_from_vsock(42, 9000, nonce, &evidence, &err), 0);
	assert_int_equal(thrd_join(thread, &r), thrd_success);
	assert_int_equal(r, 0);
	assert_int_equal(dialled.svm_family, AF_VSOCK);
	assert_true(dialled.svm_cid == 42 && dialled.svm_port == 9000);
	assert_int_equal(evidence.size, sizeof(nonce));
	assert_memory_equal(evidence.bytes, nonce, sizeof(nonce));
	vsock_error = ECONNRESET;
	assert_int_equal(evidence_from_vsock(42, 9000, nonce, &evidence, &err), -SNP_E_NO_EVIDENCE);
	assert_non_null(strstr(err.message, "cannot connect to vsock 42:9000"));
	assert_int_equal(err.sys_errno, ECONNRESET);
	close(other_end);
	vsock = false;
}

static void a_socket_that_is_not_there(void **state)
{
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(evidence_from_socket("/nonexistent", "s", nonce, &evidence, &err),
			 -SNP_E_NO_EVIDENCE);
	assert_non_null(strstr(err.message, "cannot open /nonexistent"));
	assert_int_equal(evidence_from_socket("/dev", "nonexistent", nonce, &evidence, &err),
			 -SNP_E_NO_EVIDENCE);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_int_equal(evidence_from_socket("/dev", "null", nonce, &evidence, &err),
			 -SNP_E_NO_EVIDENCE);
	assert_non_null(strstr(err.message, "null is not a socket"));
}

static void a_partial_send_is_continued(void **state)
{
	char *const argv[] = {(char[]){"cat"}, NULL};

	(void)state;
	for (partial = 1; partial < SNP_REPORT_DATA_SIZE; partial = 3 * partial + 2) {
		assert_int_equal(evidence_from_command(argv, nonce, &evidence, NULL), 0);
		assert_int_equal(evidence.size, sizeof(nonce));
		assert_memory_equal(evidence.bytes, nonce, sizeof(nonce));
	}
	partial = 0;
}

/* What a report must say, by record: all that the firmware puts there, whatever binds the guest. */
static void what_a_record_expects(void **state)
{
	static const uint8_t zeros[48];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct guest_record record = {.policy =
						      i & 1 ? SNP_POLICY_DEFAULT | SNP_POLICY_DEBUG
							    : SNP_POLICY_DEFAULT};
		struct guest_binding *b = &record.binding;
		const bool bound = i > 0, has_author = i > 1;
		struct snp_expectations e;

		memset(record.launch_digest, 0x11, sizeof(record.launch_digest));
		memset(record.host_data, 0x22, sizeof(record.host_data));
		/* Without a block or an author, what is left in these does not count. */
		memset(b->fields.family_id, 0x33, sizeof(b->fields.family_id));
		memset(b->fields.image_id, 0x44, sizeof(b->fields.image_id));
		memset(b->keys.id_key_digest, 0x55, sizeof(b->keys.id_key_digest));
		memset(b->keys.author_key_digest, 0x66, sizeof(b->keys.author_key_digest));
		b->fields.guest_svn = 7;
		b->source = bound ? ID_KEY : ID_NONE;
		b->keys.has_author = has_author;
		evidence_expect(&record, nonce, &e);

		assert_int_equal(e.size, sizeof(e));
		assert_false(e.any_measurement);
		assert_int_equal(e.n_measurements, 1);
		assert_memory_equal(e.measurements[0], record.launch_digest, 48);
		assert_true(e.has_policy && e.policy == record.policy);
		assert_int_equal(e.allow_debug, i & 1);
		assert_true(e.has_host_data && e.has_report_data);
		assert_memory_equal(e.host_data, record.host_data, sizeof(e.host_data));
		assert_memory_equal(e.report_data, nonce, sizeof(nonce));
		assert_true(e.has_vmpl && e.vmpl == 0);
		assert_true(e.has_guest_svn && e.guest_svn == (bound ? 7 : 0));
		assert_true(e.has_family_id && e.has_image_id);
		assert_memory_equal(e.family_id, bound ? b->fields.family_id : zeros, 16);
		assert_memory_equal(e.image_id, bound ? b->fields.image_id : zeros, 16);
		assert_int_equal(e.n_id_key_digests, 1);
		assert_memory_equal(e.id_key_digests[0], bound ? b->keys.id_key_digest : zeros, 48);
		assert_int_equal(e.n_author_key_digests, 1);
		assert_memory_equal(e.author_key_digests[0],
				    has_author ? b->keys.author_key_digest : zeros, 48);
	}
}

/* What a command writes to standard error, which is the guest's word with ssh, does not steer a terminal. */
static void words_on_a_terminal(void **state)
{
	char sh[] = "sh", option[] = "-c", script[] = "printf 'a\\033[2J\\302\\2331m\\n' >&2; cat";
	char *const argv[] = {sh, option, script, NULL};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, kept = dup(STDERR_FILENO);
	char shown[256] = "";
	int r;

	(void)state;
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0 && kept >= 0);
	assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	r = evidence_from_command(argv, nonce, &evidence, NULL);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	close(kept);
	close(slave);
	assert_int_equal(r, 0);
	assert_int_equal(evidence.size, sizeof(nonce));
	assert_true(read(master, shown, sizeof(shown) - 1) > 0);
	close(master);
	assert_string_equal(shown, "a\\x1b[2J\\xc2\\x9b1m\r\n");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(a_full_backlog),
		cmocka_unit_test(a_guest_s_vsock),
		cmocka_unit_test(a_socket_that_is_not_there),
		cmocka_unit_test(a_partial_send_is_continued),
		cmocka_unit_test(words_on_a_terminal),
		cmocka_unit_test(what_a_record_expects),
	};
	size_t n = tests_listed(tests);

	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(3 * i + 1);
	ADD_ROWS(tests, n, check_row, rows);
	return RUN_TESTS("evidence", tests, n);
}
