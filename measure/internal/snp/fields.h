/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_FIELDS_H
#define SNP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/error.h>
#include <snp/json.h>

/*
 * A JSON object as a table: one row per key names the reader of its value, and the member of a struct for
 * the result. An absent key leaves the member as it was, so set defaults before.
 *
 *	static const struct field fields[] = {
 *		SCHEMA("snp-disk/1"),
 *		FIELD("path", field_copy, disk, path, .required = true),
 *		FIELD("sha256", field_hex, disk, sha256, .has = HAS(disk, has_sha256)),
 *		FIELD_ARRAY("parts", part_fields, disk, parts, n_parts, .max = 26),
 *		{0},
 *	};
 */
struct field {
	const char *key;
	int (*read)(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err);
	size_t offset;
	bool required;
	const void *rule;  /* what this row's reader asks for; see there */
	uint64_t min, max; /* of a number, or of the members of an array */
	/* Of an object, or of each member of an array; `check` comes after them. */
	const struct field *fields;
	int (*check)(const struct json_value *value, void *at, struct snp_error *err);
	size_t size;	 /* of the place in bytes; for arrays: of one member */
	size_t n_offset; /* where the number of members goes (a size_t) */
	size_t has;	 /* HAS(): a bool that becomes true with this key */
};

/* clang-format off */
/* A value for one member of `struct type`. */
#define FIELD(name, reader, type, member, ...)                                        \
	{                                                                             \
		.key = name, .read = reader, .offset = offsetof(struct type, member), \
		.size = sizeof(((struct type *)0)->member), __VA_ARGS__               \
	}
/* A reader that gets the whole struct. */
#define SECTION(name, reader, ...)                       \
	{                                                \
		.key = name, .read = reader, __VA_ARGS__ \
	}
/* An object whose table is about the same struct. */
#define FIELD_OBJECT(name, table, ...) SECTION(name, field_object, .fields = table, __VA_ARGS__)
/* An array of min to max objects: `member` points to them, `n_member` counts them. */
#define FIELD_ARRAY(name, table, type, member, n_member, ...)            \
	{                                                                \
		.key = name, .read = field_array, .fields = table,       \
		.offset = offsetof(struct type, member),                 \
		.n_offset = offsetof(struct type, n_member),             \
		.size = sizeof(*((struct type *)0)->member), __VA_ARGS__ \
	}
#define HAS(type, member) (offsetof(struct type, member) + 1)

/* The first row of a document. It is looked at before unknown keys are refused: a later version has
 * others. */
#define SCHEMA(name)                                                                  \
	{                                                                             \
		.key = "schema", .read = field_schema, .required = true, .rule = name \
	}
/* The same for a document whose earlier versions, from number `first` on, are read too. Both have one
 * digit. */
#define SCHEMA_SINCE(name, first)                                                      \
	{                                                                              \
		.key = "schema", .read = field_schema, .required = true, .rule = name, \
		.min = first                                                           \
	}
/* The last row, {0}, refuses other keys; this one ignores them. */
#define OTHER_KEYS         \
	{                  \
		.rule = "" \
	}
/* clang-format on */

#define FIELDS_MAX 48

/* Read `object` by `fields` into the struct at `at`. Errors: SNP_E_JSON_TYPE, SNP_E_JSON_UNKNOWN_KEY,
 * SNP_E_JSON_MISSING_KEY, SNP_E_JSON_SCHEMA, the readers'. */
SNP_MUST_USE int fields_read(const struct json_value *object, const struct field fields[], void *at,
			     struct snp_error *err);

/* The reader of a row; `at` is the place itself, or the whole struct. */
typedef int field_reader(const struct json_value *value, const struct field *field, void *at,
			 struct snp_error *err);

field_reader field_string;  /* a string, into a const char * that the document keeps */
field_reader field_copy;    /* a string, into a char * for free() */
field_reader field_chars;   /* a string, into an array of char that must hold it */
field_reader field_bool;    /* into a bool */
field_reader field_u32;	    /* a number of min to max (0: what 32 bits hold), into a uint32_t */
field_reader field_u64;	    /* a number of min to max (0: 2^53), into a uint64_t */
field_reader field_hex_u32; /* "0x…", into a uint32_t */
field_reader field_hex_u64; /* "0x…", into a uint64_t */
field_reader field_hex;	    /* hex digits, into an array of bytes that they fill */
/* `rule` is the names, ended by NULL; into an enum that counts them from `min` on */
field_reader field_choice;
field_reader field_object; /* an object by the table `fields` */
field_reader field_array;  /* an array of objects, allocated for free(); see FIELD_ARRAY() */
field_reader field_skip;   /* any value: the caller of fields_read() looks at it */
field_reader field_schema;

#endif
