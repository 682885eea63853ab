// SPDX-License-Identifier: Apache-2.0
/* What one guest needs of its host. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <libvirt/libvirt.h>

#include <snp/cleanup.h>
#include <snp/policy.h>

#include "host/capabilities.h"
#include "host/fact.h"
#include "host/kvm_probe.h"

static void check_model(const struct hypervisor *host, const struct vm_config *config,
			struct host_report *report)
{
	_cleanup_(freep) struct domain_capabilities *caps = calloc(1, sizeof(*caps));
	const char *name = config->cpu_model;

	if (!caps || strcmp(name, "host") == 0 ||
	    capabilities_of_domains(host->connection, caps, NULL) < 0)
		return;
	for (unsigned int i = 0; i < caps->n_models; i++) {
		if (strcmp(caps->models[i].name, name) != 0)
			continue;
		fact_add(report, "cpu-model", fact_if(caps->models[i].usable),
			 "a model that the host's CPU can be",
			 "take an older one: EPYC-v4 goes everywhere", "%s: %s", name,
			 caps->models[i].usable ? "usable" : "not usable on this CPU");
		return;
	}
	/* libvirt lists the versions of QEMU's models under names of its own. */
	fact_add(report, "cpu-model", FACT_UNKNOWN, "a model that the host's CPU can be", "",
		 "%s: libvirt does not list it by that name", name);
}

static void check_policy(const struct vm_config *config, struct host_report *report)
{
	char text[160];
	uint64_t bits;

	snp_policy_describe(config->policy, text, sizeof(text));
	if (!report->local || !kvm_policy_bits(&bits)) {
		fact_add(report, "policy", FACT_UNKNOWN, "bits that KVM and firmware take", "",
			 "%s", text);
		return;
	}
	/* The ABI version in the lower bits is the firmware's to judge. */
	fact_add(report, "policy", fact_if((config->policy & ~bits & ~0xffffull) == 0),
		 "bits that KVM and firmware take", "leave out what this host does not do", "%s",
		 text);
}

static void check_memory(const struct vm_config *config, struct host_report *report)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/meminfo", "re");
	uint64_t available = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		(void)!sscanf(line, "MemAvailable: %" SCNu64, &available);
	fact_add(report, "guest-memory", fact_if(available >= config->memory_kib),
		 "as much as the guest has", "stop a guest, or give this one less memory.size",
		 "%" PRIu64 " MiB of %" PRIu64 " MiB available", config->memory_kib / 1024,
		 available / 1024);
}

static void check_networks(const struct hypervisor *host, const struct vm_config *config,
			   struct host_report *report)
{
	for (size_t i = 0; i < config->n_networks; i++) {
		const struct vm_network *n = &config->networks[i];
		virNetworkPtr network;

		if (n->type != VM_NETWORK_NETWORK)
			continue;
		network = virNetworkLookupByName(host->connection, n->source);
		fact_add(report, "network", fact_if(network && virNetworkIsActive(network) == 1),
			 "an active network", "virsh net-start NAME; virsh net-autostart NAME",
			 "%s: %s", n->source,
			 !network			    ? "libvirt has none of that name"
			 : virNetworkIsActive(network) == 1 ? "active"
							    : "not started");
		if (network)
			virNetworkFree(network);
	}
}

static void check_file(const char *name, const char *path, struct host_report *report)
{
	bool there = path && access(path, R_OK) == 0;

	if (path && !there)
		fact_add(report, name, FACT_NO, "a file that can be read", "check the path",
			 "%.180s", path);
}

void host_check_guest(const struct hypervisor *host, const struct vm_config *config,
		      struct host_report *report)
{
	check_policy(config, report);
	if (host) {
		check_model(host, config, report);
		check_networks(host, config, report);
	}
	if (!report->local && !report->simulated)
		return;
	check_memory(config, report);
	check_file("guest-kernel", config->kernel.path, report);
	check_file("guest-initrd", config->initrd.path, report);
	for (size_t i = 0; i < config->n_disks; i++)
		check_file("guest-disk", config->disks[i].path, report);
	if (config->vsock != VM_VSOCK_NONE && report->local)
		fact_add(report, "vsock", fact_if(access("/dev/vhost-vsock", F_OK) == 0),
			 "/dev/vhost-vsock", "load vhost_vsock, or leave vsock out", "%s",
			 access("/dev/vhost-vsock", F_OK) == 0 ? "there" : "absent");
	if (config->on_reboot == VM_REBOOT_RESTART && host)
		fact_add(report, "reboot", fact_if(host->qemu_version >= 11000000),
			 "QEMU 11.0 or later", "on_reboot: destroy", "on_reboot: restart");
}
