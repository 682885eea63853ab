// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#include "archive/import.h"
#include "cli/check_options.h"
#include "cli/launch_options.h"
#include "cli/verb.h"
#include "guest/plan.h"
#include "host/interrupt.h"
#include "host/uri.h"

static struct {
	const char *name, *disks;
	bool no_start, template;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"name", .argument = "NAME", .text = &arg.name,
	 .help = "give the guest this name, and a UUID of its own"},
	{"disks", .argument = "DIR", .text = &arg.disks,
	 .help = "put the disks that the archive includes into this folder"},
	{"archived-template", .flag = &arg.template,
	 .help = "use the template that the archive includes; look at it first"},
	{"no-start", .flag = &arg.no_start,
	 .help = "define the guest, but do not start it"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {
	session_options, check_cli_options, launch_options, set_options, options, NULL};

static ssize_t read_archive(void *fd, uint8_t *buffer, size_t size, struct snp_error *err)
{
	struct pollfd ready = {.fd = *(int *)fd, .events = POLLIN};
	ssize_t n;
	int r;

	/* Unlike read(), it is not restarted after a signal: a pipe may stay silent for long. It ends by itself because
	 * the signal may come just before it. */
	do {
		r = interrupt_check(err);
		if (r < 0)
			return r;
		r = poll(&ready, 1, 500);
	} while (r == 0 || (r < 0 && errno == EINTR));
	n = read(ready.fd, buffer, size);
	return n < 0 ? fail_errno(err, SNP_E_READ, errno, "cannot read") : n;
}

static int open_archive(const char *path, int *ret, struct snp_error *err)
{
	int fd;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO))
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
					 "standard input is a terminal; give the archive's file, "
					 "or pipe it in");
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (fd < 0)
		return in_file(err, fail_errno(err, SNP_E_OPEN, errno, "cannot open"), path);
	*ret = fd;
	return 0;
}

/* The archived vm.json as it is for this host: another name, where the disks are, and what --set says. */
static int read_config(const struct import *import, struct vm_config **ret, struct snp_error *err)
{
	char *assignments[1 + ARCHIVE_MAX_DISKS] = {NULL};
	size_t n = 0;
	int r = 0;

	if (arg.name)
		assignments[n++] = format_text("name=\"%s\"", arg.name);
	for (size_t i = 0; i < import->n_disks; i++) {
		char path[PATH_MAX + 128];

		import_disk_path(import, i, path);
		if (strpbrk(path, "\"\\"))
			r = fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
				      "--disks: the path has a quotation mark or a backslash");
		assignments[n++] = format_text("disks.%zu.path=\"%s\"", i, path);
	}
	for (size_t i = 0; i < n && r == 0; i++)
		if (!assignments[i])
			r = out_of_memory(err);
	if (r == 0)
		r = launch_options_set("vm.json", import->config->document,
				       (const char *const *)assignments, n, ret, err);
	for (size_t i = 0; i < n; i++)
		free(assignments[i]);
	return r;
}

/* A guest of another name beside the archived one cannot have its UUID too. */
static int need_other_uuid(const struct vm_config *archived, const struct vm_config *config,
			   struct snp_error *err)
{
	if (!arg.name || !config->uuid || !archived->uuid ||
	    strcmp(config->uuid, archived->uuid) != 0)
		return 0;
	return fail_with(
		err, SNP_E_USAGE, SNP_NO_OFFSET,
		"--name: vm.json has the UUID %s; give the guest another with --set uuid=UUID",
		config->uuid);
}

static int need_disks(const struct vm_config *config, struct snp_error *err)
{
	for (size_t i = 0; i < config->n_disks; i++)
		if (access(config->disks[i].path, F_OK) < 0)
			return in_file(
				err,
				fail_with(
					err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
					"this disk is not in the archive and not on this host; copy it here, or name another with --set disks.%zu.path=PATH",
					i),
				config->disks[i].path);
	return 0;
}

/* From here on it is create's road, with the boot files, HOST_DATA and the ID block of the archive. */
static int create(FILE *out, const struct session *session, struct import *import,
		  struct snp_error *err)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_request_done) struct launch_request request = {0};
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct prepare_request *prepare = &request.create.prepare;
	int r = read_config(import, &config, err);

	if (r < 0)
		return r;
	r = need_other_uuid(import->config, config, err);
	if (r < 0)
		return r;
	r = need_disks(config, err);
	if (r < 0)
		return r;
	r = launch_spec_from_config(config, &request.spec, err);
	if (r < 0)
		return r;
	r = launch_options_request(session, config, &request, err);
	if (r < 0)
		return r;
	request.create.start = !arg.no_start;
	prepare->archived = true;
	prepare->kept = import->record;
	prepare->was = import->config;
	prepare->uuid = arg.name ? NULL : import->record->uuid;
	prepare->template = import->template[0] ? import->template : NULL;
	r = plan_look(prepare, request.spec, err);
	if (r < 0)
		return r;
	launch_spec_look(request.spec, NULL);
	launch_spec_find_user(request.spec);
	r = check_cli_before_host(request.spec, "vm.json", &request.checks, err);
	if (r == 0)
		r = check_cli_of_host(request.spec, arg.no_start ? NULL : config, &session->host,
				      "vm.json", &request.checks, err);
	if (r == 0)
		r = guest_create(&session->host, &request.create, &record, err);
	import->kept = r == 0;
	check_cli_warn(request.findings, config->libvirt_xml ? config->libvirt_xml : "vm.json");
	return r < 0 ? r : launch_print_created(out, session, record, err);
}

static int import(FILE *out, const struct session *session, const char *path, struct snp_error *err)
{
	_cleanup_(import_done) struct import import = {.dir.fd = -1, .disk_fd = -1};
	_cleanup_(closep) int fd = -1;
	/* Only a system daemon changes whose a disk is. */
	const bool session_daemon = uri_is_session(session->host.uri) && geteuid() == 0;
	const struct import_request request = {
		.source = read_archive,
		.source_arg = &fd,
		.state = session->state,
		.name = arg.name,
		.take_template = arg.template,
		.disk_folder = arg.disks,
		.disk_user = session_daemon ? session->host.qemu_user : (uid_t)-1,
		.disk_group = session_daemon ? session->host.qemu_group : (gid_t)-1,
	};
	int r = open_archive(path, &fd, err);

	if (r < 0)
		return r;
	r = in_file(err, import_unpack(&request, &import, err), path);
	if (r < 0)
		return r;
	r = import_place_disks(&import, err);
	return r < 0 ? r : create(out, session, &import, err);
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	int r = session_open(NULL, &session, err);

	show_boot_progress();
	if (r == 0 && uri_is_remote(session.host.uri))
		r = fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"an archive is imported on its host: ssh HOST snp-launch import - < guest.tar");
	if (r < 0)
		return r;
	interrupt_defer();
	r = import(out, &session, operands[0], err);
	interrupt_restore();
	return cli_answer(out, r, err);
}

const struct cli_verb verb_import = {
	.name = "import",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "create a guest from a tar file that archive wrote (\"-\": standard input)",
	.example = "web1.tar",
	.options = tables,
	.run = run,
};
