// SPDX-License-Identifier: Apache-2.0
#include <snp/error.h>
#include <snp/fail.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>

static const struct {
	const char *name;
	const char *meaning;
	enum snp_class class;
} codes[] = {
#define X(code, number, name, class, meaning) [SNP_E_##code] = {name, meaning, SNP_CLASS_##class},
	SNP_CODES(X)
#undef X
};

unsigned int utf8_length(const unsigned char *s)
{
	unsigned int n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	for (unsigned int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A character that would break a line or disguise a text: C0, DEL, C1, line and paragraph separators,
 * and the marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9). */
static bool is_treacherous(const unsigned char *s, unsigned int n)
{
	if (n == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	if (n == 2)
		return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c);
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x80)
		return s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae);
	return n == 3 && s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9;
}

void escape_text(const char *text, char *ret, unsigned int size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)text;
	unsigned int at = 0;

	while (*s) {
		unsigned int n = utf8_length(s);
		bool plain = n > 0 && !is_treacherous(s, n);

		if (n == 0)
			n = 1;
		if (at + (plain ? n : 4 * n) >= size)
			break;
		for (unsigned int i = 0; i < n; i++) {
			if (plain) {
				ret[at++] = (char)s[i];
				continue;
			}
			ret[at++] = '\\';
			ret[at++] = 'x';
			ret[at++] = digits[s[i] >> 4];
			ret[at++] = digits[s[i] & 15];
		}
		s += n;
	}
	ret[at] = '\0';
}

__attribute__((format(printf, 5, 0))) static void fill(struct snp_error *err, enum snp_code code,
						       int sys_errno, uint64_t offset,
						       const char *fmt, va_list args)
{
	char text[sizeof(err->message)];
	int n;

	if (!err)
		return;
	n = vsnprintf(text, sizeof(text), fmt, args);
	if (n < 0)
		snprintf(text, sizeof(text), "message lost");
	else if (sys_errno != 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s", strerrordesc_np(sys_errno));
	*err = (struct snp_error){.code = code, .sys_errno = sys_errno, .offset = offset};
	escape_text(text, err->message, sizeof(err->message));
}

int(fail_with)(struct snp_error *err, enum snp_code code, uint64_t offset, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, code, 0, offset, fmt, args);
	va_end(args);
	return -(int)code;
}

int(fail_errno)(struct snp_error *err, enum snp_code code, int sys_errno, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(err, code, sys_errno, SNP_NO_OFFSET, fmt, args);
	va_end(args);
	return -(int)code;
}

int(out_of_memory)(struct snp_error *err)
{
	return fail_with(err, SNP_E_NO_MEMORY, SNP_NO_OFFSET, "out of memory");
}

int in_file(struct snp_error *err, int status, const char *path)
{
	if (status < 0 && err && err->file[0] == '\0')
		escape_text(path, err->file, sizeof(err->file));
	return status;
}

const char *snp_code_name(enum snp_code code)
{
	return code < ARRAY_SIZE(codes) ? codes[code].name : NULL;
}

const char *snp_code_meaning(enum snp_code code)
{
	return code < ARRAY_SIZE(codes) ? codes[code].meaning : NULL;
}

enum snp_class snp_code_class(enum snp_code code)
{
	return code < ARRAY_SIZE(codes) ? codes[code].class : SNP_CLASS_DONE;
}

void snp_error_line(const struct snp_error *err, char *ret, unsigned int size)
{
	char where[64] = "", at[64] = "";
	int n = 0;

	if (err->line != 0)
		n = snprintf(where, sizeof(where), ":%" PRIu32, err->line);
	if (err->line != 0 && err->column != 0)
		snprintf(where + n, sizeof(where) - (size_t)n, ":%" PRIu32, err->column);
	if (err->offset != SNP_NO_OFFSET && err->line == 0)
		snprintf(at, sizeof(at), " (at byte 0x%" PRIx64 ")", err->offset);
	snprintf(ret, size, "error: %s%s%s%s%s%s%s [%s]", err->file, where,
		 err->file[0] ? ": " : "", err->pointer, err->pointer[0] ? ": " : "", err->message,
		 at, snp_code_name(err->code));
}
