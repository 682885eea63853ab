// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/memory.h>

#include "cli/selftest.h"
#include "host/installed.h"

/* What the guest of a selftest is made of: kernel, initrd, ID key, vm.json. */

DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);

const char *selftest_path(const struct selftest *test, const char *name, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s", test->folder, name);
	return ret;
}

/* Run a script of libexec/, its output in the file `out`; why it failed, it says last in the file `log`. */
static int run_script(char *const argv[], const char *out, const char *log, struct snp_error *err)
{
	posix_spawn_file_actions_t actions;
	_cleanup_(freep) uint8_t *text = NULL;
	int r, status = 0;
	size_t size;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC,
					 0600);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC,
					 0600);
	r = posix_spawn(&child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return fail_errno(err, SNP_E_SYSTEM, r, "cannot run %s", argv[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (file_read(log, SNP_MAX_SMALL, &text, &size, NULL) < 0 || size < 2)
		return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "%s failed", argv[0]);
	text[--size] = '\0';
	while (size > 0 && text[size - 1] != '\n')
		size--;
	return fail_with(err, SNP_E_SYSTEM, SNP_NO_OFFSET, "%.300s", (const char *)text + size);
}

int selftest_script(const char *name, char ret[static PATH_MAX], struct snp_error *err)
{
	char installed[PATH_MAX], built[64];

	snprintf(installed, sizeof(installed), "../" SNP_LIBEXEC "/%s", name);
	snprintf(built, sizeof(built), "libexec/%s", name);
	return installed_find(installed, built, ret, err);
}

extern const char snp_responder[];

static int run_maker(struct selftest *test, struct snp_error *err)
{
	char script[PATH_MAX], responder[PATH_MAX], initrd[PATH_MAX], out[PATH_MAX], log[PATH_MAX];
	const char *modules = test->options->modules ? test->options->modules : "";
	_cleanup_(freep) char *own_modules = strdup(modules);
	char *argv[] = {script, test->kernel, own_modules, responder, initrd, NULL};
	_cleanup_(freep) uint8_t *text = NULL;
	size_t size;
	int r = own_modules ? selftest_script("selftest-guest", script, err) : out_of_memory(err);

	selftest_path(test, "snp-responder", responder);
	selftest_path(test, "initrd", initrd);
	selftest_path(test, "version", out);
	selftest_path(test, "messages", log);
	if (r < 0)
		return r;
	r = file_write(responder, text_span(snp_responder), 0700, false, err);
	if (r < 0)
		return r;
	r = run_script(argv, out, log, err);
	if (r < 0)
		return r;
	r = file_read(out, SNP_MAX_SMALL, &text, &size, err);
	if (r < 0)
		return r;
	snprintf(test->kernel_version, sizeof(test->kernel_version), "%.*s",
		 (int)strcspn((const char *)text, "\n"), (const char *)text);
	/* A simulated host's libvirtd may run as another user. */
	return chmod(initrd, 0644) < 0 ? fail_errno(err, SNP_E_WRITE, errno, "%s", initrd) : 0;
}

int selftest_make_guest(struct selftest *test, struct snp_error *err)
{
	char running[PATH_MAX];
	const char *kernel = test->options->kernel;
	struct utsname host;

	uname(&host);
	snprintf(test->host_kernel, sizeof(test->host_kernel), "%s", host.release);
	snprintf(running, sizeof(running), "/boot/vmlinuz-%s", host.release);
	if (!kernel)
		kernel = running;
	if (!realpath(kernel, test->kernel))
		return fail_errno(err, SNP_E_OPEN, errno, "%s", kernel);
	return run_maker(test, err);
}

/* An ID key of this run alone. */
static int make_key(const char *path, struct snp_error *err)
{
	_cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_EC_gen("P-384");
	BIO *out = BIO_new(BIO_s_mem());
	uint8_t *text = NULL;
	long size;
	int r;

	if (key && out && PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1) {
		size = BIO_get_mem_data(out, &text);
		r = file_write(path, (struct snp_span){text, (size_t)size}, 0600, false, err);
	} else {
		r = fail_with(err, SNP_E_CRYPTO, SNP_NO_OFFSET, "cannot make an ID key");
	}
	BIO_free_all(out);
	return r;
}

/* The guest as a vm.json, as anybody would write one. */
int selftest_config(const struct selftest *test, struct vm_config **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out json;
	_cleanup_(freep) char *text = NULL;
	char initrd[PATH_MAX], key[PATH_MAX];
	struct cJSON *object;
	int r;

	selftest_path(test, "initrd", initrd);
	selftest_path(test, "id.pem", key);
	json_out_init(&json, "snp-launch/1");
	json_out_string(&json, json.root, "name", SELFTEST_GUEST_NAME);
	object = json_out_object(&json, json.root, "firmware");
	json_out_string(&json, object, "path", test->firmware);
	object = json_out_object(&json, json.root, "boot");
	json_out_string(&json, object, "kernel", test->kernel);
	json_out_string(&json, object, "initrd", initrd);
	json_out_string(&json, object, "cmdline", SELFTEST_CMDLINE);
	object = json_out_object(&json, json.root, "cpu");
	json_out_integer(&json, object, "count", 1);
	json_out_string(&json, object, "model", test->options->model);
	object = json_out_object(&json, json.root, "memory");
	json_out_string(&json, object, "size", "512MiB");
	object = json_out_object(&json, json_out_object(&json, json.root, "snp"), "id");
	json_out_string(&json, object, "key", key);
	r = json_out_print(&json, &text, err);
	if (r < 0)
		return r;
	r = vm_config_parse(SELFTEST_GUEST_NAME, text_span(text), ret, err);
	return r < 0 ? r : make_key(key, err);
}
