/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_FIELDS_H
#define LAUNCHER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/json.h>

/*
 * A JSON object as a table: which keys it has, who reads each, and where in a struct the value goes.
 * A key that is absent leaves its place as it was, so that defaults are set before.
 */
struct field {
	const char *key;
	int (*read)(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err);
	size_t offset;
	bool required;
	const void *
		rule; /* for field_text: a struct text_rule; for field_choice: names, ended by NULL */
	uint64_t min, max; /* for field_u32: the range; for field_hex: max is the size in bytes */
};

/* Rows: a value for one member of `struct type`, and a reader that gets the whole struct. */
#define FIELD(name, reader, type, member, ...)                                                    \
	{                                                                                         \
		.key = name, .read = reader, .offset = offsetof(struct type, member), __VA_ARGS__ \
	}
#define SECTION(name, reader, ...)                       \
	{                                                \
		.key = name, .read = reader, __VA_ARGS__ \
	}

#define FIELDS_MAX 32

/* Read `object` by `fields` (ended by a row without key) into the struct at `at`. Unknown keys are
 * refused. Errors: SNP_E_JSON_TYPE, SNP_E_JSON_UNKNOWN_KEY, SNP_E_JSON_MISSING_KEY, the readers'. */
SNP_MUST_USE int fields_read(const struct json_value *object, const struct field fields[], void *at,
			     struct snp_error *err);

/* Readers of scalars; `at` is the place itself. Of text: a char * for free(). */
int field_text(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err);
int field_bool(const struct json_value *value, const struct field *field, void *at,
	       struct snp_error *err);
int field_u32(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err);
int field_choice(const struct json_value *value, const struct field *field, void *at,
		 struct snp_error *err); /* an enum, counted as the names */
int field_hex(const struct json_value *value, const struct field *field, void *at,
	      struct snp_error *err);

#endif
