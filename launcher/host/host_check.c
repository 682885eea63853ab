// SPDX-License-Identifier: Apache-2.0
#include "host/host_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/firmware.h>
#include <snp/launch.h>

#include "host/capabilities.h"
#include "host/fact.h"
#include "host/firmware_search.h"
#include "host/uri.h"

DEFINE_CLEANUP(struct snp_firmware *, snp_firmware_free);

void fact_add(struct host_report *report, const char *name, enum fact_state state,
	      const char *needed, const char *cure, const char *fmt, ...)
{
	struct host_fact *fact;
	char text[sizeof(fact->found)];
	va_list args;

	if (report->n == HOST_FACTS_MAX)
		return;
	fact = &report->at[report->n++];
	*fact = (struct host_fact){.name = name, .state = state, .needed = needed, .cure = cure};
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	escape_text(text, fact->found, sizeof(fact->found));
	report->n_no += state == FACT_NO;
}

/* libvirt's and QEMU's numbers: major * 1,000,000 + minor * 1,000 + release. */
#define VERSION(major, minor) ((major)*1000000ul + (minor)*1000ul)

static void add_version(struct host_report *report, const char *name, unsigned long version,
			unsigned long least, const char *needed, const char *cure)
{
	fact_add(report, name, fact_if(version >= least), needed, cure, "%lu.%lu.%lu",
		 version / 1000000, version / 1000 % 1000, version % 1000);
}

static void check_libvirt(const struct hypervisor *host, struct host_report *report)
{
	_cleanup_(freep) struct domain_capabilities *caps = calloc(1, sizeof(*caps));
	struct snp_error err;

	add_version(report, "libvirt", host->libvirt_version, VERSION(10, 5), "10.5 or later",
		    "install a newer libvirt (Debian 12: backports)");
	if (host->qemu_version == 0)
		fact_add(report, "qemu", FACT_NO, "9.1 or later", "install qemu-system-x86",
			 "libvirt finds no QEMU");
	else
		add_version(report, "qemu", host->qemu_version, VERSION(9, 1), "9.1 or later",
			    "install a newer QEMU (Debian 12: backports)");
	if (!caps || capabilities_of_domains(host->connection, caps, &err) < 0) {
		fact_add(report, "libvirt-snp", FACT_NO, "domain capabilities with sev-snp",
			 "see what libvirt says: virsh domcapabilities", "%.150s",
			 caps ? err.message : "out of memory");
		return;
	}
	fact_add(report, "libvirt-kvm", fact_if(caps->has_kvm), "domains of type kvm",
		 "let QEMU's user open /dev/kvm, then restart libvirtd", "%s",
		 caps->has_kvm ? "domains of type kvm" : "emulation alone");
	fact_add(report, "libvirt-snp", fact_if(caps->has_sev_snp), "launchSecurity sev-snp",
		 "needs all of the above at the time libvirtd looks: then restart libvirtd", "%s",
		 caps->has_sev_snp ? "launchSecurity sev-snp" : "no launchSecurity sev-snp");
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
	static const char needed[] = "an AmdSev build of OVMF",
			  cure[] = "install one (Debian: ovmf-amdsev), or name it by firmware.path";
	_cleanup_(snp_firmware_freep) struct snp_firmware *firmware = NULL;
	struct verdicts v = {0};
	struct snp_error err;
	char path[PATH_MAX];
	bool measures_kernel = config && config->kernel.path && config->kernel_hashes;

	if (config && config->firmware.path) {
		snprintf(path, sizeof(path), "%s", config->firmware.path);
	} else if (firmware_search(path, &err) < 0) {
		/* A vm.json may name one that lies anywhere. */
		fact_add(report, "firmware", config ? FACT_NO : FACT_NOTE, needed, cure,
			 "none is installed");
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
		 : v.snp		? ": SEV-SNP, but no measured kernel: "
					: ": ",
		 v.problem);
}

void host_check(const char *uri, const struct hypervisor *host, const struct snp_error *failure,
		const struct vm_config *config, struct host_report *ret)
{
	char folder[PATH_MAX];

	*ret = (struct host_report){.simulated = uri_simulated_host(uri, folder)};
	ret->local = !ret->simulated && !uri_is_remote(uri);
	if (ret->local)
		host_check_machine(ret);
	if (host)
		check_libvirt(host, ret);
	else
		fact_add(ret, "libvirt", FACT_NO, "a connection to libvirt",
			 "install and start libvirt, or give --connect", "%.190s",
			 failure->message);
	if (!uri_is_remote(uri))
		check_firmware(config, ret);
	if (config)
		host_check_guest(host, config, ret);
}
