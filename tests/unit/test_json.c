// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/json.h>

static int parse(const char *text, size_t size, struct json **ret, struct snp_error *err)
{
	uint8_t *exact = malloc(size ? size : 1); /* ASan sees one byte too far */
	int r;

	assert_non_null(exact);
	memcpy(exact, text, size);
	r = json_parse("doc.json", (struct snp_span){exact, size}, ret, err);
	free(exact);
	return r;
}

/* Refusals: what cJSON 1.7.15 takes or misreads, and what RFC 8259 does not know. */
static const struct refusal {
	const char *name, *text;
	size_t size; /* 0: up to its NUL */
	enum snp_code code;
	const char *pointer;
	uint32_t line, column;
} refusals[] = {
	{"empty", "", 0, SNP_E_JSON_SYNTAX, "", 1, 1},
	{"blanks alone", " \n ", 0, SNP_E_JSON_SYNTAX, "", 2, 2},
	{"byte order mark", "\xef\xbb\xbf{}", 0, SNP_E_JSON_ENCODING, "", 1, 1},
	{"NUL after the document", "{}\0", 3, SNP_E_JSON_ENCODING, "", 1, 3},
	{"NUL in a string", "[\"/a\0/b\"]", 9, SNP_E_JSON_ENCODING, "", 1, 5},
	{"escaped NUL", "[\"/a\\u0000/b\"]", 0, SNP_E_JSON_ENCODING, "/0", 1, 5},
	{"Latin-1", "[\"\xe4\"]", 0, SNP_E_JSON_ENCODING, "", 1, 3},
	{"overlong", "[\"\xc0\xaf\"]", 0, SNP_E_JSON_ENCODING, "", 1, 3},
	{"UTF-8 surrogate", "[\"\xed\xa0\x80\"]", 0, SNP_E_JSON_ENCODING, "", 1, 3},
	{"UTF-8 cut by the end", "\"\xe2\x82", 0, SNP_E_JSON_ENCODING, "", 1, 2},
	{"high surrogate alone", "[1, \"\\ud800\"]", 0, SNP_E_JSON_ENCODING, "/1", 1, 6},
	{"low surrogate alone", "\"\\udc00\"", 0, SNP_E_JSON_ENCODING, "", 1, 2},
	{"two high surrogates", "\"\\ud800\\ud800\"", 0, SNP_E_JSON_ENCODING, "", 1, 2},
	{"raw line end in a string", "[\"a\nb\"]", 0, SNP_E_JSON_ENCODING, "/0", 1, 4},
	{"raw tab in a key", "{\"a\tb\": 1}", 0, SNP_E_JSON_ENCODING, "", 1, 4},
	{"duplicate key", "{\"policy\": 1,\n \"policy\": 2}", 0, SNP_E_JSON_DUPLICATE_KEY,
	 "/policy", 2, 2},
	{"duplicate key in another case", "{\"policy\": 1, \"POLICY\": 2}", 0,
	 SNP_E_JSON_DUPLICATE_KEY, "/POLICY", 1, 15},
	{"duplicate key by an escape", "{\"a\": 1, \"\\u0061\": 2}", 0, SNP_E_JSON_DUPLICATE_KEY,
	 "/a", 1, 10},
	{"duplicate key deep inside", "{\"a\": [{}, {\"b\": 1, \"c\": 2, \"b\": 3}]}", 0,
	 SNP_E_JSON_DUPLICATE_KEY, "/a/1/b", 1, 29},
	{"first of two duplicates", "{\"z\": 1, \"z\": 1, \"a\": 1, \"a\": 1}", 0,
	 SNP_E_JSON_DUPLICATE_KEY, "/z", 1, 10},
	{"bytes after the document", "{} x", 0, SNP_E_JSON_SYNTAX, "", 1, 4},
	{"two documents", "{}{}", 0, SNP_E_JSON_SYNTAX, "", 1, 3},
	{"not closed", "{\"a\": [1, 2", 0, SNP_E_JSON_SYNTAX, "/a", 1, 12},
	{"closed by the other bracket", "[1}", 0, SNP_E_JSON_SYNTAX, "", 1, 3},
	{"comma before the end", "[1,]", 0, SNP_E_JSON_SYNTAX, "/1", 1, 4},
	{"comma before the end of an object", "{\"a\": 1,}", 0, SNP_E_JSON_SYNTAX, "", 1, 9},
	{"no colon", "{\"a\" 1}", 0, SNP_E_JSON_SYNTAX, "", 1, 6},
	{"no value", "{\"a\": }", 0, SNP_E_JSON_SYNTAX, "/a", 1, 7},
	{"key without quotes", "{a: 1}", 0, SNP_E_JSON_SYNTAX, "", 1, 2},
	{"single quotes", "{'a': 1}", 0, SNP_E_JSON_SYNTAX, "", 1, 2},
	{"string not closed", "[\"a", 0, SNP_E_JSON_SYNTAX, "/0", 1, 4},
	{"string that ends in a backslash", "[\"a\\", 0, SNP_E_JSON_SYNTAX, "/0", 1, 4},
	{"unknown escape", "\"\\x41\"", 0, SNP_E_JSON_SYNTAX, "", 1, 2},
	{"short \\u", "\"\\u12\"", 0, SNP_E_JSON_SYNTAX, "", 1, 2},
	{"comment", "[1] // one", 0, SNP_E_JSON_SYNTAX, "", 1, 5},
	{"word in capitals", "TRUE", 0, SNP_E_JSON_SYNTAX, "", 1, 1},
	{"word cut short", "[tru]", 0, SNP_E_JSON_SYNTAX, "/0", 1, 2},
	{"word too long", "[truex]", 0, SNP_E_JSON_SYNTAX, "", 1, 6},
	{"vertical tab as a blank", "\v1", 0, SNP_E_JSON_SYNTAX, "", 1, 1},
	{"leading zeros", "[007]", 0, SNP_E_JSON_SYNTAX, "/0", 1, 2},
	{"minus alone", "[-]", 0, SNP_E_JSON_SYNTAX, "/0", 1, 2},
	{"plus", "[+1]", 0, SNP_E_JSON_SYNTAX, "/0", 1, 2},
	{"hex number", "[0x10]", 0, SNP_E_JSON_SYNTAX, "", 1, 3},
	{"NaN", "[NaN]", 0, SNP_E_JSON_SYNTAX, "/0", 1, 2},
	{"fraction", "{\"vcpus\": 3.7}", 0, SNP_E_JSON_VALUE, "/vcpus", 1, 11},
	{"whole fraction", "3.0", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"exponent", "1e2", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"infinite", "1e400", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"minus zero", "-0", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"2^53 + 1", "9007199254740993", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"-2^53 - 1", "-9007199254740993", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"2^64 - 1", "18446744073709551615", 0, SNP_E_JSON_VALUE, "", 1, 1},
	{"pointer has slash and tilde", "{\"a/b~c\": {\"\": [0, ?]}}", 0, SNP_E_JSON_SYNTAX,
	 "/a~1b~0c//1", 1, 20},
	{"pointer is one line", "{\"a\\nb\": {\"c\": 1, \"c\": 1}}", 0, SNP_E_JSON_DUPLICATE_KEY,
	 "/a\\x0ab/c", 1, 19},
};

static void check_refusal(void **state)
{
	const struct refusal *row = *state;
	struct json *document = NULL;
	struct snp_error err = {0};

	assert_int_equal(
		parse(row->text, row->size ? row->size : strlen(row->text), &document, &err),
		-(int)row->code);
	assert_null(document);
	assert_true(err.message[0] != '\0');
	assert_string_equal(err.file, "doc.json");
	assert_string_equal(err.pointer, row->pointer);
	assert_int_equal(err.line, row->line);
	assert_int_equal(err.column, row->column);
}

static void nesting_has_an_end(void **state)
{
	char text[2 * SNP_JSON_DEPTH + 3];
	struct json *document = NULL;
	struct snp_error err = {0};

	(void)state;
	memset(text, '[', SNP_JSON_DEPTH);
	memset(text + SNP_JSON_DEPTH, ']', SNP_JSON_DEPTH);
	assert_int_equal(parse(text, 2 * SNP_JSON_DEPTH, &document, &err), 0);
	json_free(document);
	memset(text, '[', SNP_JSON_DEPTH + 1);
	memset(text + SNP_JSON_DEPTH + 1, ']', SNP_JSON_DEPTH + 1);
	assert_int_equal(parse(text, 2 * SNP_JSON_DEPTH + 2, &document, &err), -SNP_E_TOO_LARGE);
	assert_int_equal(err.column, SNP_JSON_DEPTH + 1);
}

static void values_have_an_end(void **state)
{
	size_t size =
		2 * SNP_JSON_VALUES + 1; /* one array and as many members as values are allowed */
	struct json *document = NULL;
	struct snp_error err = {0};
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < size; i += 2) {
		text[i] = ',';
		text[i + 1 < size ? i + 1 : i] = '0';
	}
	text[0] = '[';
	text[size - 1] = ']';
	assert_int_equal(parse(text, size, &document, &err), -SNP_E_TOO_LARGE);
	text[size - 3] = ']';
	assert_int_equal(parse(text, size - 2, &document, &err), 0);
	json_free(document);
	free(text);
}

/* Every document cut anywhere, and with any one byte changed, is read or refused, never both. */
static const struct mangle {
	const char *name, *text;
} mangles[] = {
	{"release",
	 "{\"schema\": \"snp-release/1\", \"images\": [{\"vcpu_count\": [1, 2, \"4-64\"], "
	 "\"policy\": \"0x30000\", \"x\": null, \"y\": true, \"z\": -12}]}\n"},
	{"escapes",
	 "{\"k\\u00e4\": \"\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\xc3\xa4\": \"\"}"},
};

static void check_mangle(void **state)
{
	const struct mangle *row = *state;
	size_t size = strlen(row->text);
	char *text = strdup(row->text);
	struct json *document;

	assert_non_null(text);
	for (size_t cut = 0; cut < size - 1; cut++)
		for (unsigned int byte = 0; byte < 256; byte++) {
			struct snp_error err = {0};
			int r;

			document = NULL;
			text[cut] = (char)byte;
			r = parse(text, cut + 1, &document, &err);
			assert_int_equal(document != NULL, r == 0);
			assert_int_equal(err.message[0] != '\0', r < 0);
			json_free(document);
			document = NULL;
			r = parse(text, size, &document, &err);
			assert_int_equal(document != NULL, r == 0);
			json_free(document);
			text[cut] = row->text[cut];
		}
	free(text);
}

static const char *const colours[] = {"red", "green", NULL};

/* One getter each on the root of a document. */
enum getter {
	INTEGER, /* 1 to 512 */
	HEX_U64,
	HEX, /* 2 bytes */
	STRING,
	BOOL,
	CHOICE,
	ARRAY,	/* 1 or 2 members */
	OBJECT, /* keys: vcpu_count, vcpu_model */
	NEED,	/* key: a */
};

static const struct get {
	const char *name, *text;
	enum getter getter;
	enum snp_code code;
	uint64_t number;
	const char *message; /* part of it */
} gets[] = {
	{"least", "1", INTEGER, SNP_OK, 1, NULL},
	{"most", "512", INTEGER, SNP_OK, 512, NULL},
	{"under the range", "0", INTEGER, SNP_E_JSON_VALUE, 0, "is 0; must be 1 to 512"},
	{"over the range", "513", INTEGER, SNP_E_JSON_VALUE, 0, "is 513; must be 1 to 512"},
	{"negative", "-1", INTEGER, SNP_E_JSON_VALUE, 0, "is -1; must be 1 to 512"},
	{"number in a string", "\"1\"", INTEGER, SNP_E_JSON_TYPE, 0,
	 "is a string; must be a number"},
	{"hex", "\"0x30000\"", HEX_U64, SNP_OK, 0x30000, NULL},
	{"hex of 64 bits", "\"0xffffffffffffffff\"", HEX_U64, SNP_OK, UINT64_MAX, NULL},
	{"hex of 65 bits", "\"0x10000000000000000\"", HEX_U64, SNP_E_JSON_VALUE, 0, "0x30000"},
	{"hex without 0x", "\"30000\"", HEX_U64, SNP_E_JSON_VALUE, 0, "0x30000"},
	{"hex as a number", "196608", HEX_U64, SNP_E_JSON_TYPE, 0, "a number"},
	{"bytes", "\"12ab\"", HEX, SNP_OK, 0x12ab, NULL},
	{"bytes with 0x", "\"0x12ab\"", HEX, SNP_E_JSON_VALUE, 0, "4 hex digits"},
	{"bytes, 0x within the length", "\"0x12\"", HEX, SNP_E_JSON_VALUE, 0, "4 hex digits"},
	{"bytes short", "\"12a\"", HEX, SNP_E_JSON_VALUE, 0, "4 hex digits"},
	{"bytes, no hex", "\"12ag\"", HEX, SNP_E_JSON_VALUE, 0, "4 hex digits"},
	{"string", "\"a\"", STRING, SNP_OK, 'a', NULL},
	{"string from escapes", "\"\\u0061\"", STRING, SNP_OK, 'a', NULL},
	{"null as a string", "null", STRING, SNP_E_JSON_TYPE, 0, "is null; must be a string"},
	{"true", "true", BOOL, SNP_OK, 1, NULL},
	{"false", "false", BOOL, SNP_OK, 0, NULL},
	{"0 as false", "0", BOOL, SNP_E_JSON_TYPE, 0, "is a number; must be true or false"},
	{"choice", "\"green\"", CHOICE, SNP_OK, 1, NULL},
	{"choice in another case", "\"Green\"", CHOICE, SNP_E_JSON_VALUE, 0,
	 "is \"Green\"; must be one of \"red\", \"green\""},
	{"array", "[1, [2, 3]]", ARRAY, SNP_OK, 2, NULL},
	{"array too short", "[]", ARRAY, SNP_E_JSON_VALUE, 0, "has 0 members; must have 1 to 2"},
	{"array too long", "[1, 2, 3]", ARRAY, SNP_E_JSON_VALUE, 0, "3 members"},
	{"object as an array", "{}", ARRAY, SNP_E_JSON_TYPE, 0, "an object"},
	{"known keys", "{\"vcpu_model\": 1, \"vcpu_count\": 2}", OBJECT, SNP_OK, 0, NULL},
	{"key near a known one", "{\"vcpu_cuont\": 2}", OBJECT, SNP_E_JSON_UNKNOWN_KEY, 0,
	 "did you mean \"vcpu_count\"?"},
	{"key in another case", "{\"VCPU_COUNT\": 2}", OBJECT, SNP_E_JSON_UNKNOWN_KEY, 0,
	 "unknown key"},
	{"key far from all", "{\"x\": 2}", OBJECT, SNP_E_JSON_UNKNOWN_KEY, 0, "unknown key"},
	{"array as an object", "[]", OBJECT, SNP_E_JSON_TYPE, 0, "an array"},
	{"key there", "{\"b\": 1, \"a\": 2}", NEED, SNP_OK, 2, NULL},
	{"key missing", "{\"A\": 1}", NEED, SNP_E_JSON_MISSING_KEY, 0, "missing key \"a\""},
	{"key of an array", "[\"a\"]", NEED, SNP_E_JSON_MISSING_KEY, 0, "missing key"},
};

static int get(const struct json_value *root, enum getter getter, uint64_t *ret,
	       struct snp_error *err)
{
	static const char *const keys[] = {"vcpu_count", "vcpu_model", NULL};
	const struct json_value *member = NULL;
	unsigned int choice = 77;
	const char *text = "M"; /* 77 */
	uint8_t bytes[2] = {0, 77};
	size_t size = 77;
	bool flag = true;
	int r = 0;

	switch (getter) {
	case INTEGER:
		return json_integer(root, 1, 512, ret, err);
	case HEX_U64:
		return json_hex_u64(root, ret, err);
	case HEX:
		r = json_hex(root, bytes, 2, err);
		*ret = (uint64_t)(bytes[0] << 8 | bytes[1]);
		return r;
	case STRING:
		r = json_string(root, &text, err);
		*ret = (uint64_t)text[0];
		return r;
	case BOOL:
		r = json_bool(root, &flag, err);
		*ret = r < 0 ? (flag ? 77 : 0) : flag;
		return r;
	case CHOICE:
		r = json_choice(root, colours, &choice, err);
		*ret = choice;
		return r;
	case ARRAY:
		r = json_array(root, 1, 2, &size, err);
		*ret = size;
		return r;
	case OBJECT:
		r = json_object(root, keys, err);
		*ret = r < 0 ? 77 : 0;
		return r;
	case NEED:
		r = json_need(root, "a", &member, err);
		if (r == 0)
			return json_integer(member, 0, 9, ret, err);
		assert_null(member);
		return r;
	}
	return 0;
}

static void check_get(void **state)
{
	const struct get *row = *state;
	struct json *document;
	struct snp_error err = {0};
	uint64_t number = 77;

	assert_int_equal(parse(row->text, strlen(row->text), &document, NULL), 0);
	assert_int_equal(get(json_root(document), row->getter, &number, &err), -(int)row->code);
	assert_true(number == (row->code == SNP_OK ? row->number : 77));
	assert_int_equal(err.message[0] != '\0', row->code != SNP_OK);
	if (row->message)
		assert_non_null(strstr(err.message, row->message));
	json_free(document);
}

static void failures_are_placed(void **state)
{
	static const char text[] =
		"{\n\t\"cpus\": [\n\t\t{\"count\": 1},\n\t\t{\"count\": 0}\n\t]\n}";
	const struct json_value *v;
	struct json *document;
	struct snp_error err;
	char line[512];

	(void)state;
	assert_int_equal(parse(text, strlen(text), &document, NULL), 0);
	v = json_first(json_get(json_root(document), "cpus"));
	assert_null(json_key(v));
	v = json_first(json_next(v));
	assert_string_equal(json_key(v), "count");
	assert_null(json_next(v));
	assert_int_equal(json_fail(v, &err, SNP_E_BAD_VCPU_COUNT, "no %s", "vCPU"),
			 -SNP_E_BAD_VCPU_COUNT);
	snp_error_line(&err, line, sizeof(line));
	assert_string_equal(line, "error: doc.json:4:13: /cpus/1/count: no vCPU [bad-vcpu-count]");
	fail_with(&err, SNP_E_BAD_POLICY, SNP_NO_OFFSET, "bit 17");
	assert_int_equal(json_in(&err, -SNP_E_BAD_POLICY, v), -SNP_E_BAD_POLICY);
	assert_string_equal(err.pointer, "/cpus/1/count");
	assert_string_equal(err.message, "bit 17");
	in_file(&err, fail_with(&err, SNP_E_OPEN, SNP_NO_OFFSET, "gone"), "other");
	assert_int_equal(json_in(&err, -SNP_E_OPEN, v), -SNP_E_OPEN);
	assert_string_equal(err.file, "other");
	assert_string_equal(err.pointer, "");
	assert_int_equal(json_in(&err, 0, v), 0);
	json_free(document);
}

static const struct schema {
	const char *name, *text;
	enum snp_code code;
} schemas[] = {
	{"right schema", "{\"schema\": \"snp-launch/1\"}", SNP_OK},
	{"later version", "{\"schema\": \"snp-launch/2\"}", SNP_E_JSON_SCHEMA},
	{"other document", "{\"schema\": \"snp-release/1\"}", SNP_E_JSON_SCHEMA},
	{"no schema", "{}", SNP_E_JSON_MISSING_KEY},
	{"schema is a number", "{\"schema\": 1}", SNP_E_JSON_TYPE},
	{"no object", "[]", SNP_E_JSON_TYPE},
};

static void check_schema(void **state)
{
	const struct schema *row = *state;
	struct json *document;
	struct snp_error err = {0};

	assert_int_equal(parse(row->text, strlen(row->text), &document, NULL), 0);
	assert_int_equal(json_schema(document, "snp-launch/1", &err), -(int)row->code);
	assert_int_equal(err.code, row->code);
	json_free(document);
}

static const char set_in[] =
	"{\"name\": \"a\", \"cpu\": {\"count\": 2}, \"labels\": {\"a.b\": \"c\"},"
	" \"disks\": [{\"path\": \"/d\"}, {\"path\": \"/e\"}]}";

/* What one assignment makes of it, as the whole document or as the part that is new; NULL: refused. */
static const struct set {
	const char *name, *assignment, *part;
} sets[] = {
	{"a text", "name=b", "\"name\":\t\"b\""},
	{"a number", "cpu.count=4", "\"count\":\t4"},
	{"true", "rng=true", "\"rng\":\ttrue"},
	{"no JSON", "name=4 vCPUs", "\"name\":\t\"4 vCPUs\""},
	{"a quoted number", "name=\"4\"", "\"name\":\t\"4\""},
	{"nothing", "name=", "\"name\":\t\"\""},
	{"an equals sign", "name=a=b", "\"name\":\t\"a=b\""},
	{"a new object", "memory.size=4GiB", "\"size\":\t\"4GiB\""},
	{"an object", "cpu={\"count\": 3}", "\"count\":\t3"},
	{"in an array", "disks.1.path=/f", "\"path\":\t\"/f\""},
	{"one more in an array", "disks.2.path=/f", "\"path\":\t\"/f\""},
	{"a dot in a name", "labels.a\\.b=d", "\"a.b\":\t\"d\""},
	{"past the end of an array", "disks.3.path=/f", NULL},
	{"a name in an array", "disks.a=1", NULL},
	{"a large index", "disks.99999999999=1", NULL},
	{"in a text", "name.a=1", NULL},
	{"in a number", "cpu.count.a=1", NULL},
	{"no key", "=1", NULL},
	{"no value", "name", NULL},
	{"an empty part", "cpu..a=1", NULL},
	{"an empty last part", "cpu.=1", NULL},
	{"an empty first part", ".a=1", NULL},
};

static void check_set(void **state)
{
	const struct set *row = *state;
	_cleanup_(freep) char *text = NULL;
	struct json *document, *again;
	struct snp_error err = {0};
	int r;

	assert_int_equal(parse(set_in, strlen(set_in), &document, NULL), 0);
	r = json_set(document, &row->assignment, 1, &text, &err);
	assert_int_equal(r, row->part ? 0 : -SNP_E_USAGE);
	assert_int_equal(err.code, row->part ? SNP_OK : SNP_E_USAGE);
	if (row->part) {
		if (!strstr(text, row->part))
			fail_msg("%s lacks %s", text, row->part);
		assert_int_equal(parse(text, strlen(text), &again, NULL), 0);
		json_free(again);
	} else {
		assert_null(text);
	}
	json_free(document);
}

/* Whatever the key is cut or changed to, it is refused or makes a document that cJSON can print. */
static void a_mangled_assignment_does_no_harm(void **state)
{
	static const char whole[] = "disks.1.a\\.b.0=[{\"c\": 1}]";
	struct json *document;

	(void)state;
	assert_int_equal(parse(set_in, strlen(set_in), &document, NULL), 0);
	for (size_t i = 0; i < sizeof(whole); i++)
		for (const char *c = ".\\=0a{\"\n\x80"; *c; c++) {
			char mangled[sizeof(whole)];
			const char *assignment = mangled;
			char *text = NULL;
			int r;

			memcpy(mangled, whole, sizeof(whole));
			mangled[i] = i + 1 < sizeof(whole) ? *c : '\0';
			r = json_set(document, &assignment, 1, &text, NULL);
			assert_int_equal(text == NULL, r < 0);
			free(text);
			mangled[i] = '\0';
			text = NULL;
			r = json_set(document, &assignment, 1, &text, NULL);
			assert_int_equal(text == NULL, r < 0);
			free(text);
		}
	json_free(document);
}

int main(void)
{
	struct CMUnitTest tests[ROWS_MAX] = {
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(values_have_an_end),
		cmocka_unit_test(failures_are_placed),
		cmocka_unit_test(a_mangled_assignment_does_no_harm),
	};
	size_t n = tests_listed(tests);

	ADD_ROWS(tests, n, check_refusal, refusals);
	ADD_ROWS(tests, n, check_mangle, mangles);
	ADD_ROWS(tests, n, check_get, gets);
	ADD_ROWS(tests, n, check_schema, schemas);
	ADD_ROWS(tests, n, check_set, sets);
	return RUN_TESTS("json", tests, n);
}
