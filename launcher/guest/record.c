// SPDX-License-Identifier: Apache-2.0
#include "guest/record.h"

#include <string.h>

#include <snp/cleanup.h>
#include <snp/file.h>
#include <snp/hex.h>
#include <snp/json.h>
#include <snp/policy.h>

DEFINE_CLEANUP(struct snp_json *, snp_json_free);

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

/* Members, in the manner of snp_json_string() and its like, with the key looked up first. */
static int text(const struct snp_json_value *object, const char *key, char **ret,
		struct snp_error *err)
{
	const struct snp_json_value *value;
	const char *string;
	int r;

	r = snp_json_need(object, key, &value, err);
	if (r == 0)
		r = snp_json_string(value, &string, err);
	if (r < 0)
		return r;
	*ret = strdup(string);
	if (!*ret)
		return snp_fail(err, SNP_E_NO_MEMORY, SNP_NO_OFFSET, "out of memory");
	return 0;
}

static int number(const struct snp_json_value *object, const char *key, uint64_t min, uint64_t max,
		  uint64_t *ret, struct snp_error *err)
{
	const struct snp_json_value *value;
	int r;

	r = snp_json_need(object, key, &value, err);
	return r < 0 ? r : snp_json_integer(value, min, max, ret, err);
}

static int hex_number(const struct snp_json_value *object, const char *key, uint64_t *ret,
		      struct snp_error *err)
{
	const struct snp_json_value *value;
	int r;

	r = snp_json_need(object, key, &value, err);
	return r < 0 ? r : snp_json_hex_u64(value, ret, err);
}

static int bytes(const struct snp_json_value *object, const char *key, uint8_t *ret, size_t size,
		 struct snp_error *err)
{
	const struct snp_json_value *value;
	int r;

	r = snp_json_need(object, key, &value, err);
	return r < 0 ? r : snp_json_hex(value, ret, size, err);
}

static int truth(const struct snp_json_value *object, const char *key, bool *ret,
		 struct snp_error *err)
{
	const struct snp_json_value *value;
	int r;

	r = snp_json_need(object, key, &value, err);
	return r < 0 ? r : snp_json_bool(value, ret, err);
}

static int choice(const struct snp_json_value *object, const char *key, const char *const names[],
		  unsigned int *ret, struct snp_error *err)
{
	const struct snp_json_value *value;
	int r;

	r = snp_json_need(object, key, &value, err);
	return r < 0 ? r : snp_json_choice(value, names, ret, err);
}

static int read_boot_file(const struct snp_json_value *value, struct boot_file *file,
			  struct snp_error *err)
{
	static const char *const keys[] = {"source", "path", "size", "sha256", NULL};
	int r;

	r = snp_json_object(value, keys, err);
	if (r == 0)
		r = text(value, "source", &file->source, err);
	if (r == 0)
		r = text(value, "path", &file->path, err);
	if (r == 0)
		r = number(value, "size", 1, SNP_MAX_INITRD, &file->size, err);
	if (r == 0)
		r = bytes(value, "sha256", file->sha256, sizeof(file->sha256), err);
	return r;
}

static int read_boot(const struct snp_json_value *root, struct guest_record *record,
		     struct snp_error *err)
{
	const struct snp_json_value *boot;
	int r;

	r = snp_json_need(root, "boot", &boot, err);
	if (r == 0)
		r = snp_json_object(boot, boot_part_names, err);
	for (unsigned int i = 0; r == 0 && i < BOOT_PARTS; i++) {
		const struct snp_json_value *part = snp_json_get(boot, boot_part_names[i]);

		if (part)
			r = read_boot_file(part, &record->boot[i], err);
	}
	if (r == 0 && !record->boot[BOOT_FIRMWARE].source)
		r = snp_json_fail(boot, err, SNP_E_JSON_MISSING_KEY, "no \"firmware\"");
	if (r == 0 && !record->boot[BOOT_KERNEL].source &&
	    (record->boot[BOOT_INITRD].source || record->kernel_hashes))
		r = snp_json_fail(boot, err, SNP_E_JSON_VALUE,
				  "an initrd, or kernel hashes, without a kernel");
	return r;
}

static int read_base64(const struct snp_json_value *object, const char *key, uint8_t *ret,
		       size_t size, struct snp_error *err)
{
	const struct snp_json_value *value;
	struct snp_error inner;
	const char *string;
	int r;

	r = snp_json_need(object, key, &value, err);
	if (r == 0)
		r = snp_json_string(value, &string, err);
	if (r < 0)
		return r;
	r = snp_base64_decode(string, key, ret, size, &inner);
	return r < 0 ? snp_json_fail(value, err, inner.code, "%s", inner.message) : 0;
}

/* A block that no longer verifies, or that binds to something else than the record says, is no
 * binding: somebody edited the record. */
static int check_binding(const struct snp_json_value *id, struct guest_record *record,
			 struct snp_error *err)
{
	struct guest_binding *b = &record->binding;
	struct snp_error inner;
	int r;

	r = snp_id_block_decode(b->block, &b->fields, &inner);
	if (r == 0)
		r = snp_id_auth_verify(b->block, b->auth, &b->keys, &inner);
	if (r < 0)
		return snp_json_fail(id, err, inner.code, "%s", inner.message);
	if (memcmp(b->fields.launch_digest, record->launch_digest, SNP_LAUNCH_DIGEST_SIZE) != 0)
		return snp_json_fail(id, err, SNP_E_DIGEST_DIFFERS,
				     "the ID block is for another launch digest than the record's");
	if (b->fields.policy != record->policy)
		return snp_json_fail(id, err, SNP_E_POLICY_DIFFERS,
				     "the ID block is for another policy than the record's");
	return 0;
}

static int read_binding(const struct snp_json_value *root, struct guest_record *record,
			struct snp_error *err)
{
	static const char *const keys[] = {"source", "id_block", "id_auth", NULL};
	const struct snp_json_value *id = snp_json_get(root, "id");
	unsigned int source;
	int r;

	if (!id)
		return 0;
	r = snp_json_object(id, keys, err);
	if (r == 0)
		r = choice(id, "source", id_source_names, &source, err);
	if (r == 0 && source == ID_NONE)
		r = snp_json_fail(id, err, SNP_E_JSON_VALUE,
				  "\"none\" is said by leaving \"id\" out");
	if (r == 0)
		r = read_base64(id, "id_block", record->binding.block, SNP_ID_BLOCK_SIZE, err);
	if (r == 0)
		r = read_base64(id, "id_auth", record->binding.auth, SNP_ID_AUTH_SIZE, err);
	if (r < 0)
		return r;
	record->binding.source = (enum id_source)source;
	return check_binding(id, record, err);
}

static int read_identity(const struct snp_json_value *root, struct guest_record *record,
			 struct snp_error *err)
{
	static const char *const keys[] = {"name", "version", NULL};
	const struct snp_json_value *tool;
	unsigned int state;
	char *uuid = NULL;
	int r;

	r = text(root, "name", &record->name, err);
	if (r == 0)
		r = text(root, "uuid", &uuid, err);
	if (r == 0 && strlen(uuid) != RECORD_UUID)
		r = snp_json_fail(snp_json_get(root, "uuid"), err, SNP_E_JSON_VALUE,
				  "not a UUID of %d characters", RECORD_UUID);
	if (r == 0)
		memcpy(record->uuid, uuid, RECORD_UUID + 1);
	free(uuid);
	if (r == 0)
		r = text(root, "uri", &record->uri, err);
	if (r == 0)
		r = text(root, "created", &record->created, err);
	if (r == 0)
		r = choice(root, "state", record_state_names, &state, err);
	if (r == 0)
		record->state = (enum record_state)state;
	if (r == 0)
		r = truth(root, "remote", &record->remote, err);
	if (r == 0)
		r = snp_json_need(root, "tool", &tool, err);
	if (r == 0)
		r = snp_json_object(tool, keys, err);
	if (r == 0)
		r = text(tool, "version", &record->tool_version, err);
	return r;
}

static int read_launch(const struct snp_json_value *root, struct guest_record *record,
		       struct snp_error *err)
{
	uint64_t vcpus, signature;
	int r = 0;

	if (snp_json_get(root, "cmdline"))
		r = text(root, "cmdline", &record->cmdline, err);
	if (r == 0)
		r = truth(root, "kernel_hashes", &record->kernel_hashes, err);
	if (r == 0)
		r = text(root, "vmm_profile", &record->vmm_profile, err);
	if (r == 0)
		r = text(root, "cpu_model", &record->cpu_model, err);
	if (r == 0)
		r = number(root, "vcpu_count", 1, UINT32_MAX, &vcpus, err);
	if (r == 0)
		r = hex_number(root, "cpu_signature", &signature, err);
	if (r == 0 && signature > UINT32_MAX)
		r = snp_json_fail(snp_json_get(root, "cpu_signature"), err, SNP_E_JSON_VALUE,
				  "more than 32 bits");
	if (r == 0)
		r = hex_number(root, "guest_features", &record->guest_features, err);
	if (r == 0)
		r = hex_number(root, "policy", &record->policy, err);
	if (r == 0)
		r = bytes(root, "host_data", record->host_data, sizeof(record->host_data), err);
	if (r == 0)
		r = bytes(root, "launch_digest", record->launch_digest, SNP_LAUNCH_DIGEST_SIZE,
			  err);
	if (r < 0)
		return r;
	record->vcpu_count = (uint32_t)vcpus;
	record->cpu_signature = (uint32_t)signature;
	return 0;
}

static int from_document(const struct snp_json *document, struct guest_record **ret,
			 struct snp_error *err)
{
	static const char *const keys[] = {"schema",	 "tool",	  "name",
					   "uuid",	 "uri",		  "state",
					   "created",	 "remote",	  "boot",
					   "cmdline",	 "vmm_profile",	  "cpu_model",
					   "vcpu_count", "cpu_signature", "guest_features",
					   "policy",	 "host_data",	  "launch_digest",
					   "id",	 "kernel_hashes", NULL};
	_cleanup_(record_freep)
	struct guest_record *record = calloc(1, sizeof(*record));
	const struct snp_json_value *root = snp_json_root(document);
	int r;

	if (!record)
		return snp_fail(err, SNP_E_NO_MEMORY, SNP_NO_OFFSET, "out of memory");
	r = snp_json_schema(document, RECORD_SCHEMA, err);
	if (r == 0)
		r = snp_json_object(root, keys, err);
	if (r == 0)
		r = read_identity(root, record, err);
	if (r == 0)
		r = read_launch(root, record, err);
	if (r == 0)
		r = read_boot(root, record, err);
	if (r == 0)
		r = read_binding(root, record, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(record);
	return 0;
}

int record_parse(const char *name, struct snp_span span, struct guest_record **ret,
		 struct snp_error *err)
{
	_cleanup_(snp_json_freep)
	struct snp_json *document = NULL;
	int r;

	r = snp_json_parse(name, span, &document, err);
	return r < 0 ? r : from_document(document, ret, err);
}

int record_read(const char *path, struct guest_record **ret, struct snp_error *err)
{
	_cleanup_(snp_json_freep)
	struct snp_json *document = NULL;
	int r;

	r = snp_json_read(path, SNP_MAX_CONFIG, &document, err);
	return r < 0 ? r : from_document(document, ret, err);
}
