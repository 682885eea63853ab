// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

#include "config/vm_config.h"
#include "told.h"

#define HEX32 "00112233445566778899aabbccddeeff"
#define HEX64 HEX32 HEX32

/* What stands beside a name, two vCPUs and 1 GiB; where it is refused, and how. */
static const struct member {
	const char *name, *text;
	int status;
	const char *pointer;
} members[] = {
	{"nothing else", "", 0, ""},
	{"unknown key", ",\"memry\":1", -SNP_E_JSON_UNKNOWN_KEY, "/memry"},
	{"another case", ",\"Boot\":{}", -SNP_E_JSON_UNKNOWN_KEY, "/Boot"},

	{"uuid", ",\"uuid\":\"6F7C2A9E-5d0b-4a6e-9a3e-0d5b8c1f2e47\"", 0, ""},
	{"uuid without hyphens", ",\"uuid\":\"" HEX32 "\"", -SNP_E_JSON_VALUE, "/uuid"},
	{"uuid of zeros", ",\"uuid\":\"00000000-0000-0000-0000-000000000000\"", -SNP_E_JSON_VALUE,
	 "/uuid"},

	{"title with newline", ",\"title\":\"a\\nb\"", -SNP_E_JSON_VALUE, "/title"},
	{"title with bidi override", ",\"title\":\"a\\u202eb\"", -SNP_E_JSON_VALUE, "/title"},
	{"title with U+FFFE", ",\"title\":\"a\\ufffe\"", -SNP_E_JSON_VALUE, "/title"},
	{"title with NUL", ",\"title\":\"a\\u0000b\"", -SNP_E_JSON_ENCODING, "/title"},
	{"title of quotes and markup", ",\"title\":\"<a href=\\\"'&amp;]]>\"", 0, ""},
	{"title beyond ASCII", ",\"title\":\"\\u00e4\\u00e4\\ud83d\\ude00\"", 0, ""},
	{"label", ",\"labels\":{\"owner\":\"web\"}", 0, ""},
	{"label key", ",\"labels\":{\"Owner\":\"web\"}", -SNP_E_JSON_VALUE, "/labels/Owner"},
	{"label not text", ",\"labels\":{\"owner\":1}", -SNP_E_JSON_TYPE, "/labels/owner"},
	{"connect", ",\"connect\":\"qemu+ssh://root@h/system\"", 0, ""},
	{"connect without scheme", ",\"connect\":\"host\"", -SNP_E_JSON_VALUE, "/connect"},

	{"firmware path", ",\"firmware\":{\"path\":\"/f\",\"sha256\":\"" HEX64 "\"}", 0, ""},
	{"firmware auto", ",\"firmware\":{\"auto\":true}", 0, ""},
	{"firmware not auto", ",\"firmware\":{\"auto\":false}", -SNP_E_JSON_VALUE,
	 "/firmware/auto"},
	{"firmware both", ",\"firmware\":{\"auto\":true,\"path\":\"/f\"}", -SNP_E_JSON_VALUE,
	 "/firmware"},
	{"firmware neither", ",\"firmware\":{}", -SNP_E_JSON_VALUE, "/firmware"},
	{"short sha256", ",\"firmware\":{\"auto\":true,\"sha256\":\"" HEX32 "\"}",
	 -SNP_E_JSON_VALUE, "/firmware/sha256"},

	{"boot", ",\"boot\":{\"kernel\":\"/k\",\"cmdline\":\" a\\t b \\n\"}", 0, ""},
	{"initrd without kernel", ",\"boot\":{\"initrd\":\"/i\"}", -SNP_E_JSON_MISSING_KEY,
	 "/boot"},
	{"sha256 of no initrd", ",\"boot\":{\"kernel\":\"/k\",\"initrd_sha256\":\"" HEX64 "\"}",
	 -SNP_E_JSON_MISSING_KEY, "/boot"},
	{"relative path", ",\"boot\":{\"kernel\":\"vmlinuz\"}", -SNP_E_JSON_VALUE, "/boot/kernel"},
	{"path that climbs", ",\"boot\":{\"kernel\":\"/a/../b\"}", -SNP_E_JSON_VALUE,
	 "/boot/kernel"},
	{"path that ends climbing", ",\"boot\":{\"kernel\":\"/a/..\"}", -SNP_E_JSON_VALUE,
	 "/boot/kernel"},
	{"path with dots", ",\"boot\":{\"kernel\":\"/a/..b/c..\"}", 0, ""},
	{"path of commas, quotes, blanks", ",\"boot\":{\"kernel\":\"/a,b=c \\\"'&<>;%s\"}", 0, ""},
	{"cmdline with carriage return", ",\"boot\":{\"kernel\":\"/k\",\"cmdline\":\"a\\r\"}",
	 -SNP_E_JSON_VALUE, "/boot/cmdline"},
	{"igvm", ",\"igvm\":{\"path\":\"/g\"}", 0, ""},
	{"igvm without path", ",\"igvm\":{}", -SNP_E_JSON_MISSING_KEY, "/igvm"},
	{"igvm and firmware", ",\"igvm\":{\"path\":\"/g\"},\"firmware\":{\"auto\":true}",
	 -SNP_E_JSON_VALUE, "/firmware"},
	{"igvm and kernel", ",\"igvm\":{\"path\":\"/g\"},\"boot\":{\"kernel\":\"/k\"}",
	 -SNP_E_JSON_VALUE, "/boot"},
	{"kernel hashes as text", ",\"boot\":{\"kernel\":\"/k\",\"kernel_hashes\":\"yes\"}",
	 -SNP_E_JSON_TYPE, "/boot/kernel_hashes"},

	{"disk", ",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\"}]", 0, ""},
	{"disk without format", ",\"disks\":[{\"path\":\"/d\"}]", -SNP_E_JSON_MISSING_KEY,
	 "/disks/0"},
	{"disk without path", ",\"disks\":[{\"format\":\"raw\"}]", -SNP_E_JSON_MISSING_KEY,
	 "/disks/0"},
	{"disk booted at 0", ",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\",\"boot\":0}]",
	 -SNP_E_JSON_VALUE, "/disks/0/boot"},
	{"disk booted at 1", ",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\",\"boot\":1}]", 0, ""},
	{"disk booted at 99", ",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\",\"boot\":99}]", 0,
	 ""},
	{"disk booted at 100", ",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\",\"boot\":100}]",
	 -SNP_E_JSON_VALUE, "/disks/0/boot"},
	{"disk of unknown format", ",\"disks\":[{\"path\":\"/d\",\"format\":\"vmdk\"}]",
	 -SNP_E_JSON_VALUE, "/disks/0/format"},
	{"second disk wrong",
	 ",\"disks\":[{\"path\":\"/d\",\"format\":\"raw\",\"serial\":\"s\"},"
	 "{\"path\":\"d\",\"format\":\"raw\"}]",
	 -SNP_E_JSON_VALUE, "/disks/1/path"},
	{"network without type", ",\"networks\":[{\"source\":\"a\"}]", -SNP_E_JSON_MISSING_KEY,
	 "/networks/0"},
	{"network without source", ",\"networks\":[{\"type\":\"network\"}]",
	 -SNP_E_JSON_MISSING_KEY, "/networks/0"},
	{"user network with source", ",\"networks\":[{\"type\":\"user\",\"source\":\"a\"}]",
	 -SNP_E_JSON_VALUE, "/networks/0/source"},
	{"group MAC", ",\"networks\":[{\"type\":\"user\",\"mac\":\"01:00:00:00:00:01\"}]",
	 -SNP_E_JSON_VALUE, "/networks/0/mac"},
	{"console file without path", ",\"console\":{\"type\":\"file\"}", -SNP_E_JSON_MISSING_KEY,
	 "/console"},
	{"console without type", ",\"console\":{\"path\":\"/c\"}", -SNP_E_JSON_MISSING_KEY,
	 "/console"},
	{"console file", ",\"console\":{\"type\":\"file\",\"path\":\"/c\"}", 0, ""},
	{"console pty with path", ",\"console\":{\"type\":\"pty\",\"path\":\"/c\"}",
	 -SNP_E_JSON_VALUE, "/console/path"},
	{"vsock auto", ",\"vsock\":{\"cid\":\"auto\"}", 0, ""},
	{"vsock by another word", ",\"vsock\":{\"cid\":\"any\"}", -SNP_E_JSON_VALUE, "/vsock/cid"},
	{"vsock without CID", ",\"vsock\":{}", -SNP_E_JSON_MISSING_KEY, "/vsock"},
	{"first vsock", ",\"vsock\":{\"cid\":3}", 0, ""},
	{"last vsock", ",\"vsock\":{\"cid\":4294967294}", 0, ""},
	{"vsock of the host", ",\"vsock\":{\"cid\":2}", -SNP_E_JSON_VALUE, "/vsock/cid"},
	{"vsock of anyone", ",\"vsock\":{\"cid\":4294967295}", -SNP_E_JSON_VALUE, "/vsock/cid"},
	{"vfio", ",\"vfio\":[{\"address\":\"0000:41:00.0\"}]", 0, ""},
	{"vfio without address", ",\"vfio\":[{}]", -SNP_E_JSON_MISSING_KEY, "/vfio/0"},
	{"vfio by iommufd", ",\"vfio\":[{\"address\":\"0000:41:00.0\",\"iommufd\":true}]", 0, ""},
	{"window", ",\"mmio64\":\"256GiB\"", 0, ""},
	{"window that is no power of two", ",\"mmio64\":\"48GiB\"", -SNP_E_JSON_VALUE, "/mmio64"},
	{"window beyond the firmware's", ",\"mmio64\":\"32TiB\"", -SNP_E_JSON_VALUE, "/mmio64"},
	{"cdrom", ",\"cdrom\":[{\"path\":\"/c\",\"boot\":1}]", 0, ""},
	{"cdrom without path", ",\"cdrom\":[{}]", -SNP_E_JSON_MISSING_KEY, "/cdrom/0"},
	{"cdrom as object", ",\"cdrom\":{\"path\":\"/c\"}", -SNP_E_JSON_TYPE, "/cdrom"},
	{"cloud-init",
	 ",\"cloud_init\":{\"user_data\":\"/u\",\"meta_data\":\"/m\",\"network_config\":\"/n\"}", 0,
	 ""},
	{"cloud-init without user data", ",\"cloud_init\":{\"meta_data\":\"/m\"}",
	 -SNP_E_JSON_MISSING_KEY, "/cloud_init"},
	{"cloud-init with the data itself", ",\"cloud_init\":{\"user_data\":\"#cloud-config\"}",
	 -SNP_E_JSON_VALUE, "/cloud_init/user_data"},
	{"shared folder", ",\"shared_folder\":[{\"path\":\"/s\",\"tag\":\"t\"}]", 0, ""},
	{"shared folder without tag", ",\"shared_folder\":[{\"path\":\"/s\"}]",
	 -SNP_E_JSON_MISSING_KEY, "/shared_folder/0"},
	{"tag with a comma", ",\"shared_folder\":[{\"path\":\"/s\",\"tag\":\"a,b\"}]",
	 -SNP_E_JSON_VALUE, "/shared_folder/0/tag"},
	{"queues", ",\"networks\":[{\"type\":\"bridge\",\"source\":\"b\",\"queues\":4}]", 0, ""},
	{"queues of a user network", ",\"networks\":[{\"type\":\"user\",\"queues\":4}]",
	 -SNP_E_JSON_VALUE, "/networks/0/queues"},
	{"queues of another card",
	 ",\"networks\":[{\"type\":\"bridge\",\"source\":\"b\",\"model\":\"e1000e\",\"queues\":4}]",
	 -SNP_E_JSON_VALUE, "/networks/0/queues"},
	{"forward",
	 ",\"networks\":[{\"type\":\"user\",\"forward\":[{\"host\":2222,\"guest\":22}]}]", 0, ""},
	{"forward of a bridge",
	 ",\"networks\":[{\"type\":\"bridge\",\"source\":\"b\",\"forward\":[{\"host\":1,\"guest\":1}]}]",
	 -SNP_E_JSON_VALUE, "/networks/0/forward"},
	{"forward to no port", ",\"networks\":[{\"type\":\"user\",\"forward\":[{\"host\":1}]}]",
	 -SNP_E_JSON_MISSING_KEY, "/networks/0/forward/0"},
	{"forward from a host name",
	 ",\"networks\":[{\"type\":\"user\",\"forward\":[{\"host\":1,\"guest\":1,\"address\":"
	 "\"localhost\"}]}]",
	 -SNP_E_JSON_VALUE, "/networks/0/forward/0/address"},
	{"nodes", ",\"numa\":[{\"cpus\":\"0-1\",\"memory\":\"1G\",\"host_nodes\":\"0,1\"}]", 0, ""},
	{"no nodes", ",\"numa\":[]", -SNP_E_JSON_VALUE, "/numa"},
	{"node of words", ",\"numa\":[{\"cpus\":\"all\",\"memory\":\"1G\"}]", -SNP_E_JSON_VALUE,
	 "/numa/0/cpus"},
	{"initdata", ",\"boot\":{\"kernel\":\"/k\",\"initdata\":\"/n\"}", 0, ""},
	{"initdata and host data",
	 ",\"boot\":{\"kernel\":\"/k\",\"initdata\":\"/n\"},\"snp\":{\"host_data\":\"" HEX64 "\"}",
	 -SNP_E_JSON_VALUE, "/boot/initdata"},
	{"firmware beside the file", ",\"firmware\":{\"path\":\"f/OVMF.fd\"}", 0, ""},
	{"firmware above the file", ",\"firmware\":{\"path\":\"../OVMF.fd\"}", -SNP_E_JSON_VALUE,
	 "/firmware/path"},
	{"firmware without name", ",\"firmware\":{\"path\":\"\"}", -SNP_E_JSON_VALUE,
	 "/firmware/path"},
	{"vfio short", ",\"vfio\":[{\"address\":\"41:00.0\"}]", -SNP_E_JSON_VALUE,
	 "/vfio/0/address"},
	{"tpm", ",\"tpm\":\"passthrough\"", -SNP_E_JSON_VALUE, "/tpm"},
	{"on_reboot", ",\"on_reboot\":\"preserve\"", -SNP_E_JSON_VALUE, "/on_reboot"},

	{"policy by name", ",\"snp\":{\"policy\":{\"debug\":true}}", 0, ""},
	{"policy raw", ",\"snp\":{\"policy\":{\"raw\":\"0x30000\"}}", 0, ""},
	{"policy raw and a name", ",\"snp\":{\"policy\":{\"smt\":true,\"raw\":\"0x30000\"}}",
	 -SNP_E_JSON_VALUE, "/snp/policy/raw"},
	{"policy decimal", ",\"snp\":{\"policy\":{\"raw\":\"196608\"}}", -SNP_E_JSON_VALUE,
	 "/snp/policy/raw"},
	{"policy as number", ",\"snp\":{\"policy\":{\"raw\":196608}}", -SNP_E_JSON_TYPE,
	 "/snp/policy/raw"},
	{"policy capital", ",\"snp\":{\"policy\":{\"raw\":\"0X3000F\"}}", -SNP_E_JSON_VALUE,
	 "/snp/policy/raw"},
	{"policy with an unknown bit", ",\"snp\":{\"policy\":{\"sev_es\":true}}",
	 -SNP_E_JSON_UNKNOWN_KEY, "/snp/policy/sev_es"},
	{"abi_min", ",\"snp\":{\"policy\":{\"abi_min\":\"1.256\"}}", -SNP_E_JSON_VALUE,
	 "/snp/policy/abi_min"},
	{"host data short", ",\"snp\":{\"host_data\":\"" HEX32 "\"}", -SNP_E_JSON_VALUE,
	 "/snp/host_data"},
	{"host data in base64", ",\"snp\":{\"host_data\":\"ABEiM0RVZneImaq7zN3u/w==\"}",
	 -SNP_E_JSON_VALUE, "/snp/host_data"},
	{"host data of a file", ",\"snp\":{\"host_data\":\"sha256:/i\"}", 0, ""},
	{"host data of a relative file", ",\"snp\":{\"host_data\":\"sha256:i\"}", -SNP_E_JSON_VALUE,
	 "/snp/host_data"},
	{"measurement", ",\"snp\":{\"measurement\":\"" HEX64 HEX32 "\"}", 0, ""},
	{"measurement with 0x", ",\"snp\":{\"measurement\":\"0x" HEX64 HEX32 "\"}",
	 -SNP_E_JSON_VALUE, "/snp/measurement"},
	{"measurement in a file", ",\"snp\":{\"measurement\":\"@/m\"}", 0, ""},
	{"workarounds", ",\"snp\":{\"guest_visible_workarounds\":\"" HEX32 "\"}", 0, ""},
	{"id reference", ",\"snp\":{\"id\":{\"reference\":\"/r\",\"image\":\"web\"}}", 0, ""},
	{"id block without auth", ",\"snp\":{\"id\":{\"block\":\"/b\"}}", -SNP_E_JSON_MISSING_KEY,
	 "/snp/id"},
	{"id auth without block", ",\"snp\":{\"id\":{\"auth\":\"/b\"}}", -SNP_E_JSON_MISSING_KEY,
	 "/snp/id"},
	{"id of two kinds", ",\"snp\":{\"id\":{\"reference\":\"/r\",\"key\":\"/k\"}}",
	 -SNP_E_JSON_UNKNOWN_KEY, "/snp/id/key"},
	{"id of no kind", ",\"snp\":{\"id\":{}}", -SNP_E_JSON_MISSING_KEY, "/snp/id"},
	{"id author without key", ",\"snp\":{\"id\":{\"author_key\":\"/k\"}}",
	 -SNP_E_JSON_MISSING_KEY, "/snp/id"},
	{"svn over 32 bits", ",\"snp\":{\"id\":{\"key\":\"/k\",\"svn\":4294967296}}",
	 -SNP_E_JSON_VALUE, "/snp/id/svn"},
};

static int parse(const char *text, struct vm_config **ret, struct snp_error *err)
{
	return vm_config_parse("vm.json", text_span(text), ret, err);
}

static void check_member(void **state)
{
	const struct member *row = *state;
	struct vm_config *config = NULL;
	struct snp_error err = {0};
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"schema\":\"snp-launch/1\",\"name\":\"web1\",\"cpu\":{\"count\":2},"
		 "\"memory\":{\"size\":\"1GiB\"}%s}",
		 row->text);
	assert_int_equal(parse(text, &config, &err), row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(config != NULL, row->status == 0);
	assert_int_equal(err.message[0] != '\0', row->status < 0);
	assert_string_equal(err.pointer, row->pointer);
	if (row->status < 0) {
		assert_int_not_equal(err.line, 0);
		assert_string_equal(err.file, "vm.json");
	}
	vm_config_free(config);
}

/* Whole documents. */
static const struct document {
	const char *name, *text;
	int status;
	const char *pointer;
} documents[] = {
	{"empty object", "{}", -SNP_E_JSON_MISSING_KEY, ""},
	{"no object", "[]", -SNP_E_JSON_TYPE, ""},
	{"another version", "{\"schema\":\"snp-launch/3\"}", -SNP_E_JSON_SCHEMA, "/schema"},
	{"no name",
	 "{\"schema\":\"snp-launch/1\",\"cpu\":{\"count\":1},\"memory\":{\"size\":\"1GiB\"}}",
	 -SNP_E_JSON_MISSING_KEY, ""},
	{"name twice", "{\"schema\":\"snp-launch/1\",\"name\":\"a\",\"name\":\"b\"}",
	 -SNP_E_JSON_DUPLICATE_KEY, "/name"},
	{"trailing bytes", "{\"schema\":\"snp-launch/1\"} x", -SNP_E_JSON_SYNTAX, ""},
	{"comment", "// a guest\n{}", -SNP_E_JSON_SYNTAX, ""},
	{"nothing", "", -SNP_E_JSON_SYNTAX, ""},
};

static void check_document(void **state)
{
	const struct document *row = *state;
	struct vm_config *config = NULL;
	struct snp_error err = {0};

	assert_int_equal(parse(row->text, &config, &err), row->status);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_null(config);
	assert_string_equal(err.pointer, row->pointer);
	assert_int_not_equal(err.message[0], '\0');
}

/* Names, counts and sizes: one value in an otherwise good document. */
static const struct value {
	const char *name, *key, *text;
	bool good;
} values[] = {
	{"name of one", "name", "\"a\"", true},
	{"name of 63", "name",
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", true},
	{"name of 64", "name",
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", false},
	{"empty name", "name", "\"\"", false},
	{"name with slash", "name", "\"a/b\"", false},
	{"name like a JSON file's", "name", "\"a.json\"", false},
	{"name like an XML file's", "name", "\"a.b.xml\"", false},
	{"name with json within", "name", "\"a.json.b\"", true},
	{"name with newline", "name", "\"a\\n\"", false},
	{"name of two dots", "name", "\"..\"", false},
	{"name that looks like another", "name", "\"w\\u0435b\"", false},
	{"name with dot first", "name", "\".a\"", false},
	{"no vCPU", "cpu", "{\"count\":0}", false},
	{"vCPU -1", "cpu", "{\"count\":-1}", false},
	{"vCPU half", "cpu", "{\"count\":1.5}", false},
	{"4096 vCPUs", "cpu", "{\"count\":4096}", true},
	{"4097 vCPUs", "cpu", "{\"count\":4097}", false},
	{"no socket", "cpu", "{\"count\":4,\"sockets\":0}", false},
	{"no core", "cpu", "{\"count\":4,\"cores\":0}", false},
	{"no thread", "cpu", "{\"count\":4,\"threads\":0}", false},
	{"4097 sockets", "cpu", "{\"count\":4,\"sockets\":4097}", false},
	{"memory without size", "memory", "{\"backing\":\"ram\"}", false},
	{"vCPU as text", "cpu", "{\"count\":\"4\"}", false},
	{"no count", "cpu", "{\"model\":\"EPYC-v4\"}", false},
	{"signature", "cpu", "{\"count\":4,\"model\":\"host\",\"signature\":\"0xa10f11\"}", true},
	{"signature decimal", "cpu", "{\"count\":4,\"signature\":\"10555153\"}", false},
	{"signature of 9 digits", "cpu", "{\"count\":4,\"signature\":\"0x100000000\"}", false},
	{"memory without unit", "memory", "{\"size\":\"4096\"}", false},
	{"memory as number", "memory", "{\"size\":4294967296}", true},
	{"memory as odd number", "memory", "{\"size\":4097}", false},
	{"memory as number of nothing", "memory", "{\"size\":0}", false},
	{"memory past all", "memory", "{\"size\":140737488356352}", false},
	{"memory in short", "memory", "{\"size\":\"4G\"}", true},
	{"huge pages of 1 GiB", "memory", "{\"size\":\"4G\",\"hugepages\":\"1G\"}", true},
	{"huge pages of 4 KiB", "memory", "{\"size\":\"4G\",\"hugepages\":\"4K\"}", false},
	{"memory of nothing", "memory", "{\"size\":\"0GiB\"}", false},
	{"memory that overflows", "memory", "{\"size\":\"99999999999TiB\"}", false},
	{"memory with blank", "memory", "{\"size\":\"4 GiB\"}", false},
	{"memory in GB", "memory", "{\"size\":\"4GB\"}", false},
	{"memory negative", "memory", "{\"size\":\"-4GiB\"}", false},
	{"user", "snp", "{\"user\":\"snp-web_1\"}", true},
	{"user of 32", "snp", "{\"user\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", true},
	{"user of 33", "snp", "{\"user\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", false},
	{"user by number", "snp", "{\"user\":\"1000\"}", false},
	{"user with a group", "snp", "{\"user\":\"a:b\"}", false},
	{"no user", "snp", "{\"user\":\"\"}", false},
	{"memory backing", "memory", "{\"size\":\"4GiB\",\"backing\":\"ram\"}", true},
};

static void check_value(void **state)
{
	static const char *const defaults[][2] = {{"name", "\"a\""},
						  {"cpu", "{\"count\":1}"},
						  {"memory", "{\"size\":\"1GiB\"}"},
						  {"snp", "{}"}};
	const struct value *row = *state;
	struct vm_config *config = NULL;
	char text[2048] = "{\"schema\":\"snp-launch/1\"", pointer[64];
	struct snp_error err = {0};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		size_t n = strlen(text);
		bool mine = strcmp(defaults[i][0], row->key) == 0;

		snprintf(text + n, sizeof(text) - n, ",\"%s\":%s%s", defaults[i][0],
			 mine ? row->text : defaults[i][1],
			 i + 1 == ARRAY_SIZE(defaults) ? "}" : "");
	}
	r = parse(text, &config, &err);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(r == 0, row->good);
	snprintf(pointer, sizeof(pointer), "/%s", row->good ? "" : row->key);
	if (!row->good)
		assert_memory_equal(err.pointer, pointer, strlen(pointer));
	vm_config_free(config);
}

/* A member with a list of so many, or a text of so many characters; one more is refused. */
static const struct limit {
	const char *name, *before, *each, *after;
	size_t n;
} limits[] = {
	{"disks", ",\"disks\":[", "{\"path\":\"/d\",\"format\":\"raw\"},", "]", 26},
	{"networks", ",\"networks\":[", "{\"type\":\"user\"},", "]", 16},
	{"vfio", ",\"vfio\":[", "{\"address\":\"0000:41:00.0\"},", "]", 16},
	{"labels", ",\"labels\":{", "\"l%zu\":\"x\",", "}", 64},
	{"label", ",\"labels\":{\"a\":\"", "x", "\"}", 256},
	{"label key", ",\"labels\":{\"", "x", "\":\"a\"}", 63},
	{"title", ",\"title\":\"", "x", "\"", 256},
	{"title of two bytes each", ",\"title\":\"", "\xc3\xa4", "\"", 256},
	{"description", ",\"description\":\"", "x", "\"", 4096},
	{"connect", ",\"connect\":\"qemu:", "x", "\"", 1024 - 5},
	{"path", ",\"libvirt_xml\":\"/", "x", "\"", 4095 - 1},
	{"command line", ",\"boot\":{\"kernel\":\"/k\",\"cmdline\":\"", "x", "\"}", 65535},
};

static void check_limit(void **state)
{
	const struct limit *row = *state;

	for (size_t more = 0; more < 2; more++) {
		struct vm_config *config = NULL;
		_cleanup_(freep) char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		assert_non_null(stream);
		fprintf(stream,
			"{\"schema\":\"snp-launch/2\",\"name\":\"web1\",\"cpu\":{\"count\":2},"
			"\"memory\":{\"size\":\"1GiB\"}%s",
			row->before);
		for (size_t i = 0; i < row->n + more; i++) {
			const char *number = strstr(row->each, "%zu");

			if (number)
				fprintf(stream, "%.*s%zu%s", (int)(number - row->each), row->each,
					i, number + 3);
			else
				fputs(row->each, stream);
		}
		/* No comma after the last one. */
		fflush(stream);
		if (text[size - 1] == ',')
			fseek(stream, -1, SEEK_CUR);
		fprintf(stream, "%s}", row->after);
		fclose(stream);
		assert_int_equal(parse(text, &config, NULL), more ? -SNP_E_JSON_VALUE : 0);
		vm_config_free(config);
	}
}

/* What a guest gets beside disks and networks. */
static void check_devices(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	static const char text[] =
		"{\"schema\":\"snp-launch/2\",\"name\":\"web1\",\"cpu\":{\"count\":2,\"pinning\":[\"4\",\"5-6\"]},"
		"\"memory\":{\"size\":2147483648,\"hugepages\":\"1GiB\"},"
		"\"numa\":[{\"cpus\":\"0\",\"memory\":\"1G\",\"host_nodes\":\"1\"},{\"cpus\":\"1\",\"memory\":"
		"\"1G\"}],\"boot\":{\"kernel\":\"/k\",\"initdata\":\"/n\"},"
		"\"networks\":[{\"type\":\"user\",\"model\":\"e1000e\",\"forward\":[{\"protocol\":\"udp\","
		"\"address\":\"::1\",\"host\":1,\"guest\":2}]},{\"type\":\"bridge\",\"source\":\"b\","
		"\"queues\":4}],\"cdrom\":[{\"path\":\"/c\",\"boot\":3}],"
		"\"cloud_init\":{\"user_data\":\"/u\",\"meta_data\":\"/m\",\"network_config\":\"/w\"},"
		"\"shared_folder\":[{\"path\":\"/s\",\"tag\":\"t\"}],"
		"\"vfio\":[{\"address\":\"0000:41:00.0\",\"iommufd\":true}],\"mmio64\":\"256GiB\"}";

	(void)state;
	assert_int_equal(parse(text, &config, NULL), 0);
	assert_int_equal(config->n_pins, 2);
	assert_string_equal(config->pins[1], "5-6");
	assert_true(config->memory_kib == 2u << 20);
	assert_true(config->hugepages && config->hugepage_kib == 1u << 20);
	assert_string_equal(config->nodes[0].host_nodes, "1");
	assert_null(config->nodes[1].host_nodes);
	assert_true(config->nodes[1].memory_kib == 1u << 20);
	assert_int_equal(config->host_data_kind, VM_HOST_DATA_INITDATA);
	assert_string_equal(config->host_data_path, "/n");
	assert_int_equal(config->networks[0].model, VM_NIC_E1000E);
	assert_int_equal(config->networks[0].forwards[0].protocol, VM_UDP);
	assert_string_equal(config->networks[0].forwards[0].address, "::1");
	assert_int_equal(config->networks[0].forwards[0].guest, 2);
	assert_int_equal(config->networks[1].queues, 4);
	assert_int_equal(config->cdroms[0].boot, 3);
	assert_string_equal(config->cloud_init.network_config, "/w");
	assert_string_equal(config->folders[0].tag, "t");
	assert_true(config->vfio[0].iommufd);
	assert_true(config->mmio64_kib == 256ull << 20);
}

/* The document that is kept says where the firmware is, wherever it is kept. */
static void check_firmware_beside(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL, *kept = NULL;
	static const char text[] =
		"{\"schema\":\"snp-launch/2\",\"name\":\"web1\",\"cpu\":{\"count\":1},"
		"\"memory\":{\"size\":\"1G\"},\"firmware\":{\"path\":\"sub/f.fd\"}}";

	(void)state;
	assert_int_equal(vm_config_parse("/usr/bin/web1.json", text_span(text), &config, NULL), 0);
	assert_string_equal(config->firmware.path, "/usr/bin/sub/f.fd");
	assert_int_equal(vm_config_parse("/etc/vm.json", vm_config_text(config), &kept, NULL), 0);
	assert_string_equal(kept->firmware.path, "/usr/bin/sub/f.fd");
	vm_config_free(config);
	config = NULL;
	assert_int_equal(vm_config_parse("/no/such/web1.json", text_span(text), &config, NULL),
			 -SNP_E_OPEN);
}

static void check_defaults(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;

	(void)state;
	assert_int_equal(
		parse("{\"schema\":\"snp-launch/1\",\"name\":\"web1\",\"cpu\":{\"count\":6,"
		      "\"threads\":2},\"memory\":{\"size\":\"4GiB\"}}",
		      &config, NULL),
		0);
	assert_string_equal(config->name, "web1");
	assert_null(config->uuid);
	assert_null(config->firmware.path);
	assert_null(config->kernel.path);
	assert_false(config->kernel_hashes);
	assert_int_equal(config->cpu_count, 6);
	assert_string_equal(config->cpu_model, "EPYC-v4");
	assert_int_equal(config->cpu_sockets, 1);
	assert_int_equal(config->cpu_cores, 3);
	assert_int_equal(config->cpu_threads, 2);
	assert_true(config->memory_kib == 4u << 20);
	assert_int_equal(config->memory_backing, VM_BACKING_MEMFD);
	assert_int_equal(config->console, VM_CONSOLE_PTY);
	assert_int_equal(config->vsock, VM_VSOCK_NONE);
	assert_true(config->rng && config->vcek && config->relabel);
	assert_false(config->tpm || config->autostart || config->hugepages);
	assert_true(config->policy == 0x30000);
	assert_int_equal(config->host_data_kind, VM_HOST_DATA_ZERO);
	assert_int_equal(config->id_kind, VM_ID_NONE);
	assert_int_equal(config->on_reboot, VM_REBOOT_AUTO);
}

static void check_everything(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	static const char text[] =
		"{\"schema\":\"snp-launch/1\",\"name\":\"web1\","
		"\"uuid\":\"6F7C2A9E-5D0B-4A6E-9A3E-0D5B8C1F2E47\",\"labels\":{\"a\":\"b\"},"
		"\"boot\":{\"kernel\":\"/k\",\"kernel_sha256\":\"" HEX64
		"\",\"cmdline\":\"\\\"a, b\\\" nr_cpus={vcpu_count}\"},"
		"\"cpu\":{\"count\":8,\"sockets\":2,\"model\":\"host\",\"signature\":\"0xa20f10\"},"
		"\"memory\":{\"size\":\"512MiB\",\"backing\":\"ram\",\"locked\":true},"
		"\"disks\":[{\"path\":\"/d\",\"format\":\"qcow2\",\"bus\":\"scsi\",\"cache\":\"unsafe\","
		"\"boot\":2}],\"networks\":[{\"type\":\"bridge\",\"source\":\"br0\"}],"
		"\"vsock\":{\"cid\":7},\"vfio\":[{\"address\":\"0000:41:00.0\"}],\"tpm\":\"emulated\","
		"\"snp\":{\"policy\":{\"abi_min\":\"1.51\",\"smt\":false,\"rapl_dis\":true},"
		"\"host_data\":\"" HEX64
		"\",\"measurement\":\"@/m\",\"id\":{\"key\":\"/key\",\"svn\":9,"
		"\"family_id\":\"" HEX32 "\"}},\"on_reboot\":\"restart\"}";

	(void)state;
	assert_int_equal(parse(text, &config, NULL), 0);
	assert_string_equal(config->uuid, "6f7c2a9e-5d0b-4a6e-9a3e-0d5b8c1f2e47");
	assert_string_equal(config->labels[0].value, "b");
	assert_true(config->kernel.has_sha256 && config->kernel.sha256[1] == 0x11);
	assert_string_equal(config->cmdline, "\"a, b\" nr_cpus=8");
	assert_true(config->kernel_hashes);
	assert_int_equal(config->cpu_signature, 0xa20f10);
	assert_int_equal(config->cpu_cores, 4);
	assert_true(config->memory_kib == 512u << 10);
	assert_int_equal(config->disks[0].cache, VM_CACHE_UNSAFE);
	assert_int_equal(config->disks[0].boot, 2);
	assert_string_equal(config->networks[0].source, "br0");
	assert_int_equal(config->vsock_cid, 7);
	assert_string_equal(config->vfio[0].address, "0000:41:00.0");
	assert_true(config->policy == 0x820133);
	assert_int_equal(config->host_data[31], 0xff);
	assert_int_equal(config->measurement_kind, VM_MEASUREMENT_IN_FILE);
	assert_string_equal(config->measurement_path, "/m");
	assert_int_equal(config->id_svn, 9);
	assert_int_equal(config->id_family_id[15], 0xff);
	assert_int_equal(config->on_reboot, VM_REBOOT_RESTART);
}

/* The members that the document above leaves out, and other words than its. */
static void check_the_rest(void **state)
{
	_cleanup_(vm_config_freep) struct vm_config *config = NULL;
	static const char text[] =
		"{\"schema\":\"snp-launch/2\",\"name\":\"web1\",\"title\":\"a title\","
		"\"description\":\"more\",\"connect\":\"qemu:///session\","
		"\"firmware\":{\"path\":\"/f\",\"sha256\":\"" HEX64 "\"},"
		"\"boot\":{\"kernel\":\"/k\",\"initrd\":\"/i\",\"initrd_sha256\":\"" HEX64
		"\",\"kernel_hashes\":false},"
		"\"cpu\":{\"count\":1,\"cores\":5},"
		"\"memory\":{\"size\":\"2TiB\",\"hugepages\":true},"
		"\"disks\":[{\"path\":\"/a\",\"format\":\"raw\"},"
		"{\"path\":\"/b\",\"format\":\"raw\",\"bus\":\"virtio\",\"cache\":\"directsync\","
		"\"readonly\":true,\"serial\":\"s1\"}],"
		"\"networks\":[{\"type\":\"user\"},{\"type\":\"network\",\"source\":\"default\","
		"\"mac\":\"52:54:00:12:34:56\"}],"
		"\"console\":{\"type\":\"file\",\"path\":\"/c\"},\"vsock\":{\"cid\":\"auto\"},"
		"\"rng\":false,\"tpm\":\"none\",\"snp\":{\"host_data\":\"sha256:/h\","
		"\"guest_visible_workarounds\":\"" HEX32 "\",\"vcek\":false,"
		"\"measurement\":\"" HEX64 HEX32 "\",\"user\":\"web\","
		"\"id\":{\"key\":\"/key\",\"author_key\":\"/author\",\"image_id\":\"" HEX32 "\"}},"
		"\"relabel\":false,\"autostart\":true,\"on_reboot\":\"destroy\","
		"\"libvirt_xml\":\"/x\",\"emulator\":\"/e\"}";

	(void)state;
	assert_int_equal(parse(text, &config, NULL), 0);
	assert_string_equal(config->title, "a title");
	assert_string_equal(config->description, "more");
	assert_string_equal(config->connect, "qemu:///session");
	assert_string_equal(config->firmware.path, "/f");
	assert_true(config->firmware.has_sha256 && config->firmware.sha256[31] == 0xff);
	assert_string_equal(config->initrd.path, "/i");
	assert_true(config->initrd.has_sha256 && config->initrd.sha256[31] == 0xff);
	assert_false(config->kernel.has_sha256 || config->kernel_hashes);
	assert_null(config->cmdline);
	assert_false(config->has_cpu_signature);
	assert_int_equal(config->cpu_cores, 5);
	assert_true(config->memory_kib == 2ull << 30);
	assert_true(config->hugepages && !config->memory_locked);
	assert_int_equal(config->n_disks, 2);
	assert_string_equal(config->disks[0].path, "/a");
	assert_int_equal(config->disks[0].format, VM_DISK_RAW);
	assert_int_equal(config->disks[0].cache, VM_CACHE_NONE);
	assert_int_equal(config->disks[0].boot, 0);
	assert_false(config->disks[0].readonly);
	assert_null(config->disks[0].serial);
	assert_int_equal(config->disks[1].bus, VM_BUS_VIRTIO);
	assert_int_equal(config->disks[1].cache, VM_CACHE_DIRECTSYNC);
	assert_true(config->disks[1].readonly);
	assert_string_equal(config->disks[1].serial, "s1");
	assert_int_equal(config->n_networks, 2);
	assert_int_equal(config->networks[0].type, VM_NETWORK_USER);
	assert_null(config->networks[0].source);
	assert_int_equal(config->networks[1].type, VM_NETWORK_NETWORK);
	assert_string_equal(config->networks[1].mac, "52:54:00:12:34:56");
	assert_int_equal(config->console, VM_CONSOLE_FILE);
	assert_string_equal(config->console_path, "/c");
	assert_int_equal(config->vsock, VM_VSOCK_AUTO);
	assert_false(config->rng || config->tpm || config->vcek || config->relabel);
	assert_true(config->autostart);
	assert_int_equal(config->host_data_kind, VM_HOST_DATA_SHA256_OF);
	assert_string_equal(config->host_data_path, "/h");
	assert_true(config->has_guest_visible_workarounds);
	assert_int_equal(config->guest_visible_workarounds[15], 0xff);
	assert_int_equal(config->measurement_kind, VM_MEASUREMENT_BYTES);
	assert_int_equal(config->measurement[47], 0xff);
	assert_string_equal(config->user, "web");
	assert_int_equal(config->id_kind, VM_ID_KEY);
	assert_string_equal(config->id_key, "/key");
	assert_string_equal(config->id_author_key, "/author");
	assert_int_equal(config->id_image_id[15], 0xff);
	assert_int_equal(config->id_svn, 0);
	assert_int_equal(config->on_reboot, VM_REBOOT_DESTROY);
	assert_string_equal(config->libvirt_xml, "/x");
	assert_string_equal(config->emulator, "/e");
}

/* Where each kind of ID block comes from. */
static void check_id_kinds(void **state)
{
	static const char *const ids[] = {
		[VM_ID_REFERENCE] = "{\"reference\":\"/r\",\"image\":\"web\"}",
		[VM_ID_BLOCK] = "{\"block\":\"/b\",\"auth\":\"/a\"}",
		[VM_ID_KEY] = "{\"key\":\"/k\"}",
	};

	(void)state;
	for (size_t i = VM_ID_REFERENCE; i < ARRAY_SIZE(ids); i++) {
		_cleanup_(vm_config_freep) struct vm_config *config = NULL;
		char text[256];

		snprintf(text, sizeof(text),
			 "{\"schema\":\"snp-launch/1\",\"name\":\"a\",\"cpu\":{\"count\":1},"
			 "\"memory\":{\"size\":\"1GiB\"},\"snp\":{\"id\":%s}}",
			 ids[i]);
		assert_int_equal(parse(text, &config, NULL), 0);
		assert_int_equal(config->id_kind, i);
		if (i == VM_ID_REFERENCE) {
			assert_string_equal(config->id_reference, "/r");
			assert_string_equal(config->id_image, "web");
		} else if (i == VM_ID_BLOCK) {
			assert_string_equal(config->id_block, "/b");
			assert_string_equal(config->id_auth, "/a");
		}
	}
}

/* Every proper prefix of a good document is refused, and explained within it. */
static void check_cut(void **state)
{
	static const char whole[] =
		"{\"schema\":\"snp-launch/1\",\"name\":\"a\",\"cpu\":{\"count\":1},"
		"\"memory\":{\"size\":\"1GiB\"},\"labels\":{\"x\":\"y\"}}";

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char *text =
			malloc(n ? n : 1); /* on the heap, so that ASan sees one byte too far */
		struct vm_config *config = NULL;
		struct snp_error err = {0};

		assert_non_null(text);
		memcpy(text, whole, n);
		assert_true(vm_config_parse("cut", (struct snp_span){(uint8_t *)text, n}, &config,
					    &err) < 0);
		assert_null(config);
		assert_int_not_equal(err.message[0], '\0');
		free(text);
	}
}

static void as_told(void **state)
{
	(void)state;
	told("vm_config");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_defaults),
		cmocka_unit_test(check_devices),
		cmocka_unit_test(check_firmware_beside),
		cmocka_unit_test(check_everything),
		cmocka_unit_test(check_the_rest),
		cmocka_unit_test(check_id_kinds),
		cmocka_unit_test(check_cut),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_member, members);
	ADD_ROWS(tests, n, check_document, documents);
	ADD_ROWS(tests, n, check_value, values);
	ADD_ROWS(tests, n, check_limit, limits);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("vm_config", tests, n);
}
