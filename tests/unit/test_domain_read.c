// SPDX-License-Identifier: Apache-2.0
#include "no_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/memory.h>

#include "config/checks.h"
#include "config/difference.h"
#include "domain/domain_read.h"
#include "domain/xml_document.h"
#include "domain_text.h"
#include "told.h"

static int read_text(const char *text, size_t size, struct launch_spec **ret, struct snp_error *err)
{
	char *exact = malloc(size ? size : 1); /* so that ASan sees one byte too far */
	int r;

	assert_non_null(exact);
	memcpy(exact, text, size);
	r = domain_read("domain.xml", (struct snp_span){(uint8_t *)exact, size}, ret, err);
	free(exact);
	return r;
}

static void check_good(void **state)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;

	(void)state;
	assert_int_equal(read_text(GOOD_DOMAIN, strlen(GOOD_DOMAIN), &spec, NULL), 0);
	assert_string_equal(spec->name, "web1");
	assert_null(spec->uuid);
	assert_string_equal(spec->domain_type, "kvm");
	assert_string_equal(spec->machine, "q35");
	assert_string_equal(spec->security_type, "sev-snp");
	assert_true(spec->has_policy && spec->policy == 0x30000);
	assert_int_equal(spec->kernel_hashes, SPEC_ON);
	assert_int_equal(spec->author_key, SPEC_OFF);
	assert_string_equal(spec->firmware, "/fw");
	assert_string_equal(spec->cmdline, "console=ttyS0");
	assert_int_equal(spec->vcpus.count, 4);
	assert_int_equal(spec->vcpu_maximum, 4);
	assert_int_equal(spec->cpu_mode, SPEC_CPU_CUSTOM);
	assert_string_equal(spec->vcpus.model, "EPYC-v4");
	assert_false(spec->cpu_may_change);
	assert_int_equal(spec->cpu_cores, 4);
	assert_int_equal(spec->cpu_clusters, 1);
	assert_true(spec->memory_kib == 4u << 20);
	assert_int_equal(spec->n_disks, 1);
	assert_string_equal(spec->disks[0].path, "/d");
	assert_string_equal(spec->on_reboot, "destroy");
}

/* One thing changed, and how the text is then refused. */
static const struct mangle {
	const char *name, *old, *new;
	int status;
	uint32_t line; /* 0: not said */
} mangles[] = {
	{"not closed", "</domain>", "", -SNP_E_XML_SYNTAX, 17},
	{"closed by another", "</cpu>", "</vcpu>", -SNP_E_XML_SYNTAX, 10},
	{"attribute twice", "<loader type='rom'", "<loader type='rom' type='pflash'",
	 -SNP_E_XML_SYNTAX, 6},
	{"unknown entity", "console=ttyS0", "&a;", -SNP_E_XML_SYNTAX, 7},
	{"control character", "console=ttyS0", "a\x01", -SNP_E_XML_SYNTAX, 7},
	{"control character by number", "console=ttyS0", "&#1;", -SNP_E_XML_SYNTAX, 7},
	{"not UTF-8", "console=ttyS0", "\xff", -SNP_E_XML_SYNTAX, 7},
	{"text after the end", "</domain>\n", "</domain>x", -SNP_E_XML_SYNTAX, 16},
	{"document type", "<domain type", "<!DOCTYPE domain><domain type", -SNP_E_XML_SYNTAX, 1},
	{"external entity", "<domain type",
	 "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain type", -SNP_E_XML_SYNTAX,
	 1},
	{"vCPUs in words", "static'>4", "static'>four", -SNP_E_BAD_DOMAIN, 0},
	{"vCPUs over 32 bits", "static'>4", "static'>4294967296", -SNP_E_BAD_DOMAIN, 0},
	{"vCPUs negative", "static'>4", "static'>-4", -SNP_E_BAD_DOMAIN, 0},
	{"vCPUs with blanks", "static'>4", "static'> 4 ", 0, 0},
	{"no vCPU text", "static'>4", "static'>", -SNP_E_BAD_DOMAIN, 0},
	{"topology in words", "cores='4'", "cores='four'", -SNP_E_BAD_DOMAIN, 0},
	{"memory in words", "'GiB'>4", "'GiB'>four", -SNP_E_BAD_DOMAIN, 0},
	{"memory of unknown unit", "'GiB'", "'XiB'", -SNP_E_BAD_DOMAIN, 0},
	{"memory over 64 bits", "'GiB'>4", "'TiB'>99999999999", -SNP_E_BAD_DOMAIN, 0},
	{"two kernels", "<kernel>", "<kernel>/a</kernel><kernel>", -SNP_E_BAD_DOMAIN, 0},
	{"two <os>", "<features>", "<os><kernel>/a</kernel></os><features>", -SNP_E_BAD_DOMAIN, 0},
	{"two <cpu>", "<features>", "<cpu mode='host-model'/><features>", -SNP_E_BAD_DOMAIN, 0},
	{"two models", "<model ", "<model>EPYC</model><model ", -SNP_E_BAD_DOMAIN, 0},
	{"two launch securities", "<features>", "<launchSecurity type='sev'/><features>",
	 -SNP_E_BAD_DOMAIN, 0},
	{"two policies", "<policy>", "<policy>0xb0000</policy><policy>", -SNP_E_BAD_DOMAIN, 0},
	{"two <devices>", "<features>", "<devices/><features>", -SNP_E_BAD_DOMAIN, 0},
	{"two device trees", "<kernel>", "<dtb>/a</dtb><dtb>/b</dtb><kernel>", -SNP_E_BAD_DOMAIN,
	 0},
	{"two lists of vCPUs", "<features>", "<vcpus/><vcpus/><features>", -SNP_E_BAD_DOMAIN, 0},
	{"a vCPU's number in words", "<features>", "<vcpus><vcpu id='a'/></vcpus><features>",
	 -SNP_E_BAD_DOMAIN, 0},
	{"two SMMs", "<acpi/>", "<smm/>", -SNP_E_BAD_DOMAIN, 0},
	{"CDATA", "console=ttyS0", "<![CDATA[console=ttyS0]]>", 0, 0},
	{"a comment in a text", "console=ttyS0", "console=<!-- a -->ttyS0", 0, 0},
};

/* From the good domain. */
static void tell_differences(const struct launch_spec *spec)
{
	_cleanup_(launch_spec_freep) struct launch_spec *good = NULL;
	struct differences d = {0};

	assert_int_equal(read_text(GOOD_DOMAIN, strlen(GOOD_DOMAIN), &good, NULL), 0);
	differences_find(good, spec, &d);
	for (size_t i = 0; i < d.n; i++)
		tell("  %s: '%s', '%s'", d.at[i].what, d.at[i].asked, d.at[i].found);
}

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	_cleanup_(freep) char *text = replace_once(GOOD_DOMAIN, row->old, row->new);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct snp_error err = {0};

	assert_int_equal(read_text(text, strlen(text), &spec, &err), row->status);
	if (row->status != -SNP_E_XML_SYNTAX) /* libxml2's words */
		tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(spec != NULL, row->status == 0);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_int_equal(err.line, row->line);
	assert_int_equal(err.column > 0, row->line > 0);
	if (row->status == 0)
		tell_differences(spec);
	if (row->status < 0)
		assert_string_equal(err.file, "domain.xml");
	else
		assert_string_equal(spec->cmdline, "console=ttyS0");
}

/* Units as libvirt scales them. */
static const struct memory {
	const char *name, *text;
	uint64_t kib;
} memories[] = {
	{"no unit", "<memory>2048</memory>", 2048},
	{"bytes", "<memory unit='bytes'>2097152</memory>", 2048},
	{"b", "<memory unit='b'>2097152</memory>", 2048},
	{"k", "<memory unit='k'>2048</memory>", 2048},
	{"KB", "<memory unit='KB'>1024</memory>", 1000},
	{"KiB", "<memory unit='KiB'>2048</memory>", 2048},
	{"M", "<memory unit='M'>2</memory>", 2048},
	{"MiB", "<memory unit='MiB'>2</memory>", 2048},
	{"MB", "<memory unit='MB'>1024</memory>", 1000000},
	{"G", "<memory unit='G'>1</memory>", 1u << 20},
	{"GB", "<memory unit='GB'>1024</memory>", 1000000000},
	{"GiB", "<memory unit='GiB'>1</memory>", 1u << 20},
	{"T", "<memory unit='T'>1</memory>", 1u << 30},
	{"TB", "<memory unit='TB'>1024</memory>", 1000000000000},
	{"TiB", "<memory unit='TiB'>1</memory>", 1u << 30},
};

static void check_memory(void **state)
{
	const struct memory *row = *state;
	_cleanup_(freep) char *text =
		replace_once(GOOD_DOMAIN, "<memory unit='GiB'>4</memory>", row->text);
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;

	assert_int_equal(read_text(text, strlen(text), &spec, NULL), 0);
	assert_true(spec->memory_kib == row->kib);
}

/* Whole texts that are no domain, or too much of one. */
static void check_whole(void **state)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{"", -SNP_E_XML_SYNTAX},
		{" ", -SNP_E_XML_SYNTAX},
		{"domain", -SNP_E_XML_SYNTAX},
		{"{\"schema\":\"snp-launch/1\"}", -SNP_E_XML_SYNTAX},
		{"<network/>", -SNP_E_BAD_DOMAIN},
		{"<d:domain xmlns:d='urn:d'/>", -SNP_E_BAD_DOMAIN},
		{"<domain/>", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
		struct snp_error err = {0};

		assert_int_equal(read_text(rows[i].text, strlen(rows[i].text), &spec, &err),
				 rows[i].status);
		assert_int_equal(err.message[0] != '\0', rows[i].status < 0);
	}
}

static void check_limits(void **state)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	static char text[DOMAIN_MAX_SIZE + 1];
	struct snp_error err = {0};
	size_t n = 0;

	(void)state;
	for (unsigned int depth = DOMAIN_MAX_DEPTH; depth <= DOMAIN_MAX_DEPTH + 1; depth++) {
		n = (size_t)snprintf(text, sizeof(text), "<domain>");
		for (unsigned int i = 1; i < depth; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "<a>");
		/* Text and comments are no deeper than their element. */
		n += (size_t)snprintf(text + n, sizeof(text) - n, "text<!-- -->");
		for (unsigned int i = 1; i < depth; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "</a>");
		n += (size_t)snprintf(text + n, sizeof(text) - n, "</domain>");
		assert_int_equal(read_text(text, n, &spec, &err),
				 depth > DOMAIN_MAX_DEPTH ? -SNP_E_TOO_LARGE : 0);
		launch_spec_free(TAKE_PTR(spec));
	}
	memset(text, ' ', sizeof(text));
	memcpy(text, "<domain/>", 9);
	assert_int_equal(read_text(text, sizeof(text), &spec, &err), -SNP_E_TOO_LARGE);
	assert_int_equal(read_text(text, sizeof(text) - 1, &spec, NULL), 0);
}

/* What lint says of domains in the style of those who write them. */
static const struct style {
	const char *name, *found;
} styles[] = {
	{"nova", "not-bound firmware-not-named only-firmware-measured host-cpu-model "
		 "agent-in-confidential-guest reboot-needs-qemu-11"},
	{"kubevirt", "not-bound pflash-firmware nvram only-firmware-measured qemu-argument "
		     "host-cpu-model agent-in-confidential-guest reboot-needs-qemu-11"},
	{"virt-install", "unknown-launch-security decimal-policy not-bound smm "
			 "only-firmware-measured cpu-model-may-change vcpu-hotplug option-rom "
			 "emulated-tpm cdrom-not-measured reboot-needs-qemu-11"},
	{"proxmox", "machine-not-q35 refused-setting policy-debug id-block-without-auth bad-base64 "
		    "hashes-without-kernel only-firmware-measured cpu-model-may-change "
		    "agent-in-confidential-guest reboot-needs-qemu-11"},
	{"plain", "not-snp"},
};

static void check_style(void **state)
{
	const struct style *row = *state;
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	struct findings findings;
	char path[512], names[1024] = "";

	snprintf(path, sizeof(path), SNP_SOURCE "/tests/fuzz/corpus/domain/%s", row->name);
	assert_int_equal(domain_read_file(path, &spec, NULL), 0);
	checks_run(spec, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		size_t n = strlen(names);

		snprintf(names + n, sizeof(names) - n, "%s%s", n ? " " : "",
			 findings.at[i].check->name);
	}
	assert_string_equal(names, row->found);
}

/* As whom QEMU runs, and whether libvirt gives that user its files. */
static const struct user {
	const char *name, *labels;
	bool relabels, is_known;
	unsigned int uid;
} users[] = {
	{"libvirt's choice", "", true, false, 0},
	{"a label of another driver", "<seclabel type='dynamic' model='selinux'/>", true, false, 0},
	{"static",
	 "<seclabel type='static' model='dac' relabel='no'><label>+7:+8</label></seclabel>", false,
	 true, 7},
	{"static, and relabels",
	 "<seclabel type='static' model='dac' relabel='yes'><label>+7:+8</label></seclabel>", true,
	 true, 7},
	{"static, relabelling not said",
	 "<seclabel type='static' model='dac'><label>+7:+8</label></seclabel>", false, true, 7},
	{"dynamic", "<seclabel type='dynamic' model='dac'/>", true, false, 0},
	{"dynamic, and does not relabel", "<seclabel type='dynamic' model='dac' relabel='no'/>",
	 false, false, 0},
	{"behind another",
	 "<seclabel type='dynamic' model='selinux'/><seclabel type='static' model='dac' relabel='no'>"
	 "<label>+9:+8</label></seclabel>",
	 false, true, 9},
	{"by name", "<seclabel type='static' model='dac'><label>root:root</label></seclabel>",
	 false, false, 0},
};

static void check_user(void **state)
{
	const struct user *row = *state;
	_cleanup_(freep) char *end = format_text("%s</domain>", row->labels),
			      *text = replace_once(GOOD_DOMAIN, "</domain>", end);
	struct domain_user user = {.uid = 77};
	const struct snp_span xml = text_span(text);

	assert_int_equal(domain_read_user("domain.xml", xml, &user, NULL), 0);
	assert_int_equal(user.relabels, row->relabels);
	assert_int_equal(user.is_known, row->is_known);
	if (row->is_known)
		assert_int_equal(user.uid, row->uid);
	assert_true(domain_read_user("domain.xml", (struct snp_span){xml.data, xml.size - 4}, &user,
				     NULL) < 0);
}

static int read_counted(const void *arg, struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;
	const struct snp_span *text = arg;
	struct domain_user user;
	int r;

	no_memory_begin();
	r = domain_read("domain.xml", *text, &spec, err);
	if (r == 0)
		r = domain_read_user("domain.xml", *text, &user, err);
	return no_memory_end(r);
}

static void whatever_memory_runs_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(styles); i++) {
		_cleanup_(freep) uint8_t *bytes = NULL;
		struct snp_span text;
		char path[512];

		snprintf(path, sizeof(path), SNP_SOURCE "/tests/fuzz/corpus/domain/%s",
			 styles[i].name);
		assert_int_equal(file_read(path, DOMAIN_MAX_SIZE, &bytes, &text.size, NULL), 0);
		text.data = bytes;
		/* Base64 that cannot be decoded is taken for damaged, and refused for that. */
		check_without_memory(read_counted, &text, 2);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("domain_read");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_good),
		cmocka_unit_test(check_whole),
		cmocka_unit_test(check_limits),
		cmocka_unit_test(whatever_memory_runs_out),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_memory, memories);
	ADD_ROWS(tests, n, check_style, styles);
	ADD_ROWS(tests, n, check_user, users);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("domain_read", tests, n);
}
