// SPDX-License-Identifier: Apache-2.0
#include "guest/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

/* After sys/socket.h, whose types it uses without including it. */
#include <linux/vm_sockets.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/policy.h>
#include <snp/sha.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t evidence_deadline(void)
{
	return now_ms() + EVIDENCE_PATIENCE_MS;
}

int64_t evidence_time_left(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	return left > 0 ? left : 0;
}

int evidence_late(struct snp_error *err)
{
	return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
			 "no complete answer within %d seconds", EVIDENCE_PATIENCE_MS / 1000);
}

void evidence_expect(const struct guest_record *record,
		     const uint8_t nonce[static SNP_REPORT_DATA_SIZE], struct snp_expectations *ret)
{
	static const uint8_t no_key[1][48];
	const struct guest_binding *b = &record->binding;
	const bool has_block = b->source != ID_NONE;

	*ret = (struct snp_expectations){
		.size = sizeof(*ret),
		.measurements = &record->launch_digest,
		.n_measurements = 1,
		.has_policy = true,
		.policy = record->policy,
		.allow_debug = record->policy & SNP_POLICY_DEBUG,
		.has_host_data = true,
		.has_report_data = true,
		.has_vmpl = true, /* 0: without an SVSM the kernel has the highest privilege */
		.has_guest_svn = true,
		.guest_svn = has_block ? b->fields.guest_svn : 0,
		.has_family_id = true,
		.has_image_id = true,
		.id_key_digests = has_block ? &b->keys.id_key_digest : no_key,
		.n_id_key_digests = 1,
		.author_key_digests =
			has_block && b->keys.has_author ? &b->keys.author_key_digest : no_key,
		.n_author_key_digests = 1,
	};
	memcpy(ret->host_data, record->host_data, sizeof(ret->host_data));
	memcpy(ret->report_data, nonce, sizeof(ret->report_data));
	if (!has_block)
		return;
	memcpy(ret->family_id, b->fields.family_id, sizeof(ret->family_id));
	memcpy(ret->image_id, b->fields.image_id, sizeof(ret->image_id));
}

/* Hashed with the nonce itself in front: other data fail by their REPORT_DATA. */
int evidence_expect_data(struct snp_span data, const uint8_t nonce[static SNP_REPORT_DATA_SIZE],
			 struct snp_expectations *expected, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *wanted = NULL;

	if (data.size < SNP_REPORT_DATA_SIZE)
		return 0;
	wanted = malloc(data.size);
	if (!wanted)
		return out_of_memory(err);
	memcpy(wanted, data.data, data.size);
	memcpy(wanted, nonce, SNP_REPORT_DATA_SIZE);
	memset(expected->report_data, 0, sizeof(expected->report_data));
	return sha256_of((struct snp_span){wanted, data.size}, expected->report_data, err);
}

/* Wait until `fd` is ready for `events`, at most until `deadline`, and serve `aside` (NULL: nothing). */
static int wait_for(int fd, short events, struct evidence_aside *aside, int64_t deadline,
		    struct snp_error *err)
{
	for (;;) {
		struct pollfd p[] = {{.fd = fd, .events = events},
				     {.fd = aside ? aside->fd : -1, .events = POLLIN}};
		const int64_t left = evidence_time_left(deadline);
		int n = poll(p, ARRAY_SIZE(p), (int)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, SNP_E_NO_EVIDENCE, errno,
					  "cannot wait for the guest");
		if (p[1].revents)
			aside->serve(aside);
		if (p[0].revents)
			return 0;
		if (n == 0 || left == 0)
			return evidence_late(err);
	}
}

/* How long to sleep when only time can help. */
#define STEP_MS 20

int evidence_wait(int64_t deadline, struct snp_error *err)
{
	if (evidence_time_left(deadline) == 0)
		return evidence_late(err);
	poll(NULL, 0, STEP_MS);
	return 0;
}

static int send_request(int fd, const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
			struct evidence_aside *aside, int64_t deadline, struct snp_error *err)
{
	for (size_t done = 0; done < SNP_REPORT_DATA_SIZE;) {
		int r = wait_for(fd, POLLOUT, aside, deadline, err);
		ssize_t n;

		if (r < 0)
			return r;
		n = send(fd, report_data + done, SNP_REPORT_DATA_SIZE - done, MSG_NOSIGNAL);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return fail_errno(err, SNP_E_NO_EVIDENCE, errno,
					  "cannot send the report data");
		done += (size_t)n;
	}
	return 0;
}

/* Read everything up to the end; one byte more than a container may have is too much. */
static int receive(int fd, struct evidence_aside *aside, int64_t deadline, struct evidence *ret,
		   struct snp_error *err)
{
	ret->size = 0;
	for (;;) {
		uint8_t *at = ret->bytes + ret->size, one;
		size_t room = sizeof(ret->bytes) - ret->size;
		int r = wait_for(fd, POLLIN, aside, deadline, err);
		ssize_t n;

		if (r < 0)
			return r;
		n = read(fd, room > 0 ? at : &one, room > 0 ? room : 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return fail_errno(err, SNP_E_NO_EVIDENCE, errno, "cannot read the answer");
		if (n == 0)
			return 0;
		if (room == 0)
			return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
					 "the answer is over %zu bytes, too large for a report",
					 sizeof(ret->bytes));
		ret->size += (size_t)n;
	}
}

int evidence_converse(int fd, const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
		      struct evidence_aside *aside, int64_t deadline, struct evidence *ret,
		      struct snp_error *err)
{
	int r = send_request(fd, report_data, aside, deadline, err);

	if (r < 0)
		return r;
	/* A program that reads to the end of its input gets it; one that does not has its 64 bytes. */
	shutdown(fd, SHUT_WR);
	return receive(fd, aside, deadline, ret, err);
}

/* A Unix socket with a full backlog gives EAGAIN, and nothing tells when to try again; a vsock connects in the
 * background, and poll() tells. */
static int finish_connecting(int fd, const struct sockaddr *address, socklen_t size,
			     int64_t deadline, const char *what, struct snp_error *err)
{
	socklen_t n = sizeof(int);
	int error = 0, r;

	while (connect(fd, address, size) < 0) {
		if (errno == EINPROGRESS || errno == EALREADY) {
			r = wait_for(fd, POLLOUT, NULL, deadline, err);
			if (r < 0)
				return r;
			if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
				error = errno;
			break;
		}
		if (errno != EAGAIN && errno != EINTR) {
			error = errno;
			break;
		}
		r = evidence_wait(deadline, err);
		if (r < 0)
			return r;
	}
	return error == 0 ? 0
			  : fail_errno(err, SNP_E_NO_EVIDENCE, error, "cannot connect to %s", what);
}

static int ask(const struct sockaddr *address, socklen_t size, const char *what,
	       const uint8_t report_data[static SNP_REPORT_DATA_SIZE], struct evidence *ret,
	       struct snp_error *err)
{
	_cleanup_(closep) int fd =
		socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int64_t deadline = evidence_deadline();
	int r;

	if (fd < 0)
		return fail_errno(err, SNP_E_NO_EVIDENCE, errno, "cannot connect to %s", what);
	r = finish_connecting(fd, address, size, deadline, what, err);
	return r < 0 ? r : evidence_converse(fd, report_data, NULL, deadline, ret, err);
}

int evidence_from_vsock(uint32_t cid, uint32_t port,
			const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
			struct evidence *ret, struct snp_error *err)
{
	const struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port};
	char what[64];

	snprintf(what, sizeof(what), "vsock %" PRIu32 ":%" PRIu32, cid, port);
	return ask((const struct sockaddr *)&address, sizeof(address), what, report_data, ret, err);
}

int evidence_from_socket(const char *folder, const char *name,
			 const uint8_t report_data[static SNP_REPORT_DATA_SIZE],
			 struct evidence *ret, struct snp_error *err)
{
	_cleanup_(closep) int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st, owner;

	if (at < 0 || fstat(at, &owner) < 0)
		return fail_errno(err, SNP_E_NO_EVIDENCE, errno, "cannot open %s", folder);
	/* The folder is QEMU's user's, who may put a link to another's socket in its place. */
	fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, SNP_E_NO_EVIDENCE, errno, "%s", name);
	if (!S_ISSOCK(st.st_mode))
		return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET, "%s is not a socket", name);
	if (st.st_uid != owner.st_uid)
		return fail_with(
			err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
			"%s belongs to user %u; must belong to user %u, the owner of its folder",
			name, st.st_uid, owner.st_uid);
	/* sun_path has only 108 bytes; the folder's path may be longer. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", fd);
	return ask((const struct sockaddr *)&address, sizeof(address), name, report_data, ret, err);
}
