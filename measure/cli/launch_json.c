// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <snp/coverage.h>
#include <snp/tool.h>

#include "launch_input.h"
#include "launch_options.h"

static void warn(void *arg, const char *name, const char *text)
{
	(void)arg;
	/* Whoever names the profile has chosen between the two. */
	if (!launch_args.profile || strcmp(name, "two-es-digests") != 0)
		cli_warn(name, "%s", text);
}

void cli_launch_warn(const struct cli_launch *l)
{
	snp_launch_warnings(&l->launch, warn, NULL);
}

static struct cJSON *add_input(struct json_out *json, struct cJSON *inputs, const char *key,
			       const struct cli_input *input)
{
	struct cJSON *object;

	if (!input->present)
		return NULL;
	object = json_out_object(json, inputs, key);
	if (input->name)
		cli_json_text(json, object, "name", input->name);
	if (input->has_size)
		json_out_integer(json, object, "size", input->size);
	json_out_hex(json, object, "sha256", input->sha256, sizeof(input->sha256));
	return object;
}

/* Of a summary, size and SHA-256 are the document's, and firmware_digest says what it stands for. */
static int add_firmware(struct json_out *json, struct cJSON *inputs, const char *key,
			const struct snp_firmware *firmware, struct snp_error *err)
{
	const struct snp_firmware_info *info = snp_firmware_info(firmware);
	struct cli_input input = {.present = true,
				  .has_size = true,
				  .name = info->path,
				  .size = info->is_summary ? info->summary_size : info->size};
	uint8_t digest[SNP_SHA384_SIZE];
	struct cJSON *object;
	int r;

	if (info->is_summary) {
		memcpy(input.sha256, info->summary_sha256, sizeof(input.sha256));
		r = snp_launch_firmware_digest(firmware, digest, err);
	} else {
		r = snp_firmware_sha256(firmware, input.sha256, err);
	}
	if (r < 0)
		return r;
	object = add_input(json, inputs, key, &input);
	if (info->is_summary)
		json_out_hex(json, object, "firmware_digest", digest, sizeof(digest));
	return 0;
}

static int add_inputs(const struct cli_launch *l, struct json_out *json, struct snp_error *err)
{
	struct cJSON *inputs = json_out_object(json, json->root, "inputs");
	int r;

	r = add_firmware(json, inputs, "firmware", l->firmware, err);
	if (r == 0 && l->svsm)
		r = add_firmware(json, inputs, "svsm", l->svsm, err);
	add_input(json, inputs, "kernel", &l->kernel);
	add_input(json, inputs, "initrd", &l->initrd);
	add_input(json, inputs, "cmdline", &l->cmdline);
	return r;
}

int cli_launch_json(const struct cli_launch *l, struct json_out *json, struct snp_error *err)
{
	const struct snp_launch *launch = &l->launch;
	struct cJSON *root = json->root, *list;
	const char *text;

	json_out_string(json, root, "mode", snp_mode_name(launch->mode));
	json_out_string(json, root, "vmm_profile", launch->vcpus.profile);
	if (launch->mode != SNP_MODE_SEV) {
		json_out_integer(json, root, "vcpu_count", launch->vcpus.count);
		if (launch->vcpus.model[0])
			json_out_string(json, root, "cpu_model", launch->vcpus.model);
		if (snp_profile_uses_signature(launch->vcpus.profile))
			json_out_u64(json, root, "cpu_signature", launch->vcpus.signature);
		json_out_u64(json, root, "guest_features", launch->vcpus.features);
	}
	json_out_bool(json, root, "kernel_hashes", launch->kernel_hashes);
	if (l->svsm)
		json_out_integer(json, root, "vars_size", launch->vars_size);
	if (launch_args.snp_ovmf_hash)
		json_out_hex(json, root, "firmware_digest", l->firmware_digest,
			     sizeof(l->firmware_digest));
	list = json_out_array(json, root, "not_covered");
	for (size_t i = 0; (text = launch_not_covered(launch, i)); i++)
		json_out_string(json, list, NULL, text);
	return add_inputs(l, json, err);
}
