// SPDX-License-Identifier: Apache-2.0
#include "guest/record.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>

#include "config/fields.h"
#include "config/text_rule.h"

DEFINE_CLEANUP(struct json *, json_free);

const char *const boot_part_names[BOOT_PARTS + 1] = {
	[BOOT_FIRMWARE] = "firmware",
	[BOOT_KERNEL] = "kernel",
	[BOOT_INITRD] = "initrd",
	[BOOT_PARTS] = NULL,
};

const char *const record_state_names[] = {"creating", "defined", NULL};

const char *const id_source_names[] = {
	[ID_NONE] = "none", [ID_REFERENCE] = "reference", [ID_BLOCK] = "block",
	[ID_KEY] = "key",   [ID_KEY + 1] = NULL,
};

void record_free(struct guest_record *record)
{
	if (!record)
		return;
	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		free(record->boot[i].source);
		free(record->boot[i].path);
	}
	free(record->name);
	free(record->uri);
	free(record->created);
	free(record->tool_version);
	free(record->cmdline);
	free(record->vmm_profile);
	free(record->cpu_model);
	free(record);
}

/* What was written down is shown, not used: any text will do. */
static const struct text_rule rule_any = {.wanted = "a text", .min = 1, .max = 16384};

static int field_pass(const struct json_value *value, const struct field *field, void *at,
		      struct snp_error *err)
{
	(void)value;
	(void)field;
	(void)at;
	(void)err;
	return 0; /* read elsewhere */
}

static int read_hex_u64(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	(void)field;
	return json_hex_u64(value, at, err);
}

static int read_hex_u32(const struct json_value *value, const struct field *field, void *at,
			struct snp_error *err)
{
	uint32_t *ret = at;
	uint64_t v;
	int r = json_hex_u64(value, &v, err);

	(void)field;
	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return json_fail(value, err, SNP_E_JSON_VALUE, "more than 32 bits");
	*ret = (uint32_t)v;
	return 0;
}

static int read_vcek(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	struct guest_record *record = at;

	record->has_vcek = true;
	return field_bool(value, field, &record->vcek, err);
}

static int read_workarounds(const struct json_value *value, const struct field *field, void *at,
			    struct snp_error *err)
{
	struct guest_record *record = at;

	record->has_guest_visible_workarounds = true;
	return field_hex(value, field, record->guest_visible_workarounds, err);
}

static int read_size(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	return json_integer(value, field->min, field->max, at, err);
}

static int read_uuid(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	const char *text;
	int r = json_string(value, &text, err);

	(void)field;
	if (r < 0)
		return r;
	if (!text_keeps(text, &rule_uuid))
		return json_fail(value, err, SNP_E_JSON_VALUE, "%s is right", rule_uuid.wanted);
	memcpy(at, text, RECORD_UUID + 1);
	return 0;
}

static int read_base64(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	struct snp_error inner;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	r = base64_decode(text, field->key, at, field->max, &inner);
	return r < 0 ? json_fail(value, err, inner.code, "%s", inner.message) : 0;
}

static int read_boot_file(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	static const struct field fields[] = {
		FIELD("source", field_text, boot_file, source, .required = true, .rule = &rule_any),
		FIELD("path", field_text, boot_file, path, .required = true, .rule = &rule_any),
		FIELD("size", read_size, boot_file, size, .required = true, .min = 1,
		      .max = SNP_MAX_INITRD),
		FIELD("sha256", field_hex, boot_file, sha256, .required = true,
		      .max = SNP_SHA256_SIZE),
		{0},
	};

	(void)field;
	return fields_read(value, fields, at, err);
}

static int read_boot(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	static const struct field fields[] = {
		FIELD("firmware", read_boot_file, guest_record, boot[BOOT_FIRMWARE],
		      .required = true),
		FIELD("kernel", read_boot_file, guest_record, boot[BOOT_KERNEL]),
		FIELD("initrd", read_boot_file, guest_record, boot[BOOT_INITRD]),
		{0},
	};
	const struct guest_record *record = at;
	int r;

	(void)field;
	r = fields_read(value, fields, at, err);
	if (r == 0 && !record->boot[BOOT_KERNEL].source &&
	    (record->boot[BOOT_INITRD].source || record->kernel_hashes))
		r = json_fail(value, err, SNP_E_JSON_VALUE,
			      "an initrd, or kernel hashes, without a kernel");
	return r;
}

static int read_tool(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	static const char *const names[] = {"snp-launch", NULL};
	unsigned int name;
	static const struct field fields[] = {
		SECTION("name", field_pass, .required = true),
		FIELD("version", field_text, guest_record, tool_version, .required = true,
		      .rule = &rule_any),
		{0},
	};
	int r;

	(void)field;
	r = fields_read(value, fields, at, err);
	return r < 0 ? r : json_choice(json_get(value, "name"), names, &name, err);
}

/* A block that no longer verifies, or that binds to something else than the record says, is no
 * binding: somebody edited the record. */
static int check_binding(const struct json_value *id, struct guest_record *record,
			 struct snp_error *err)
{
	struct guest_binding *b = &record->binding;
	struct snp_error inner;
	int r;

	r = snp_id_block_decode(b->block, &b->fields, &inner);
	if (r == 0)
		r = snp_id_auth_verify(b->block, b->auth, &b->keys, &inner);
	if (r < 0)
		return json_fail(id, err, inner.code, "%s", inner.message);
	if (memcmp(b->fields.launch_digest, record->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return json_fail(id, err, SNP_E_DIGEST_DIFFERS,
				 "the ID block is for another launch digest than the record's");
	if (b->fields.policy != record->policy)
		return json_fail(id, err, SNP_E_POLICY_DIFFERS,
				 "the ID block is for another policy than the record's");
	return 0;
}

static int read_id(const struct json_value *value, const struct field *field, void *at,
		   struct snp_error *err)
{
	/* "none" is said by leaving "id" out. */
	static const struct field fields[] = {
		FIELD("source", field_choice, guest_record, binding.source, .required = true,
		      .rule = &id_source_names[1]),
		FIELD("id_block", read_base64, guest_record, binding.block, .required = true,
		      .max = SNP_ID_BLOCK_SIZE),
		FIELD("id_auth", read_base64, guest_record, binding.auth, .required = true,
		      .max = SNP_ID_AUTH_SIZE),
		{0},
	};
	struct guest_record *record = at;
	int r;

	(void)field;
	r = fields_read(value, fields, at, err);
	if (r < 0)
		return r;
	record->binding.source = (enum id_source)(record->binding.source + 1);
	return check_binding(value, record, err);
}

#define NEED(name, reader, member, ...) \
	FIELD(name, reader, guest_record, member, .required = true, __VA_ARGS__)

/* What others are held against comes before them. */
static const struct field record_fields[] = {
	SECTION("schema", field_pass, .required = true),
	SECTION("tool", read_tool, .required = true),
	NEED("name", field_text, name, .rule = &rule_name),
	NEED("uuid", read_uuid, uuid),
	NEED("uri", field_text, uri, .rule = &rule_any),
	NEED("state", field_choice, state, .rule = record_state_names),
	NEED("created", field_text, created, .rule = &rule_any),
	NEED("remote", field_bool, remote),
	FIELD("cmdline", field_text, guest_record, cmdline, .rule = &rule_cmdline),
	NEED("kernel_hashes", field_bool, kernel_hashes),
	SECTION("boot", read_boot, .required = true),
	NEED("vmm_profile", field_text, vmm_profile, .rule = &rule_any),
	NEED("vcpu_count", field_u32, vcpu_count, .min = 1, .max = UINT32_MAX),
	NEED("cpu_model", field_text, cpu_model, .rule = &rule_any),
	NEED("cpu_signature", read_hex_u32, cpu_signature),
	NEED("guest_features", read_hex_u64, guest_features),
	NEED("policy", read_hex_u64, policy),
	NEED("host_data", field_hex, host_data, .max = SNP_SHA256_SIZE),
	SECTION("vcek", read_vcek),
	SECTION("guest_visible_workarounds", read_workarounds, .max = 16),
	NEED("launch_digest", field_hex, launch_digest, .max = SNP_LAUNCH_DIGEST_SIZE),
	SECTION("id", read_id),
	{0},
};

static int from_document(const struct json *document, struct guest_record **ret,
			 struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = calloc(1, sizeof(*record));
	int r;

	if (!record)
		return out_of_memory(err);
	r = json_schema(document, RECORD_SCHEMA, err);
	if (r == 0)
		r = fields_read(json_root(document), record_fields, record, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(record);
	return 0;
}

int record_parse(const char *name, struct snp_span span, struct guest_record **ret,
		 struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r;

	r = json_parse(name, span, &document, err);
	return r < 0 ? r : from_document(document, ret, err);
}

int record_read(const char *path, struct guest_record **ret, struct snp_error *err)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int r;

	r = json_read(path, SNP_MAX_CONFIG, &document, err);
	return r < 0 ? r : from_document(document, ret, err);
}
