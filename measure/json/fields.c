// SPDX-License-Identifier: Apache-2.0
#include <snp/fields.h>

#include <stdlib.h>
#include <string.h>

#include <snp/fail.h>

static int check_keys(const struct json_value *object, const struct field fields[],
		      struct snp_error *err)
{
	const char *keys[FIELDS_MAX + 1];
	size_t n = 0;

	for (; fields[n].key && n < FIELDS_MAX; n++)
		keys[n] = fields[n].key;
	if (fields[n].rule && json_is_object(object)) /* OTHER_KEYS */
		return 0;
	keys[n] = NULL;
	return json_object(object, keys, err);
}

static int read_field(const struct json_value *object, const struct field *field, char *at,
		      struct snp_error *err)
{
	const struct json_value *value = json_get(object, field->key);
	int r;

	if (!value)
		return field->required ? json_need(object, field->key, &value, err) : 0;
	r = field->read(value, field, at + field->offset, err);
	if (r == 0 && field->has)
		*(bool *)(at + field->has - 1) = true;
	return r;
}

int fields_read(const struct json_value *object, const struct field fields[], void *at,
		struct snp_error *err)
{
	const struct field *field = fields;
	int r = 0;

	if (json_is_object(object) && field->read == field_schema)
		r = read_field(object, field++, at, err);
	if (r == 0)
		r = check_keys(object, fields, err);
	for (; r == 0 && field->key; field++)
		r = read_field(object, field, at, err);
	return r;
}

int field_object(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	int r = fields_read(value, field->fields, at, err);

	return r == 0 && field->check ? field->check(value, at, err) : r;
}

int field_array(const struct json_value *value, const struct field *field, void *at,
		struct snp_error *err)
{
	size_t *n_members = (size_t *)((char *)at - field->offset + field->n_offset), n;
	const struct json_value *member;
	char *place;
	int r = json_array(value, field->min, field->max, &n, err);

	if (r < 0)
		return r;
	place = calloc(n ? n : 1, field->size);
	if (!place)
		return out_of_memory(err);
	memcpy(at, &place, sizeof(place)); /* a pointer to any struct */
	/* Counted before it is filled, so that a half-filled one is freed too. */
	for (member = json_first(value); member; member = json_next(member), place += field->size) {
		++*n_members;
		r = field_object(member, field, place, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int field_string(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	(void)field;
	return json_string(value, at, err);
}

int field_copy(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	char **ret = at, *copy;
	const char *text;
	int r = json_string(value, &text, err);

	(void)field;
	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return out_of_memory(err);
	free(*ret); /* a default */
	*ret = copy;
	return 0;
}

int field_chars(const struct json_value *value, const struct field *field, void *at,
		struct snp_error *err)
{
	return json_text(value, at, field->size, err);
}

int field_bool(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	(void)field;
	return json_bool(value, at, err);
}

int field_u64(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err)
{
	return json_integer(value, field->min, field->max ? field->max : 1ull << 53, at, err);
}

int field_u32(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err)
{
	uint32_t *ret = at;
	uint64_t v;
	int r = json_integer(value, field->min, field->max ? field->max : UINT32_MAX, &v, err);

	if (r < 0)
		return r;
	*ret = (uint32_t)v;
	return 0;
}

int field_hex_u64(const struct json_value *value, const struct field *field, void *at,
		  struct snp_error *err)
{
	(void)field;
	return json_hex_u64(value, at, err);
}

int field_hex_u32(const struct json_value *value, const struct field *field, void *at,
		  struct snp_error *err)
{
	uint32_t *ret = at;
	uint64_t v;
	int r = json_hex_u64(value, &v, err);

	(void)field;
	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return json_fail(value, err, SNP_E_JSON_VALUE, "is over 0x%x", UINT32_MAX);
	*ret = (uint32_t)v;
	return 0;
}

int field_hex(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err)
{
	return json_hex(value, at, field->size, err);
}

int field_choice(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	unsigned int *ret = at, i;
	int r = json_choice(value, field->rule, &i, err);

	if (r < 0)
		return r;
	*ret = (unsigned int)field->min + i;
	return 0;
}

int field_skip(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err)
{
	(void)value;
	(void)field;
	(void)at;
	(void)err;
	return 0;
}

static bool is_schema(const char *found, const char *name, uint64_t first)
{
	const size_t last = strlen(name) - 1;

	if (first == 0)
		return strcmp(found, name) == 0;
	return strlen(found) == last + 1 && strncmp(found, name, last) == 0 &&
	       found[last] <= name[last] && found[last] >= (char)('0' + first);
}

int field_schema(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err)
{
	const char *found;
	int r = json_string(value, &found, err);

	(void)at;
	if (r == 0 && !is_schema(found, field->rule, field->min))
		r = json_fail(value, err, SNP_E_JSON_SCHEMA, "schema is \"%s\"; must be \"%s\"",
			      found, (const char *)field->rule);
	return r;
}

int json_schema(const struct json *document, const char *schema, struct snp_error *err)
{
	const struct field fields[] = {SCHEMA(schema), OTHER_KEYS};
	char nothing;

	return fields_read(json_root(document), fields, &nothing, err);
}
