// SPDX-License-Identifier: Apache-2.0
#include "host/host_check.h"

#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/firmware.h>
#include <snp/launch.h>
#include <snp/policy.h>

#include "host/firmware_search.h"
#include "host/guest_needs.h"
#include "host/kvm_probe.h"
#include "host/uri.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

/* libvirt's and QEMU's numbers: major * 1,000,000 + minor * 1,000 + release. */
#define VERSION(major, minor) (1000000ul * (major) + 1000ul * (minor))

static void add_version(struct host_report *report, const char *name, unsigned long version,
			unsigned long least, const char *needed, const char *cure)
{
	fact_add(report, name, fact_if(version >= least), needed, cure, "%lu.%lu.%lu",
		 version / 1000000, version / 1000 % 1000, version % 1000);
}

static void check_libvirt(const struct hypervisor *host, struct host_report *report)
{
	struct domain_capabilities caps;
	struct snp_error err;

	add_version(report, "libvirt", host->libvirt_version, VERSION(10, 5), "10.5 or later",
		    "install a newer libvirt (Debian 12: backports)");
	if (host->qemu_version == 0)
		fact_add(report, "qemu", FACT_NO, "9.1 or later", "install qemu-system-x86",
			 "libvirt finds no QEMU");
	else
		add_version(report, "qemu", host->qemu_version, VERSION(9, 1), "9.1 or later",
			    "install a newer QEMU (Debian 12: backports)");
	if (hypervisor_capabilities(host, NULL, NULL, &caps, &err) < 0) {
		fact_add(report, "libvirt-snp", FACT_NO, "domain capabilities with sev-snp",
			 "run virsh domcapabilities", "%.150s", err.message);
		return;
	}
	fact_add(report, "libvirt-kvm", fact_if(caps.has_kvm), "domains of type kvm",
		 "give QEMU's user access to /dev/kvm, then restart libvirtd", "%s",
		 caps.has_kvm ? "domains of type kvm" : "only emulation");
	fact_add(report, "libvirt-snp", fact_if(caps.has_sev_snp), "launchSecurity sev-snp",
		 "fix the rows above, then restart libvirtd so that it looks again", "%s",
		 caps.has_sev_snp ? "launchSecurity sev-snp" : "no launchSecurity sev-snp");
}

/* What an image can be launched as, and the first reason why not. */
struct verdicts {
	bool snp, with_kernel;
	char problem[160];
};

static void note_verdict(void *arg, const char *way, const struct snp_error *problem)
{
	struct verdicts *v = arg;

	if (strcmp(way, "SEV-SNP") != 0 && strcmp(way, "SEV-SNP with kernel hashes") != 0)
		return;
	if (problem && !v->problem[0])
		snprintf(v->problem, sizeof(v->problem), "%.159s", problem->message);
	if (strcmp(way, "SEV-SNP") == 0)
		v->snp = !problem;
	else
		v->with_kernel = !problem;
}

/* `config` may be NULL: then no guest says which firmware, or what of. */
static void check_firmware(const struct vm_config *config, struct host_report *report)
{
	static const char needed
		[] = "an AmdSev build of OVMF",
	  cure[] = "run " SNP_LIBEXECDIR
		   "/fetch-firmware, or build one (edk2: OvmfPkg/AmdSev) and set firmware.path";
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct verdicts v = {0};
	struct snp_error err;
	char found[PATH_MAX];
	const char *path = found;
	bool measures_kernel = config && config->kernel.path && config->kernel_hashes;

	if (config && config->firmware.path) {
		path = config->firmware.path;
	} else if (firmware_search(found, &err) < 0) {
		/* A vm.json may name one that lies anywhere. */
		fact_add(report, "firmware", config ? FACT_NO : FACT_NOTE, needed, cure,
			 "not installed");
		return;
	}
	if (snp_firmware_read(path, &firmware, &err) < 0) {
		fact_add(report, "firmware", FACT_NO, needed, cure, "%s: %.120s", path,
			 err.message);
		return;
	}
	snp_launch_verdicts(firmware, note_verdict, &v);
	fact_add(report, "firmware",
		 v.snp && v.with_kernel	     ? FACT_YES
		 : v.snp && !measures_kernel ? FACT_NOTE
					     : FACT_NO,
		 needed, cure, "%s%s%s", path,
		 v.snp && v.with_kernel ? ""
		 : v.snp		? ": SEV-SNP, but without a measured kernel: "
					: ": ",
		 v.problem);
}

static void check_igvm(const struct vm_config *config, struct host_report *report)
{
	struct snp_igvm *igvm = NULL;
	struct snp_error err = {0};
	int r = snp_igvm_read(config->firmware.path, &igvm, &err);

	fact_add(report, "igvm", fact_if(r == 0), "an IGVM file", "check the path", "%.120s%s%.60s",
		 config->firmware.path, r < 0 ? ": " : "", r < 0 ? err.message : "");
	snp_igvm_free(igvm);
}

static void check_model(const struct hypervisor *host, const struct vm_config *config,
			struct host_report *report)
{
	static const char needed[] = "a model that the host's CPU can provide";
	const char *name = config->cpu_model;
	struct domain_capabilities caps;

	if (strcmp(name, "host") == 0 || hypervisor_capabilities(host, NULL, name, &caps, NULL) < 0)
		return;
	/* libvirt lists the versions of QEMU's models under names of its own. */
	if (!caps.has_model)
		fact_add(report, "cpu-model", FACT_UNKNOWN, needed, "",
			 "%s: libvirt does not list this name", name);
	else
		fact_add(report, "cpu-model", fact_if(caps.model_usable), needed,
			 "use an older model: EPYC-v4 works on every SNP host", "%s: %s", name,
			 caps.model_usable ? "usable" : "not usable on this CPU");
}

static void check_policy(const struct vm_config *config, struct host_report *report)
{
	char text[160];
	uint64_t bits;

	snp_policy_describe(config->policy, text, sizeof(text));
	if (!report->local || !kvm_policy_bits(&bits)) {
		fact_add(report, "policy", FACT_UNKNOWN, "bits that KVM and firmware accept", "",
			 "%s", text);
		return;
	}
	/* The ABI version in the lower bits is the firmware's to judge. */
	fact_add(report, "policy", fact_if((config->policy & ~bits & ~0xffffull) == 0),
		 "bits that KVM and firmware accept",
		 "remove the bits that this host does not support", "%s", text);
}

/* What create refuses, too, by the same names. */
static void check_needs(const struct hypervisor *host, const struct vm_config *config,
			const struct check_options *checks, struct host_report *report)
{
	struct host_needs *needs = calloc(1, sizeof(*needs));
	const struct check *check;

	if (!needs)
		return;
	guest_needs(host, config, needs);
	for (size_t i = 0; i < needs->n; i++) {
		const struct host_need *need = &needs->at[i];
		const enum check_severity severity = check_severity(checks, need->check);

		for (size_t k = 0; (check = check_at(k)); k++)
			if (strcmp(check->name, need->check) == 0)
				break;
		if (severity != CHECK_IGNORED && check)
			fact_add(report, need->check,
				 need->met		   ? FACT_YES
				 : severity == CHECK_ERROR ? FACT_NO
							   : FACT_NOTE,
				 "what this guest needs", check->cure, "%s", need->text);
	}
	free(needs);
}

static void check_file(const char *name, const char *path, struct host_report *report)
{
	bool there = path && access(path, R_OK) == 0;

	if (path && !there)
		fact_add(report, name, FACT_NO, "a readable file", "check the path", "%.180s",
			 path);
}

static void check_guest(const struct hypervisor *host, const struct vm_config *config,
			const struct check_options *checks, struct host_report *report)
{
	report->about_guest = true;
	check_policy(config, report);
	if (host) {
		check_model(host, config, report);
		check_needs(host, config, checks, report);
	}
	if (!report->local && !report->simulated)
		return;
	check_file("guest-kernel", config->kernel.path, report);
	check_file("guest-initrd", config->initrd.path, report);
	if (config->on_reboot == VM_REBOOT_RESTART && host)
		fact_add(report, "reboot", fact_if(host->qemu_version >= 11000000),
			 "QEMU 11.0 or later", "on_reboot: destroy", "on_reboot: restart");
}

void host_check(const char *uri, const struct hypervisor *host, const struct snp_error *failure,
		const struct vm_config *config, const struct check_options *checks,
		struct host_report *ret)
{
	char folder[PATH_MAX];

	*ret = (struct host_report){.simulated = uri_simulated_host(uri, folder)};
	ret->local = !ret->simulated && !uri_is_remote(uri);
	if (ret->local)
		machine_facts(ret);
	if (host)
		check_libvirt(host, ret);
	else
		fact_add(ret, "libvirt", FACT_NO, "a connection to libvirt",
			 "install and start libvirt, or use --connect", "%.190s", failure->message);
	if (!uri_is_remote(uri) && config && config->is_igvm)
		check_igvm(config, ret);
	else if (!uri_is_remote(uri))
		check_firmware(config, ret);
	if (config)
		check_guest(host, config, checks, ret);
}
