// SPDX-License-Identifier: Apache-2.0
/* Checks of what the host has for the guest. host/guest_needs.c looks; here it gets names. */
#include <stdio.h>
#include <string.h>

#include "config/check_table.h"

static bool is_unmet(const struct check_options *options, const char *check, char *say, size_t size)
{
	for (size_t i = 0; options->needs && i < options->needs->n; i++) {
		const struct host_need *need = &options->needs->at[i];

		if (need->met || strcmp(need->check, check) != 0)
			continue;
		snprintf(say, size, "%s", need->text);
		return true;
	}
	return false;
}

#define NEED(name, check)                                   \
	RULE(name)                                          \
	{                                                   \
		(void)spec;                                 \
		return is_unmet(options, check, say, size); \
	}

NEED(network, "network")
NEED(bridge, "bridge")
NEED(guest_disk, "guest-disk")
NEED(disk_format, "disk-format")
NEED(disk_in_use, "disk-in-use")
NEED(cloud_init_file, "cloud-init-file")
NEED(shared_folder, "shared-folder")
NEED(console_file, "console-file")
NEED(tpm_emulator, "tpm-emulator")
NEED(xorriso, "xorriso")
NEED(passt, "passt")
NEED(virtiofsd, "virtiofsd")
NEED(vfio_device, "vfio-device")
NEED(vsock, "vsock")
NEED(guest_memory, "guest-memory")
NEED(huge_pages, "huge-pages")
NEED(memory_lock, "memory-lock")
NEED(host_cpus, "host-cpus")
NEED(smt, "smt")
NEED(asids, "asids")
#undef NEED

/* clang-format off */
const struct check host_checks[] = {
	HOST_CHECK("network", ERROR, false, "/networks", NULL,
	    "virsh net-start NAME; virsh net-autostart NAME", network)
	HOST_CHECK("bridge", ERROR, false, "/networks", NULL,
	    "make the bridge, or name another", bridge)
	HOST_CHECK("guest-disk", ERROR, false, "/disks", NULL,
	    "check the path", guest_disk)
	HOST_CHECK("disk-format", ERROR, false, "/disks", NULL,
	    "give the disk's real format", disk_format)
	HOST_CHECK("disk-in-use", ERROR, false, "/disks", NULL,
	    "stop what uses the disk, or give this guest its own", disk_in_use)
	HOST_CHECK("cloud-init-file", ERROR, false, "/cloud_init", NULL,
	    "check the path", cloud_init_file)
	HOST_CHECK("shared-folder", ERROR, false, "/shared_folder", NULL,
	    "check the path", shared_folder)
	HOST_CHECK("console-file", ERROR, false, "/console/path", NULL,
	    "make the folder, or name another", console_file)
	HOST_CHECK("tpm-emulator", ERROR, false, "/tpm", NULL,
	    "install swtpm and swtpm-tools, or leave tpm out", tpm_emulator)
	HOST_CHECK("xorriso", ERROR, false, "/cloud_init", NULL,
	    "install xorriso", xorriso)
	HOST_CHECK("passt", ERROR, false, "/networks", NULL,
	    "install passt, or leave forward out", passt)
	HOST_CHECK("virtiofsd", ERROR, false, "/shared_folder", NULL,
	    "install virtiofsd, or use a disk", virtiofsd)
	HOST_CHECK("vfio-device", ERROR, false, "/vfio", NULL,
	    "check the address; give every device of its IOMMU group to the guest or to vfio-pci", vfio_device)
	HOST_CHECK("vsock", ERROR, false, "/vsock", NULL,
	    "load vhost_vsock, or leave vsock out", vsock)
	HOST_CHECK("guest-memory", ERROR, false, "/memory/size", NULL,
	    "stop a guest, or give this one less memory.size", guest_memory)
	HOST_CHECK("huge-pages", ERROR, false, "/memory/hugepages", NULL,
	    "reserve more huge pages of this size, or leave hugepages out", huge_pages)
	HOST_CHECK("memory-lock", ERROR, false, "/memory/locked", NULL,
	    "raise the limit of locked memory (ulimit -l), or use qemu:///system", memory_lock)
	HOST_CHECK("host-cpus", ERROR, false, "/cpu", NULL,
	    "name CPUs and nodes that the host has", host_cpus)
	HOST_CHECK("smt", ERROR, false, "/snp/policy", NULL,
	    "turn SMT off on the host, or allow it in the policy", smt)
	HOST_CHECK("asids", ERROR, false, "/snp", NULL,
	    "stop an SNP or SEV-ES guest, or raise the minimum SEV ASID in the BIOS", asids)
	{0},
};
/* clang-format on */
