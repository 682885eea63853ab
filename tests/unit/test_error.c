// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/fail.h>
#include <snp/xml_escape.h>

static const struct escaped {
	const char *name, *text, *escaped;
} escapes[] = {
	{"plain", "OVMF.fd", "OVMF.fd"},
	{"line end", "a\nb", "a\\x0ab"},
	{"escape sequence", "\x1b[2J", "\\x1b[2J"},
	{"DEL", "\x7f", "\\x7f"},
	{"UTF-8", "k\xc3\xa4se", "k\xc3\xa4se"},
	{"C1 control", "\xc2\x9b", "\\xc2\\x9b"},
	{"Latin-1", "k\xe4se", "k\\xe4se"},
	{"cut sequence", "\xe2\x80", "\\xe2\\x80"},
	{"overlong", "\xc0\x80", "\\xc0\\x80"},
	{"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
	{"right-to-left override", "\xe2\x80\xae", "\\xe2\\x80\\xae"},
	{"isolate", "\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
	{"line separator", "\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
};

static void check_escape(void **state)
{
	const struct escaped *row = *state;
	char text[64];

	escape_text(row->text, text, sizeof(text));
	assert_string_equal(text, row->escaped);
}

static const struct escaped xml_escapes[] = {
	{"nothing", "", ""},
	{"markup", "<a href=\"x\" b='y'>&amp;",
	 "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;"},
	{"end of CDATA", "]]>", "]]&gt;"},
	{"UTF-8", "k\xc3\xa4se \xf0\x9f\x90\xa7", "k\xc3\xa4se \xf0\x9f\x90\xa7"},
	{"line end", "a\nb", "a\\x0ab"},
	{"control", "\x01\x1b", "\\x01\\x1b"},
	{"Latin-1", "k\xe4<", "k\\xe4&lt;"},
	{"cut sequence before markup", "\xe2\x80<", "\\xe2\\x80&lt;"},
	{"right-to-left override", "\xe2\x80\xae", "\\xe2\\x80\\xae"},
	{"U+FFFD", "\xef\xbf\xbd", "\xef\xbf\xbd"},
	{"U+FFFE", "\xef\xbf\xbe", "\\xef\\xbf\\xbe"},
	{"U+FFFF", "\xef\xbf\xbf", "\\xef\\xbf\\xbf"},
};

static void check_xml_escape(void **state)
{
	const struct escaped *row = *state;
	char text[128] = {0};
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	xml_escape(row->text, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, row->escaped);
}

static void escape_never_overruns(void **state)
{
	char text[8];

	(void)state;
	for (unsigned int size = 1; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		escape_text("\x01\x02\x03", text, size);
		assert_int_equal(strlen(text), size > 4 ? 4 : 0);
	}
}

static void line_has_everything(void **state)
{
	struct snp_error err;
	char line[2048];

	(void)state;
	assert_int_equal(fail_with(&err, SNP_E_BAD_TABLE, 0xfce, "table length %u", 65535),
			 -SNP_E_BAD_TABLE);
	in_file(&err, -SNP_E_BAD_TABLE, "a\nb.fd");
	in_file(&err, -SNP_E_BAD_TABLE, "outer");
	snp_error_line(&err, line, sizeof(line));
	assert_string_equal(
		line, "error: a\\x0ab.fd: table length 65535 (at byte 0xfce) [bad-ovmf-table]");
	fail_with(&err, SNP_E_CHECK, SNP_NO_OFFSET, "no");
	err.line = 7;
	in_file(&err, -SNP_E_CHECK, "a.xml");
	snp_error_line(&err, line, sizeof(line));
	assert_string_equal(line, "error: a.xml:7: no [check-failed]");
	err.column = 3;
	snp_error_line(&err, line, sizeof(line));
	assert_string_equal(line, "error: a.xml:7:3: no [check-failed]");
	fail_errno(&err, SNP_E_OPEN, ENOENT, "cannot open");
	snp_error_line(&err, line, sizeof(line));
	assert_string_equal(line, "error: cannot open: No such file or directory [cannot-open]");
}

static void long_message_is_cut(void **state)
{
	struct snp_error err;
	char path[5000], line[100];

	(void)state;
	memset(path, '\n', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	fail_errno(&err, SNP_E_OPEN, EIO, "%s", path);
	in_file(&err, -SNP_E_OPEN, path);
	assert_true(strlen(err.message) < sizeof(err.message));
	snp_error_line(&err, line, sizeof(line));
	assert_int_equal(strlen(line), sizeof(line) - 1);
}

static void names_are_kebab_case_and_differ(void **state)
{
	const char *name;

	(void)state;
	assert_null(snp_code_name(SNP_OK));
	for (unsigned int i = 1; (name = snp_code_name(i)); i++) {
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(name));
		assert_true(strlen(snp_code_meaning(i)) > 0);
		assert_in_range(snp_code_class(i), SNP_CLASS_FAILED, SNP_CLASS_REFUSED);
		for (unsigned int k = 1; k < i; k++)
			assert_string_not_equal(name, snp_code_name(k));
		assert_null(snp_code_name(i + 1000));
		assert_null(snp_code_meaning(i + 1000));
		assert_int_equal(snp_code_class(i + 1000), SNP_CLASS_DONE);
	}
}

/* What was released: these pairs never change. */
static const char *const released_names[] = {
	[1] = "out-of-memory",
	[2] = "cannot-open",
	[3] = "cannot-read",
	[4] = "cannot-write",
	[5] = "exists",
	[6] = "not-found",
	[7] = "changed-while-read",
	[8] = "crypto-failed",
	[9] = "system-error",
	[10] = "usage",
	[11] = "not-a-regular-file",
	[12] = "too-large",
	[13] = "empty-file",
	[14] = "bad-hex",
	[15] = "bad-base64",
	[16] = "json-syntax",
	[17] = "json-encoding",
	[18] = "json-duplicate-key",
	[19] = "json-unknown-key",
	[20] = "json-missing-key",
	[21] = "json-wrong-type",
	[22] = "json-bad-value",
	[23] = "json-unknown-schema",
	[24] = "xml-syntax",
	[25] = "bad-domain",
	[26] = "check-failed",
	[27] = "busy",
	[28] = "unsafe-state-folder",
	[29] = "libvirt-failed",
	[30] = "qemu-failed",
	[31] = "wrong-guest-state",
	[32] = "no-evidence",
	[33] = "interrupted",
	[34] = "timeout",
	[35] = "not-bound",
	[36] = "host-cannot",
	[37] = "launch-refused",
	[38] = "drift",
	[39] = "firmware-size",
	[40] = "bad-ovmf-table",
	[41] = "no-sev-metadata",
	[42] = "bad-sev-metadata",
	[43] = "bad-section",
	[44] = "section-overlap",
	[45] = "no-such-section",
	[46] = "no-reset-address",
	[47] = "no-hash-table",
	[48] = "no-kernel-hashes-section",
	[49] = "bad-hash-table",
	[50] = "no-svsm-info",
	[51] = "not-a-bzimage",
	[52] = "bad-cmdline",
	[53] = "bad-vcpu-count",
	[54] = "unknown-cpu-model",
	[55] = "bad-guest-features",
	[56] = "unknown-profile",
	[57] = "no-digest",
	[58] = "bad-tcb",
	[59] = "no-such-variant",
	[60] = "format-cannot-say",
	[61] = "bad-policy",
	[62] = "bad-key",
	[63] = "unsafe-key-file",
	[64] = "wrong-passphrase",
	[65] = "bad-id-block",
	[66] = "not-a-report",
	[67] = "unknown-report-version",
	[68] = "bad-report-container",
	[69] = "bad-certificate-table",
	[70] = "bad-certificate",
	[71] = "bad-crl",
	[72] = "untrusted-certificate",
	[73] = "bad-signature",
	[74] = "digest-differs",
	[75] = "policy-differs",
};

static void numbers_and_names_stay(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < ARRAY_SIZE(released_names); i++) {
		assert_non_null(snp_code_name(i));
		assert_string_equal(snp_code_name(i), released_names[i]);
	}
	assert_int_equal(SNP_E_POLICY_DIFFERS, 75);
	assert_int_equal(SNP_E_BOOT_FILES, 77);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(escape_never_overruns),
		cmocka_unit_test(line_has_everything),
		cmocka_unit_test(long_message_is_cut),
		cmocka_unit_test(names_are_kebab_case_and_differ),
		cmocka_unit_test(numbers_and_names_stay),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_escape, escapes);
	ADD_ROWS(tests, n, check_xml_escape, xml_escapes);
	return RUN_TESTS("error", tests, n);
}
