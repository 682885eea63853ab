// SPDX-License-Identifier: Apache-2.0
/*
 * Reference values of a Contrast manifest (edgelesssys/contrast, internal/manifest/referencevalues.go):
 * one entry per digest and product. A product and its minimum TCB are mandatory there, Milan and Genoa
 * are the products it knows, and of a guest policy it lets nothing vary but the ABI's minor version, which
 * is 0 or 31, and PAGE_SWAP_DISABLE. "Platform" is Contrast's name for where it runs, which no release knows.
 */
#include <inttypes.h>

#include <cjson/cJSON.h>
#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/json_out.h>
#include <snp/policy.h>

#include "reference/format.h"

static const enum snp_product known[] = {SNP_PRODUCT_MILAN, SNP_PRODUCT_GENOA};

static void add_policy(struct json_out *out, cJSON *entry, uint64_t policy)
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
}

/* Its verifier refuses a host with SMT on unless the entry has it on. What else a host may have (TSME) or
 * must have is not a matter of the release. */
static void add_platform(struct json_out *out, cJSON *entry, uint64_t policy)
{
	cJSON *object = json_out_object(out, entry, "PlatformInfo");

	json_out_bool(out, object, "SMTEnabled", policy & SNP_POLICY_SMT);
	json_out_integer(out, entry, "MinimumMitigationVector", 0);
	json_out_array(out, entry, "AllowedChipIDs");
}

static void add_entry(struct json_out *out, cJSON *entries, const struct snp_reference_image *image,
		      const struct snp_reference_variant *v, enum snp_product product)
{
	const struct snp_tcb *tcb = &image->minimum_tcb[product];
	cJSON *entry = json_out_object(out, entries, NULL), *object;

	json_out_string(out, entry, "ProductName", snp_product_name(product));
	json_out_hex(out, entry, "TrustedMeasurement", v->launch_digest, SNP_LAUNCH_DIGEST_SIZE);
	object = json_out_object(out, entry, "MinimumTCB");
	json_out_integer(out, object, "BootloaderVersion", tcb->boot_loader);
	json_out_integer(out, object, "TEEVersion", tcb->tee);
	json_out_integer(out, object, "SNPVersion", tcb->snp);
	json_out_integer(out, object, "MicrocodeVersion", tcb->microcode);
	add_policy(out, entry, image->policy);
	add_platform(out, entry, image->policy);
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
			 "contrast takes policies 0x30000 and 0x3001f, with or without "
			 "page_swap_disable, and '%s' has 0x%" PRIx64,
			 image->name, image->policy);
}

static int check_image(const struct snp_reference_image *image, struct snp_error *err)
{
	bool has_product = false;

	for (size_t p = 0; p < ARRAY_SIZE(known); p++)
		has_product = has_product || image->has_minimum_tcb[known[p]];
	if (!has_product)
		return fail_with(err, SNP_E_FORMAT, SNP_NO_OFFSET,
				 "contrast asks for a minimum TCB of Milan or Genoa, and '%s' has "
				 "none; give minimum_tcb",
				 image->name);
	return check_policy(image, err);
}

int emit_contrast(const struct snp_reference *r, struct folder *f, struct snp_error *err)
{
	struct json_out out;
	cJSON *entries;

	for (size_t i = 0; i < r->n_images; i++) {
		int status = check_image(&r->images[i], err);

		if (status < 0)
			return status;
	}
	json_out_init(&out, NULL);
	entries = json_out_array(&out, json_out_object(&out, out.root, "ReferenceValues"), "snp");
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		for (size_t p = 0; p < ARRAY_SIZE(known); p++)
			for (size_t k = 0;
			     image->has_minimum_tcb[known[p]] && k < image->n_variants; k++)
				add_entry(&out, entries, image, &image->variants[k], known[p]);
	}
	return folder_add_json(f, "contrast.json", &out, err);
}
