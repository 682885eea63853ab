// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/boot_trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

#include "host/interrupt.h"
#include "rehearsal/trial_files.h"

#define GUEST_MS       120000u /* a kernel and 40 MB of initrd take some 15 s under emulation */
#define CONTROL_MS     60000u  /* the slowest firmware takes some 5 s, on an idle machine */
#define REFUSAL_MIN_MS 10000u
#define REFUSAL_TIMES  5u /* as long as the control took */

struct bench {
	const struct boot_subject *subject;
	struct boot_trial *trial;
	struct trial_files files;
	unsigned int n_done, n_boots;
};

/* What differs from case to case. */
struct attempt {
	enum trial_case which;
	const char *kernel, *initrd, *cmdline; /* names in the folder; the command line itself */
	const uint8_t *kernel_sha256;	       /* as the table has it */
	unsigned int memory_mib, limit_ms;
};

static int attempt(struct bench *bench, const struct attempt *a, struct snp_error *err)
{
	const struct boot_subject *subject = bench->subject;
	struct trial_outcome *outcome = &bench->trial->cases[a->which];
	char folder[TRIAL_PATH_MAX], firmware[TRIAL_PATH_MAX], kernel[TRIAL_PATH_MAX],
		initrd[TRIAL_PATH_MAX], table[TRIAL_PATH_MAX], name[16];
	const bool is_guest = a->which == TRIAL_GUEST;
	struct boot_request request = {
		.emulator = subject->emulator ? subject->emulator : "qemu-system-x86_64",
		.firmware = trial_path(&bench->files, "firmware", firmware),
		.kernel = trial_path(&bench->files, a->kernel, kernel),
		.initrd = a->initrd ? trial_path(&bench->files, a->initrd, initrd) : NULL,
		.cmdline = a->cmdline,
		.table = trial_path(&bench->files, "table", table),
		.memory_mib = a->memory_mib,
		.limit_ms = a->limit_ms,
		.text = is_guest ? NULL : bench->files.text,
		.until = is_guest ? subject->until : NULL,
		.may_end_early = a->which > TRIAL_CONTROL,
	};
	int r = trial_files_write_table(&bench->files, a->kernel_sha256, &request.table_gpa, err);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "boot-%d", (int)a->which);
	request.folder = trial_path(&bench->files, name, folder);
	if (mkdir(request.folder, 0700) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", request.folder);
	if (subject->progress)
		subject->progress(subject->progress_arg, ++bench->n_done, bench->n_boots,
				  trial_case_name(a->which));
	r = boot_run(&request, &outcome->outcome, err);
	outcome->tried = r == 0;
	return r;
}

/* QEMU before 10.0 hands the firmware a kernel whose setup header it has patched, when there is no SEV. */
static bool patches_kernels(const struct boot_trial *trial)
{
	return strtoul(trial->qemu_version, NULL, 10) < 10;
}

static int try_guest(struct bench *bench, struct snp_error *err)
{
	const struct boot_subject *subject = bench->subject;
	struct boot_outcome *outcome = &bench->trial->cases[TRIAL_GUEST].outcome;
	const unsigned int asked = (unsigned int)(subject->memory_kib >> 10),
			   most = LARGE_MIB + 3 * (unsigned int)(bench->files.initrd_size >> 20);
	struct attempt a = {.which = TRIAL_GUEST,
			    .kernel = "kernel",
			    .initrd = bench->files.has_initrd ? "initrd" : NULL,
			    .cmdline = bench->files.cmdline,
			    .kernel_sha256 = bench->files.guest_kernel,
			    .memory_mib = asked < most ? asked : most,
			    .limit_ms = subject->timeout_ms ? subject->timeout_ms : GUEST_MS};

	if (!subject->kernel)
		return 0;
	if (patches_kernels(bench->trial)) {
		snprintf(
			outcome->why, sizeof(outcome->why),
			"QEMU %s changes a kernel's setup header when there is no SEV; 10.0 or later "
			"is needed",
			bench->trial->qemu_version);
		return 0;
	}
	return attempt(bench, &a, err);
}

static int try_probe(struct bench *bench, struct snp_error *err)
{
	const char *const initrd = bench->files.has_initrd ? "initrd" : NULL;
	const struct trial_outcome *control = &bench->trial->cases[TRIAL_CONTROL];
	struct attempt right = {.which = TRIAL_CONTROL,
				.kernel = "probe",
				.initrd = initrd,
				.cmdline = bench->files.cmdline,
				.kernel_sha256 = bench->files.probe,
				.memory_mib = bench->files.is_large ? LARGE_MIB : SMALL_MIB,
				.limit_ms = CONTROL_MS},
		       other;
	int r = attempt(bench, &right, err);

	if (r < 0 || control->outcome.result != BOOT_STARTED)
		return r;
	right.limit_ms = control->outcome.ms * REFUSAL_TIMES;
	if (right.limit_ms < REFUSAL_MIN_MS)
		right.limit_ms = REFUSAL_MIN_MS;
	for (int i = TRIAL_KERNEL; i < TRIAL_CASES && r == 0; i++) {
		other = right;
		other.which = (enum trial_case)i;
		if (i == TRIAL_KERNEL) {
			/* The guest's own table, where there is one: any other kernel is the probe. */
			other.kernel = bench->subject->kernel ? "probe" : "changed-probe";
			if (bench->subject->kernel)
				other.kernel_sha256 = bench->files.guest_kernel;
		} else if (i == TRIAL_INITRD) {
			other.initrd = "changed-initrd";
		} else {
			other.cmdline = bench->files.changed_cmdline;
		}
		r = attempt(bench, &other, err);
	}
	return r;
}

static const char *const case_names[TRIAL_CASES] = {
	[TRIAL_GUEST] = "the guest's own kernel, initrd and command line",
	[TRIAL_CONTROL] = "a probe kernel, all as the hash table says",
	[TRIAL_KERNEL] = "another kernel",
	[TRIAL_INITRD] = "another initrd",
	[TRIAL_CMDLINE] = "another command line",
};

const char *trial_case_name(enum trial_case which)
{
	return case_names[which];
}

static void judge(struct boot_trial *trial)
{
	const struct trial_outcome *guest = &trial->cases[TRIAL_GUEST],
				   *control = &trial->cases[TRIAL_CONTROL], *failed = NULL;
	static const char *const what[] = {
		[BOOT_SILENT] = "nothing was started",
		[BOOT_WENT_ON] = "the firmware ignored the kernel and booted from disk",
		[BOOT_FAILED] = "QEMU failed",
	};
	bool started = false;

	if (control->tried && control->outcome.result != BOOT_STARTED)
		failed = control;
	for (int i = TRIAL_KERNEL; i < TRIAL_CASES; i++) {
		const struct trial_outcome *c = &trial->cases[i];

		started |= c->tried && c->outcome.result == BOOT_STARTED;
		if (!failed && c->tried && c->outcome.result != BOOT_SILENT)
			failed = c;
	}
	if (!failed && guest->tried && guest->outcome.result != BOOT_STARTED)
		failed = guest;
	trial->verdict = started ? TRIAL_STARTS : failed ? TRIAL_CANNOT_TELL : TRIAL_REFUSES;
	if (!failed || started)
		return;
	snprintf(trial->why, sizeof(trial->why), "%s: %s within %u s%s%s",
		 case_names[failed - trial->cases], what[failed->outcome.result],
		 (failed->outcome.ms + 999) / 1000, failed->outcome.why[0] ? ": " : "",
		 failed->outcome.why);
	if (failed == control && failed->outcome.result == BOOT_SILENT)
		snprintf(trial->why + strlen(trial->why), sizeof(trial->why) - strlen(trial->why),
			 "; an image that needs SMM or TDX cannot start here");
}

void trial_sentence(const struct boot_trial *trial, char ret[static 640])
{
	static const char *const things[] = {"kernel", "initrd", "command line"};
	const char *list[3];
	size_t n = 0;

	if (trial->verdict == TRIAL_CANNOT_TELL) {
		snprintf(ret, 640, "cannot tell: %s", trial->why);
		return;
	}
	for (int i = TRIAL_KERNEL; i < TRIAL_CASES; i++)
		if (trial->verdict == TRIAL_REFUSES ||
		    trial->cases[i].outcome.result == BOOT_STARTED)
			list[n++] = things[i - TRIAL_KERNEL];
	snprintf(ret, 640, "%s a changed %s%s%s%s%s",
		 trial->verdict == TRIAL_REFUSES ? "refuses" : "starts", list[0],
		 n == 3 ? ", " : "", n == 3 ? list[1] : "", n > 1 ? " and " : "",
		 n > 1 ? list[n - 1] : "");
}

/* Keep the console of a guest that was not seen to start. */
static void keep_console(struct bench *bench)
{
	struct boot_trial *trial = bench->trial;
	const struct trial_outcome *guest = &trial->cases[TRIAL_GUEST];
	char path[TRIAL_PATH_MAX], kept[] = "/tmp/snp-console-XXXXXX";
	uint8_t *bytes = NULL;
	size_t size;
	int fd;

	if (!guest->tried || guest->outcome.result == BOOT_STARTED ||
	    file_read(trial_path(&bench->files, "boot-0/" BOOT_CONSOLE, path), SNP_MAX_DOCUMENT,
		      &bytes, &size, NULL) < 0)
		return;
	trial->console = (char *)bytes;
	fd = mkstemp(kept);
	if (fd >= 0 && write_all(fd, (struct snp_span){bytes, size}) == 0)
		snprintf(trial->console_path, sizeof(trial->console_path), "%s", kept);
	closep(&fd);
}

static int run(struct bench *bench, struct snp_error *err)
{
	struct boot_trial *trial = bench->trial;
	struct trial_files *files = &bench->files;
	const char *emulator = bench->subject->emulator;
	struct snp_error why;
	int r = trial_files_make(files, err);

	if (r < 0)
		return r;
	trial->firmware_size = files->firmware_size;
	memcpy(trial->firmware_sha256, files->firmware_sha256, SNP_SHA256_SIZE);
	trial->verdict = TRIAL_CANNOT_TELL;
	r = snp_firmware_hash_verifier(files->firmware, &trial->in_image, err);
	if (r < 0)
		return r;
	if (trial_files_choose_mode(files, &why) < 0) {
		snprintf(trial->why, sizeof(trial->why), "%.500s", why.message);
		return 0;
	}
	bench->n_boots = bench->subject->kernel ? TRIAL_CASES : TRIAL_CASES - 1;
	r = boot_qemu_version(emulator ? emulator : "qemu-system-x86_64", files->folder,
			      trial->qemu_version, err);
	if (r < 0)
		return r;
	r = trial_files_change(files, err);
	if (r < 0)
		return r;
	r = try_guest(bench, err);
	if (r < 0)
		return r;
	r = try_probe(bench, err);
	if (r < 0)
		return r;
	judge(trial);
	keep_console(bench);
	return 0;
}

int boot_trial_run(const struct boot_subject *subject, struct boot_trial *ret,
		   struct snp_error *err)
{
	struct boot_trial trial = {0};
	struct bench bench = {
		.subject = subject,
		.trial = &trial,
		.files.source = {subject->firmware, subject->kernel, subject->initrd},
		.files.cmdline = subject->cmdline,
	};
	const time_t now = time(NULL);
	struct tm tm;
	int r;

	gmtime_r(&now, &tm);
	strftime(trial.date, sizeof(trial.date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	interrupt_defer();
	r = run(&bench, err);
	interrupt_restore();
	trial_files_remove(&bench.files);
	if (r < 0)
		boot_trial_done(&trial);
	else
		*ret = trial;
	return in_file(err, r, subject->firmware);
}

void boot_trial_done(struct boot_trial *trial)
{
	free(trial->console);
	trial->console = NULL;
}
