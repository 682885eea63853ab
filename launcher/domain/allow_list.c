// SPDX-License-Identifier: Apache-2.0
#include "domain/allow_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

#define YES_NO "yes|no"

/*
 * Devices are described by the host whatever a domain says, through registers and ACPI tables, and none of it
 * is measured: a confidential guest trusts no device. So most of <devices> is free.
 */
/* clang-format off */
static const struct allowed list[] = {
	/* What is launched. */
	{ALLOW_READ, "name uuid memory memory@unit", "compared with what was asked for", NULL},
	{ALLOW_READ, "@type", "only KVM launches SEV-SNP guests", NULL},
	{ALLOW_READ, "os/type", "QEMU launches only hvm, full virtualization", "hvm"},
	{ALLOW_READ, "os/type@arch os/type@machine", "compared", NULL},
	{ALLOW_READ, "os/kernel os/initrd os/cmdline", "measured", NULL},
	{ALLOW_READ, "os/loader", "the firmware, which is measured", NULL},
	{ALLOW_READ, "os/loader@type", "a single firmware file is no flash", "rom|pflash"},
	{ALLOW_READ, "os/loader@secure os/loader@stateless", "compared", YES_NO},
	{ALLOW_FREE, "os/loader@readonly os/loader@format", "of flash, which is refused; a ROM is read only", NULL},
	{ALLOW_READ, "os@firmware os/firmware/", "libvirt chooses a firmware by them where none is named", NULL},
	{ALLOW_READ, "os/nvram/ os/varstore/", "a variable store, which is refused", NULL},
	{ALLOW_READ, "os/dtb os/shim", "refused: QEMU boots with them", NULL},
	{ALLOW_READ, "vcpu vcpu@current", "each vCPU that starts is measured", NULL},
	{ALLOW_READ, "vcpus vcpus/vcpu vcpus/vcpu@id vcpus/vcpu@enabled vcpus/vcpu@hotpluggable",
	 "libvirt starts these instead of what <vcpu> says", NULL},
	{ALLOW_FREE, "vcpus/vcpu@order", "in which order vCPUs are plugged in later, which is refused", NULL},
	{ALLOW_READ, "cpu@mode", "the CPU's signature is measured", "custom|host-model|host-passthrough|maximum"},
	{ALLOW_READ, "cpu@match", "libvirt replaces the named CPU model by the host's", "exact"},
	{ALLOW_READ, "cpu/model cpu/model@fallback", "the CPU's signature is measured", NULL},
	{ALLOW_READ, "cpu/topology/", "its product must be the number of vCPUs", NULL},
	{ALLOW_FREE, "cpu cpu@check cpu@migratable cpu@deprecated_features cpu/vendor cpu/feature/ "
		     "cpu/model@vendor_id cpu/cache/ cpu/maxphysaddr/",
	 "CPUID is not measured but for the signature, which no feature changes; the secure processor checks the rest",
	 NULL},
	{ALLOW_FREE, "cpu/numa/", "told to the guest by ACPI tables", NULL},
	{ALLOW_READ, "features/smm features/smm@state", "no SEV-SNP guest has it", NULL},
	{ALLOW_REFUSE, "features/smm/tseg/", "belongs to system management mode, which no SEV-SNP guest has", NULL},
	{ALLOW_READ, "launchSecurity launchSecurity@type launchSecurity/policy launchSecurity/idBlock "
		     "launchSecurity/idAuth launchSecurity/hostData launchSecurity/guestVisibleWorkarounds",
	 "the launch itself", NULL},
	{ALLOW_READ, "launchSecurity@kernelHashes launchSecurity@authorKey launchSecurity@vcek",
	 "the launch itself", YES_NO},
	{ALLOW_FREE, "launchSecurity/cbitpos launchSecurity/reducedPhysBits",
	 "QEMU refuses others than the host's CPU has", NULL},
	{ALLOW_REFUSE, "launchSecurity/dhCert launchSecurity/session launchSecurity/handle",
	 "is only for SEV guests without SNP", NULL},
	{ALLOW_READ, "devices/emulator", "the program that launches the guest", NULL},
	{ALLOW_READ, "seclabel/", "as whom QEMU runs, and who may change its files", NULL},
	{ALLOW_READ, "on_reboot", "which QEMU before 11.0 cannot do", NULL},
	{ALLOW_READ, "memoryBacking/hugepages/", "of shared memory alone, as below", NULL},

	/* Of the domain as a whole. */
	{ALLOW_FREE, "@id title description metadata/ resource/ perf/ genid", "names and bookkeeping", NULL},
	{ALLOW_FREE, "memory@dumpCore currentMemory/ maxMemory/ memoryBacking memoryBacking/nosharepages "
		     "memoryBacking/locked memoryBacking/source/ memoryBacking/access/ "
		     "memoryBacking/allocation/ memoryBacking/discard",
	 "where shared memory comes from; private memory is guest_memfd, and starts empty", NULL},
	{ALLOW_FREE, "blkiotune/ memtune/ cputune/ numatune/ iothreads iothreadids/ defaultiothread/ "
		     "throttlegroups/ vcpu@placement vcpu@cpuset",
	 "where and how fast the host runs the guest", NULL},
	{ALLOW_FREE, "clock/ pm/ on_poweroff on_crash on_lockfailure",
	 "the host's clock, and what it does when the guest ends", NULL},
	{ALLOW_FREE, "os os/boot/ os/bootmenu/ os/smbios/ sysinfo/ os/bios os/bios@rebootTimeout",
	 "hints to the firmware in tables of the host's, which are not measured; libvirt keeps opt/ovmf out", NULL},
	{ALLOW_REFUSE, "os/bios@useserial", "adds an option ROM of the host", NULL},
	{ALLOW_REFUSE, "os/acpi/", "adds an ACPI table of the host, which is code that the guest runs", NULL},
	{ALLOW_FREE, "features features/acpi features/apic/ features/pae features/hap/ features/hyperv/ "
		     "features/ioapic/ features/kvm/ features/pmu/ features/ps2/ features/pvspinlock/ "
		     "features/vmcoreinfo/ features/vmport/",
	 "bits of CPUID, and devices of the board", NULL},
	{ALLOW_REFUSE, "features/aia/ features/async-teardown/ features/capabilities/ features/ccf-assist/ "
		       "features/cfpc/ features/gic/ features/hpt/ features/htm/ features/ibs/ features/msrs/ "
		       "features/nested-hv/ features/privnet features/ras/ features/sbbc/ features/tcg/ "
		       "features/viridian features/xen/ keywrap/ idmap/ bootloader bootloader_args os/init "
		       "os/initarg os/initdir os/initenv/ os/initgroup os/inituser os/root devices/nvram/",
	 "is for other machines or hypervisors than QEMU on x86-64", NULL},

	/* Devices. */
	{ALLOW_READ, "devices/disk devices/disk@device devices/disk/source@file devices/disk/source@dev "
		     "devices/disk/readonly devices/disk/shareable",
	 "no two guests, and no two disks, may write to one file", NULL},
	{ALLOW_READ, "devices/interface/rom/ devices/hostdev/rom/", "code of the host that the firmware runs", NULL},
	{ALLOW_READ, "devices/channel/target/", "the guest agent's lets the host run commands as root in the guest", NULL},
	{ALLOW_READ, "devices/iommu/", "more than 255 vCPUs need it", NULL},
	{ALLOW_READ, "devices/tpm/", "the host emulates it, and it can lie", NULL},
	{ALLOW_FREE, "devices devices/disk/ devices/interface/ devices/hostdev/ devices/channel/ devices/audio/ "
		     "devices/console/ devices/controller/ devices/crypto/ devices/filesystem/ "
		     "devices/graphics/ devices/hub/ devices/input/ devices/lease/ devices/memballoon/ "
		     "devices/memory/ devices/panic/ devices/parallel/ devices/pstore/ devices/redirdev/ "
		     "devices/redirfilter/ devices/rng/ devices/serial/ devices/shmem/ devices/smartcard/ "
		     "devices/sound/ devices/video/ devices/vsock/ devices/watchdog/",
	 "devices of the host's, which are not measured and which the guest does not trust", NULL},
	{ALLOW_FREE, "devices/interface/script@path devices/interface/downscript@path",
	 "names a program of the host, which runs between measurement and launch", ""},
	{ALLOW_REFUSE, "devices/filesystem/binary@path",
	 "names a program of the host, which runs between measurement and launch", NULL},
};
/* clang-format on */

const struct allowed *allow_list_at(size_t i)
{
	return i < ARRAY_SIZE(list) ? &list[i] : NULL;
}

/* How much of `path` the listed one covers, 0 for nothing. */
static size_t covered(const char *listed, size_t n, const char *path)
{
	bool subtree = listed[n - 1] == '/';
	char after;

	n -= subtree;
	if (strncmp(listed, path, n) != 0)
		return 0;
	after = path[n];
	if (after == '\0')
		return n + 1; /* itself, rather than as part of a subtree of the same length */
	return subtree && (after == '/' || after == '@') ? n : 0;
}

const struct allowed *allow_list_find(const char *path)
{
	const struct allowed *ret = NULL;
	size_t most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		const char *at = list[i].paths;

		for (size_t n; *at; at += n + (at[n] == ' ')) {
			n = strcspn(at, " ");
			if (covered(at, n, path) > most) {
				most = covered(at, n, path);
				ret = &list[i];
			}
		}
	}
	return ret;
}

static bool is_listed_value(const char *values, const char *value)
{
	size_t length = strlen(value), n;

	for (;; values += n + 1) {
		n = strcspn(values, "|");
		if (n == length && strncmp(values, value, n) == 0)
			return true;
		if (values[n] == '\0')
			return false;
	}
}

struct walk {
	struct unlisted found;
	bool failed; /* memory ran out */
};

static void keep(struct walk *w, char **at, const char *path)
{
	if (!*at)
		*at = strdup(path);
	w->failed |= !*at;
}

static void judge(struct walk *w, const char *path, const xmlNode *node)
{
	const struct allowed *row = allow_list_find(path);
	_cleanup_(freep) char *value = NULL;
	bool refused;

	if (!row) {
		keep(w, &w->found.unknown, path);
		return;
	}
	refused = row->allowance == ALLOW_REFUSE;
	if (!refused && row->values) {
		value = (char *)xmlNodeGetContent(node);
		w->failed |= !value;
		refused = value && !is_listed_value(row->values, value);
	}
	if (refused && !w->found.refused) {
		w->found.why = row->why;
		keep(w, &w->found.refused, path);
	}
}

/* The parsers of libvirt take many names without looking at their namespace, so an element with its own
 * namespace is not one of those listed. */
static void judge_name(struct walk *w, const char *parent, const char *separator,
		       const xmlNode *node, const xmlNs *ns, char **ret)
{
	*ret = format_text("%s%s%s%s%s", parent, separator, ns ? (const char *)ns->href : "",
			   ns ? ":" : "", (const char *)node->name);
	if (*ret)
		judge(w, *ret, node);
	w->failed |= !*ret;
}

/* The QEMU driver's own elements and <metadata> are handled elsewhere. */
static bool is_apart(const xmlNode *node, const char *parent)
{
	return !*parent &&
	       ((node->ns && strcmp((const char *)node->ns->href, QEMU_NAMESPACE) == 0) ||
		(!node->ns && strcmp((const char *)node->name, "metadata") == 0));
}

/* Depth is bounded by xml_parse(). */
static void walk(struct walk *w, const xmlNode *element, const char *path)
{
	for (const xmlAttr *a = element->properties; a; a = a->next) {
		_cleanup_(freep) char *name = NULL;

		judge_name(w, path, "@", (const xmlNode *)a, a->ns, &name);
	}
	for (const xmlNode *child = element->children; child && !w->failed; child = child->next) {
		_cleanup_(freep) char *name = NULL;

		if (child->type != XML_ELEMENT_NODE || is_apart(child, path))
			continue;
		judge_name(w, path, *path ? "/" : "", child, child->ns, &name);
		if (name)
			walk(w, child, name);
	}
}

int allow_list_check(const xmlNode *domain, struct unlisted *ret, struct snp_error *err)
{
	struct walk w = {0};

	walk(&w, domain, "");
	if (w.failed) {
		free(w.found.refused);
		free(w.found.unknown);
		return out_of_memory(err);
	}
	*ret = w.found;
	return 0;
}
