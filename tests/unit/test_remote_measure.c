// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>

#include "guest/boot_file.h"
#include "guest/remote_measure.h"
#include "host/uri.h"

/* What a remote snp-measure answers; the rows change one thing. */
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DIGEST \
	"798604a371eb59ac3577b41c00c63793678b6fe7895c807feaa30fb0cdbcff205ef09de60c5a191cff18bc7fa13a1bbe"

static const char good[] =
	"{\"schema\": \"snp-digest/1\", \"tool\": {\"name\": \"snp-measure\", \"version\": \"" SNP_VERSION
	"\"},\n"
	" \"launch_digest\": \"" DIGEST "\", \"mode\": \"snp\",\n"
	" \"vmm_profile\": \"qemu\", \"vcpu_count\": 2, \"cpu_model\": \"EPYC-v4\", \"cpu_signature\": \"0x800f12\",\n"
	" \"guest_features\": \"0x1\", \"kernel_hashes\": true, \"not_covered\": [],\n"
	" \"inputs\": {\"firmware\": {\"name\": \"fw\", \"size\": 4096, \"sha256\": \"" HASH
	"\"},\n"
	"  \"kernel\": {\"name\": \"k\", \"size\": 9, \"sha256\": \"" HASH "\"}},\n"
	" \"warnings\": []}\n";

static const struct row {
	const char *name, *find, *replace;
	enum snp_code code;
	const char *says;
} rows[] = {
	{"as it is", "", "", SNP_OK, ""},
	{"more members than today", "\"mode\"", "\"later\": 1, \"mode\"", SNP_OK, ""},
	{"another schema", "digest/1", "digest/2", SNP_E_JSON_SCHEMA, ""},
	{"another version", "\"version\": \"", "\"version\": \"9", SNP_E_REMOTE,
	 "is 9" SNP_VERSION ", but this is"},
	{"no version", "\"version\"", "\"vision\"", SNP_E_REMOTE, "is an unknown version"},
	{"no tool", "\"tool\"", "\"fool\"", SNP_E_REMOTE, "is an unknown version"},
	{"no digest", "launch_digest", "lunch_digest", SNP_E_JSON_MISSING_KEY, ""},
	{"a short digest", "\"" DIGEST, "\"00", SNP_E_JSON_VALUE, ""},
	{"another profile", "\"qemu\"", "\"ec2\"", SNP_E_REMOTE, "another guest"},
	{"more vCPUs", "\"vcpu_count\": 2", "\"vcpu_count\": 3", SNP_E_REMOTE, "another guest"},
	{"no vCPUs", "\"vcpu_count\": 2", "\"vcpu_count\": 0", SNP_E_JSON_VALUE, ""},
	{"a signature of 33 bits", "0x800f12", "0x100800f12", SNP_E_REMOTE, "another guest"},
	{"other features", "\"0x1\"", "\"0x3\"", SNP_E_REMOTE, "another guest"},
	{"without kernel hashes", "true", "false", SNP_E_REMOTE, "another guest"},
	{"no kernel", "\"kernel\":", "\"colonel\":", SNP_E_JSON_MISSING_KEY, ""},
	{"an empty kernel", "\"size\": 9", "\"size\": 0", SNP_E_JSON_VALUE, ""},
	{"a kernel without a hash", "\"k\", \"size\": 9, \"sha256\": \"" HASH "\"",
	 "\"k\", \"size\": 9", SNP_E_JSON_MISSING_KEY, ""},
	{"inputs in a list", "\"inputs\": {", "\"inputs\": [{", SNP_E_JSON_SYNTAX, ""},
	{"twice", "}\n", "}{\n", SNP_E_JSON_SYNTAX, ""},
	{"a login's greeting before it", "{\"schema\"", "Welcome!\n{\"schema\"", SNP_E_JSON_SYNTAX,
	 ""},
};

static char kernel[] = "/k", firmware[] = "/fw";

static struct launch_spec spec_of(void)
{
	struct launch_spec spec = {.firmware = firmware,
				   .kernel = kernel,
				   .kernel_hashes = SPEC_ON,
				   .vcpus = {.count = 2, .model = "EPYC-v4"}};

	return spec;
}

static char *changed(const char *find, const char *replace)
{
	const char *at = strstr(good, find);

	assert_non_null(at);
	return format_text("%.*s%s%s", (int)(at - good), good, replace, at + strlen(find));
}

static void check_row(void **state)
{
	const struct row *row = *state;
	_cleanup_(freep) char *text = changed(row->find, row->replace);
	const struct launch_spec spec = spec_of();
	struct boot_file boot[BOOT_PARTS] = {0};
	struct guest_measurement m = {.vcpus.count = 77};
	struct snp_error err = {0};
	int r = remote_answer_read("there", text_span(text), &spec, boot, &m, &err);

	assert_int_equal(r, -(int)row->code);
	if (r < 0) {
		assert_int_equal(m.vcpus.count, 77);
		assert_true(strlen(err.message) > 0);
		assert_non_null(strstr(err.message, row->says));
	} else {
		assert_int_equal(m.launch_digest[0], 0x79);
		assert_int_equal(m.vcpus.signature, 0x800f12);
		assert_string_equal(boot[BOOT_KERNEL].path, "/k");
		assert_int_equal(boot[BOOT_KERNEL].size, 9);
		assert_null(boot[BOOT_INITRD].source);
	}
	boot_files_done(boot);
}

static void check_verifier(void **state)
{
	static const struct {
		const char *warnings;
		enum snp_hash_verifier verifier;
	} cases[] = {
		{"[]", SNP_HASH_VERIFIER_PRESENT},
		{"[{\"name\": \"kernel-hashes-not-checked\"}]", SNP_HASH_VERIFIER_ABSENT},
		{"[{\"name\": \"other\"}, {\"name\": \"kernel-hash-check-unknown\"}]",
		 SNP_HASH_VERIFIER_UNKNOWN},
		{"[{\"names\": 1}, 2, {\"name\": 3}]", SNP_HASH_VERIFIER_PRESENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = changed("[]}", "[]}");
		const struct launch_spec spec = spec_of();
		struct boot_file boot[BOOT_PARTS] = {0};
		struct guest_measurement m;
		char *at = strstr(text, "\"warnings\": ");
		_cleanup_(freep) char *whole = NULL;

		*at = '\0';
		whole = format_text("%s\"warnings\": %s}", text, cases[i].warnings);
		assert_int_equal(
			remote_answer_read("there", text_span(whole), &spec, boot, &m, NULL), 0);
		assert_int_equal(m.hash_verifier, cases[i].verifier);
		boot_files_done(boot);
	}
}

/* Any byte changed: refused with a reason, or accepted with another value. */
static void check_mangled(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		_cleanup_(freep) char *text = strdup(good);
		const struct launch_spec spec = spec_of();
		struct boot_file boot[BOOT_PARTS] = {0};
		struct guest_measurement m;
		struct snp_error err = {0};

		text[i] ^= 1;
		if (remote_answer_read("there", text_span(text), &spec, boot, &m, &err) < 0)
			assert_true(err.code != SNP_OK && err.message[0] != '\0');
		boot_files_done(boot);
	}
}

/* Where ssh goes. */
static const struct uri_row {
	const char *uri;
	bool has;
	const char *user, *host, *port, *key, *program;
	bool no_verify;
} uris[] = {
	{"qemu+ssh://root@epyc7.example.org/system", true, "root", "epyc7.example.org", "", "",
	 "ssh", false},
	{"qemu+ssh://epyc7:2222/system?keyfile=/keys/a%20b&no_verify=1", true, "", "epyc7", "2222",
	 "/keys/a b", "ssh", true},
	{"qemu+ssh://[2001:db8::7]/system?command=/opt/ssh", true, "", "2001:db8::7", "", "",
	 "/opt/ssh", false},
	{"qemu+libssh://a@b/system?command=/opt/ssh&no_verify=0", true, "a", "b", "", "", "ssh",
	 false},
	{"qemu+libssh2://b/system", true, "", "b", "", "", "ssh", false},
	{"qemu+ssh://-oProxyCommand=x/system", true, "", "-oProxyCommand=x", "", "", "ssh", false},
	{"qemu+ssh:///system", false, "", "", "", "", "", false},
	{"qemu+tls://b/system", false, "", "", "", "", "", false},
	{"qemu://b/system", false, "", "", "", "", "", false},
	{"qemu:///system", false, "", "", "", "", "", false},
	{"qemu+sshx://b/system", false, "", "", "", "", "", false},
};

static void check_uri(void **state)
{
	const struct uri_row *row = *state;
	struct uri_ssh ssh;

	assert_int_equal(uri_ssh(row->uri, &ssh), row->has);
	if (!row->has)
		return;
	assert_string_equal(ssh.user, row->user);
	assert_string_equal(ssh.host, row->host);
	assert_string_equal(ssh.port, row->port);
	assert_string_equal(ssh.key, row->key);
	assert_string_equal(ssh.program, row->program);
	assert_int_equal(ssh.no_verify, row->no_verify);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(check_verifier),
		cmocka_unit_test(check_mangled),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_uri, uris);
	return RUN_TESTS("remote measure", tests, n);
}
