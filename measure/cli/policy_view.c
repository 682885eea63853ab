// SPDX-License-Identifier: Apache-2.0
/* What a security policy of Azure's container groups says, rule by rule; not what it amounts to. */
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/tool.h>

#include "endorsement/security_policy.h"
#include "show_other.h"

#define RULES_MAX 2

/* The strings of an array, each by `print`. */
static void each_string(const struct json_value *array, void *arg,
			void (*print)(void *arg, const char *text))
{
	const char *text;

	for (const struct json_value *v = array && json_is_array(array) ? json_first(array) : NULL;
	     v; v = json_next(v))
		if (json_is_string(v) && json_string(v, &text, NULL) == 0)
			print(arg, text);
}

static const char *string_of(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);
	const char *text = NULL;

	return value && json_is_string(value) && json_string(value, &text, NULL) == 0 ? text : NULL;
}

static void print_line(FILE *out, const char *name, const char *text)
{
	char escaped[1024];

	escape_text(text, escaped, sizeof(escaped));
	fprintf(out, "%-18s  %s\n", name, escaped);
}

static void print_layer(void *arg, const char *text)
{
	print_line(arg, "  layer", text);
}

static void add_to_line(void *arg, const char *text)
{
	char escaped[1024];

	escape_text(text, escaped, sizeof(escaped));
	fprintf(arg, " \"%s\"", escaped);
}

static void print_container(const struct json_value *container, FILE *out)
{
	const char *name = string_of(container, "name"), *id = string_of(container, "id");

	print_line(out, "policy container", name ? name : id ? id : "unnamed");
	if (id)
		print_line(out, "  id", id);
	fprintf(out, "%-18s ", "  command");
	each_string(json_get(container, "command"), out, add_to_line);
	fputc('\n', out);
	each_string(json_get(container, "layers"), out, print_layer);
}

static void print_fragment(const struct json_value *fragment, FILE *out)
{
	const char *issuer = string_of(fragment, "issuer"), *feed = string_of(fragment, "feed");
	const char *svn = string_of(fragment, "minimum_svn");

	print_line(out, "policy fragment", feed ? feed : "unnamed");
	if (issuer)
		print_line(out, "  issuer", issuer);
	if (svn)
		print_line(out, "  minimum_svn", svn);
}

struct string_array {
	struct json_out *json;
	struct cJSON *array;
};

static void add_string(void *arg, const char *text)
{
	struct string_array *to = arg;

	json_out_string(to->json, to->array, NULL, text);
}

/* The members of an object that are strings or arrays of strings, of those that are worth a look. */
static void add_object(struct json_out *json, struct cJSON *array, const struct json_value *from)
{
	static const char *const keys[] = {"name",   "id",   "command",	   "layers",
					   "issuer", "feed", "minimum_svn"};
	struct cJSON *object = json_out_object(json, array, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct json_value *value = json_get(from, keys[i]);
		struct string_array to = {.json = json};
		const char *text = string_of(from, keys[i]);

		if (text)
			json_out_string(json, object, keys[i], text);
		if (!value || !json_is_array(value))
			continue;
		to.array = json_out_array(json, object, keys[i]);
		each_string(value, &to, add_string);
	}
}

static const struct {
	const char *rule;
	void (*print)(const struct json_value *value, FILE *out);
} rules[RULES_MAX] = {{"containers", print_container}, {"fragments", print_fragment}};

static void show_rule(const struct json *document, size_t rule, struct json_out *json, FILE *out)
{
	struct cJSON *array;
	const struct json_value *v;

	if (!document) {
		if (!cli_json)
			fprintf(out, "%-18s  not in the form that az confcom writes\n",
				rules[rule].rule);
		return;
	}
	array = cli_json ? json_out_array(json, json->root, rules[rule].rule) : NULL;
	for (v = json_first(json_root(document)); v; v = json_next(v)) {
		if (cli_json)
			add_object(json, array, v);
		else
			rules[rule].print(v, out);
	}
}

int show_security_policy(struct snp_span bytes, const char *encoding, bool base64, FILE *out,
			 struct snp_error *err)
{
	_cleanup_(security_policy_done) struct security_policy policy = {0};
	_cleanup_(json_out_done) struct json_out json = {0};
	char hex[2 * SNP_SHA256_SIZE + 1];
	int r = security_policy_take(bytes, &policy, err);

	if (r < 0)
		return r;
	hex_encode(policy.sha256, sizeof(policy.sha256), hex);
	if (cli_json) {
		cli_json_begin(&json, "snp-show/1");
		json_out_string(&json, json.root, "container", "security policy");
		json_out_bool(&json, json.root, "base64", base64);
		json_out_integer(&json, json.root, "size", policy.size);
		json_out_string(&json, json.root, "host_data", hex);
	} else {
		fprintf(out, "%-18s  %ssecurity policy, %zu bytes\n%-18s  %s\n", "container",
			encoding, policy.size, "HOST_DATA", hex);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++) {
		_cleanup_(json_freep) struct json *document = NULL;

		r = security_policy_rule(&policy, rules[i].rule, &document, err);
		if (r == 0)
			show_rule(document, i, &json, out);
	}
	if (r < 0)
		return r;
	if (!cli_json) {
		fprintf(out, "the policy was not checked: read it to see what else it allows\n");
		return 0;
	}
	cli_json_warnings(&json);
	return cli_json_end(&json, out, err);
}
