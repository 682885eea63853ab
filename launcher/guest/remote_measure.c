// SPDX-License-Identifier: Apache-2.0
#include "guest/remote_measure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json.h>
#include <snp/memory.h>

#include "guest/boot_file.h"
#include "host/uri.h"

extern char **environ;

/* What ssh and a POSIX shell answer where they cannot run the command. */
#define SSH_FAILED	   255
#define SHELL_NO_COMMAND   127
#define SHELL_NO_EXECUTION 126

static const char *path_of(const struct launch_spec *spec, enum boot_part part)
{
	return part == BOOT_FIRMWARE ? spec->firmware
	       : part == BOOT_KERNEL ? spec->kernel
				     : spec->initrd;
}

/* Quoted for the shell of the remote host. */
static void add_word(FILE *command, const char *word)
{
	fputs(" '", command);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", command);
		else
			fputc(*word, command);
	fputc('\'', command);
}

static void add_option(FILE *command, const char *option, const char *value)
{
	fprintf(command, " --%s", option);
	add_word(command, value);
}

/* The command for the remote shell, for free(); NULL where memory ran out. */
static char *measuring(const struct launch_spec *spec)
{
	char *text = NULL;
	size_t size;
	FILE *command = open_memstream(&text, &size);

	if (!command)
		return NULL;
	fputs("exec snp-measure", command);
	fprintf(command, " digest --json --profile qemu --vcpus %" PRIu32, spec->vcpus.count);
	if (spec->has_cpu_signature)
		fprintf(command, " --vcpu-sig 0x%" PRIx32, spec->vcpus.signature);
	else
		add_option(command, "vcpu-type", spec->vcpus.model);
	add_option(command, "ovmf", spec->firmware);
	if (spec->kernel && spec->kernel_hashes == SPEC_ON) {
		add_option(command, "kernel", spec->kernel);
		if (spec->initrd)
			add_option(command, "initrd", spec->initrd);
		if (spec->cmdline)
			add_option(command, "append", spec->cmdline);
	}
	if (ferror(command) | fclose(command)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Both streams go into memory of their own, so that neither can block the other. */
static int run(char *const argv[], int out, int words, int *ret_status, struct snp_error *err)
{
	posix_spawn_file_actions_t actions;
	int status, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return fail_errno(err, SNP_E_REMOTE, r, "cannot run '%s'", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, SNP_E_SYSTEM, errno, "cannot wait for '%s'",
					  argv[0]);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : SSH_FAILED;
	return 0;
}

/* The beginning of what was written, as a text. */
static void read_back(int fd, char *ret, size_t size)
{
	ssize_t n = pread(fd, ret, size - 1, 0);

	ret[n > 0 ? n : 0] = '\0';
}

/* What snp-measure there refused, with its own name; or the last line of what ssh or the shell said. */
static int remote_failed(const char *host, int status, int words, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	const char *name = NULL, *message = NULL;
	char text[4096], *line = text;

	read_back(words, text, sizeof(text));
	if (status == SHELL_NO_COMMAND || status == SHELL_NO_EXECUTION)
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"there is no snp-measure on %.200s; install it there, or give copies of the files by --remote-root",
			host);
	for (size_t n = strlen(text); n > 0 && strchr("\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
	if (strrchr(text, '\n'))
		line = strrchr(text, '\n') + 1;
	if (status == SSH_FAILED)
		return fail_with(
			err, SNP_E_REMOTE, SNP_NO_OFFSET,
			"ssh cannot log in to %.200s: %.300s; it must do so without a password: by an agent, or a key in keyfile= of the URI",
			host, line);
	if (json_parse("ssh", text_span(line), &document, NULL) == 0) {
		const struct json_value *root = json_root(document);

		if (json_get(root, "name") && json_get(root, "message") &&
		    (json_string(json_get(root, "name"), &name, NULL) < 0 ||
		     json_string(json_get(root, "message"), &message, NULL) < 0))
			name = message = NULL;
	}
	for (int code = 1; name && message && snp_code_name((enum snp_code)code); code++)
		if (strcmp(snp_code_name((enum snp_code)code), name) == 0)
			return fail_with(err, (enum snp_code)code, SNP_NO_OFFSET,
					 "snp-measure on %.200s: %.600s", host, message);
	return fail_with(err, SNP_E_REMOTE, SNP_NO_OFFSET,
			 "snp-measure on %.200s ends with status %d: %.600s", host, status, line);
}

static int need(const struct json_value *root, const char *key, const struct json_value **ret)
{
	*ret = json_get(root, key);
	return *ret ? 0 : -1;
}

/* Another release may measure otherwise, and its profiles have other names. */
static int check_version(const char *host, const struct json_value *root, struct snp_error *err)
{
	const struct json_value *tool, *value;
	const char *version = "an unknown version";

	if (need(root, "tool", &tool) == 0 && need(tool, "version", &value) == 0 &&
	    json_string(value, &version, NULL) == 0 && strcmp(version, SNP_VERSION) == 0)
		return 0;
	return fail_with(
		err, SNP_E_REMOTE, SNP_NO_OFFSET,
		"snp-measure on %.200s is %.40s, but this is " SNP_VERSION
		"; install the same version there, or give copies of the files by --remote-root",
		host, version);
}

static int read_input(const struct json_value *inputs, enum boot_part part, const char *path,
		      struct boot_file *ret, struct snp_error *err)
{
	const struct json_value *file, *value;
	int r = json_need(inputs, boot_part_names[part], &file, err);

	if (r == 0)
		r = json_need(file, "size", &value, err);
	if (r == 0)
		r = json_integer(value, 1, INT64_MAX, &ret->size, err);
	if (r == 0)
		r = json_need(file, "sha256", &value, err);
	if (r == 0)
		r = json_hex(value, ret->sha256, sizeof(ret->sha256), err);
	if (r < 0)
		return r;
	ret->source = strdup(path);
	ret->path = strdup(path);
	return ret->source && ret->path ? 0 : out_of_memory(err);
}

/* Whether the firmware checks the hashes is among the warnings. */
static enum snp_hash_verifier verifier(const struct json_value *root)
{
	const struct json_value *list = json_get(root, "warnings"), *value;
	const char *name;

	for (value = list && json_is_array(list) ? json_first(list) : NULL; value;
	     value = json_next(value)) {
		if (!json_get(value, "name") ||
		    json_string(json_get(value, "name"), &name, NULL) < 0)
			continue;
		if (strcmp(name, SNP_WARN_NOT_CHECKED) == 0)
			return SNP_HASH_VERIFIER_ABSENT;
		if (strcmp(name, SNP_WARN_CHECK_UNKNOWN) == 0)
			return SNP_HASH_VERIFIER_UNKNOWN;
	}
	return SNP_HASH_VERIFIER_PRESENT;
}

static int read_vcpus(const struct json_value *root, const struct launch_spec *spec,
		      struct snp_vcpus *ret, struct snp_error *err)
{
	const struct json_value *value;
	uint64_t count = 0, signature = 0;
	int r = json_need(root, "vcpu_count", &value, err);

	*ret = spec->vcpus;
	if (r == 0)
		r = json_integer(value, 1, UINT32_MAX, &count, err);
	if (r == 0)
		r = json_need(root, "cpu_signature", &value, err);
	if (r == 0)
		r = json_hex_u64(value, &signature, err);
	if (r == 0)
		r = json_need(root, "guest_features", &value, err);
	if (r == 0)
		r = json_hex_u64(value, &ret->features, err);
	if (r == 0)
		r = json_need(root, "vmm_profile", &value, err);
	if (r == 0)
		r = json_text(value, ret->profile, sizeof(ret->profile), err);
	if (r == 0 && (count != spec->vcpus.count || signature > UINT32_MAX ||
		       ret->features != GUEST_FEATURES || strcmp(ret->profile, "qemu") != 0 ||
		       (spec->has_cpu_signature && signature != spec->vcpus.signature)))
		r = fail_with(err, SNP_E_REMOTE, SNP_NO_OFFSET,
			      "it measured another guest than it was asked for");
	ret->signature = (uint32_t)signature;
	return r;
}

static int read_members(const struct json_value *root, const struct launch_spec *spec,
			struct boot_file boot[static BOOT_PARTS], struct guest_measurement *ret,
			struct snp_error *err)
{
	const bool hashes = spec->kernel && spec->kernel_hashes == SPEC_ON;
	const struct json_value *value, *inputs;
	int r = json_need(root, "launch_digest", &value, err);

	if (r == 0)
		r = json_hex(value, ret->launch_digest, SNP_LAUNCH_DIGEST_SIZE, err);
	if (r == 0)
		r = read_vcpus(root, spec, &ret->vcpus, err);
	if (r == 0)
		r = json_need(root, "kernel_hashes", &value, err);
	if (r == 0)
		r = json_bool(value, &ret->has_kernel_hashes, err);
	if (r == 0 && ret->has_kernel_hashes != hashes)
		r = fail_with(err, SNP_E_REMOTE, SNP_NO_OFFSET,
			      "it measured another guest than it was asked for");
	if (r == 0)
		r = json_need(root, "inputs", &inputs, err);
	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++)
		if (path_of(spec, (enum boot_part)i))
			r = read_input(inputs, (enum boot_part)i, path_of(spec, (enum boot_part)i),
				       &boot[i], err);
	ret->hash_verifier = hashes ? verifier(root) : SNP_HASH_VERIFIER_UNKNOWN;
	return r;
}

int remote_answer_read(const char *host, struct snp_span text, const struct launch_spec *spec,
		       struct boot_file boot[static BOOT_PARTS], struct guest_measurement *ret,
		       struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	struct guest_measurement m = {0};
	int r = json_parse(host, text, &document, err);

	if (r == 0)
		r = json_schema(document, "snp-digest/1", err);
	if (r == 0)
		r = check_version(host, json_root(document), err);
	if (r == 0)
		r = read_members(json_root(document), spec, boot, &m, err);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

static int check_possible(const struct launch_spec *spec, struct snp_error *err)
{
	const char *problem = NULL;

	if (spec->is_igvm)
		problem =
			"--remote-measure cannot measure an IGVM file; give a copy of it by --remote-root";
	else if (!spec->firmware)
		problem =
			"firmware.auto searches only this machine; name the remote host's firmware by firmware.path";
	else if (spec->kernel && spec->kernel_hashes != SPEC_ON)
		problem = "--remote-measure needs kernel hashes, or no kernel";
	return problem ? fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "%s", problem) : 0;
}

int remote_measure(const char *uri, const struct launch_spec *spec,
		   struct boot_file boot[static BOOT_PARTS], struct guest_measurement *ret,
		   struct snp_error *err)
{
	static char batch[] = "BatchMode=yes", patience[] = "ConnectTimeout=20", o[] = "-o",
		    quiet[] = "-T", key[] = "-i", port[] = "-p", user[] = "-l", end[] = "--",
		    trusting[] = "StrictHostKeyChecking=no";
	struct uri_ssh ssh;
	_cleanup_(freep) char *command = NULL;
	_cleanup_(freep) uint8_t *answer = NULL;
	_cleanup_(closep) int out = memfd_create("answer", MFD_CLOEXEC),
			      words = memfd_create("words", MFD_CLOEXEC);
	char *argv[20];
	size_t n = 0;
	off_t size;
	int status, r = check_possible(spec, err);

	if (r < 0)
		return r;
	if (!uri_ssh(uri, &ssh))
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"--remote-measure needs a URI with ssh, such as qemu+ssh://root@host/system");
	if (out < 0 || words < 0)
		return fail_errno(err, SNP_E_SYSTEM, errno, "cannot make memory for an answer");
	command = measuring(spec);
	if (!command)
		return out_of_memory(err);
	argv[n++] = ssh.program;
	argv[n++] = quiet;
	argv[n++] = o;
	argv[n++] = batch;
	argv[n++] = o;
	argv[n++] = patience;
	if (ssh.no_verify) {
		argv[n++] = o;
		argv[n++] = trusting;
	}
	if (ssh.key[0]) {
		argv[n++] = key;
		argv[n++] = ssh.key;
	}
	if (ssh.port[0]) {
		argv[n++] = port;
		argv[n++] = ssh.port;
	}
	if (ssh.user[0]) {
		argv[n++] = user;
		argv[n++] = ssh.user;
	}
	argv[n++] = end;
	argv[n++] = ssh.host;
	argv[n++] = command;
	argv[n] = NULL;
	r = run(argv, out, words, &status, err);
	if (r < 0)
		return r;
	if (status != 0)
		return remote_failed(ssh.host, status, words, err);
	size = lseek(out, 0, SEEK_END);
	if (size < 0 || size > SNP_MAX_CONFIG || !(answer = malloc((size_t)size + 1)) ||
	    pread(out, answer, (size_t)size, 0) != size)
		return fail_with(err, SNP_E_REMOTE, SNP_NO_OFFSET,
				 "the answer of snp-measure on %.200s cannot be read", ssh.host);
	return remote_answer_read(ssh.host, (struct snp_span){answer, (size_t)size}, spec, boot,
				  ret, err);
}
