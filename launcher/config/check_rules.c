// SPDX-License-Identifier: Apache-2.0
#include "config/check_rules.h"

#include <snp/cleanup.h>

/* clang-format off */
#define SECURITY "/domain/launchSecurity"

/* name, severity, fixed, where in vm.json, where in a domain, cure, function. A fixed one refuses what
 * QEMU, KVM or the secure processor will not launch as an SEV-SNP guest, or what has no launch digest. */
#define ROW(name, severity, fixed, pointer, xpath, cure, function) \
	{{name, CHECK_##severity, fixed, pointer, xpath, cure}, finds_##function},

const struct check_rule check_rules[] = {
	ROW("not-snp", ERROR, true, NULL, SECURITY,
	    "ask for it with <launchSecurity type='sev-snp'>", not_snp)
	ROW("unknown-launch-security", ERROR, false, NULL, SECURITY,
	    "define with validation, and leave it out", unknown_security)
	ROW("not-kvm", ERROR, true, NULL, "/domain",
	    "only KVM launches SEV-SNP guests: type='kvm'", not_kvm)
	ROW("not-x86-64", ERROR, true, NULL, "/domain/os/type",
	    "SEV-SNP is of x86_64", not_x86_64)
	ROW("machine-not-q35", ERROR, false, NULL, "/domain/os/type",
	    "machine='q35'", not_q35)

	ROW("malformed-policy", ERROR, true, NULL, SECURITY "/policy",
	    "write the default as 0x00030000", malformed_policy)
	ROW("decimal-policy", ERROR, true, NULL, SECURITY "/policy",
	    "write the policy with 0x", decimal_policy)
	ROW("policy-reserved-bits", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "the secure processor refuses any other", reserved_bits)
	ROW("policy-abi-version", ERROR, false, "/snp/policy", SECURITY "/policy",
	    "the default is 0.0", abi_version)
	ROW("policy-migrate-ma", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "clear migrate_ma, bit 18", migrate_ma)
	ROW("policy-debug", ERROR, false, "/snp/policy", SECURITY "/policy",
	    "clear debug, bit 19, or say --allow-debug", debug)
	ROW("policy-needs-kernel", WARNING, false, "/snp/policy", SECURITY "/policy",
	    "launch on Linux 6.19 or later, or leave these bits as by default", bits_of_newer_kernels)
	ROW("policy-not-on-host", ERROR, true, "/snp/policy", SECURITY "/policy",
	    "leave these bits out, or launch on another kernel and firmware", bits_not_on_host)

	ROW("not-bound", WARNING, false, "/snp/id", SECURITY,
	    "give an ID block, or check the measurement in every report", no_id_block)
	ROW("id-block-without-auth", ERROR, true, NULL, SECURITY "/idBlock",
	    "give <idAuth> with it", block_without_auth)
	ROW("id-auth-without-block", ERROR, true, NULL, SECURITY "/idAuth",
	    "give <idBlock> with it", auth_without_block)
	ROW("bad-base64", ERROR, true, NULL, SECURITY,
	    "write it in standard base64 with padding", bad_base64)
	ROW("malformed-id-block", ERROR, true, NULL, SECURITY "/idBlock",
	    "make it anew with snp-measure id-block", malformed_block)
	ROW("id-block-policy", ERROR, true, NULL, SECURITY "/policy",
	    "launch with the block's policy, or make a block for this one", block_policy)
	ROW("invalid-id-auth", ERROR, true, NULL, SECURITY "/idAuth",
	    "make it anew with snp-measure id-block", invalid_auth)
	ROW("author-key-missing", ERROR, true, NULL, SECURITY,
	    "authorKey='no', or sign with an author key too", missing_author)
	ROW("author-key-unused", WARNING, false, NULL, SECURITY,
	    "authorKey='yes'", unused_author)

	ROW("pflash-firmware", ERROR, true, NULL, "/domain/os/loader",
	    "take firmware of one piece with <loader type='rom' stateless='yes'>", pflash)
	ROW("nvram", ERROR, true, NULL, "/domain/os",
	    "leave it out: an SEV-SNP guest's firmware keeps no variables", nvram)
	ROW("no-firmware", ERROR, true, NULL, "/domain/os",
	    "name an AmdSev build of OVMF with <loader type='rom' stateless='yes'>", no_firmware)
	ROW("firmware-size", ERROR, true, "/firmware/path", "/domain/os/loader",
	    "take a whole image as its package or build has it", firmware_size)
	ROW("firmware-not-named", WARNING, false, NULL, "/domain/os",
	    "name it with <loader type='rom' stateless='yes'>", unnamed_firmware)
	ROW("loader-not-stateless", WARNING, false, NULL, "/domain/os",
	    "<loader stateless='yes'/>", not_stateless)
	ROW("smm", ERROR, true, NULL, "/domain/features/smm",
	    "<smm state='off'/>, and no secure loader", smm)
	ROW("kernel-not-measured", ERROR, false, "/boot/kernel_hashes", SECURITY,
	    "turn kernel hashes on", unmeasured_kernel)
	ROW("hashes-without-kernel", ERROR, true, NULL, SECURITY,
	    "kernelHashes='no', or a <kernel>", hashes_without_kernel)
	ROW("initrd-without-kernel", ERROR, true, NULL, "/domain/os",
	    "give a <kernel>, or neither", initrd_without_kernel)
	ROW("initrd-too-large", ERROR, true, "/boot/initrd", "/domain/os/initrd",
	    "give the guest more memory, or take a smaller initrd", large_initrd)
	ROW("dtb", ERROR, true, NULL, "/domain/os/dtb",
	    "leave it out: an x86 guest needs none", dtb)
	ROW("shim", ERROR, true, NULL, "/domain/os/shim",
	    "leave it out: the firmware verifies the kernel by its hash", shim)
	ROW("cmdline-newline", WARNING, false, "/boot/cmdline", "/domain/os/cmdline",
	    "check that it is meant: an editor's last newline changes the digest", cmdline_newline)
	ROW("long-cmdline", WARNING, false, "/boot/cmdline", "/domain/os/cmdline",
	    "shorten it", long_cmdline)
	ROW("only-firmware-measured", WARNING, false, "/boot", "/domain/os",
	    "boot a kernel directly, or see to it that the disk protects itself", only_firmware)
	ROW("qemu-launch-argument", ERROR, true, NULL, "/domain",
	    "say it in libvirt's words: what it changes cannot be seen or measured here",
	    launch_arguments)
	ROW("qemu-argument", WARNING, false, NULL, "/domain",
	    "see that it is meant: libvirt does not look at it", arguments)

	ROW("host-cpu-model", ERROR, false, "/cpu/model", "/domain/cpu",
	    "name a model (EPYC-v4), or give its CPUID signature", host_cpu)
	ROW("no-cpu-model", ERROR, false, NULL, "/domain",
	    "name a model (EPYC-v4) with fallback='forbid'", no_cpu_model)
	ROW("unknown-cpu-model", ERROR, true, "/cpu/model", "/domain/cpu/model",
	    "name a model of QEMU", unknown_cpu_model)
	ROW("cpu-signature", ERROR, true, "/cpu/signature", NULL,
	    "leave it out: it is for the model host", foreign_signature)
	ROW("host-cpu-signature", ERROR, false, "/cpu/signature", NULL,
	    "give the signature of the CPU that the guest is launched on", host_signature)
	ROW("cpu-model-may-change", WARNING, false, NULL, "/domain/cpu/model",
	    "match='exact' and <model fallback='forbid'>", changeable_cpu_model)
	ROW("cpu-topology", ERROR, true, "/cpu", "/domain/cpu/topology",
	    "make sockets times cores times threads the number of vCPUs", topology)
	ROW("vcpu-hotplug", ERROR, false, NULL, "/domain/vcpu",
	    "start all of them", hotplug)
	ROW("vcpus-differ", ERROR, true, NULL, "/domain/vcpus",
	    "leave the list out, and say the number in <vcpu>", other_vcpus)
	ROW("too-many-vcpus", ERROR, true, "/cpu/count", "/domain/vcpu",
	    "1 to 255, or an intel-iommu with <driver intremap='on' eim='on'/>", too_many_vcpus)
	ROW("little-memory", ERROR, false, "/memory/size", "/domain/memory",
	    "give it more", little_memory)
	ROW("hugepages", WARNING, false, "/memory/hugepages", "/domain/memoryBacking/hugepages",
	    "leave them out, unless much memory is shared with the host", hugepages)
	ROW("disk-twice", ERROR, false, "/disks", "/domain/devices/disk",
	    "give each disk a file of its own, or make both read-only", disk_twice)
	ROW("option-rom", WARNING, false, NULL, "/domain/devices",
	    "<rom enabled='no'/>", option_rom)
	ROW("emulated-tpm", WARNING, false, "/tpm", "/domain/devices/tpm",
	    "trust attestation reports in its place", tpm)
	ROW("agent-in-confidential-guest", WARNING, false, NULL, "/domain/devices/channel",
	    "leave out the channel org.qemu.guest_agent.0", guest_agent)
	ROW("reboot-needs-qemu-11", WARNING, false, "/on_reboot", "/domain/on_reboot",
	    "have it destroyed: on_reboot destroy", reboot)
};
/* clang-format on */
const size_t n_check_rules = ARRAY_SIZE(check_rules);

_Static_assert(ARRAY_SIZE(check_rules) <= CHECKS_MAX, "options and findings have room for each");
