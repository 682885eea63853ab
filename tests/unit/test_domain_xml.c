// SPDX-License-Identifier: Apache-2.0
#include "id_pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "domain/domain_read.h"
#include "domain/domain_xml.h"
#include "domain_text.h"
#include "told.h"

static char folder[] = "/tmp/test_domain_xml.XXXXXX";

/* What the launch adds, the same for every row. */
static const struct domain_measured measured[] = {
	{"firmware", 3653632, {0xf1}},
	{"kernel", 12345678, {0xf2}},
};

struct launch {
	struct launch_made made;
	struct domain_request request;
};

static struct launch launch_of(const struct vm_config *config)
{
	static const uint8_t digest[SNP_LAUNCH_DIGEST_SIZE] = {[0] = 0xd1, [47] = 0x1d};

	return (struct launch){
		.made = {.uuid = config->uuid ? config->uuid
					      : "6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e47",
			 .firmware = "/var/lib/snp-launch/guest/boot/firmware",
			 .kernel = config->kernel.path ? "/var/lib/snp-launch/guest/boot/kernel"
						       : NULL,
			 .initrd = config->initrd.path ? "/var/lib/snp-launch/guest/boot/initrd"
						       : NULL,
			 .host_data = config->host_data},
		.request = {.config = config,
			    .console_log = "/var/lib/snp-launch/guest/log/console.log",
			    .launch_digest = digest,
			    .state = "/var/lib/snp-launch/guest",
			    .n_measured = ARRAY_SIZE(measured),
			    .measured = measured,
			    .qemu_version = 10000002,
			    .uid = 64055,
			    .gid = 64055},
	};
}

static int build(const struct launch *launch, const char *template, char **ret,
		 struct snp_error *err)
{
	_cleanup_(launch_spec_freep) struct launch_spec *asked = NULL;
	struct domain_request request = launch->request;

	assert_int_equal(launch_spec_from_config(request.config, &asked, NULL), 0);
	assert_int_equal(launch_spec_complete(asked, &launch->made, NULL), 0);
	launch_spec_find_user(asked);
	request.asked = asked;
	request.template = template;
	return domain_xml_build(&request, ret, err);
}

/*
 * Golden pairs: FOLDER/NAME.json, built into tests/golden/domain/NAME.xml. With SNP_TEST_REGENERATE=1
 * the second is written anew, to be read by a person before it is committed; tests/cli/domain-valid.sh
 * has libvirt validate each. The ID auth, whose signature differs each time, is cut to one line.
 */
static const struct golden {
	const char *name, *folder;
	unsigned long qemu_version;
	bool bound, author;
} goldens[] = {
	{"direct-boot", "templates", 10000002, false, false},
	{"published", "templates", 10000002, true, false},
	{"id-key", "templates", 10000002, true, true},
	{"ready-id-block", "templates", 10000002, true, false},
	{"disk-boot", "templates", 10000002, false, false},
	{"remote", "templates", 11001003, true, false},
	{"devices", "templates", 10000002, false, false},
	{"hostile", "tests/golden/domain", 10000002, false, false},
	{"host-cpu", "tests/golden/domain", 10000002, false, false},
	{"more-devices", "tests/golden/domain", 10000002, false, false},
};

static char *cut_auth(char *text)
{
	char *start = strstr(text, "<idAuth>"), *end = strstr(text, "</idAuth>");

	if (start && end)
		memmove(start + strlen("<idAuth>") + 64, end, strlen(end) + 1);
	return text;
}

static void check_golden(void **state)
{
	const struct golden *row = *state;
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(freep) char *text = NULL, *again = NULL;
	_cleanup_(freep) uint8_t *expected = NULL;
	struct launch launch;
	struct id_pair pair;
	struct snp_error err = {0};
	char path[512];
	size_t size;

	snprintf(path, sizeof(path), SNP_SOURCE "/%s/%s.json", row->folder, row->name);
	if (vm_config_read(path, &config, &err) < 0)
		fail_msg("%s", err.message);
	launch = launch_of(config);
	launch.request.qemu_version = row->qemu_version;
	if (config->cloud_init.user_data)
		launch.request.seed = "/var/lib/snp-launch/more-devices/cloud-init.iso";
	if (row->bound) {
		pair = make_id_pair(config->policy, row->author);
		launch.made.id_block = pair.block;
		launch.made.id_auth = pair.auth;
		launch.made.author_key = row->author;
	}
	if (build(&launch, NULL, &text, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(build(&launch, NULL, &again, NULL), 0);
	assert_string_equal(text, again);
	cut_auth(text);
	snprintf(path, sizeof(path), SNP_SOURCE "/tests/golden/domain/%s.xml", row->name);
	if (getenv("SNP_TEST_REGENERATE")) {
		assert_int_equal(file_write(path, (struct snp_span){(uint8_t *)text, strlen(text)},
					    0644, true, NULL),
				 0);
		return;
	}
	if (file_read(path, 1 << 20, &expected, &size, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text, (const char *)expected);
}

static struct vm_config *config_with(const char *members)
{
	struct vm_config *config = NULL;
	struct snp_error err = {0};
	_cleanup_(freep) char *text = NULL;

	assert_true(asprintf(&text,
			     "{\"schema\":\"snp-launch/1\",\"name\":\"web1\","
			     "\"memory\":{\"size\":\"1GiB\"},\"cpu\":{\"count\":2}%s}",
			     members) > 0);
	if (vm_config_parse("vm.json", text_span(text), &config, &err) < 0)
		fail_msg("%s: %s", err.pointer, err.message);
	return config;
}

/* What a site's fragment or template may not do, and what it may. */
static const struct fragment {
	const char *name, *xml;
	const char *wrong; /* in the message; NULL: accepted, and then this is in the result: */
	const char *right;
} fragments[] = {
	{"nothing", "<domain/>", NULL, "<name>web1</name>"},
	{"a device", "<domain><devices><watchdog model='itco'/></devices></domain>", NULL,
	 "<watchdog model=\"itco\"/>"},
	{"tuning", "<domain><cputune><shares>512</shares></cputune></domain>", NULL,
	 "<shares>512</shares>"},
	{"an attribute", "<domain><clock offset='localtime'/></domain>", NULL,
	 "<clock offset=\"localtime\"/>"},
	{"a QEMU argument",
	 "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:commandline>"
	 "<q:arg value='-fw_cfg'/><q:arg value='name=opt/a,string=b'/></q:commandline></domain>",
	 NULL, "<q:arg value=\"name=opt/a,string=b\"/>"},
	{"a machine version", "<domain><os><type machine='pc-q35-10.0'/></os></domain>", NULL,
	 "machine=\"pc-q35-10.0\">hvm<"},
	{"another machine", "<domain><os><type machine='pc'/></os></domain>", "machine", NULL},
	{"a name", "<domain><name>web2</name></domain>", "name", NULL},
	{"a uuid", "<domain><uuid>6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e48</uuid></domain>", "uuid",
	 NULL},
	{"firmware", "<domain><os><loader>/evil</loader></os></domain>", "firmware", NULL},
	{"pflash", "<domain><os><loader type='pflash'/></os></domain>", "[pflash-firmware]", NULL},
	{"variables", "<domain><os><nvram>/v</nvram></os></domain>", "[nvram]", NULL},
	{"kernel", "<domain><os><kernel>/evil</kernel></os></domain>", "kernel", NULL},
	{"initrd", "<domain><os><initrd>/evil</initrd></os></domain>", "initrd", NULL},
	{"cmdline", "<domain><os><cmdline>init=/bin/sh</cmdline></os></domain>", "command line",
	 NULL},
	{"vCPUs", "<domain><vcpu>3</vcpu></domain>", "[cpu-topology]", NULL},
	{"fewer vCPUs at first", "<domain><vcpu current='1'/></domain>", "vCPUs: asked 2, found 1",
	 NULL},
	{"CPU model", "<domain><cpu><model>EPYC-Rome</model></cpu></domain>", "CPU model", NULL},
	{"CPU fallback", "<domain><cpu><model fallback='allow'/></cpu></domain>", "CPU fallback",
	 NULL},
	{"CPU mode", "<domain><cpu mode='host-passthrough'/></domain>", "CPU model", NULL},
	{"topology", "<domain><cpu><topology threads='2'/></cpu></domain>", "[cpu-topology]", NULL},
	{"memory", "<domain><memory>4194304</memory></domain>", "memory", NULL},
	{"policy", "<domain><launchSecurity><policy>0xb0000</policy></launchSecurity></domain>",
	 "policy", NULL},
	{"no launch security", "<domain><launchSecurity type='sev'/></domain>", "[not-snp]", NULL},
	{"kernel hashes", "<domain><launchSecurity kernelHashes='no'/></domain>", "kernel hashes",
	 NULL},
	{"vcek", "<domain><launchSecurity vcek='no'/></domain>", "VCEK", NULL},
	{"author key", "<domain><launchSecurity authorKey='yes'/></domain>", "[author-key-missing]",
	 NULL},
	{"host data",
	 "<domain><launchSecurity><hostData>"
	 "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</hostData></launchSecurity></domain>",
	 "host data", NULL},
	{"workarounds",
	 "<domain><launchSecurity><guestVisibleWorkarounds>AQAAAAAAAAAAAAAAAAAAAA=="
	 "</guestVisibleWorkarounds></launchSecurity></domain>",
	 "guest visible workarounds", NULL},
	{"ID block", "<domain><launchSecurity><idBlock>AAAA</idBlock></launchSecurity></domain>",
	 "[id-block-without-auth]", NULL},
	{"ID auth", "<domain><launchSecurity><idAuth>AAAA</idAuth></launchSecurity></domain>",
	 "[id-auth-without-block]", NULL},
	{"SMM", "<domain><features><smm state='on'/></features></domain>", "[smm]", NULL},
	{"emulation", "<domain type='qemu'/>", "[not-kvm]", NULL},
	{"an argument that launches other bytes",
	 "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:commandline>"
	 "<q:arg value='-initrd'/></q:commandline></domain>",
	 "[qemu-launch-argument]", NULL},
	{"device tree", "<domain><os><dtb>/d</dtb></os></domain>", "[dtb]", NULL},
	{"shim", "<domain><os><shim>/s</shim></os></domain>", "[shim]", NULL},
	{"vCPUs one by one",
	 "<domain><vcpus><vcpu id='0' enabled='no' hotpluggable='yes'/></vcpus></domain>",
	 "[vcpus-differ]", NULL},
	{"another root", "<network/>", "root element", NULL},
	{"no XML", "domain", "", NULL},
	{"an entity", "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain><title>&a;</title></domain>",
	 "document type", NULL},
};

static void write_file(const char *path, const char *text)
{
	assert_int_equal(file_write(path, text_span(text), 0644, true, NULL), 0);
}

static void check_fragment(void **state)
{
	const struct fragment *row = *state;
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(freep) char *text = NULL, *members = NULL;
	struct launch launch;
	struct snp_error err = {0};
	char path[128];
	int r;

	snprintf(path, sizeof(path), "%s/fragment.xml", folder);
	write_file(path, row->xml);
	assert_true(
		asprintf(&members,
			 ",\"boot\":{\"kernel\":\"/k\",\"initrd\":\"/i\"},\"libvirt_xml\":\"%s\"",
			 path) > 0);
	config = config_with(members);
	launch = launch_of(config);
	r = build(&launch, NULL, &text, &err);
	if (err.code != SNP_E_XML_SYNTAX) /* libxml2's words */
		tell_result(row->name, r, &err);
	if (r == 0)
		tell("%s", text);
	if (row->wrong) {
		assert_true(r < 0);
		assert_null(text);
		assert_string_equal(err.file, path);
		if (!strstr(err.message, row->wrong))
			fail_msg("'%s' lacks '%s'", err.message, row->wrong);
	} else {
		if (r < 0)
			fail_msg("%s", err.message);
		assert_non_null(strstr(text, row->right));
	}
	unlink(path);
}

/* A site's template may bring devices and say nothing of the rest, or something else. */
static void check_template(void **state)
{
	static const char template[] =
		"<domain type='qemu'><name>x</name><title>t</title><os firmware='efi'>"
		"<type arch='x86_64' machine='q35'>hvm</type><nvram>/n</nvram></os>"
		"<cpu mode='host-passthrough'/><vcpu current='1'>9</vcpu>"
		"<currentMemory>1</currentMemory><metadata><a xmlns='urn:a'/></metadata>"
		"<devices><emulator>/old</emulator><watchdog model='itco'/></devices>"
		"<seclabel model='dac' type='none'/>"
		"<seclabel model='apparmor' type='dynamic'/></domain>";
	_cleanup_(vm_config_freep) struct vm_config *config =
		config_with(",\"relabel\":false,\"boot\":{\"kernel\":\"/k\"},"
			    "\"emulator\":\"/new\"");
	struct launch launch = launch_of(config);
	_cleanup_(freep) char *text = NULL;
	struct snp_error err = {0};
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/template.xml", folder);
	write_file(path, template);
	if (build(&launch, path, &text, &err) < 0)
		fail_msg("%s: %s", err.file, err.message);
	assert_non_null(strstr(text, "<emulator>/new</emulator>"));
	assert_null(strstr(text, "/old"));
	assert_non_null(strstr(text, "<watchdog model=\"itco\"/>"));
	assert_non_null(strstr(text, "<a xmlns=\"urn:a\"/>"));
	assert_non_null(strstr(text, "<label>+64055:+64055</label>"));
	assert_non_null(strstr(text, "model=\"apparmor\""));
	assert_null(strstr(text, "type=\"none\""));
	assert_null(strstr(text, "nvram"));
	assert_null(strstr(text, "currentMemory"));
	assert_null(strstr(text, "<title>"));
	write_file(path,
		   "<domain type='kvm'><os><type arch='aarch64' machine='q35'/></os></domain>");
	free(TAKE_PTR(text));
	assert_int_equal(build(&launch, path, &text, &err), -SNP_E_BAD_DOMAIN);
	assert_string_equal(err.file, path);
	assert_non_null(strstr(err.message, "[not-x86-64]"));
	unlink(path);
}

/* QEMU runs as the guest's own user, whatever a fragment says. (The only user that is known everywhere is root,
 * which the checks refuse.) */
static void check_user(void **state)
{
	static const struct {
		const char *label; /* of the fragment; NULL: none */
		bool good;
	} rows[] = {
		{NULL, true},
		{"<seclabel model='dac' type='static' relabel='yes'><label>+0:+0</label></seclabel>",
		 true},
		{"<seclabel model='dac' type='static' relabel='yes'><label>+0:+1</label></seclabel>",
		 false},
		{"<seclabel model='dac' type='static' relabel='yes'><label>+1:+0</label></seclabel>",
		 false},
		{"<seclabel model='dac' type='static' relabel='yes'><label>root:root</label></seclabel>",
		 false},
		{"<seclabel model='dac' type='dynamic'/>", false},
		{"<seclabel model='dac' type='none'/>", false},
		{"<seclabel model='apparmor'/>", false},
	};
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/fragment.xml", folder);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *label = rows[i].label;
		_cleanup_(freep) char *text = NULL,
				      *fragment = format_text("<domain>%s</domain>",
							      label ? label : ""),
				      *members = format_text(
					      ",\"snp\":{\"user\":\"root\"},\"libvirt_xml\":\"%s\"",
					      path);
		_cleanup_(vm_config_freep) struct vm_config *config = config_with(members);
		struct launch launch = launch_of(config);
		struct snp_error err = {0};
		int r;

		write_file(path, fragment);
		r = build(&launch, NULL, &text, &err);
		assert_int_equal(r, rows[i].good ? 0 : -SNP_E_BAD_DOMAIN);
		if (!rows[i].good)
			assert_non_null(strstr(err.message, "user: asked root"));
		else
			assert_non_null(strstr(
				text, "<seclabel type=\"static\" model=\"dac\" relabel=\"yes\">\n"
				      "    <label>+0:+0</label>"));
	}
	unlink(path);
}

/* Every text field with what could break out of JSON, XML or QEMU's option strings: the reader refuses it,
 * or it comes back from the domain to the byte. */
static const char *const hostiles[] = {
	"a&b",
	"<b/>",
	"]]>",
	"\\\"",
	"'",
	"a,b=c",
	"a,,b",
	"&lt;",
	"&#0;",
	"&amp;amp;",
	"<!--",
	"-->",
	"<![CDATA[",
	"]]]]><![CDATA[>",
	"%s%n",
	"$(id)",
	"`id`",
	";id",
	"| id",
	"a  b",
	" a",
	"a ",
	"\\t",
	"\\n",
	"\\r",
	"\\u0000",
	"\\u0001",
	"\\u001f",
	"\\u007f",
	"\\u0085",
	"\\u00a0",
	"\\u00ad",
	"\\u200b",
	"\\u200e",
	"\\u202e",
	"\\u2028",
	"\\u2066",
	"\\ufeff",
	"\\ufffd",
	"\\ufffe",
	"\\uffff",
	"\\ud83d\\ude00",
	"\\ud800",
	"\xff",
	"\xc0\x80",
	"\xed\xa0\x80",
	"e\\u0301",
	"\\u00e9",
	"\\u0430",
	"../x",
	"/../x",
	"//x",
	"file=/etc/passwd",
	"id=evil",
	"{\\\"a\\\":1}",
	"\\\\",
	"\\/",
	"\\u005c",
	"\\u003c",
	"\\u0026amp;",
	"&#x41;",
	"&nbsp;",
	"<?xml?>",
	"<!DOCTYPE x>",
	"x\\u0009y",
	"\\b",
	"\\f",
	"=",
	"#",
	"~",
	"*",
	"?",
	"[a]",
	"^",
};

static const char *const hostile_fields[] = {
	",\"title\":\"a%s\"",
	",\"description\":\"a%s\"",
	",\"labels\":{\"a\":\"a%s\"}",
	",\"boot\":{\"kernel\":\"/k%s\"}",
	",\"boot\":{\"kernel\":\"/k\",\"initrd\":\"/i%s\"}",
	",\"boot\":{\"kernel\":\"/k\",\"cmdline\":\"a%s\"}",
	",\"boot\":{\"kernel\":\"/k\",\"cmdline\":\"%s\"}",
	",\"firmware\":{\"path\":\"/f%s\"}",
	",\"disks\":[{\"path\":\"/d%s\",\"format\":\"raw\"}]",
	",\"console\":{\"type\":\"file\",\"path\":\"/c%s\"}",
	",\"networks\":[{\"type\":\"bridge\",\"source\":\"b%s\"}]",
	",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\",\"serial\":\"s%s\"}]",
};

/* What the configuration has in the field, as read from JSON. */
static const char *field_of(const struct vm_config *config, size_t field)
{
	const char *values[] = {
		config->title,
		config->description,
		config->n_labels ? config->labels[0].value : NULL,
		config->kernel.path,
		config->initrd.path,
		config->cmdline,
		config->cmdline,
		config->firmware.path,
		config->n_disks ? config->disks[0].path : NULL,
		config->console_path,
		config->n_networks ? config->networks[0].source : NULL,
		config->n_disks ? config->disks[0].serial : NULL,
	};

	_Static_assert(ARRAY_SIZE(values) == ARRAY_SIZE(hostile_fields), "one for each");
	return values[field];
}

/* Where the domain has it: the text of an element or the value of an attribute, by libxml2. */
static const char *const hostile_places[] = {
	"string(/domain/title)",
	"string(/domain/description)",
	"string(//*[local-name()='label' and @key='a'])",
	"string(/domain/os/kernel)",
	"string(/domain/os/initrd)",
	"string(/domain/os/cmdline)",
	"string(/domain/os/cmdline)",
	"string(/domain/os/loader)",
	"string(/domain/devices/disk/source/@file)",
	"string(/domain/devices/serial/source/@path)",
	"string(/domain/devices/interface/source/@bridge)",
	"string(/domain/devices/disk/serial)",
};

#include <libxml/parser.h>
#include <libxml/xpath.h>

static char *evaluate(const char *text, const char *place)
{
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
	xmlXPathContext *context;
	xmlXPathObject *object;
	char *ret;

	assert_non_null(doc);
	context = xmlXPathNewContext(doc);
	object = xmlXPathEvalExpression((const xmlChar *)place, context);
	assert_non_null(object);
	ret = strdup((const char *)object->stringval);
	xmlXPathFreeObject(object);
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	return ret;
}

static int parse_hostile(size_t field, const char *hostile, struct vm_config **ret,
			 struct snp_error *err)
{
	_cleanup_(freep) char *member = NULL, *text = NULL;
	const char *at = strstr(hostile_fields[field], "%s");

	assert_true(asprintf(&member, "%.*s%s%s", (int)(at - hostile_fields[field]),
			     hostile_fields[field], hostile, at + 2) > 0);
	assert_true(asprintf(&text,
			     "{\"schema\":\"snp-launch/1\",\"name\":\"web1\",\"memory\":{\"size\":"
			     "\"1GiB\"},\"cpu\":{\"count\":2}%s}",
			     member) > 0);
	return vm_config_parse("vm.json", text_span(text), ret, err);
}

/* Names go on after the last letter, and each is there once. */
static void check_many_disks(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	_cleanup_(freep) char *text = NULL, *json = NULL;
	struct launch launch;
	struct snp_error err = {0};
	size_t size;
	FILE *f = open_memstream(&json, &size);

	(void)state;
	assert_non_null(f);
	fprintf(f, "{\"schema\":\"snp-launch/2\",\"name\":\"web1\",\"memory\":{\"size\":\"1G\"},"
		   "\"cpu\":{\"count\":1},\"cdrom\":[{\"path\":\"/c\"}],"
		   "\"cloud_init\":{\"user_data\":\"/u\"},\"disks\":[");
	for (unsigned int i = 0; i < 26; i++)
		fprintf(f, "%s{\"path\":\"/d%u\",\"format\":\"raw\"}", i ? "," : "", i);
	fputs("]}", f);
	fclose(f);
	assert_int_equal(vm_config_parse("vm.json", text_span(json), &config, NULL), 0);
	launch = launch_of(config);
	launch.request.seed = "/s";
	if (build(&launch, NULL, &text, &err) < 0)
		fail_msg("%s", err.message);
	assert_non_null(strstr(text, "dev=\"vda\""));
	assert_non_null(strstr(text, "dev=\"vdz\""));
	assert_non_null(strstr(text, "dev=\"vdaa\""));
	assert_null(strstr(text, "dev=\"vdab\""));
	assert_non_null(strstr(text, "dev=\"sda\""));
}

static void check_hostile(void **state)
{
	unsigned int accepted = 0, refused = 0;

	(void)state;
	for (size_t field = 0; field < ARRAY_SIZE(hostile_fields); field++)
		for (size_t i = 0; i < ARRAY_SIZE(hostiles); i++) {
			_cleanup_(vm_config_freep) struct vm_config *config = NULL;
			_cleanup_(freep) char *text = NULL, *value = NULL;
			struct launch launch;
			struct snp_error err = {0};

			if (parse_hostile(field, hostiles[i], &config, &err) < 0) {
				assert_int_not_equal(err.message[0], '\0');
				refused++;
				continue;
			}
			/* Launched where they lie, so that their paths reach the domain. */
			launch = launch_of(config);
			launch.made.kernel = config->kernel.path;
			launch.made.initrd = config->initrd.path;
			launch.made.firmware = config->firmware.path ? config->firmware.path : "/f";
			if (build(&launch, NULL, &text, &err) < 0)
				fail_msg("%s: %s", hostiles[i], err.message);
			value = evaluate(text, hostile_places[field]);
			assert_string_equal(value, field_of(config, field));
			accepted++;
		}
	/* Both happen, and hardly less than now. */
	assert_in_range(accepted, 400, 900);
	assert_in_range(refused, 200, 900);
}

/* A path of the launch that XML cannot carry. */
static void check_launch_path(void **state)
{
	static const char *const paths[] = {"/a\x01", "/a\xff", "/a\n", "/a\xe2\x80\xae"};
	_cleanup_(vm_config_freep) struct vm_config *config = config_with("");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct launch launch = launch_of(config);
		char *text = NULL;
		struct snp_error err = {0};

		launch.made.firmware = paths[i];
		assert_int_equal(build(&launch, NULL, &text, &err), -SNP_E_BAD_DOMAIN);
		assert_null(text);
		assert_null(strchr(err.message, '\n'));
	}
}

/* <metadata> comes back as it was put. */
static void check_record(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config =
		config_with(",\"snp\":{\"policy\":{\"abi_min\":\"1.51\"}}");
	struct launch launch = launch_of(config);
	_cleanup_(freep) char *text = NULL, *broken = NULL;
	struct domain_record record = {.policy = 77};
	struct snp_error err = {0};

	(void)state;
	assert_int_equal(build(&launch, NULL, &text, NULL), 0);
	assert_int_equal(domain_read_record("x", (struct snp_span){(uint8_t *)text, strlen(text)},
					    &record, NULL),
			 0);
	assert_true(record.has_launch_digest && record.has_policy);
	assert_memory_equal(record.launch_digest, launch.request.launch_digest,
			    SNP_LAUNCH_DIGEST_SIZE);
	assert_true(record.policy == (SNP_POLICY_DEFAULT | 0x133));
	assert_string_equal(record.tool_version, SNP_VERSION);
	assert_string_equal(record.state, launch.request.state);
	assert_int_equal(record.n_measured, 2);
	assert_string_equal(record.measured[1].input, "kernel");
	assert_true(record.measured[1].size == 12345678);
	assert_memory_equal(record.measured[1].sha256, measured[1].sha256, SNP_SHA256_SIZE);

	record.policy = 77;
	broken = replace_once(text, "size=\"12345678\"", "size=\"-1\"");
	assert_int_equal(domain_read_record("x",
					    (struct snp_span){(uint8_t *)broken, strlen(broken)},
					    &record, &err),
			 -SNP_E_BAD_DOMAIN);
	assert_true(record.policy == 77);
	assert_int_equal(domain_read_record("x",
					    (struct snp_span){(const uint8_t *)GOOD_DOMAIN,
							      strlen(GOOD_DOMAIN)},
					    &record, &err),
			 -SNP_E_NOT_FOUND);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* A card whose MAC libvirt once made keeps it in the next definition, each of a kind its own; one that vm.json
 * names goes where it is named. */
static void a_card_keeps_its_mac(void **state)
{
	static const char was[] =
		"<domain type='kvm'><memory>1024</memory><devices>"
		"<interface type='user'><mac address='52:54:00:00:00:01'/></interface>"
		"<interface type='bridge'><mac address='52:54:00:00:00:02'/>"
		"<source bridge='br0'/></interface>"
		"<interface type='user'><mac address='52:54:00:00:00:03'/></interface>"
		"<interface type='network'><mac address='52:54:00:00:00:04'/>"
		"<source network='default'/></interface></devices></domain>";
#define USER   "{\"type\":\"user\"}"
#define BRIDGE "{\"type\":\"bridge\",\"source\":\"br0\"}"
	static const struct {
		const char *networks, *macs; /* the last digit of each card's; '-': none */
	} cards[] = {
		{USER "," BRIDGE "," USER, "123"},
		{BRIDGE "," USER, "21"},
		{USER "," USER "," USER, "13-"},
		{"{\"type\":\"bridge\",\"source\":\"br1\"}," USER, "-1"},
		{"{\"type\":\"user\",\"mac\":\"52:54:00:00:00:03\"}," USER "," USER, "31-"},
		{"{\"type\":\"network\",\"source\":\"default\"}", "4"},
	};
	_cleanup_(launch_spec_freep) struct launch_spec *spec = NULL;

	(void)state;
	assert_int_equal(domain_read("was", (struct snp_span){(const uint8_t *)was, strlen(was)},
				     &spec, NULL),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
		_cleanup_(vm_config_freep) struct vm_config *config = NULL;
		_cleanup_(freep) char *members = NULL, *text = NULL;
		struct launch launch;
		const char *at;

		assert_true(asprintf(&members, ",\"networks\":[%s]", cards[i].networks) > 0);
		config = config_with(members);
		launch = launch_of(config);
		launch.request.was = spec;
		assert_int_equal(build(&launch, NULL, &text, NULL), 0);
		at = text;
		for (const char *mac = cards[i].macs; *mac; mac++) {
			const char *end;

			at = strstr(at, "<interface ");
			assert_non_null(at);
			end = strstr(at, "</interface>");
			at = strstr(at, "52:54:00:00:00:0");
			if (*mac == '-')
				assert_true(!at || at > end);
			else
				assert_true(at && at < end && at[16] == *mac);
			at = end;
		}
	}
}

static void as_told(void **state)
{
	(void)state;
	told("domain_xml");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_template),	cmocka_unit_test(check_user),
		cmocka_unit_test(check_many_disks),	cmocka_unit_test(check_hostile),
		cmocka_unit_test(check_launch_path),	cmocka_unit_test(check_record),
		cmocka_unit_test(a_card_keeps_its_mac),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_golden, goldens);
	ADD_ROWS(tests, n, check_fragment, fragments);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return _cmocka_run_group_tests("domain_xml", tests, n, make_folder, remove_folder);
}
