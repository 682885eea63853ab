// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/memory.h>

struct scanner {
	struct json *document;
	uint32_t at;
	uint32_t inside; /* the value that is being scanned: what errors point to */
	struct snp_error *err;
};

__attribute__((format(printf, 4, 5))) static int fail(const struct scanner *s, enum snp_code code,
						      uint32_t offset, const char *fmt, ...)
{
	char message[256];
	va_list args;
	int r;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	r = fail_with(s->err, code, offset, "%s", message);
	return json_place(s->document, s->inside, offset, s->err, r);
}

/* Safe at the end, where a NUL stands, which is not part of the grammar. */
static char peek(const struct scanner *s)
{
	return s->document->text[s->at];
}

static bool accept(struct scanner *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void skip_blanks(struct scanner *s)
{
	s->at += (uint32_t)strspn(s->document->text + s->at, " \t\r\n");
}

static int expected(const struct scanner *s, const char *what)
{
	if (s->at == s->document->size)
		return fail(s, SNP_E_JSON_SYNTAX, s->at, "the document ends here; expected %s",
			    what);
	return fail(s, SNP_E_JSON_SYNTAX, s->at, "expected %s", what);
}

/* Where a member's key stands, without quotes; an array's members have none. */
struct key {
	uint32_t offset;
	uint32_t size;
};

static int add_value(struct scanner *s, struct key key, uint32_t *ret)
{
	struct json *document = s->document;

	if (document->n_values == SNP_JSON_VALUES)
		return fail(s, SNP_E_TOO_LARGE, s->at, "more than %u values in one document",
			    SNP_JSON_VALUES);
	if (!grow(&document->values, document->n_values, sizeof(*document->values)))
		return fail(s, SNP_E_NO_MEMORY, s->at, "out of memory");
	*ret = document->n_values++;
	document->values[*ret] = (struct json_value){
		.document = document,
		.parent = s->inside,
		.next = NO_VALUE,
		.offset = s->at,
		.key_offset = key.offset,
		.key_size = key.size,
	};
	return 0;
}

static int hex4(const char *text)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, text[i] | (text[i] >= 'A' ? 0x20 : 0));

		if (text[i] == '\0' || !digit)
			return -1;
		value = value << 4 | (int)(digit - digits);
	}
	return value;
}

/* RFC 8259 section 7. \u must name a character, and not NUL: cJSON would cut the string there. */
static int scan_unicode_escape(struct scanner *s, uint32_t start)
{
	const char *text = s->document->text;
	int unit = hex4(text + s->at), low;

	if (unit < 0)
		return fail(s, SNP_E_JSON_SYNTAX, start, "\\u needs four hex digits");
	s->at += 4;
	if (unit == 0)
		return fail(s, SNP_E_JSON_ENCODING, start, "a string cannot have NUL in it");
	if (unit < 0xd800 || unit > 0xdfff)
		return 0;
	low = unit < 0xdc00 && text[s->at] == '\\' && text[s->at + 1] == 'u'
		      ? hex4(text + s->at + 2)
		      : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return fail(s, SNP_E_JSON_ENCODING, start,
			    "half of a surrogate pair is not a character");
	s->at += 6;
	return 0;
}

/* The rest of a string, past its first quote. */
static int scan_string(struct scanner *s)
{
	for (;;) {
		uint32_t start = s->at;
		char c = peek(s);
		int r;

		if (start == s->document->size)
			return expected(s, "a closing quote");
		s->at++;
		if (c == '"')
			return 0;
		if ((unsigned char)c < 0x20)
			return fail(s, SNP_E_JSON_ENCODING, start,
				    "control character in a string; write it as \\u%04x",
				    (unsigned int)c);
		if (c != '\\')
			continue;
		c = peek(s);
		if (c == '\0' || !strchr("\"\\/bfnrtu", c))
			return fail(s, SNP_E_JSON_SYNTAX, start, "unknown escape sequence");
		s->at++;
		if (c != 'u')
			continue;
		r = scan_unicode_escape(s, start);
		if (r < 0)
			return r;
	}
}

/* Up to here a double holds every integer. */
#define LARGEST_INTEGER "9007199254740992" /* 2^53 */

static int scan_number(struct scanner *s)
{
	const char *text = s->document->text + s->at;
	size_t sign = text[0] == '-', digits = strspn(text + sign, "0123456789");
	size_t all = strspn(text, "+-.0123456789eE");

	if (digits == 0)
		return fail(s, SNP_E_JSON_SYNTAX, s->at, "a number needs digits");
	if (digits > 1 && text[sign] == '0')
		return fail(s, SNP_E_JSON_SYNTAX, s->at, "a number cannot have leading zeros");
	if (all != sign + digits)
		return fail(s, SNP_E_JSON_VALUE, s->at,
			    "only whole numbers, in digits alone, are allowed");
	if (sign && text[1] == '0')
		return fail(s, SNP_E_JSON_VALUE, s->at, "-0 is not allowed; write 0");
	if (digits > strlen(LARGEST_INTEGER) || (digits == strlen(LARGEST_INTEGER) &&
						 strncmp(text + sign, LARGEST_INTEGER, digits) > 0))
		return fail(s, SNP_E_JSON_VALUE, s->at,
			    "a number over 2^53 loses digits in many readers; 64-bit values are "
			    "strings \"0x…\"");
	s->at += (uint32_t)all;
	return 0;
}

static int scan_word(struct scanner *s, enum json_type *ret)
{
	static const struct {
		const char *word;
		enum json_type type;
	} words[] = {{"null", JSON_NULL}, {"true", JSON_BOOL}, {"false", JSON_BOOL}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].word);

		if (strncmp(s->document->text + s->at, words[i].word, n) != 0)
			continue;
		s->at += (uint32_t)n;
		*ret = words[i].type;
		return 0;
	}
	return expected(s, "a value");
}

static int scan_value(struct scanner *s, unsigned int depth, struct key key);

/* A member's key and colon. */
static int scan_key(struct scanner *s, struct key *ret)
{
	struct key key;
	int r;

	if (!accept(s, '"'))
		return expected(s, "a key in quotes");
	key.offset = s->at;
	r = scan_string(s);
	if (r < 0)
		return r;
	key.size = s->at - 1 - key.offset;
	skip_blanks(s);
	if (!accept(s, ':'))
		return expected(s, "a colon");
	*ret = key;
	return 0;
}

/* The rest of an array or object, past its first bracket. */
static int scan_members(struct scanner *s, unsigned int depth, uint32_t container)
{
	bool object = s->document->values[container].type == JSON_OBJECT;
	uint32_t last = NO_VALUE;
	char close = object ? '}' : ']';
	int r;

	skip_blanks(s);
	if (accept(s, close))
		return 0;
	do {
		struct key key = {0};

		skip_blanks(s);
		r = object ? scan_key(s, &key) : 0;
		if (r < 0)
			return r;
		skip_blanks(s);
		/* Linked before it is scanned, so that an error in it can tell its place. */
		if (last != NO_VALUE)
			s->document->values[last].next = s->document->n_values;
		last = s->document->n_values;
		r = scan_value(s, depth, key);
		if (r < 0)
			return r;
		s->document->values[container].n_members++;
		skip_blanks(s);
	} while (accept(s, ','));
	return accept(s, close) ? 0 : expected(s, object ? "a comma or }" : "a comma or ]");
}

static int scan_content(struct scanner *s, unsigned int depth, uint32_t index)
{
	enum json_type *type = &s->document->values[index].type;
	char c = peek(s);

	if (c == '{' || c == '[') {
		if (depth == SNP_JSON_DEPTH)
			return fail(s, SNP_E_TOO_LARGE, s->at, "nested deeper than %d levels",
				    SNP_JSON_DEPTH);
		s->at++;
		*type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
		return scan_members(s, depth + 1, index);
	}
	if (accept(s, '"')) {
		*type = JSON_STRING;
		return scan_string(s);
	}
	if (c == '-' || (c >= '0' && c <= '9')) {
		*type = JSON_NUMBER;
		return scan_number(s);
	}
	return scan_word(s, type);
}

/* A value, which starts here. */
static int scan_value(struct scanner *s, unsigned int depth, struct key key)
{
	uint32_t parent = s->inside, index = NO_VALUE;
	int r;

	r = add_value(s, key, &index);
	if (r < 0)
		return r;
	s->inside = index;
	r = scan_content(s, depth, index);
	if (r < 0)
		return r;
	s->inside = parent;
	s->document->values[index].size = s->at - s->document->values[index].offset;
	return 0;
}

int json_scan(struct json *document, struct snp_error *err)
{
	struct scanner s = {.document = document, .inside = NO_VALUE, .err = err};
	int r;

	skip_blanks(&s);
	r = scan_value(&s, 0, (struct key){0});
	if (r < 0)
		return r;
	skip_blanks(&s);
	if (s.at != document->size)
		return fail(&s, SNP_E_JSON_SYNTAX, s.at, "unexpected text after the document");
	return 0;
}
