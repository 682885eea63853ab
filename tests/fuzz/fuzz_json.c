// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <snp/json.h>
#include <snp/memory.h>

/* Write a value by what the reader says of it. */
static void print(FILE *out, const struct json_value *value)
{
	const struct json_value *v;
	const char *text;
	uint64_t number;
	char separator = json_is_object(value) ? '{' : '[';
	bool flag;

	if (json_string(value, &text, NULL) == 0) {
		cJSON *string = cJSON_CreateString(text);
		char *quoted = cJSON_PrintUnformatted(string);

		fputs(quoted, out);
		free(quoted);
		cJSON_Delete(string);
	} else if (json_bool(value, &flag, NULL) == 0) {
		fputs(flag ? "true" : "false", out);
	} else if (json_integer(value, 0, UINT64_MAX, &number, NULL) == 0) {
		fprintf(out, "%" PRIu64, number);
	} else if (!json_is_object(value) && !json_is_array(value)) {
		fputs("null", out); /* or a negative number, which has no getter */
	} else {
		if (!json_first(value))
			fputc(separator, out);
		for (v = json_first(value); v; v = json_next(v)) {
			fputc(separator, out);
			separator = ',';
			if (json_key(v)) {
				cJSON *key = cJSON_CreateString(json_key(v));
				char *quoted = cJSON_PrintUnformatted(key);

				fprintf(out, "%s:", quoted);
				free(quoted);
				cJSON_Delete(key);
			}
			print(out, v);
		}
		fputc(json_is_object(value) ? '}' : ']', out);
	}
}

static char *printed(const struct json *document)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	print(out, json_root(document));
	fclose(out);
	return text;
}

static void fix_signs(cJSON *node)
{
	if (cJSON_IsNumber(node) && node->valuedouble < 0)
		node->type = cJSON_NULL;
	for (cJSON *child = node->child; child; child = child->next)
		fix_signs(child);
}

/* What is accepted, printed and read again, is the same; and it is the tree that cJSON alone reads. */
static void check_accepted(const struct json *document, const uint8_t *data, size_t size)
{
	char *once = printed(document), *twice;
	cJSON *ours = cJSON_Parse(once);
	cJSON *theirs = cJSON_ParseWithLength((const char *)data, size);
	struct json *again;

	if (!ours || !theirs)
		abort();
	fix_signs(theirs);
	if (!cJSON_Compare(ours, theirs, true))
		abort();
	cJSON_Delete(ours);
	cJSON_Delete(theirs);
	if (json_parse("printed", text_span(once), &again, NULL) < 0)
		abort();
	twice = printed(again);
	if (strcmp(once, twice) != 0)
		abort();
	json_free(again);
	free(once);
	free(twice);
}

/* The input as an assignment: it is refused as wrong usage, or makes a document that can be parsed. */
static void check_set(const uint8_t *data, size_t size)
{
	static const char text[] = "{\"a\": {\"b\": [1, {\"c\": \"d\"}]}}";
	char *assignment = strndup((const char *)data, size), *made = NULL;
	const char *const assignments[] = {assignment};
	struct json *document;
	struct snp_error err = {0};
	int r;

	if (!assignment || json_parse("set", text_span(text), &document, NULL) < 0)
		abort();
	r = json_set(document, assignments, 1, &made, &err);
	if (r != 0 && (r != -SNP_E_USAGE || made))
		abort();
	if (r == 0) {
		cJSON *tree = cJSON_Parse(made);

		if (!tree)
			abort();
		cJSON_Delete(tree);
	}
	free(made);
	free(assignment);
	json_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *document = NULL;
	struct snp_error err = {0};
	int r = json_parse("input", (struct snp_span){data, size}, &document, &err);

	if (size < 256)
		check_set(data, size);
	fuzz_check(r, &err, size);
	if ((r == 0) != (document != NULL) || r == -SNP_E_NO_MEMORY)
		abort();
	if (r == 0)
		check_accepted(document, data, size);
	else if (err.line == 0 || err.column == 0 || strcmp(err.file, "input") != 0)
		abort();
	json_free(document);
	return 0;
}
