// SPDX-License-Identifier: Apache-2.0
#include "host/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

/* A row applies if the text has both pieces. More telling rows come first: an error of libvirt's often
 * quotes QEMU's. */
struct row {
	const char *name;
	const char *has, *also; /* `also` may be NULL */
	enum snp_code code;
	const char *happened;
	const char *cure;
};

static const struct row rows[] = {
	/* QEMU, target/i386/sev.c and accel/kvm */
	{"no-snp-vm-type", "vm-type", "not supported by KVM", SNP_E_HOST,
	 "this host's KVM does not offer SEV-SNP guests: no SNP hardware, SNP off in the BIOS, "
	 "kvm_amd.sev_snp=N, or a kernel older than 6.11",
	 "run snp-launch check; without SNP hardware, try snp-launch rehearse"},
	{"cannot-open-sev", "Failed to open /dev/sev", NULL, SNP_E_HOST,
	 "QEMU cannot open /dev/sev: it does not exist, or its permissions, libvirt's namespace or "
	 "cgroup deny it",
	 "run snp-launch check; as root: setfacl -m u:libvirt-qemu:rw /dev/sev, and see "
	 "cgroup_device_acl in qemu.conf"},
	{"firmware-size", "could not load PC BIOS", NULL, SNP_E_QEMU,
	 "QEMU cannot load the firmware: the file does not exist, or its size is not a multiple of 64 KiB",
	 "use the complete image from its package or build; snp-launch lint says what is wrong"},
	{"initrd-too-large", "initrd is too large", NULL, SNP_E_QEMU,
	 "the initrd does not fit into the guest's memory below 4 GiB, or below the kernel's limit",
	 "give the guest more memory, or use a smaller initrd"},
	{"no-hash-table", "guest firmware has no hashes table GUID", NULL, SNP_E_NO_HASH_TABLE,
	 "the firmware has no room for kernel hashes",
	 "use an AmdSev build of OVMF (Debian: package ovmf-amdsev), or turn kernel_hashes off; the "
	 "kernel is then not measured"},
	{"wrong-cbitpos", "cbitpos check failed", NULL, SNP_E_HOST,
	 "the domain's C-bit position differs from this host's", "leave <cbitpos> out"},
	{"wrong-reduced-phys-bits", "reduced_phys_bits check failed", NULL, SNP_E_HOST,
	 "the domain's reduction of physical address bits differs from this host's",
	 "leave <reducedPhysBits> out"},
	{"smm", "does not support SMM", NULL, SNP_E_QEMU,
	 "the domain turns SMM on, which SEV-SNP does not support", "set <smm state='off'/>"},
	{"pflash", "pflash with kvm requires KVM readonly memory", NULL, SNP_E_QEMU,
	 "the firmware is given as pflash, but SNP guests have no read-only memory",
	 "give one complete image with <loader type='rom'>, without <nvram>"},
	{"no-guest-memfd", "guest_memfd", NULL, SNP_E_HOST,
	 "this kernel has no guest_memfd (CONFIG_KVM_PRIVATE_MEM or KVM_SW_PROTECTED_VM)",
	 "use a kernel built with it, 6.11 or later"},
	{"no-private-memory", "requires private memory", NULL, SNP_E_HOST,
	 "this kernel has no private memory for guests",
	 "use a kernel with guest_memfd, 6.11 or later"},
	{"bad-base64", "Base64 data contains invalid characters", NULL, SNP_E_BAD_BASE64,
	 "a base64 value of the domain contains other characters",
	 "write host data, ID block and ID auth as standard base64 on one line"},
	{"bad-host-data", "parameter length of", "not equal to 32", SNP_E_QEMU,
	 "host data is not 32 bytes long", "give 64 hex digits"},
	{"bad-length", "parameter length", "exceeds max of", SNP_E_QEMU,
	 "the ID block, ID auth or guest visible workarounds have the wrong length (QEMU says this of "
	 "shorter ones too)",
	 "they must be 96, 4096 and 16 bytes; snp-launch lint says which is wrong"},
	{"no-measurement", "SEV launch measurement is not available", NULL, SNP_E_QEMU,
	 "QEMU does not report the launch digest of an SEV-SNP guest, so virsh domlaunchsecinfo fails",
	 "compute it with snp-launch measure NAME; the guest's attestation report has what was launched"},
	{"no-policy", "failed to get launch security policy", NULL, SNP_E_BAD_DOMAIN,
	 "the domain's <launchSecurity> has no <policy>, or it is not a number; libvirt has no default",
	 "write <policy>0x00030000</policy>"},
	{"no-reset-block", "SEV_ES_RESET_BLOCK", NULL, SNP_E_NO_RESET_ADDRESS,
	 "the firmware has no reset address for the other vCPUs: it is not an OVMF for SEV, or only half "
	 "of a split image",
	 "use a complete AmdSev build of OVMF"},
	{"no-sev-metadata", "SEV metadata", NULL, SNP_E_NO_METADATA,
	 "the firmware has no metadata for SEV-SNP", "use an AmdSev build of OVMF"},
	{"cpuid", "CPUID validation failed", NULL, SNP_E_HOST,
	 "the secure processor refuses a CPUID value: the CPU model has a feature that this host "
	 "lacks",
	 "choose an older CPU model (EPYC-v4 works on every SNP host), and measure again"},
	{"no-igvm", "igvm-cfg", NULL, SNP_E_HOST, "this QEMU was built without IGVM",
	 "use a QEMU built with IGVM, 10.1 or later"},
	{"igvm-missing", "With sev_snp=on, pass an igvm path", NULL, SNP_E_LIBVIRT,
	 "libvirt's Cloud Hypervisor driver needs an IGVM file for SEV-SNP guests, and was given none",
	 "launch with QEMU: --connect qemu:///system; for Cloud Hypervisor name an IGVM file as <kernel>"},
	{"launch-start-policy", "SNP_LAUNCH_START", "ret=-22 fw_error=0", SNP_E_HOST,
	 "KVM refuses the launch, not the firmware: the policy has a bit that this kernel does not "
	 "support (MIGRATE_MA never; single_socket and all above 20 only from Linux 6.19; bit 17 must be "
	 "set, and smt too before 6.19), or the firmware is given as pflash",
	 "see snp-launch policy decode POLICY and snp-launch check; the default policy is 0x30000"},
	{"launch-update", "SNP_LAUNCH_UPDATE", "ret=-22 fw_error=0", SNP_E_QEMU,
	 "KVM refuses a page because its memory is not private, such as firmware given as pflash",
	 "give the firmware with <loader type='rom'>, and use memfd for memory"},
	{"id-block-without-auth", "SNP_LAUNCH_FINISH", "ret=-14 fw_error=0", SNP_E_QEMU,
	 "KVM cannot read the ID auth: it is missing or too short", "give both, 96 and 4096 bytes"},
	{"version-pair", "SNP_LAUNCH", "ret=-25", SNP_E_HOST,
	 "QEMU and the kernel do not fit together",
	 "use Linux 6.11 or later with QEMU 9.1 or later"},
	{"no-memory", "SNP_LAUNCH", "ret=-12", SNP_E_HOST,
	 "the host does not have enough free memory", "stop a guest, or give this one less memory"},
	{"no-asid", "failed to initialize", "ret=-16 fw_error=0", SNP_E_HOST,
	 "no ASID is free for another SNP guest",
	 "stop an SNP or SEV-ES guest; the BIOS sets how many there are (minimum SEV ASID)"},
	{"no-asid", "device busy", NULL, SNP_E_HOST, "no ASID is free for another SNP guest",
	 "stop an SNP or SEV-ES guest; the BIOS sets how many there are (minimum SEV ASID)"},
	{"version-pair", "failed to initialize", "ret=-25 fw_error=0", SNP_E_HOST,
	 "QEMU and the kernel do not fit together",
	 "use Linux 6.11 or later with QEMU 9.1 or later"},
	/* libvirt */
	{"no-snp-in-libvirt", "launch security is not supported with this QEMU binary", NULL,
	 SNP_E_HOST,
	 "libvirt says that this host has no SEV-SNP: QEMU older than 9.1, no /dev/sev when it looked, or "
	 "no SNP hardware",
	 "run snp-launch check; if SNP came later, restart libvirtd so that it looks again; without SNP "
	 "hardware, try snp-launch rehearse"},
	{"no-descriptor", "Unable to find 'efi' firmware", NULL, SNP_E_HOST,
	 "no firmware descriptor on this host has the feature amd-sev-snp",
	 "name the firmware: firmware.path in vm.json, or <loader type='rom'>PATH</loader>"},
	{"no-relabel", "Security driver model 'dac' is not available", NULL, SNP_E_LIBVIRT,
	 "this libvirt does not change owners (a session libvirt never does), so it refuses static labels",
	 "leave relabel out"},
	{"no-emulator", "Cannot check QEMU binary", NULL, SNP_E_HOST,
	 "QEMU is not installed at the domain's <emulator>", "install qemu-system-x86"},
	{"no-kvm", "domain type 'kvm'", NULL, SNP_E_HOST,
	 "libvirt finds no usable KVM on this host",
	 "run snp-launch check; /dev/kvm must exist, and QEMU's user must have access to it"},
	{"no-kvm", "Could not access KVM kernel module", NULL, SNP_E_HOST,
	 "/dev/kvm does not exist, or QEMU's user has no access to it",
	 "load kvm_amd, and add QEMU's user to the group kvm"},
	{"no-vsock", "vhost-vsock", NULL, SNP_E_HOST, "QEMU cannot open /dev/vhost-vsock",
	 "load the module vhost_vsock, or leave vsock out of vm.json"},
	{"no-network", "Network not found", NULL, SNP_E_LIBVIRT,
	 "libvirt has no network of that name",
	 "start it (virsh net-start), or change networks in vm.json"},
	{"no-network", "network", "is not active", SNP_E_LIBVIRT,
	 "the libvirt network is not active", "virsh net-start NAME; virsh net-autostart NAME"},
	{"locked-image", "Failed to get \"write\" lock", NULL, SNP_E_LIBVIRT,
	 "another process has a disk of this guest open for writing", "find it with lsof DISK"},
	{"no-hugepages", "hugepages", NULL, SNP_E_HOST, "libvirt finds no usable huge pages",
	 "reserve some and mount hugetlbfs, or set hugepages to false"},
	{"no-hugepages", "hugetlbfs", NULL, SNP_E_HOST,
	 "hugetlbfs is not mounted on the host, or libvirt is configured not to use it",
	 "reserve some and mount hugetlbfs (see hugetlbfs_mount in qemu.conf), or set hugepages to false"},
	{"no-locked-memory", "cannot limit locked memory", NULL, SNP_E_HOST,
	 "libvirt is not allowed to let QEMU lock as much memory as the guest's devices or memory.locked need",
	 "run libvirtd as root or with CAP_SYS_RESOURCE, raise its limit (ulimit -l), or leave vfio and "
	 "memory.locked out"},
	{"no-passthrough", "doesn't support passthrough of host PCI devices", NULL, SNP_E_HOST,
	 "this host cannot pass PCI devices through: no IOMMU, or it is off, or no VFIO",
	 "turn the IOMMU on in the BIOS, load vfio-pci, restart libvirtd; or leave vfio out of vm.json"},
	{"no-tpm", "TPM version", "is not supported", SNP_E_HOST,
	 "libvirt finds no TPM emulator on this host",
	 "install swtpm and swtpm-tools, or set tpm to none"},
	{"no-bridge-helper", "failed to communicate with bridge helper", NULL, SNP_E_HOST,
	 "QEMU's bridge helper is not installed, not setuid root, or does not allow the bridge",
	 "make qemu-bridge-helper setuid root and allow the bridge in /etc/qemu/bridge.conf, use "
	 "qemu:///system, or a network of type user"},
	{"no-network-driver", "no connection driver available for network:", NULL, SNP_E_LIBVIRT,
	 "this libvirt has no network driver (a session libvirt may not have one)",
	 "install libvirt-daemon-driver-network, use qemu:///system, or a network of type user"},
	{"cannot-read-file", "Could not open", "Permission denied", SNP_E_LIBVIRT,
	 "QEMU's user cannot read a file of the guest",
	 "give that user read access to the file, and search permission (x) on every folder above it"},
	{"cannot-read-file", "Cannot access storage file", NULL, SNP_E_LIBVIRT,
	 "a disk does not exist, or QEMU's user cannot read it",
	 "check the path, and the permissions of every folder above it"},
	{"memory", "cannot set up guest memory", NULL, SNP_E_HOST,
	 "the host does not have enough free memory for the guest",
	 "stop a guest, or give this one less memory"},
	{"eim", "require extended interrupt mode", NULL, SNP_E_QEMU,
	 "libvirt starts at most 255 vCPUs without an interrupt remapper", "use at most 255 vCPUs"},
	{"qemu-gone", "Unable to read from monitor", NULL, SNP_E_QEMU,
	 "QEMU ended unexpectedly; for a guest that was started paused, most often because the secure "
	 "processor refused the launch",
	 "see the end of libvirt's log of the guest (/var/log/libvirt/qemu/NAME.log), and give that to "
	 "snp-launch diagnose"},
	{"qemu-gone", "End of file from qemu monitor", NULL, SNP_E_QEMU,
	 "QEMU ended unexpectedly; for a guest that was started paused, most often because the secure "
	 "processor refused the launch",
	 "see the end of libvirt's log of the guest (/var/log/libvirt/qemu/NAME.log), and give that to "
	 "snp-launch diagnose"},
	{"libvirtd-gone", "client socket is closed", NULL, SNP_E_LIBVIRT,
	 "the connection to libvirtd was lost", "check that it runs again, then: snp-launch list"},
	{"libvirtd-gone", "End of file while reading data", NULL, SNP_E_LIBVIRT,
	 "the connection to libvirtd was lost", "check that it runs again, then: snp-launch list"},
	{"libvirtd-gone", "keepalive timeout", NULL, SNP_E_LIBVIRT, "libvirtd no longer answers",
	 "check that it runs, then: snp-launch list"},
	{"no-libvirtd", "Failed to connect socket", NULL, SNP_E_LIBVIRT,
	 "libvirtd is not running, or the URI names another socket",
	 "start it (systemctl start libvirtd), or give --connect"},
	{"no-libvirtd", "authentication unavailable", NULL, SNP_E_LIBVIRT,
	 "libvirt only accepts root and the group libvirt", "join the group libvirt, or use sudo"},
};

static int32_t number_after(const char *text, const char *key, bool *ret_found)
{
	const char *at = strstr(text, key);
	char *end;
	long value;

	*ret_found = false;
	if (!at)
		return 0;
	errno = 0;
	value = strtol(at + strlen(key), &end, 0);
	if (end == at + strlen(key) || errno != 0 || value < INT32_MIN || value > INT32_MAX)
		return 0;
	*ret_found = true;
	return (int32_t)value;
}

/* The text is nothing but a number, or an error's name, perhaps with the kernel's prefix. */
static const struct firmware_error *named_alone(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end != text && *end == '\0' && value <= FIRMWARE_ERROR_MAX)
		return firmware_error_find((uint32_t)value);
	if (strncasecmp(text, "SEV_RET_", 8) == 0)
		text += 8;
	for (uint32_t i = 0; i <= FIRMWARE_ERROR_MAX; i++) {
		const struct firmware_error *e = firmware_error_find(i);

		if (e && strcasecmp(e->name, text) == 0)
			return e;
	}
	return NULL;
}

static void find_command(const char *text, char ret[static 32])
{
	const char *at = strstr(text, "SNP_LAUNCH_");
	size_t n = at ? strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;

	snprintf(ret, 32, "%.*s", (int)(n < 31 ? n : 31), at ? at : "");
}

/* A firmware that refuses a digest, a policy or a signature answers the question; any other error of
 * its is trouble of the host's. */
static enum snp_code code_of(const struct firmware_error *e)
{
	switch (e->code) {
	case 0x07:
	case 0x0a:
	case 0x0b:
		return SNP_E_LAUNCH_REFUSED;
	default:
		return SNP_E_HOST;
	}
}

static bool explain_firmware(const char *text, struct explanation *ex)
{
	bool has_fw;
	int32_t fw = number_after(text, "fw_error=", &has_fw);

	ex->ret = number_after(text, "ret=", &ex->has_ret);
	find_command(text, ex->command);
	ex->firmware = has_fw && fw >= 0 ? firmware_error_find((uint32_t)fw) : named_alone(text);
	if (!ex->firmware || (has_fw && fw == 0))
		return false;
	ex->name = "firmware-error";
	ex->code = code_of(ex->firmware);
	ex->happened = ex->firmware->meaning;
	ex->cure =
		ex->firmware->cure ? ex->firmware->cure : "see the host's kernel log for the cause";
	return true;
}

bool explain_text(const char *text, struct explanation *ret)
{
	struct explanation ex = {0};

	if (explain_firmware(text, &ex)) {
		*ret = ex;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (!strstr(text, row->has) || (row->also && !strstr(text, row->also)))
			continue;
		ex.name = row->name;
		ex.code = row->code;
		ex.happened = row->happened;
		ex.cure = row->cure;
		*ret = ex;
		return true;
	}
	return false;
}

/* QEMU's last words come through libvirt with a time stamp, a path and line ends before them. */
static const char *last_words(const char *text)
{
	const char *at = strstr(text, "qemu-system-x86_64: ");

	return at ? at + strlen("qemu-system-x86_64: ") : text;
}

int explain_fail(struct snp_error *err, const char *what, const char *text)
{
	struct explanation ex;

	if (!explain_text(text, &ex))
		return fail_with(err, SNP_E_LIBVIRT, SNP_NO_OFFSET, "%s: %.700s", what,
				 last_words(text));
	if (ex.firmware)
		return fail_with(err, ex.code, SNP_NO_OFFSET,
				 "%s: %s%sfirmware error 0x%02x %s: %s; %s", what, ex.command,
				 ex.command[0] ? ": " : "", ex.firmware->code, ex.firmware->name,
				 ex.happened, ex.cure);
	return fail_with(err, ex.code, SNP_NO_OFFSET, "%s: %s; %s (libvirt: %.300s)", what,
			 ex.happened, ex.cure, last_words(text));
}
