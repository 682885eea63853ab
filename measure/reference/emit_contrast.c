// SPDX-License-Identifier: Apache-2.0
/*
 * Reference values of a Contrast manifest (edgelesssys/contrast, internal/manifest/referencevalues.go):
 * one entry per digest and product. A product and its minimum TCB are mandatory there, and Milan and
 * Genoa are the products it knows.
 */
#include <inttypes.h>

#include <cjson/cJSON.h>
#include <snp/json_out.h>
#include <snp/policy.h>

#include "reference/format.h"

static const enum snp_product known[] = {SNP_PRODUCT_MILAN, SNP_PRODUCT_GENOA};

static void add_policy(struct snp_json_out *out, cJSON *entry, uint64_t policy)
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
	cJSON *object = snp_json_out_object(out, entry, "GuestPolicy");

	snp_json_out_integer(out, object, "ABIMinor", policy & SNP_POLICY_ABI_MINOR);
	snp_json_out_integer(out, object, "ABIMajor", (policy & SNP_POLICY_ABI_MAJOR) >> 8);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		snp_json_out_bool(out, object, bits[i].key, policy & bits[i].mask);
}

static void add_entry(struct snp_json_out *out, cJSON *entries,
		      const struct snp_reference_image *image,
		      const struct snp_reference_variant *v, enum snp_product product)
{
	const struct snp_tcb *tcb = &image->minimum_tcb[product];
	cJSON *entry = snp_json_out_object(out, entries, NULL), *object;

	snp_json_out_string(out, entry, "ProductName", snp_product_name(product));
	snp_json_out_hex(out, entry, "TrustedMeasurement", v->launch_digest,
			 SNP_LAUNCH_DIGEST_SIZE);
	object = snp_json_out_object(out, entry, "MinimumTCB");
	snp_json_out_integer(out, object, "BootloaderVersion", tcb->boot_loader);
	snp_json_out_integer(out, object, "TEEVersion", tcb->tee);
	snp_json_out_integer(out, object, "SNPVersion", tcb->snp);
	snp_json_out_integer(out, object, "MicrocodeVersion", tcb->microcode);
	add_policy(out, entry, image->policy);
	snp_json_out_integer(out, entry, "CPUs", v->vcpu_count);
}

int snp_emit_contrast(const struct snp_reference *r, struct snp_folder *f, struct snp_error *err)
{
	struct snp_json_out out;
	cJSON *entries;
	size_t n = 0;

	snp_json_out_init(&out, NULL);
	entries = snp_json_out_array(&out, snp_json_out_object(&out, out.root, "ReferenceValues"),
				     "snp");
	for (size_t i = 0; i < r->n_images; i++) {
		const struct snp_reference_image *image = &r->images[i];

		for (size_t p = 0; p < sizeof(known) / sizeof(known[0]); p++) {
			for (size_t k = 0;
			     image->has_minimum_tcb[known[p]] && k < image->n_variants; k++, n++)
				add_entry(&out, entries, image, &image->variants[k], known[p]);
		}
	}
	if (n == 0) {
		snp_json_out_done(&out);
		return snp_fail(
			err, SNP_E_FORMAT, SNP_NO_OFFSET,
			"contrast asks for a minimum TCB of Milan or Genoa, and no image has "
			"one; give minimum_tcb");
	}
	return snp_folder_add_json(f, "contrast.json", &out, err);
}
