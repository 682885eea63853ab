// SPDX-License-Identifier: Apache-2.0
#include <snp/fail.h>
#include <snp/json_out.h>

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>

void json_out_init(struct json_out *out, const char *schema)
{
	*out = (struct json_out){.root = cJSON_CreateObject()};
	out->failed = !out->root;
	if (schema)
		json_out_string(out, out->root, "schema", schema);
}

void json_out_done(struct json_out *out)
{
	cJSON_Delete(out->root);
	out->root = NULL;
}

/* Takes `item`, which may be NULL. */
static cJSON *add(struct json_out *out, cJSON *parent, const char *key, cJSON *item)
{
	if (item && parent &&
	    (key ? cJSON_AddItemToObject(parent, key, item) : cJSON_AddItemToArray(parent, item)))
		return item;
	cJSON_Delete(item);
	out->failed = true;
	return NULL;
}

cJSON *json_out_object(struct json_out *out, cJSON *parent, const char *key)
{
	return add(out, parent, key, cJSON_CreateObject());
}

cJSON *json_out_array(struct json_out *out, cJSON *parent, const char *key)
{
	return add(out, parent, key, cJSON_CreateArray());
}

void json_out_again(struct json_out *out, cJSON *parent, const char *key, cJSON *item)
{
	if (!item || !parent || !cJSON_AddItemReferenceToObject(parent, key, item))
		out->failed = true;
}

void json_out_string(struct json_out *out, cJSON *parent, const char *key, const char *value)
{
	add(out, parent, key, cJSON_CreateString(value));
}

bool json_out_parsed(struct json_out *out, cJSON *parent, const char *key, const char *text)
{
	cJSON *item = cJSON_ParseWithOpts(text, NULL, true);

	return item && add(out, parent, key, item);
}

void json_out_text(struct json_out *out, struct cJSON *parent, const char *key, const char *text)
{
	size_t size = 4 * strlen(text) + 1; /* every byte as \xNN */
	_cleanup_(freep) char *escaped = size > UINT32_MAX ? NULL : malloc(size);

	if (!escaped) {
		out->failed = true;
		return;
	}
	escape_text(text, escaped, (unsigned int)size);
	json_out_string(out, parent, key, escaped);
}

void json_out_bool(struct json_out *out, cJSON *parent, const char *key, bool value)
{
	add(out, parent, key, cJSON_CreateBool(value));
}

void json_out_integer(struct json_out *out, cJSON *parent, const char *key, uint64_t value)
{
	char text[21];

	/* cJSON would print 2^53 as 9.00719925474099e+15. */
	snprintf(text, sizeof(text), "%" PRIu64, value);
	add(out, parent, key, value > 1ull << 53 ? NULL : cJSON_CreateRaw(text));
}

void json_out_u64(struct json_out *out, cJSON *parent, const char *key, uint64_t value)
{
	char text[19];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_out_string(out, parent, key, text);
}

void json_out_hex(struct json_out *out, cJSON *parent, const char *key, const uint8_t *data,
		  size_t size)
{
	_cleanup_(freep) char *text = malloc(2 * size + 1);

	if (text)
		hex_encode(data, size, text);
	add(out, parent, key, text ? cJSON_CreateString(text) : NULL);
}

void json_out_base64(struct json_out *out, cJSON *parent, const char *key, const uint8_t *data,
		     size_t size)
{
	_cleanup_(freep) char *text = base64_encode(data, size);

	add(out, parent, key, text ? cJSON_CreateString(text) : NULL);
}

int json_out_print_compact(const struct json_out *out, char **ret, struct snp_error *err)
{
	char *text = out->failed ? NULL : cJSON_PrintUnformatted(out->root);

	if (!text)
		return out_of_memory(err);
	*ret = text;
	return 0;
}

/* cJSON indents by tabs and puts one after each colon. Neither can stand inside its strings, where it
 * writes \t: two blanks replace a tab at a line's start, one any other. */
int json_out_print(const struct json_out *out, char **ret, struct snp_error *err)
{
	_cleanup_(freep) char *text = out->failed ? NULL : cJSON_Print(out->root);
	bool indent = true;
	char *wide, *at;

	if (!text || !(wide = at = malloc(2 * strlen(text) + 2)))
		return out_of_memory(err);
	for (const char *s = text;;) {
		const size_t n = strcspn(s, "\t");

		at = mempcpy(at, s, n);
		indent = n == 0 ? indent : s[n - 1] == '\n';
		if (s[n] == '\0')
			break;
		at = mempcpy(at, "  ", indent ? 2 : 1);
		s += n + 1;
	}
	*at++ = '\n';
	*at = '\0';
	*ret = wide;
	return 0;
}
