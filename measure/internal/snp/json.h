/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_JSON_H
#define SNP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/cleanup.h>
#include <snp/error.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/span.h>

/*
 * The strict JSON reader. It accepts RFC 8259, limited to what has one meaning: UTF-8 without a byte order
 * mark, no NUL (also not as \u0000), no half surrogate pairs, no key twice in an object (also not in
 * another case), no bytes after the document, whole numbers of at most 2^53 in digits alone, at most
 * SNP_JSON_DEPTH levels and SNP_JSON_VALUES values. Other control characters can stand in a string by an
 * escape sequence; the caller decides about them.
 *
 * cJSON builds the tree; a scanner before it refuses the rest and keeps where each value stands, so
 * that every complaint has a JSON pointer, a line and a column.
 *
 * Values are borrowed from their document. A function that fails names the file, the pointer and the
 * place in `err`.
 */
#define SNP_JSON_DEPTH	32
#define SNP_JSON_VALUES (1u << 20)

struct json;	   /* a document */
struct json_value; /* a value in it */

/* True if `text` begins as an object does. */
bool json_is_text(struct snp_span text);

/* Parse `text`; `name` (a path, or "-") is what errors call the document.
 * Errors: SNP_E_JSON_SYNTAX, SNP_E_JSON_ENCODING, SNP_E_JSON_DUPLICATE_KEY, SNP_E_JSON_VALUE (a number
 * that is not whole, or over 2^53), SNP_E_TOO_LARGE (bytes over SNP_MAX_DOCUMENT, levels, values),
 * SNP_E_NO_MEMORY. */
SNP_MUST_USE int json_parse(const char *name, struct snp_span text, struct json **ret,
			    struct snp_error *err);

/* As above for the file `path` of at most `cap` bytes. Errors: also those of file_read(). */
SNP_MUST_USE int json_read(const char *path, uint64_t cap, struct json **ret,
			   struct snp_error *err);

void json_free(struct json *document);
DEFINE_CLEANUP(struct json *, json_free);

/* The text that was parsed, as it was. */
struct snp_span json_source(const struct json *document);
const struct json_value *json_root(const struct json *document);

/* The text of `document` with assignments KEY=VALUE made one after the other, for free(). A KEY is names and indices
 * with dots between them ("\." is a dot in a name), what is absent is made; a VALUE is JSON, or else a text.
 * Whether the result is what it must be, its reader says. Errors: SNP_E_USAGE, SNP_E_NO_MEMORY. */
SNP_MUST_USE int json_set(const struct json *document, const char *const assignments[], size_t n,
			  char **ret, struct snp_error *err);

/* Refuse `value`: fills `err` with its file, pointer, line and column and the message. Returns
 * -code. */
int json_fail(const struct json_value *value, struct snp_error *err, enum snp_code code,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
#define json_fail(...) known_negative(json_fail(__VA_ARGS__))

/* Place a failure that a deeper layer explained at `value`: file, pointer, line and column; its code and
 * message stay. A failure that names a file already is about that file and left as it is. Returns
 * `status`. */
int json_in(struct snp_error *err, int status, const struct json_value *value);

/* Copy a string into `ret`, an array of `size` bytes. Errors: SNP_E_JSON_TYPE; SNP_E_JSON_VALUE where it
 * is longer. */
SNP_MUST_USE int json_text(const struct json_value *value, char *ret, size_t size,
			   struct snp_error *err);

/* `value` must be an object with no other keys than `keys` (ended by NULL); the message for an unknown
 * key names the nearest known one. Errors: SNP_E_JSON_TYPE, SNP_E_JSON_UNKNOWN_KEY. */
SNP_MUST_USE int json_object(const struct json_value *value, const char *const keys[],
			     struct snp_error *err);

/* The value of `key` in an object; NULL if it has none. */
const struct json_value *json_get(const struct json_value *object, const char *key);

/* From now on, what `object` lacks is what `defaults` has, another object of `document` but the root: for json_get(),
 * json_need() and fields_read(). */
void json_inherit(struct json *document, const struct json_value *object,
		  const struct json_value *defaults);

/* As json_get(). Errors: SNP_E_JSON_MISSING_KEY. */
SNP_MUST_USE int json_need(const struct json_value *object, const char *key,
			   const struct json_value **ret, struct snp_error *err);

/* `value` must be an array of `min` to `max` members. Errors: SNP_E_JSON_TYPE, SNP_E_JSON_VALUE. */
SNP_MUST_USE int json_array(const struct json_value *value, size_t min, size_t max,
			    size_t *ret_size, struct snp_error *err);

/* First member of an array or object, and the next after `value`; NULL past the last. */
const struct json_value *json_first(const struct json_value *value);
const struct json_value *json_next(const struct json_value *value);

/* The key of a member of an object, unescaped; NULL for members of arrays and the root. */
const char *json_key(const struct json_value *value);

/* Scalars. Errors: SNP_E_JSON_TYPE, SNP_E_JSON_VALUE with the range allowed. */
SNP_MUST_USE int json_string(const struct json_value *value, const char **ret,
			     struct snp_error *err);
SNP_MUST_USE int json_bool(const struct json_value *value, bool *ret, struct snp_error *err);
SNP_MUST_USE int json_integer(const struct json_value *value, uint64_t min, uint64_t max,
			      uint64_t *ret, struct snp_error *err);

/* A string "0x…" of at most 16 hex digits. Errors: also SNP_E_JSON_VALUE. */
SNP_MUST_USE int json_hex_u64(const struct json_value *value, uint64_t *ret, struct snp_error *err);

/* A string of exactly 2 * size hex digits without "0x". */
SNP_MUST_USE int json_hex(const struct json_value *value, uint8_t *ret, size_t size,
			  struct snp_error *err);

/* A string that is one of `names` (ended by NULL); `ret` is its index. */
SNP_MUST_USE int json_choice(const struct json_value *value, const char *const names[],
			     unsigned int *ret, struct snp_error *err);

/* The root must be an object whose "schema" is `schema` ("snp-launch/1"); another name or version is
 * SNP_E_JSON_SCHEMA. */
SNP_MUST_USE int json_schema(const struct json *document, const char *schema,
			     struct snp_error *err);

/* True if the value is a string, object, array. */
bool json_is_string(const struct json_value *value);
bool json_is_object(const struct json_value *value);
bool json_is_array(const struct json_value *value);

#endif
