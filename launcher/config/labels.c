// SPDX-License-Identifier: Apache-2.0
#include "config/labels.h"

#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

#include "config/text_rule.h"

static int read_label(const struct json_value *member, struct vm_label *ret, struct snp_error *err)
{
	static const struct field label = {.rule = &rule_line};
	int r;

	if (!text_keeps(json_key(member), &rule_label_key))
		return json_fail(member, err, SNP_E_JSON_VALUE, "invalid key; must be %s",
				 rule_label_key.wanted);
	r = field_text(member, &label, &ret->value, err);
	if (r < 0)
		return r;
	ret->key = strdup(json_key(member));
	return ret->key ? 0 : json_fail(member, err, SNP_E_NO_MEMORY, "out of memory");
}

int labels_read(const struct json_value *value, struct vm_label **ret, size_t *ret_n,
		struct snp_error *err)
{
	const struct json_value *member;
	size_t n = 0;
	int r = 0;

	if (!json_is_object(value))
		return json_fail(value, err, SNP_E_JSON_TYPE, "must be an object of strings");
	for (member = json_first(value); member; member = json_next(member))
		n++;
	if (n > LABELS_MAX)
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "more than %d labels; at most %d are allowed", LABELS_MAX,
				 LABELS_MAX);
	*ret = calloc(n ? n : 1, sizeof(**ret));
	if (!*ret)
		return json_fail(value, err, SNP_E_NO_MEMORY, "out of memory");
	for (member = json_first(value); r == 0 && member; member = json_next(member))
		r = read_label(member, &(*ret)[(*ret_n)++], err);
	return r;
}

int labels_copy(const struct vm_label *labels, size_t n, struct vm_label **ret, size_t *ret_n,
		struct snp_error *err)
{
	struct vm_label *copy = calloc(n ? n : 1, sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = (struct vm_label){strdup(labels[i].key), strdup(labels[i].value)};
		if (copy[i].key && copy[i].value)
			continue;
		labels_free(copy, n);
		copy = NULL;
	}
	if (!copy)
		return out_of_memory(err);
	*ret = copy;
	*ret_n = n;
	return 0;
}

void labels_free(struct vm_label *labels, size_t n)
{
	for (size_t i = 0; labels && i < n; i++) {
		free(labels[i].key);
		free(labels[i].value);
	}
	free(labels);
}

void labels_print(struct json_out *json, struct cJSON *object, const struct vm_label *labels,
		  size_t n)
{
	struct cJSON *member;

	if (n == 0)
		return;
	member = json_out_object(json, object, "labels");
	for (size_t i = 0; i < n; i++)
		json_out_text(json, member, labels[i].key, labels[i].value);
}

int label_selector_check(const char *selector, struct snp_error *err)
{
	_cleanup_(freep) char *key = strndup(selector, strcspn(selector, "="));

	if (!key)
		return out_of_memory(err);
	if (text_keeps(key, &rule_label_key))
		return 0;
	return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET,
			 "--label: invalid label '%.80s'; give KEY=VALUE or KEY, where KEY is %s",
			 selector, rule_label_key.wanted);
}

bool label_selected(const struct vm_label *labels, size_t n, const char *selector)
{
	const size_t length = strcspn(selector, "=");

	for (size_t i = 0; i < n; i++)
		if (strncmp(labels[i].key, selector, length) == 0 && !labels[i].key[length])
			return !selector[length] ||
			       strcmp(labels[i].value, selector + length + 1) == 0;
	return false;
}
