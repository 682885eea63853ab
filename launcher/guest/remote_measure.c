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
#include <snp/fields.h>
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
			"ssh cannot log in to %.200s: %.300s; no password can be entered here; use an agent, or keyfile= in the URI",
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

/* What an answer says, of all that snp-digest/1 has. */
struct input {
	bool is_there;
	uint64_t size;
	uint8_t sha256[SNP_SHA256_SIZE];
};

struct answer {
	uint8_t launch_digest[SNP_LAUNCH_DIGEST_SIZE];
	uint32_t vcpu_count;
	uint64_t signature;
	struct snp_vcpus vcpus;
	bool has_kernel_hashes;
	struct input inputs[BOOT_PARTS];
};

/* clang-format off */
static const struct field file_fields[] = {
	FIELD("size", field_u64, input, size, .required = true, .min = 1),
	FIELD("sha256", field_hex, input, sha256, .required = true),
	OTHER_KEYS,
};

#define INPUT(name, part) \
	FIELD(name, field_object, answer, inputs[part], .fields = file_fields, .has = HAS(answer, inputs[part].is_there))

static const struct field input_fields[] = {
	INPUT("firmware", BOOT_FIRMWARE),
	INPUT("kernel", BOOT_KERNEL),
	INPUT("initrd", BOOT_INITRD),
	OTHER_KEYS,
};

static const struct field answer_fields[] = {
	FIELD("launch_digest", field_hex, answer, launch_digest, .required = true),
	FIELD("vmm_profile", field_chars, answer, vcpus.profile, .required = true),
	FIELD("vcpu_count", field_u32, answer, vcpu_count, .required = true, .min = 1),
	FIELD("cpu_signature", field_hex_u64, answer, signature, .required = true),
	FIELD("guest_features", field_hex_u64, answer, vcpus.features, .required = true),
	FIELD("kernel_hashes", field_bool, answer, has_kernel_hashes, .required = true),
	FIELD_OBJECT("inputs", input_fields, .required = true),
	OTHER_KEYS,
};
/* clang-format on */

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

static int take_input(const struct answer *answer, enum boot_part part, const char *path,
		      struct boot_file *ret, struct snp_error *err)
{
	const struct input *input = &answer->inputs[part];

	if (!input->is_there)
		return fail_with(err, SNP_E_JSON_MISSING_KEY, SNP_NO_OFFSET,
				 "/inputs: missing key \"%s\"", boot_part_names[part]);
	ret->size = input->size;
	memcpy(ret->sha256, input->sha256, sizeof(ret->sha256));
	ret->source = strdup(path);
	ret->path = strdup(path);
	return ret->source && ret->path ? 0 : out_of_memory(err);
}

static int take_answer(const struct answer *answer, const struct launch_spec *spec,
		       struct boot_file boot[static BOOT_PARTS], struct guest_measurement *ret,
		       struct snp_error *err)
{
	const bool hashes = spec->kernel && spec->kernel_hashes == SPEC_ON;
	int r = 0;

	if (answer->vcpu_count != spec->vcpus.count || answer->signature > UINT32_MAX ||
	    answer->vcpus.features != GUEST_FEATURES ||
	    strcmp(answer->vcpus.profile, "qemu") != 0 ||
	    (spec->has_cpu_signature && answer->signature != spec->vcpus.signature) ||
	    answer->has_kernel_hashes != hashes)
		return fail_with(err, SNP_E_REMOTE, SNP_NO_OFFSET,
				 "it measured another guest than the one asked for");
	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++)
		if (path_of(spec, (enum boot_part)i))
			r = take_input(answer, (enum boot_part)i, path_of(spec, (enum boot_part)i),
				       &boot[i], err);
	memcpy(ret->launch_digest, answer->launch_digest, sizeof(ret->launch_digest));
	ret->vcpus = answer->vcpus;
	ret->vcpus.signature = (uint32_t)answer->signature;
	ret->has_kernel_hashes = hashes;
	return r;
}

int remote_answer_read(const char *host, struct snp_span text, const struct launch_spec *spec,
		       struct boot_file boot[static BOOT_PARTS], struct guest_measurement *ret,
		       struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	struct guest_measurement m = {.hash_verifier = SNP_HASH_VERIFIER_UNKNOWN};
	struct answer answer = {.vcpus = spec->vcpus};
	int r = json_parse(host, text, &document, err);

	if (r < 0)
		return r;
	r = json_schema(document, "snp-digest/1", err);
	if (r < 0)
		return r;
	r = check_version(host, json_root(document), err);
	if (r < 0)
		return r;
	r = fields_read(json_root(document), answer_fields, &answer, err);
	if (r < 0)
		return r;
	r = take_answer(&answer, spec, boot, &m, err);
	if (r < 0)
		return r;
	if (m.has_kernel_hashes)
		m.hash_verifier = verifier(json_root(document));
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
