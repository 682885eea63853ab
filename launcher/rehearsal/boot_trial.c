// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/boot_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include <snp/kernel.h>
#include <snp/launch.h>
#include <snp/sha.h>

#include "guest/interrupt.h"
#include "rehearsal/probe_kernel.h"

#define GUEST_MS       120000u /* a kernel and 40 MB of initrd take some 15 s under emulation */
#define CONTROL_MS     60000u  /* the slowest firmware takes some 5 s, on an idle machine */
#define REFUSAL_MIN_MS 10000u
#define REFUSAL_TIMES  5u /* as long as the control took */

#define SMALL_MIB	 256u
#define SMALL_INITRD_MAX 0x07ffffffu /* the highest address of an initrd in so much memory */
#define LARGE_MIB	 2048u
#define LARGE_INITRD_MAX 0x6fffffffu

/* The firmware, the guest's files as they were hashed, and what the trials are made from. */
struct bench {
	const struct boot_subject *subject;
	struct boot_trial *trial;
	char folder[32]; /* "/tmp/snp-boot-XXXXXX" */
	struct snp_firmware *firmware;
	enum snp_mode mode;
	unsigned int n_done, n_boots;
	char text[64]; /* what the probe writes: of this run alone */
	uint64_t initrd_size;
	bool has_initrd;
	uint8_t guest_kernel[SNP_SHA256_SIZE], initrd[SNP_SHA256_SIZE], probe[SNP_SHA256_SIZE];
	const char *cmdline;
	char *changed_cmdline;
};

static const char *path_in(const struct bench *bench, const char *name, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s", bench->folder, name);
	return ret;
}

struct copy {
	struct hash *hash;
	int fd;
};

static int copy_piece(void *arg, struct snp_span piece, struct snp_error *err)
{
	struct copy *copy = arg;
	int r = interrupt_check(err);

	if (r < 0)
		return r;
	r = hash_update(copy->hash, piece, err);
	if (r < 0)
		return r;
	r = write_all(copy->fd, piece);
	if (r < 0)
		return fail_errno(err, SNP_E_WRITE, -r, "cannot copy to /tmp");
	return 0;
}

/* Copy `source` into the folder and hash it: what is hashed is what QEMU is given. */
static int copy_in(const struct bench *bench, const char *source, uint64_t cap, const char *name,
		   uint64_t *ret_size, uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	_cleanup_(file_close) struct file file = {.fd = -1};
	_cleanup_(closep) int fd = -1;
	struct copy copy = {0};
	char path[PATH_MAX];
	int r = file_open(source, cap, &file, err);

	if (r < 0)
		return r;
	fd = open(path_in(bench, name, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", path);
	copy.fd = fd;
	r = hash_new(SNP_SHA256, &copy.hash, err);
	if (r == 0)
		r = file_stream(&file, copy_piece, &copy, NULL, NULL, err);
	if (r == 0)
		r = hash_final(copy.hash, ret, err);
	hash_free(copy.hash);
	*ret_size = file.size;
	return in_file(err, r, source);
}

static int put(const struct bench *bench, const char *name, const void *bytes, size_t size,
	       struct snp_error *err)
{
	char path[PATH_MAX];

	return file_write(path_in(bench, name, path), (struct snp_span){bytes, size}, 0600, true,
			  err);
}

/* The same file with one byte changed; of none, one of one byte. */
static int put_changed_initrd(const struct bench *bench, struct snp_error *err)
{
	char from[PATH_MAX], to[PATH_MAX];
	uint8_t sha256[SNP_SHA256_SIZE], byte = 0;
	uint64_t size;
	off_t at = (off_t)(bench->initrd_size / 2);
	int fd, r = 0;

	if (!bench->has_initrd || bench->initrd_size == 0)
		return put(bench, "changed-initrd", "x", 1, err);
	r = copy_in(bench, path_in(bench, "initrd", from), SNP_MAX_INITRD, "changed-initrd", &size,
		    sha256, err);
	if (r < 0)
		return r;
	fd = open(path_in(bench, "changed-initrd", to), O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, &byte, 1, at) != 1)
		r = fail_errno(err, SNP_E_READ, errno, "%s", to);
	byte ^= 1;
	if (r == 0 && pwrite(fd, &byte, 1, at) != 1)
		r = fail_errno(err, SNP_E_WRITE, errno, "%s", to);
	closep(&fd);
	return r;
}

static bool is_large(const struct bench *bench)
{
	return bench->initrd_size > 64u << 20;
}

/* The probe, and another that differs in its last byte. */
static int put_probes(struct bench *bench, struct snp_error *err)
{
	uint8_t bytes[PROBE_KERNEL_SIZE], random[8];
	struct probe_kernel probe = {
		.text = bench->text,
		.code = BOOT_CODE_KERNEL,
		.initrd_size = (uint32_t)bench->initrd_size,
		.initrd_max = is_large(bench) ? LARGE_INITRD_MAX : SMALL_INITRD_MAX,
	};
	int r;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fail_errno(err, SNP_E_SYSTEM, errno, "no random bytes");
	snprintf(bench->text, sizeof(bench->text), "snp-probe %02x%02x%02x%02x%02x%02x%02x%02x",
		 random[0], random[1], random[2], random[3], random[4], random[5], random[6],
		 random[7]);
	probe_kernel_build(&probe, bytes);
	r = sha256_of((struct snp_span){bytes, sizeof(bytes)}, bench->probe, err);
	if (r == 0)
		r = put(bench, "probe", bytes, sizeof(bytes), err);
	bytes[PROBE_KERNEL_SIZE - 1] ^= 1;
	return r < 0 ? r : put(bench, "changed-probe", bytes, sizeof(bytes), err);
}

/* The hash table of a launch with these three, as its launch plan has it. */
static int put_table(const struct bench *bench, const uint8_t kernel[static SNP_SHA256_SIZE],
		     uint64_t *ret_gpa, struct snp_error *err)
{
	const struct snp_span cmdline = {(const uint8_t *)bench->cmdline, strlen(bench->cmdline)};
	uint8_t pages[2 * SNP_PAGE_SIZE];
	struct snp_kernel_hashes hashes;
	struct snp_launch launch = {.mode = bench->mode,
				    .firmware = bench->firmware,
				    .kernel_hashes = &hashes,
				    .vcpus.count = 1,
				    .vcpus.features = snp_mode_default_features(bench->mode)};
	size_t size;
	int r;

	r = snp_kernel_hashes_fill(kernel, bench->has_initrd ? bench->initrd : NULL, cmdline,
				   &hashes, err);
	if (r == 0)
		r = snp_profile_current(SNP_VMM_QEMU, bench->mode, launch.vcpus.profile, err);
	if (r == 0)
		r = snp_launch_hash_pages(&launch, pages, ret_gpa, &size, err);
	return r < 0 ? r : put(bench, "table", pages, size, err);
}

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
	char folder[PATH_MAX], firmware[PATH_MAX], kernel[PATH_MAX], initrd[PATH_MAX],
		table[PATH_MAX], name[16];
	const bool is_guest = a->which == TRIAL_GUEST;
	struct boot_request request = {
		.emulator = subject->emulator ? subject->emulator : "qemu-system-x86_64",
		.firmware = path_in(bench, "firmware", firmware),
		.kernel = path_in(bench, a->kernel, kernel),
		.initrd = a->initrd ? path_in(bench, a->initrd, initrd) : NULL,
		.cmdline = a->cmdline,
		.table = path_in(bench, "table", table),
		.memory_mib = a->memory_mib,
		.limit_ms = a->limit_ms,
		.text = is_guest ? NULL : bench->text,
		.until = is_guest ? subject->until : NULL,
		.may_end_early = a->which > TRIAL_CONTROL,
	};
	int r = put_table(bench, a->kernel_sha256, &request.table_gpa, err);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "boot-%d", (int)a->which);
	request.folder = path_in(bench, name, folder);
	if (mkdir(request.folder, 0700) < 0)
		return fail_errno(err, SNP_E_WRITE, errno, "%s", request.folder);
	if (subject->progress)
		subject->progress(subject->progress_arg, ++bench->n_done, bench->n_boots,
				  trial_case_name(a->which));
	r = boot_run(&request, &outcome->outcome, err);
	outcome->tried = r == 0;
	return r;
}

/* Why a firmware cannot be tried at all, if it cannot. */
static bool cannot_be_tried(struct bench *bench)
{
	static const enum snp_mode modes[] = {SNP_MODE_SNP, SNP_MODE_SEV_ES, SNP_MODE_SEV};
	static const struct snp_kernel_hashes hashes;
	struct snp_error first = {0}, problem;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct snp_launch launch = {.mode = modes[i],
					    .firmware = bench->firmware,
					    .kernel_hashes = &hashes,
					    .vcpus.count = 1,
					    .vcpus.features = snp_mode_default_features(modes[i])};
		int r = snp_profile_current(SNP_VMM_QEMU, modes[i], launch.vcpus.profile, &problem);

		if (r == 0)
			r = snp_launch_check(&launch, &problem);
		bench->mode = modes[i];
		if (r == 0)
			return false;
		if (i == 0)
			first = problem;
	}
	snprintf(bench->trial->why, sizeof(bench->trial->why), "%.500s", first.message);
	return true;
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
			   most = LARGE_MIB + 3 * (unsigned int)(bench->initrd_size >> 20);
	struct attempt a = {.which = TRIAL_GUEST,
			    .kernel = "kernel",
			    .initrd = bench->has_initrd ? "initrd" : NULL,
			    .cmdline = bench->cmdline,
			    .kernel_sha256 = bench->guest_kernel,
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
	const char *const initrd = bench->has_initrd ? "initrd" : NULL;
	const struct trial_outcome *control = &bench->trial->cases[TRIAL_CONTROL];
	struct attempt right = {.which = TRIAL_CONTROL,
				.kernel = "probe",
				.initrd = initrd,
				.cmdline = bench->cmdline,
				.kernel_sha256 = bench->probe,
				.memory_mib = is_large(bench) ? LARGE_MIB : SMALL_MIB,
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
				other.kernel_sha256 = bench->guest_kernel;
		} else if (i == TRIAL_INITRD) {
			other.initrd = "changed-initrd";
		} else {
			other.cmdline = bench->changed_cmdline;
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
			 "; an image that needs SMM or TDX does not come so far here");
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
	char path[PATH_MAX], kept[] = "/tmp/snp-console-XXXXXX";
	uint8_t *bytes = NULL;
	size_t size;
	int fd;

	if (!guest->tried || guest->outcome.result == BOOT_STARTED ||
	    file_read(path_in(bench, "boot-0/" BOOT_CONSOLE, path), SNP_MAX_DOCUMENT, &bytes, &size,
		      NULL) < 0)
		return;
	trial->console = (char *)bytes;
	fd = mkstemp(kept);
	if (fd >= 0 && write_all(fd, (struct snp_span){bytes, size}) == 0)
		snprintf(trial->console_path, sizeof(trial->console_path), "%s", kept);
	closep(&fd);
}

static int gather(struct bench *bench, struct snp_error *err)
{
	const struct boot_subject *subject = bench->subject;
	struct boot_trial *trial = bench->trial;
	uint64_t size;
	char path[PATH_MAX];
	int r = copy_in(bench, subject->firmware, SNP_MAX_FIRMWARE, "firmware",
			&trial->firmware_size, trial->firmware_sha256, err);

	if (r == 0)
		r = snp_firmware_read(path_in(bench, "firmware", path), &bench->firmware, err);
	if (r == 0)
		r = snp_firmware_hash_verifier(bench->firmware, &trial->in_image, err);
	if (r == 0 && subject->kernel)
		r = copy_in(bench, subject->kernel, SNP_MAX_KERNEL, "kernel", &size,
			    bench->guest_kernel, err);
	bench->has_initrd = !subject->kernel || subject->initrd;
	if (r == 0 && !subject->kernel)
		r = put(bench, "initrd", "an initrd", bench->initrd_size = 9, err);
	if (r == 0 && !subject->kernel)
		r = sha256_of((struct snp_span){(const uint8_t *)"an initrd", 9}, bench->initrd,
			      err);
	if (r == 0 && subject->kernel && subject->initrd)
		r = copy_in(bench, subject->initrd, SNP_MAX_INITRD, "initrd", &bench->initrd_size,
			    bench->initrd, err);
	return r;
}

static int prepare(struct bench *bench, struct snp_error *err)
{
	const struct boot_subject *subject = bench->subject;
	int r;

	bench->cmdline = subject->kernel ? subject->cmdline ? subject->cmdline : "" : "a=b c";
	/* The first byte: a change within a "vga=" could have QEMU refuse it. */
	bench->changed_cmdline = strdup(*bench->cmdline ? bench->cmdline : " ");
	if (!bench->changed_cmdline)
		return out_of_memory(err);
	if (*bench->cmdline)
		bench->changed_cmdline[0] = *bench->cmdline == 'x' ? 'y' : 'x';
	r = put_changed_initrd(bench, err);
	return r < 0 ? r : put_probes(bench, err);
}

static int run(struct bench *bench, struct snp_error *err)
{
	struct boot_trial *trial = bench->trial;
	const char *emulator = bench->subject->emulator;
	int r = gather(bench, err);

	if (r < 0)
		return r;
	trial->verdict = TRIAL_CANNOT_TELL;
	if (cannot_be_tried(bench))
		return 0;
	bench->n_boots = bench->subject->kernel ? TRIAL_CASES : TRIAL_CASES - 1;
	r = boot_qemu_version(emulator ? emulator : "qemu-system-x86_64", bench->folder,
			      trial->qemu_version, err);
	if (r == 0)
		r = prepare(bench, err);
	if (r == 0)
		r = try_guest(bench, err);
	if (r == 0)
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
		.subject = subject, .trial = &trial, .folder = "/tmp/snp-boot-XXXXXX"};
	const time_t now = time(NULL);
	struct tm tm;
	int r;

	gmtime_r(&now, &tm);
	strftime(trial.date, sizeof(trial.date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!mkdtemp(bench.folder))
		return fail_errno(err, SNP_E_WRITE, errno, "%s: cannot be made", bench.folder);
	interrupt_defer();
	r = run(&bench, err);
	interrupt_restore();
	remove_tree(AT_FDCWD, bench.folder);
	snp_firmware_free(bench.firmware);
	free(bench.changed_cmdline);
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
