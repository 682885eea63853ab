// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

struct text {
	char *at;
	size_t left; /* without the NUL */
};

static void put(struct text *text, char c)
{
	if (text->left == 0)
		return;
	*text->at++ = c;
	text->left--;
}

/* One step of a JSON pointer, RFC 6901 section 3. */
static void put_key(struct text *text, const char *key, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (key[i] == '~' || key[i] == '/') {
			put(text, '~');
			put(text, key[i] == '~' ? '0' : '1');
		} else {
			put(text, key[i]);
		}
	}
}

static void put_step(struct text *text, const struct json *document, uint32_t index)
{
	const struct json_value *value = &document->values[index];
	const struct json_value *parent = &document->values[value->parent];
	char number[16];
	uint32_t n = 0;

	put(text, '/');
	if (parent->type == JSON_ARRAY) {
		for (uint32_t i = value->parent + 1; i != index; i = document->values[i].next)
			n++;
		snprintf(number, sizeof(number), "%u", n);
		put_key(text, number, strlen(number));
	} else if (value->node) {
		put_key(text, value->node->string, strlen(value->node->string));
	} else {
		/* Not JSON, so there is no tree: the key as it was written. */
		put_key(text, document->text + value->key_offset, value->key_size);
	}
}

static void put_pointer(struct text *text, const struct json *document, uint32_t index)
{
	uint32_t path[SNP_JSON_DEPTH + 1], n = 0;

	for (; index != NO_VALUE && document->values[index].parent != NO_VALUE;
	     index = document->values[index].parent)
		path[n++] = index;
	while (n > 0)
		put_step(text, document, path[--n]);
	*text->at = '\0';
}

int json_place(const struct json *document, uint32_t index, uint32_t offset, struct snp_error *err,
	       int status)
{
	char pointer[sizeof(err->pointer)];

	if (!err)
		return status;
	put_pointer(&(struct text){pointer, sizeof(pointer) - 1}, document, index);
	escape_text(pointer, err->pointer, sizeof(err->pointer));
	err->offset = offset;
	err->line = 1;
	err->column = 1;
	for (uint32_t i = 0; i < offset; i++) {
		if (document->text[i] == '\n') {
			err->line++;
			err->column = 1;
		} else {
			err->column++;
		}
	}
	return in_file(err, status, document->name);
}

int json_in(struct snp_error *err, int status, const struct json_value *value)
{
	if (status == 0 || (err && err->file[0] != '\0'))
		return status;
	return json_place(value->document, (uint32_t)(value - value->document->values),
			  value->offset, err, status);
}

int(json_fail)(const struct json_value *value, struct snp_error *err, enum snp_code code,
	       const char *fmt, ...)
{
	char message[sizeof(err->message)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return json_in(err, fail_with(err, code, SNP_NO_OFFSET, "%s", message), value);
}
