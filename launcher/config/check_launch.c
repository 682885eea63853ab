// SPDX-License-Identifier: Apache-2.0
/* Checks of what is launched: firmware, kernel, and the machine around them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/check_rules.h"

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

RULE(not_snp)
{
	snprintf(say, size,
		 "launch security is '%s', not 'sev-snp': the guest is not protected by it",
		 or_none(spec->security_type));
	return !spec->security_type || strcmp(spec->security_type, "sev-snp") != 0;
}

RULE(unknown_security)
{
	snprintf(say, size,
		 "libvirt does not know '%s' in <launchSecurity> and drops it in silence",
		 or_none(spec->unknown_security));
	return spec->unknown_security;
}

RULE(not_kvm)
{
	snprintf(say, size, "the domain's type is '%s'", or_none(spec->domain_type));
	return !spec->domain_type || strcmp(spec->domain_type, "kvm") != 0;
}

RULE(not_x86_64)
{
	snprintf(say, size, "the architecture is '%s'", or_none(spec->arch));
	return spec->arch && strcmp(spec->arch, "x86_64") != 0;
}

RULE(not_q35)
{
	snprintf(say, size, "the machine is '%s'%s", or_none(spec->machine),
		 spec->machine ? "" : ", which libvirt takes for i440fx");
	return !spec->machine || !strstr(spec->machine, "q35");
}

/* hw/i386/pc_sysfw.c: "pflash with kvm requires KVM readonly memory support". */
RULE(pflash)
{
	snprintf(say, size,
		 "the firmware is in pflash, and KVM has no read-only memory for SEV-SNP");
	return spec->pflash;
}

RULE(nvram)
{
	snprintf(say, size, "a variable store, which firmware of one piece does not use%s",
		 spec->pflash ? "" : " and libvirt drops in silence");
	return spec->nvram;
}

RULE(no_firmware)
{
	snprintf(say, size, "no firmware is named: QEMU takes SeaBIOS, which has no SEV metadata");
	return !spec->firmware && !spec->firmware_auto;
}

/* hw/i386/x86-common.c, x86_bios_rom_init(): "could not load PC BIOS". */
RULE(firmware_size)
{
	snprintf(say, size,
		 "the firmware has %" PRIu64 " bytes, and QEMU loads none but of whole 64 KiB",
		 spec->firmware_size);
	return spec->firmware_size % 65536 != 0 && !spec->pflash;
}

RULE(unnamed_firmware)
{
	snprintf(say, size,
		 "the host's firmware descriptors choose the firmware, so the domain alone "
		 "says no launch digest");
	return spec->firmware_auto;
}

RULE(not_stateless)
{
	snprintf(say, size,
		 "before 11.8 libvirt finds no firmware for SEV-SNP unless the loader is "
		 "stateless");
	return spec->firmware_auto && spec->loader_stateless != SPEC_ON;
}

RULE(smm)
{
	snprintf(say, size, "%s, which SEV-SNP does not have",
		 spec->smm == SPEC_ON ? "system management mode is on"
				      : "a secure loader needs system management mode");
	return spec->smm == SPEC_ON || spec->loader_secure;
}

RULE(unmeasured_kernel)
{
	snprintf(say, size, "kernel is given but kernel hashes are off: the host may boot another");
	return spec->kernel && spec->kernel_hashes != SPEC_ON;
}

/* QEMU 10.0 aborts on an assertion (sev_add_kernel_loader_hashes is never called). */
RULE(hashes_without_kernel)
{
	snprintf(say, size, "kernel hashes are on and there is no kernel: QEMU aborts");
	return !spec->kernel && spec->kernel_hashes == SPEC_ON && spec->origin == SPEC_FROM_DOMAIN;
}

RULE(initrd_without_kernel)
{
	snprintf(say, size, "%s without a kernel", spec->initrd ? "initrd" : "command line");
	return !spec->kernel && (spec->initrd || (spec->cmdline && *spec->cmdline));
}

/* hw/i386/pc_q35.c: of 2.75 GiB and more 2 lie below 4 GiB; hw/i386/x86-common.c, x86_load_linux(): the
 * initrd lies there, below what ACPI tables take (hw/i386/pc.c, acpi_data_size). What the kernel can take is
 * guest/measurement.h's to say. */
RULE(large_initrd)
{
	uint64_t low = spec->memory_kib < 0xb0000000u >> 10 ? spec->memory_kib << 10 : 0x80000000u;
	uint64_t max = low > 0x28000 ? low - 0x28000 - 1 : 0;

	snprintf(say, size,
		 "the initrd has %" PRIu64 " bytes, and QEMU takes less than %" PRIu64
		 " where the guest has %" PRIu64 " MiB",
		 spec->initrd_size, max, spec->memory_kib >> 10);
	return spec->initrd_size > 0 && spec->initrd_size >= max;
}

/* hw/i386/x86-common.c appends it to the kernel, whose hash is then another. */
RULE(dtb)
{
	snprintf(say, size, "the device tree %s changes what is measured of the kernel",
		 or_none(spec->dtb));
	return spec->dtb;
}

RULE(shim)
{
	snprintf(say, size, "the shim %s runs before the kernel, and kernel hashes leave it out",
		 or_none(spec->shim));
	return spec->shim;
}

RULE(cmdline_newline)
{
	snprintf(say, size, "the command line has a newline, which is measured as it stands");
	return spec->cmdline && strchr(spec->cmdline, '\n');
}

/* arch/x86/include/asm/setup.h: COMMAND_LINE_SIZE 2048, with the NUL. */
RULE(long_cmdline)
{
	size_t n = spec->cmdline ? strlen(spec->cmdline) : 0;

	snprintf(say, size, "of the command line's %zu bytes Linux reads 2047", n);
	return n > 2047;
}

RULE(only_firmware)
{
	snprintf(say, size,
		 "there is no kernel: of what the guest runs only the firmware is measured");
	return !spec->kernel;
}

RULE(launch_arguments)
{
	snprintf(say, size,
		 "'%s' is handed to QEMU past libvirt and is not known to leave the launch alone",
		 or_none(spec->qemu_launch_argument));
	return spec->qemu_launch_argument;
}

RULE(arguments)
{
	snprintf(say, size, "'%s' is handed to QEMU past libvirt", or_none(spec->qemu_argument));
	return spec->qemu_argument;
}
