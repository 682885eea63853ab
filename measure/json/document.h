/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_DOCUMENT_H
#define JSON_DOCUMENT_H

#include <cjson/cJSON.h>

#include <snp/json.h>

#define NO_VALUE UINT32_MAX

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* A value as the scanner found it, and the node that cJSON made of it. The values of a document stand
 * in one array in the order of the text: a container is followed by its first member. */
struct json_value {
	const struct json *document;
	const cJSON *node; /* NULL until the document is complete */
	enum json_type type;
	uint32_t parent; /* index, NO_VALUE for the root */
	uint32_t
		defaults; /* index of the object that has what this one lacks, or 0: the root is none */
	uint32_t next; /* index of the next member of the same parent, or NO_VALUE */
	uint32_t n_members;
	uint32_t offset;     /* of the first byte of the value's text */
	uint32_t size;	     /* of the value's text */
	uint32_t key_offset; /* of the key's first byte after its quote */
	uint32_t key_size;   /* as written, without quotes */
};

struct json {
	char *name;
	char *text; /* `size` bytes and a NUL */
	uint32_t size;
	cJSON *tree;
	struct json_value *values;
	uint32_t n_values;
};

/* Fill document->values from document->text, which is UTF-8. Accepts exactly the documents that
 * snp/json.h promises to accept, but for keys that stand twice. */
int json_scan(struct json *document, struct snp_error *err);

/* Complete a failure: file, the pointer of value number `index` (NO_VALUE: none), line and column of
 * byte `offset`. Returns `status`. */
int json_place(const struct json *document, uint32_t index, uint32_t offset, struct snp_error *err,
	       int status);

#endif
