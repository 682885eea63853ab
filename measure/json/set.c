// SPDX-License-Identifier: Apache-2.0
/* Changing a document before it is read: KEY=VALUE of a command line. */
#include <string.h>

#include <cjson/cJSON.h>

#include <snp/cleanup.h>
#include <snp/json.h>
#include <snp/memory.h>

DEFINE_CLEANUP(cJSON *, cJSON_Delete);

/* The next part of a key, up to a dot; "\." is a dot in it. `*key` moves past it. */
static char *take_part(const char **key)
{
	char *part = malloc(strlen(*key) + 1), *to = part;
	const char *from = *key;

	if (!part)
		return NULL;
	for (; *from && *from != '.'; from++) {
		if (from[0] == '\\' && from[1] == '.')
			from++;
		*to++ = *from;
	}
	*to = '\0';
	*key = *from == '.' ? from + 1 : NULL;
	return part;
}

static bool is_index(const char *part, int *ret)
{
	size_t n = strspn(part, "0123456789");

	*ret = n < 8 ? atoi(part) : INT32_MAX;
	return n > 0 && part[n] == '\0';
}

/* JSON if it is JSON, else a text. */
static cJSON *read_value(const char *text)
{
	cJSON *value = cJSON_ParseWithOpts(text, NULL, true);

	return value ? value : cJSON_CreateString(text);
}

/* Put `value`, which is taken over, into an object or array under `part`. */
static bool put(cJSON *parent, const char *part, cJSON *value)
{
	int index;

	if (!cJSON_IsArray(parent))
		return cJSON_GetObjectItemCaseSensitive(parent, part)
			       ? cJSON_ReplaceItemInObjectCaseSensitive(parent, part, value)
			       : cJSON_AddItemToObject(parent, part, value);
	is_index(part, &index);
	return index < cJSON_GetArraySize(parent) ? cJSON_ReplaceItemInArray(parent, index, value)
						  : cJSON_AddItemToArray(parent, value);
}

static cJSON *find(const cJSON *parent, const char *part)
{
	int index;

	if (!cJSON_IsArray(parent))
		return cJSON_GetObjectItemCaseSensitive(parent, part);
	return is_index(part, &index) ? cJSON_GetArrayItem(parent, index) : NULL;
}

static int refuse(struct snp_error *err, const char *assignment, const char *why)
{
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "--set %.200s: %s", assignment, why);
}

/* Whether `part` can be in `parent`: arrays have indices, and grow by one at most. */
static bool is_place(const cJSON *parent, const char *part)
{
	int index;

	if (cJSON_IsArray(parent))
		return is_index(part, &index) && index <= cJSON_GetArraySize(parent);
	return cJSON_IsObject(parent) && part[0];
}

static int assign(cJSON *root, const char *assignment, struct snp_error *err)
{
	const char *equals = strchr(assignment, '=');
	_cleanup_(freep) char *key = NULL;
	const char *at;
	cJSON *parent = root;

	if (!equals || equals == assignment)
		return refuse(err, assignment, "must be KEY=VALUE, such as memory.size=4GiB");
	key = strndup(assignment, (size_t)(equals - assignment));
	if (!key)
		return out_of_memory(err);
	at = key;
	while (at) {
		_cleanup_(freep) char *part = take_part(&at);
		cJSON *inner;

		if (!part)
			return out_of_memory(err);
		if (!is_place(parent, part))
			return refuse(err, assignment, "there is no such place in the document");
		inner = at ? find(parent, part) : NULL;
		if (!inner) {
			inner = at ? cJSON_CreateObject() : read_value(equals + 1);
			if (!inner || !put(parent, part, inner)) {
				cJSON_Delete(inner);
				return out_of_memory(err);
			}
		}
		parent = inner;
	}
	return 0;
}

int json_set(const struct json *document, const char *const assignments[], size_t n, char **ret,
	     struct snp_error *err)
{
	const struct snp_span text = json_source(document);
	_cleanup_(cJSON_Deletep) cJSON *root =
		cJSON_ParseWithLength((const char *)text.data, text.size);
	char *printed;
	int r = root ? 0 : out_of_memory(err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = assign(root, assignments[i], err);
	if (r < 0)
		return r;
	printed = cJSON_Print(root);
	if (!printed)
		return out_of_memory(err);
	*ret = printed;
	return 0;
}
