// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/json_out.h>
#include <snp/launch_document.h>
#include <snp/sha.h>

#include "reference/format.h"
#include "reference/model.h"

static void print_file(struct json_out *out, cJSON *inputs, const char *key,
		       const struct snp_reference_file *file)
{
	cJSON *object;

	if (!file->name)
		return;
	object = json_out_object(out, inputs, key);
	json_out_string(out, object, "name", file->name);
	json_out_integer(out, object, "size", file->size);
	json_out_hex(out, object, "sha256", file->sha256, sizeof(file->sha256));
}

/* The command line's hash is the one in the SEV hash table, over the text and one NUL. */
static void print_cmdline(struct json_out *out, cJSON *inputs,
			  const struct snp_reference_image *image)
{
	const char *cmdline = image->cmdline;
	uint8_t sha256[SNP_SHA256_SIZE];
	cJSON *object;

	if (!cmdline)
		return;
	object = json_out_object(out, inputs, "cmdline");
	if (image->cmdline_is_template) {
		json_out_string(out, object, "template", cmdline);
		return;
	}
	json_out_string(out, object, "text", cmdline);
	json_out_integer(out, object, "size", strlen(cmdline));
	if (sha256_of((struct snp_span){(const uint8_t *)cmdline, strlen(cmdline) + 1}, sha256,
		      NULL) < 0)
		out->failed = true;
	json_out_hex(out, object, "sha256", sha256, sizeof(sha256));
}

static void print_inputs(struct json_out *out, cJSON *parent,
			 const struct snp_reference_image *image)
{
	cJSON *inputs = json_out_object(out, parent, "inputs");
	const char *key = image->is_igvm ? "igvm" : "firmware";

	print_file(out, inputs, "security_policy", &image->security_policy);
	if (image->is_container_group)
		return;
	print_file(out, inputs, key, &image->firmware);
	json_out_hex(out, cJSON_GetObjectItemCaseSensitive(inputs, key), "sha384",
		     image->firmware_sha384, sizeof(image->firmware_sha384));
	print_file(out, inputs, "kernel", &image->kernel);
	print_file(out, inputs, "initrd", &image->initrd);
	print_cmdline(out, inputs, image);
}

static void print_minimum_tcb(struct json_out *out, cJSON *parent,
			      const struct snp_reference_image *image)
{
	cJSON *products = NULL;

	for (size_t i = 0; i < image->n_minimum_tcb; i++) {
		char text[SNP_TCB_TEXT_SIZE];

		if (!products)
			products = json_out_object(out, parent, "minimum_tcb");
		snp_tcb_describe(&image->minimum_tcb[i].tcb, text);
		json_out_string(out, products, snp_product_name(image->minimum_tcb[i].product),
				text);
	}
}

static void print_variant(struct json_out *out, cJSON *variants,
			  const struct snp_reference_image *image,
			  const struct snp_reference_variant *v)
{
	uint8_t sha256[SNP_SHA256_SIZE];
	cJSON *object = json_out_object(out, variants, NULL);

	json_out_string(out, object, "vmm_profile", v->vcpus.profile);
	json_out_integer(out, object, "vcpu_count", v->vcpus.count);
	if (v->vcpus.model[0])
		json_out_string(out, object, "cpu_model", v->vcpus.model);
	if (v->vcpus.signature != 0)
		json_out_u64(out, object, "cpu_signature", v->vcpus.signature);
	json_out_u64(out, object, "guest_features", v->vcpus.features);
	json_out_hex(out, object, "launch_digest", v->launch_digest, sizeof(v->launch_digest));
	if (image->cmdline_is_template) {
		if (variant_cmdline_sha256(image, v, sha256, NULL) < 0)
			out->failed = true;
		json_out_hex(out, object, "cmdline_sha256", sha256, sizeof(sha256));
	}
	if (!v->id_block)
		return;
	json_out_base64(out, object, "id_block", v->id_block, SNP_ID_BLOCK_SIZE);
	json_out_base64(out, object, "id_auth", v->id_auth, SNP_ID_AUTH_SIZE);
}

static void print_image(struct json_out *out, cJSON *images,
			const struct snp_reference_image *image)
{
	cJSON *object = json_out_object(out, images, NULL), *variants;

	json_out_string(out, object, "name", image->name);
	print_inputs(out, object, image);
	if (image->is_container_group)
		json_out_hex(out, object, "host_data", image->host_data, sizeof(image->host_data));
	else
		json_out_u64(out, object, "policy", image->policy);
	if (image->memory_size != 0)
		json_out_u64(out, object, "memory_size", image->memory_size);
	if (image->maa_issuer)
		json_out_string(out, object, "maa_issuer", image->maa_issuer);
	json_out_hex(out, object, "family_id", image->family_id, sizeof(image->family_id));
	json_out_hex(out, object, "image_id", image->image_id, sizeof(image->image_id));
	json_out_integer(out, object, "guest_svn", image->guest_svn);
	print_minimum_tcb(out, object, image);
	if (!image->is_container_group)
		hash_check_print(out, object, &image->kernel_hash_check);
	variants = json_out_array(out, object, "variants");
	for (size_t i = 0; i < image->n_variants; i++)
		print_variant(out, variants, image, &image->variants[i]);
}

/* The conditions for the digests to be right: a verifier cannot see them in a digest, and a host must
 * fulfil them. */
static void print_assumptions(struct json_out *out, const struct snp_reference *reference)
{
	bool digests = false, with_kernel = false, without_kernel = false, groups = false;
	bool firmware = false, igvm = false;
	const struct {
		const bool *holds;
		const char *sentence;
	} assumptions[] = {
		{&groups,
		 "a container group runs in a utility VM that Microsoft endorses, and that enforces the security policy"},
		{&digests, "the VMM is one that the variant's vmm_profile describes"},
		{&firmware, "the firmware is loaded whole, as one image that ends at 4 GiB"},
		{&digests,
		 "every vCPU has the CPU signature and the guest features of the variant, and is present from the launch on"},
		{&with_kernel,
		 "for an image with a kernel, kernel hashes are on and the VMM passes kernel, initrd and command line unchanged"},
		{&without_kernel, "for an image without a kernel, kernel hashes are off"},
		{&igvm,
		 "for an image with an IGVM file, the VMM is given the guest policy of the image, and memory of memory_size bytes where the image names that"},
	};
	cJSON *array;

	if (!reference->has_assumptions)
		return;
	for (size_t i = 0; i < reference->n_images; i++) {
		const struct snp_reference_image *image = &reference->images[i];

		groups = groups || image->is_container_group;
		digests = digests || !image->is_container_group;
		igvm = igvm || image->is_igvm;
		firmware = firmware || (!image->is_igvm && !image->is_container_group);
		with_kernel = with_kernel || image->kernel.name;
		without_kernel = without_kernel || (!image->kernel.name && !image->is_igvm &&
						    !image->is_container_group);
	}
	array = json_out_array(out, out->root, "assumptions");
	for (size_t i = 0; i < ARRAY_SIZE(assumptions); i++)
		if (*assumptions[i].holds)
			json_out_string(out, array, NULL, assumptions[i].sentence);
}

static void print_not_covered(struct json_out *out, const struct snp_reference *reference)
{
	static const struct snp_kernel_hashes hashes;
	struct snp_launch launch = {
		.size = sizeof(struct snp_launch), .mode = SNP_MODE_SNP, .kernel_hashes = &hashes};

	for (size_t i = 0; i < reference->n_images; i++)
		if (!reference->images[i].kernel.name && !reference->images[i].is_container_group)
			launch.kernel_hashes = NULL;
	launch_document_not_covered(out, &launch);
}

static void print_release(struct json_out *out, const struct snp_reference *reference)
{
	const struct snp_release *release = &reference->release;
	const struct {
		const char *key, *value;
	} members[] = {
		{"name", release->name},
		{"version", release->version},
		{"date", release->date},
		{"url", release->url},
		{"source_revision", release->source_revision},
	};
	cJSON *object = json_out_object(out, out->root, "release");

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (members[i].value)
			json_out_string(out, object, members[i].key, members[i].value);
	if (!reference->public_key && !reference->has_id_keys)
		return;
	object = json_out_object(out, out->root, "keys");
	if (reference->public_key)
		json_out_string(out, object, "public_key", reference->public_key);
	if (reference->has_id_keys)
		json_out_hex(out, object, "id_key_digest", reference->id_keys.id_key_digest,
			     SNP_KEY_DIGEST_SIZE);
	if (reference->id_keys.has_author)
		json_out_hex(out, object, "author_key_digest", reference->id_keys.author_key_digest,
			     SNP_KEY_DIGEST_SIZE);
	json_out_string(
		out, object, "note",
		"a key that is found beside what it signs proves nothing: get it elsewhere");
}

void master_build(const struct snp_reference *reference, struct json_out *out)
{
	cJSON *array, *tool;

	json_out_init(out, master_schema(reference));
	tool = json_out_object(out, out->root, "tool");
	json_out_string(out, tool, "name", reference->tool_name);
	json_out_string(out, tool, "version", reference->tool_version);
	if (reference->has_timestamp)
		json_out_integer(out, out->root, "timestamp", reference->timestamp);
	if (reference->has_release)
		print_release(out, reference);
	array = json_out_array(out, out->root, "images");
	for (size_t i = 0; i < reference->n_images; i++)
		print_image(out, array, &reference->images[i]);
	print_assumptions(out, reference);
	print_not_covered(out, reference);
}

int reference_print(const struct snp_reference *reference, char **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out;

	master_build(reference, &out);
	return json_out_print(&out, ret, err);
}

int emit_master(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out;

	master_build(r, &out);
	return folder_add_json(f, SNP_REFERENCE_FILE, &out, err);
}
