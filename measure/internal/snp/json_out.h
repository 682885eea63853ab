/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNP_JSON_OUT_H
#define SNP_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snp/api.h>
#include <snp/error.h>

/*
 * Building JSON documents, in the forms that all of this project's documents use: bytes as lower-case hex,
 * 64-bit words as "0x…", members in the order in which they were added. Checking each addition would bury
 * the code; instead a document remembers that one failed, and printing it then fails.
 */
struct cJSON;

struct json_out {
	struct cJSON *root; /* the document's object */
	bool failed;
};

/* An empty object as root; if `schema` is not NULL, with that as its member "schema". */
void json_out_init(struct json_out *out, const char *schema);
void json_out_done(struct json_out *out);

/* Add a member `key` to the object `parent`, or, with `key` NULL, an item to the array `parent`. The
 * first two return the new container for further additions (NULL after a failure, which is taken as
 * `parent` without harm). Strings must be UTF-8. */
struct cJSON *json_out_object(struct json_out *out, struct cJSON *parent, const char *key);
struct cJSON *json_out_array(struct json_out *out, struct cJSON *parent, const char *key);
/* Add what stands elsewhere in the same document once more, without copying it. */
void json_out_again(struct json_out *out, struct cJSON *parent, const char *key,
		    struct cJSON *item);
void json_out_string(struct json_out *out, struct cJSON *parent, const char *key,
		     const char *value);
/* The same for a text that may not be UTF-8, such as a path; it is escaped like messages. */
void json_out_text(struct json_out *out, struct cJSON *parent, const char *key, const char *text);
void json_out_bool(struct json_out *out, struct cJSON *parent, const char *key, bool value);
void json_out_integer(struct json_out *out, struct cJSON *parent, const char *key,
		      uint64_t value); /* at most 2^53: more is a failure */
void json_out_u64(struct json_out *out, struct cJSON *parent, const char *key,
		  uint64_t value); /* "0x…", without leading zeros */
void json_out_hex(struct json_out *out, struct cJSON *parent, const char *key, const uint8_t *data,
		  size_t size);
/* A JSON document, as the value. False, and nothing is added, where `text` is none. */
bool json_out_parsed(struct json_out *out, struct cJSON *parent, const char *key, const char *text);
void json_out_base64(struct json_out *out, struct cJSON *parent, const char *key,
		     const uint8_t *data, size_t size);

/* The document as text for people and programs: two blanks a level, a line end after the last line;
 * for free(). Errors: SNP_E_NO_MEMORY, also when an addition failed. */
SNP_MUST_USE int json_out_print(const struct json_out *out, char **ret, struct snp_error *err);

/* The same without any white space, for documents that go into others. */
SNP_MUST_USE int json_out_print_compact(const struct json_out *out, char **ret,
					struct snp_error *err);

#endif
