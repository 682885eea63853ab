// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/nearest.h>

static const char *const type_names[] = {
	[JSON_NULL] = "null",	    [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string", [JSON_ARRAY] = "an array",	   [JSON_OBJECT] = "an object",
};

static int need_type(const struct json_value *value, enum json_type type, struct snp_error *err)
{
	if (value->type == type)
		return 0;
	return json_fail(value, err, SNP_E_JSON_TYPE, "is %s; must be %s", type_names[value->type],
			 type_names[type]);
}

int json_object(const struct json_value *value, const char *const keys[], struct snp_error *err)
{
	const struct json_value *v;
	int r = need_type(value, JSON_OBJECT, err);

	if (r < 0)
		return r;
	for (v = json_first(value); v; v = json_next(v)) {
		const char *key = json_key(v), *near;
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i])
			continue;
		near = nearest_word(key, keys);
		r = near ? fail_with(err, SNP_E_JSON_UNKNOWN_KEY, 0,
				     "unknown key; did you mean \"%s\"?", near)
			 : fail_with(err, SNP_E_JSON_UNKNOWN_KEY, 0, "unknown key");
		return json_place(v->document, (uint32_t)(v - v->document->values),
				  v->key_offset - 1, err, r);
	}
	return 0;
}

int json_need(const struct json_value *object, const char *key, const struct json_value **ret,
	      struct snp_error *err)
{
	const struct json_value *value = json_get(object, key);

	if (!value)
		return json_fail(object, err, SNP_E_JSON_MISSING_KEY, "missing key \"%s\"", key);
	*ret = value;
	return 0;
}

int json_array(const struct json_value *value, size_t min, size_t max, size_t *ret_size,
	       struct snp_error *err)
{
	int r = need_type(value, JSON_ARRAY, err);

	if (r < 0)
		return r;
	if (value->n_members < min || value->n_members > max)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "has %" PRIu32 " members; must have %zu to %zu", value->n_members,
				 min, max);
	*ret_size = value->n_members;
	return 0;
}

int json_string(const struct json_value *value, const char **ret, struct snp_error *err)
{
	int r = need_type(value, JSON_STRING, err);

	if (r < 0)
		return r;
	*ret = value->node->valuestring;
	return 0;
}

int json_text(const struct json_value *value, char *ret, size_t size, struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	if (strlen(text) >= size)
		return json_fail(value, err, SNP_E_JSON_VALUE, "is longer than %zu bytes",
				 size - 1);
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

int json_bool(const struct json_value *value, bool *ret, struct snp_error *err)
{
	int r = need_type(value, JSON_BOOL, err);

	if (r < 0)
		return r;
	*ret = cJSON_IsTrue(value->node);
	return 0;
}

/* From the text, not from cJSON's double. The scanner let at most 16 digits through. */
int json_integer(const struct json_value *value, uint64_t min, uint64_t max, uint64_t *ret,
		 struct snp_error *err)
{
	const char *text = value->document->text + value->offset;
	uint64_t number = 0;
	int r = need_type(value, JSON_NUMBER, err);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < value->size; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	if (text[0] == '-' || number < min || number > max)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "is %.*s; must be %" PRIu64 " to %" PRIu64, (int)value->size, text,
				 min, max);
	*ret = number;
	return 0;
}

int json_hex_u64(const struct json_value *value, uint64_t *ret, struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	if (hex_u64(text, "", ret, NULL) < 0)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "'%s' is not a 64-bit number in hex; write it as \"0x30000\"",
				 text);
	return 0;
}

int json_hex(const struct json_value *value, uint8_t *ret, size_t size, struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	/* hex_decode() would take "0x" before it. */
	if (strlen(text) != 2 * size || text[strspn(text, "0123456789abcdefABCDEF")] != '\0')
		return json_fail(value, err, SNP_E_JSON_VALUE, "must be a string of %zu hex digits",
				 2 * size);
	return json_in(err, hex_decode(text, "value", ret, size, err), value);
}

int json_choice(const struct json_value *value, const char *const names[], unsigned int *ret,
		struct snp_error *err)
{
	char list[512] = "";
	const char *text;
	size_t at = 0;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	for (unsigned int i = 0; names[i]; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return 0;
		}
		if (at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s\"%s\"",
					       i ? ", " : "", names[i]);
	}
	return json_fail(value, err, SNP_E_JSON_VALUE, "is \"%s\"; must be one of %s", text, list);
}
