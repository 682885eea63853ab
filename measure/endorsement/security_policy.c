// SPDX-License-Identifier: Apache-2.0
#include "endorsement/security_policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/sha.h>

void security_policy_done(struct security_policy *policy)
{
	free(policy->text);
}

static bool is_text(const struct security_policy *policy)
{
	for (size_t at = 0; at < policy->size;) {
		unsigned int n = utf8_length(policy->text + at);

		if (n == 0 || policy->text[at] == '\0')
			return false;
		at += n;
	}
	return true;
}

/* Past blank lines and comments. */
static const char *first_word(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text != '#')
			return text;
		text += strcspn(text, "\n");
	}
}

static bool begins_with_package(const char *text)
{
	static const char word[] = "package";
	const char *first = first_word(text);

	return strncmp(first, word, sizeof(word) - 1) == 0 &&
	       isspace((unsigned char)first[sizeof(word) - 1]);
}

int security_policy_take(struct snp_span bytes, struct security_policy *ret, struct snp_error *err)
{
	_cleanup_(security_policy_done) struct security_policy policy = {0};
	bool is_hex;
	int r = 0;

	if (text_is_encoded(bytes)) {
		r = text_decode(bytes, "the security policy", &is_hex, &policy.text, &policy.size,
				err);
	} else {
		policy.size = bytes.size;
		policy.text = malloc(bytes.size + 1);
		if (!policy.text)
			return out_of_memory(err);
		if (bytes.size > 0)
			memcpy(policy.text, bytes.data, bytes.size);
		policy.text[bytes.size] = '\0';
	}
	if (r < 0)
		return r;
	if (!is_text(&policy) || !begins_with_package((const char *)policy.text))
		return fail_with(
			err, SNP_E_SECURITY_POLICY, SNP_NO_OFFSET,
			"not a security policy: must be a Rego module, which begins with its "
			"package, or base64 of it");
	r = sha256_of((struct snp_span){policy.text, policy.size}, policy.sha256, err);
	if (r < 0)
		return r;
	*ret = policy;
	policy.text = NULL;
	return 0;
}

int security_policy_read(const char *path, struct security_policy *ret, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	size_t size;
	int r = file_read(path, SNP_MAX_CONFIG, &bytes, &size, err);

	if (r == 0)
		r = security_policy_take((struct snp_span){bytes, size}, ret, err);
	return in_file(err, r, path);
}

/* The first character after the rule's `:=`, or NULL; only a rule that begins a line counts. */
static const char *find_rule(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n) {
		const char *after = at + n;

		if (at != text && at[-1] != '\n')
			continue;
		after += strspn(after, " \t");
		if (strncmp(after, ":=", 2) == 0)
			return after + 2 + strspn(after + 2, " \t\r\n");
	}
	return NULL;
}

/* How many bytes the array that begins here has, to the bracket that closes it; 0 if none does. */
static size_t array_size(const char *text)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = 0; text[i]; i++) {
		if (quoted) {
			if (text[i] == '\\' && text[i + 1])
				i++;
			else if (text[i] == '"')
				quoted = false;
			continue;
		}
		if (text[i] == '"')
			quoted = true;
		else if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && --depth == 0)
			return i + 1;
	}
	return 0;
}

int security_policy_rule(const struct security_policy *policy, const char *name, struct json **ret,
			 struct snp_error *err)
{
	const char *text = (const char *)policy->text, *rule = find_rule(text, name);
	size_t n = rule && *rule == '[' ? array_size(rule) : 0;
	int r;

	*ret = NULL;
	if (n == 0 || find_rule(rule, name))
		return 0;
	r = json_parse(name, (struct snp_span){(const uint8_t *)rule, n}, ret, NULL);
	return r == -SNP_E_NO_MEMORY ? out_of_memory(err) : 0;
}
