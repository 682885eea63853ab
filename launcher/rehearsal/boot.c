// SPDX-License-Identifier: Apache-2.0
#include "rehearsal/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "host/interrupt.h"
#include "rehearsal/dead_loop.h"
#include "rehearsal/probe_kernel.h"

#define STEP_MS	      50
#define CONSOLE_MAX   (1u << 20) /* of a console's bytes that are looked at */
#define MAX_ARGUMENTS 48

static unsigned int now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned int)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* The beginning of a file that QEMU may be writing at this moment; "" where there is none. */
static char *read_log(const char *folder, const char *name)
{
	_cleanup_(freep) char *path = format_text("%s/%s", folder, name);
	char *text = malloc(CONSOLE_MAX + 1);
	ssize_t n = -1;
	int fd;

	if (!text || !path) {
		free(text);
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, CONSOLE_MAX);
	closep(&fd);
	text[n < 0 ? 0 : n] = '\0';
	/* A NUL on the console must not hide what follows. */
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return text;
}

static bool log_has(const char *folder, const char *name, const char *text)
{
	_cleanup_(freep) char *log = read_log(folder, name);

	return log && strstr(log, text);
}

/* QEMU lives no longer than this process. Its output goes to a file in the folder. */
static int spawn(const char *folder, char *const argv[], pid_t *ret, struct snp_error *err)
{
	_cleanup_(freep) char *path = format_text("%s/qemu.log", folder);
	int null, log, report[2], failure = 0;
	pid_t parent = getpid(), child;

	if (!path)
		return out_of_memory(err);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (log < 0 || null < 0 || pipe2(report, O_CLOEXEC) < 0) {
		int r = fail_errno(err, SNP_E_WRITE, errno, "%s", path);

		closep(&log);
		closep(&null);
		return r;
	}
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent && dup2(null, 0) == 0 && dup2(log, 1) == 1 &&
		    dup2(log, 2) == 2)
			execvp(argv[0], argv);
		failure = errno;
		(void)!write(report[1], &failure, sizeof(failure));
		_exit(127);
	}
	failure = child < 0 ? errno : 0;
	close(log);
	close(null);
	close(report[1]);
	/* What stops exec() comes through the pipe, which exec() closes. */
	if (child > 0 && read(report[0], &failure, sizeof(failure)) == sizeof(failure))
		waitpid(child, NULL, 0);
	else if (child > 0)
		failure = 0;
	close(report[0]);
	if (failure != 0)
		return fail_errno(err, failure == ENOENT ? SNP_E_NOT_FOUND : SNP_E_SYSTEM, failure,
				  "cannot run %s", argv[0]);
	*ret = child;
	return 0;
}

static int put_disk(const struct boot_request *request, struct snp_error *err)
{
	const struct probe_kernel probe = {.text = "", .code = BOOT_CODE_DISK};
	uint8_t bytes[PROBE_KERNEL_SIZE];
	_cleanup_(freep) char *folder = format_text("%s/disk/EFI/BOOT", request->folder);
	_cleanup_(freep) char *path = format_text("%s/disk/EFI/BOOT/BOOTX64.EFI", request->folder);
	int r;

	if (!folder || !path)
		return out_of_memory(err);
	r = make_folders(folder, 0700, 0700);
	if (r < 0)
		return fail_errno(err, SNP_E_WRITE, -r, "%s", folder);
	probe_kernel_build(&probe, bytes);
	return file_write(path, (struct snp_span){bytes, sizeof(bytes)}, 0600, true, err);
}

/* QEMU's command line, as one word after another; texts that are made lie in `made`. */
struct command {
	const char *words[MAX_ARGUMENTS];
	size_t n, n_made;
	char *made[MAX_ARGUMENTS];
	bool failed;
};

static void command_done(struct command *command)
{
	for (size_t i = 0; i < command->n_made; i++)
		free(command->made[i]);
}

static void add(struct command *command, const char *option, const char *word)
{
	if (command->n + 3 > MAX_ARGUMENTS) {
		command->failed = true;
		return;
	}
	command->words[command->n++] = option;
	command->words[command->n++] = word;
}

/* Takes the text, NULL where memory ran out. */
static void add_made(struct command *command, const char *option, char *text)
{
	if (text)
		command->made[command->n_made++] = text;
	else
		command->failed = true;
	add(command, option, text);
}

/* -bios takes multiples of 64 KiB; other sizes are for pflash. */
static void add_firmware(struct command *command, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_size % (64 << 10) != 0)
		add_made(command, "-drive",
			 format_text("if=pflash,unit=0,format=raw,readonly=on,file=%s", path));
	else
		add(command, "-bios", path);
}

static int command_make(const struct boot_request *r, struct command *c, struct snp_error *err)
{
	c->words[c->n++] = r->emulator;
	/* No default devices: under emulation the firmware would run their option ROMs. */
	c->words[c->n++] = "-nodefaults";
	c->words[c->n++] = "-no-user-config";
	c->words[c->n++] = "-no-reboot";
	add(c, "-display", "none");
	add(c, "-machine", "q35,accel=tcg");
	add(c, "-cpu", "qemu64");
	add(c, "-smp", "1");
	add_made(c, "-m", format_text("%u", r->memory_mib));
	add_firmware(c, r->firmware);
	add(c, "-kernel", r->kernel);
	if (r->initrd)
		add(c, "-initrd", r->initrd);
	add(c, "-append", r->cmdline);
	add_made(c, "-device",
		 format_text("loader,file=%s,addr=0x%" PRIx64 ",force-raw=on", r->table,
			     r->table_gpa));
	add_made(c, "-device", format_text("isa-debug-exit,iobase=%#x,iosize=4", PROBE_EXIT_PORT));
	add_made(c, "-chardev", format_text("file,id=probe,path=%s/probe.log", r->folder));
	add_made(c, "-device",
		 format_text("isa-debugcon,iobase=%#x,chardev=probe", PROBE_CONSOLE_PORT));
	add_made(c, "-serial", format_text("file:%s/" BOOT_CONSOLE, r->folder));
	add_made(c, "-drive",
		 format_text("if=virtio,format=raw,readonly=on,file=fat:%s/disk", r->folder));
	add_made(c, "-qmp", format_text("unix:%s/qmp,server=on,wait=off", r->folder));
	return c->failed ? out_of_memory(err) : 0;
}

/* The first line of QEMU's own words that is more than a warning. */
static void quote_qemu(const struct boot_request *request, int status, struct boot_outcome *ret)
{
	_cleanup_(freep) char *log = read_log(request->folder, "qemu.log");
	char *rest = log, *line;

	snprintf(ret->why, sizeof(ret->why), "QEMU ended with status %d", status);
	while ((line = strsep(&rest, "\n")))
		if (*line && !strstr(line, "warning:")) {
			escape_text(line, ret->why, sizeof(ret->why));
			return;
		}
}

/* A real kernel has been started when it, or the EFI stub in it, has written something. */
static bool kernel_speaks(const struct boot_request *request)
{
	static const char *const first[] = {"EFI stub: ", "Linux version ", "[    0.0",
					    "Run /init"};
	_cleanup_(freep) char *log = read_log(request->folder, BOOT_CONSOLE);

	if (!log)
		return false;
	if (request->until)
		return strstr(log, request->until);
	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		if (strstr(log, first[i]))
			return true;
	return false;
}

static void judge_end(const struct boot_request *request, int wait_status, struct boot_outcome *ret)
{
	int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;

	if (status == (BOOT_CODE_KERNEL << 1 | 1) && request->text &&
	    log_has(request->folder, "probe.log", request->text))
		ret->result = BOOT_STARTED;
	else if (status == (BOOT_CODE_DISK << 1 | 1))
		ret->result = BOOT_WENT_ON;
	else if (!request->text && kernel_speaks(request))
		ret->result = BOOT_STARTED; /* and has powered off since it was last looked at */
	else {
		ret->result = BOOT_FAILED;
		quote_qemu(request, status, ret);
	}
}

static int watch(const struct boot_request *request, pid_t qemu, struct boot_outcome *ret,
		 bool *ret_ended, struct snp_error *err)
{
	_cleanup_(dead_loop_done) struct dead_loop loop = {.fd = -1};
	const unsigned int start = now_ms();
	int status = 0, r = 0;

	for (;;) {
		r = interrupt_check(err);
		if (r < 0)
			return r;
		if (waitpid(qemu, &status, WNOHANG) == qemu) {
			*ret_ended = true;
			ret->ms = now_ms() - start;
			judge_end(request, status, ret);
			return 0;
		}
		ret->ms = now_ms() - start;
		if (!request->text && kernel_speaks(request)) {
			ret->result = BOOT_STARTED;
			return 0;
		}
		if (ret->ms > request->limit_ms ||
		    (request->may_end_early && dead_loop_seen(&loop, request->folder))) {
			ret->result = BOOT_SILENT;
			return 0;
		}
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000l}, NULL);
	}
}

int boot_run(const struct boot_request *request, struct boot_outcome *ret, struct snp_error *err)
{
	_cleanup_(command_done) struct command command = {0};
	char *argv[MAX_ARGUMENTS] = {0};
	bool ended = false;
	pid_t qemu;
	int r = put_disk(request, err);

	if (r == 0)
		r = command_make(request, &command, err);
	memcpy(argv, command.words, sizeof(argv));
	if (r < 0)
		return r;
	r = spawn(request->folder, argv, &qemu, err);
	if (r < 0)
		return r;
	*ret = (struct boot_outcome){0};
	r = watch(request, qemu, ret, &ended, err);
	if (!ended) {
		kill(qemu, SIGKILL);
		waitpid(qemu, NULL, 0);
	}
	return r;
}

int boot_qemu_version(const char *emulator, const char *folder, char ret[static QEMU_VERSION_MAX],
		      struct snp_error *err)
{
	static const char key[] = "version ";
	_cleanup_(freep) char *log = NULL;
	char *name = strdup(emulator), option[] = "--version";
	char *argv[] = {name, option, NULL};
	const char *version;
	pid_t qemu;
	int r = name ? spawn(folder, argv, &qemu, err) : out_of_memory(err);

	free(name);
	if (r < 0)
		return r;
	waitpid(qemu, NULL, 0);
	log = read_log(folder, "qemu.log");
	version = log ? strstr(log, key) : NULL;
	if (!version || version[strlen(key)] < '1' || version[strlen(key)] > '9')
		return fail_with(err, SNP_E_QEMU, SNP_NO_OFFSET, "%s does not say its version",
				 emulator);
	version += strlen(key);
	snprintf(ret, QEMU_VERSION_MAX, "%.*s", (int)strspn(version, "0123456789."), version);
	return 0;
}
