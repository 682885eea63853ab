// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "archive/guest_archive.h"
#include "cli/session.h"
#include "cli/verb.h"
#include "guest/definition.h"
#include "guest/plan.h"
#include "host/interrupt.h"

static struct {
	bool disks;
} arg;

/* clang-format off */
static const struct cli_option options[] = {
	{"disks", .flag = &arg.disks,
	 .help = "include the disks of vm.json; the guest must be off"},
	{0},
};
/* clang-format on */

static const struct cli_option *const tables[] = {session_options, options, NULL};

/* What the archive does not hold, and the other host must have. */
static void warn_of_files(const char *name, const struct vm_config *config)
{
	for (size_t i = 0; i < config->n_disks && !arg.disks; i++)
		cli_warn("not-archived", "%s: the disk %s is not in the archive", name,
			 config->disks[i].path);
	for (size_t i = 0; i < config->n_cdroms; i++)
		cli_warn("not-archived", "%s: the CD-ROM %s is not in the archive", name,
			 config->cdroms[i].path);
	for (size_t i = 0; i < config->n_folders; i++)
		cli_warn("not-archived", "%s: the shared folder %s is not in the archive", name,
			 config->folders[i].path);
	if (config->cloud_init.user_data)
		cli_warn(
			"not-archived",
			"%s: %s and the other files of cloud_init are not in the archive, as they may hold secrets; import makes the disk of the files of these names there",
			name, config->cloud_init.user_data);
	if (config->libvirt_xml)
		cli_warn(
			"not-archived",
			"%s: %s (libvirt_xml) is not in the archive: it says what this host gives the guest",
			name, config->libvirt_xml);
}

/* libvirt makes a MAC address where vm.json has none, and would make another there. */
static void warn_of_macs(const char *name, const struct vm_config *config, virDomainPtr domain)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	size_t n = 0;

	if (!domain || plan_read_domain(domain, VIR_DOMAIN_XML_INACTIVE, &spec, NULL) < 0)
		return;
	for (size_t i = 0; i < spec->n_settings && n < config->n_networks; i++) {
		const struct spec_setting *s = &spec->settings[i];

		if (strcmp(s->what, "network") != 0)
			continue;
		if (s->mac && !config->networks[n].mac)
			cli_warn(
				"not-archived",
				"%s: the MAC address %s is not in vm.json; to keep it, import with --set networks.%zu.mac=%s",
				name, s->mac, n, s->mac);
		n++;
	}
}

static int open_host(struct session *ret, struct snp_error *err)
{
	int r = session_open(NULL, ret, err);

	/* A backup without disks needs only the guest's folder. */
	return r < 0 && !arg.disks ? session_without_host(NULL, ret, err) : r;
}

static int find_domain(const struct session *session, const struct guest_record *record,
		       virDomainPtr *ret, struct snp_error *err)
{
	int r;

	if (!session->host.connection)
		return 0;
	r = hypervisor_find_uuid(&session->host, record->uuid, ret, err);
	if (r == 0 && arg.disks && !*ret)
		r = fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"libvirt does not have the guest \"%s\"; create it again with --replace, or leave out --disks",
			record->name);
	return r;
}

static int archive(const struct session *session, const struct guest_dir *dir,
		   struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = NULL;
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	int r;

	if (!record_exists(dir->path))
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"the guest \"%s\" is incomplete: its creation was interrupted; remove it",
			dir->name);
	r = record_read(dir->path, &record, err);
	if (r < 0)
		return r;
	if (record->remote)
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"the boot files of \"%s\" are on another machine, so an archive cannot hold them; keep its vm.json, and create it again",
			dir->name);
	if (!definition_exists(dir->path))
		return fail_with(
			err, SNP_E_NOT_FOUND, SNP_NO_OFFSET,
			"the release that created \"%s\" did not keep its vm.json; give it once more with snp-launch apply",
			dir->name);
	r = definition_read(dir->path, &config, err);
	if (r == 0)
		r = find_domain(session, record, &domain, err);
	if (r < 0)
		return r;
	interrupt_defer();
	r = guest_archive_write(STDOUT_FILENO, dir->path, record, config, arg.disks ? domain : NULL,
				err);
	interrupt_restore();
	if (r < 0)
		return r;
	warn_of_files(dir->name, config);
	warn_of_macs(dir->name, config, domain);
	return 0;
}

static int run(FILE *out, char *const operands[], struct snp_error *err)
{
	_cleanup_(session_close) struct session session = {0};
	_cleanup_(guest_dir_close) struct guest_dir dir = {.fd = -1};
	int r;

	(void)out;
	if (isatty(STDOUT_FILENO))
		return fail_with(
			err, SNP_E_USAGE, SNP_NO_OFFSET,
			"a tar file is not written to a terminal; redirect it: snp-launch archive NAME > guest.tar");
	r = open_host(&session, err);
	show_boot_progress();
	if (r == 0)
		r = guest_dir_lock(session.state, operands[0], &dir, err);
	return r < 0 ? r : archive(&session, &dir, err);
}

const struct cli_verb verb_archive = {
	.name = "archive",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "write a guest as a tar file to stdout, for a backup or another host",
	.example = "web1 > web1.tar",
	.options = tables,
	.run = run,
};
