// SPDX-License-Identifier: Apache-2.0
#include "id_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

#include "config/checks.h"
#include "domain/domain_read.h"
#include "domain_text.h"
#include "told.h"

#define SECURITY_END "</policy></launchSecurity>"
#define ZEROS_24     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ZEROS_96     ZEROS_24 ZEROS_24 ZEROS_24 ZEROS_24
/* "@BLOCK@" and "@AUTH@" stand for a pair that is signed when the test starts. */
#define BLOCK(x) "</policy><idBlock>" x "</idBlock></launchSecurity>"
#define AUTH(x)	 "</policy><idAuth>" x "</idAuth></launchSecurity>"
#define PAST_LIBVIRT(element, children)                                                 \
	"<q:" element " xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>" children \
	"</q:" element "></domain>"
#define ARGUMENTS(children) PAST_LIBVIRT("commandline", children)
#define ARG(x)		    "<q:arg value='" x "'/>"
#define VCPU(id, on, plug)  "<vcpu id='" id "' enabled='" on "' hotpluggable='" plug "'/>"
#define VCPUS(on, plug)                                                             \
	"<vcpus>" VCPU("0", "yes", "no") VCPU("1", on, plug) VCPU("2", "yes", "no") \
		VCPU("3", "yes", "no") "</vcpus><os>"
#define PAIR "</policy><idBlock>@BLOCK@</idBlock><idAuth>@AUTH@</idAuth></launchSecurity>"

/* One thing changed in a good domain, and the checks that then find something; all of these texts are
 * accepted by libvirt 11.3 without validation. */
static const struct change {
	const char *name, *old, *new, *found;
} changes[] = {
	{"nothing", "<name>web1", "<name>web1", "not-bound"},
	{"another launch security", "type='sev-snp'", "type='sev'", "not-snp"},
	{"no launch security", "<launchSecurity type='sev-snp' ", "<x ", NULL},
	{"unknown child", "<policy>", "<igvm/><policy>", "unknown-launch-security not-bound"},
	{"unknown attribute", "vcek='yes'", "vlek='yes'", "unknown-launch-security not-bound"},
	{"emulation", "type='kvm'", "type='qemu'", "not-kvm not-bound"},
	{"another architecture", "x86_64", "aarch64", "not-x86-64 not-bound"},
	{"i440fx", "'q35'", "'pc-i440fx-10.0'", "machine-not-q35 not-bound"},
	{"no machine", " machine='q35'", "", "machine-not-q35 not-bound"},
	{"versioned q35", "'q35'", "'pc-q35-10.0'", "not-bound"},

	{"no policy", "<policy>0x00030000</policy>", "", "malformed-policy not-bound"},
	{"policy no number", "0x00030000", "default", "malformed-policy not-bound"},
	{"policy of 17 digits", "0x00030000", "0x10000000000030000", "malformed-policy not-bound"},
	{"policy in decimal", "0x00030000", "196608", "decimal-policy not-bound"},
	{"policy without 0x", "0x00030000", "30000", "not-bound"},
	{"bit 17 clear", "0x00030000", "0x10000", "policy-reserved-bits not-bound"},
	{"bit 26 set", "0x00030000", "0x4030000", "policy-reserved-bits not-bound"},
	{"bit 63 set", "0x00030000", "0x8000000000030000", "policy-reserved-bits not-bound"},
	{"ABI 2.0", "0x00030000", "0x30200", "policy-abi-version not-bound"},
	{"ABI 1.55", "0x00030000", "0x30137", "not-bound"},
	{"migration agent", "0x00030000", "0x70000", "policy-migrate-ma not-bound"},
	{"debug", "0x00030000", "0xb0000", "policy-debug not-bound"},
	{"SMT off", "0x00030000", "0x20000", "policy-needs-kernel not-bound"},
	{"single socket", "0x00030000", "0x130000", "policy-needs-kernel not-bound"},
	{"page swap disable", "0x00030000", "0x2030000", "policy-needs-kernel not-bound"},

	{"bound", SECURITY_END, PAIR, ""},
	{"block alone", SECURITY_END, BLOCK("@BLOCK@"), "id-block-without-auth"},
	{"auth alone", SECURITY_END, AUTH("@AUTH@"), "id-auth-without-block"},
	{"block of zeros", SECURITY_END, BLOCK(ZEROS_96),
	 "id-block-without-auth malformed-id-block"},
	{"block of 95 bytes", SECURITY_END, BLOCK("AAAA"), "id-block-without-auth bad-base64"},
	{"host data with junk", SECURITY_END,
	 "</policy><hostData>!!AAAAAAAAAA$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</hostData></launchSecurity>",
	 "not-bound bad-base64"},
	{"host data of 31 bytes", SECURITY_END,
	 "</policy><hostData>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==</hostData></launchSecurity>",
	 "not-bound bad-base64"},
	{"host data over two lines", SECURITY_END,
	 "</policy><hostData>\n" ZEROS_24 "\nAAAAAAAAAAA=\n</hostData></launchSecurity>",
	 "not-bound"},
	{"host data with blanks", SECURITY_END,
	 "</policy><hostData> " ZEROS_24 "AAAAAAAAAAA= </hostData></launchSecurity>",
	 "not-bound bad-base64"},
	{"workarounds in hex", SECURITY_END,
	 "</policy><guestVisibleWorkarounds>00112233445566778899aabbccddeeff"
	 "</guestVisibleWorkarounds></launchSecurity>",
	 "not-bound bad-base64"},
	{"author asked for, no ID", "authorKey='no'", "authorKey='yes'",
	 "not-bound author-key-missing"},

	{"pflash", "type='rom'", "type='pflash'", "not-bound pflash-firmware"},
	{"variable store", "<kernel>", "<nvram>/v</nvram><kernel>", "not-bound nvram"},
	{"varstore", "<kernel>", "<varstore/><kernel>", "not-bound nvram"},
	{"no loader", "<loader type='rom' stateless='yes'>/fw</loader>", "",
	 "not-bound no-firmware"},
	{"firmware by descriptor", "<os><type", "<os firmware='efi'><type", "not-bound"},
	{"firmware by stateless descriptor", "'yes'>/fw</loader>", "'yes'/>",
	 "not-bound firmware-not-named"},
	{"firmware by descriptor with state", " stateless='yes'>/fw</loader>", "/>",
	 "not-bound firmware-not-named loader-not-stateless"},
	{"SMM", "<smm state='off'/>", "<smm state='on'/>", "not-bound smm"},
	{"SMM by its presence", "<smm state='off'/>", "<smm/>", "not-bound smm"},
	{"secure loader", "stateless='yes'", "stateless='yes' secure='yes'", "not-bound smm"},
	{"kernel hashes off", "kernelHashes='yes'", "kernelHashes='no'",
	 "not-bound kernel-not-measured"},
	{"kernel hashes unset", "kernelHashes='yes' ", "", "not-bound kernel-not-measured"},
	{"no kernel", "<kernel>/k</kernel>", "",
	 "not-bound hashes-without-kernel initrd-without-kernel only-firmware-measured"},
	{"newline at the end", "console=ttyS0", "console=ttyS0\n", "not-bound cmdline-newline"},
	{"device tree", "<cmdline>", "<dtb>/d</dtb><cmdline>", "not-bound dtb"},
	{"shim", "<cmdline>", "<shim>/s</shim><cmdline>", "not-bound shim"},
	{"QEMU argument", "</domain>", ARGUMENTS(ARG("-fw_cfg") ARG("name=opt/a,string=b")),
	 "not-bound qemu-argument"},
	{"QEMU arguments", "</domain>",
	 ARGUMENTS(ARG("--msg") ARG("timestamp=on") ARG("-trace") ARG("kvm_*")),
	 "not-bound qemu-argument"},
	{"an argument that is none", "</domain>", ARGUMENTS("<q:arg/>" ARG("-append") ARG("x")),
	 "not-bound qemu-launch-argument"},
	{"fw_cfg named twice", "</domain>",
	 ARGUMENTS(ARG("-fw_cfg") ARG("name=opt/a,name=etc/boot/kernel,file=/k")),
	 "not-bound qemu-launch-argument"},
	{"a device", "</domain>", ARGUMENTS(ARG("-device") ARG("virtio-net-pci,romfile=/r")),
	 "not-bound qemu-launch-argument"},
	{"QEMU argument that changes the launch", "</domain>", ARGUMENTS(ARG("--append") ARG("x")),
	 "not-bound qemu-launch-argument"},
	{"one after a harmless one", "</domain>",
	 ARGUMENTS(ARG("-D") ARG("/log") ARG("-dtb") ARG("/d")),
	 "not-bound qemu-launch-argument qemu-argument"},
	{"one in the guise of a value", "</domain>",
	 ARGUMENTS(ARG("-D") ARG("-msg") ARG("-smp") ARG("3")),
	 "not-bound qemu-launch-argument qemu-argument"},
	{"one without value", "</domain>", ARGUMENTS(ARG("-fw_cfg")),
	 "not-bound qemu-launch-argument"},
	{"fw_cfg of the machine's", "</domain>",
	 ARGUMENTS(ARG("-fw_cfg") ARG("name=etc/boot/kernel,file=/k")),
	 "not-bound qemu-launch-argument"},
	{"loader", "</domain>", ARGUMENTS(ARG("-device") ARG("loader,file=/l,addr=0")),
	 "not-bound qemu-launch-argument"},
	{"guest-loader", "</domain>", ARGUMENTS(ARG("-device") ARG("guest-loader,addr=0")),
	 "not-bound qemu-launch-argument"},
	{"incoming", "</domain>", ARGUMENTS(ARG("-incoming") ARG("tcp:0:1")),
	 "not-bound qemu-launch-argument"},
	{"option ROM by argument", "</domain>", ARGUMENTS(ARG("-option-rom") ARG("/r")),
	 "not-bound qemu-launch-argument"},
	{"IGVM", "</domain>", ARGUMENTS(ARG("-object") ARG("igvm-cfg,id=i,file=/i")),
	 "not-bound qemu-launch-argument"},
	{"QEMU environment", "</domain>", ARGUMENTS("<q:env name='TZ' value='UTC'/>"),
	 "not-bound qemu-argument"},
	{"QEMU environment that loads code", "</domain>",
	 ARGUMENTS("<q:env name='LD_PRELOAD' value='/l.so'/>"), "not-bound qemu-launch-argument"},
	{"override", "</domain>", PAST_LIBVIRT("override", "<q:device alias='net0'/>"),
	 "not-bound qemu-argument"},
	{"option ROM by override", "</domain>",
	 PAST_LIBVIRT("override", "<q:device alias='net0'><q:frontend><q:property name='romfile' "
				  "type='string' value='/r'/></q:frontend></q:device>"),
	 "not-bound qemu-argument option-rom"},
	{"deprecation", "</domain>", PAST_LIBVIRT("deprecation", ""), "not-bound qemu-argument"},
	{"capabilities", "</domain>", PAST_LIBVIRT("capabilities", "<q:del capability='a'/>"),
	 "not-bound qemu-launch-argument"},
	{"what QEMU's driver may have one day", "</domain>", PAST_LIBVIRT("new", ""),
	 "not-bound qemu-launch-argument"},
	{"an element of another namespace", "</domain>",
	 "<n:commandline xmlns:n='urn:n'><n:arg value='-append'/></n:commandline></domain>",
	 "unknown-setting not-bound"},

	{"host-passthrough", "mode='custom' match='exact'>", "mode='host-passthrough'>",
	 "not-bound host-cpu-model"},
	{"host-model", "mode='custom' match='exact'>", "mode='host-model'>",
	 "not-bound host-cpu-model"},
	{"maximum", "mode='custom' match='exact'>", "mode='maximum'>", "not-bound host-cpu-model"},
	{"no model", "<model fallback='forbid'>EPYC-v4</model>", "", "not-bound no-cpu-model"},
	{"unknown model", "EPYC-v4", "EPYC-v44", "not-bound unknown-cpu-model"},
	{"fallback allowed", " fallback='forbid'", "", "not-bound cpu-model-may-change"},
	{"minimum match", "match='exact'", "match='minimum'", "refused-setting not-bound"},
	{"strict match", "match='exact'", "match='strict'", "refused-setting not-bound"},
	{"topology of 8", "threads='1'", "threads='2'", "not-bound cpu-topology"},
	{"topology that overflows", "sockets='1' dies='1' cores='4' threads='1'",
	 "sockets='65536' dies='65536' cores='65536' threads='65536'", "not-bound cpu-topology"},
	{"vCPUs for later", "<vcpu placement='static'>", "<vcpu current='2'>",
	 "not-bound vcpu-hotplug"},
	{"vCPUs one by one", "<os>", VCPUS("yes", "no"), "not-bound"},
	{"a vCPU that is off", "<os>", VCPUS("no", "yes"), "not-bound vcpus-differ"},
	{"a vCPU that is plugged in", "<os>", VCPUS("yes", "yes"), "not-bound vcpu-hotplug"},
	{"not all vCPUs", "<os>", "<vcpus><vcpu id='0' enabled='yes'/></vcpus><os>",
	 "not-bound vcpus-differ"},
	{"a vCPU twice", "<os>",
	 "<vcpus>" VCPU("0", "yes", "no") VCPU("0", "yes", "no") VCPU("2", "yes", "no")
		 VCPU("3", "yes", "no") "</vcpus><os>",
	 "not-bound vcpus-differ"},
	{"256 vCPUs", "static'>4<", "static'>256<", "not-bound cpu-topology too-many-vcpus"},
	{"64 MiB", "<memory unit='GiB'>4", "<memory unit='MiB'>64", "not-bound little-memory"},
	{"memory in KiB", "<memory unit='GiB'>4", "<memory>131072", "not-bound"},
	{"huge pages", "<features>", "<memoryBacking><hugepages/></memoryBacking><features>",
	 "not-bound hugepages"},
	{"a disk twice", "<devices>", "<devices><disk><source file='/d'/></disk>",
	 "not-bound disk-twice"},
	{"a disk twice, read", "<devices><disk type='file'>",
	 "<devices><disk><readonly/><source file='/d'/></disk><disk type='file'><readonly/>",
	 "not-bound"},
	{"option ROM", "<rom enabled='no'/>", "", "not-bound option-rom"},
	{"a plain root", "console=ttyS0", "console=ttyS0 root=/dev/vda1 ro",
	 "not-bound root-not-protected"},
	{"a verified root", "console=ttyS0", "root=/dev/dm-0 roothash=00", "not-bound"},
	{"a decrypted root", "console=ttyS0", "root=/dev/vda1 rd.luks.name=1", "not-bound"},
	{"a word that ends in root", "console=ttyS0", "myroot=/dev/vda1", "not-bound"},
	{"a CD-ROM", "<devices>",
	 "<devices><disk type='file' device='cdrom'><source file='/c'/></disk>",
	 "not-bound cdrom-not-measured"},
	{"a shared folder", "<devices>",
	 "<devices><filesystem type='mount'><source dir='/s'/><target dir='t'/></filesystem>",
	 "not-bound shared-folder-not-measured"},
	{"SMBIOS strings", "<os>", "<sysinfo type='smbios'/><os><smbios mode='sysinfo'/>",
	 "not-bound smbios-not-measured"},
	{"option ROM of a host device", "<devices>", "<devices><hostdev type='pci'/>",
	 "not-bound option-rom device-not-measured"},
	{"TPM", "<devices>", "<devices><tpm><backend type='emulator'/></tpm>",
	 "not-bound emulated-tpm"},
	{"guest agent", "<devices>",
	 "<devices><channel><target name='org.qemu.guest_agent.0'/></channel>",
	 "not-bound agent-in-confidential-guest"},
	{"restart", "<on_reboot>destroy", "<on_reboot>restart", "not-bound reboot-needs-qemu-11"},
	{"restart by default", "<on_reboot>destroy</on_reboot>", "",
	 "not-bound reboot-needs-qemu-11"},
};

static struct id_pair plain_pair, author_pair;

static int sign_pairs(void **state)
{
	(void)state;
	plain_pair = make_id_pair(0x30000, false);
	author_pair = make_id_pair(0x30000, true);
	return 0;
}

/* `text` with the base64 of the bytes where the mark is, if it is there. */
static char *put(char *text, const char *mark, const uint8_t *bytes, size_t size)
{
	_cleanup_(freep) char *base64 = base64_encode(bytes, size);
	char *ret;

	assert_non_null(base64);
	if (!strstr(text, mark))
		return text;
	ret = replace_once(text, mark, base64);
	free(text);
	return ret;
}

static struct launch_spec *read_domain_with(const char *before, const struct id_pair *pair)
{
	struct launch_spec *spec = NULL;
	_cleanup_(freep) char *text = strdup(before);

	assert_non_null(text);
	text = put(text, "@BLOCK@", pair->block, sizeof(pair->block));
	text = put(text, "@AUTH@", pair->auth, sizeof(pair->auth));

	assert_int_equal(domain_read("domain.xml", text_span(text), &spec, NULL), 0);
	return spec;
}

static struct launch_spec *read_domain(const char *text)
{
	return read_domain_with(text, &plain_pair);
}

static void list_findings(const struct findings *findings, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < findings->n; i++) {
		size_t n = strlen(ret);

		snprintf(ret + n, size - n, "%s%s", n ? " " : "", findings->at[i].check->name);
	}
}

static bool seen[CHECKS_MAX];

static void note_seen(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		for (size_t k = 0; check_at(k); k++)
			seen[k] |= check_at(k) == findings->at[i].check;
}

static void tell_findings(const char *name, const struct findings *findings)
{
	tell("%s:", name);
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];

		tell("  %s (%d) %u: %s", f->check->name, (int)f->severity, (unsigned int)f->line,
		     f->message);
	}
}

static void check_change(void **state)
{
	const struct change *row = *state;
	_cleanup_(freep) char *text = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct findings findings;
	char names[1024];

	if (!row->found) { /* the element goes away whole */
		_cleanup_(freep) char *end = replace_once(GOOD_DOMAIN, "</launchSecurity>", "</x>");

		text = replace_once(end, row->old, row->new);
	} else {
		text = replace_once(GOOD_DOMAIN, row->old, row->new);
	}
	spec = read_domain(text);
	checks_run(spec, NULL, &findings);
	note_seen(&findings);
	tell_findings(row->name, &findings);
	list_findings(&findings, names, sizeof(names));
	assert_string_equal(names, row->found ? row->found : "not-snp");
	for (size_t i = 0; i < findings.n; i++) {
		assert_int_not_equal(findings.at[i].message[0], '\0');
		assert_int_not_equal(findings.at[i].line, 0);
	}
}

/* The same table over vm.json. */
#define NODE(cpus, memory) "{\"cpus\":\"" cpus "\",\"memory\":\"" memory "\"}"

static const struct config {
	const char *name, *members, *found;
} configs[] = {
	{"two vCPUs", "\"cpu\":{\"count\":2}", "not-bound only-firmware-measured"},
	{"kernel", "\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\"}", "not-bound"},
	{"bound later",
	 "\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\"},"
	 "\"snp\":{\"id\":{\"key\":\"/k\"}}",
	 ""},
	{"kernel hashes off",
	 "\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\",\"kernel_hashes\":false}",
	 "not-bound kernel-not-measured"},
	{"bit 17 clear", "\"cpu\":{\"count\":2},\"snp\":{\"policy\":{\"raw\":\"0x10000\"}}",
	 "policy-reserved-bits not-bound only-firmware-measured"},
	{"debug", "\"cpu\":{\"count\":2},\"snp\":{\"policy\":{\"debug\":true}}",
	 "policy-debug not-bound only-firmware-measured"},
	{"migration agent", "\"cpu\":{\"count\":2},\"snp\":{\"policy\":{\"migrate_ma\":true}}",
	 "policy-migrate-ma not-bound only-firmware-measured"},
	{"host CPU", "\"cpu\":{\"count\":2,\"model\":\"host\"}",
	 "not-bound only-firmware-measured host-cpu-model"},
	{"host CPU that is known",
	 "\"cpu\":{\"count\":2,\"model\":\"host\",\"signature\":\"0xa10f11\"}",
	 "not-bound only-firmware-measured"},
	{"signature of another model", "\"cpu\":{\"count\":2,\"signature\":\"0xa10f11\"}",
	 "not-bound only-firmware-measured cpu-signature"},
	{"the model's own signature", "\"cpu\":{\"count\":2,\"signature\":\"0x800f12\"}",
	 "not-bound only-firmware-measured"},
	{"unknown model", "\"cpu\":{\"count\":2,\"model\":\"EPIC\"}",
	 "not-bound only-firmware-measured unknown-cpu-model"},
	{"topology", "\"cpu\":{\"count\":6,\"threads\":4}",
	 "not-bound only-firmware-measured cpu-topology"},
	{"256 vCPUs", "\"cpu\":{\"count\":256}", "not-bound only-firmware-measured too-many-vcpus"},
	{"TPM", "\"cpu\":{\"count\":2},\"tpm\":\"emulated\"",
	 "not-bound only-firmware-measured emulated-tpm"},
	{"a disk twice",
	 "\"cpu\":{\"count\":2},\"disks\":[{\"path\":\"/d\",\"format\":\"raw\"},"
	 "{\"path\":\"/d\",\"format\":\"raw\",\"readonly\":true}]",
	 "not-bound only-firmware-measured disk-twice"},
	{"restart", "\"cpu\":{\"count\":2},\"on_reboot\":\"restart\"",
	 "not-bound only-firmware-measured reboot-needs-qemu-11"},
	{"cloud-init", "\"cpu\":{\"count\":2},\"cloud_init\":{\"user_data\":\"/u\"}",
	 "not-bound only-firmware-measured cloud-init-not-measured"},
	{"CD-ROM, folder, device",
	 "\"cpu\":{\"count\":2},\"cdrom\":[{\"path\":\"/c\"}],"
	 "\"shared_folder\":[{\"path\":\"/s\",\"tag\":\"t\"}],\"vfio\":[{\"address\":\"0000:41:00.0\"}]",
	 "not-bound only-firmware-measured cdrom-not-measured shared-folder-not-measured "
	 "device-not-measured"},
	{"nodes",
	 "\"cpu\":{\"count\":2,\"pinning\":[\"0\",\"1-2\"]},\"numa\":[" NODE("0", "512M") "," NODE(
		 "1", "512M") "]",
	 "not-bound only-firmware-measured"},
	{"nodes without a vCPU", "\"cpu\":{\"count\":2},\"numa\":[" NODE("0", "1G") "]",
	 "not-bound only-firmware-measured cpu-placement"},
	{"nodes with one more", "\"cpu\":{\"count\":2},\"numa\":[" NODE("0-2", "1G") "]",
	 "not-bound only-firmware-measured cpu-placement"},
	{"nodes with one twice", "\"cpu\":{\"count\":2},\"numa\":[" NODE("0-1,1", "1G") "]",
	 "not-bound only-firmware-measured cpu-placement"},
	{"nodes backwards", "\"cpu\":{\"count\":2},\"numa\":[" NODE("1-0", "1G") "]",
	 "not-bound only-firmware-measured cpu-placement"},
	{"nodes with less memory", "\"cpu\":{\"count\":2},\"numa\":[" NODE("0-1", "512M") "]",
	 "not-bound only-firmware-measured cpu-placement"},
	{"one vCPU pinned", "\"cpu\":{\"count\":2,\"pinning\":[\"0\"]}",
	 "not-bound only-firmware-measured cpu-placement"},
	{"newline in the command line",
	 "\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\",\"cmdline\":\"a\\n\"}",
	 "not-bound cmdline-newline"},
};

static struct vm_config *read_config(const char *members)
{
	struct vm_config *config = NULL;
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"schema\":\"snp-launch/1\",\n\"name\":\"web1\",\n"
		 "\"memory\":{\"size\":\"1GiB\"},\n%s}",
		 members);
	assert_int_equal(vm_config_parse("vm.json", text_span(text), &config, NULL), 0);
	return config;
}

static void check_config(void **state)
{
	const struct config *row = *state;
	_cleanup_(vm_config_freep) struct vm_config *config = read_config(row->members);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct findings findings;
	char names[1024];

	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	checks_run(spec, NULL, &findings);
	note_seen(&findings);
	tell_findings(row->name, &findings);
	list_findings(&findings, names, sizeof(names));
	assert_string_equal(names, row->found);
}

/* What needs more than one change, or options. */
static void check_id_pairs(void **state)
{
	static const struct {
		const char *old, *new;
		bool author;
		unsigned int spoil; /* byte of the ID auth; 0: none */
		const char *found;
	} rows[] = {
		{"0x00030000", "0x00030001", false, 0, "id-block-policy"},
		{"authorKey='no'", "authorKey='yes'", false, 0, "author-key-missing"},
		{"authorKey='no'", "authorKey='yes'", true, 0, ""},
		{"authorKey='no'", "authorKey='no'", true, 0, "author-key-unused"},
		{"authorKey='no'", "authorKey='no'", false, 0x40, "invalid-id-auth"},
	};
	_cleanup_(freep) char *bound = replace_once(GOOD_DOMAIN, SECURITY_END, PAIR);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *text = replace_once(bound, rows[i].old, rows[i].new);
		_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
		struct id_pair pair = rows[i].author ? author_pair : plain_pair;
		struct findings findings;
		char names[256];

		if (rows[i].spoil)
			pair.auth[rows[i].spoil] ^= 1;
		spec = read_domain_with(text, &pair);
		checks_run(spec, NULL, &findings);
		note_seen(&findings);
		list_findings(&findings, names, sizeof(names));
		assert_string_equal(names, rows[i].found);
	}
}

/* Only libvirt 12.1 has iommufd; where its version is unknown, libvirt says so itself. */
static void check_iommufd(void **state)
{
	static const struct {
		unsigned long version;
		bool iommufd, found;
	} rows[] = {{11003000, true, true},
		    {12000000, true, true},
		    {12001000, true, false},
		    {11003000, false, false},
		    {0, true, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char members[128];
		_cleanup_(vm_config_freep) struct vm_config *config = NULL;
		_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
		const struct check_options options = {.part = CHECKS_OF_HOST,
						      .libvirt_version = rows[i].version};
		struct findings findings;

		snprintf(
			members, sizeof(members),
			"\"cpu\":{\"count\":2},\"vfio\":[{\"address\":\"0000:41:00.0\",\"iommufd\":%s}]",
			rows[i].iommufd ? "true" : "false");
		config = read_config(members);
		assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
		checks_run(spec, &options, &findings);
		note_seen(&findings);
		assert_int_equal(findings.n_errors, rows[i].found);
		if (rows[i].found)
			assert_string_equal(findings.at[findings.n - 1].check->name,
					    "iommufd-needs-libvirt");
	}
}

/* What the host lacks is found by the check of its name, and by no other; what it has, by none. */
static void check_needs(void **state)
{
	static const char *const names[] = {
		"network",	   "bridge",	    "guest-disk",   "disk-format",  "disk-in-use",
		"cloud-init-file", "shared-folder", "console-file", "tpm-emulator", "xorriso",
		"passt",	   "virtiofsd",	    "vfio-device",  "vsock",	    "guest-memory",
		"huge-pages",	   "memory-lock",   "host-cpus",    "smt",	    "asids",
	};
	_cleanup_(vm_config_freep) struct vm_config *config = read_config("\"cpu\":{\"count\":2}");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;

	(void)state;
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (unsigned int met = 0; met < 2; met++) {
			struct host_needs needs = {
				.n = 2, .at = {{names[i], true, "there"}, {names[i], met, "gone"}}};
			struct check_options options = {.part = CHECKS_OF_HOST, .needs = &needs};
			struct findings findings;

			checks_run(spec, &options, &findings);
			note_seen(&findings);
			assert_int_equal(findings.n, !met);
			if (met)
				continue;
			assert_string_equal(findings.at[0].check->name, names[i]);
			assert_string_equal(findings.at[0].message, "gone");
			assert_int_equal(check_options_set(&options, names[i], CHECK_IGNORED, NULL),
					 0);
			checks_run(spec, &options, &findings);
			assert_int_equal(findings.n, 0);
		}
}

static void check_long_cmdline(void **state)
{
	static const size_t lengths[] = {2047, 2048};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char cmdline[2049];
		_cleanup_(freep) char *text = NULL;
		_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
		struct findings findings;

		memset(cmdline, 'a', lengths[i]);
		cmdline[lengths[i]] = '\0';
		text = replace_once(GOOD_DOMAIN, "console=ttyS0", cmdline);
		spec = read_domain(text);
		checks_run(spec, NULL, &findings);
		note_seen(&findings);
		assert_int_equal(findings.n, 1 + i);
		assert_string_equal(findings.at[i].check->name, i ? "long-cmdline" : "not-bound");
	}
}

/* What is known of the files: the first of each pair QEMU 10.0 takes, the second it refuses ("could not load PC
 * BIOS", "initrd is too large, cannot support.(max: 134053887, need ...)"). */
static void check_sizes(void **state)
{
	static const struct {
		const char *old, *new;
		uint64_t firmware, initrd;
		const char *found;
		bool is_igvm;
	} rows[] = {
		{"type='rom'", "type='rom'", 4194304, 1, "not-bound", false},
		{"type='rom'", "type='rom'", 4194304, 1, "not-bound firmware-igvm", true},
		{"type='rom'", "type='rom'", 9032, 1, "not-bound firmware-igvm", true},
		{"type='rom'", "type='rom'", 4198400, 1, "not-bound firmware-size", false},
		{"type='rom'", "type='pflash'", 4198400, 1, "not-bound pflash-firmware", false},
		{"'GiB'>4", "'MiB'>128", 65536, 134053886, "not-bound", false},
		{"'GiB'>4", "'MiB'>128", 65536, 134053887, "not-bound initrd-too-large", false},
		{"'GiB'>4", "'MiB'>2815", 65536, 2951577599, "not-bound initrd-too-large", false},
		{"'GiB'>4", "'MiB'>2815", 65536, 2951577598, "not-bound", false},
		{"'GiB'>4", "'MiB'>2816", 65536, 2147319806, "not-bound", false},
		{"'GiB'>4", "'MiB'>2816", 65536, 2147319807, "not-bound initrd-too-large", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *text = replace_once(GOOD_DOMAIN, rows[i].old, rows[i].new);
		_cleanup_(launch_spec_freep) struct launch_spec *spec = read_domain(text);
		struct findings findings;
		char names[256];

		spec->firmware_size = rows[i].firmware;
		spec->initrd_size = rows[i].initrd;
		spec->firmware_is_igvm = rows[i].is_igvm;
		checks_run(spec, NULL, &findings);
		note_seen(&findings);
		list_findings(&findings, names, sizeof(names));
		assert_string_equal(names, rows[i].found);
	}
}

/* What stands in the firmware's and the kernel's file. */
static void check_files(void **state)
{
	static const struct {
		bool looked;
		enum snp_hash_verifier verifier;
		bool is_efi_loadable;
		const char *found;
	} rows[] = {
		{false, SNP_HASH_VERIFIER_ABSENT, false, "not-bound"},
		{true, SNP_HASH_VERIFIER_PRESENT, true, "not-bound"},
		{true, SNP_HASH_VERIFIER_ABSENT, true, "not-bound kernel-hashes-not-checked"},
		{true, SNP_HASH_VERIFIER_UNKNOWN, true, "not-bound kernel-hash-check-unknown"},
		{true, SNP_HASH_VERIFIER_PRESENT, false, "not-bound kernel-not-efi-loadable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(launch_spec_freep) struct launch_spec *spec = read_domain(GOOD_DOMAIN);
		struct findings findings;
		char names[256];

		spec->has_hash_verifier = spec->has_bzimage = rows[i].looked;
		spec->hash_verifier = rows[i].verifier;
		spec->bzimage.is_efi_loadable = rows[i].is_efi_loadable;
		checks_run(spec, NULL, &findings);
		note_seen(&findings);
		list_findings(&findings, names, sizeof(names));
		assert_string_equal(names, rows[i].found);
	}
}

/* A firmware that checks kernel hashes boots no disk. */
static void check_grub(void **state)
{
	static const struct {
		enum snp_hash_verifier verifier;
		bool kernel, disks, found;
	} rows[] = {
		{SNP_HASH_VERIFIER_PRESENT, false, true, true},
		{SNP_HASH_VERIFIER_PRESENT, true, true, false},
		{SNP_HASH_VERIFIER_PRESENT, false, false, false},
		{SNP_HASH_VERIFIER_ABSENT, false, true, false},
		{SNP_HASH_VERIFIER_UNKNOWN, false, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(launch_spec_freep) struct launch_spec *spec = read_domain(GOOD_DOMAIN);
		size_t n_disks = spec->n_disks;
		struct findings findings;
		char names[256];

		assert_true(n_disks > 0);
		spec->has_hash_verifier = true;
		spec->hash_verifier = rows[i].verifier;
		if (!rows[i].kernel) {
			free(spec->kernel);
			spec->kernel = NULL;
		}
		spec->n_disks = rows[i].disks ? n_disks : 0;
		checks_run(spec, NULL, &findings);
		spec->n_disks = n_disks;
		note_seen(&findings);
		list_findings(&findings, names, sizeof(names));
		assert_int_equal(strstr(names, "firmware-boots-only-grub") != NULL, rows[i].found);
		assert_null(rows[i].kernel ? NULL : strstr(names, "kernel-hash"));
	}
}

/* What is known of the host changes the answer. */
static void check_host(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = read_config(
		"\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\"},\"on_reboot\":\"restart\","
		"\"snp\":{\"policy\":{\"rapl_dis\":true},\"id\":{\"key\":\"/k\"}}");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options options = {0};
	struct findings findings;
	char names[256];

	(void)state;
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	checks_run(spec, &options, &findings);
	list_findings(&findings, names, sizeof(names));
	assert_string_equal(names, "policy-needs-kernel reboot-needs-qemu-11");
	options.qemu_version = 11000000;
	options.has_policy_bits = true;
	options.policy_bits = 0x1fffff; /* of Linux 6.18 */
	checks_run(spec, &options, &findings);
	note_seen(&findings);
	list_findings(&findings, names, sizeof(names));
	assert_string_equal(names, "policy-not-on-host");
	options.policy_bits = 0x3fbffff; /* of Linux 6.19 with new firmware: all but MIGRATE_MA */
	checks_run(spec, &options, &findings);
	assert_int_equal(findings.n, 0);
}

/* The CPU of the host has its say where it can be asked. */
static void check_host_signature(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config =
		read_config("\"cpu\":{\"count\":2,\"model\":\"host\",\"signature\":\"0xa10f11\"},"
			    "\"boot\":{\"kernel\":\"/k\"},\"snp\":{\"id\":{\"key\":\"/k\"}}");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options options = {.has_cpu_signature = true, .cpu_signature = 0xa10f11};
	struct findings findings;

	(void)state;
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	checks_run(spec, &options, &findings);
	assert_int_equal(findings.n, 0);
	options.cpu_signature = 0xa00f11;
	checks_run(spec, &options, &findings);
	note_seen(&findings);
	assert_int_equal(findings.n_errors, 1);
	assert_string_equal(findings.at[0].check->name, "host-cpu-signature");
	assert_string_equal(findings.at[0].place, "/cpu/signature");
	assert_string_equal(findings.at[0].message,
			    "the signature of this host's CPU is 0xa00f11, not 0xa10f11");
}

static void check_emulator(void **state)
{
	_cleanup_(freep) char *text =
		replace_once(GOOD_DOMAIN, "<devices>", "<devices><emulator>/wrapper</emulator>");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = read_domain(text);
	char qemu[] = "/qemu", wrapper[] = "/wrapper";
	char *none[] = {NULL}, *other[] = {qemu, NULL}, *both[] = {qemu, wrapper, NULL};
	const struct {
		char *const *emulators;
		const char *emulator;
		bool found;
	} rows[] = {
		{NULL, NULL, false}, {none, NULL, false},     {other, NULL, true},
		{other, qemu, true}, {other, wrapper, false}, {both, NULL, false},
	};

	(void)state;
	assert_string_equal(spec->emulator, wrapper);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct check_options options = {.emulators = rows[i].emulators,
						      .emulator = rows[i].emulator};
		struct findings findings;
		bool found = false;

		checks_run(spec, &options, &findings);
		note_seen(&findings);
		for (size_t k = 0; k < findings.n; k++)
			found |= strcmp(findings.at[k].check->name, "unknown-emulator") == 0;
		assert_int_equal(found, rows[i].found);
	}
}

/* What the arguments that give QEMU an IGVM file say, and what only look like them. */
#define IGVM_ARGUMENT(value) "<qemu:arg value='" value "'/>"
#define IGVM_DOMAIN(arguments)                                                                 \
	"<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>" arguments \
	"</qemu:commandline><devices>"

static void check_igvm_arguments(void **state)
{
	static const struct {
		const char *arguments;
		bool is_igvm;
	} rows[] = {
		{IGVM_ARGUMENT("-object") IGVM_ARGUMENT("igvm-cfg,id=igvm0,file=/g")
			 IGVM_ARGUMENT("-machine") IGVM_ARGUMENT("igvm-cfg=igvm0"),
		 true},
		{IGVM_ARGUMENT("-object") IGVM_ARGUMENT("igvm-cfg,id=igvm0,file=/g"), false},
		{IGVM_ARGUMENT("-object") IGVM_ARGUMENT("igvm-cfg,id=igvm0,file=/g,x=y")
			 IGVM_ARGUMENT("-machine") IGVM_ARGUMENT("igvm-cfg=igvm0"),
		 false},
		{IGVM_ARGUMENT("-object") IGVM_ARGUMENT("igvm-cfg,id=igvm1,file=/g")
			 IGVM_ARGUMENT("-machine") IGVM_ARGUMENT("igvm-cfg=igvm0"),
		 false},
		{IGVM_ARGUMENT("-object") IGVM_ARGUMENT("igvm-cfg,id=igvm0,file=/g")
			 IGVM_ARGUMENT("-machine") IGVM_ARGUMENT("igvm-cfg=igvm0,x=y"),
		 false},
		{IGVM_ARGUMENT("-machine") IGVM_ARGUMENT("igvm-cfg=igvm0") IGVM_ARGUMENT("-object")
			 IGVM_ARGUMENT("igvm-cfg,id=igvm0,file=/g"),
		 false},
	};
	const char *loader = strstr(GOOD_DOMAIN, "<loader"), *end = strstr(loader, "</loader>");
	_cleanup_(freep) char *bare = format_text("%.*s%s", (int)(loader - GOOD_DOMAIN),
						  GOOD_DOMAIN, end + strlen("</loader>"));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *with = format_text(IGVM_DOMAIN("%s"), rows[i].arguments);
		_cleanup_(freep) char *text = replace_once(bare, "<devices>", with);
		_cleanup_(launch_spec_freep) struct launch_spec *spec = read_domain(text);

		assert_int_equal(spec->is_igvm, rows[i].is_igvm);
		assert_int_equal(spec->qemu_launch_argument == NULL, rows[i].is_igvm);
		if (rows[i].is_igvm)
			assert_string_equal(spec->firmware, "/g");
		else
			assert_null(spec->firmware);
	}
}

static void check_igvm(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config =
		read_config("\"cpu\":{\"count\":2},\"igvm\":{\"path\":\"/g\"}");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	static const struct {
		bool has_policy, bound;
		uint64_t policy;
		const char *no_igvm, *found;
	} rows[] = {
		{true, false, 0x30000, NULL, "not-bound"},
		{true, true, 0x30000, NULL, ""},
		{true, true, 0xb0000, NULL, "igvm-policy"},
		{false, false, 0, NULL, "not-bound"},
		{false, true, 0, NULL, "igvm-without-policy"},
		{true, true, 0x30000, "why", "igvm-needs-qemu"},
	};

	(void)state;
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	spec->firmware_is_igvm = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct check_options options = {.no_igvm = rows[i].no_igvm};
		struct findings findings;
		char names[256];

		spec->has_igvm_policy = rows[i].has_policy;
		spec->igvm_policy = rows[i].policy;
		spec->bound_at_launch = rows[i].bound;
		checks_run(spec, &options, &findings);
		note_seen(&findings);
		list_findings(&findings, names, sizeof(names));
		assert_string_equal(names, rows[i].found);
	}
}

static void check_user(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = read_config(
		"\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\"},\"snp\":{\"user\":\"web1\"}");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	static const struct {
		bool sought, there;
		uint32_t uid, gid;
		struct check_options host;
		const char *says; /* NULL: nothing */
	} rows[] = {
		{.says = NULL}, /* measured where it is not launched */
		{.sought = true, .says = "it does not exist"},
		{.sought = true, .there = true, .uid = 7, .gid = 8},
		{.sought = true, .there = true, .uid = 7, .gid = 0},
		{.sought = true, .there = true, .uid = 0, .gid = 8, .says = "it is root"},
		{.sought = true, .there = true, .uid = 7, .host.no_users = "why", .says = "why"},
		{.sought = true, .host.no_users = "why", .says = "why"},
		{.sought = true,
		 .there = true,
		 .uid = 7,
		 .gid = 8,
		 .host = {.has_qemu_user = true, .qemu_user = 7},
		 .says = "guests without snp.user"},
		{.sought = true,
		 .there = true,
		 .uid = 7,
		 .gid = 8,
		 .host = {.has_qemu_user = true, .qemu_group = 8},
		 .says = "its group is that of all guests"},
		{.sought = true,
		 .there = true,
		 .uid = 7,
		 .gid = 8,
		 .host = {.has_qemu_user = true, .qemu_user = 8, .qemu_group = 7}},
	};

	(void)state;
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct findings findings;
		const char *says = NULL;

		spec->user_sought = rows[i].sought;
		spec->has_ids = rows[i].there;
		spec->uid = rows[i].uid;
		spec->gid = rows[i].gid;
		checks_run(spec, &rows[i].host, &findings);
		note_seen(&findings);
		for (size_t k = 0; k < findings.n; k++)
			if (strcmp(findings.at[k].check->name, "guest-user") == 0)
				says = findings.at[k].message;
		assert_int_equal(!says, !rows[i].says);
		if (says)
			assert_non_null(strstr(says, rows[i].says));
	}
}

/* What a finding says where it has several ways to say it. */
static const struct said {
	const char *name, *old, *new; /* in the good domain */
	unsigned long qemu_version;
	const char *check, *message;
} saids[] = {
	{"SMM on", "<smm state='off'/>", "<smm state='on'/>", 0, "smm",
	 "system management mode is on, which"},
	{"a secure loader", "type='rom'", "type='rom' secure='yes'", 0, "smm",
	 "a secure loader needs system management mode, which"},
	{"a variable store", "</os>", "<nvram>/n</nvram></os>", 0, "nvram",
	 "does not use and libvirt silently ignores"},
	{"a variable store of flash", "type='rom' stateless='yes'>/fw</loader>",
	 "type='pflash'>/fw</loader><nvram>/n</nvram>", 0, "nvram",
	 "a single firmware file does not use"},
	{"an initrd alone", "<kernel>/k</kernel>", "", 0, "initrd-without-kernel",
	 "initrd without a kernel"},
	{"a command line alone", "<kernel>/k</kernel><initrd>/i</initrd>", "", 0,
	 "initrd-without-kernel", "command line without a kernel"},
	{"an option ROM", "<rom enabled='no'/>", "", 0, "option-rom", "1 device has an option ROM"},
	{"two option ROMs", "<interface type='network'><rom enabled='no'/></interface>",
	 "<interface type='network'/><interface type='network'/>", 0, "option-rom",
	 "2 devices have an option ROM"},
	{"restart on an old QEMU", ">destroy<", ">restart<", 10002002, "reboot-needs-qemu-11",
	 "which this QEMU does not support"},
	{"restart on any QEMU", ">destroy<", ">restart<", 0, "reboot-needs-qemu-11",
	 "which QEMU before 11.0 does not support"},
	{"another machine", "machine='q35'", "machine='pc'", 0, "machine-not-q35",
	 "the machine is 'pc'"},
	{"no machine", " machine='q35'", "", 0, "machine-not-q35", ", so libvirt uses i440fx"},
	{"a new bit", "0x00030000", "0x00430000", 0, "policy-needs-kernel",
	 "KVM refuses a policy with "},
	{"no SMT", "0x00030000", "0x00020000", 0, "policy-needs-kernel",
	 "KVM refuses a policy without smt"},
	{"both", "0x00030000", "0x00420000", 0, "policy-needs-kernel", " and without smt"},
};

static void check_said(void **state)
{
	const struct said *row = *state;
	_cleanup_(freep) char *text = replace_once(GOOD_DOMAIN, row->old, row->new);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = read_domain(text);
	const struct check_options options = {.qemu_version = row->qemu_version};
	const char *said = NULL;
	struct findings findings;

	checks_run(spec, &options, &findings);
	note_seen(&findings);
	for (size_t i = 0; i < findings.n; i++)
		if (strcmp(findings.at[i].check->name, row->check) == 0)
			said = findings.at[i].message;
	if (!said || !strstr(said, row->message))
		fail_msg("%s: %s", row->check, said ? said : "no finding");
}

static void check_options(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = read_config(
		"\"cpu\":{\"count\":2},\"boot\":{\"kernel\":\"/k\",\"kernel_hashes\":false},"
		"\"snp\":{\"policy\":{\"debug\":true},\"id\":{\"key\":\"/k\"}}");
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct check_options options = {0};
	struct findings findings;
	struct snp_error err = {0};
	char line[1024];

	(void)state;
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	checks_run(spec, &options, &findings);
	assert_int_equal(findings.n_errors, 2);
	assert_int_equal(findings_refuse(&findings, "vm.json", &err), -SNP_E_CHECK);
	assert_string_equal(err.pointer, "/snp/policy");
	assert_string_equal(err.file, "vm.json");
	assert_non_null(strstr(err.message, "[policy-debug]"));
	finding_line(&findings.at[1], "vm.json", line, sizeof(line));
	assert_string_equal(
		line,
		"error: vm.json:4:57: /boot/kernel_hashes: there is a kernel but kernel hashes "
		"are off: the host can boot another kernel; turn kernel hashes on "
		"[kernel-not-measured]");

	options.allow_debug = true;
	assert_int_equal(check_options_set(&options, "kernel-not-measured", CHECK_IGNORED, NULL),
			 0);
	checks_run(spec, &options, &findings);
	assert_int_equal(findings.n, 1);
	assert_int_equal(findings.at[0].severity, CHECK_WARNING);
	assert_int_equal(findings_refuse(&findings, "vm.json", NULL), 0);
	assert_int_equal(check_options_set(&options, "policy-debug", CHECK_ERROR, NULL), 0);
	checks_run(spec, &options, &findings);
	assert_int_equal(findings.n_errors, 1);

	err = (struct snp_error){0};
	assert_int_equal(check_options_set(&options, "kernel-not-mesured", CHECK_ERROR, &err),
			 -SNP_E_USAGE);
	assert_non_null(strstr(err.message, "kernel-not-measured"));
}

/* A check that guards the digest can be made neither a warning nor silent. */
static void check_fixed(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; check_at(i); i++) {
		const struct check *check = check_at(i);
		struct check_options options = {0};

		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(check_at(k)->name, check->name);
		assert_true(check->pointer || check->xpath);
		assert_int_equal(check_options_set(&options, check->name, CHECK_ERROR, NULL), 0);
		assert_int_equal(check_options_set(&options, check->name, CHECK_WARNING, NULL),
				 check->fixed ? -SNP_E_USAGE : 0);
		assert_int_equal(check_options_set(&options, check->name, CHECK_IGNORED, NULL),
				 check->fixed ? -SNP_E_USAGE : 0);
		if (check->fixed)
			assert_int_equal(check->severity, CHECK_ERROR);
		n += check->fixed;
	}
	assert_int_not_equal(n, 0);
}

/* Runs last: each check was found by some row, so none can be deleted unnoticed. */
static void check_all_seen(void **state)
{
	(void)state;
	assert_null(check_at(CHECKS_MAX)); /* options and findings have room for each */
	for (size_t i = 0; check_at(i); i++)
		if (!seen[i])
			fail_msg("no row finds %s", check_at(i)->name);
}

/* The table: what each check is worth, where it looks, and how it is mended. */
static void the_table(void **state)
{
	(void)state;
	for (size_t i = 0; check_at(i); i++) {
		const struct check *c = check_at(i);

		tell("%s: %d%s%s %s %s: %s", c->name, (int)c->severity, c->fixed ? " fixed" : "",
		     c->asks_host ? " host" : "", c->pointer ? c->pointer : "-",
		     c->xpath ? c->xpath : "-", c->cure);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("checks");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX];
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(check_id_pairs), cmocka_unit_test(check_long_cmdline),
		cmocka_unit_test(check_iommufd),  cmocka_unit_test(check_needs),
		cmocka_unit_test(check_grub),	  cmocka_unit_test(check_sizes),
		cmocka_unit_test(check_host),	  cmocka_unit_test(check_sizes),
		cmocka_unit_test(check_files),	  cmocka_unit_test(check_host_signature),
		cmocka_unit_test(check_options),  cmocka_unit_test(check_fixed),
		cmocka_unit_test(check_emulator), cmocka_unit_test(check_user),
		cmocka_unit_test(check_igvm),	  cmocka_unit_test(check_igvm_arguments),
		cmocka_unit_test(check_all_seen),
	};
	size_t n = 0;

	ADD_ROWS(tests, n, check_change, changes);
	ADD_ROWS(tests, n, check_config, configs);
	ADD_ROWS(tests, n, check_said, saids);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		tests[n++] = others[i];
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_table);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return _cmocka_run_group_tests("checks", tests, n, sign_pairs, NULL);
}
