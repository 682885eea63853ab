/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFERENCE_FIELDS_H
#define REFERENCE_FIELDS_H

#include <stdbool.h>

#include <snp/json.h>

/* Members of JSON objects that are kept, by key: copies. Errors: those of json_need_string(). */

/* A string, copied for free(). An optional one that is absent leaves `*ret` as it was. */
SNP_MUST_USE int field_string(const struct json_value *object, const char *key, bool required,
			      char **ret, struct snp_error *err);

/* The same of a name, which becomes part of tables, of file names and of what is said to people: not
 * empty, and without control characters. SNP_E_JSON_VALUE otherwise. */
SNP_MUST_USE int field_name(const struct json_value *object, const char *key, bool required,
			    char **ret, struct snp_error *err);

/* True if such a name could be this. */
bool is_plain_name(const char *text);

/* The same into an array. */
SNP_MUST_USE int field_name_into(const struct json_value *object, const char *key, bool required,
				 char *ret, size_t size, struct snp_error *err);

/* Base64 of exactly `size` bytes, allocated for free(), also when this fails. */
SNP_MUST_USE int field_base64(const struct json_value *object, const char *key, size_t size,
			      uint8_t **ret, struct snp_error *err);

#endif
