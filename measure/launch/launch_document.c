// SPDX-License-Identifier: Apache-2.0
#include <snp/launch_document.h>

#include <snp/cleanup.h>

/* When a thing is left out. */
enum applies {
	ALWAYS,
	WITH_KERNEL_HASHES,
	WITHOUT_KERNEL_HASHES,
	SNP_ONLY,
	NOT_SNP,
	SEV_ONLY,
	IGVM_ONLY,
};

static const struct {
	enum applies applies;
	const char *thing;
} things[] = {
	{WITHOUT_KERNEL_HASHES, "kernel, initrd and command line"},
	{SEV_ONLY, "the vCPUs: number, model and first register state"},
	{SNP_ONLY,
	 "contents of the CPUID page; the secure processor checks it, the guest may rely on it"},
	{SNP_ONLY, "contents of the secrets page, which the secure processor writes"},
	{SNP_ONLY, "guest policy, host data and ID block; the attestation report shows them"},
	{IGVM_ONLY, "contents of parameter areas, which the VMM fills"},
	{NOT_SNP,
	 "guest policy, firmware version and nonce; they enter the launch measurement, an HMAC "
	 "over this digest"},
	{WITH_KERNEL_HASHES,
	 "whether the firmware checks kernel, initrd and command line against the hashes"},
	{ALWAYS, "UEFI variables in a flash unit of their own"},
	{ALWAYS, "memory size, ACPI tables and whatever else the VMM hands over through fw_cfg"},
	{ALWAYS, "devices, disks and their contents"},
	{ALWAYS, "what is loaded or hot-plugged after the launch"},
};

static bool holds(const struct snp_launch *launch, enum applies applies)
{
	const bool snp = launch->mode != SNP_MODE_SEV_ES && launch->mode != SNP_MODE_SEV;

	switch (applies) {
	case WITH_KERNEL_HASHES:
		return launch->kernel_hashes;
	case WITHOUT_KERNEL_HASHES:
		return !launch->kernel_hashes;
	case SNP_ONLY:
		return snp;
	case NOT_SNP:
		return !snp;
	case SEV_ONLY:
		return launch->mode == SNP_MODE_SEV;
	case IGVM_ONLY:
		return launch->mode == SNP_MODE_SNP_IGVM;
	case ALWAYS:
		break;
	}
	return true;
}

void launch_document_not_covered(struct json_out *json, const struct snp_launch *launch)
{
	struct cJSON *list = json_out_array(json, json->root, "not_covered");

	for (size_t i = 0; i < ARRAY_SIZE(things); i++)
		if (holds(launch, things[i].applies))
			json_out_string(json, list, NULL, things[i].thing);
}

static void add_input(struct json_out *json, struct cJSON *inputs, const char *key,
		      const struct launch_input *input)
{
	struct cJSON *object;

	if (!input->present)
		return;
	object = json_out_object(json, inputs, key);
	if (input->name)
		json_out_text(json, object, "name", input->name);
	if (input->has_size)
		json_out_integer(json, object, "size", input->size);
	json_out_hex(json, object, "sha256", input->sha256, sizeof(input->sha256));
	if (input->is_summary)
		json_out_hex(json, object, "firmware_digest", input->firmware_digest,
			     sizeof(input->firmware_digest));
}

void launch_document_add(struct json_out *json, const struct snp_launch *launch,
			 const struct launch_inputs *inputs)
{
	const struct snp_vcpus *vcpus = &launch->vcpus;
	struct cJSON *root = json->root, *object;

	json_out_string(json, root, "mode", snp_mode_name(launch->mode));
	json_out_string(json, root, "vmm_profile", vcpus->profile);
	if (launch->mode != SNP_MODE_SEV) {
		json_out_integer(json, root, "vcpu_count", vcpus->count);
		if (vcpus->model[0])
			json_out_text(json, root, "cpu_model", vcpus->model);
		if (snp_profile_uses_signature(vcpus->profile) &&
		    (launch->mode != SNP_MODE_SNP_IGVM || vcpus->signature != 0))
			json_out_u64(json, root, "cpu_signature", vcpus->signature);
		json_out_u64(json, root, "guest_features", vcpus->features);
	}
	json_out_bool(json, root, "kernel_hashes", launch->kernel_hashes);
	if (launch->mode == SNP_MODE_SNP_IGVM) {
		json_out_u64(json, root, "policy", launch->policy);
		if (launch->memory_size != 0)
			json_out_u64(json, root, "memory_size", launch->memory_size);
	}
	if (launch->svsm)
		json_out_integer(json, root, "vars_size", launch->vars_size);
	if (inputs->firmware_digest)
		json_out_hex(json, root, "firmware_digest", inputs->firmware_digest,
			     SNP_SHA384_SIZE);
	launch_document_not_covered(json, launch);
	object = json_out_object(json, root, "inputs");
	add_input(json, object, "firmware", &inputs->firmware);
	add_input(json, object, "svsm", &inputs->svsm);
	add_input(json, object, "igvm", &inputs->igvm);
	add_input(json, object, "kernel", &inputs->kernel);
	add_input(json, object, "initrd", &inputs->initrd);
	add_input(json, object, "cmdline", &inputs->cmdline);
}
