// SPDX-License-Identifier: Apache-2.0
/* Checks of CPUs, memory and devices. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/profile.h>

#include "config/check_table.h"

RULE(host_cpu)
{
	static const char *const modes[] = {
		[SPEC_CPU_HOST_MODEL] = "host-model",
		[SPEC_CPU_HOST_PASSTHROUGH] = "host-passthrough",
		[SPEC_CPU_MAXIMUM] = "maximum",
	};

	if (spec->cpu_mode == SPEC_CPU_NONE || spec->cpu_mode == SPEC_CPU_CUSTOM ||
	    spec->has_cpu_signature)
		return false;
	snprintf(say, size, "the CPU is %s: the launch digest depends on the host's CPU",
		 modes[spec->cpu_mode]);
	return true;
}

RULE(no_cpu_model)
{
	snprintf(say, size,
		 "no CPU model is named: QEMU would use qemu64, which no SEV-SNP host has");
	return spec->cpu_mode == SPEC_CPU_NONE;
}

RULE(unknown_cpu_model)
{
	struct snp_error err = {0};
	uint32_t signature;

	if (spec->cpu_mode != SPEC_CPU_CUSTOM ||
	    snp_cpu_model_find(spec->vcpus.model, &signature, &err) == 0)
		return false;
	snprintf(say, size, "%s", err.message);
	return true;
}

/* A named model is launched with its own signature, whatever is given beside it. */
RULE(foreign_signature)
{
	uint32_t own;

	if (spec->cpu_mode != SPEC_CPU_CUSTOM || !spec->has_cpu_signature ||
	    snp_cpu_model_find(spec->vcpus.model, &own, NULL) < 0 || own == spec->vcpus.signature)
		return false;
	snprintf(say, size, "the signature of %s is 0x%" PRIx32 ", not 0x%" PRIx32,
		 spec->vcpus.model, own, spec->vcpus.signature);
	return true;
}

RULE(host_signature)
{
	if (spec->cpu_mode != SPEC_CPU_HOST_PASSTHROUGH || !spec->has_cpu_signature ||
	    !options->has_cpu_signature || options->cpu_signature == spec->vcpus.signature)
		return false;
	snprintf(say, size, "the signature of this host's CPU is 0x%" PRIx32 ", not 0x%" PRIx32,
		 options->cpu_signature, spec->vcpus.signature);
	return true;
}

RULE(changeable_cpu_model)
{
	snprintf(say, size, "if QEMU lacks the CPU model, libvirt may use another");
	return spec->cpu_mode == SPEC_CPU_CUSTOM && spec->cpu_may_change;
}

RULE(topology)
{
	uint64_t product = (uint64_t)spec->cpu_sockets * spec->cpu_dies;

	if (!spec->has_topology)
		return false;
	/* Each factor has 32 bits: two at a time fit, and past any count of vCPUs more is enough. */
	for (size_t i = 0; i < 3 && product <= UINT32_MAX; i++)
		product *= (uint32_t[]){spec->cpu_clusters, spec->cpu_cores, spec->cpu_threads}[i];
	snprintf(say, size, "the topology has %" PRIu64 " vCPUs, but the guest has %" PRIu32,
		 product, spec->vcpu_maximum);
	return product != spec->vcpu_maximum;
}

RULE(hotplug)
{
	if (spec->vcpus_hotpluggable && spec->vcpus.count == spec->vcpu_maximum) {
		snprintf(say, size,
			 "some vCPUs are plugged in after the launch, and are not measured");
		return true;
	}
	snprintf(say, size,
		 "%" PRIu32 " of %" PRIu32
		 " vCPUs start: the others can never be added, as they would not be measured",
		 spec->vcpus.count, spec->vcpu_maximum);
	return spec->vcpus.count != spec->vcpu_maximum;
}

RULE(other_vcpus)
{
	snprintf(say, size, "<vcpus> does not start the %" PRIu32 " vCPUs of <vcpu>",
		 spec->vcpus.count);
	return spec->vcpus_differ;
}

/* libvirt: "more than 255 vCPUs require extended interrupt mode enabled on the iommu device". */
RULE(too_many_vcpus)
{
	snprintf(say, size, "%" PRIu32 " vCPUs; without extended interrupt mode q35 has 1 to 255",
		 spec->vcpu_maximum);
	return spec->vcpu_maximum == 0 || (spec->vcpu_maximum > 255 && !spec->iommu_eim);
}

RULE(little_memory)
{
	snprintf(say, size, "%" PRIu64 " KiB of memory; OVMF and a kernel need at least 128 MiB",
		 spec->memory_kib);
	return spec->memory_kib < 128u << 10;
}

RULE(hugepages)
{
	snprintf(say, size, "huge pages back only shared memory: private memory is guest_memfd");
	return spec->hugepages;
}

RULE(disk_twice)
{
	for (size_t i = 0; i < spec->n_disks; i++)
		for (size_t j = 0; j < i; j++) {
			const struct spec_disk *a = &spec->disks[i], *b = &spec->disks[j];

			if (!a->path || !b->path || (a->readonly && b->readonly) ||
			    strcmp(a->path, b->path) != 0)
				continue;
			snprintf(say, size, "two disks use %s, and one can write to it", a->path);
			return true;
		}
	return false;
}

RULE(option_rom)
{
	snprintf(say, size,
		 "%" PRIu32 " device%s an option ROM, which the firmware runs unmeasured",
		 spec->n_option_roms, spec->n_option_roms == 1 ? " has" : "s have");
	return spec->n_option_roms > 0;
}

RULE(tpm)
{
	snprintf(say, size, "the host emulates the TPM: the measurement does not cover it");
	return spec->tpm;
}

RULE(guest_agent)
{
	snprintf(
		say, size,
		"through the guest agent's channel, the host can run commands as root in the guest");
	return spec->guest_agent;
}

RULE(placement)
{
	snprintf(say, size, "%s", spec->bad_placement);
	return spec->bad_placement[0];
}

RULE(cloud_init)
{
	snprintf(
		say, size,
		"the host writes the files for cloud-init: they are not measured, and can run commands as root in the guest");
	return spec->cloud_init;
}

RULE(cdrom)
{
	snprintf(say, size, "the host can change what is on %s: no measurement covers it",
		 spec->n_cdroms == 1 ? "the CD-ROM" : "the CD-ROMs");
	return spec->n_cdroms > 0;
}

/* QEMU shares the memory that is not private, by memfd, with virtiofsd. But a device of a confidential guest must
 * offer VIRTIO_F_ACCESS_PLATFORM, or Linux does not use it, and virtiofsd does not up to 1.13. */
RULE(shared_folder)
{
	snprintf(
		say, size,
		"the host can change what is in %s: no measurement covers it; and no known virtiofsd can serve an "
		"SEV-SNP guest",
		spec->n_folders == 1 ? "the shared folder" : "the shared folders");
	return spec->n_folders > 0;
}

RULE(host_device)
{
	snprintf(say, size, "%s of the host, not to be trusted before device attestation",
		 spec->n_host_devices == 1 ? "a device" : "devices");
	return spec->n_host_devices > 0;
}

/* docs/formatdomain.rst of libvirt 12.1. */
RULE(iommufd)
{
	snprintf(say, size, "a device has iommufd, which libvirt before 12.1 does not support");
	return spec->iommufd && options->libvirt_version != 0 &&
	       options->libvirt_version < 12001000;
}

RULE(smbios)
{
	snprintf(
		say, size,
		"the host sets SMBIOS strings: they are not measured, and services may read credentials there");
	return spec->smbios;
}

RULE(reboot)
{
	bool old = options->qemu_version != 0 && options->qemu_version < 11000000;

	if (options->qemu_version >= 11000000 ||
	    (spec->on_reboot && strcmp(spec->on_reboot, "restart") != 0))
		return false;
	snprintf(say, size, "the guest restarts when it reboots, which %s with SEV-SNP",
		 old ? "this QEMU does not support" : "QEMU before 11.0 does not support");
	return true;
}

/* clang-format off */
const struct check machine_checks[] = {
	CHECK("host-cpu-model", ERROR, false, "/cpu/model", "/domain/cpu",
	    "name a model (EPYC-v4), or give its CPUID signature", host_cpu)
	CHECK("no-cpu-model", ERROR, false, NULL, "/domain",
	    "name a model (EPYC-v4) with fallback='forbid'", no_cpu_model)
	CHECK("unknown-cpu-model", ERROR, true, "/cpu/model", "/domain/cpu/model",
	    "name a model that QEMU has", unknown_cpu_model)
	CHECK("cpu-signature", ERROR, true, "/cpu/signature", NULL,
	    "remove it: it is only for the model \"host\"", foreign_signature)
	HOST_CHECK("host-cpu-signature", ERROR, false, "/cpu/signature", NULL,
	    "give the signature of the host's CPU", host_signature)
	CHECK("cpu-model-may-change", WARNING, false, NULL, "/domain/cpu/model",
	    "use match='exact' and <model fallback='forbid'>", changeable_cpu_model)
	CHECK("cpu-topology", ERROR, true, "/cpu", "/domain/cpu/topology",
	    "make sockets times cores times threads equal to the number of vCPUs", topology)
	CHECK("vcpu-hotplug", ERROR, false, NULL, "/domain/vcpu",
	    "start all of them", hotplug)
	CHECK("vcpus-differ", ERROR, true, NULL, "/domain/vcpus",
	    "remove <vcpus>, and give the number in <vcpu>", other_vcpus)
	CHECK("too-many-vcpus", ERROR, true, "/cpu/count", "/domain/vcpu",
	    "use 1 to 255, or an intel-iommu with <driver intremap='on' eim='on'/>", too_many_vcpus)
	CHECK("little-memory", ERROR, false, "/memory/size", "/domain/memory",
	    "give the guest more memory", little_memory)
	CHECK("hugepages", WARNING, false, "/memory/hugepages", "/domain/memoryBacking/hugepages",
	    "remove them, unless much memory is shared with the host", hugepages)
	CHECK("disk-twice", ERROR, false, "/disks", "/domain/devices/disk",
	    "give each disk its own file, or make both read-only", disk_twice)
	CHECK("option-rom", WARNING, false, NULL, "/domain/devices",
	    "use <rom enabled='no'/>", option_rom)
	CHECK("emulated-tpm", WARNING, false, "/tpm", "/domain/devices/tpm",
	    "rely on attestation reports instead", tpm)
	CHECK("agent-in-confidential-guest", WARNING, false, NULL, "/domain/devices/channel",
	    "remove the channel org.qemu.guest_agent.0", guest_agent)
	CHECK("cpu-placement", ERROR, true, "/numa", NULL,
	    "give the nodes all vCPUs and all memory, and cpu.pinning one entry for each vCPU", placement)
	CHECK("cloud-init-not-measured", WARNING, false, "/cloud_init", NULL,
	    "let the measured image ignore user data, or accept only harmless settings", cloud_init)
	CHECK("cdrom-not-measured", WARNING, false, "/cdrom", "/domain/devices/disk",
	    "let the guest verify what it reads", cdrom)
	CHECK("shared-folder-not-measured", WARNING, false, "/shared_folder", "/domain/devices/filesystem",
	    "use a disk, and let the guest verify what it reads", shared_folder)
	CHECK("device-not-measured", WARNING, false, "/vfio", "/domain/devices/hostdev",
	    "let the guest verify the device's own attestation report before it uses it", host_device)
	HOST_CHECK("iommufd-needs-libvirt", ERROR, true, "/vfio", NULL,
	    "use a newer libvirt, or remove iommufd", iommufd)
	CHECK("smbios-not-measured", WARNING, false, NULL, "/domain/os/smbios",
	    "let the guest ignore them, or remove <smbios>", smbios)
	HOST_CHECK("reboot-needs-qemu-11", WARNING, false, "/on_reboot", "/domain/on_reboot",
	    "set on_reboot to destroy", reboot)
	{0},
};
/* clang-format on */
