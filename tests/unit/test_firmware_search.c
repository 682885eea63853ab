// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/folder.h>
#include <snp/memory.h>

#include "host/firmware_search.h"

#define MEMORY "\"device\":\"memory\",\"filename\":\"/fw\""
#define FLASH  "\"device\":\"flash\",\"executable\":{\"filename\":\"/fw\",\"format\":\"raw\"}"
#define Q35    "{\"architecture\":\"x86_64\",\"machines\":[\"pc-q35-*\"]}"
#define SNP    "\"amd-sev\",\"amd-sev-snp\""
#define TEXT(mapping, targets, features)                                              \
	"{\"description\":\"d\",\"interface-types\":[\"uefi\"],\"mapping\":{" mapping \
	"},\"targets\":[" targets "],\"features\":[" features "],\"tags\":[\"\"]}"
#define MACHINE(name) TEXT(MEMORY, "{\"architecture\":\"x86_64\",\"machines\":[" name "]}", SNP)

/* Whether a descriptor suits. */
static const struct row {
	const char *name, *text;
	bool suits;
} rows[] = {
	{"memory", TEXT(MEMORY, Q35, SNP), true},
	{"stateless flash", TEXT(FLASH ",\"mode\":\"stateless\"", Q35, SNP), true},
	{"flash of no mode is split", TEXT(FLASH, Q35, SNP), false},
	{"split flash", TEXT(FLASH ",\"mode\":\"split\"", Q35, SNP), false},
	{"combined flash", TEXT(FLASH ",\"mode\":\"combined\"", Q35, SNP), false},
	{"stateless flash as qcow2",
	 TEXT("\"device\":\"flash\",\"mode\":\"stateless\",\"executable\":{\"filename\":\"/fw\",\"format\":\"qcow2\"}",
	      Q35, SNP),
	 false},
	{"kernel", TEXT("\"device\":\"kernel\",\"filename\":\"/fw\"", Q35, SNP), false},
	{"IGVM", TEXT("\"device\":\"igvm\",\"filename\":\"/fw\"", Q35, SNP), false},
	{"without SNP", TEXT(MEMORY, Q35, "\"amd-sev\",\"amd-sev-es\""), false},
	{"without features", TEXT(MEMORY, Q35, ""), false},
	{"needs SMM", TEXT(MEMORY, Q35, SNP ",\"requires-smm\""), false},
	{"without targets", TEXT(MEMORY, "", SNP), false},
	{"for ARM", TEXT(MEMORY, "{\"architecture\":\"aarch64\",\"machines\":[\"pc-q35-*\"]}", SNP),
	 false},
	{"for a second target",
	 TEXT(MEMORY, "{\"architecture\":\"i386\",\"machines\":[]}," Q35, SNP), true},
	{"q35 of another architecture than the machine's",
	 TEXT(MEMORY,
	      "{\"architecture\":\"i386\",\"machines\":[\"pc-q35-*\"]},"
	      "{\"architecture\":\"x86_64\",\"machines\":[\"microvm\"]}",
	      SNP),
	 false},
	{"microvm", MACHINE("\"microvm\""), false},
	{"i440fx", MACHINE("\"pc-i440fx-*\""), false},
	{"q35 after i440fx", MACHINE("\"pc-i440fx-*\",\"pc-q35-*\""), true},
	{"any machine", MACHINE("\"*\""), true},
	{"any pc", MACHINE("\"pc-*\""), true},
	{"q35 of a version", MACHINE("\"pc-q35-10.0\""), true},
	{"q35 of a series", MACHINE("\"pc-q35-1?.*\""), true},
	{"q35 by its alias", MACHINE("\"q35\""), true},
	{"pc alone", MACHINE("\"pc\""), false},
	{"relative", TEXT("\"device\":\"memory\",\"filename\":\"fw\"", Q35, SNP), false},
	{"memory without a file", TEXT("\"device\":\"memory\"", Q35, SNP), false},
	{"flash without a file", TEXT("\"device\":\"flash\",\"mode\":\"stateless\"", Q35, SNP),
	 false},
};

/* What cannot be read, and the pointer to what is wrong. */
static const struct broken {
	const char *name, *text;
	enum snp_code code;
	const char *pointer;
} broken[] = {
	{"no mapping", "{\"targets\":[],\"features\":[]}", SNP_E_JSON_MISSING_KEY, ""},
	{"no device", TEXT("\"filename\":\"/fw\"", Q35, SNP), SNP_E_JSON_MISSING_KEY, "/mapping"},
	{"unknown device", TEXT("\"device\":\"tape\"", Q35, SNP), SNP_E_JSON_VALUE,
	 "/mapping/device"},
	{"unknown mode", TEXT(FLASH ",\"mode\":\"odd\"", Q35, SNP), SNP_E_JSON_VALUE,
	 "/mapping/mode"},
	{"a feature that is no text", TEXT(MEMORY, Q35, "1"), SNP_E_JSON_TYPE, "/features/0"},
	{"features that are no array",
	 "{\"mapping\":{" MEMORY "},\"targets\":[],\"features\":\"amd-sev-snp\"}", SNP_E_JSON_TYPE,
	 "/features"},
	{"a target without machines", TEXT(MEMORY, "{\"architecture\":\"x86_64\"}", SNP),
	 SNP_E_JSON_MISSING_KEY, "/targets/0"},
	{"a machine that is no text", MACHINE("{}"), SNP_E_JSON_TYPE, "/targets/0/machines/0"},
	{"an array", "[]", SNP_E_JSON_TYPE, ""},
	{"two documents", TEXT(MEMORY, Q35, SNP) "{}", SNP_E_JSON_SYNTAX, ""},
};

static void check_row(void **state)
{
	const struct row *row = *state;
	char image[PATH_MAX] = "x";

	assert_int_equal(firmware_descriptor_read("d", text_span(row->text), image, NULL), 0);
	assert_string_equal(image, row->suits ? "/fw" : "");
}

static void check_broken(void **state)
{
	const struct broken *row = *state;
	struct snp_error err = {0};
	char image[PATH_MAX] = "x";
	int r = firmware_descriptor_read("d", text_span(row->text), image, &err);

	assert_int_equal(r, -(int)row->code);
	assert_string_equal(image, "x");
	assert_string_equal(err.pointer, row->pointer);
}

/* Cut off anywhere, and with any one bit turned: failed if and only if explained, the image left alone. */
static void mangled_descriptors_are_explained(void **state)
{
	char text[] = TEXT(FLASH ",\"mode\":\"stateless\"", Q35, SNP), image[PATH_MAX] = "x";

	(void)state;
	for (size_t size = 0; size < sizeof(text) - 1; size++)
		assert_true(firmware_descriptor_read("d", (struct snp_span){(uint8_t *)text, size},
						     image, NULL) < 0);
	assert_string_equal(image, "x");
	for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
		struct snp_error err = {0};
		int r;

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		snprintf(image, sizeof(image), "x");
		r = firmware_descriptor_read("d", text_span(text), image, &err);
		assert_int_equal(r, -(int)err.code);
		assert_int_equal(r < 0, err.message[0] != '\0');
		assert_true(r < 0 ? strcmp(image, "x") == 0 : image[0] == '/' || image[0] == '\0');
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
}

/*
 * A row's files: "FOLDER/NAME=WHAT", where WHAT is the image that a suitable descriptor names, "-" for an empty file, "?" for
 * one that cannot be read, "!" for one that does not suit. Images a, b and c are there. Folder 0 is the most specific.
 */
static const struct search {
	const char *name, *files[6], *found; /* NULL: nothing is found */
	const char *says;
} searches[] = {
	{"none", {NULL}, NULL, "/fetch-firmware"},
	{"the only one", {"2/60.json=a"}, "a", NULL},
	{"by name, not by folder", {"0/60.json=a", "2/50.json=b"}, "b", NULL},
	{"the same name: the more specific folder",
	 {"0/60.json=a", "1/60.json=b", "2/60.json=c"},
	 "a",
	 NULL},
	{"middle folder over the general", {"1/60.json=b", "2/60.json=c"}, "b", NULL},
	{"an empty file hides", {"0/60.json=-", "1/60.json=a", "2/70.json=b"}, "b", NULL},
	{"an empty file hides all", {"0/60.json=-", "2/60.json=a"}, NULL, NULL},
	{"an empty file in a general folder hides nothing",
	 {"0/60.json=a", "2/60.json=-"},
	 "a",
	 NULL},
	{"what does not suit hides too", {"0/60.json=!", "2/60.json=a"}, NULL, NULL},
	{"what does not suit is passed over", {"0/50.json=!", "2/60.json=a"}, "a", NULL},
	{"an image that is not there", {"0/50.json=gone", "2/60.json=a"}, "a", NULL},
	{"an image that is a folder", {"0/50.json=1", "2/60.json=a"}, "a", NULL},
	{"what cannot be read is passed over", {"0/50.json=?", "2/60.json=a"}, "a", NULL},
	{"what cannot be read is told", {"0/50.json=?"}, NULL, "50.json"},
	{"only .json", {"0/50.txt=a", "0/.50.json=b", "0/json=c"}, NULL, NULL},
};

static void check_search(void **state)
{
	const struct search *row = *state;
	char top[] = "/tmp/snp-search-XXXXXX", path[PATH_MAX], text[2 * PATH_MAX], found[PATH_MAX];
	char store[3][64];
	const char *const folders[] = {store[0], store[1], store[2]};
	struct snp_error err = {0};
	int r;

	assert_non_null(mkdtemp(top));
	for (int i = 0; i < 3; i++) {
		snprintf(store[i], sizeof(store[i]), "%s/%d", top, i);
		assert_int_equal(mkdir(store[i], 0700), 0);
		snprintf(path, sizeof(path), "%s/%c", top, 'a' + i);
		assert_int_equal(file_write(path, text_span("image"), 0600, false, &err), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(row->files) && row->files[i]; i++) {
		const char *what = strchr(row->files[i], '=') + 1;

		snprintf(path, sizeof(path), "%s/%.*s", top, (int)(what - 1 - row->files[i]),
			 row->files[i]);
		snprintf(text, sizeof(text),
			 TEXT("\"device\":\"memory\",\"filename\":\"%s/%s\"", Q35, "%s"), top, what,
			 what[0] == '!' ? "" : SNP);
		r = file_write(path,
			       text_span(what[0] == '-'	  ? ""
					 : what[0] == '?' ? "{"
							  : text),
			       0600, false, &err);
		assert_int_equal(r, 0);
	}
	r = firmware_search_in(folders, ARRAY_SIZE(folders), found, &err);
	assert_int_equal(r, row->found ? 0 : -SNP_E_NOT_FOUND);
	if (row->found)
		assert_string_equal(found, path_join(top, row->found, path, sizeof(path)));
	if (row->says)
		assert_non_null(strstr(err.message, row->says));
	assert_int_equal(remove_tree(AT_FDCWD, top), 0);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(mangled_descriptors_are_explained),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_row, rows);
	ADD_ROWS(tests, n, check_broken, broken);
	ADD_ROWS(tests, n, check_search, searches);
	return RUN_TESTS("firmware-search", tests, n);
}
