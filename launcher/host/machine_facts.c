// SPDX-License-Identifier: Apache-2.0
#include "host/machine_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/policy.h>

#include "host/kvm_probe.h"

void fact_add(struct host_report *report, const char *name, enum fact_state state,
	      const char *needed, const char *cure, const char *fmt, ...)
{
	struct host_fact *fact;
	char text[sizeof(fact->found)];
	va_list args;

	if (report->n == HOST_FACTS_MAX)
		return;
	fact = &report->at[report->n++];
	*fact = (struct host_fact){.name = name,
				   .state = state,
				   .needed = needed,
				   .cure = cure,
				   .about_guest = report->about_guest};
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	escape_text(text, fact->found, sizeof(fact->found));
	*(report->about_guest ? &report->n_guest_no : &report->n_no) += state == FACT_NO;
}

/* The first line of a small kernel file, or "". */
static void read_line(const char *path, char *ret, size_t size)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");

	ret[0] = '\0';
	if (f && fgets(ret, (int)size, f))
		ret[strcspn(ret, "\n")] = '\0';
}

static void check_parameter(struct host_report *report, const char *name, const char *parameter)
{
	char path[128], value[16];

	snprintf(path, sizeof(path), "/sys/module/kvm_amd/parameters/%s", parameter);
	read_line(path, value, sizeof(value));
	fact_add(
		report, name, fact_if(value[0] == 'Y' || value[0] == '1'), "Y",
		"load kvm_amd with it (modprobe.d: options kvm_amd sev=1 sev_es=1 sev_snp=1) on kernel "
		"6.11 or later, and turn SEV and SNP on in the BIOS",
		"%s", value[0] ? value : "kvm_amd is not loaded, or has no such parameter");
}

static void check_vm_type(struct host_report *report)
{
	uint64_t types;
	bool memfd;

	if (!kvm_vm_types(&types)) {
		fact_add(report, "kvm-vm-type", errno == EACCES ? FACT_UNKNOWN : FACT_NO,
			 "KVM_X86_SNP_VM", "load kvm_amd, or run as root", "/dev/kvm: %s",
			 strerrordesc_np(errno));
		return;
	}
	fact_add(report, "kvm-vm-type", fact_if(types >> KVM_VM_TYPE_SNP & 1), "KVM_X86_SNP_VM",
		 "kernel 6.11 or later with kvm_amd.sev_snp=Y", "VM types 0x%" PRIx64, types);
	if (kvm_guest_memfd(&memfd))
		fact_add(report, "guest-memfd", fact_if(memfd), "KVM_CAP_GUEST_MEMFD",
			 "kernel with CONFIG_KVM_PRIVATE_MEM", "%s", memfd ? "there" : "absent");
}

static void check_policy_bits(struct host_report *report)
{
	char text[200] = "";
	uint64_t bits;
	size_t at = 0;

	if (!kvm_policy_bits(&bits)) {
		fact_add(report, "policy-bits", FACT_NOTE, "", "",
			 "unknown: kernels before 6.19 do not report them; only smt is certain");
		return;
	}
	for (size_t i = 0; snp_policy_bit(i) && at < sizeof(text); i++)
		if (bits & snp_policy_bit(i)->mask)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
					       at > 0 ? ", " : "", snp_policy_bit(i)->name);
	fact_add(report, "policy-bits", FACT_NOTE, "", "", "0x%" PRIx64 ": %.150s", bits, text);
}

/* SVM_SEV_FEAT_SECURE_TSC of Linux, arch/x86/include/asm/svm.h; APM volume 2, 15.36.1. */
#define FEATURE_SECURE_TSC (UINT64_C(1) << 9)

static void check_kernel_features(struct host_report *report)
{
	uint64_t value;

	if (kvm_attribute(KVM_REQ_CERTS, &value))
		fact_add(report, "certificates", FACT_NOTE, "", "",
			 "KVM_X86_SEV_SNP_REQ_CERTS: KVM %s for certificates with a guest's report",
			 value ? "asks QEMU" : "does not ask");
	if (kvm_attribute(KVM_VMSA_FEATURES, &value))
		fact_add(report, "secure-tsc", FACT_NOTE, "", "",
			 "Secure TSC is %s; no QEMU up to 11.1 turns it on",
			 value & FEATURE_SECURE_TSC ? "supported" : "not supported");
}

static void check_platform(struct host_report *report)
{
	struct snp_platform p;

	if (!platform_status(&p)) {
		fact_add(report, "secure-processor",
			 errno == EACCES || errno == EPERM ? FACT_UNKNOWN : FACT_NO,
			 "SNP_PLATFORM_STATUS from /dev/sev",
			 "run as root; look for ccp and SEV-SNP in the kernel log", "/dev/sev: %s",
			 strerrordesc_np(errno));
		return;
	}
	fact_add(report, "secure-processor", fact_if(p.state == 1), "initialized for SNP",
		 "look for SEV-SNP in the kernel log",
		 "API %u.%u build %" PRIu32 ", %s, %" PRIu32 " guests", p.api_major, p.api_minor,
		 p.build_id, p.state == 1 ? "initialized" : "not initialized", p.guest_count);
	fact_add(report, "ciphertext-hiding", FACT_NOTE, "", "", "%s",
		 p.ciphertext_hiding_on	 ? "on"
		 : p.can_hide_ciphertext ? "off (kvm_amd.ciphertext_hiding_asids=N turns it on)"
					 : "not supported by this firmware and CPU");
	/* ABI 1.51 is the first with SNP for guests at large. */
	fact_add(report, "firmware-abi",
		 fact_if(p.api_major > 1 || (p.api_major == 1 && p.api_minor >= 51)),
		 "1.51 or later", "load a newer SEV firmware (BIOS, or linux-firmware)", "%u.%u",
		 p.api_major, p.api_minor);
}

/* A line "sev_es N" of a file of the misc controller (Documentation/admin-guide/cgroup-v2.rst). */
static bool misc_value(const char *path, uint64_t *ret)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "sev_es %" SCNu64, ret) == 1)
			return true;
	return false;
}

static void check_asids(struct host_report *report, const struct cpu_sev *cpu)
{
	uint32_t range = cpu->min_sev_asid > 0 ? cpu->min_sev_asid - 1 : 0;
	uint64_t capacity, used;
	char split[16];

	if (misc_value("/sys/fs/cgroup/misc.capacity", &capacity) &&
	    misc_value("/sys/fs/cgroup/misc.current", &used))
		fact_add(report, "asids", fact_if(used < capacity), "a free one",
			 "stop an SNP or SEV-ES guest, or raise the minimum SEV ASID in the BIOS",
			 "%" PRIu32 " in total, 1-%" PRIu32 " for SNP and SEV-ES: %" PRIu64
			 " in use, %" PRIu64 " free",
			 cpu->asids, range, used, capacity > used ? capacity - used : 0);
	else
		fact_add(
			report, "asids", fact_if(range > 0), "a range for SNP and SEV-ES",
			"raise the minimum SEV ASID (SEV-ES ASID space limit) in the BIOS",
			"%" PRIu32 " in total, 1-%" PRIu32
			" for SNP and SEV-ES; the kernel does not report how many are free (cgroup "
			"misc)",
			cpu->asids, range);
	read_line("/sys/module/kvm_amd/parameters/ciphertext_hiding_asids", split, sizeof(split));
	if (split[0] && strcmp(split, "0") != 0)
		fact_add(report, "asid-split", FACT_NOTE, "", "",
			 "kvm_amd.ciphertext_hiding_asids=%s: SNP uses the first %s of them", split,
			 split);
}

static void check_device(struct host_report *report)
{
	static const char needed[] = "/dev/sev, readable and writable by QEMU's user",
			  cure[] = "load ccp; then: setfacl -m u:libvirt-qemu:rw /dev/sev";
	struct stat st;

	if (stat("/dev/sev", &st) < 0) {
		fact_add(report, "dev-sev", FACT_NO, needed, cure, "%s", strerrordesc_np(errno));
		return;
	}
	/* libvirt opens QEMU's namespace and cgroup to it; what remains are these, and ACLs. */
	fact_add(report, "dev-sev", S_ISCHR(st.st_mode) ? FACT_YES : FACT_NO, needed, cure,
		 "user %u, group %u, mode %04o", st.st_uid, st.st_gid, st.st_mode & 07777);
}

static void check_memlock(struct host_report *report)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY)
		fact_add(report, "memlock", FACT_NOTE, "", "", "unlimited");
	else
		fact_add(report, "memlock", FACT_NOTE, "", "",
			 "%ju MiB for this process; libvirt raises QEMU's by the guest's size",
			 (uintmax_t)limit.rlim_cur >> 20);
}

static void check_memory(struct host_report *report)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/meminfo", "re");
	uint64_t available = 0, huge_free = 0, huge_size = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		(void)!sscanf(line, "MemAvailable: %" SCNu64, &available);
		(void)!sscanf(line, "HugePages_Free: %" SCNu64, &huge_free);
		(void)!sscanf(line, "Hugepagesize: %" SCNu64, &huge_size);
	}
	fact_add(report, "memory", FACT_NOTE, "", "",
		 "%" PRIu64 " MiB available; %" PRIu64 " free huge pages of %" PRIu64 " MiB",
		 available / 1024, huge_free, huge_size / 1024);
}

void machine_facts(struct host_report *report)
{
	struct cpu_sev cpu = {0};
	bool known = cpu_sev_probe(&cpu);

	fact_add(report, "cpu", fact_if(known && cpu.snp), "SEV-SNP in CPUID 8000001F",
		 "use an EPYC 7003 or later, and turn SEV-SNP on in the BIOS", "%s",
		 !known || !cpu.sev ? "no AMD SEV"
		 : !cpu.sev_es	    ? "SEV only"
		 : !cpu.snp	    ? "SEV and SEV-ES, no SEV-SNP"
				    : "SEV, SEV-ES, SEV-SNP");
	if (!cpu.snp)
		return; /* all that follows would only say the same */
	check_parameter(report, "kvm-amd-sev-snp", "sev_snp");
	check_parameter(report, "kvm-amd-sev-es", "sev_es");
	check_vm_type(report);
	check_policy_bits(report);
	check_kernel_features(report);
	check_platform(report);
	check_asids(report, &cpu);
	check_device(report);
	check_memlock(report);
	check_memory(report);
}
