// SPDX-License-Identifier: Apache-2.0
#include "reference/fields.h"

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>
#include <snp/hex.h>

int field_string(const struct json_value *object, const char *key, bool required, char **ret,
		 struct snp_error *err)
{
	const char *text;
	int r;

	if (!required && !json_get(object, key))
		return 0;
	r = json_need_string(object, key, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : out_of_memory(err);
}

bool is_plain_name(const char *text)
{
	const char *at = text;

	while ((unsigned char)*at >= 0x20 && *at != 0x7f)
		at++;
	return at != text && *at == '\0';
}

static int check_name(const struct json_value *value, struct snp_error *err)
{
	const char *text;

	if (value && json_string(value, &text, NULL) == 0 && !is_plain_name(text))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "a name is not empty and has no control characters");
	return 0;
}

int field_name(const struct json_value *object, const char *key, bool required, char **ret,
	       struct snp_error *err)
{
	int r = check_name(json_get(object, key), err);

	return r < 0 ? r : field_string(object, key, required, ret, err);
}

int field_name_into(const struct json_value *object, const char *key, bool required, char *ret,
		    size_t size, struct snp_error *err)
{
	const struct json_value *value = json_get(object, key);
	int r = required ? json_need(object, key, &value, err) : 0;

	if (r == 0)
		r = check_name(value, err);
	return r < 0 || !value ? r : json_text(value, ret, size, err);
}

int field_base64(const struct json_value *object, const char *key, size_t size, uint8_t **ret,
		 struct snp_error *err)
{
	struct snp_error inner;
	const char *text;
	int r = json_need_string(object, key, &text, err);

	if (r < 0)
		return r;
	*ret = malloc(size);
	if (!*ret)
		return out_of_memory(err);
	r = base64_decode(text, key, *ret, size, &inner);
	return r < 0 ? json_fail(json_get(object, key), err, inner.code, "%s", inner.message) : 0;
}
