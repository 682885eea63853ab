// SPDX-License-Identifier: Apache-2.0
#include "no_memory.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/memory.h>
#include <snp/plan_document.h>

#include "domain_text.h"
#include "told.h"

/* A plan that somebody wrote down, and may have written wrong. Digests are not real: nothing computes them here. */
#define D(c)                                                                                      \
	c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c \
		c c c
#define S(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c

static const char text[] =
	"{\"schema\": \"snp-plan/1\", \"mode\": \"snp\", \"vmm_profile\": \"qemu\", \"vcpu_count\": 2,"
	" \"cpu_signature\": \"0x800f12\", \"guest_features\": \"0x1\","
	" \"inputs\": {\"firmware\": {\"sha256\": \"" S(
		"f1") "\"},"
		      " \"kernel\": {\"sha256\": \"" S(
			      "a1") "\", \"size\": 1},"
				    " \"initrd\": {\"sha256\": \"" S("b1") "\"}, \"cmdline\": {\"sha256\": \"" S(
					    "c1") "\"}},"
						  " \"updates\": [\n"
						  "{\"index\": 0, \"count\": 2, \"page_type\": \"NORMAL\", \"gpa\": \"0xffc00000\","
						  " \"origin\": \"firmware 0-1\", \"digest\": \"" D(
							  "01") "\"},\n"
								"{\"index\": 2, \"count\": 3, \"page_type\": \"ZERO\", \"gpa\": \"0x800000\","
								" \"origin\": \"section 0 SEC_MEM\", \"contents\": \"" D(
									"00") "\","
									      " \"digest\": \"" D(
										      "02") "\"},\n"
											    "{\"index\": 5, \"count\": 1, \"page_type\": \"NORMAL\", \"gpa\": \"0x810000\","
											    " \"origin\": \"SEV hash table\", \"contents\": \"" D(
												    "aa") "\","
													  " \"digest\": \"" D(
														  "03") "\"},\n"
															"{\"index\": 6, \"count\": 1, \"page_type\": \"VMSA\", \"gpa\": \"0xfffffffff000\","
															" \"origin\": \"vCPU 0\", \"contents\": \"" D("bb") "\", \"digest\": \"" D(
																"04") "\"},\n"
																      "{\"index\": 7, \"count\": 1, \"page_type\": \"VMSA\", \"gpa\": \"0xfffffffff000\","
																      " \"origin\": \"vCPU 1\", \"contents\": \"" D("cc") "\", \"digest\": \"" D(
																	      "05") "\"}],\n"
																		    " \"launch_digest\": \"" D(
																			    "05") "\"}";

static int parse(const char *json, struct plan_document **ret, struct snp_error *err)
{
	return plan_document_parse("plan", text_span(json), ret, err);
}

#define SIXTY_FOUR "0123456789012345678901234567890123456789012345678901234567890123"

static const struct mangle {
	const char *name, *old, *new;
	enum snp_code code;
	const char *pointer;
} mangles[] = {
	{"as it is", "\"mode\"", "\"mode\"", SNP_OK, NULL},
	{"an unknown member", "\"mode\"", "\"more\": 1, \"mode\"", SNP_OK, NULL},
	{"another schema", "snp-plan/1", "snp-plan/9", SNP_E_JSON_SCHEMA, "/schema"},
	{"no mode", "\"mode\": \"snp\", ", "", SNP_E_JSON_MISSING_KEY, ""},
	{"a mode of 16 bytes", "\"snp\"", "\"0123456789abcdef\"", SNP_E_JSON_VALUE, "/mode"},
	{"an origin of 63 bytes", "firmware 0-1",
	 "012345678901234567890123456789012345678901234567890123456789012", SNP_OK, NULL},
	{"an origin of 64 bytes", "firmware 0-1", SIXTY_FOUR, SNP_E_JSON_VALUE,
	 "/updates/0/origin"},
	{"an update of no type", "\"ZERO\"", "\"NONE\"", SNP_E_JSON_VALUE, "/updates/1/page_type"},
	{"no pages", "\"count\": 3", "\"count\": 0", SNP_E_JSON_VALUE, "/updates/1/count"},
	{"too many pages", "\"count\": 3", "\"count\": 4294967297", SNP_E_JSON_VALUE,
	 "/updates/1/count"},
	{"an index out of range", "\"index\": 0", "\"index\": 4294967297", SNP_E_JSON_VALUE,
	 "/updates/0/index"},
	{"a gap", "\"index\": 5", "\"index\": 6", SNP_E_JSON_VALUE, "/updates/2"},
	{"an overlap", "\"count\": 2, \"page_type\"", "\"count\": 3, \"page_type\"",
	 SNP_E_JSON_VALUE, "/updates/1"},
	{"another launch digest", "\"launch_digest\": \"05", "\"launch_digest\": \"06",
	 SNP_E_JSON_VALUE, "/launch_digest"},
	{"a digest cut short", "\"digest\": \"0404", "\"digest\": \"04", SNP_E_JSON_VALUE,
	 "/updates/3/digest"},
	{"updates that are no list", "\"updates\": [", "\"updates\": 1, \"others\": [",
	 SNP_E_JSON_TYPE, "/updates"},
	{"cut off", "}]", "}", SNP_E_JSON_SYNTAX, NULL},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	_cleanup_(freep) char *json = replace_once(text, row->old, row->new);
	_cleanup_(plan_document_freep) struct plan_document *document = NULL;
	struct snp_error err = {0};

	assert_int_equal(parse(json, &document, &err), -(int)row->code);
	tell_result(row->name, -(int)err.code, &err);
	assert_int_equal(document == NULL, row->code != SNP_OK);
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	if (row->pointer)
		assert_string_equal(err.pointer, row->pointer);
}

static void what_was_read(void **state)
{
	_cleanup_(freep) char *summary =
		replace_once(text, "{\"firmware\": {\"sha256\": \"" S("f1") "\"}",
			     "{\"firmware\": {\"sha256\": \"" S(
				     "f1") "\", \"firmware_digest\": \"" D("01") "\"}");
	_cleanup_(plan_document_freep) struct plan_document *d = NULL, *s = NULL;

	(void)state;
	assert_int_equal(parse(text, &d, NULL), 0);
	assert_int_equal(d->n_runs, 5);
	assert_true(d->has_firmware && d->has_kernel && d->has_initrd && d->has_cmdline);
	assert_true(d->firmware[0] == 0xf1 && d->kernel[31] == 0xa1 && d->initrd[0] == 0xb1 &&
		    d->cmdline[0] == 0xc1);
	assert_false(d->after_firmware);
	assert_true(d->vcpus.count == 2 && d->vcpus.signature == 0x800f12 &&
		    d->vcpus.features == 1);
	assert_string_equal(d->vcpus.profile, "qemu");
	assert_string_equal(d->mode, "snp");
	assert_string_equal(d->runs[1].origin, "section 0 SEC_MEM");
	assert_true(d->runs[1].type == SNP_PAGE_ZERO && d->runs[4].type == SNP_PAGE_VMSA);
	assert_true(d->runs[1].gpa == 0x800000 && d->runs[1].index == 2 && d->runs[1].count == 3);
	assert_true(!d->runs[0].has_contents && d->runs[2].has_contents);
	assert_true(d->runs[2].has_digest && d->runs[2].digest[47] == 0x03);
	assert_int_equal(d->launch_digest[0], 0x05);
	/* The SHA-256 of a firmware summary is not that of an image. */
	assert_int_equal(parse(summary, &s, NULL), 0);
	assert_true(s->after_firmware && !s->has_firmware && s->firmware_digest[0] == 0x01);
}

/* Two plans, of which the second was changed: where they part, and what each has there. */
static const struct parting {
	const char *name, *old, *new;
	uint64_t index, count;
	const char *what, *first, *second; /* what: NULL if they do not part */
} partings[] = {
	{"the same", "\"mode\"", "\"mode\"", 0, 0, NULL, NULL, NULL},
	{"another origin", "section 0 SEC_MEM", "section 7", 0, 0, NULL, NULL, NULL},
	{"another mode", "\"snp\"", "\"sev-es\"", 0, 1, "mode", "mode snp", "mode sev-es"},
	{"another page type", "\"ZERO\"", "\"UNMEASURED\"", 2, 1, "section 0 SEC_MEM",
	 "ZERO 0x800000 section 0 SEC_MEM, 0000", "UNMEASURED 0x800000"},
	{"another address", "\"0x800000\"", "\"0x801000\"", 2, 1, "section 0 SEC_MEM",
	 "ZERO 0x800000", "ZERO 0x801000"},
	{"other contents", "\"contents\": \"" D("00"), "\"contents\": \"" D("01"), 2, 1,
	 "section 0 SEC_MEM", "ZERO 0x800000 section 0 SEC_MEM, 0000",
	 "ZERO 0x800000 section 0 SEC_MEM, 0101"},
	{"contents not said", "\"contents\": \"" D("00") "\",", "", 0, 0, NULL, NULL, NULL},
	{"other pages of the firmware", "\"digest\": \"" D("01"), "\"digest\": \"" D("11"), 0, 2,
	 "firmware 0-1", "digest after them 0101", "digest after them 1111"},
	{"another hash table", "\"contents\": \"" D("aa"), "\"contents\": \"" D("ab"), 5, 1,
	 "SEV hash table", "NORMAL 0x810000 SEV hash table, aaaa",
	 "NORMAL 0x810000 SEV hash table, abab"},
	{"another digest after one page", "\"digest\": \"" D("03"), "\"digest\": \"" D("13"), 5, 1,
	 "SEV hash table", "digest after them 0303", "digest after them 1313"},
	{"another vCPU", "\"contents\": \"" D("cc"), "\"contents\": \"" D("cd"), 7, 1, "vCPU 1",
	 "VMSA 0xfffffffff000 vCPU 1, cccc", "VMSA 0xfffffffff000 vCPU 1, cdcd"},
	{"a vCPU less",
	 ",\n{\"index\": 7, \"count\": 1, \"page_type\": \"VMSA\", \"gpa\": \"0xfffffffff000\","
	 " \"origin\": \"vCPU 1\", \"contents\": \"" D("cc") "\", \"digest\": \"" D(
		 "05") "\"}],\n \"launch_digest\": \"" D("05"),
	 "], \"launch_digest\": \"" D("04"), 7, 1, "number of updates, from vCPU 1 on",
	 "VMSA 0xfffffffff000 vCPU 1", "nothing: its plan ends before"},
};

static void check_parting(void **state)
{
	const struct parting *row = *state;
	_cleanup_(freep) char *json = replace_once(text, row->old, row->new);
	_cleanup_(plan_document_freep) struct plan_document *a = NULL, *b = NULL;
	struct plan_difference there = {0}, back = {0};

	assert_int_equal(parse(text, &a, NULL), 0);
	assert_int_equal(parse(json, &b, NULL), 0);
	assert_int_equal(plan_compare(a, b, &there), row->what != NULL);
	assert_int_equal(plan_compare(b, a, &back), row->what != NULL);
	if (row->what)
		tell("%s: %u (%u) %s: '%s', '%s'", row->name, (unsigned int)there.index,
		     (unsigned int)there.count, there.what, there.first, there.second);
	if (!row->what)
		return;
	assert_int_equal(there.index, row->index);
	assert_int_equal(there.count, row->count);
	assert_string_equal(there.what, row->what);
	if (strncmp(there.first, row->first, strlen(row->first)) != 0 ||
	    strncmp(there.second, row->second, strlen(row->second)) != 0)
		fail_msg("'%s', '%s'", there.first, there.second);
	assert_int_equal(back.index, there.index);
	assert_string_equal(back.first, there.second);
	assert_string_equal(back.second, there.first);
}

/* Why a hash table or a VMSA differs, where the plans say it. */
static const struct reason {
	const char *name, *old, *new;
	const char *what, *first, *second;
	bool vcpu; /* not the hash table's page differs, but vCPU 0's */
} reasons[] = {
	{"kernel", "\"" S("a1"), "\"" S("a2"), "SEV hash table: kernel", "kernel a1a1",
	 "kernel a2a2", false},
	{"initrd", "\"" S("b1"), "\"" S("b2"), "SEV hash table: initrd", "initrd b1b1",
	 "initrd b2b2", false},
	{"command line", "\"" S("c1"), "\"" S("c2"), "SEV hash table: cmdline", "cmdline c1c1",
	 "cmdline c2c2", false},
	{"no initrd", "\"initrd\": {\"sha256\": \"" S("b1") "\"}, ", "", "SEV hash table: initrd",
	 "initrd b1b1", "initrd none", false},
	{"all",
	 "\"kernel\": {\"sha256\": \"" S("a1") "\", \"size\": 1}, \"initrd\": {\"sha256\": \"" S(
		 "b1") "\"}, \"cmdline\": {\"sha256\": \"" S("c1"),
	 "\"kernel\": {\"sha256\": \"" S("a2") "\"}, \"initrd\": {\"sha256\": \"" S(
		 "b2") "\"}, \"cmdline\": {\"sha256\": \"" S("c2"),
	 "SEV hash table: kernel, initrd, cmdline", "kernel a1a1", "kernel a2a2", false},
	{"profile", "\"qemu\"", "\"gce\"", "vCPU 0", "VMM profile qemu", "VMM profile gce", true},
	{"signature", "\"0x800f12\"", "\"0xa00f11\"", "vCPU 0", "CPU signature 0x00800f12",
	 "CPU signature 0x00a00f11", true},
	{"features", "\"0x1\"", "\"0x21\"", "vCPU 0", "guest features 0x1", "guest features 0x21",
	 true},
	{"features that one does not say", ", \"guest_features\": \"0x1\"", "", "vCPU 0",
	 "VMSA 0xfffffffff000 vCPU 0, bbbb", "VMSA 0xfffffffff000 vCPU 0, bcbc", true},
};

static void check_reason(void **state)
{
	const struct reason *row = *state;
	_cleanup_(freep) char *page = row->vcpu ? replace_once(text, D("bb"), D("bc"))
						: replace_once(text, D("aa"), D("ab")),
			      *json = replace_once(page, row->old, row->new);
	_cleanup_(plan_document_freep) struct plan_document *a = NULL, *b = NULL;
	struct plan_difference d = {0};

	assert_int_equal(parse(text, &a, NULL), 0);
	assert_int_equal(parse(json, &b, NULL), 0);
	assert_true(plan_compare(a, b, &d));
	tell("%s: %u (%u) %s: '%s', '%s'", row->name, (unsigned int)d.index, (unsigned int)d.count,
	     d.what, d.first, d.second);
	assert_string_equal(d.what, row->what);
	if (strncmp(d.first, row->first, strlen(row->first)) != 0 ||
	    strncmp(d.second, row->second, strlen(row->second)) != 0)
		fail_msg("'%s', '%s'", d.first, d.second);
}

/* A plan of a firmware summary has the digest after the firmware's pages in their place. */
static void a_plan_after_its_firmware(void **state)
{
	static const char pages[] =
		"{\"index\": 0, \"count\": 2, \"page_type\": \"NORMAL\", \"gpa\": \"0xffc00000\","
		" \"origin\": \"firmware 0-1\", \"digest\": \"" D("01") "\"},\n";
	_cleanup_(freep) char *rest = replace_once(text, pages, ""),
			      *after = replace_once(
				      rest, "{\"schema\"",
				      "{\"firmware_digest\": \"" D("01") "\", \"schema\""),
			      *other = replace_once(
				      rest, "{\"schema\"",
				      "{\"firmware_digest\": \"" D("21") "\", \"schema\""),
			      *vcpu = replace_once(after, D("cc"), D("cd"));
	_cleanup_(plan_document_freep) struct plan_document *a = NULL, *b = NULL, *c = NULL,
							    *v = NULL;
	struct plan_difference d = {0};

	(void)state;
	assert_int_equal(parse(text, &a, NULL), 0);
	assert_int_equal(parse(after, &b, NULL), 0);
	assert_int_equal(parse(other, &c, NULL), 0);
	assert_int_equal(parse(vcpu, &v, NULL), 0);
	assert_false(plan_compare(a, b, &d));
	assert_false(plan_compare(b, a, &d));
	assert_false(plan_compare(b, b, &d));
	assert_true(plan_compare(a, v, &d));
	assert_string_equal(d.what, "vCPU 1");
	assert_int_equal(d.index, 7);
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(i ? plan_compare(b, c, &d) : plan_compare(a, c, &d));
		assert_string_equal(d.what, "firmware");
		assert_int_equal(d.count, 1);
		assert_non_null(strstr(d.first, i ? "firmware with digest 0101"
						  : "firmware pages that end in no such digest"));
		assert_non_null(strstr(d.second, "firmware with digest 2121"));
	}
}

static int parse_counted(const void *arg, struct snp_error *err)
{
	struct plan_document *document = NULL;
	int r;

	no_memory_begin();
	r = parse(arg, &document, err);
	no_memory_end(r);
	plan_document_free(document);
	return r;
}

static void whatever_memory_runs_out(void **state)
{
	(void)state;
	check_without_memory(parse_counted, text, 0);
}

static void as_told(void **state)
{
	(void)state;
	told("plan_document");
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(what_was_read),
		cmocka_unit_test(a_plan_after_its_firmware),
		cmocka_unit_test(whatever_memory_runs_out),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_parting, partings);
	ADD_ROWS(tests, n, check_reason, reasons);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(as_told);
	return RUN_TESTS("plan_document", tests, n);
}
