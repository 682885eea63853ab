// SPDX-License-Identifier: Apache-2.0
#include "config/fields.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>

#include "config/text_rule.h"

int fields_read(const struct json_value *object, const struct field fields[], void *at,
		struct snp_error *err)
{
	const char *keys[FIELDS_MAX + 1];
	size_t n = 0;
	int r;

	for (; fields[n].key && n < FIELDS_MAX; n++)
		keys[n] = fields[n].key;
	keys[n] = NULL;
	r = json_object(object, keys, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct json_value *value = json_get(object, fields[i].key);

		if (!value && fields[i].required)
			r = json_need(object, fields[i].key, &value, err);
		if (r == 0 && value)
			r = fields[i].read(value, &fields[i], (char *)at + fields[i].offset, err);
	}
	return r;
}

int field_text(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	const struct text_rule *rule = field->rule;
	char **ret = at;
	const char *text;
	char *copy;
	int r;

	r = json_string(value, &text, err);
	if (r < 0)
		return r;
	if (!text_keeps(text, rule))
		return json_fail(value, err, SNP_E_JSON_VALUE, "%s is right%s", rule->wanted,
				 text_is_plain(text, rule->lines)
					 ? ""
					 : ", without characters that do not show");
	copy = strdup(text);
	if (!copy)
		return json_fail(value, err, SNP_E_NO_MEMORY, "out of memory");
	free(*ret); /* a default */
	*ret = copy;
	return 0;
}

int field_bool(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	(void)field;
	return json_bool(value, at, err);
}

int field_u32(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err)
{
	uint32_t *ret = at;
	uint64_t v;
	int r = json_integer(value, field->min, field->max, &v, err);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

int field_choice(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	return json_choice(value, field->rule, at, err);
}

int field_hex(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err)
{
	return json_hex(value, at, field->max, err);
}
