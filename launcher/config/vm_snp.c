// SPDX-License-Identifier: Apache-2.0
/* vm.json: the policy, and what the guest is bound to. */
#include <stdlib.h>
#include <string.h>

#include <snp/hex.h>
#include <snp/policy.h>

#include "config/policy_words.h"
#include "config/text_rule.h"
#include "config/vm_config.h"
#include "config/vm_config_parts.h"

static int read_raw(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	const char *text;
	int r = json_ruled(value, &rule_policy, &text, err);

	(void)field;
	return r < 0 ? r : hex_u64(text, "raw", at, err);
}

static int read_abi_min(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	uint64_t *policy = at, abi;
	const char *text;
	int r = json_string(value, &text, err);

	(void)field;
	if (r == 0 && !policy_abi_min(text, &abi))
		r = json_fail(value, err, SNP_E_JSON_VALUE, "must be %s", rule_abi_min.wanted);
	if (r < 0)
		return r;
	*policy |= abi;
	return 0;
}

static int read_bit(const struct json_value *value, const struct field *field, void *at,
		    struct snp_error *err)
{
	const struct snp_policy_bit *bit = field->rule;
	uint64_t *policy = at;
	bool set;
	int r = json_bool(value, &set, err);

	if (r < 0)
		return r;
	*policy = set ? *policy | bit->mask : *policy & ~bit->mask;
	return 0;
}

/* Bits by the names of snp/policy.h over the default, or the whole word as "raw". */
static int read_policy(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	struct field fields[FIELDS_MAX] = {SECTION("raw", read_raw),
					   SECTION("abi_min", read_abi_min)};
	const struct json_value *raw, *first;
	uint64_t *policy = at;
	size_t n = 2;
	int r;

	(void)field;
	for (size_t i = 0; snp_policy_bit(i) && n < FIELDS_MAX - 1; i++)
		fields[n++] = (struct field){snp_policy_bit(i)->name, read_bit,
					     .rule = snp_policy_bit(i)};
	r = fields_read(value, fields, policy, err);
	if (r < 0)
		return r;
	raw = json_get(value, "raw");
	first = json_first(value);
	if (raw && (first != raw || json_next(raw)))
		return json_fail(raw, err, SNP_E_JSON_VALUE,
				 "sets the whole policy; remove the other members");
	return 0;
}

#define FILE_DIGEST "sha256:"

/* The path after `prefix`, checked; SNP_E_JSON_VALUE naming `wanted` if it is none. */
static int take_path(const struct json_value *value, const char *prefix, const char *wanted,
		     char **ret, struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	if (!text_keeps(text + strlen(prefix), &rule_path))
		return json_fail(value, err, SNP_E_JSON_VALUE, "must be %s", wanted);
	*ret = strdup(text + strlen(prefix));
	return *ret ? 0 : json_fail(value, err, SNP_E_NO_MEMORY, "out of memory");
}

static bool starts(const struct json_value *value, const char *prefix)
{
	const char *text;

	return json_is_string(value) && json_string(value, &text, NULL) == 0 &&
	       strncmp(text, prefix, strlen(prefix)) == 0;
}

static int read_host_data(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	struct vm_config *config = at;

	(void)field;
	if (starts(value, FILE_DIGEST)) {
		config->host_data_kind = VM_HOST_DATA_SHA256_OF;
		return take_path(value, FILE_DIGEST,
				 "64 hex digits, or \"sha256:\" and an absolute path",
				 &config->host_data_path, err);
	}
	config->host_data_kind = VM_HOST_DATA_BYTES;
	return json_hex(value, config->host_data, sizeof(config->host_data), err);
}

static int read_measurement(const struct json_value *value, const struct field *field, void *at,
			    struct snp_error *err)
{
	struct vm_config *config = at;

	(void)field;
	if (starts(value, "@")) {
		config->measurement_kind = VM_MEASUREMENT_IN_FILE;
		return take_path(value, "@", "96 hex digits, or \"@\" and an absolute path",
				 &config->measurement_path, err);
	}
	config->measurement_kind = VM_MEASUREMENT_BYTES;
	return json_hex(value, config->measurement, sizeof(config->measurement), err);
}

/* Three forms, told apart by the key that each must have. */
static int read_id(const struct json_value *value, const struct field *field, void *at,
		   struct snp_error *err)
{
#define PATH(key, member, ...) \
	FIELD(key, field_text, vm_config, member, .rule = &rule_path, __VA_ARGS__)
	static const struct field reference[] = {
		PATH("reference", id_reference, .required = true),
		FIELD("image", field_text, vm_config, id_image, .rule = &rule_line),
		{0},
	};
	static const struct field block[] = {PATH("block", id_block, .required = true),
					     PATH("auth", id_auth, .required = true),
					     {0}};
	static const struct field key[] = {
		PATH("key", id_key, .required = true),
		PATH("author_key", id_author_key),
		FIELD("svn", field_u32, vm_config, id_svn),
		FIELD("family_id", field_hex, vm_config, id_family_id),
		FIELD("image_id", field_hex, vm_config, id_image_id),
		{0},
	};
#undef PATH
	struct vm_config *config = at;

	(void)field;
	if (!json_is_object(value))
		return json_fail(value, err, SNP_E_JSON_TYPE, "must be an object");
	if (json_get(value, "reference")) {
		config->id_kind = VM_ID_REFERENCE;
		return fields_read(value, reference, config, err);
	}
	if (json_get(value, "key")) {
		config->id_kind = VM_ID_KEY;
		return fields_read(value, key, config, err);
	}
	if (json_get(value, "block") || json_get(value, "auth")) {
		config->id_kind = VM_ID_BLOCK;
		return fields_read(value, block, config, err);
	}
	return json_fail(
		value, err, SNP_E_JSON_MISSING_KEY,
		"needs one of the keys \"reference\", \"block\" (with \"auth\") or \"key\"");
}

const struct field vm_snp_fields[] = {
	FIELD("policy", read_policy, vm_config, policy),
	SECTION("host_data", read_host_data),
	FIELD("guest_visible_workarounds", field_hex, vm_config, guest_visible_workarounds,
	      .has = HAS(vm_config, has_guest_visible_workarounds)),
	FIELD("vcek", field_bool, vm_config, vcek),
	SECTION("measurement", read_measurement),
	SECTION("id", read_id),
	FIELD("user", field_text, vm_config, user, .rule = &rule_user),
	{0},
};
