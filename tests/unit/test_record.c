// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/id_block.h>
#include <snp/memory.h>

#include "domain_text.h"
#include "guest/record.h"
#include "test_keys.h"
#include "told.h"

/* A record as record_print() writes it; the rows change one thing. */
static const char good[] =
	"{\"schema\": \"snp-launch-record/1\",\n"
	" \"tool\": {\"name\": \"snp-launch\", \"version\": \"0.1.0\"},\n"
	" \"name\": \"web1\", \"uuid\": \"9df77f02-4e40-4dd4-9308-c438bf0730f1\",\n"
	" \"uri\": \"qemu:///system\", \"state\": \"defined\", \"created\": \"2026-11-21T18:51:55Z\",\n"
	" \"remote\": false,\n"
	" \"boot\": {\"firmware\": {\"source\": \"/f\", \"path\": \"/s/web1/boot/firmware\", \"size\": 4096,\n"
	"   \"sha256\": \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"},\n"
	"  \"kernel\": {\"source\": \"/k\", \"path\": \"/s/web1/boot/kernel\", \"size\": 1,\n"
	"   \"sha256\": \"ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\"}},\n"
	" \"cmdline\": \"console=ttyS0\", \"kernel_hashes\": true,\n"
	" \"vmm_profile\": \"qemu\", \"vcpu_count\": 4, \"cpu_model\": \"EPYC-v4\",\n"
	" \"cpu_signature\": \"0x800f12\", \"guest_features\": \"0x1\", \"policy\": \"0x30000\",\n"
	" \"host_data\": \"0000000000000000000000000000000000000000000000000000000000000000\",\n"
	" \"launch_digest\": \"798604a371eb59ac3577b41c00c63793678b6fe7895c807feaa30fb0cdbcff205ef09de60c5a"
	"191cff18bc7fa13a1bbe\"\n"
	"}\n";

static const struct mangle {
	const char *name, *find, *replace;
	enum snp_code code;
	const char *pointer;
} mangles[] = {
	{"as it is", "", "", SNP_OK, ""},
	{"without a command line", "\"cmdline\": \"console=ttyS0\", ", "", SNP_OK, ""},
	{"while it is made", "\"defined\"", "\"creating\"", SNP_OK, ""},
	{"another schema", "record/1", "record/3", SNP_E_JSON_SCHEMA, "/schema"},
	{"no schema's number", "record/1", "record/0", SNP_E_JSON_SCHEMA, "/schema"},
	{"a longer number", "record/1", "record/11", SNP_E_JSON_SCHEMA, "/schema"},
	{"the next schema", "record/1", "record/2", SNP_OK, ""},
	{"unknown state", "\"defined\"", "\"gone\"", SNP_E_JSON_VALUE, "/state"},
	{"unknown key", "\"remote\"", "\"remotely\"", SNP_E_JSON_UNKNOWN_KEY, ""},
	{"no name", "\"name\": \"web1\", ", "", SNP_E_JSON_MISSING_KEY, ""},
	{"short UUID", "9df77f02-", "", SNP_E_JSON_VALUE, "/uuid"},
	{"no firmware", "\"firmware\"", "\"initrd\"", SNP_E_JSON_MISSING_KEY, "/boot"},
	{"kernel hashes without kernel", "\"kernel\": {", "\"initrd\": {", SNP_E_JSON_VALUE,
	 "/boot"},
	{"size 0", "\"size\": 4096", "\"size\": 0", SNP_E_JSON_VALUE, "/boot/firmware/size"},
	{"a record of another tool", "\"snp-launch\", ", "\"snp-lunch\", ", SNP_E_JSON_VALUE,
	 "/tool/name"},
	{"size a string", "\"size\": 4096", "\"size\": \"4096\"", SNP_E_JSON_TYPE,
	 "/boot/firmware/size"},
	{"hash too short", "\"00112233", "\"112233", SNP_E_JSON_VALUE, "/boot/firmware/sha256"},
	{"digest one digit short", "1bbe\"", "1bb\"", SNP_E_JSON_VALUE, "/launch_digest"},
	{"no vCPUs", "\"vcpu_count\": 4", "\"vcpu_count\": 0", SNP_E_JSON_VALUE, "/vcpu_count"},
	{"signature of 33 bits", "0x800f12", "0x100800f12", SNP_E_JSON_VALUE, "/cpu_signature"},
	{"decimal policy", "\"0x30000\"", "\"196608\"", SNP_E_JSON_VALUE, "/policy"},
	{"a user of its own", "\"remote\": false",
	 "\"remote\": false, \"qemu\": {\"user\": \"web1\", \"option_roms\": 0, \"guest_agent\": false, "
	 "\"tpm\": false}",
	 SNP_OK, ""},
	{"labels", "\"remote\": false",
	 "\"labels\": {\"app\": \"web\", \"x/y\": \"=\"}, \"remote\": false", SNP_OK, ""},
	{"a label that vm.json cannot have", "\"remote\": false",
	 "\"labels\": {\"App\": \"web\"}, \"remote\": false", SNP_E_JSON_VALUE, "/labels/App"},
	{"a label of two lines", "\"remote\": false",
	 "\"labels\": {\"app\": \"a\\nb\"}, \"remote\": false", SNP_E_JSON_VALUE, "/labels/app"},
	{"labels in an array", "\"remote\": false", "\"labels\": [], \"remote\": false",
	 SNP_E_JSON_TYPE, "/labels"},
	{"QEMU without option ROMs", "\"remote\": false",
	 "\"remote\": false, \"qemu\": {\"guest_agent\": false, \"tpm\": false}",
	 SNP_E_JSON_MISSING_KEY, "/qemu"},
	{"QEMU without guest agent", "\"remote\": false",
	 "\"remote\": false, \"qemu\": {\"option_roms\": 0, \"tpm\": false}",
	 SNP_E_JSON_MISSING_KEY, "/qemu"},
	{"QEMU without TPM", "\"remote\": false",
	 "\"remote\": false, \"qemu\": {\"option_roms\": 0, \"guest_agent\": false}",
	 SNP_E_JSON_MISSING_KEY, "/qemu"},
	{"no digest", "\"launch_digest\"", "\"digest_of_launch\"", SNP_E_JSON_UNKNOWN_KEY, ""},
	{"no policy", " \"policy\": \"0x30000\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no boot path", "\"path\": \"/s/web1/boot/kernel\", ", "", SNP_E_JSON_MISSING_KEY,
	 "/boot/kernel"},
	{"no boot hash",
	 ", \"size\": 1,\n   \"sha256\": \"ffeeddccbbaa99887766554433221100"
	 "ffeeddccbbaa99887766554433221100\"",
	 ", \"size\": 1", SNP_E_JSON_MISSING_KEY, "/boot/kernel"},
	{"no size", ", \"size\": 4096", "", SNP_E_JSON_MISSING_KEY, "/boot/firmware"},
	{"no state", " \"state\": \"defined\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"not whether it is remote", " \"remote\": false,\n", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no host data",
	 " \"host_data\": \"0000000000000000000000000000000000000000000000000000000000000000\",\n",
	 "", SNP_E_JSON_MISSING_KEY, ""},
	{"no tool's version", ", \"version\": \"0.1.0\"", "", SNP_E_JSON_MISSING_KEY, "/tool"},
	{"no profile", " \"vmm_profile\": \"qemu\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no count", " \"vcpu_count\": 4,", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no model", " \"cpu_model\": \"EPYC-v4\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no signature", " \"cpu_signature\": \"0x800f12\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no features", " \"guest_features\": \"0x1\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no URI", " \"uri\": \"qemu:///system\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"no time", " \"created\": \"2026-11-21T18:51:55Z\",", "", SNP_E_JSON_MISSING_KEY, ""},
	{"not whether there are hashes", ", \"kernel_hashes\": true", "", SNP_E_JSON_MISSING_KEY,
	 ""},
	{"a user that is none", "\"remote\": false",
	 "\"remote\": false, \"qemu\": {\"user\": \"+1\", \"option_roms\": 0, \"guest_agent\": false, "
	 "\"tpm\": false}",
	 SNP_E_JSON_VALUE, "/qemu/user"},
	{"VCEK", "\"remote\": false", "\"remote\": false, \"vcek\": true", SNP_OK, ""},
	{"VCEK no boolean", "\"remote\": false", "\"remote\": false, \"vcek\": 1", SNP_E_JSON_TYPE,
	 "/vcek"},
	{"workarounds", "\"remote\": false",
	 "\"remote\": false, \"guest_visible_workarounds\": \"00000000000000000000000000000001\"",
	 SNP_OK, ""},
	{"workarounds too short", "\"remote\": false",
	 "\"remote\": false, \"guest_visible_workarounds\": \"01\"", SNP_E_JSON_VALUE,
	 "/guest_visible_workarounds"},
	{"ID of no source", "\"remote\": false",
	 "\"remote\": false, \"id\": {\"source\": \"none\"}", SNP_E_JSON_VALUE, "/id/source"},
	{"ID block that is none", "\"remote\": false",
	 "\"remote\": false, \"id\": {\"source\": \"key\", \"id_block\": \"AAAA\", \"id_auth\": \"\"}",
	 SNP_E_BAD_BASE64, "/id/id_block"},
	{"bytes after it", "}\n", "}\n{", SNP_E_JSON_SYNTAX, ""},
	{"cut off", "\"policy\"", "\"", SNP_E_JSON_SYNTAX, ""},
};

/* The last occurrence of `find` in `good` becomes `replace`. */
static char *mangled(const struct mangle *m)
{
	const char *at = m->find[0] ? NULL : good;
	char *text;

	for (const char *s = good; m->find[0] && (s = strstr(s, m->find)); s++)
		at = s;
	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - good), good, m->replace,
			     at + strlen(m->find)) > 0);
	return text;
}

static void check_mangle(void **state)
{
	const struct mangle *m = *state;
	_cleanup_(freep) char *text = mangled(m);
	struct guest_record *record = (struct guest_record *)&text;
	struct snp_error err = {0};
	struct snp_span span = text_span(text);
	int r;

	if (strcmp(m->name, "cut off") == 0)
		span.size = (size_t)(strstr(text, "\"vmm_profile\"") - text);
	r = record_parse("record.json", span, &record, &err);
	tell_result(m->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(r, -(int)m->code);
	if (r == 0) {
		record_free(record);
		return;
	}
	assert_ptr_equal(record, &text);
	assert_string_equal(err.file, "record.json");
	assert_true(err.message[0] != '\0');
	if (m->code != SNP_E_JSON_SYNTAX && m->code != SNP_E_JSON_UNKNOWN_KEY)
		assert_string_equal(err.pointer, m->pointer);
}

/* What is printed, read and printed again is the same to the byte. */
static void printing_is_reading_back(void **state)
{
	_cleanup_(record_freep) struct guest_record *record = NULL, *again = NULL;
	_cleanup_(freep) char *first = NULL, *second = NULL;

	(void)state;
	assert_int_equal(record_parse("r", text_span(good), &record, NULL), 0);
	assert_int_equal(record->vcpus.count, 4);
	assert_int_equal(record->vcpus.signature, 0x800f12);
	assert_int_equal(record->boot[BOOT_KERNEL].sha256[0], 0xff);
	assert_null(record->boot[BOOT_INITRD].source);
	assert_int_equal(record->binding.source, ID_NONE);
	assert_int_equal(record_print(record, &first, NULL), 0);
	assert_int_equal(record_parse("r", text_span(first), &again, NULL), 0);
	assert_int_equal(record_print(again, &second, NULL), 0);
	assert_string_equal(first, second);
}

/* Nothing that a record may have gets lost between reading and printing. */
static void all_that_may_stand_in_one(void **state)
{
	static const char *const members[] = {
		"\"version\": \"0.1.0\"",
		"\"name\": \"web1\"",
		"\"uuid\": \"9df77f02-4e40-4dd4-9308-c438bf0730f1\"",
		"\"uri\": \"qemu:///system\"",
		"\"state\": \"creating\"",
		"\"created\": \"2026-11-21T18:51:55Z\"",
		"\"remote\": true",
		"\"source\": \"/f\"",
		"\"path\": \"/s/web1/boot/firmware\"",
		"\"size\": 4096",
		"\"sha256\": \"0011223344",
		"\"source\": \"/i\"",
		"\"path\": \"/j\"",
		"\"size\": 7",
		"\"sha256\": \"eeeeddcc",
		"\"cmdline\": \"console=ttyS0\"",
		"\"kernel_hashes\": true",
		"\"kernel_hash_verifier\": \"absent\"",
		"\"vmm_profile\": \"qemu\"",
		"\"vcpu_count\": 4",
		"\"cpu_model\": \"EPYC-v4\"",
		"\"cpu_signature\": \"0x800f12\"",
		"\"guest_features\": \"0x1\"",
		"\"policy\": \"0x30000\"",
		"\"host_data\": \"00000000",
		"\"vcek\": false",
		"\"guest_visible_workarounds\": \"00000000000000000000000000000001\"",
		"\"launch_digest\": \"798604a3",
		"\"emulator\": \"/qemu\"",
		"\"security_labels\": \"static\"",
		"\"option_roms\": 3",
		"\"guest_agent\": true",
		"\"tpm\": true"};
	_cleanup_(
		freep) char *creating = replace_once(good, "defined", "creating"),
			    *initrd = replace_once(
				    creating, "554433221100\"}},",
				    "554433221100\"}, \"initrd\": {\"source\": \"/i\", \"path\": "
				    "\"/j\", \"size\": 7, \"sha256\": \"eeeeddccbbaa99887766554433"
				    "221100ffeeddccbbaa99887766554433221100\"}},"),
			    *all = NULL, *printed = NULL;
	_cleanup_(record_freep) struct guest_record *record = NULL;
	struct snp_error err = {0};

	(void)state;
	all = replace_once(
		initrd, "\"remote\": false,",
		"\"remote\": true, \"vcek\": false, \"kernel_hash_verifier\": \"absent\", "
		"\"guest_visible_workarounds\": \"00000000000000000000000000000001\", \"qemu\": "
		"{\"emulator\": \"/qemu\", \"security_labels\": \"static\", \"option_roms\": 3, "
		"\"guest_agent\": true, \"tpm\": true},");
	if (record_parse("r", text_span(all), &record, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(record_print(record, &printed, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		_cleanup_(freep) char *member = strdup(members[i]);
		char *colon = strchr(member, ':');

		if (!strstr(printed, member)) {
			/* As json_out prints it, without the blank. */
			memmove(colon + 1, colon + 2, strlen(colon + 1));
			if (!strstr(printed, member))
				fail_msg("%s lacks %s", printed, members[i]);
		}
	}
}

/* Sign a block for `digest` and `policy` into the record. */
static void bind_record(struct guest_record *record, uint64_t policy, uint8_t first_byte)
{
	struct guest_binding *b = &record->binding;
	struct snp_id_block block = {.policy = policy, .guest_svn = 7};
	struct snp_key *key = load_test_key(P384_PKCS8);

	memcpy(block.launch_digest, record->launch_digest, sizeof(block.launch_digest));
	block.launch_digest[0] = first_byte;
	snp_id_block_encode(&block, b->block);
	assert_int_equal(snp_id_auth_sign(b->block, key, NULL, b->auth, NULL), 0);
	snp_key_free(key);
	b->source = ID_KEY;
}

static const struct bound {
	const char *name;
	uint64_t policy;
	uint8_t first_byte;
	bool broken;
	enum snp_code code;
} bounds[] = {
	{"bound", 0x30000, 0x79, false, SNP_OK},
	{"bound to another digest", 0x30000, 0x78, false, SNP_E_DIGEST_DIFFERS},
	{"bound to another policy", 0xb0000, 0x79, false, SNP_E_POLICY_DIFFERS},
	{"bound by a signature that does not verify", 0x30000, 0x79, true, SNP_E_SIGNATURE},
};

static void check_bound(void **state)
{
	const struct bound *row = *state;
	_cleanup_(record_freep) struct guest_record *record = NULL, *again = NULL;
	_cleanup_(freep) char *text = NULL;
	struct snp_error err = {0};
	int r;

	assert_int_equal(record_parse("r", text_span(good), &record, NULL), 0);
	bind_record(record, row->policy, row->first_byte);
	if (row->broken)
		record->binding.block[0x30] ^=
			1; /* FAMILY_ID: signed, and not compared with anything */
	assert_int_equal(record_print(record, &text, NULL), 0);
	r = record_parse("r", text_span(text), &again, &err);
	tell_result(row->name, err.message[0] ? -1 : 0, &err);
	assert_int_equal(r, -(int)row->code);
	if (r < 0) {
		assert_string_equal(err.pointer, "/id");
		return;
	}
	assert_int_equal(again->binding.fields.guest_svn, 7);
	assert_false(again->binding.keys.has_author);
}

static void as_told(void **state)
{
	(void)state;
	told("record");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(printing_is_reading_back),
		cmocka_unit_test(all_that_may_stand_in_one),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_bound, bounds);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("record", tests, n);
}
