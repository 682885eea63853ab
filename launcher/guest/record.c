// SPDX-License-Identifier: Apache-2.0
#include "guest/record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/json_out.h>
#include <snp/memory.h>

#include "config/text_rule.h"

const char *const boot_part_names[BOOT_PARTS + 1] = {
	[BOOT_FIRMWARE] = "firmware",
	[BOOT_KERNEL] = "kernel",
	[BOOT_INITRD] = "initrd",
	[BOOT_PARTS] = NULL,
};

static const char *const record_state_names[] = {"creating", "defined", NULL};

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
	free(record->emulator);
	free(record->security_labels);
	free(record->user);
	labels_free(record->labels, record->n_labels);
	free(record);
}

/* What was written down is shown, not used: any text will do. */
static const struct text_rule rule_any = {.wanted = "a text", .min = 1, .max = 16384};

static int read_uuid(const struct json_value *value, const struct field *field, void *at,
		     struct snp_error *err)
{
	const char *text;
	int r = json_ruled(value, &rule_uuid, &text, err);

	(void)field;
	if (r < 0)
		return r;
	memcpy(at, text, RECORD_UUID + 1);
	return 0;
}

static int read_labels(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	struct guest_record *record = at;

	(void)field;
	return labels_read(value, &record->labels, &record->n_labels, err);
}

static int read_base64(const struct json_value *value, const struct field *field, void *at,
		       struct snp_error *err)
{
	struct snp_error inner;
	const char *text;
	int r = json_string(value, &text, err);

	if (r < 0)
		return r;
	r = base64_decode(text, field->key, at, field->size, &inner);
	return r < 0 ? json_fail(value, err, inner.code, "%s", inner.message) : 0;
}

static const struct field boot_file_fields[] = {
	FIELD("source", field_text, boot_file, source, .required = true, .rule = &rule_any),
	FIELD("path", field_text, boot_file, path, .required = true, .rule = &rule_any),
	FIELD("size", field_u64, boot_file, size, .required = true, .min = 1,
	      .max = SNP_MAX_INITRD),
	FIELD("sha256", field_hex, boot_file, sha256, .required = true),
	{0},
};

#define BOOT_FILE(name, part, ...) \
	FIELD(name, field_object, guest_record, boot[part], .fields = boot_file_fields, __VA_ARGS__)

static const struct field boot_fields[] = {
	BOOT_FILE("firmware", BOOT_FIRMWARE, .required = true),
	BOOT_FILE("kernel", BOOT_KERNEL),
	BOOT_FILE("initrd", BOOT_INITRD),
	{0},
};

static int check_boot(const struct json_value *value, void *at, struct snp_error *err)
{
	const struct guest_record *record = at;

	if (!record->boot[BOOT_KERNEL].source &&
	    (record->boot[BOOT_INITRD].source || record->kernel_hashes))
		return json_fail(value, err, SNP_E_JSON_VALUE,
				 "an initrd, or kernel hashes, without a kernel");
	return 0;
}

static int read_tool_name(const struct json_value *value, const struct field *field, void *at,
			  struct snp_error *err)
{
	static const char *const names[] = {"snp-launch", NULL};
	unsigned int name;

	(void)field;
	(void)at;
	return json_choice(value, names, &name, err);
}

static const struct field tool_fields[] = {
	FIELD("version", field_text, guest_record, tool_version, .required = true,
	      .rule = &rule_any),
	SECTION("name", read_tool_name, .required = true),
	{0},
};

/* A block that no longer verifies, or that binds to something else than the record says, is no
 * binding: somebody edited the record. */
static int check_binding(const struct json_value *id, void *at, struct snp_error *err)
{
	struct guest_record *record = at;
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

/* Leaving out "id" means "none". */
static const struct field id_fields[] = {
	FIELD("source", field_choice, guest_record, binding.source, .required = true,
	      .rule = &id_source_names[1], .min = 1),
	FIELD("id_block", read_base64, guest_record, binding.block, .required = true),
	FIELD("id_auth", read_base64, guest_record, binding.auth, .required = true),
	{0},
};

static const struct field qemu_fields[] = {
	FIELD("emulator", field_text, guest_record, emulator, .rule = &rule_any),
	FIELD("security_labels", field_text, guest_record, security_labels, .rule = &rule_any),
	FIELD("user", field_text, guest_record, user, .rule = &rule_user),
	FIELD("option_roms", field_u32, guest_record, option_roms, .required = true),
	FIELD("guest_agent", field_bool, guest_record, guest_agent, .required = true),
	FIELD("tpm", field_bool, guest_record, tpm, .required = true),
	{0},
};

#define NEED(name, reader, member, ...) \
	FIELD(name, reader, guest_record, member, .required = true, __VA_ARGS__)

/* Members that others are compared with come first. */
static const char *const verifiers[] = {
	[SNP_HASH_VERIFIER_UNKNOWN] = "unknown",
	[SNP_HASH_VERIFIER_ABSENT] = "absent",
	[SNP_HASH_VERIFIER_PRESENT] = "present",
	NULL,
};

static const struct field record_fields[] = {
	SCHEMA_SINCE(RECORD_SCHEMA, 1),
	FIELD_OBJECT("tool", tool_fields, .required = true),
	NEED("name", field_text, name, .rule = &rule_name),
	NEED("uuid", read_uuid, uuid),
	NEED("uri", field_text, uri, .rule = &rule_any),
	NEED("state", field_choice, state, .rule = record_state_names),
	NEED("created", field_text, created, .rule = &rule_any),
	SECTION("labels", read_labels),
	NEED("remote", field_bool, remote),
	FIELD("cmdline", field_text, guest_record, cmdline, .rule = &rule_cmdline),
	NEED("kernel_hashes", field_bool, kernel_hashes),
	FIELD("kernel_hash_verifier", field_choice, guest_record, hash_verifier, .rule = verifiers,
	      .has = HAS(guest_record, has_hash_verifier)),
	FIELD("igvm", field_bool, guest_record, is_igvm),
	FIELD_OBJECT("boot", boot_fields, .required = true, .check = check_boot),
	NEED("vmm_profile", field_chars, vcpus.profile),
	NEED("vcpu_count", field_u32, vcpus.count, .min = 1),
	NEED("cpu_model", field_chars, vcpus.model),
	NEED("cpu_signature", field_hex_u32, vcpus.signature),
	NEED("guest_features", field_hex_u64, vcpus.features),
	NEED("policy", field_hex_u64, policy),
	NEED("host_data", field_hex, host_data),
	FIELD("vcek", field_bool, guest_record, vcek, .has = HAS(guest_record, has_vcek)),
	FIELD("guest_visible_workarounds", field_hex, guest_record, guest_visible_workarounds,
	      .has = HAS(guest_record, has_guest_visible_workarounds)),
	NEED("launch_digest", field_hex, launch_digest),
	FIELD_OBJECT("qemu", qemu_fields, .has = HAS(guest_record, has_qemu)),
	FIELD_OBJECT("id", id_fields, .check = check_binding),
	{0},
};

static int from_document(const struct json *document, struct guest_record **ret,
			 struct snp_error *err)
{
	_cleanup_(record_freep) struct guest_record *record = calloc(1, sizeof(*record));
	int r;

	if (!record)
		return out_of_memory(err);
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

/* The path of the record in `folder`. */
static void place(const char *folder, char ret[static PATH_MAX + 128])
{
	snprintf(ret, PATH_MAX + 128, "%s/" RECORD_FILE, folder);
}

bool record_exists(const char *folder)
{
	char path[PATH_MAX + 128];

	place(folder, path);
	return access(path, F_OK) == 0;
}

int record_read(const char *folder, struct guest_record **ret, struct snp_error *err)
{
	char path[PATH_MAX + 128];
	_cleanup_(json_freep) struct json *document = NULL;
	int r;

	place(folder, path);
	r = json_read(path, SNP_MAX_CONFIG, &document, err);
	return r < 0 ? r : from_document(document, ret, err);
}

static void add_boot(struct json_out *out, const struct guest_record *record)
{
	struct cJSON *boot = json_out_object(out, out->root, "boot");

	for (unsigned int i = 0; i < BOOT_PARTS; i++) {
		const struct boot_file *file = &record->boot[i];
		struct cJSON *part;

		if (!file->source)
			continue;
		part = json_out_object(out, boot, boot_part_names[i]);
		json_out_string(out, part, "source", file->source);
		json_out_string(out, part, "path", file->path);
		json_out_integer(out, part, "size", file->size);
		json_out_hex(out, part, "sha256", file->sha256, sizeof(file->sha256));
	}
	if (record->cmdline)
		json_out_string(out, out->root, "cmdline", record->cmdline);
	json_out_bool(out, out->root, "kernel_hashes", record->kernel_hashes);
	if (record->is_igvm)
		json_out_bool(out, out->root, "igvm", true);
	if (record->has_hash_verifier)
		json_out_string(out, out->root, "kernel_hash_verifier",
				verifiers[record->hash_verifier]);
}

static void add_launch(struct json_out *out, const struct guest_record *record)
{
	json_out_string(out, out->root, "vmm_profile", record->vcpus.profile);
	json_out_integer(out, out->root, "vcpu_count", record->vcpus.count);
	json_out_string(out, out->root, "cpu_model", record->vcpus.model);
	json_out_u64(out, out->root, "cpu_signature", record->vcpus.signature);
	json_out_u64(out, out->root, "guest_features", record->vcpus.features);
	json_out_u64(out, out->root, "policy", record->policy);
	json_out_hex(out, out->root, "host_data", record->host_data, sizeof(record->host_data));
	if (record->has_vcek)
		json_out_bool(out, out->root, "vcek", record->vcek);
	if (record->has_guest_visible_workarounds)
		json_out_hex(out, out->root, "guest_visible_workarounds",
			     record->guest_visible_workarounds,
			     sizeof(record->guest_visible_workarounds));
	json_out_hex(out, out->root, "launch_digest", record->launch_digest,
		     SNP_LAUNCH_DIGEST_SIZE);
}

static void add_qemu(struct json_out *out, const struct guest_record *record)
{
	struct cJSON *qemu;

	if (!record->has_qemu)
		return;
	qemu = json_out_object(out, out->root, "qemu");
	if (record->emulator)
		json_out_string(out, qemu, "emulator", record->emulator);
	if (record->security_labels)
		json_out_string(out, qemu, "security_labels", record->security_labels);
	if (record->user)
		json_out_string(out, qemu, "user", record->user);
	json_out_integer(out, qemu, "option_roms", record->option_roms);
	json_out_bool(out, qemu, "guest_agent", record->guest_agent);
	json_out_bool(out, qemu, "tpm", record->tpm);
}

static void add_binding(struct json_out *out, const struct guest_binding *binding)
{
	struct cJSON *id;

	if (binding->source == ID_NONE)
		return;
	id = json_out_object(out, out->root, "id");
	json_out_string(out, id, "source", id_source_names[binding->source]);
	json_out_base64(out, id, "id_block", binding->block, sizeof(binding->block));
	json_out_base64(out, id, "id_auth", binding->auth, sizeof(binding->auth));
}

int record_print(const struct guest_record *record, char **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out;
	struct cJSON *tool;

	json_out_init(&out, record->has_qemu || record->has_hash_verifier || record->n_labels > 0
				    ? RECORD_SCHEMA
				    : "snp-launch-record/1");
	tool = json_out_object(&out, out.root, "tool");
	json_out_string(&out, tool, "name", "snp-launch");
	json_out_string(&out, tool, "version", record->tool_version);
	json_out_string(&out, out.root, "name", record->name);
	json_out_string(&out, out.root, "uuid", record->uuid);
	json_out_string(&out, out.root, "uri", record->uri);
	json_out_string(&out, out.root, "state", record_state_names[record->state]);
	json_out_string(&out, out.root, "created", record->created);
	labels_print(&out, out.root, record->labels, record->n_labels);
	json_out_bool(&out, out.root, "remote", record->remote);
	add_boot(&out, record);
	add_launch(&out, record);
	add_qemu(&out, record);
	add_binding(&out, &record->binding);
	return json_out_print(&out, ret, err);
}

int record_write(const struct guest_record *record, const char *folder, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX + 128];
	int r;

	r = record_print(record, &text, err);
	if (r < 0)
		return r;
	place(folder, path);
	r = file_write(path, text_span(text), 0644, true, err);
	/* Whatever the umask: list and show are for everybody on the host. */
	if (r == 0 && chmod(path, 0644) < 0)
		r = in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot write"), path);
	return r;
}
