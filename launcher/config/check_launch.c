// SPDX-License-Identifier: Apache-2.0
/* Checks of what is launched: firmware, kernel, and what is passed directly to QEMU. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/check_table.h"

/* hw/i386/pc_sysfw.c: "pflash with kvm requires KVM readonly memory support". */
RULE(pflash)
{
	snprintf(say, size, "the firmware is in pflash, which KVM does not support for SEV-SNP");
	return spec->pflash;
}

RULE(nvram)
{
	snprintf(say, size,
		 "there is a variable store, which a single firmware file does not use%s",
		 spec->pflash ? "" : " and libvirt silently ignores");
	return spec->nvram;
}

RULE(no_firmware)
{
	snprintf(say, size,
		 "no firmware is named: QEMU would use SeaBIOS, which has no SEV metadata");
	return !spec->firmware && !spec->firmware_auto;
}

/* hw/i386/x86-common.c, x86_bios_rom_init(): "could not load PC BIOS". */
RULE(firmware_size)
{
	snprintf(say, size,
		 "the firmware's size is %" PRIu64 " bytes; must be a multiple of 64 KiB",
		 spec->firmware_size);
	return spec->firmware_size % 65536 != 0 && !spec->pflash && !spec->firmware_is_igvm;
}

RULE(igvm)
{
	snprintf(say, size, "the firmware is an IGVM file, which libvirt cannot launch");
	return spec->firmware_is_igvm && !spec->is_igvm;
}

RULE(no_igvm)
{
	snprintf(say, size, "the guest starts from an IGVM file, and %s",
		 options->no_igvm ? options->no_igvm : "");
	return spec->is_igvm && options->no_igvm;
}

/* QEMU launches with its own policy, and the file's is that of an ID block in it. */
RULE(igvm_policy)
{
	snprintf(say, size,
		 "the IGVM file has guest policy 0x%" PRIx64 ", and the guest 0x%" PRIx64,
		 spec->igvm_policy, spec->policy);
	return spec->has_igvm_policy && spec->has_policy && spec->igvm_policy != spec->policy;
}

/* Without one, the policy of an ID block in it would be 0. */
RULE(igvm_without_policy)
{
	snprintf(say, size, "the IGVM file has no guest policy, so it cannot have an ID block");
	return spec->is_igvm && spec->firmware_is_igvm && !spec->has_igvm_policy &&
	       spec->bound_at_launch;
}

RULE(unnamed_firmware)
{
	snprintf(
		say, size,
		"the host's firmware descriptors choose the firmware, so the domain alone has no launch digest");
	return spec->firmware_auto;
}

RULE(not_stateless)
{
	snprintf(
		say, size,
		"libvirt before 11.8 finds no firmware for SEV-SNP unless the loader is stateless");
	return spec->firmware_auto && spec->loader_stateless != SPEC_ON;
}

RULE(smm)
{
	snprintf(say, size, "%s, which SEV-SNP does not support",
		 spec->smm == SPEC_ON ? "system management mode is on"
				      : "a secure loader needs system management mode");
	return spec->smm == SPEC_ON || spec->loader_secure;
}

RULE(unmeasured_kernel)
{
	snprintf(say, size,
		 "there is a kernel but kernel hashes are off: the host can boot another kernel");
	return spec->kernel && spec->kernel_hashes != SPEC_ON;
}

RULE(hashes_not_checked)
{
	snprintf(
		say, size,
		"the firmware does not check kernel hashes: the host can boot another kernel with the "
		"same digest");
	return spec->kernel && spec->has_hash_verifier &&
	       spec->hash_verifier == SNP_HASH_VERIFIER_ABSENT;
}

RULE(hash_check_unknown)
{
	snprintf(say, size, "cannot tell whether the firmware checks kernel hashes");
	return spec->kernel && spec->has_hash_verifier &&
	       spec->hash_verifier == SNP_HASH_VERIFIER_UNKNOWN;
}

/* edk2-stable202511: no legacy loader in confidential guests. */
RULE(not_efi_loadable)
{
	snprintf(
		say, size,
		"the kernel is not an EFI image; firmware since edk2-stable202511 does not start it in "
		"a confidential guest");
	return spec->has_bzimage && !spec->bzimage.is_efi_loadable;
}

/* QEMU 10.0 aborts on an assertion (sev_add_kernel_loader_hashes is never called). */
RULE(hashes_without_kernel)
{
	snprintf(say, size, "kernel hashes are on but there is no kernel: QEMU aborts");
	return !spec->kernel && spec->kernel_hashes == SPEC_ON && spec->origin == SPEC_FROM_DOMAIN;
}

RULE(initrd_without_kernel)
{
	snprintf(say, size, "%s without a kernel", spec->initrd ? "initrd" : "command line");
	return !spec->kernel && (spec->initrd || (spec->cmdline && *spec->cmdline));
}

/* hw/i386/pc_q35.c: with 2.75 GiB or more, 2 GiB are below 4 GiB; hw/i386/x86-common.c, x86_load_linux():
 * the initrd lies there, below what ACPI tables take (hw/i386/pc.c, acpi_data_size). What the kernel can
 * take is guest/measurement.h's to say. */
RULE(large_initrd)
{
	uint64_t low = spec->memory_kib < 0xb0000000u >> 10 ? spec->memory_kib << 10 : 0x80000000u;
	uint64_t max = low > 0x28000 ? low - 0x28000 - 1 : 0;

	snprintf(say, size,
		 "the initrd's size is %" PRIu64 " bytes; must be less than %" PRIu64
		 " in a guest with %" PRIu64 " MiB of memory",
		 spec->initrd_size, max, spec->memory_kib >> 10);
	return spec->initrd_size > 0 && spec->initrd_size >= max;
}

/* hw/i386/x86-common.c appends it to the kernel, which changes its hash. */
RULE(dtb)
{
	if (!spec->dtb)
		return false;
	snprintf(say, size, "the device tree %s changes the kernel that is measured", spec->dtb);
	return true;
}

RULE(shim)
{
	if (!spec->shim)
		return false;
	snprintf(say, size, "the shim %s runs before the kernel, but kernel hashes do not cover it",
		 spec->shim);
	return true;
}

RULE(cmdline_newline)
{
	snprintf(say, size, "the command line has a newline, which is measured too");
	return spec->cmdline && strchr(spec->cmdline, '\n');
}

/* arch/x86/include/asm/setup.h: COMMAND_LINE_SIZE 2048, with the NUL. */
RULE(long_cmdline)
{
	size_t n = spec->cmdline ? strlen(spec->cmdline) : 0;

	snprintf(say, size, "the command line is %zu bytes long; Linux reads only the first 2047",
		 n);
	return n > 2047;
}

RULE(only_firmware)
{
	snprintf(say, size, "there is no kernel: only the firmware is measured");
	return !spec->kernel && !spec->is_igvm;
}

RULE(emulator)
{
	size_t i = 0;

	if (!spec->emulator || !options->emulators || !options->emulators[0] ||
	    (options->emulator && strcmp(options->emulator, spec->emulator) == 0))
		return false;
	while (options->emulators[i] && strcmp(options->emulators[i], spec->emulator) != 0)
		i++;
	snprintf(say, size, "libvirt on the host does not list the emulator %s", spec->emulator);
	return !options->emulators[i];
}

/* OvmfPkg/AmdSev's PlatformBootManagerLib: the kernel that QEMU passes, else its own GRUB. */
RULE(only_grub)
{
	snprintf(
		say, size,
		"this firmware (an AmdSev build) cannot boot a disk: without a kernel it starts only the GRUB inside it");
	return !spec->kernel && spec->n_disks > 0 && spec->has_hash_verifier &&
	       spec->hash_verifier == SNP_HASH_VERIFIER_PRESENT;
}

/* What names verity or encryption in the command lines of dracut, initramfs-tools, systemd and mkosi. */
RULE(root_not_protected)
{
	static const char *const words[] = {"roothash=", "usrhash=",	 "verity",  "luks",
					    "crypt",	 "/dev/mapper/", "/dev/dm-"};
	const char *line = spec->cmdline ? spec->cmdline : "", *root = strstr(line, "root=");

	while (root && root != line && root[-1] != ' ')
		root = strstr(root + 1, "root=");
	if (!root || !spec->kernel || spec->n_disks == 0)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i]))
			return false;
	snprintf(
		say, size,
		"the command line has %.*s, but no word for dm-verity or encryption: the host can change this file system",
		(int)strcspn(root, " "), root);
	return true;
}

RULE(launch_arguments)
{
	if (!spec->qemu_launch_argument)
		return false;
	snprintf(say, size, "'%s' is passed directly to QEMU and may change the launch",
		 spec->qemu_launch_argument);
	return true;
}

RULE(arguments)
{
	if (!spec->qemu_argument)
		return false;
	snprintf(say, size, "'%s' is passed directly to QEMU", spec->qemu_argument);
	return true;
}

#define SECURITY "/domain/launchSecurity"

/* clang-format off */
const struct check launch_checks[] = {
	CHECK("pflash-firmware", ERROR, true, NULL, "/domain/os/loader",
	    "use a single firmware file with <loader type='rom' stateless='yes'>", pflash)
	CHECK("nvram", ERROR, true, NULL, "/domain/os",
	    "remove it: an SEV-SNP guest's firmware keeps no variables", nvram)
	CHECK("no-firmware", ERROR, true, NULL, "/domain/os",
	    "name an AmdSev build of OVMF (" SNP_LIBEXECDIR "/fetch-firmware fetches one) with <loader type='rom' stateless='yes'>", no_firmware)
	CHECK("firmware-size", ERROR, true, "/firmware/path", "/domain/os/loader",
	    "use the complete image from its package or build", firmware_size)
	CHECK("firmware-igvm", ERROR, true, "/firmware/path", "/domain/os/loader",
	    "name it as igvm.path", igvm)
	HOST_CHECK("igvm-needs-qemu", ERROR, true, "/igvm/path", "/domain",
	    "use a QEMU of 10.1 or later that was built with libigvm (emulator)", no_igvm)
	CHECK("igvm-policy", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "launch with the file's policy, or build the file with this one", igvm_policy)
	CHECK("igvm-without-policy", ERROR, true, "/snp/id", SECURITY,
	    "build the file with a GUEST_POLICY, or remove snp.id", igvm_without_policy)
	CHECK("firmware-not-named", WARNING, false, NULL, "/domain/os",
	    "name it with <loader type='rom' stateless='yes'>", unnamed_firmware)
	CHECK("loader-not-stateless", WARNING, false, NULL, "/domain/os",
	    "use <loader stateless='yes'/>", not_stateless)
	CHECK("smm", ERROR, true, NULL, "/domain/features/smm",
	    "use <smm state='off'/> and no secure loader", smm)
	CHECK("kernel-not-measured", ERROR, false, "/boot/kernel_hashes", "/domain/launchSecurity",
	    "turn kernel hashes on", unmeasured_kernel)
	CHECK("kernel-hashes-not-checked", ERROR, false, "/firmware/path", "/domain/os/loader",
	    "use an AmdSev build of OVMF (" SNP_LIBEXECDIR "/fetch-firmware fetches one)", hashes_not_checked)
	CHECK("kernel-hash-check-unknown", WARNING, false, "/firmware/path", "/domain/os/loader",
	    "try it with snp-launch check --firmware", hash_check_unknown)
	CHECK("kernel-not-efi-loadable", WARNING, false, "/boot/kernel", "/domain/os/kernel",
	    "use a kernel with an EFI stub", not_efi_loadable)
	CHECK("hashes-without-kernel", ERROR, true, NULL, "/domain/launchSecurity",
	    "use kernelHashes='no', or add a <kernel>", hashes_without_kernel)
	CHECK("initrd-without-kernel", ERROR, true, NULL, "/domain/os",
	    "add a <kernel>, or remove initrd and command line", initrd_without_kernel)
	CHECK("initrd-too-large", ERROR, true, "/boot/initrd", "/domain/os/initrd",
	    "give the guest more memory, or use a smaller initrd", large_initrd)
	CHECK("dtb", ERROR, true, NULL, "/domain/os/dtb",
	    "remove it: an x86 guest needs none", dtb)
	CHECK("shim", ERROR, true, NULL, "/domain/os/shim",
	    "remove it: the firmware verifies the kernel by its hash", shim)
	CHECK("cmdline-newline", WARNING, false, "/boot/cmdline", "/domain/os/cmdline",
	    "remove it unless it is intended: the newline that an editor adds changes the digest", cmdline_newline)
	CHECK("long-cmdline", WARNING, false, "/boot/cmdline", "/domain/os/cmdline",
	    "shorten it", long_cmdline)
	CHECK("only-firmware-measured", WARNING, false, "/boot", "/domain/os",
	    "boot a kernel directly, or make sure that the guest's disk is encrypted or verified", only_firmware)
	HOST_CHECK("unknown-emulator", ERROR, true, NULL, "/domain/devices/emulator",
	    "use QEMU, or name the program in vm.json: any other program can launch anything", emulator)
	CHECK("firmware-boots-only-grub", WARNING, false, "/firmware/path", "/domain/os/loader",
	    "boot a kernel directly, or use a generic build of OVMF", only_grub)
	CHECK("root-not-protected", WARNING, false, "/boot/cmdline", "/domain/os/cmdline",
	    "verify the disk by dm-verity, or encrypt it with integrity", root_not_protected)
	CHECK("qemu-launch-argument", ERROR, true, NULL, "/domain",
	    "use libvirt's own elements: snp-launch cannot measure what this changes",
	    launch_arguments)
	CHECK("qemu-argument", WARNING, false, NULL, "/domain",
	    "make sure that this is intended: libvirt does not check it", arguments)
	{0},
};
/* clang-format on */
