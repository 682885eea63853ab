// SPDX-License-Identifier: Apache-2.0
#include "guest/record.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/json_out.h>

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

	json_out_init(&out, RECORD_SCHEMA);
	tool = json_out_object(&out, out.root, "tool");
	json_out_string(&out, tool, "name", "snp-launch");
	json_out_string(&out, tool, "version", record->tool_version);
	json_out_string(&out, out.root, "name", record->name);
	json_out_string(&out, out.root, "uuid", record->uuid);
	json_out_string(&out, out.root, "uri", record->uri);
	json_out_string(&out, out.root, "state", record_state_names[record->state]);
	json_out_string(&out, out.root, "created", record->created);
	json_out_bool(&out, out.root, "remote", record->remote);
	add_boot(&out, record);
	add_launch(&out, record);
	add_binding(&out, &record->binding);
	return json_out_print(&out, ret, err);
}

int record_write(const struct guest_record *record, const char *path, struct snp_error *err)
{
	_cleanup_(freep) char *text = NULL;
	int r;

	r = record_print(record, &text, err);
	if (r < 0)
		return r;
	r = file_write(path, (struct snp_span){(const uint8_t *)text, strlen(text)}, 0644, true,
		       err);
	/* Whatever the umask: list and show are for everybody on the host. */
	if (r == 0 && chmod(path, 0644) < 0)
		r = in_file(err, fail_errno(err, SNP_E_WRITE, errno, "cannot write"), path);
	return r;
}
