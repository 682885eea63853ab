// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>

void json_free(struct json *document)
{
	if (!document)
		return;
	cJSON_Delete(document->tree);
	free(document->values);
	free(document->text);
	free(document->name);
	free(document);
}

struct snp_span json_source(const struct json *document)
{
	return (struct snp_span){(const uint8_t *)document->text, document->size};
}

const struct json_value *json_root(const struct json *document)
{
	return document->values;
}

const struct json_value *json_first(const struct json_value *value)
{
	return value->n_members > 0 ? value + 1 : NULL;
}

const struct json_value *json_next(const struct json_value *value)
{
	return value->next == NO_VALUE ? NULL : &value->document->values[value->next];
}

const char *json_key(const struct json_value *value)
{
	return value->node->string;
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
	const struct json_value *v;

	if (object->type != JSON_OBJECT)
		return NULL;
	for (v = json_first(object); v; v = json_next(v))
		if (strcmp(json_key(v), key) == 0)
			return v;
	return object->defaults != 0 ? json_get(&object->document->values[object->defaults], key)
				     : NULL;
}

void json_inherit(struct json *document, const struct json_value *object,
		  const struct json_value *defaults)
{
	document->values[object - document->values].defaults =
		(uint32_t)(defaults - document->values);
}

bool json_is_string(const struct json_value *value)
{
	return value->type == JSON_STRING;
}

bool json_is_object(const struct json_value *value)
{
	return value->type == JSON_OBJECT;
}

bool json_is_array(const struct json_value *value)
{
	return value->type == JSON_ARRAY;
}

static int check_encoding(const struct json *document, struct snp_error *err)
{
	const unsigned char *text = (const unsigned char *)document->text;
	const char *trouble = NULL;
	uint32_t at = 0;

	if (strncmp(document->text, "\xef\xbb\xbf", 3) == 0)
		trouble = "a byte order mark; write UTF-8 without it";
	while (!trouble && at < document->size) {
		unsigned int n = utf8_length(text + at);

		if (text[at] == '\0')
			trouble = "a NUL byte in a text document";
		else if (n == 0)
			trouble = "not UTF-8";
		else
			at += n;
	}
	if (!trouble)
		return 0;
	return json_place(document, NO_VALUE, at, err,
			  fail_with(err, SNP_E_JSON_ENCODING, at, "%s", trouble));
}

/* Walk cJSON's tree in step with the scanner's values, and check that both saw the same document: one
 * that they read differently has no single meaning. */
static bool join(struct json *document, const cJSON *node, uint32_t index)
{
	struct json_value *value = &document->values[index];
	const cJSON *child = node->child;
	uint32_t member = value->n_members > 0 ? index + 1 : NO_VALUE;
	static const int types[] = {
		[JSON_NULL] = cJSON_NULL,     [JSON_BOOL] = cJSON_True | cJSON_False,
		[JSON_NUMBER] = cJSON_Number, [JSON_STRING] = cJSON_String,
		[JSON_ARRAY] = cJSON_Array,   [JSON_OBJECT] = cJSON_Object,
	};

	if ((node->type & types[value->type]) == 0)
		return false;
	value->node = node;
	for (; child && member != NO_VALUE;
	     child = child->next, member = document->values[member].next)
		if (!join(document, child, member))
			return false;
	return !child && member == NO_VALUE;
}

static int build_tree(struct json *document, struct snp_error *err)
{
	document->tree =
		cJSON_ParseWithLengthOpts(document->text, (size_t)document->size + 1, NULL, true);
	/* After the scanner, cJSON has nothing left to refuse. */
	if (!document->tree)
		return out_of_memory(err);
	if (!join(document, document->tree, 0))
		return json_place(document, 0, 0, err,
				  fail_with(err, SNP_E_JSON_SYNTAX, 0,
					    "two JSON readers disagree about this document"));
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Compare keys without regard to the case of ASCII letters, as many readers do, including cJSON. */
static int compare_folded(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return (int)(unsigned char)lower(*a) - (int)(unsigned char)lower(*b);
}

static int compare_members(const void *a, const void *b)
{
	const struct json_value *const *x = a, *const *y = b;
	int order = compare_folded((*x)->node->string, (*y)->node->string);

	return order ? order : (*x)->offset < (*y)->offset ? -1 : 1;
}

/* The first member in the text whose key stood before it. `members` is room for all of them. */
static const struct json_value *find_twin(const struct json_value *object,
					  const struct json_value **members)
{
	const struct json_value *twin = NULL, *v;
	size_t n = 0;

	for (v = json_first(object); v; v = json_next(v))
		members[n++] = v;
	qsort(members, n, sizeof(members[0]), compare_members);
	for (size_t i = 1; i < n; i++)
		if (compare_folded(members[i - 1]->node->string, members[i]->node->string) == 0 &&
		    (!twin || members[i]->offset < twin->offset))
			twin = members[i];
	return twin;
}

static int check_keys(const struct json *document, struct snp_error *err)
{
	_cleanup_(freep) const struct json_value **members = NULL;

	members = calloc(document->n_values, sizeof(members[0]));
	if (!members)
		return out_of_memory(err);
	for (uint32_t i = 0; i < document->n_values; i++) {
		const struct json_value *twin = NULL;

		if (document->values[i].type == JSON_OBJECT)
			twin = find_twin(&document->values[i], members);
		if (twin)
			return json_place(document, (uint32_t)(twin - document->values),
					  twin->key_offset - 1, err,
					  fail_with(err, SNP_E_JSON_DUPLICATE_KEY, 0,
						    "duplicate key; upper and lower case count as "
						    "the same"));
	}
	return 0;
}

/* Takes over `text`, which has `size` bytes and a NUL. */
static int parse(const char *name, char *text, size_t size, struct json **ret,
		 struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = calloc(1, sizeof(*document));
	int r;

	if (!document) {
		free(text);
		return out_of_memory(err);
	}
	document->text = text;
	document->size = (uint32_t)size;
	document->name = strdup(name);
	if (!document->name)
		return out_of_memory(err);
	r = check_encoding(document, err);
	if (r < 0)
		return r;
	r = json_scan(document, err);
	if (r < 0)
		return r;
	r = build_tree(document, err);
	if (r < 0)
		return r;
	r = check_keys(document, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(document);
	return 0;
}

bool json_is_text(struct snp_span text)
{
	size_t i = 0;

	while (i < text.size && text.data[i] != '\0' && strchr(" \t\r\n", text.data[i]))
		i++;
	return i < text.size && text.data[i] == '{';
}

int json_parse(const char *name, struct snp_span text, struct json **ret, struct snp_error *err)
{
	char *copy;

	if (text.size > SNP_MAX_DOCUMENT)
		return in_file(err,
			       fail_with(err, SNP_E_TOO_LARGE, SNP_NO_OFFSET,
					 "size is %zu bytes; must be at most %u", text.size,
					 SNP_MAX_DOCUMENT),
			       name);
	copy = malloc(text.size + 1);
	if (!copy)
		return out_of_memory(err);
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return parse(name, copy, text.size, ret, err);
}

int json_read(const char *path, uint64_t cap, struct json **ret, struct snp_error *err)
{
	uint8_t *bytes;
	size_t size;
	int r;

	r = file_read(path, cap < SNP_MAX_DOCUMENT ? cap : SNP_MAX_DOCUMENT, &bytes, &size, err);
	if (r < 0)
		return r;
	return parse(path, (char *)bytes, size, ret, err);
}
