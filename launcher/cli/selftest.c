// SPDX-License-Identifier: Apache-2.0
#include "cli/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/hex.h>
#include <snp/memory.h>

#include "cli/boot_view.h"
#include "guest/create.h"
#include "host/firmware_search.h"
#include "host/host_check.h"

#define MEMORY_KIB   (512u << 10)
#define PREDICT_PATH "/" SELFTEST_GUEST_NAME /* where nothing is: a dry run */

const char *const selftest_state_names[] = {
	[STEP_NOT_RUN] = "not run",
	[STEP_PASSED] = "passed",
	[STEP_SIMULATED] = "simulated",
	[STEP_FAILED] = "failed",
};

static const struct {
	const char *name, *title;
} steps[SELFTEST_STEPS] = {
	[SELFTEST_HOST] = {"host", "can launch SEV-SNP guests"},
	[SELFTEST_FIRMWARE] = {"firmware", "checks kernel hashes"},
	[SELFTEST_GUEST] = {"guest", "made of a kernel and its modules"},
	[SELFTEST_DIGEST] = {"digest", "predicted"},
	[SELFTEST_EMULATED] = {"emulated-boot", "boots; the firmware refuses changes"},
	[SELFTEST_LAUNCH] = {"launch", "with an ID block over the digest"},
	[SELFTEST_REPORT] = {"report", "with a fresh nonce"},
	[SELFTEST_CHAIN] = {"signature", "by a genuine chip"},
	[SELFTEST_CONTENTS] = {"contents", "digest, nonce, policy, ID key as expected"},
	[SELFTEST_REFUSAL] = {"changed-kernel", "refused by the processor"},
};

const char *selftest_step_name(enum selftest_step step)
{
	return steps[step].name;
}

const char *selftest_step_title(enum selftest_step step)
{
	return steps[step].title;
}

void selftest_note(struct selftest *test, enum selftest_step step, enum selftest_state state,
		   const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	vsnprintf(test->steps[step].found, sizeof(test->steps[step].found), fmt, arguments);
	va_end(arguments);
	test->steps[step].state = state;
}

int selftest_failed(struct selftest *test, enum selftest_step step, int r, struct snp_error *err)
{
	if (r == -SNP_E_NO_MEMORY || r == -SNP_E_INTERRUPTED)
		return r;
	selftest_note(test, step, STEP_FAILED, "%s%s%.350s", err->file, err->file[0] ? ": " : "",
		      err->message);
	return 0;
}

bool selftest_holds(const struct selftest *test, enum selftest_step step)
{
	return test->steps[step].state == STEP_PASSED || test->steps[step].state == STEP_SIMULATED;
}

static void look_at_host(struct selftest *test, struct session *session, bool *ret_open)
{
	struct host_report *report = calloc(1, sizeof(*report));
	const struct host_fact *no = NULL;
	const char *uri = session_uri(NULL);
	struct snp_error failure = {0};

	*ret_open = session_open(NULL, session, &failure) == 0;
	if (!report) {
		selftest_note(test, SELFTEST_HOST, STEP_FAILED, "out of memory");
		return;
	}
	host_check(uri, *ret_open ? &session->host : NULL, &failure, NULL, NULL, report);
	for (size_t i = 0; i < report->n && !no; i++)
		if (report->at[i].state == FACT_NO)
			no = &report->at[i];
	if (report->simulated)
		selftest_note(test, SELFTEST_HOST, STEP_NOT_RUN, "%s is a simulated host", uri);
	else if (!report->local)
		selftest_note(test, SELFTEST_HOST, STEP_NOT_RUN,
			      "%s is not this machine; run this there", uri);
	else if (no)
		selftest_note(test, SELFTEST_HOST, STEP_NOT_RUN, "%s: %.200s; see snp-launch check",
			      no->name, no->found);
	else
		selftest_note(test, SELFTEST_HOST, STEP_PASSED, "%s", uri);
	test->on_hardware = test->steps[SELFTEST_HOST].state == STEP_PASSED;
	free(report);
}

static int find_firmware(struct selftest *test, struct snp_error *err)
{
	enum snp_hash_verifier verifier;
	uint8_t sha256[SNP_SHA256_SIZE];
	char hex[2 * SNP_SHA256_SIZE + 1];
	int r = 0;

	if (test->options->firmware)
		r = realpath(test->options->firmware, test->firmware)
			    ? 0
			    : fail_errno(err, SNP_E_OPEN, errno, "%s", test->options->firmware);
	else
		r = firmware_search(test->firmware, err);
	if (r == 0)
		r = snp_firmware_read(test->firmware, &test->image, err);
	if (r == 0)
		r = snp_firmware_sha256(test->image, sha256, err);
	if (r == 0)
		r = snp_firmware_hash_verifier(test->image, &verifier, err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_FIRMWARE, r, err);
	hex_encode(sha256, sizeof(sha256), hex);
	if (verifier == SNP_HASH_VERIFIER_ABSENT)
		selftest_note(test, SELFTEST_FIRMWARE, STEP_FAILED,
			      "%.200s does not check kernel hashes; " SNP_LIBEXECDIR
			      "/fetch-firmware fetches one that does",
			      test->firmware);
	else
		selftest_note(test, SELFTEST_FIRMWARE, STEP_PASSED, "%.200s, SHA-256 %s",
			      test->firmware, hex);
	return 0;
}

static int make_guest(struct selftest *test, struct snp_error *err)
{
	int r = selftest_make_guest(test, err);

	if (r < 0)
		return selftest_failed(test, SELFTEST_GUEST, r, err);
	selftest_note(test, SELFTEST_GUEST, STEP_PASSED, "%.200s, Linux %s", test->kernel,
		      test->kernel_version);
	return 0;
}

static int predict(struct selftest *test, const struct prepare_request *request,
		   struct snp_error *err)
{
	_cleanup_(prepared_done) struct prepared prepared = {0};
	struct prepare_request dry_run = *request;
	char hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
	int r;

	dry_run.final_path = PREDICT_PATH;
	dry_run.uri = "";
	/* No key is read yet: that forbids core files, which the simulated host's libvirtd wants to allow. */
	dry_run.only_compare = true;
	r = guest_prepare(&dry_run, &prepared, err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_DIGEST, r, err);
	test->record = TAKE_PTR(prepared.record);
	hex_encode(test->record->launch_digest, SNP_LAUNCH_DIGEST_SIZE, hex);
	selftest_note(test, SELFTEST_DIGEST, STEP_PASSED, "%s, VMM profile %s", hex,
		      test->record->vcpus.profile);
	return 0;
}

static int emulate(struct selftest *test, struct snp_error *err)
{
	char initrd[PATH_MAX], sentence[640];
	const struct boot_subject subject = {
		.firmware = test->firmware,
		.kernel = test->kernel,
		.initrd = initrd,
		.cmdline = SELFTEST_CMDLINE,
		.memory_kib = MEMORY_KIB,
		.until = SELFTEST_NO_DEVICE,
		.timeout_ms = test->options->timeout_ms,
		.progress = boot_view_progress,
	};
	struct boot_trial trial;
	int r;

	selftest_path(test, "initrd", initrd);
	r = boot_trial_run(&subject, &trial, err);
	boot_view_progress(NULL, 0, 0, NULL);
	if (r < 0)
		return selftest_failed(test, SELFTEST_EMULATED, r, err);
	trial_sentence(&trial, sentence);
	if (trial.verdict != TRIAL_REFUSES)
		selftest_note(test, SELFTEST_EMULATED, STEP_FAILED, "the firmware %.350s",
			      sentence);
	else if (!trial.cases[TRIAL_GUEST].tried)
		selftest_note(test, SELFTEST_EMULATED, STEP_NOT_RUN,
			      "the firmware %s; the guest: %.200s", sentence,
			      trial.cases[TRIAL_GUEST].outcome.why);
	else
		selftest_note(test, SELFTEST_EMULATED, STEP_PASSED,
			      "the guest ends with \"" SELFTEST_NO_DEVICE
			      "\", as without SEV-SNP it must; the firmware %s",
			      sentence);
	boot_trial_done(&trial);
	return 0;
}

static int run(struct selftest *test, const struct session *session, struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options checks = {0};
	struct prepare_request prepare = {.checks = &checks};
	int r = find_firmware(test, err);

	if (r < 0)
		return r;
	r = make_guest(test, err);
	if (r < 0 || !selftest_holds(test, SELFTEST_FIRMWARE) ||
	    !selftest_holds(test, SELFTEST_GUEST))
		return r;
	r = selftest_config(test, &config, err);
	if (r == 0)
		r = launch_spec_from_config(config, &spec, err);
	if (r < 0)
		return selftest_failed(test, SELFTEST_DIGEST, r, err);
	prepare.config = config;
	prepare.spec = spec;
	r = predict(test, &prepare, err);
	if (r < 0 || !selftest_holds(test, SELFTEST_DIGEST))
		return r;
	r = emulate(test, err);
	if (r < 0)
		return r;
	return test->on_hardware ? selftest_launch(test, session, &prepare, err)
				 : selftest_launch_simulated(test, &prepare, err);
}

int selftest_run(const struct selftest_options *options, struct selftest *ret,
		 struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	bool is_open = false;
	int r;

	*ret = (struct selftest){.options = options, .folder = "/tmp/snp-selftest-XXXXXX"};
	if (!mkdtemp(ret->folder)) {
		r = fail_errno(err, SNP_E_SYSTEM, errno, "%s", ret->folder);
		ret->folder[0] = '\0';
		return r;
	}
	/* A simulated host's libvirtd reads files in it. */
	(void)!chmod(ret->folder, 0711);
	look_at_host(ret, &session, &is_open);
	r = run(ret, &session, err);
	remove_tree(AT_FDCWD, ret->folder);
	ret->folder[0] = '\0';
	return r;
}

void selftest_done(struct selftest *test)
{
	snp_verdict_free(test->verdict);
	cli_report_done(&test->report);
	free(test->answer);
	record_free(test->record);
	snp_firmware_free(test->image);
}
