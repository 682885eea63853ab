// SPDX-License-Identifier: Apache-2.0
#include "config/policy_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>

/* Read 0 to 255 in decimal, without a sign or leading zeros, from `*at` on. */
static bool take_byte(const char **at, uint64_t *ret)
{
	const char *s = *at;
	uint64_t v = 0;

	if (*s < '0' || *s > '9')
		return false;
	if (s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > 255)
			return false;
	}
	*at = s;
	*ret = v;
	return true;
}

bool policy_abi_min(const char *text, uint64_t *ret)
{
	uint64_t major, minor;

	if (!take_byte(&text, &major) || *text++ != '.' || !take_byte(&text, &minor) || *text)
		return false;
	*ret = major << 8 | minor;
	return true;
}

static const struct snp_policy_bit *find_bit(const char *name, size_t length)
{
	for (size_t i = 0; snp_policy_bit(i); i++)
		if (strlen(snp_policy_bit(i)->name) == length &&
		    strncmp(snp_policy_bit(i)->name, name, length) == 0)
			return snp_policy_bit(i);
	return NULL;
}

static int unknown_word(const char *word, struct snp_error *err)
{
	char names[512] = "abi_min=MAJOR.MINOR";

	for (size_t i = 0; snp_policy_bit(i); i++) {
		size_t n = strlen(names);

		snprintf(names + n, sizeof(names) - n, ", %s", snp_policy_bit(i)->name);
	}
	return fail_with(
		err, SNP_E_USAGE, SNP_NO_OFFSET,
		"invalid policy word '%s'; expected %s, each alone or with =true or =false", word,
		names);
}

int policy_from_words(size_t n, const char *const words[], uint64_t *ret, struct snp_error *err)
{
	uint64_t policy = SNP_POLICY_DEFAULT, seen = 0;

	for (size_t i = 0; i < n; i++) {
		size_t length = strcspn(words[i], "=");
		const char *value = words[i][length] ? words[i] + length + 1 : "true";
		const struct snp_policy_bit *bit = find_bit(words[i], length);
		bool is_abi = length == strlen("abi_min") && !strncmp(words[i], "abi_min", length);
		uint64_t mask, set;

		if (is_abi) {
			mask = SNP_POLICY_ABI_MAJOR | SNP_POLICY_ABI_MINOR;
			if (!policy_abi_min(value, &set))
				return fail_with(
					err, SNP_E_USAGE, SNP_NO_OFFSET,
					"invalid abi_min '%s'; must be MAJOR.MINOR, each 0 to 255",
					value);
		} else if (bit) {
			mask = bit->mask;
			if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
				return unknown_word(words[i], err);
			set = strcmp(value, "true") == 0 ? mask : 0;
		} else {
			return unknown_word(words[i], err);
		}
		if (seen & mask)
			return fail_with(err, SNP_E_USAGE, SNP_NO_OFFSET, "'%.*s' is given twice",
					 (int)length, words[i]);
		seen |= mask;
		policy = (policy & ~mask) | set;
	}
	*ret = policy;
	return 0;
}

int policy_to_text(uint64_t policy, char **ret, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct snp_error refused = {0};
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return out_of_memory(err);
	fprintf(f, "%-24s0x%" PRIx64 "\n", "policy", policy);
	fprintf(f, "%-24s%u.%u\n", "abi_min", (unsigned int)(policy >> 8 & 0xff),
		(unsigned int)(policy & 0xff));
	for (size_t i = 0; snp_policy_bit(i); i++) {
		const struct snp_policy_bit *bit = snp_policy_bit(i);

		fprintf(f, "%-24s%-5s  if set: %s\n", bit->name,
			policy & bit->mask ? "true" : "false", bit->meaning);
	}
	if (snp_policy_check(policy, &refused) < 0)
		fprintf(f, "%-24s%s\n", "refused", refused.message);
	if (fclose(f) != 0)
		return out_of_memory(err);
	*ret = TAKE_PTR(text);
	return 0;
}

void policy_to_json(uint64_t policy, struct json_out *out, struct cJSON *parent)
{
	char abi[16];

	snprintf(abi, sizeof(abi), "%u.%u", (unsigned int)(policy >> 8 & 0xff),
		 (unsigned int)(policy & 0xff));
	json_out_u64(out, parent, "policy", policy);
	json_out_bool(out, parent, "valid", snp_policy_check(policy, NULL) == 0);
	json_out_string(out, parent, "abi_min", abi);
	for (size_t i = 0; snp_policy_bit(i); i++)
		json_out_bool(out, parent, snp_policy_bit(i)->name,
			      policy & snp_policy_bit(i)->mask);
}
