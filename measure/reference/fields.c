// SPDX-License-Identifier: Apache-2.0
#include "reference/fields.h"

#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

int snp_field_string(const struct snp_json_value *object, const char *key, bool required,
		     char **ret, struct snp_error *err)
{
	const char *text;
	int r;

	if (!required && !snp_json_get(object, key))
		return 0;
	r = snp_json_need_string(object, key, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : snp_no_memory(err);
}

bool snp_is_plain_name(const char *text)
{
	const char *at = text;

	while ((unsigned char)*at >= 0x20 && *at != 0x7f)
		at++;
	return at != text && *at == '\0';
}

int snp_field_name(const struct snp_json_value *object, const char *key, bool required, char **ret,
		   struct snp_error *err)
{
	const struct snp_json_value *value = snp_json_get(object, key);
	const char *text;

	if (value && snp_json_string(value, &text, NULL) == 0 && !snp_is_plain_name(text))
		return snp_json_fail(value, err, SNP_E_JSON_VALUE,
				     "a name is not empty and has no control characters");
	return snp_field_string(object, key, required, ret, err);
}

int snp_field_base64(const struct snp_json_value *object, const char *key, size_t size,
		     uint8_t **ret, struct snp_error *err)
{
	struct snp_error inner;
	const char *text;
	int r = snp_json_need_string(object, key, &text, err);

	if (r < 0)
		return r;
	*ret = malloc(size);
	if (!*ret)
		return snp_no_memory(err);
	r = snp_base64_decode(text, key, *ret, size, &inner);
	return r < 0 ? snp_json_fail(snp_json_get(object, key), err, inner.code, "%s",
				     inner.message)
		     : 0;
}
