// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/memory.h>
#include <snp/sha.h>

#include "domain/domain_read.h"
#include "domain_text.h"
#include "guest/binding.h"
#include "guest/boot_file.h"
#include "guest/drift.h"

/*
 * What start refuses and diff shows: libvirt's definition, its metadata and the copies, each changed in one
 * thing. The definition is one of libvirt's test driver, which keeps it as QEMU's does.
 */
#define DIGEST                                         \
	"798604a371eb59ac3577b41c00c63793678b6fe7895c" \
	"807feaa30fb0cdbcff205ef09de60c5a191cff18bc7fa13a1bbe"
#define SHA_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SHA_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static const char record_text[] =
	"{\"schema\": \"snp-launch-record/2\","
	" \"tool\": {\"name\": \"snp-launch\", \"version\": \"0.2.0\"},"
	" \"name\": \"web1\", \"uuid\": \"9df77f02-4e40-4dd4-9308-c438bf0730f1\","
	" \"uri\": \"test:///default\", \"state\": \"defined\", \"created\": \"2026-11-21T18:51:55Z\","
	" \"remote\": false,"
	" \"boot\": {\"firmware\": {\"source\": \"/f\", \"path\": \"/b/firmware\", \"size\": 4096,"
	" \"sha256\": \"" SHA_A "\"},"
	" \"kernel\": {\"source\": \"/k\", \"path\": \"/b/kernel\", \"size\": 1,"
	" \"sha256\": \"" SHA_B "\"},"
	" \"initrd\": {\"source\": \"/i\", \"path\": \"/b/initrd\", \"size\": 1,"
	" \"sha256\": \"" SHA_A "\"}},"
	" \"cmdline\": \"console=ttyS0\", \"kernel_hashes\": true,"
	" \"vmm_profile\": \"qemu\", \"vcpu_count\": 2, \"cpu_model\": \"EPYC-v4\","
	" \"cpu_signature\": \"0x800f12\", \"guest_features\": \"0x1\", \"policy\": \"0x30000\","
	" \"vcek\": true, \"guest_visible_workarounds\": \"00000000000000000000000000000000\","
	" \"host_data\": \"0000000000000000000000000000000000000000000000000000000000000000\","
	" \"launch_digest\": \"" DIGEST "\","
	" \"qemu\": {\"emulator\": \"/qemu\", \"security_labels\": \"static dac does not relabel +1:+1\","
	" \"option_roms\": 0, \"guest_agent\": false, \"tpm\": false}}";

static const char domain_text[] =
	"<domain type='kvm'><name>web1</name><uuid>9df77f02-4e40-4dd4-9308-c438bf0730f1</uuid>\n"
	"<metadata><snp:launch xmlns:snp='urn:snp-launch:1'>\n"
	"<snp:digest>" DIGEST "</snp:digest><snp:policy>0x00030000</snp:policy>\n"
	"<snp:input name='firmware' size='4096' sha256='" SHA_A "'/>\n"
	"<snp:input name='kernel' size='1' sha256='" SHA_B "'/>\n"
	"<snp:input name='initrd' size='1' sha256='" SHA_A "'/>\n"
	"<snp:input name='cmdline' size='13'"
	" sha256='eb2cdfb0d3b56f2a0c1d40bc5ed3d5c4ad6e2ca7b17e1b7e4b1d2bf0c1b7f6a5'/>\n"
	"</snp:launch></metadata>\n"
	"<memory unit='MiB'>512</memory><vcpu>2</vcpu>\n"
	"<os><type arch='x86_64' machine='q35'>hvm</type>\n"
	"<loader type='rom' stateless='yes'>/b/firmware</loader>\n"
	"<kernel>/b/kernel</kernel><initrd>/b/initrd</initrd><cmdline>console=ttyS0</cmdline></os>\n"
	"<features><acpi/><smm state='off'/></features>\n"
	"<cpu mode='custom' match='exact'><model fallback='forbid'>EPYC-v4</model></cpu>\n"
	"<on_reboot>destroy</on_reboot>\n"
	"<devices><emulator>/qemu</emulator><interface type='user'><rom enabled='no'/></interface>\n"
	"</devices>\n"
	"<launchSecurity type='sev-snp' kernelHashes='yes' authorKey='no' vcek='yes'>\n"
	"<policy>0x00030000</policy></launchSecurity>\n"
	"<seclabel type='static' model='dac' relabel='no'><label>+1:+1</label></seclabel>\n"
	"</domain>\n";

static struct guest_record *read_record(const char *text)
{
	struct guest_record *record;
	struct snp_error err;

	if (record_parse("record.json", text_span(text), &record, &err) < 0)
		fail_msg("%s", err.message);
	return record;
}

/* The command line's SHA-256 is that of the text. */
static char *good_domain(void)
{
	static const char cmdline[] = "console=ttyS0";
	uint8_t sha256[SNP_SHA256_SIZE];
	char hex[2 * SNP_SHA256_SIZE + 1];

	assert_int_equal(sha256_of(text_span(cmdline), sha256, NULL), 0);
	for (size_t i = 0; i < sizeof(sha256); i++)
		snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
	return replace_once(domain_text,
			    "eb2cdfb0d3b56f2a0c1d40bc5ed3d5c4ad6e2ca7b17e1b7e4b1d2bf0c1b7f6a5",
			    hex);
}

static void list(const struct differences *d, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < d->n; i++) {
		size_t n = strlen(ret);

		snprintf(ret + n, size - n, "%s%s", n ? ", " : "", d->at[i].what);
	}
}

/* One change of the domain, and what then differs. */
static const struct change {
	const char *name, *old, *new, *found;
} changes[] = {
	{"nothing", "<acpi/>", "<acpi/>", ""},
	{"renamed", "<name>web1", "<name>web2", ""},
	{"memory", "'MiB'>512", "'MiB'>1024", ""},
	{"a device", "</devices>", "<watchdog model='itco'/></devices>", ""},
	{"firmware's path", "/b/firmware<", "/b/other<", "firmware"},
	{"kernel's path", "/b/kernel<", "/b/other<", "kernel"},
	{"initrd's path", "/b/initrd<", "/b/other<", "initrd"},
	{"no initrd", "<initrd>/b/initrd</initrd>", "", "initrd"},
	{"command line", ">console=ttyS0<", ">console=ttyS1<", "command line"},
	{"no command line", "<cmdline>console=ttyS0</cmdline>", "", "command line"},
	{"kernel hashes", "kernelHashes='yes'", "kernelHashes='no'", "kernel hashes"},
	{"machine", "machine='q35'", "machine='pc'", "machine"},
	{"vCPUs", "<vcpu>2", "<vcpu>3", "vCPUs"},
	{"CPU model", ">EPYC-v4<", ">EPYC-v3<", "CPU model"},
	{"CPU fallback", " fallback='forbid'", "", "CPU fallback"},
	{"match", "match='exact'", "match='minimum'", "refused-setting"},
	{"the host's CPU",
	 "<cpu mode='custom' match='exact'><model fallback='forbid'>EPYC-v4</model>",
	 "<cpu mode='host-passthrough'>", "CPU model, CPU signature"},
	{"emulator", ">/qemu<", ">/wrapper<", "emulator"},
	{"no emulator", "<emulator>/qemu</emulator>", "", "emulator"},
	{"QEMU's user", "+1:+1", "+0:+0", "security labels"},
	{"relabelling", " relabel='no'", " relabel='yes'", "security labels"},
	{"no label",
	 "<seclabel type='static' model='dac' relabel='no'><label>+1:+1</label></seclabel>", "",
	 "security labels"},
	{"libvirt's own label", "<seclabel ",
	 "<seclabel type='dynamic' model='selinux'/><seclabel ", ""},
	{"an option ROM", "<rom enabled='no'/>", "", "option ROMs"},
	{"a guest agent", "</devices>",
	 "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
	 "</devices>",
	 "guest agent"},
	{"a TPM", "</devices>", "<tpm><backend type='emulator'/></tpm></devices>", "TPM"},
	{"policy", "<policy>0x00030000", "<policy>0x000b0000", "policy"},
	{"VCEK", "vcek='yes'", "vcek='no'", "VCEK"},
	{"host data", "</launchSecurity>",
	 "<hostData>AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</hostData></launchSecurity>",
	 "host data"},
	{"author key", "authorKey='no'", "authorKey='yes'", "author key, author-key-missing"},
	{"no launch security", " type='sev-snp'", " type='sev'",
	 "kernel hashes, launch security, policy, not-snp"},
	{"a shim", "<cmdline>", "<shim>/s</shim><cmdline>", "shim"},
	{"flash", "type='rom'", "type='pflash'", "pflash-firmware"},
	{"an element that nobody knows", "<acpi/>", "<sponge/>", "unknown-setting"},
	{"digest in the metadata", "<snp:digest>7", "<snp:digest>8", "metadata"},
	{"policy in the metadata", "snp:policy>0x0003", "snp:policy>0x000b", "metadata"},
	{"firmware in the metadata", "name='firmware' size='4096' sha256='0",
	 "name='firmware' size='4096' sha256='1", "metadata"},
	{"kernel in the metadata", "name='kernel' size='1' sha256='f",
	 "name='kernel' size='1' sha256='e", "metadata"},
	{"no initrd in the metadata", "name='initrd'", "name='other'", "metadata"},
	{"command line in the metadata", "name='cmdline' size='13' sha256='",
	 "name='cmdline' size='13' sha256='00' not='", "metadata"},
	{"another command line in the metadata", "name='cmdline' size='13' sha256='2b98586d",
	 "name='cmdline' size='13' sha256='2b985860", "metadata"},
	{"no command line in the metadata", "name='cmdline'", "name='other'", "metadata"},
	{"damaged metadata", "</snp:digest>", "0</snp:digest>", "metadata"},
	{"no metadata", "<snp:launch xmlns:snp='urn:snp-launch:1'>",
	 "<snp:launch xmlns:snp='urn:snp-launch:2'>", "metadata"},
};

static struct hypervisor host = {.has_cpu_signature = true, .cpu_signature = 0xa00f11};

/* By the XML itself, as libvirt's drivers drop what they do not know. */
static void check_change(void **state)
{
	const struct change *row = *state;
	_cleanup_(record_freep) struct guest_record *record = read_record(record_text);
	_cleanup_(freep) char *good = good_domain(), *text = NULL;
	struct differences d = {0};
	struct snp_error err = {0};
	char found[512];

	text = replace_once(good, row->old, row->new);
	if (guest_drift(record, text, &host, &d, &err) < 0)
		fail_msg("%s", err.message);
	list(&d, found, sizeof(found));
	assert_string_equal(found, row->found);
}

/* Which program may launch a guest whose record does not say, and which CPU the host has. */
static void check_host(void **state)
{
	_cleanup_(freep) char *good = good_domain(),
			      *none = replace_once(record_text, "\"emulator\": \"/qemu\",", ""),
			      *old = replace_once(
				      record_text,
				      ", \"qemu\": {\"emulator\": \"/qemu\", \"security_labels\": "
				      "\"static dac does not relabel +1:+1\", \"option_roms\": 0, "
				      "\"guest_agent\": false, \"tpm\": false}",
				      ""),
			      *model = replace_once(record_text, "\"EPYC-v4\"", "\"host\""),
			      *cpu = replace_once(good,
						  "<cpu mode='custom' match='exact'><model "
						  "fallback='forbid'>EPYC-v4</model>",
						  "<cpu mode='host-passthrough'>"),
			      *labels = replace_once(good, "+1:+1", "+0:+0");
	char qemu[] = "/qemu", other[] = "/other";
	const struct row {
		const char *record, *domain;
		struct hypervisor host;
		const char *found;
	} rows[] = {
		{none, good, {.emulators = {other}}, "emulator"},
		{none, good, {.emulators = {other, qemu}}, ""},
		{none, good, {.emulators = {NULL}}, ""},
		{old, good, {.emulators = {other}}, "emulator"},
		{old, labels, {.emulators = {qemu}}, ""},
		{record_text, good, {.emulators = {other}}, ""},
		{model, cpu, {.has_cpu_signature = true, .cpu_signature = 0x800f12}, ""},
		{model, cpu, {.has_cpu_signature = true, .cpu_signature = 1}, "CPU signature"},
		{model, cpu, {.cpu_signature = 1}, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(record_freep) struct guest_record *record = read_record(rows[i].record);
		struct differences d = {0};
		char found[512];

		assert_int_equal(guest_drift(record, rows[i].domain, &rows[i].host, &d, NULL), 0);
		list(&d, found, sizeof(found));
		assert_string_equal(found, rows[i].found);
	}
}

/* A vm.json that was edited since, and its files: what `diff FILE` shows. */
static const char edited_json[] =
	"{\"schema\": \"snp-launch/1\", \"name\": \"web1\", \"firmware\": {\"path\": \"/f\"},"
	" \"boot\": {\"kernel\": \"/k\", \"initrd\": \"/i\", \"cmdline\": \"console=ttyS0\"},"
	" \"cpu\": {\"count\": 2}, \"memory\": {\"size\": \"512MiB\"},"
	" \"snp\": {\"host_data\": "
	"\"0000000000000000000000000000000000000000000000000000000000000000\"}}";

static const struct edited {
	const char *name, *old, *new;
	unsigned int other,
		absent;		/* boot files, as bits: with another SHA-256, or not there now */
	bool signature, digest; /* another CPU signature or launch digest was measured */
	const char *found;
} editeds[] = {
	{"as created", "\"web1\"", "\"web1\"", 0, 0, false, false, ""},
	{"more memory", "512MiB", "1GiB", 0, 0, false, false, ""},
	{"another firmware", "/f", "/g", 1u << BOOT_FIRMWARE, 0, false, true,
	 "firmware, launch digest"},
	{"the same firmware elsewhere", "/f", "/g", 0, 0, false, false, ""},
	{"another kernel", "/k", "/l", 1u << BOOT_KERNEL, 0, false, true, "kernel, launch digest"},
	{"all others", "/k", "/l", 7, 0, false, true, "firmware, kernel, initrd, launch digest"},
	{"no initrd", "\"initrd\": \"/i\", ", "", 0, 1u << BOOT_INITRD, false, true,
	 "initrd, launch digest"},
	{"another command line", "ttyS0", "ttyS1", 0, 0, false, true,
	 "command line, launch digest"},
	{"more vCPUs", "\"count\": 2", "\"count\": 3", 0, 0, false, true, "vCPUs, launch digest"},
	{"another model", "\"count\": 2", "\"count\": 2, \"model\": \"EPYC-Rome\"", 0, 0, true,
	 true, "CPU model, CPU signature, launch digest"},
	{"another policy", "\"snp\": {", "\"snp\": {\"policy\": {\"smt\": false}, ", 0, 0, false,
	 false, "policy"},
	{"other host data", "\"0000", "\"1000", 0, 0, false, false, "host data"},
	{"a user of its own", "\"snp\": {", "\"snp\": {\"user\": \"web1\", ", 0, 0, false, false,
	 "user"},
};

static void check_edited(void **state)
{
	const struct edited *row = *state;
	_cleanup_(record_freep) struct guest_record *record = read_record(record_text);
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	_cleanup_(freep) char *text = replace_once(edited_json, row->old, row->new);
	struct guest_measurement measured = {.vcpus = record->vcpus};
	struct boot_file boot[BOOT_PARTS];
	struct differences d = {0};
	struct snp_error err = {0};
	char found[512];

	memcpy(measured.launch_digest, record->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	measured.launch_digest[47] ^= row->digest;
	measured.vcpus.signature ^= row->signature;
	memcpy(boot, record->boot, sizeof(boot));
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		boot[i].sha256[SNP_SHA256_SIZE - 1] ^= row->other >> i & 1;
		if (row->absent >> i & 1)
			boot[i] = (struct boot_file){0};
	}
	if (vm_config_parse("vm.json", text_span(text), &config, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(launch_spec_from_config(config, &spec, NULL), 0);
	memcpy(spec->host_data, config->host_data, sizeof(spec->host_data));
	assert_int_equal(guest_drift_measured(record, spec, boot, &measured, &d, &err), 0);
	list(&d, found, sizeof(found));
	assert_string_equal(found, row->found);
}

static char folder[] = "/tmp/snp-test-drift-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write(path, text_span(text), 0644, true, NULL), 0);
}

/* A record of the three copies as they are. */
static struct guest_record *record_copies(void)
{
	struct guest_record *record = read_record(record_text);
	char path[128];

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		write_file(boot_part_names[i], boot_part_names[i]);
		snprintf(path, sizeof(path), "%s/%s", folder, boot_part_names[i]);
		boot_file_done(&record->boot[i]);
		assert_int_equal(
			boot_file_hash((enum boot_part)i, path, path, NULL, &record->boot[i], NULL),
			0);
	}
	return record;
}

/* A copy that changes, grows, goes or becomes something else, whichever it is. */
static void check_copies(void **state)
{
	enum {
		SAME,
		LONGER,
		OTHER,
		EMPTY,
		FOLDER,
		GONE,
		N
	};

	(void)state;
	for (unsigned int i = 0; i < BOOT_PARTS * N; i++) {
		const unsigned int part = i / N, now = i % N;
		_cleanup_(record_freep) struct guest_record *record = record_copies();
		const char *name = boot_part_names[part], *path = record->boot[part].path;
		_cleanup_(freep) char *longer = format_text("%s%s", name, name);
		const char *const texts[] = {name, longer, "other", ""};
		struct differences d = {0};
		struct snp_error err = {0};

		assert_int_equal(boot_files_verify(record, &err), 0);
		assert_int_equal(unlink(path), 0);
		if (now < ARRAY_SIZE(texts))
			write_file(name, texts[now]);
		else if (now == FOLDER)
			assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(boot_files_verify(record, &err), now == SAME ? 0 : -SNP_E_DRIFT);
		assert_int_equal(guest_drift_boot(record, &d, NULL), 0);
		assert_int_equal(d.n, now != SAME);
		if (now != SAME) {
			assert_non_null(
				strstr(err.message, now == GONE ? "is gone" : "has changed"));
			assert_non_null(strstr(err.message, name));
			assert_string_equal(err.file, path);
			assert_string_equal(d.at[0].what, "file");
			assert_string_equal(d.at[0].asked, path);
		}
		/* A remote host's files are not here. */
		record->remote = true;
		assert_int_equal(boot_files_verify(record, &err), 0);
		remove(path);
	}
}

/* New copies are of what was measured, each onto an inode of its own, or are refused. */
static void copies_are_copied(void **state)
{
	_cleanup_(record_freep) struct guest_record *record = record_copies();
	_cleanup_(freep) char *next = format_text("%s/next", folder);
	struct snp_error err = {0};
	char path[128];

	(void)state;
	assert_int_equal(mkdir(next, 0755), 0);
	assert_int_equal(boot_files_copy(record, next, &err), 0);
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		struct boot_file copy;

		snprintf(path, sizeof(path), "%s/%s", next, boot_part_names[i]);
		assert_int_equal(boot_file_hash((enum boot_part)i, path, path, NULL, &copy, NULL),
				 0);
		assert_memory_equal(copy.sha256, record->boot[i].sha256, SNP_SHA256_SIZE);
		boot_file_done(&copy);
	}
	/* What is there already is not written to. */
	assert_int_equal(boot_files_copy(record, next, &err), -SNP_E_WRITE);
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		for (unsigned int j = 0; j < BOOT_PARTS; j++) {
			snprintf(path, sizeof(path), "%s/%s", next, boot_part_names[j]);
			unlink(path);
		}
		write_file(boot_part_names[i], "another");
		assert_int_equal(boot_files_copy(record, next, &err), -SNP_E_DRIFT);
		assert_non_null(strstr(err.message, boot_part_names[i]));
		write_file(boot_part_names[i], boot_part_names[i]);
	}
	for (unsigned int j = 0; j < BOOT_PARTS; j++) {
		snprintf(path, sizeof(path), "%s/%s", next, boot_part_names[j]);
		unlink(path);
	}
	assert_int_equal(rmdir(next), 0);
}

/* A copy that cannot be looked at has neither changed nor gone. */
static void a_copy_that_cannot_be_opened_is_a_failure(void **state)
{
	_cleanup_(record_freep) struct guest_record *record = record_copies();
	_cleanup_(freep) char *below = format_text("%s/kernel", record->boot[BOOT_FIRMWARE].path),
			      *path = record->boot[BOOT_KERNEL].path;
	struct differences d = {0};
	struct snp_error err = {0};

	(void)state;
	record->boot[BOOT_KERNEL].path = below;
	assert_int_equal(boot_files_verify(record, &err), -SNP_E_OPEN);
	assert_string_equal(err.file, below);
	assert_int_equal(guest_drift_boot(record, &d, &err), -SNP_E_OPEN);
	assert_int_equal(d.n, 0);
	record->boot[BOOT_KERNEL].path = TAKE_PTR(path);
}

/* What --expect and snp.measurement demand. */
static void check_demanded(void **state)
{
	_cleanup_(record_freep) struct guest_record *record = read_record(record_text);
	struct guest_measurement measured = {0};
	struct vm_config config = {.cpu_model = record->vcpus.model};
	const struct measured_guest guest = {&config, &measured, record->boot, NULL};
	uint8_t right[SNP_LAUNCH_DIGEST_SIZE], wrong[SNP_LAUNCH_DIGEST_SIZE];
	char path[128], bad[] = DIGEST;

	(void)state;
	memcpy(measured.launch_digest, record->launch_digest, sizeof(measured.launch_digest));
	memcpy(right, record->launch_digest, sizeof(right));
	memcpy(wrong, right, sizeof(wrong));
	wrong[SNP_LAUNCH_DIGEST_SIZE - 1] ^= 1;
	assert_int_equal(guest_expect(&guest, NULL, NULL), 0);
	assert_int_equal(guest_expect(&guest, right, NULL), 0);
	assert_int_equal(guest_expect(&guest, wrong, NULL), -SNP_E_DIGEST_DIFFERS);
	config.measurement_kind = VM_MEASUREMENT_BYTES;
	memcpy(config.measurement, right, sizeof(right));
	assert_int_equal(guest_expect(&guest, NULL, NULL), 0);
	assert_int_equal(guest_expect(&guest, wrong, NULL), -SNP_E_DIGEST_DIFFERS);
	memcpy(config.measurement, wrong, sizeof(wrong));
	assert_int_equal(guest_expect(&guest, NULL, NULL), -SNP_E_DIGEST_DIFFERS);
	assert_int_equal(guest_expect(&guest, right, NULL), -SNP_E_DIGEST_DIFFERS);
	config.measurement_kind = VM_MEASUREMENT_IN_FILE;
	config.measurement_path = path;
	snprintf(path, sizeof(path), "%s/digest", folder);
	write_file("digest", DIGEST "\n");
	assert_int_equal(guest_expect(&guest, NULL, NULL), 0);
	bad[0] ^= 1;
	write_file("digest", bad);
	assert_int_equal(guest_expect(&guest, NULL, NULL), -SNP_E_DIGEST_DIFFERS);
	unlink(path);
	assert_true(guest_expect(&guest, NULL, NULL) < 0);
}

static virDomainPtr define(virConnectPtr connection, const char *text)
{
	virDomainPtr domain = virDomainDefineXML(connection, text);

	assert_non_null(domain);
	return domain;
}

/* libvirt's own definition: what would start next is refused, and shown with what runs. */
static void check_definition(void **state)
{
	_cleanup_(hypervisor_close) struct hypervisor test = {0};
	_cleanup_(record_freep) struct guest_record *record = record_copies();
	_cleanup_(freep) char *bare = good_domain(), *good = NULL, *other = NULL;
	struct differences d = {0};
	struct domain_record metadata;
	struct snp_error err = {0};
	virDomainPtr domain;
	char found[512];
	bool there;

	(void)state;
	assert_int_equal(hypervisor_open("test:///default", &test, NULL), 0);
	good = strdup(bare);
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		_cleanup_(freep) char *was = format_text(">/b/%s<", boot_part_names[i]),
				      *is = format_text(">%s<", record->boot[i].path),
				      *before = TAKE_PTR(good);
		good = replace_once(before, was, is);
	}
	/* The metadata are of other files. */
	domain = define(test.connection, good);
	assert_int_equal(guest_drift_refuse(record, domain, &test, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "metadata: recorded firmware, found another"));
	virDomainFree(domain);
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		_cleanup_(record_freep) struct guest_record *as_text = read_record(record_text);

		memcpy(record->boot[i].sha256, as_text->boot[i].sha256, SNP_SHA256_SIZE);
	}
	domain = define(test.connection, good);
	assert_int_equal(guest_drift_refuse(record, domain, &test, &err), 0);
	assert_int_equal(virDomainCreate(domain), 0);
	other = replace_once(good, ">console=ttyS0<", ">console=ttyS1<");
	virDomainFree(domain);
	domain = define(test.connection, other);
	assert_int_equal(guest_drift_refuse(record, domain, &test, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "found console=ttyS1"));
	assert_non_null(
		strstr(err.message, "see snp-launch diff web1, then apply its vm.json, or create"));
	/* The copies are not those of the record either. */
	assert_int_equal(guest_drift_all(record, domain, &test, &d, &err), 0);
	list(&d, found, sizeof(found));
	assert_string_equal(found, "command line, file");
	assert_string_equal(d.at[0].found, "console=ttyS1 at the next start");
	assert_int_equal(virDomainDestroy(domain), 0);
	d = (struct differences){0};
	assert_int_equal(guest_drift_all(record, domain, &test, &d, &err), 0);
	assert_string_equal(d.at[0].found, "console=ttyS1");
	/* What libvirt no longer has cannot be held against anything. */
	assert_int_equal(virDomainUndefine(domain), 0);
	assert_true(guest_drift_refuse(record, domain, &test, &err) < 0);
	assert_true(guest_drift_all(record, domain, &test, &d, &err) < 0);
	assert_true(guest_record_domain(record, domain, &test, &err) < 0);
	assert_true(metadata_read(domain, &metadata, &there, &err) < 0);
	assert_non_null(strstr(err.message, "cannot read the guest's domain"));
	virDomainFree(domain);
}

/* What libvirt made of a new guest goes into its record, unless another than a listed emulator launches it, or its
 * CPU is another. */
static void check_recorded(void **state)
{
	_cleanup_(hypervisor_close) struct hypervisor test = {0};
	_cleanup_(record_freep) struct guest_record *record = read_record(record_text);
	_cleanup_(freep) char *good = good_domain();
	char qemu[] = "/qemu", other[] = "/other";
	struct hypervisor lists = {.emulators = {other}};
	struct snp_error err = {0};
	virDomainPtr domain;

	(void)state;
	free(record->emulator);
	free(record->security_labels);
	record->emulator = record->security_labels = NULL;
	record->has_qemu = false;
	assert_int_equal(hypervisor_open("test:///default", &test, NULL), 0);
	domain = define(test.connection, good);
	assert_int_equal(guest_record_domain(record, domain, &lists, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "emulator"));
	assert_false(record->has_qemu);
	lists.emulators[1] = qemu;
	record->vcpus.count++;
	assert_int_equal(guest_record_domain(record, domain, &lists, &err), -SNP_E_DRIFT);
	assert_non_null(strstr(err.message, "vCPUs"));
	assert_false(record->has_qemu);
	record->vcpus.count--;
	assert_int_equal(guest_record_domain(record, domain, &lists, &err), 0);
	assert_true(record->has_qemu);
	assert_string_equal(record->emulator, "/qemu");
	assert_non_null(strstr(record->security_labels, "+1:+1"));
	assert_int_equal(record->option_roms, 0);
	assert_false(record->guest_agent || record->tpm);
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[128];

	(void)state;
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, boot_part_names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_host),
		cmocka_unit_test(check_copies),
		cmocka_unit_test(copies_are_copied),
		cmocka_unit_test(a_copy_that_cannot_be_opened_is_a_failure),
		cmocka_unit_test(check_demanded),
		cmocka_unit_test(check_definition),
		cmocka_unit_test(check_recorded),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_change, changes);
	ADD_ROWS(tests, n, check_edited, editeds);
	return _cmocka_run_group_tests("drift", tests, n, make_folder, remove_folder);
}
