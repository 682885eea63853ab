// SPDX-License-Identifier: Apache-2.0
#include "cli/check_options.h"

#include <stdlib.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "host/guest_needs.h"
#include "host/kvm_probe.h"
#include "host/qemu_igvm.h"
#include "host/uri.h"

static struct cli_values warn, error, ignore;
static bool allow_debug;

/* clang-format off */
const struct cli_option check_cli_options[] = {
	{"warn", .argument = "CHECK", .values = &warn,
	 .help = "report this check as a warning"},
	{"error", .argument = "CHECK", .values = &error,
	 .help = "report this check as an error"},
	{"ignore", .argument = "CHECK", .values = &ignore,
	 .help = "skip this check"},
	{"allow-debug", .flag = &allow_debug,
	 .help = "allow a policy with debug, which lets the host read the guest"},
	{0},
};
/* clang-format on */

static int set_all(const struct cli_values *values, enum check_severity severity,
		   struct check_options *options, struct snp_error *err)
{
	int r = 0;

	for (unsigned int i = 0; i < values->count && r == 0; i++)
		r = check_options_set(options, values->value[i], severity, err);
	return r;
}

/* Only this machine can be asked; a simulated host counts as another. */
static bool is_this_machine(const char *uri)
{
	char folder[PATH_MAX];

	return !uri_is_remote(uri) && !uri_simulated_host(uri, folder);
}

void check_cli_cpu(const char *uri, struct check_options *options)
{
	char folder[PATH_MAX];

	options->cpu_signature = SIMULATED_CPU_SIGNATURE;
	options->has_cpu_signature =
		uri_simulated_host(uri, folder) ||
		(!uri_is_remote(uri) && cpu_signature_probe(&options->cpu_signature));
}

void check_cli_users(const char *uri, struct check_options *options)
{
	options->no_users = uri_is_remote(uri) ? "the users of another machine are unknown here"
			    : uri_is_session(uri)
				    ? "a session libvirtd runs every QEMU as its own user"
				    : NULL;
}

static void add_host(const struct hypervisor *host, struct check_options *options)
{
	options->qemu_version = host->qemu_version;
	options->libvirt_version = host->libvirt_version;
	if (is_this_machine(host->uri))
		options->has_policy_bits = kvm_policy_bits(&options->policy_bits);
	options->has_cpu_signature = host->has_cpu_signature;
	options->cpu_signature = host->cpu_signature;
	options->emulators = host->emulators;
	check_cli_users(host->uri, options);
	options->has_qemu_user = host->qemu_user != (uid_t)-1;
	options->qemu_user = host->qemu_user;
	options->qemu_group = host->qemu_group;
}

int check_cli_read(const struct hypervisor *host, struct check_options *ret, struct snp_error *err)
{
	struct check_options options = {.allow_debug = allow_debug};
	int r;

	if (host)
		add_host(host, &options);
	r = set_all(&warn, CHECK_WARNING, &options, err);
	if (r < 0)
		return r;
	r = set_all(&error, CHECK_ERROR, &options, err);
	if (r < 0)
		return r;
	r = set_all(&ignore, CHECK_IGNORED, &options, err);
	if (r < 0)
		return r;
	*ret = options;
	return 0;
}

void check_cli_warn(const struct findings *findings, const char *file)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];

		if (f->severity == CHECK_WARNING)
			cli_warn(f->check->name, "%s: %s: %s; %s", file, f->place ? f->place : "",
				 f->message, f->check->cure);
	}
}

int check_cli_apply(const struct launch_spec *spec, const struct check_options *options,
		    const char *file, struct snp_error *err)
{
	_cleanup_(freep) struct findings *findings =
		malloc(sizeof(*findings)); /* large for a stack */

	if (!findings)
		return out_of_memory(err);
	checks_run(spec, options, findings);
	check_cli_warn(findings, file);
	return findings_refuse(findings, file, err);
}

int check_cli_before_host(const struct launch_spec *spec, const char *file,
			  struct check_options *ret, struct snp_error *err)
{
	struct check_options options;
	int r = check_cli_read(NULL, &options, err);

	if (r < 0)
		return r;
	options.part = CHECKS_BEFORE_HOST;
	r = check_cli_apply(spec, &options, file, err);
	if (r < 0)
		return r;
	*ret = options;
	return 0;
}

int check_cli_of_host(const struct launch_spec *spec, const struct vm_config *starts,
		      const struct hypervisor *host, const char *file,
		      struct check_options *options, struct snp_error *err)
{
	static struct host_needs needs;
	char no_igvm[256];
	int r;

	if (host)
		add_host(host, options);
	if (host && starts) {
		guest_needs(host, starts, &needs);
		options->needs = &needs;
	}
	if (host && spec->is_igvm && host->connection &&
	    !qemu_takes_igvm(host, spec->emulator, &options->igvm_qemu_version, no_igvm,
			     sizeof(no_igvm)))
		options->no_igvm = no_igvm;
	options->part = CHECKS_OF_HOST;
	r = check_cli_apply(spec, options, file, err);
	options->part = CHECKS_ALL;
	options->no_igvm = NULL;
	return r;
}
