// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "cli/selftest.h"
#include "guest/create.h"
#include "host/interrupt.h"
#include "rehearsal/host.h"

/* The steps of a selftest that need a secure processor: the machine's own, or a simulated one. */

#define READY SELFTEST_SAYS "ready"

/* A step whose proof is a secure processor's. */
static enum selftest_state by_processor(const struct selftest *test)
{
	return test->on_hardware ? STEP_PASSED : STEP_SIMULATED;
}

/* Wait until the guest's console has one of two lines. */
static int wait_for_guest(const struct selftest *test, const char *state, struct snp_error *err)
{
	_cleanup_(freep) char *log =
		format_text("%s/" SELFTEST_GUEST_NAME "/" GUEST_LOG "/" GUEST_CONSOLE, state);
	const unsigned int limit = test->options->timeout_ms;

	if (!log)
		return out_of_memory(err);
	for (unsigned int ms = 0; ms < limit; ms += 100) {
		_cleanup_(freep) uint8_t *text = NULL;
		size_t size;
		int r = interrupt_check(err);

		if (r < 0)
			return r;
		if (file_read(log, SNP_MAX_CONFIG, &text, &size, NULL) == 0) {
			if (memmem(text, size, READY, strlen(READY)))
				return 0;
			if (memmem(text, size, SELFTEST_NO_DEVICE, strlen(SELFTEST_NO_DEVICE)))
				return fail_with(
					err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
					"the guest was launched, but has no sev-guest device "
					"or no configfs-tsm (Linux 6.7 or later)");
		}
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	return fail_with(err, SNP_E_NO_EVIDENCE, SNP_NO_OFFSET,
			 "the guest was launched, but said nothing for %u seconds; its console: "
			 "snp-launch logs " SELFTEST_GUEST_NAME,
			 limit / 1000);
}

static int ask_over_console(struct selftest *test, const struct session *session,
			    struct snp_error *err)
{
	char script[PATH_MAX], self[PATH_MAX], uri[PATH_MAX];
	char name[] = SELFTEST_GUEST_NAME;
	char *argv[] = {script, self, uri, name, NULL};
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int r = selftest_script("ask-console", script, err);

	self[n > 0 ? n : 0] = '\0';
	snprintf(uri, sizeof(uri), "%s", session->host.uri);
	if (r < 0)
		return r;
	r = wait_for_guest(test, session->state, err);
	return r < 0 ? r : evidence_from_command(argv, test->nonce, test->answer, err);
}

static int get_report(struct selftest *test, const struct session *session, struct snp_error *err)
{
	_cleanup_(freep) char *run =
		format_text("%s/" SELFTEST_GUEST_NAME "/" GUEST_RUN, session->state);
	int r;

	test->answer = malloc(sizeof(*test->answer));
	if (!run || !test->answer)
		return out_of_memory(err);
	if (getrandom(test->nonce, sizeof(test->nonce), 0) != sizeof(test->nonce))
		return fail_errno(err, SNP_E_SYSTEM, errno, "no random bytes for a nonce");
	r = test->on_hardware
		    ? ask_over_console(test, session, err)
		    : evidence_from_socket(run, "report.sock", test->nonce, test->answer, err);
	if (r == 0)
		r = cli_report_take((struct snp_span){test->answer->bytes, test->answer->size},
				    &test->report, err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_REPORT, r, err);
	selftest_note(test, SELFTEST_REPORT, by_processor(test), "%zu bytes with certificates, %s",
		      test->answer->size,
		      test->on_hardware ? "over the guest's console"
					: "from the simulated chip's socket");
	return 0;
}

/* The failed checks of what was expected, by their names; those before are about who signed. */
static void list_failures(const struct snp_verdict *verdict, char ret[static 300])
{
	size_t n = 0;

	ret[0] = '\0';
	for (unsigned int i = SNP_CHECK_REPORT_SIGNATURE + 1; snp_check_name(i); i++)
		if (snp_verdict_outcome(verdict, i) == SNP_FAILED && n < 250)
			n += (size_t)snprintf(ret + n, 300 - n, "%s%.40s", n ? ", " : "",
					      snp_check_name(i));
}

static int judge(struct selftest *test, const char *root, struct snp_error *err)
{
	const struct cli_sources sources = {.certificates = test->options->certificates,
					    .simulated_root = test->on_hardware ? NULL : root,
					    .at_time = time(NULL)};
	const struct snp_verdict *v;
	char failures[300];
	int r;

	evidence_expect(test->record, test->nonce, &test->expected);
	r = cli_judge(&test->report, &sources, &test->expected, &test->evidence, &test->verdict,
		      err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_CHAIN, r, err);
	v = test->verdict;
	list_failures(v, failures);
	if (snp_verdict_authentic(v))
		selftest_note(test, SELFTEST_CHAIN, by_processor(test), "%s, %s",
			      snp_product_name(snp_verdict_product(v)),
			      test->on_hardware ? "by AMD's roots"
						: "by the simulated chip's own root");
	else
		/* The whole message: it may have the address of a certificate that is missing. */
		selftest_note(test, SELFTEST_CHAIN, STEP_FAILED, "%s",
			      snp_verdict_message(v, snp_verdict_reason(v)));
	if (snp_verdict_outcome(v, SNP_CHECK_MEASUREMENT) == SNP_FAILED)
		selftest_note(test, SELFTEST_CONTENTS, STEP_FAILED,
			      "the report does not have the predicted digest; failed: %s",
			      failures);
	else if (failures[0])
		selftest_note(test, SELFTEST_CONTENTS, STEP_FAILED, "failed: %s", failures);
	else if (snp_verdict_authentic(v))
		selftest_note(test, SELFTEST_CONTENTS, by_processor(test),
			      "every check of attest passed");
	else
		selftest_note(
			test, SELFTEST_CONTENTS, STEP_NOT_RUN,
			"all is as expected, but a report without a verified signature proves nothing");
	return 0;
}

/* One bit of the last byte: the guest's own kernel to any eye but the processor's. */
static int change_kernel(const char *path, struct snp_error *err)
{
	_cleanup_(closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	uint8_t last;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0 ||
	    pread(fd, &last, 1, st.st_size - 1) != 1)
		return fail_errno(err, SNP_E_OPEN, errno, "%s", path);
	last ^= 1;
	if (pwrite(fd, &last, 1, st.st_size - 1) != 1 || fsync(fd) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	return 0;
}

/* As a host would do it behind the launcher's back: the file is changed, and libvirt starts the domain. */
static int try_change(struct selftest *test, const struct session *session,
		      const struct guest_record *record, struct snp_error *err)
{
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	int r = hypervisor_find(&session->host, record->uuid, &domain, err);

	if (r == 0)
		r = domain_kill(domain, err);
	if (r == 0)
		r = change_kernel(record->boot[BOOT_KERNEL].path, err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_REFUSAL, r, err);
	r = domain_start(domain, false, err);
	if (r == 0)
		selftest_note(test, SELFTEST_REFUSAL, STEP_FAILED,
			      "a kernel with one bit changed was launched");
	else if (r == -SNP_E_LAUNCH_REFUSED)
		selftest_note(test, SELFTEST_REFUSAL, by_processor(test), "%.*s",
			      (int)strcspn(err->message, ";"), err->message);
	else
		return selftest_failed(test, SELFTEST_REFUSAL, r, err);
	return 0;
}

/* On the host of `session`: the simulated one has its chip's root at `root`. */
static int launch(struct selftest *test, const struct session *session, const char *root,
		  const struct prepare_request *prepare, struct snp_error *err)
{
	struct guest_record *record = NULL;
	const struct create_request request = {
		.prepare = *prepare, .state = session->state, .start = true};
	struct snp_error ignored;
	int r;

	test->libvirt_version = session->host.libvirt_version;
	test->qemu_version = session->host.qemu_version;
	r = guest_create(&session->host, &request, &record, err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_LAUNCH, r, err);
	if (memcmp(record->launch_digest, test->record->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		selftest_note(test, SELFTEST_LAUNCH, STEP_FAILED,
			      "another digest than the predicted one");
	else
		selftest_note(
			test, SELFTEST_LAUNCH, by_processor(test),
			"libvirt %lu.%lu.%lu, QEMU %lu.%lu.%lu; the processor found the digest of the ID block",
			test->libvirt_version / 1000000, test->libvirt_version / 1000 % 1000,
			test->libvirt_version % 1000, test->qemu_version / 1000000,
			test->qemu_version / 1000 % 1000, test->qemu_version % 1000);
	record_free(test->record); /* from now on, with the ID block */
	test->record = record;
	interrupt_defer();
	if (selftest_holds(test, SELFTEST_LAUNCH))
		r = get_report(test, session, err);
	if (r == 0 && selftest_holds(test, SELFTEST_REPORT))
		r = judge(test, root, err);
	if (r == 0 && selftest_holds(test, SELFTEST_LAUNCH))
		r = try_change(test, session, record, err);
	interrupt_restore();
	if (guest_remove(&session->host, session->state, SELFTEST_GUEST_NAME, true, &ignored) < 0)
		cli_warn("selftest-left", "the guest " SELFTEST_GUEST_NAME " is left: %s",
			 ignored.message);
	return r;
}

int selftest_launch_simulated(struct selftest *test, const struct prepare_request *prepare,
			      struct snp_error *err)
{
	const struct simulated_host_options options = {.ends_with_caller = true};
	_cleanup_(session_close) struct session session = {0};
	struct simulated_host simulated;
	struct snp_error ignored;
	char root[PATH_MAX];
	int r = simulated_host_start(&options, &simulated, err);

	if (r < 0)
		return selftest_failed(test, SELFTEST_LAUNCH, r, err);
	path_join(simulated.folder, "guests", session.state, sizeof(session.state));
	path_join(simulated.folder, "chip/ark.der", root, sizeof(root));
	r = hypervisor_open(simulated.uri, &session.host, err);
	r = r < 0 ? selftest_failed(test, SELFTEST_LAUNCH, r, err)
		  : launch(test, &session, root, prepare, err);
	session_close(&session); /* before its libvirtd ends */
	session = (struct session){0};
	(void)!simulated_host_stop(simulated.folder, &ignored);
	return r;
}

int selftest_launch(struct selftest *test, const struct session *session,
		    const struct prepare_request *prepare, struct snp_error *err)
{
	return launch(test, session, NULL, prepare, err);
}
