// SPDX-License-Identifier: Apache-2.0
#include "reference/fields.h"

#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>

int snp_field_string(const struct snp_json_value *object, const char *key, bool required,
		     char **ret, struct snp_error *err)
{
	const struct snp_json_value *value = snp_json_get(object, key);
	const char *text;
	int r;

	if (!value && !required)
		return 0;
	r = snp_json_need(object, key, &value, err);
	if (r < 0)
		return r;
	r = snp_json_string(value, &text, err);
	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : snp_fail(err, SNP_E_NO_MEMORY, SNP_NO_OFFSET, "out of memory");
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

int snp_field_integer(const struct snp_json_value *object, const char *key, uint64_t min,
		      uint64_t max, uint64_t *ret, struct snp_error *err)
{
	const struct snp_json_value *value;
	int r = snp_json_need(object, key, &value, err);

	return r < 0 ? r : snp_json_integer(value, min, max, ret, err);
}

int snp_field_u64(const struct snp_json_value *object, const char *key, uint64_t max, uint64_t *ret,
		  struct snp_error *err)
{
	const struct snp_json_value *value;
	uint64_t word;
	int r = snp_json_need(object, key, &value, err);

	if (r < 0)
		return r;
	r = snp_json_hex_u64(value, &word, err);
	if (r < 0)
		return r;
	if (word > max)
		return snp_json_fail(value, err, SNP_E_JSON_VALUE, "more than 0x%jx",
				     (uintmax_t)max);
	*ret = word;
	return 0;
}

int snp_field_hex(const struct snp_json_value *object, const char *key, uint8_t *ret, size_t size,
		  struct snp_error *err)
{
	const struct snp_json_value *value;
	int r = snp_json_need(object, key, &value, err);

	return r < 0 ? r : snp_json_hex(value, ret, size, err);
}

int snp_field_base64(const struct snp_json_value *object, const char *key, size_t size,
		     uint8_t **ret, struct snp_error *err)
{
	const struct snp_json_value *value;
	struct snp_error inner;
	const char *text;
	int r = snp_json_need(object, key, &value, err);

	if (r < 0)
		return r;
	r = snp_json_string(value, &text, err);
	if (r < 0)
		return r;
	*ret = malloc(size);
	if (!*ret)
		return snp_fail(err, SNP_E_NO_MEMORY, SNP_NO_OFFSET, "out of memory");
	r = snp_base64_decode(text, key, *ret, size, &inner);
	return r < 0 ? snp_json_fail(value, err, inner.code, "%s", inner.message) : 0;
}
