// SPDX-License-Identifier: Apache-2.0
/* The formats that are JSON documents of other projects. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/hex.h>
#include <snp/json_out.h>
#include <snp/memory.h>
#include <snp/policy.h>

#include "reference/format.h"
#include "reference/model.h"

/*
 * Trustee's Reference Value Provider Service: one message of type "sample", whose payload is a flat map
 * from the names that Trustee's default policy asks for to values (confidential-containers/trustee,
 * rvps/src/lib.rs and the EAR policy for CPUs). The policy compares lists by membership and scalars by
 * equality, so minimum TCB versions have no form here.
 */
int rvps_says(const struct snp_reference *r, const struct snp_reference_image *image,
	      struct snp_error *err)
{
	const struct snp_reference_image *first = &r->images[0];

	/* The policy of the first image that lets no host decrypt the guest. */
	for (size_t i = 1; i < r->n_images && (first->policy & SNP_POLICY_DEBUG); i++)
		first = &r->images[i];
	if (first->policy & SNP_POLICY_DEBUG)
		first = &r->images[0];
	if (image->policy == first->policy)
		return 0;
	return fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET,
			 "rvps has one policy for all images, but '%s' and '%s' have different "
			 "policies; publish them separately",
			 first->name, image->name);
}

/* Where a value goes: into a map, or as {name, value} into a list. */
struct place {
	cJSON *parent;
	const char *key;
};

static struct place value_place(struct json_out *out, cJSON *parent, bool is_list, const char *name)
{
	struct place place = {parent, name};

	if (!is_list)
		return place;
	place = (struct place){json_out_object(out, parent, NULL), "value"};
	json_out_string(out, place.parent, "name", name);
	return place;
}

static void add_values(struct json_out *out, cJSON *parent, bool is_list,
		       const struct snp_reference *r)
{
	const uint64_t policy = r->images[0].policy;
	const struct {
		const char *name;
		uint64_t mask;
	} bits[] = {
		{"snp_smt_allowed", SNP_POLICY_SMT},
		{"snp_single_socket", SNP_POLICY_SINGLE_SOCKET},
	};
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"snp_guest_abi_major", (policy & SNP_POLICY_ABI_MAJOR) >> 8},
		{"snp_guest_abi_minor", policy & SNP_POLICY_ABI_MINOR},
	};
	struct place at = value_place(out, parent, is_list, "snp_launch_measurement");
	cJSON *digests = json_out_array(out, at.parent, at.key);

	for (size_t i = 0; i < r->n_images; i++)
		for (size_t k = 0; k < r->images[i].n_variants; k++)
			json_out_hex(out, digests, NULL, r->images[i].variants[k].launch_digest,
				     SNP_LAUNCH_DIGEST_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		at = value_place(out, parent, is_list, bits[i].name);
		json_out_bool(out, at.parent, at.key, policy & bits[i].mask);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		at = value_place(out, parent, is_list, numbers[i].name);
		json_out_integer(out, at.parent, at.key, numbers[i].value);
	}
}

static int build_payload(const struct snp_reference *r, char **ret, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out;

	json_out_init(&out, NULL);
	add_values(&out, out.root, false, r);
	return json_out_print_compact(&out, ret, err);
}

int emit_rvps(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	_cleanup_(freep) char *payload = NULL;
	struct json_out out;
	int status = build_payload(r, &payload, err);

	if (status < 0)
		return status;
	json_out_init(&out, NULL);
	json_out_string(&out, out.root, "version", "0.1.0");
	json_out_string(&out, out.root, "type", "sample");
	json_out_base64(&out, out.root, "payload", (const uint8_t *)payload, strlen(payload));
	return folder_add_json(f, "rvps.json", &out, err);
}

/*
 * The same values for Trustee's operator (confidential-containers/trustee-operator): a ConfigMap with a list of
 * {name, value} as the text of "reference-values.json". JSON is YAML; it stands in one line of a block scalar.
 */
int emit_trustee(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	_cleanup_(json_out_done) struct json_out out;
	_cleanup_(freep) char *document = NULL;
	char *text, *list;
	size_t n;
	int status;

	json_out_init(&out, NULL);
	add_values(&out, json_out_array(&out, out.root, "list"), true, r);
	status = json_out_print_compact(&out, &document, err);
	if (status < 0)
		return status;
	/* {"list":[...]} */
	list = document + strlen("{\"list\":");
	n = strlen(list) - 1;
	text = format_text("apiVersion: v1\n"
			   "kind: ConfigMap\n"
			   "metadata:\n"
			   "  name: rvps-reference-values\n"
			   "data:\n"
			   "  reference-values.json: |\n"
			   "    %.*s\n",
			   (int)n, list);
	return text ? folder_add(f, "rvps-configmap.yaml", text, strlen(text), err)
		    : out_of_memory(err);
}

/*
 * in-toto Statement v1 (in-toto/attestation, spec/v1/statement.md): the subjects are the image files and
 * every launch digest, so that an attestation is found by either; the predicate is the master.
 */

/* There is no registered predicate type for launch digests; a URI names this one. */
#define PREDICATE_TYPE "urn:snp-measure:"

/* Subjects are told apart by name: an image's are "IMAGE/FILE" and "IMAGE/launch-digest?…", where a "/" of
 * the image's own name is written as %2F, so that no two are alike. For free(). */
static char *image_part(const char *name)
{
	char *part = malloc(3 * strlen(name) + 1), *at = part;

	for (; part && *name != '\0'; name++)
		if (*name == '/' || *name == '%')
			at = mempcpy(at, *name == '/' ? "%2F" : "%25", 3);
		else
			*at++ = *name;
	if (part)
		*at = '\0';
	return part;
}

/* Takes `name`, which may be NULL. */
static void add_subject(struct json_out *out, cJSON *subjects, char *name, const char *algorithm,
			const uint8_t *digest, size_t size)
{
	cJSON *subject = json_out_object(out, subjects, NULL);

	out->failed |= !name;
	json_out_string(out, subject, "name", name ? name : "");
	json_out_hex(out, json_out_object(out, subject, "digest"), algorithm, digest, size);
	free(name);
}

static void add_file(struct json_out *out, cJSON *subjects, const char *image,
		     const struct snp_reference_file *file)
{
	if (file->name)
		add_subject(out, subjects, format_text("%s/%s", image, file->name), "sha256",
			    file->sha256, sizeof(file->sha256));
}

static void add_variant(struct json_out *out, cJSON *subjects, const char *image,
			const struct snp_reference_variant *v)
{
	char *name =
		format_text("%s/launch-digest?vmm_profile=%s&cpu_signature=0x%08" PRIx32
			    "&guest_features=0x%" PRIx64 "&vcpu_count=%" PRIu32 "%s%s",
			    image, v->vcpus.profile, v->vcpus.signature, v->vcpus.features,
			    v->vcpus.count, v->vcpus.model[0] ? "&cpu_model=" : "", v->vcpus.model);

	add_subject(out, subjects, name, "sha384", v->launch_digest, sizeof(v->launch_digest));
}

static void add_image(struct json_out *out, cJSON *subjects,
		      const struct snp_reference_image *image)
{
	_cleanup_(freep) char *name = image_part(image->name);

	if (!name) {
		out->failed = true;
		return;
	}
	add_file(out, subjects, name, &image->firmware);
	add_file(out, subjects, name, &image->kernel);
	add_file(out, subjects, name, &image->initrd);
	for (size_t k = 0; k < image->n_variants; k++)
		add_variant(out, subjects, name, &image->variants[k]);
}

int emit_intoto(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out, predicate;
	cJSON *subjects;
	char type[64];

	json_out_init(&out, NULL);
	json_out_string(&out, out.root, "_type", "https://in-toto.io/Statement/v1");
	subjects = json_out_array(&out, out.root, "subject");
	for (size_t i = 0; i < r->n_images; i++)
		add_image(&out, subjects, &r->images[i]);
	snprintf(type, sizeof(type), PREDICATE_TYPE "%s", master_schema(r));
	json_out_text(&out, out.root, "predicateType", type);
	master_build(r, &predicate);
	if (predicate.failed || !cJSON_AddItemToObject(out.root, "predicate", predicate.root)) {
		json_out_done(&predicate);
		out.failed = true;
	}
	return folder_add_json(f, INTOTO_FILE, &out, err);
}

/*
 * Reference values of a Contrast manifest (edgelesssys/contrast, internal/manifest/referencevalues.go):
 * one entry per digest and product. A product and its minimum TCB are mandatory there, Milan and Genoa
 * are the products it knows. Of a guest policy only the ABI's minor version (0 or 31) and
 * PAGE_SWAP_DISABLE may vary. "Platform" is Contrast's name for where it runs, which no release knows.
 */
static const enum snp_product known[] = {SNP_PRODUCT_MILAN, SNP_PRODUCT_GENOA};

static cJSON *add_policy(struct json_out *out, cJSON *entry, uint64_t policy)
{
	static const struct {
		const char *key;
		uint64_t mask;
	} bits[] = {
		{"SMT", SNP_POLICY_SMT},
		{"MigrateMA", SNP_POLICY_MIGRATE_MA},
		{"Debug", SNP_POLICY_DEBUG},
		{"SingleSocket", SNP_POLICY_SINGLE_SOCKET},
		{"CXLAllowed", SNP_POLICY_CXL_ALLOW},
		{"MemAES256XTS", SNP_POLICY_MEM_AES_256_XTS},
		{"RAPLDis", SNP_POLICY_RAPL_DIS},
		{"CipherTextHidingDRAM", SNP_POLICY_CIPHERTEXT_HIDING_DRAM},
		{"PageSwapDisable", SNP_POLICY_PAGE_SWAP_DISABLE},
	};
	cJSON *object = json_out_object(out, entry, "GuestPolicy");

	json_out_integer(out, object, "ABIMinor", policy & SNP_POLICY_ABI_MINOR);
	json_out_integer(out, object, "ABIMajor", (policy & SNP_POLICY_ABI_MAJOR) >> 8);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		json_out_bool(out, object, bits[i].key, policy & bits[i].mask);
	return object;
}

/* Its verifier refuses a host with SMT on unless the entry has it on. What else a host may have (TSME) or
 * must have is not a matter of the release. */
static cJSON *add_platform(struct json_out *out, cJSON *entry, uint64_t policy)
{
	cJSON *object = json_out_object(out, entry, "PlatformInfo");

	json_out_bool(out, object, "SMTEnabled", policy & SNP_POLICY_SMT);
	return object;
}

static cJSON *add_minimum(struct json_out *out, cJSON *entry, const struct snp_tcb *tcb)
{
	cJSON *object = json_out_object(out, entry, "MinimumTCB");

	json_out_integer(out, object, "BootloaderVersion", tcb->boot_loader);
	json_out_integer(out, object, "TEEVersion", tcb->tee);
	json_out_integer(out, object, "SNPVersion", tcb->snp);
	json_out_integer(out, object, "MicrocodeVersion", tcb->microcode);
	return object;
}

/* What all entries of an image and a product have alike; NULL before the first. */
struct alike {
	cJSON *minimum, *policy, *platform;
};

static void add_entry(struct json_out *out, cJSON *entries, const struct snp_reference_image *image,
		      const struct snp_reference_variant *v, enum snp_product product,
		      struct alike *alike)
{
	const struct snp_tcb *tcb = snp_reference_minimum_tcb(image, product);
	cJSON *entry = json_out_object(out, entries, NULL);

	json_out_string(out, entry, "ProductName", snp_product_name(product));
	json_out_hex(out, entry, "TrustedMeasurement", v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	if (alike->minimum) {
		json_out_again(out, entry, "MinimumTCB", alike->minimum);
		json_out_again(out, entry, "GuestPolicy", alike->policy);
		json_out_again(out, entry, "PlatformInfo", alike->platform);
	} else {
		alike->minimum = add_minimum(out, entry, tcb);
		alike->policy = add_policy(out, entry, image->policy);
		alike->platform = add_platform(out, entry, image->policy);
	}
	json_out_integer(out, entry, "MinimumMitigationVector", 0);
	json_out_array(out, entry, "AllowedChipIDs");
	json_out_integer(out, entry, "CPUs", v->vcpus.count);
}

/* referencevalues.go, SNPReferenceValues.Validate(). */
static int check_policy(const struct snp_reference_image *image, struct snp_error *err)
{
	const uint64_t fixed = ~(SNP_POLICY_ABI_MINOR | SNP_POLICY_PAGE_SWAP_DISABLE);
	uint64_t minor = image->policy & SNP_POLICY_ABI_MINOR;

	if ((image->policy & fixed) == SNP_POLICY_DEFAULT && (minor == 0 || minor == 31))
		return 0;
	return fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET,
			 "contrast accepts only policies 0x30000 and 0x3001f, with or without "
			 "page_swap_disable; '%s' has 0x%" PRIx64,
			 image->name, image->policy);
}

int contrast_says(const struct snp_reference *r, const struct snp_reference_image *image,
		  struct snp_error *err)
{
	bool has_product = false;

	(void)r;

	for (size_t p = 0; p < ARRAY_SIZE(known); p++)
		has_product = has_product || snp_reference_minimum_tcb(image, known[p]);
	if (!has_product)
		return fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET,
				 "contrast requires a minimum TCB for Milan or Genoa; add "
				 "minimum_tcb to '%s'",
				 image->name);
	return check_policy(image, err);
}

int emit_contrast(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out;
	cJSON *entries;

	json_out_init(&out, NULL);
	entries = json_out_array(&out, json_out_object(&out, out.root, "ReferenceValues"), "snp");
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		for (size_t p = 0; p < ARRAY_SIZE(known); p++) {
			struct alike alike = {0};

			for (size_t k = 0;
			     snp_reference_minimum_tcb(image, known[p]) && k < image->n_variants;
			     k++)
				add_entry(&out, entries, image, &image->variants[k], known[p],
					  &alike);
		}
	}
	return folder_add_json(f, "contrast.json", &out, err);
}

/*
 * go-sev-guest's check.Config (google/go-sev-guest, proto/check.proto) in the JSON form of protocol
 * buffers: 64-bit numbers as strings, bytes as base64. A policy there has one measurement and one
 * product, so each variant gets a file, and each product with a minimum TCB its own.
 *
 * Its "policy" is a maximum of permissions and a minimum of SINGLE_SOCKET and ABI version; the newer
 * requirement bits (22 to 25) are not compared by it.
 */
static void add_decimal(struct json_out *out, cJSON *parent, const char *key, uint64_t value)
{
	char text[21];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_out_string(out, parent, key, text);
}

static int add_product(struct json_out *out, cJSON *policy, const struct snp_minimum_tcb *minimum,
		       struct snp_error *err)
{
	cJSON *root = json_out_object(out, out->root, "rootOfTrust");
	bool turin = minimum->product == SNP_PRODUCT_TURIN;
	uint64_t word;
	int r;

	json_out_string(out, root, "productLine", snp_product_name(minimum->product));
	r = snp_tcb_encode(&minimum->tcb, minimum->product, &word, err);
	if (r < 0)
		return r;
	add_decimal(out, policy, turin ? "minimumTcbTurin" : "minimumTcb", word);
	return 0;
}

static int add_id_key(struct json_out *out, cJSON *policy, const struct snp_reference_variant *v,
		      struct snp_error *err)
{
	struct snp_id_auth_info info;
	int r;

	if (!v->id_block)
		return 0;
	r = snp_id_auth_verify(v->id_block, v->id_auth, &info, err);
	if (r < 0)
		return r;
	json_out_bool(out, policy, "requireIdBlock", true);
	json_out_base64(out, json_out_array(out, policy, "trustedIdKeyHashes"), NULL,
			info.id_key_digest, sizeof(info.id_key_digest));
	return 0;
}

/* A file's text, and where its measurement stands: without an ID block, nothing else differs from variant to variant. */
struct config {
	char *text;
	size_t size, at;
};

#define MEASUREMENT_SIZE (SNP_LAUNCH_DIGEST_SIZE / 3 * 4) /* in base64 */

static int print_config(const struct snp_reference_image *image,
			const struct snp_reference_variant *v,
			const struct snp_minimum_tcb *minimum, struct config *ret,
			struct snp_error *err)
{
	_cleanup_(freep) char *measurement =
		base64_encode(v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	_cleanup_(json_out_done) struct json_out out;
	const char *at;
	cJSON *policy;
	int r;

	json_out_init(&out, NULL);
	if (!measurement)
		return out_of_memory(err);
	policy = json_out_object(&out, out.root, "policy");
	if (image->guest_svn != 0)
		json_out_integer(&out, policy, "minimumGuestSvn", image->guest_svn);
	add_decimal(&out, policy, "policy", image->policy);
	json_out_base64(&out, policy, "familyId", image->family_id, SNP_ID_SIZE);
	json_out_base64(&out, policy, "imageId", image->image_id, SNP_ID_SIZE);
	json_out_string(&out, policy, "measurement", measurement);
	r = add_id_key(&out, policy, v, err);
	if (r == 0 && minimum)
		r = add_product(&out, policy, minimum, err);
	if (r == 0)
		r = json_out_print(&out, &ret->text, err);
	if (r < 0)
		return r;
	at = strstr(ret->text, measurement);
	ret->at = (size_t)(at - ret->text);
	ret->size = strlen(ret->text);
	return 0;
}

/* The text of the variant before, with this one's measurement. */
static int copy_config(const struct config *before, const struct snp_reference_variant *v,
		       struct config *ret, struct snp_error *err)
{
	_cleanup_(freep) char *measurement =
		base64_encode(v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	char *text = malloc(before->size + 1);

	if (!measurement || !text) {
		free(text);
		return out_of_memory(err);
	}
	memcpy(text, before->text, before->size + 1);
	memcpy(text + before->at, measurement, MEASUREMENT_SIZE);
	*ret = (struct config){text, before->size, before->at};
	return 0;
}

/* `before` is that of the image and the product, borrowed from the folder; without text, there is none. */
static int emit(const struct snp_reference_image *image, const struct snp_reference_variant *v,
		const struct snp_minimum_tcb *minimum, struct config *before, struct folder *f,
		struct snp_error *err)
{
	char variant[VARIANT_NAME_SIZE], name[VARIANT_NAME_SIZE + 64];
	struct config config;
	int r = before->text && !v->id_block ? copy_config(before, v, &config, err)
					     : print_config(image, v, minimum, &config, err);

	if (r < 0)
		return r;
	if (!v->id_block)
		*before = config;
	variant_name(image, v, variant);
	snprintf(name, sizeof(name), "go-sev-guest/%s-%" PRIu32 "vcpu%s%s.json", variant,
		 v->vcpus.count, minimum ? "-" : "",
		 minimum ? snp_product_name(minimum->product) : "");
	return folder_add(f, name, config.text, config.size, err);
}

int emit_go_sev_guest(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];
		struct config before[SNP_PRODUCT_TURIN + 1] = {0};
		size_t n = image->n_minimum_tcb ? image->n_minimum_tcb : 1;

		for (size_t k = 0; k < image->n_variants; k++)
			for (size_t p = 0; p < n; p++) {
				const struct snp_minimum_tcb *minimum =
					image->n_minimum_tcb ? &image->minimum_tcb[p] : NULL;
				int status = emit(image, &image->variants[k], minimum, &before[p],
						  f, err);

				if (status < 0)
					return status;
			}
	}
	return 0;
}

static void add_claim(struct json_out *out, cJSON *claims, const char *claim, const char *value)
{
	cJSON *object = json_out_object(out, claims, NULL);

	json_out_string(out, object, "claim", claim);
	json_out_string(out, object, "equals", value);
}

int skr_says(const struct snp_reference *r, const struct snp_reference_image *image,
	     struct snp_error *err)
{
	(void)r;
	if (image->maa_issuer)
		return 0;
	return fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET,
			 "skr-policy needs the maa_issuer of the container group %s", image->name);
}

/* Azure Key Vault's release policy (grammar 1.0.0): a key is released for a token of this authority that has all of
 * these claims. Values are strings whatever the claim's type is. */
int emit_skr_policy(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out;
	cJSON *any;

	json_out_init(&out, NULL);
	json_out_string(&out, out.root, "version", "1.0.0");
	any = json_out_array(&out, out.root, "anyOf");
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];
		cJSON *authority, *all;
		char hex[2 * SNP_SHA256_SIZE + 1];

		if (!image->maa_issuer)
			continue;
		authority = json_out_object(&out, any, NULL);
		hex_encode(image->host_data, sizeof(image->host_data), hex);
		json_out_string(&out, authority, "authority", image->maa_issuer);
		all = json_out_array(&out, authority, "allOf");
		add_claim(&out, all, "x-ms-attestation-type", "sevsnpvm");
		add_claim(&out, all, "x-ms-compliance-status", "azure-compliant-uvm");
		add_claim(&out, all, "x-ms-sevsnpvm-hostdata", hex);
		add_claim(&out, all, "x-ms-sevsnpvm-is-debuggable", "false");
		add_claim(&out, all, "x-ms-sevsnpvm-vmpl", "0");
	}
	return folder_add_json(f, "skr-policy.json", &out, err);
}
